//go:build linux || darwin

package pkcs11

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// load loads a library and finds its one function that has to be exported.
func load(path string) (entry uintptr, err error) {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, err
	}
	if entry, err = purego.Dlsym(library, entryName); err != nil {
		return 0, fmt.Errorf("%w: %w", errNoModule, err)
	}
	return entry, nil
}

func call(function uintptr, arguments ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(function, arguments...)
	return r
}
