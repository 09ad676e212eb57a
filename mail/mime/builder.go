package mime

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Builder writes header fields and bodies whose bytes are known at once. No
// value can end its field: text is cleaned and encoded, everything else is
// refused when it holds more than its grammar (AT-04). The first error stays
// and is returned by [Builder.Bytes]; the zero Builder is ready.
type Builder struct {
	buf []byte
	err error
}

// NewBuilder returns a Builder that appends to buf.
func NewBuilder(buf []byte) *Builder { return &Builder{buf: buf} }

// Bytes returns what was written, or the first error.
func (b *Builder) Bytes() ([]byte, error) { return b.buf, b.err }

// Len returns the number of bytes written.
func (b *Builder) Len() int { return len(b.buf) }

func (b *Builder) fail(name, what string) {
	if b.err == nil {
		b.err = fmt.Errorf("writing field %q: %s", name, what)
	}
}

const (
	foldAt  = 78  // RFC 5322 2.1.1: what a line should not pass
	maxLine = 998 // and must not
)

func (b *Builder) name(name string) bool {
	if !isFieldName(name) || len(name) > 60 {
		b.fail(name, "not a field name")
	}
	if b.err != nil {
		return false
	}
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, ':', ' ')
	return true
}

func (b *Builder) crlf() { b.buf = append(b.buf, '\r', '\n') }

// End writes the blank line between header and body.
func (b *Builder) End() { b.crlf() }

// Raw writes bytes of a body as they are.
func (b *Builder) Raw(p ...byte) { b.buf = append(b.buf, p...) }

// Text writes an unstructured field: ASCII is folded at white space, anything
// else is written in encoded words (RFC 2047). Control characters and line
// separators become U+FFFD.
func (b *Builder) Text(name, value string) {
	if !b.name(name) {
		return
	}
	value = cleanText(value)
	if mustEncode(value) {
		b.words(b.column(), value)
	} else {
		b.fold(b.column(), value)
	}
	b.crlf()
}

// mustEncode reports whether plain text would not come back as it is.
func mustEncode(s string) bool {
	run := 0
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == '=' && i+1 < len(s) && s[i+1] == '?' {
			return true
		}
		if run++; s[i] == ' ' {
			run = 0
		}
		if run > maxLine-100 { // a word that no fold can break
			return true
		}
	}
	return strings.TrimSpace(s) != s || strings.Contains(s, "  ")
}

// fold writes plain words and goes to a new line before one that would pass
// the line's end.
func (b *Builder) fold(column int, s string) {
	first := true
	for word := range strings.SplitSeq(s, " ") {
		if !first {
			if column+1+len(word) > foldAt {
				b.crlf()
				column = 0
			}
			b.buf = append(b.buf, ' ')
			column++
		}
		b.buf = append(b.buf, word...)
		column += len(word)
		first = false
	}
}

// words writes encoded words of UTF-8, each with whole characters, each at most
// 75 long, one a line. The shorter of the two encodings is taken.
func (b *Builder) words(column int, s string) {
	const frame = len("=?utf-8?q?") + len("?=")
	q := 0
	for i := range len(s) {
		q += qLen(s[i])
	}
	useQ := q <= base64.StdEncoding.EncodedLen(len(s))
	for first := true; s != ""; first = false {
		if !first {
			b.buf = append(b.buf, "\r\n "...)
			column = 1
		}
		room := min(75, foldAt-2-column) - frame
		if room < 12 { // beside a long field name
			b.buf = append(b.buf, "\r\n "...)
			room = 75 - frame
		}
		n, used := 0, 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if useQ {
				add := 0
				for i := range size {
					add += qLen(s[n+i])
				}
				if used+add > room {
					break
				}
				used += add
			} else if base64.StdEncoding.EncodedLen(n+size) > room {
				break
			}
			n += size
		}
		if useQ {
			b.buf = append(b.buf, "=?utf-8?q?"...)
			for i := range n {
				b.buf = appendQ(b.buf, s[i])
			}
		} else {
			b.buf = append(b.buf, "=?utf-8?b?"...)
			var word [64]byte // more than fits a line in base64
			b.buf = base64.StdEncoding.AppendEncode(b.buf, word[:copy(word[:], s[:n])])
		}
		b.buf = append(b.buf, "?="...)
		s = s[n:]
	}
}

// qPlain are the characters that stand for themselves in every place an
// encoded word may have. RFC 2047 5 (3).
func qPlain(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || strings.IndexByte("!*+-/", c) >= 0
}

func qLen(c byte) int {
	if c == ' ' || qPlain(c) {
		return 1
	}
	return 3
}

const hexDigits = "0123456789ABCDEF"

func appendQ(dst []byte, c byte) []byte {
	switch {
	case c == ' ':
		return append(dst, '_')
	case qPlain(c):
		return append(dst, c)
	}
	return append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
}

