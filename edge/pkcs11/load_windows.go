package pkcs11

import (
	"fmt"
	"syscall"
)

// load loads a library and finds its one function that has to be exported.
func load(path string) (entry uintptr, err error) {
	library, err := syscall.LoadLibrary(path)
	if err != nil {
		return 0, err
	}
	if entry, err = syscall.GetProcAddress(library, entryName); err != nil {
		return 0, fmt.Errorf("%w: %w", errNoModule, err)
	}
	return entry, nil
}

func call(function uintptr, arguments ...uintptr) uintptr {
	r, _, _ := syscall.SyscallN(function, arguments...)
	return r
}
