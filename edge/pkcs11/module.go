package pkcs11

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"
)

const entryName = "C_GetFunctionList"

var errNoModule = errors.New("the library has no " + entryName + ", it is no module of PKCS #11")

// The functions that are called, by their place in CK_FUNCTION_LIST.
const (
	fInitialize        = 0
	fFinalize          = 1
	fGetSlotList       = 4
	fGetTokenInfo      = 6
	fOpenSession       = 12
	fCloseSession      = 13
	fLogin             = 18
	fLogout            = 19
	fGetAttributeValue = 24
	fFindObjectsInit   = 26
	fFindObjects       = 27
	fFindObjectsFinal  = 28
	fSignInit          = 42
	fSign              = 43
	functions          = 44
)

// A Module is a loaded library. It may be used concurrently.
type Module struct {
	path string
	mu   sync.Mutex // one call at a time: not every module is made for more
	list [functions]uintptr
	open bool // guarded by mu
}

// Open loads the module in a file, given by its whole path, and initialises it. For
// why it cannot be loaded see [Explain].
func Open(path string) (*Module, error) {
	if !filepath.IsAbs(path) {
		// A bare name would be looked for where others may have put something.
		return nil, fmt.Errorf("loading %s: give the whole path of the module", path)
	}
	entry, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	m := &Module{path: path}
	var pin runtime.Pinner
	defer pin.Unpin()
	var list uintptr
	pin.Pin(&list)
	if rv := call(entry, uintptr(unsafe.Pointer(&list))); rv != 0 || list == 0 {
		return nil, fmt.Errorf("loading %s: %w", path, Code(rv))
	}
	// The list is the module's own memory, which the collector does not know.
	for i := range m.list {
		at := list + uintptr(native.function+i*pointer)
		for b := range pointer {
			address := at + uintptr(b)
			m.list[i] |= uintptr(**(**byte)(unsafe.Pointer(&address))) << (8 * b)
		}
	}
	for _, i := range []int{fInitialize, fFinalize, fGetSlotList, fGetTokenInfo, fOpenSession, fCloseSession, fLogin, fLogout, fGetAttributeValue, fFindObjectsInit, fFindObjects, fFindObjectsFinal, fSignInit, fSign} {
		if m.list[i] == 0 {
			return nil, fmt.Errorf("loading %s: function %d of the module is missing", path, i)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if rv := m.call(fInitialize, 0); rv != 0 && Code(rv) != alreadyInitialized {
		return nil, fmt.Errorf("initialising %s: %w", path, Code(rv))
	}
	m.open = true
	return m, nil
}

// Path is where the module was loaded from.
func (m *Module) Path() string { return m.path }

// Close ends the module's work. The library stays loaded, as makers expect.
func (m *Module) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open {
		return nil
	}
	m.open = false
	return m.do(fFinalize, 0)
}

// call calls a function. The caller holds mu, and keeps what it points to pinned.
func (m *Module) call(function int, arguments ...uintptr) uintptr {
	// CK_RV is a CK_ULONG: on Windows its upper half is nobody's.
	rv := call(m.list[function], arguments...)
	if native.ulong == 4 {
		rv &= 1<<32 - 1
	}
	return rv
}

func (m *Module) do(function int, arguments ...uintptr) error {
	if rv := m.call(function, arguments...); rv != 0 {
		return Code(rv)
	}
	return nil
}

// A buffer is memory that a module reads or writes.
type buffers struct{ runtime.Pinner }

// at pins a slice and gives its address; nil for an empty one.
func (p *buffers) at(b []byte) unsafe.Pointer {
	if len(b) == 0 {
		return nil
	}
	p.Pin(&b[0])
	return unsafe.Pointer(&b[0])
}

func (p *buffers) address(b []byte) uintptr { return uintptr(p.at(b)) }

// Tries says what a token tells about wrong PINs. Most tell no number.
type Tries int

// What is known, from good to bad.
const (
	Plenty Tries = iota
	Few          // a wrong PIN was given since the last right one
	Last         // the next wrong one locks
	Locked       // no PIN is taken any more
)

// A Token is a card or a token in a reader.
type Token struct {
	Slot                               uint64
	Label, Manufacturer, Model, Serial string
	// PINPad: the PIN is typed on the reader, and none is given to Login.
	PINPad bool
	// LoginRequired: keys cannot be used without a PIN.
	LoginRequired bool
	Tries         Tries
}

const maxSlots = 64

// Tokens lists those that are present.
func (m *Module) Tokens() ([]Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open {
		return nil, errClosed
	}
	var p buffers
	defer p.Unpin()
	list, count := make([]byte, maxSlots*native.ulong), native.appendULong(nil, maxSlots)
	if err := m.do(fGetSlotList, 1, p.address(list), p.address(count)); err != nil {
		return nil, fmt.Errorf("listing tokens of %s: %w", m.path, err)
	}
	var out []Token
	for i := range min(native.uLong(count), maxSlots) {
		slot := native.uLong(list[int(i)*native.ulong:])
		t, err := m.token(slot)
		switch {
		case errors.Is(err, tokenNotPresent), errors.Is(err, tokenNotRecognized), errors.Is(err, deviceRemoved):
			continue // taken out, or of another maker
		case err != nil:
			return nil, fmt.Errorf("reading a token of %s: %w", m.path, err)
		}
		if t != nil {
			out = append(out, *t)
		}
	}
	return out, nil
}

// The flags of CK_TOKEN_INFO.
const (
	flagLoginRequired    = 0x4
	flagPINPad           = 0x100
	flagTokenInitialized = 0x400
	flagCountLow         = 0x10000
	flagFinalTry         = 0x20000
	flagLocked           = 0x40000
)

// token reads one; nil for one that nobody set up. The caller holds mu.
func (m *Module) token(slot uint64) (*Token, error) {
	var p buffers
	defer p.Unpin()
	b := make([]byte, infoSize)
	if err := m.do(fGetTokenInfo, uintptr(slot), p.address(b)); err != nil {
		return nil, err
	}
	i := native.tokenInfo(b)
	if i.flags&flagTokenInitialized == 0 {
		return nil, nil
	}
	t := &Token{
		Slot: slot, Label: i.label, Manufacturer: i.manufacturer, Model: i.model, Serial: i.serial,
		PINPad: i.flags&flagPINPad != 0, LoginRequired: i.flags&flagLoginRequired != 0,
	}
	switch {
	case i.flags&flagLocked != 0:
		t.Tries = Locked
	case i.flags&flagFinalTry != 0:
		t.Tries = Last
	case i.flags&flagCountLow != 0:
		t.Tries = Few
	}
	return t, nil
}

// Token reads a token again, such as after a wrong PIN.
func (m *Module) Token(slot uint64) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open {
		return Token{}, errClosed
	}
	t, err := m.token(slot)
	if err != nil {
		return Token{}, fmt.Errorf("reading a token of %s: %w", m.path, err)
	}
	if t == nil {
		return Token{}, tokenNotPresent
	}
	return *t, nil
}

var errClosed = errors.New("the module is closed")
