package pkcs11

import (
	"encoding/binary"
	"runtime"
	"unsafe"
)

// A layout is how Cryptoki's structures lie in memory: CK_ULONG is C's unsigned
// long, and on Windows structures are packed to single bytes (PKCS #11 2.40,
// platform-specific parts of the header files). All systems that we build for are
// little-endian with pointers of 64 bits.
type layout struct {
	ulong    int // octets of CK_ULONG
	packed   bool
	function int // where the first pointer of CK_FUNCTION_LIST stands, behind its version
}

const pointer = 8

var (
	unixLayout    = layout{ulong: 8, function: 8}
	windowsLayout = layout{ulong: 4, packed: true, function: 2}
)

var native = layoutOf(runtime.GOOS)

func layoutOf(system string) layout {
	if system == "windows" {
		return windowsLayout
	}
	return unixLayout
}

// appendULong writes a CK_ULONG.
func (l layout) appendULong(b []byte, v uint64) []byte {
	if l.ulong == 4 {
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(b, v)
}

// uLong reads one. The value of all ones, CK_UNAVAILABLE_INFORMATION, is the same for
// both sizes.
func (l layout) uLong(b []byte) uint64 {
	if l.ulong == 4 {
		if v := binary.LittleEndian.Uint32(b); v != 1<<32-1 {
			return uint64(v)
		}
		return unavailable
	}
	return binary.LittleEndian.Uint64(b)
}

const unavailable = 1<<64 - 1

// triple writes a structure of a CK_ULONG, a pointer and a CK_ULONG: CK_ATTRIBUTE and
// CK_MECHANISM both are.
func (l layout) triple(b []byte, kind uint64, at unsafe.Pointer, length int) []byte {
	b = l.appendULong(b, kind)
	b = binary.LittleEndian.AppendUint64(b, uint64(uintptr(at)))
	return l.appendULong(b, uint64(length))
}

// tripleLength is where the length stands in a triple, tripleSize the whole.
func (l layout) tripleLength() int { return l.ulong + pointer }
func (l layout) tripleSize() int   { return l.tripleLength() + l.ulong }

// A tokenInfo is what is read of CK_TOKEN_INFO.
type tokenInfo struct {
	label, manufacturer, model, serial string
	flags                              uint64
}

const infoSize = 256 // more than any CK_TOKEN_INFO and CK_SLOT_INFO has

func (l layout) tokenInfo(b []byte) tokenInfo {
	return tokenInfo{padded(b[:32]), padded(b[32:64]), padded(b[64:80]), padded(b[80:96]), l.uLong(b[96:])}
}

// padded reads a text that is filled up with blanks. What could act on a terminal is
// left out.
func padded(b []byte) string {
	out := make([]rune, 0, len(b))
	for _, c := range string(b) {
		if c >= ' ' && (c < 0x7f || c >= 0xa0) && c != '\ufffd' && (c < 0x200b || 0x200f < c) && (c < 0x2028 || 0x202e < c) && (c < 0x2066 || 0x2069 < c) {
			out = append(out, c)
		}
	}
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return string(out)
}
