//go:build !linux && !darwin && !windows

package pkcs11

import "errors"

func load(string) (uintptr, error) {
	return 0, errors.New("modules are not loaded on this system")
}

func call(uintptr, ...uintptr) uintptr { return uintptr(notSupported) }
