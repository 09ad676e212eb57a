package mime

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"rem"
)

// A Part is one node of a message's tree: the message itself, a part of a
// multipart, or the message inside of a message/rfc822.
type Part struct {
	Header      *Header
	Type        Media  // Content-Type, or its default (RFC 2045 5.2)
	Disposition Media  // zero when absent
	Encoding    string // Content-Transfer-Encoding, folded; "7bit" when absent

	// Whole runs from the first byte of the header to the last of the body. Of a
	// part of a multipart it is what a signature over the part covers: without
	// the CRLF before the next boundary, which is the boundary's. RFC 2046 5.1.1.
	Whole Span
	Body  Span

	Parts    []*Part // of a multipart; of a message/rfc822 when messages are read too
	Preamble Span    // of a multipart: before its first boundary
	Epilogue Span    // and after its closing one
}

// All gives the part and everything in it, from the top.
func (p *Part) All() iter.Seq[*Part] {
	return func(yield func(*Part) bool) { p.walk(yield) }
}

func (p *Part) walk(yield func(*Part) bool) bool {
	if !yield(p) {
		return false
	}
	for _, child := range p.Parts {
		if !child.walk(yield) {
			return false
		}
	}
	return true
}

// FileName returns the name that the sender gave the part, decoded, or "". It
// is a text to be shown and never a path (AT-11).
func (p *Part) FileName() string {
	name, ok := p.Disposition.Param("filename")
	if !ok {
		name, _ = p.Type.Param("name")
	}
	text, _ := DecodeText(name) // RFC 2047 5 forbids it in a parameter; many write it
	return text
}

// A Message is a message read as a tree.
type Message struct {
	*Part
	Source   Source
	Findings []Finding // what another reader may see otherwise, in no order
}

// Ambiguous reports whether this reader alone had doubts; [Compare] asks others.
func (m *Message) Ambiguous() bool { return len(m.Findings) > 0 }

// Options say how a message is read. The zero Options are the default limits,
// without reading messages inside of messages.
type Options struct {
	Limits   Limits
	Messages bool // read the content of message/rfc822 too
}

func (o Options) limits() Limits {
	if o.Limits == (Limits{}) {
		return DefaultLimits
	}
	return o.Limits
}

// Parse reads the tree of a message. Errors are a source that fails, a limit,
// and a first header block that is not one; everything else is read and, where
// it is odd, found. The parts' spans are in order and inside of one another.
func Parse(src Source, o Options) (*Message, error) {
	p := parser{w: newWindow(src), o: o, l: o.limits()}
	defer p.w.close()
	p.fields.next, p.params.next = 24, 8
	root, _, err := p.entity(0, nil, 0, "text/plain")
	if err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	if len(root.Header.Fields) == 0 {
		return nil, malformed("a message without a header")
	}
	return &Message{Part: root, Source: src, Findings: p.findings}, nil
}

// maxFindings keeps a hostile message from being answered with a long list.
const maxFindings = 100

type parser struct {
	w        window
	o        Options
	l        Limits
	header   int // bytes of header blocks so far
	parts    int
	findings []Finding

	// Where the parts lie: a letter has few, an envelope eight.
	nodes  slab[node]
	fields slab[Field]
	params slab[Param]
	texts  texts
	open   [8]string // the first boundaries of a stack
}

// A node is a part with its header.
type node struct {
	Part
	header Header
}

// node makes a part.
func (p *parser) node() *node {
	if len(p.nodes.room) == 0 {
		p.nodes.next = min(p.parts, 16) // 1, 2, 4, 8 and so on
	}
	return &p.nodes.take(1)[:1][0]
}

func (p *parser) find(d Doubt, at int64) {
	if len(p.findings) < maxFindings {
		p.findings = append(p.findings, Finding{d, at})
	}
}

// A delimiter is a boundary line, or the end of the source with level -1.
type delimiter struct {
	level   int   // which of the open multiparts it belongs to
	start   int64 // of the line
	text    int64 // where its text ends, before its line end
	end     int64 // after its line end
	content int64 // where the content before it ends
	closing bool
}

