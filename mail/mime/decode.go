package mime

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Decode returns the content of the body, its transfer encoding undone, as a
// reader that keeps little in memory. It reads as RFC 2045 6.7 and 6.8 tell
// readers to: what is no base64 is passed over, what is no quoted-printable
// stays. Odd on the returned reader says afterwards whether there was such.
func (p *Part) Decode(src Source) *Decoder {
	d := &Decoder{in: bufio.NewReaderSize(p.Body.Reader(src), int(min(4<<10, p.Body.Len()+16)))}
	switch p.Encoding {
	case "base64":
		d.next = d.base64
	case "quoted-printable":
		d.next = d.quotedPrintable
	default:
		d.next = d.identity
		d.odd = !isIdentity(p.Encoding)
	}
	return d
}

// Bytes returns the whole content of the body, its transfer encoding undone,
// when it is at most limit bytes; odd is as in [Decoder.Odd]. Content that
// needs no decoding is shared with a source in memory.
func (p *Part) Bytes(src Source, limit int) (b []byte, odd bool, err error) {
	switch {
	case isIdentity(p.Encoding):
		b, err = p.Body.Bytes(src, limit)
		return b, false, err
	case p.Encoding == "base64" && p.Body.Len() <= 2*int64(limit): // lines and padding aside, 4 for 3
		b, odd, err = p.base64(src, limit)
	default:
		var out bytes.Buffer
		d := p.Decode(src)
		_, err = out.ReadFrom(io.LimitReader(d, int64(limit)+1))
		b, odd = out.Bytes(), d.odd
	}
	if err != nil {
		return nil, false, err
	}
	if len(b) > limit {
		return nil, false, fmt.Errorf("%w: more than %d bytes of content", ErrLimit, limit)
	}
	return b, odd, nil
}

// base64 decodes a body of at most twice the limit at once.
func (p *Part) base64(src Source, limit int) (b []byte, odd bool, err error) {
	if err := p.Body.inside(src); err != nil {
		return nil, false, err
	}
	var in []byte
	if _, memory := src.(Memory); !memory && p.Body.Len() <= windowSize {
		room := rooms.Get().(*room)
		defer rooms.Put(room)
		in, err = p.Body.into(room[:], src)
	} else {
		in, err = p.Body.Bytes(src, 2*limit)
	}
	if err != nil {
		return nil, false, err
	}
	d := Decoder{out: make([]byte, 0, len(in)/4*3+3)}
	d.groups(in)
	d.flush64()
	return d.out, d.odd, nil
}

// A Decoder gives the decoded bytes of a body.
type Decoder struct {
	in   *bufio.Reader
	next func() error // appends to out, or returns the final error
	out  []byte
	buf  []byte // the room that out lies in
	err  error
	odd  bool
	bits uint32 // of the base64 group being read
	n    int    // sextets in bits
	done bool   // padding was seen
}

// Odd reports whether the body held bytes that its encoding does not know. It
// is final when reading has come to io.EOF.
func (d *Decoder) Odd() bool { return d.odd }

// Read implements io.Reader.
func (d *Decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.out = d.buf[:0]
		d.err = d.next()
		d.buf = d.out[:0]
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *Decoder) identity() error {
	if _, err := d.in.Peek(1); err != nil {
		return err
	}
	b, _ := d.in.Peek(d.in.Buffered())
	d.out = append(d.out, b...)
	_, err := d.in.Discard(len(b))
	return err
}

func (d *Decoder) base64() error {
	if _, err := d.in.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			d.flush64()
		}
		return err
	}
	b, _ := d.in.Peek(d.in.Buffered())
	d.groups(b)
	_, err := d.in.Discard(len(b))
	return err
}

