package strictxml

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkCharacters finds the first byte that is not part of a character of
// XML 1.0 2.2, in UTF-8. It looks at 32 bytes at once, because it is the one
// pass that touches every byte of every document.
func checkCharacters(src []byte, s string) error {
	const (
		each  = 0x0101010101010101
		high  = 0x80 * each
		space = 0x20 * each
	)
	var seen uint64
	i := 0
	for b := src; len(b) >= 32; b = b[32:] {
		w, x := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		y, z := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		seen |= w | x | y | z
		// A subtraction borrows into the high bit of every byte below 0x20; &^
		// keeps the bytes that had that bit already out of it.
		if ((w-space)&^w|(x-space)&^x|(y-space)&^y|(z-space)&^z)&high != 0 {
			if at := control(s[i : i+32]); at >= 0 {
				return &Error{BadCharacter, i + at}
			}
		}
		i += 32
	}
	if at := control(s[i:]); at >= 0 {
		return &Error{BadCharacter, i + at}
	}
	for ; i < len(s); i++ {
		seen |= uint64(s[i])
	}
	if seen&high == 0 {
		return nil
	}
	if !utf8.ValidString(s) {
		return &Error{NotUTF8, firstInvalid(s)}
	}
	// Surrogates are no UTF-8; the two noncharacters that are left are U+FFFE
	// and U+FFFF.
	for _, bad := range []string{"\uFFFE", "\uFFFF"} {
		if at := strings.Index(s, bad); at >= 0 {
			return &Error{BadCharacter, at}
		}
	}
	return nil
}

// control gives the index of the first control character that is neither tab
// nor line end, or -1.
func control(s string) int {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return i
		}
	}
	return -1
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// isChar is XML 1.0 2.2 Char.
func isChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// What an ASCII byte may be.
const (
	nameStart  = 1 << iota // of an NCName
	nameChar               // of an NCName
	whiteSpace             // XML 1.0 2.3 S
	special                // in an attribute value: needs a closer look
)

var class = func() (c [256]uint8) {
	for b := 'a'; b <= 'z'; b++ {
		c[b] |= nameStart | nameChar
		c[b-'a'+'A'] |= nameStart | nameChar
	}
	c['_'] |= nameStart | nameChar
	for b := '0'; b <= '9'; b++ {
		c[b] |= nameChar
	}
	c['-'] |= nameChar
	c['.'] |= nameChar
	for _, b := range "\t\n\r" {
		c[b] |= whiteSpace | special
	}
	c[' '] |= whiteSpace
	for _, b := range `"'<&` {
		c[b] |= special
	}
	return c
}()

// isNameStart is XML 1.0 2.3 NameStartChar, beyond ASCII.
func isNameStart(r rune) bool {
	switch {
	case r < 0xC0, r == 0xD7, r == 0xF7:
		return false
	case r <= 0x2FF, r >= 0x370 && r <= 0x1FFF && r != 0x37E:
		return true
	case r == 0x200C, r == 0x200D:
		return true
	}
	return r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF || r >= 0x3001 && r <= 0xD7FF ||
		r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}

// isNameChar is XML 1.0 2.3 NameChar, beyond ASCII.
func isNameChar(r rune) bool {
	return isNameStart(r) || r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

// part reads one NCName at the start of s and gives its length, 0 when there is
// none.
func part(s string) (n int, ascii bool) {
	ascii = true
	for n < len(s) {
		c := s[n]
		if c < utf8.RuneSelf {
			if n == 0 && class[c]&nameStart == 0 || class[c]&nameChar == 0 {
				return n, ascii
			}
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if n == 0 && !isNameStart(r) || !isNameChar(r) {
			return n, ascii
		}
		ascii = false
		n += size
	}
	return n, ascii
}

// name reads a qualified name (Namespaces in XML 1.0, 4) at p.at. Names beyond
// ASCII must be in normalisation form C, so that no two names look the same and
// differ (AT-17).
func (p *parser) name() (raw, prefix, local string, err error) {
	s := p.s[p.at:]
	n, ascii := part(s)
	if n == 0 {
		return "", "", "", p.fail(BadName)
	}
	local = s[:n]
	if n < len(s) && s[n] == ':' {
		m, also := part(s[n+1:])
		if m == 0 {
			return "", "", "", p.fail(BadName)
		}
		prefix, local = s[:n], s[n+1:n+1+m]
		n += 1 + m
		ascii = ascii && also
	}
	raw = s[:n]
	if n < len(s) && s[n] == ':' {
		return "", "", "", p.fail(BadName)
	}
	if !ascii && !norm.NFC.IsNormalString(raw) {
		return "", "", "", p.fail(NameNotNFC)
	}
	p.at += n
	return raw, prefix, local, nil
}