// entity reads one entity at off. It returns the delimiter that ended it, which
// belongs to one of the multiparts in stack.
func (p *parser) entity(off int64, stack []string, depth int, fallback string) (*Part, delimiter, error) {
	if p.parts++; p.parts > p.l.Parts {
		return nil, delimiter{}, over("parts", p.l.Parts)
	}
	end, cut, err := headerEnd(&p.w, off, int64(p.l.HeaderBytes-p.header), stack)
	if err != nil {
		return nil, delimiter{}, err
	}
	block, err := p.w.text(Span{off, end}, p.l.HeaderBytes, &p.texts)
	if err != nil {
		return nil, delimiter{}, err
	}
	p.header += len(block)
	node := p.node()
	part := &node.Part
	part.Header, part.Whole, part.Body = &node.header, Span{Start: off}, Span{Start: end}
	if err := p.describe(part, block, off, stack != nil, fallback); err != nil {
		return nil, delimiter{}, err
	}
	if cut { // no blank line: a boundary ends the part in its header
		p.find(PartHeader, off)
		d, err := p.next(end, stack)
		if err != nil {
			return nil, delimiter{}, err
		}
		part.Whole.End, part.Body = max(off, d.content), Span{max(off, d.content), max(off, d.content)}
		return part, d, nil
	}
	var d delimiter
	switch {
	case part.Type.Is("multipart/"):
		d, err = p.multipart(part, stack, depth)
	case p.o.Messages && part.Type.Is("message/rfc822") && isIdentity(part.Encoding):
		if depth >= p.l.Depth {
			return nil, delimiter{}, over("levels", p.l.Depth)
		}
		var inner *Part
		inner, d, err = p.entity(end, notNil(stack), depth+1, "text/plain")
		part.Parts = []*Part{inner}
	default:
		d, err = p.next(end, stack)
	}
	if err != nil {
		return nil, delimiter{}, err
	}
	part.Body.End = max(part.Body.Start, d.content)
	part.Whole.End = part.Body.End
	if part.Epilogue.Start > 0 {
		part.Epilogue.Start = min(part.Epilogue.Start, part.Body.End)
		part.Epilogue.End = part.Body.End
	}
	return part, d, nil
}

// notNil tells an inner message from the outermost one, whose header must be
// well formed.
func notNil(stack []string) []string {
	if stack == nil {
		return []string{}
	}
	return stack
}

// describe reads the header of a part and what it says about the body.
func (p *parser) describe(part *Part, block string, off int64, inner bool, fallback string) error {
	h := part.Header
	h.Span = Span{off, off + int64(len(block))}
	if len(block) > 0 && block != "\r\n" {
		if err := h.parse(block, off, p.l, &p.fields); err != nil {
			if !inner {
				return err
			}
			// The part has no type that can be trusted: a leaf of bytes.
			p.find(PartHeader, off)
			*h = Header{Span: h.Span}
			part.Type, part.Encoding = Media{Type: "application/octet-stream"}, "7bit"
			return nil
		}
	}
	for _, f := range h.doubts {
		p.find(f.Doubt, f.Offset)
	}
	part.Type = Media{Type: fallback}
	for f := range h.All("Content-Type") {
		part.Type = Media{}
		if err := part.Type.parse(f.value(&p.texts), p.l, &p.params); err != nil {
			return err
		}
		break
	}
	for f := range h.All("Content-Disposition") {
		if err := part.Disposition.parse(f.value(&p.texts), p.l, &p.params); err != nil {
			return err
		}
		break
	}
	for _, d := range part.Type.Doubts {
		p.find(d, off)
	}
	for _, d := range part.Disposition.Doubts {
		p.find(d, off)
	}
	part.Encoding = "7bit"
	if e := h.Get("Content-Transfer-Encoding"); e != "" {
		part.Encoding = rem.FoldASCII(e)
	}
	switch part.Encoding {
	case "7bit", "8bit", "binary":
	case "base64", "quoted-printable":
		if part.Type.Is("multipart/") || part.Type.Is("message/rfc822") {
			p.find(EncodedComposite, off) // RFC 2045 6.4
		}
	default:
		p.find(UnknownEncoding, off)
	}
	return nil
}

func isIdentity(encoding string) bool {
	return encoding == "7bit" || encoding == "8bit" || encoding == "binary"
}

// multipart reads the parts of a multipart and returns the outer delimiter
// that ended it.
func (p *parser) multipart(part *Part, stack []string, depth int) (delimiter, error) {
	boundary, _ := part.Type.Param("boundary")
	if !isBoundary(boundary) {
		p.find(BoundaryMissing, part.Whole.Start)
		return p.next(part.Body.Start, stack)
	}
	if depth >= p.l.Depth {
		return delimiter{}, over("levels", p.l.Depth)
	}
	for _, open := range stack {
		if strings.HasPrefix(open, boundary) || strings.HasPrefix(boundary, open) {
			p.find(BoundaryReused, part.Whole.Start)
		}
	}
	level := len(stack)
	// Who shares the room of the stack has read the boundaries above its level,
	// or writes them anew.
	if stack == nil {
		stack = p.open[:0]
	}
	inner := append(stack, boundary)
	fallback := "text/plain"
	if part.Type.Is("multipart/digest") {
		fallback = "message/rfc822" // RFC 2046 5.1.5
	}
	d, err := p.next(part.Body.Start, inner)
	if err != nil {
		return delimiter{}, err
	}
	part.Preamble = Span{part.Body.Start, max(part.Body.Start, d.content)}
	if d.level == level && d.closing || d.level != level {
		p.find(NoParts, part.Body.Start)
	}
	var room [8]*Part
	children := room[:0]
	for d.level == level && !d.closing {
		var child *Part
		if child, d, err = p.entity(d.end, inner, depth+1, fallback); err != nil {
			return delimiter{}, err
		}
		children = append(children, child)
	}
	if len(children) > 0 {
		part.Parts = append(make([]*Part, 0, len(children)), children...)
	}
	if d.level != level { // an outer boundary or the end came first
		p.find(Unclosed, part.Body.Start)
		return d, nil
	}
	part.Epilogue = Span{Start: d.end}
	if slices.Contains(stack, boundary) {
		return p.after(d, stack)
	}
	for { // a boundary of ours after the closing one begins nothing, but some readers think so
		if d, err = p.after(d, inner); err != nil || d.level != level {
			return d, err
		}
		p.find(AfterClosing, d.start)
	}
}

