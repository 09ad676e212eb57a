package ldapd

import (
	"errors"
	"fmt"
	"io"
)

// errBER is wrapped by everything that is not BER as RFC 4511 5.1 has it: definite
// lengths, primitive strings, one octet of tag.
var errBER = errors.New("not an LDAP message")

// Universal tags, and how the others are made.
const (
	tagBoolean  = 0x01
	tagInteger  = 0x02
	tagString   = 0x04
	tagEnum     = 0x0A
	tagSequence = 0x30
	tagSet      = 0x31
)

// maxLength is the most octets of a length: other servers' clients write four.
const maxLength = 4

// A reader takes elements one by one. Its first error stays, and everything read
// after it is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{errBER}, args...)...)
	}
	r.b = nil
}

// more reports whether something is left.
func (r *reader) more() bool { return r.err == nil && len(r.b) > 0 }

// peek is the tag of the next element; 0 when there is none.
func (r *reader) peek() byte {
	if !r.more() {
		return 0
	}
	return r.b[0]
}

// any takes the next element.
func (r *reader) any() (tag byte, content []byte) {
	if len(r.b) < 2 {
		r.fail("it is cut")
		return 0, nil
	}
	tag = r.b[0]
	if tag&0x1F == 0x1F {
		r.fail("a tag of several octets")
		return 0, nil
	}
	n, head := int(r.b[1]), 2
	if n >= 0x80 {
		octets := n & 0x7F
		if octets == 0 || octets > maxLength || len(r.b) < 2+octets {
			r.fail("a length of %d octets", octets)
			return 0, nil
		}
		n = 0
		for _, c := range r.b[2 : 2+octets] {
			n = n<<8 | int(c)
		}
		head += octets
	}
	if n < 0 || n > len(r.b)-head {
		r.fail("an element is longer than what holds it")
		return 0, nil
	}
	content = r.b[head : head+n]
	r.b = r.b[head+n:]
	return tag, content
}

// take takes the next element, which has to be of the tag.
func (r *reader) take(tag byte) []byte {
	got, content := r.any()
	if r.err == nil && got != tag {
		r.fail("tag %#x in the place of %#x", got, tag)
		return nil
	}
	return content
}

func (r *reader) text(tag byte) string { return string(r.take(tag)) }

func (r *reader) in(tag byte) *reader {
	content := r.take(tag)
	return &reader{content, r.err}
}

// int takes a number from 0 to 2^31-1: LDAP has no other (RFC 4511 4.1.1).
func (r *reader) int(tag byte) int {
	b := r.take(tag)
	if r.err != nil {
		return 0
	}
	if len(b) == 0 || len(b) > 5 || b[0] >= 0x80 || len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		r.fail("a number that is negative, too large or too long")
		return 0
	}
	n := 0
	for _, c := range b {
		n = n<<8 | int(c)
	}
	if n > 1<<31-1 {
		r.fail("a number that is too large")
		return 0
	}
	return n
}

func (r *reader) bool() bool {
	b := r.take(tagBoolean)
	if r.err == nil && (len(b) != 1 || b[0] != 0 && b[0] != 0xFF) {
		r.fail("a truth value that is neither")
	}
	return r.err == nil && b[0] != 0
}

// done ends the reading: nothing may be left.
func (r *reader) done() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("something follows the end")
	}
	return r.err
}

// element appends an element.
func element(b []byte, tag byte, content []byte) []byte {
	b = append(b, tag)
	switch n := len(content); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 1<<8:
		b = append(b, 0x81, byte(n))
	case n < 1<<16:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, content...)
}

func octets(b []byte, s string) []byte { return element(b, tagString, []byte(s)) }

func number(b []byte, tag byte, n int) []byte {
	var c []byte
	for shift := 24; shift > 0; shift -= 8 {
		if n>>(shift-1) != 0 { // the sign bit is not of the number
			c = append(c, byte(n>>shift))
		}
	}
	return element(b, tag, append(c, byte(n)))
}

// readMessage reads one whole message of at most most octets. io.EOF says that the
// client has gone between two.
func readMessage(in io.Reader, most int) ([]byte, error) {
	var head [2 + maxLength]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return nil, err
	}
	if head[0] != tagSequence {
		return nil, fmt.Errorf("%w: it begins with %#x", errBER, head[0])
	}
	n := int(head[1])
	if n >= 0x80 {
		octets := n & 0x7F
		if octets == 0 || octets > maxLength {
			return nil, fmt.Errorf("%w: a length of %d octets", errBER, octets)
		}
		if _, err := io.ReadFull(in, head[2:2+octets]); err != nil {
			return nil, noEOF(err)
		}
		n = 0
		for _, c := range head[2 : 2+octets] {
			n = n<<8 | int(c)
		}
	}
	if n > most {
		return nil, fmt.Errorf("%w: more than %d octets", errBER, most)
	}
	body := make([]byte, n)
	_, err := io.ReadFull(in, body)
	return body, noEOF(err)
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
