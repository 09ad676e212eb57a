package mime

import (
	"fmt"
	"iter"
	"strings"

	"rem"
)

// A Header is a header block as it stands in the source. It is read only.
type Header struct {
	Span   Span // with the blank line that ends it, where there is one
	Fields []Field
	doubts []Finding
}

// A Field is one header field, byte for byte. RFC 5322 2.2.
type Field struct {
	Name string // as written; compare with [Field.Is]
	Raw  string // the whole field with its folds and its last CRLF
	Span Span
}

// Is reports whether the field has the name, in whatever case.
func (f Field) Is(name string) bool { return sameName(f.Name, name) }

// Value returns what follows the colon, unfolded (RFC 5322 2.2.3) and without
// white space around it. It is not decoded.
func (f Field) Value() string {
	v := f.Raw[len(f.Name)+1:]
	if i := strings.IndexByte(v, '\n'); i >= 0 && i < len(v)-1 {
		v = strings.ReplaceAll(v, "\r\n", "")
	}
	return strings.Trim(v, " \t\r\n")
}

// Text returns the value as text for people; see [DecodeText].
func (f Field) Text() string {
	s, _ := DecodeText(f.Value())
	return s
}

// All returns the fields with the name, from the top.
func (h *Header) All(name string) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for _, f := range h.Fields {
			if f.Is(name) && !yield(f) {
				return
			}
		}
	}
}

// Count returns how often the field stands.
func (h *Header) Count(name string) (n int) {
	for range h.All(name) {
		n++
	}
	return n
}

// Get returns the value of the first field with the name, "" when there is none.
func (h *Header) Get(name string) string {
	for f := range h.All(name) {
		return f.Value()
	}
	return ""
}

// One returns the value of a field that may stand only once; it is "" when the
// field is absent and an error when the field stands twice.
func (h *Header) One(name string) (string, error) {
	if n := h.Count(name); n > 1 {
		return "", malformed("%s stands %d times", name, n)
	}
	return h.Get(name), nil
}

// singles are the fields that RFC 5322 3.6 and RFC 2045 allow once; readers
// differ in which of two they take.
var singles = []string{
	"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
}

// Doubts returns what in the block two readers may understand in two ways.
func (h *Header) Doubts() []Finding { return h.doubts }

// ParseHeader reads a header block alone, with or without the blank line that
// ends it. It refuses what has no safe reading: a line without a field name, a
// bare CR or LF, a NUL.
func ParseHeader(block []byte, l Limits) (*Header, error) {
	if len(block) > l.HeaderBytes {
		return nil, over("bytes of header", l.HeaderBytes)
	}
	return parseHeader(string(block), 0, l)
}

func parseHeader(block string, offset int64, l Limits) (*Header, error) {
	h := &Header{Span: Span{offset, offset + int64(len(block))}}
	doubt := func(d Doubt, at int) { h.doubts = append(h.doubts, Finding{d, offset + int64(at)}) }
	if block == "" || block[0] == ' ' || block[0] == '\t' {
		return nil, malformed("the header does not begin with a field")
	}
	h.Fields = make([]Field, 0, min(strings.Count(block, "\n"), 64))
	start, name := 0, "" // the field being read
	eightBit, blank := -1, -1
	for pos := 0; pos < len(block); {
		line, ended := block[pos:], false
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, ended = line[:i+1], true
		}
		next := pos + len(line)
		text, crlf := strings.CutSuffix(line, "\r\n")
		if !crlf && (ended || next != len(block)) || strings.ContainsAny(text, "\r\x00") {
			return nil, malformed("a bare line end or a NUL in the header at byte %d", offset+int64(pos))
		}
		if eightBit < 0 {
			if i := indexEightBit(text); i >= 0 {
				eightBit = pos + i
			}
		}
		switch {
		case text == "":
			if next != len(block) {
				return nil, malformed("a blank line inside the header at byte %d", offset+int64(pos))
			}
		case text[0] == ' ' || text[0] == '\t':
			if blank < 0 && strings.Trim(text, " \t") == "" {
				blank = pos
			}
		default:
			if name != "" {
				h.add(name, block[start:pos], start)
			}
			colon := strings.IndexByte(text, ':')
			if colon < 1 || !isFieldName(text[:colon]) {
				return nil, malformed("a line that is not a field in the header at byte %d", offset+int64(pos))
			}
			if len(h.Fields) >= l.Fields {
				return nil, over("header fields", l.Fields)
			}
			start, name = pos, text[:colon]
		}
		if text == "" || next == len(block) {
			end := next
			if text == "" {
				end = pos
			}
			if name != "" {
				h.add(name, block[start:end], start)
			}
			break
		}
		pos = next
	}
	if eightBit >= 0 {
		doubt(EightBitHeader, eightBit)
	}
	if blank >= 0 {
		doubt(BlankContinuation, blank)
	}
	h.twice()
	return h, nil
}

// twice notes the fields that stand more often than they may.
func (h *Header) twice() {
	var seen [16]bool
	for _, f := range h.Fields {
		for i, name := range singles {
			if !sameName(f.Name, name) {
				continue
			}
			if seen[i] {
				h.doubts = append(h.doubts, Finding{FieldTwice, f.Span.Start})
			}
			seen[i] = true
			break
		}
	}
}

func (h *Header) add(name, raw string, at int) {
	start := h.Span.Start + int64(at)
	h.Fields = append(h.Fields, Field{Name: name, Raw: raw, Span: Span{start, start + int64(len(raw))}})
}

// ReadHeader reads the header block at the beginning of a message.
func ReadHeader(src Source, l Limits) (*Header, error) {
	w := newWindow(src)
	end, _, err := headerEnd(w, 0, int64(l.HeaderBytes), nil)
	if err != nil {
		return nil, err
	}
	block, err := Span{0, end}.Bytes(src, l.HeaderBytes)
	if err != nil {
		return nil, err
	}
	return parseHeader(string(block), 0, l)
}

// headerEnd finds the end of the block that begins at off, its blank line
// included. A boundary line of an open multipart ends it too: cut is then true.
func headerEnd(w *window, off, limit int64, stack []string) (end int64, cut bool, err error) {
	for pos := off; ; {
		next, long, err := w.lineEnd(pos, limit-(pos-off))
		if err != nil {
			return 0, false, err
		}
		if long || next-off > limit {
			return 0, false, fmt.Errorf("%w: a header of more than %d bytes", ErrLimit, limit)
		}
		b, err := w.from(pos)
		if err != nil {
			return 0, false, err
		}
		if next == pos { // the message ends in its header
			return next, false, nil
		}
		if b[0] == '\n' || b[0] == '\r' && next-pos == 2 {
			return next, false, nil
		}
		if b[0] == '-' && len(stack) > 0 {
			line := b[:min(int64(len(b)), next-pos, look)]
			if d := match(line, pos+int64(len(line)) == w.size, stack); d.level >= 0 {
				return pos, true, nil
			}
		}
		pos = next
	}
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return s != ""
}

func indexEightBit(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return i
		}
	}
	return -1
}

// sameName compares protocol words; both are ASCII or not equal.
func sameName(a, b string) bool {
	if len(a) != len(b) || a == "" {
		return len(a) == len(b)
	}
	if a == b {
		return true
	}
	if (a[0]^b[0])&^0x20 != 0 { // most names differ here, and folding costs garbage
		return false
	}
	return rem.FoldASCII(a) == rem.FoldASCII(b)
}