// Word writes a field whose value is one or more words of visible ASCII, such
// as a URI, a number or a date. It is not folded.
func (b *Builder) Word(name, value string) {
	if !b.name(name) {
		return
	}
	if len(name)+2+len(value) > maxLine || value == "" {
		b.fail(name, "the value is empty or too long for a line")
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f {
			b.fail(name, "the value holds something else than visible ASCII")
		}
	}
	b.buf = append(b.buf, value...)
	b.crlf()
}

// Date writes a date of RFC 5322 3.3 in UTC.
func (b *Builder) Date(name string, t time.Time) {
	if b.name(name) {
		b.buf = t.UTC().AppendFormat(b.buf, "Mon, 02 Jan 2006 15:04:05 -0700")
		b.crlf()
	}
}

// IDs writes message identifiers in their brackets, one a line. With none the
// field is left out.
func (b *Builder) IDs(name string, ids ...string) {
	if len(ids) == 0 || !b.name(name) {
		return
	}
	for i, id := range ids {
		if !isID(id) || len(id) > maxLine-80 {
			b.fail(name, "not a message identifier")
		}
		if i > 0 {
			b.buf = append(b.buf, "\r\n "...)
		}
		b.buf = append(b.buf, '<')
		b.buf = append(b.buf, id...)
		b.buf = append(b.buf, '>')
	}
	b.crlf()
}

// maxName bounds a display name; longer ones are cut when written, since a
// name is for people and the address is what counts.
const maxName = 200

// Mailboxes writes a list of addresses, folded between them. With none the
// field is left out.
func (b *Builder) Mailboxes(name string, list ...Mailbox) {
	if len(list) == 0 || !b.name(name) {
		return
	}
	for i, m := range list {
		if err := checkAddress(m.Address); err != nil {
			b.fail(name, "not an address in its plain form")
		}
		display := shorten(cleanText(m.Name))
		if i > 0 {
			b.buf = append(b.buf, ',')
			b.space(len(display) + len(m.Address) + 5)
		}
		switch {
		case display == "":
		case mustEncode(display):
			b.words(b.column(), display)
			b.buf = append(b.buf, "\r\n "...)
		default:
			b.buf = appendQuoted(b.buf, display)
			b.space(len(m.Address) + 2)
		}
		b.buf = append(b.buf, '<')
		b.buf = append(b.buf, m.Address...)
		b.buf = append(b.buf, '>')
	}
	b.crlf()
}

// space writes a space, on a new line when n more would pass the line's end.
func (b *Builder) space(n int) {
	if b.column()+1+n > foldAt {
		b.crlf()
	}
	b.buf = append(b.buf, ' ')
}

// column returns how much is on the line being written.
func (b *Builder) column() int { return len(b.buf) - 1 - bytes.LastIndexByte(b.buf, '\n') }

func shorten(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// Media writes a Content-Type or Content-Disposition, one parameter a line. A
// value beyond ASCII, and no other, is written in the form of RFC 2231, in
// pieces where it is long.
func (b *Builder) Media(name, value string, params ...Param) {
	if !isMediaType(value) || len(value) > 255 { // RFC 6838 4.2 allows 127 on each side
		b.fail(name, "not a media type")
	}
	if !b.name(name) {
		return
	}
	b.buf = append(b.buf, value...)
	for _, p := range params {
		if !isToken(p.Name) || strings.ContainsAny(p.Name, "*'%") || len(p.Name) > 60 {
			b.fail(name, "not a parameter name")
		}
		v := cleanText(p.Value)
		b.buf = append(b.buf, ";\r\n "...)
		if indexEightBit(v) >= 0 || len(v) > maxLine-100 {
			b.extended(p.Name, v)
			continue
		}
		b.buf = append(b.buf, p.Name...)
		b.buf = append(b.buf, '=')
		if isToken(v) {
			b.buf = append(b.buf, v...)
		} else {
			b.buf = appendQuoted(b.buf, v)
		}
	}
	b.crlf()
}

// extended writes name*=utf-8”text, or name*0*= and so on. RFC 2231 3 and 4.
func (b *Builder) extended(name, v string) {
	const room = 60 // of encoded text in a piece: each line stays below 78 but for long names
	var pieces []string
	var piece []byte
	for n := 0; n < len(v); {
		_, size := utf8.DecodeRuneInString(v[n:])
		if len(piece)+3*size > room {
			pieces, piece = append(pieces, string(piece)), piece[:0]
		}
		for i := range size {
			if c := v[n+i]; qPlain(c) && strings.IndexByte("*'%/", c) < 0 || c == '.' || c == '_' {
				piece = append(piece, c)
			} else {
				piece = append(piece, '%', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		n += size
	}
	pieces = append(pieces, string(piece))
	if len(pieces) == 1 {
		b.buf = fmt.Appendf(b.buf, "%s*=utf-8''%s", name, pieces[0])
		return
	}
	for i, p := range pieces {
		if i == 0 {
			b.buf = fmt.Appendf(b.buf, "%s*0*=utf-8''%s", name, p)
			continue
		}
		b.buf = fmt.Appendf(b.buf, ";\r\n %s*%d*=%s", name, i, p)
	}
}
