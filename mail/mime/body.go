package mime

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// Delimiter writes the boundary line that begins a part, with the CRLF before
// it that RFC 2046 5.1.1 counts to the boundary.
func (b *Builder) Delimiter(boundary string) { b.boundary(boundary, "\r\n") }

// Close writes the boundary line that ends a multipart, with a line end, so
// that what follows begins a line.
func (b *Builder) Close(boundary string) { b.boundary(boundary, "--\r\n") }

func (b *Builder) boundary(boundary, end string) {
	if !isBoundary(boundary) && b.err == nil {
		b.fail("Content-Type", "not a boundary")
	}
	b.buf = append(b.buf, "\r\n--"...)
	b.buf = append(b.buf, boundary...)
	b.buf = append(b.buf, end...)
}

// lineOf64 is the number of bytes in a base64 line of 76. RFC 2045 6.8.
const lineOf64 = 57

// Base64 writes p in base64 lines, the last one without a line end: that is
// the boundary's.
func (b *Builder) Base64(p []byte) {
	n := len(b.buf)
	b.buf = slices.Grow(b.buf, Base64Len(len(p))+8) // a step writes eight at once
	out := b.buf[:cap(b.buf)]
	for len(p) > lineOf64 {
		n += encode64(out[n:], p[:lineOf64])
		out[n], out[n+1] = '\r', '\n'
		n, p = n+2, p[lineOf64:]
	}
	n += encode64(out[n:], p)
	b.buf = out[:n]
}

// Base64Len returns how many bytes [Builder.Base64] writes for n.
func Base64Len(n int) int {
	if n == 0 {
		return 0
	}
	return (n+2)/3*4 + (n-1)/lineOf64*2
}

// encode64 writes p in base64, padded, and returns how long that is; dst has
// room for eight more.
func encode64(dst, p []byte) (n int) {
	for len(p) >= 8 && len(dst) >= 8 {
		v := binary.BigEndian.Uint64(p)
		binary.LittleEndian.PutUint64(dst, uint64(pairs[v>>52])|uint64(pairs[v>>40&0xfff])<<16|
			uint64(pairs[v>>28&0xfff])<<32|uint64(pairs[v>>16&0xfff])<<48)
		dst, p, n = dst[8:], p[6:], n+8
	}
	for len(p) >= 3 && len(dst) >= 4 {
		v := uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
		binary.LittleEndian.PutUint32(dst, uint32(pairs[v>>12])|uint32(pairs[v&0xfff])<<16)
		dst, p, n = dst[4:], p[3:], n+4
	}
	if len(p) > 0 {
		base64.StdEncoding.Encode(dst, p)
		n += 4
	}
	return n
}

// pairs are the two characters of each 12 bits, the first one below.
var pairs = func() (t [1 << 12]uint16) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for v := range t {
		t[v] = uint16(alphabet[v>>6]) | uint16(alphabet[v&63])<<8
	}
	return t
}()

// QuotedPrintable writes text of LF or CRLF lines in quoted-printable, lines
// ending in CRLF, at most 76 wide (RFC 2045 6.7). A boundary with "=_" in it
// never occurs in what is written, and no line begins with a dot or with
// "From ", which some ways of mail would change.
func (b *Builder) QuotedPrintable(text string) { quotedPrintable(b, text) }

// QuotedPrintableBytes does the same for text in bytes.
func (b *Builder) QuotedPrintableBytes(text []byte) { quotedPrintable(b, text) }

func quotedPrintable[T string | []byte](b *Builder, text T) {
	const width = 75 // one less than allowed: room for the soft break
	column := 0
	buf := b.buf
	defer func() { b.buf = buf }()
	for i := 0; i < len(text); {
		// Most text is runs of letters: copy what fits at once.
		if column > 0 {
			n, most := i, min(len(text), i+width-column)
			for n < most && qpPlain[text[n]] {
				n++
			}
			buf = append(buf, text[i:n]...)
			column += n - i
			if i = n; i == len(text) {
				return
			}
		}
		c := text[i]
		i++
		if c >= 0x80 {
			if column+3 > width {
				buf = append(buf, "=\r\n"...)
				column = 0
			}
			buf = append(buf, '=', hexDigits[c>>4], hexDigits[c&15])
			column += 3
			continue
		}
		if c == '\n' || c == '\r' && i < len(text) && text[i] == '\n' {
			if c == '\r' {
				i++
			}
			buf = append(buf, '\r', '\n')
			column = 0
			continue
		}
		last := i == len(text) || text[i] == '\n' || text[i] == '\r'
		plain := qpPlain[c] || (c == ' ' || c == '\t') && !last
		size := 3
		if plain {
			size = 1
		}
		if column+size > width {
			buf = append(buf, "=\r\n"...)
			column = 0
		}
		if column == 0 && (c == '.' || c == 'F' || c == '-') {
			plain, size = false, 3
		}
		column += size
		if plain {
			buf = append(buf, c)
		} else {
			buf = append(buf, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
}

// qpPlain are the bytes that stand for themselves wherever they stand in a
// line, but for the three that must not begin one.
var qpPlain = func() (t [256]bool) {
	for c := '!'; c <= '~'; c++ {
		t[c] = c != '='
	}
	return t
}()