// groups decodes a piece of base64.
func (d *Decoder) groups(b []byte) {
	for i := 0; i < len(b); i++ {
		if d.n == 0 && !d.done { // whole groups, as nearly all are
			i += d.whole(b[i:])
			if i == len(b) {
				return
			}
		}
		v := sextet[b[i]]
		switch {
		case v < 64:
			if d.done { // data after padding
				d.odd = true
				continue
			}
			d.bits, d.n = d.bits<<6|uint32(v), d.n+1
			if d.n == 4 {
				d.out = append(d.out, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
				d.bits, d.n = 0, 0
			}
		case v == padding:
			d.odd = d.odd || !d.done && d.n < 2
			d.done = true
		case v == junk:
			d.odd = true
		}
	}
}

// whole decodes the groups that b begins with, and passes over CRLF between
// them. It returns how many bytes it took.
func (d *Decoder) whole(b []byte) int {
	d.out = slices.Grow(d.out, len(b)/4*3+3) // a step writes three bytes too many
	taken, out := len(b), d.out[len(d.out):cap(d.out)]
	room := len(out)
	for len(b) >= 4 && len(out) >= 4 {
		if len(b) >= 8 && len(out) >= 8 {
			v := quads[0][b[0]] | quads[1][b[1]] | quads[2][b[2]] | quads[3][b[3]]
			w := quads[0][b[4]] | quads[1][b[5]] | quads[2][b[6]] | quads[3][b[7]]
			if v|w < 1<<24 {
				binary.BigEndian.PutUint64(out, uint64(v)<<40|uint64(w)<<16)
				b, out = b[8:], out[6:]
				continue
			}
		}
		v := quads[0][b[0]] | quads[1][b[1]] | quads[2][b[2]] | quads[3][b[3]]
		if v < 1<<24 {
			binary.BigEndian.PutUint32(out, v<<8)
			b, out = b[4:], out[3:]
			continue
		}
		if b[0] != '\r' || b[1] != '\n' {
			break
		}
		b = b[2:]
	}
	d.out = d.out[:len(d.out)+room-len(out)]
	return taken - len(b)
}

// quads give the value of a base64 character in each place of a group; what
// is none has a bit above all values.
var quads = func() (t [4][256]uint32) {
	for place := range t {
		for c, v := range sextet {
			if t[place][c] = 1 << 24; v < 64 {
				t[place][c] = uint32(v) << (18 - 6*place)
			}
		}
	}
	return t
}()

// flush64 writes the bytes of an unfinished group.
func (d *Decoder) flush64() {
	if d.n == 1 || d.n > 0 && !d.done {
		d.odd = true
	}
	if d.n == 2 {
		d.out = append(d.out, byte(d.bits>>4))
	}
	if d.n == 3 {
		d.out = append(d.out, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.n = 0
}

const padding, space, junk = 64, 65, 66

// sextet gives the value of each base64 character. RFC 2045 6.8.
var sextet = func() (t [256]byte) {
	for i := range t {
		t[i] = junk
	}
	for i := range 26 {
		t['A'+i], t['a'+i] = byte(i), byte(26+i)
	}
	for i := range 10 {
		t['0'+i] = byte(52 + i)
	}
	t['+'], t['/'], t['='] = 62, 63, padding
	t['\r'], t['\n'], t[' '], t['\t'] = space, space, space, space
	return t
}()

// quotedPrintable decodes a line, or a piece of one that is longer than the
// buffer.
func (d *Decoder) quotedPrintable() error {
	line, err := d.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		d.odd = true // an escape may be cut in two, but so long a line is none of RFC 2045's
		err = nil
	}
	if err != nil && len(line) == 0 {
		return err
	}
	text, end := line, []byte(nil)
	if i := len(line) - 1; i >= 0 && line[i] == '\n' {
		text, end = line[:i], line[i:]
		if i > 0 && line[i-1] == '\r' {
			text, end = line[:i-1], line[i-1:]
		}
	}
	if len(end) > 0 {
		text = bytes.TrimRight(text, " \t") // RFC 2045 6.7 (3)
		if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
			text, end = soft, nil
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '=' {
			d.odd = d.odd || c >= 0x7f || c < ' ' && c != '\t'
			d.out = append(d.out, c)
			continue
		}
		if i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0 {
			d.out = append(d.out, byte(hex(text[i+1])<<4|hex(text[i+2])))
			i += 2
			continue
		}
		d.odd = true
		d.out = append(d.out, c)
	}
	d.out = append(d.out, end...)
	return err
}