// after finds the boundary line that follows a closing one. Where nothing is
// between the two, the line end between belongs to the later one: an epilogue
// that is not there has no line end before it (RFC 2046 5.1.1, close-delimiter
// and epilogue), and the outer part ends with the text of its inner multipart.
func (p *parser) after(closing delimiter, stack []string) (delimiter, error) {
	d, err := p.next(closing.end, stack)
	if err == nil && d.level >= 0 && d.start == closing.end {
		d.content = closing.text
	}
	return d, err
}

// isBoundary: RFC 2046 5.1.1, without the inner spaces that it allows and
// nobody writes.
func isBoundary(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= 70
}

// next finds the next boundary line of an open multipart at or after off, which
// is the beginning of a line.
func (p *parser) next(off int64, stack []string) (delimiter, error) {
	none := delimiter{level: -1, start: p.w.size, end: p.w.size, content: p.w.size}
	if len(stack) == 0 {
		return none, nil
	}
	for pos := off; pos < p.w.size; {
		back := min(2, pos-off) // what stands before decides whether a line begins
		b, err := p.w.from(pos - back)
		if err != nil {
			return delimiter{}, err
		}
		i := bytes.Index(b[back:], dashes)
		if i < 0 {
			if pos+int64(len(b))-back >= p.w.size {
				return none, nil
			}
			pos += max(1, int64(len(b))-back-1) // the last byte may be the first dash
			continue
		}
		pos += int64(i)
		i += int(back)
		first := pos == off
		if !first && b[i-1] != '\n' && b[i-1] != '\r' {
			pos++
			continue
		}
		line := b[i:]
		if len(line) < look && pos+int64(len(line)) < p.w.size {
			if b, err = p.w.from(max(off, pos-2)); err != nil {
				return delimiter{}, err
			}
			i = int(pos - max(off, pos-2))
			line = b[i:]
		}
		line = line[:min(len(line), look)] // the same bytes whether in memory or not
		m := match(line, pos+int64(len(line)) == p.w.size, stack)
		if m.similar {
			p.find(SimilarBoundary, pos)
		}
		if m.level < 0 {
			pos++
			continue
		}
		content := pos
		switch {
		case first:
		case b[i-1] == '\r':
			p.find(BareLineEnd, pos-1)
			pos++
			continue
		case i >= 2 && b[i-2] == '\r':
			content = pos - 2
		default:
			p.find(BareLineEnd, pos-1)
			content = pos - 1
		}
		if m.bare {
			p.find(BareLineEnd, pos)
		}
		return delimiter{
			level: m.level, start: pos, text: pos + int64(m.length-m.lineEnd), end: pos + int64(m.length),
			content: content, closing: m.closing,
		}, nil
	}
	return none, nil
}

var dashes = []byte("--")

type matched struct {
	level   int // -1 when the line is no boundary
	length  int // of the line with its end
	lineEnd int // of its end alone
	closing bool
	bare    bool // the line ends in LF alone
	similar bool // the line begins as a boundary and goes on
}

// match holds a line against the open boundaries, the innermost first. The
// whole line has to fit: RFC 2046 5.1.1 lets a reader be content with the
// beginning, and that is where readers part ways.
func match(line []byte, toEnd bool, stack []string) matched {
	m := matched{level: -1}
	if !bytes.HasPrefix(line, dashes) {
		return m
	}
	for level := len(stack) - 1; level >= 0; level-- {
		boundary := stack[level]
		if len(line) < 2+len(boundary) || string(line[2:2+len(boundary)]) != boundary {
			continue
		}
		rest := line[2+len(boundary):]
		if closed, ok := bytes.CutPrefix(rest, dashes); ok {
			if length, lineEnd, ok := lineRest(line, closed, toEnd); ok {
				return matched{level: level, length: length, lineEnd: lineEnd, closing: true, bare: lineEnd == 1, similar: m.similar}
			}
		}
		if length, lineEnd, ok := lineRest(line, rest, toEnd); ok {
			return matched{level: level, length: length, lineEnd: lineEnd, bare: lineEnd == 1, similar: m.similar}
		}
		m.similar = true
	}
	return m
}

// lineRest accepts padding and a line end after a boundary; a bare LF is one of
// length 1.
func lineRest(line, rest []byte, toEnd bool) (length, lineEnd int, ok bool) {
	rest = bytes.TrimLeft(rest, " \t")
	at := len(line) - len(rest)
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return at + 2, 2, true
	case len(rest) > 0 && rest[0] == '\n':
		return at + 1, 1, true
	case len(rest) == 0 && toEnd:
		return at, 0, true
	}
	return 0, 0, false
}
