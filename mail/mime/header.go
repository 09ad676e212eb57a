package mime

import (
	"fmt"
	"iter"
	"strings"
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
	v := trimmed(f.Raw[len(f.Name)+1:])
	if strings.IndexByte(v, '\n') >= 0 {
		v = trimmed(strings.ReplaceAll(v, "\r\n", ""))
	}
	return v
}

// value is Value, put together with others.
func (f Field) value(t *texts) string {
	v := trimmed(f.Raw[len(f.Name)+1:])
	if strings.IndexByte(v, '\n') >= 0 {
		v = trimmed(t.without(v))
	}
	return v
}

// trimmed is strings.Trim of " \t\r\n".
func trimmed(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

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

// singlesOf are the places in singles of the names of each length.
var singlesOf = func() (t [32][]int) {
	for i, name := range singles {
		t[len(name)] = append(t[len(name)], i)
	}
	return t
}()

// Doubts returns what in the block two readers may understand in two ways.
func (h *Header) Doubts() []Finding { return h.doubts }

// ParseHeader reads a header block alone, with or without the blank line that
// ends it. It refuses what has no safe reading: a line without a field name, a
// bare CR or LF, a NUL.
func ParseHeader(block []byte, l Limits) (*Header, error) {
	if len(block) > l.HeaderBytes {
		return nil, over("bytes of header", l.HeaderBytes)
	}
	return parseHeader(string(block), l)
}

func parseHeader(block string, l Limits) (*Header, error) {
	h := new(Header)
	if err := h.parse(block, 0, l, nil); err != nil {
		return nil, err
	}
	return h, nil
}

// parse reads a block into h. Its fields are put into room where that has a
// place for them.
func (h *Header) parse(block string, offset int64, l Limits, room *slab[Field]) error {
	h.Span = Span{offset, offset + int64(len(block))}
	doubt := func(d Doubt, at int) { h.doubts = append(h.doubts, Finding{d, offset + int64(at)}) }
	if block == "" || block[0] == ' ' || block[0] == '\t' {
		return malformed("the header does not begin with a field")
	}
	h.Fields = room.take(min(countFields(block), l.Fields))
	nul := strings.IndexByte(block, 0) >= 0
	start, name := 0, "" // the field being read
	eightBit, blank := indexEightBit(block), -1
	for pos := 0; pos < len(block); {
		line, ended := block[pos:], false
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, ended = line[:i+1], true
		}
		next := pos + len(line)
		text, crlf := strings.CutSuffix(line, "\r\n")
		if !crlf && (ended || next != len(block)) || strings.IndexByte(text, '\r') >= 0 || nul && strings.IndexByte(text, 0) >= 0 {
			return malformed("a bare line end or a NUL in the header at byte %d", offset+int64(pos))
		}
		switch {
		case text == "":
			if next != len(block) {
				return malformed("a blank line inside the header at byte %d", offset+int64(pos))
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
				return malformed("a line that is not a field in the header at byte %d", offset+int64(pos))
			}
			if len(h.Fields) >= l.Fields {
				return over("header fields", l.Fields)
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
	return nil
}

// countFields gives the number of lines that begin a field.
func countFields(block string) (n int) {
	for block != "" {
		if c := block[0]; c != ' ' && c != '\t' && c != '\r' {
			n++
		}
		i := strings.IndexByte(block, '\n')
		if i < 0 {
			return n
		}
		block = block[i+1:]
	}
	return n
}

// twice notes the fields that stand more often than they may.
func (h *Header) twice() {
	var seen [16]bool
	for _, f := range h.Fields {
		if len(f.Name) >= len(singlesOf) {
			continue
		}
		for _, i := range singlesOf[len(f.Name)] {
			if !sameName(f.Name, singles[i]) {
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
	defer w.close()
	end, _, err := headerEnd(&w, 0, int64(l.HeaderBytes), nil)
	if err != nil {
		return nil, err
	}
	block, err := w.text(Span{0, end}, l.HeaderBytes, nil)
	if err != nil {
		return nil, err
	}
	return parseHeader(block, l)
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
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if (s[i]|s[i+1]|s[i+2]|s[i+3]|s[i+4]|s[i+5]|s[i+6]|s[i+7])&0x80 != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= 0x80 {
			return i
		}
	}
	return -1
}

// sameName compares protocol words as rem.FoldASCII folds them, without the
// garbage: A to Z are a to z, and every other byte is itself.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x ^= y; x != 0x20 || y|0x20 < 'a' || 'z' < y|0x20 {
			return false
		}
	}
	return true
}
