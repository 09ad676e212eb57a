package mime

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	stdmime "mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"

	"rem"
)

// A Leaf is a part without parts, as one reader sees it.
type Leaf struct {
	Path string // "1.2": the second part of the message's only one
	Type string // folded
	Name string // the file name, decoded; a text, never a path
}

// A Reader is one way to see a message. Walk gives each leaf with its decoded
// content, in order; it stops at the first error, its own or visit's.
type Reader struct {
	Name string
	Walk func(src Source, o Options, visit func(Leaf, io.Reader) error) error
}

// Readers are the three views of AT-06: ours; the standard library's, as a
// sample of the readers that recipients have; and a strict one, which reads
// line by line and refuses whatever is not plain. A scanner that walks all
// three has seen what any of them shows.
func Readers() []Reader {
	return []Reader{{"ours", walkOurs}, {"standard", walkStandard}, {"strict", walkStrict}}
}

// A View is what one reader saw.
type View struct {
	Reader string
	Leaves []Seen
	Err    error // why it went no further
}

// Seen is a leaf with the size and digest of its content.
type Seen struct {
	Leaf
	Size   int64
	Digest rem.Digest
}

// A Comparison holds the views of the same message.
type Comparison struct {
	Views    []View
	Findings []Finding // of our own reader
}

// Ambiguous reports whether two readers saw two messages, or one of them could
// not read it to its end. Such a message is delivered byte for byte, and said
// to be so.
func (c *Comparison) Ambiguous() bool { return c.Difference() != "" }

// Difference says in words where the views part, "" where they agree.
func (c *Comparison) Difference() string {
	for _, v := range c.Views {
		if v.Err != nil {
			return fmt.Sprintf("the %s reader stops: %v", v.Reader, v.Err)
		}
	}
	first := c.Views[0]
	for _, v := range c.Views[1:] {
		if len(v.Leaves) != len(first.Leaves) {
			return fmt.Sprintf("the %s reader sees %d parts, the %s reader %d", first.Reader, len(first.Leaves), v.Reader, len(v.Leaves))
		}
		for i, l := range v.Leaves {
			if l != first.Leaves[i] {
				return fmt.Sprintf("the %s and the %s reader differ in part %s", first.Reader, v.Reader, first.Leaves[i].Path)
			}
		}
	}
	return ""
}

// Compare reads the message with the three readers, messages inside of it too.
// It reads the source three times, by pieces. An error is that of [Parse].
func Compare(src Source, o Options) (*Comparison, error) {
	o.Messages = true
	m, err := Parse(src, o)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Findings: m.Findings}
	sum, buf := sha256.New(), make([]byte, 4<<10)
	for i, r := range Readers() {
		v := View{Reader: r.Name}
		visit := func(l Leaf, body io.Reader) error {
			sum.Reset()
			n, err := io.CopyBuffer(sum, body, buf)
			v.Leaves = append(v.Leaves, Seen{Leaf: l, Size: n, Digest: digestOf(sum)})
			return err
		}
		if i == 0 { // ours has read it already
			v.Err = walkPart(m.Part, src, "1", visit)
		} else {
			v.Err = r.Walk(src, o, visit)
		}
		c.Views = append(c.Views, v)
	}
	return c, nil
}

func digestOf(h hash.Hash) (d rem.Digest) {
	h.Sum(d[:0])
	return d
}

func walkOurs(src Source, o Options, visit func(Leaf, io.Reader) error) error {
	o.Messages = true
	m, err := Parse(src, o)
	if err != nil {
		return err
	}
	return walkPart(m.Part, src, "1", visit)
}

func walkPart(p *Part, src Source, path string, visit func(Leaf, io.Reader) error) error {
	for i, child := range p.Parts {
		if err := walkPart(child, src, path+"."+strconv.Itoa(i+1), visit); err != nil {
			return err
		}
	}
	if len(p.Parts) > 0 || p.Type.Is("multipart/") && p.Body.Len() == 0 {
		return nil
	}
	body := p.Decode(src)
	if err := visit(Leaf{path, p.Type.Type, p.FileName()}, body); err != nil {
		return err
	}
	if body.Odd() {
		return malformed("%s in part %s", OddEncoding, path)
	}
	return nil
}

func walkStandard(src Source, o Options, visit func(Leaf, io.Reader) error) error {
	return standardMessage(Span{0, src.Size()}.Reader(src), "1", o.limits().Depth, visit)
}

func standardMessage(r io.Reader, path string, depth int, visit func(Leaf, io.Reader) error) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	return standardEntity(textproto.MIMEHeader(m.Header), m.Body, path, "text/plain", depth, visit)
}

func standardEntity(h textproto.MIMEHeader, body io.Reader, path, fallback string, depth int, visit func(Leaf, io.Reader) error) error {
	if depth < 0 {
		return over("levels", 0)
	}
	mediaType, params := fallback, map[string]string{}
	if v := h.Get("Content-Type"); v != "" {
		var err error
		if mediaType, params, err = stdmime.ParseMediaType(v); err != nil {
			return err
		}
	}
	encoding := rem.FoldASCII(h.Get("Content-Transfer-Encoding"))
	identity := encoding == "" || isIdentity(encoding)
	if strings.HasPrefix(mediaType, "multipart/") {
		mr := multipart.NewReader(body, params["boundary"])
		fallback := "text/plain"
		if mediaType == "multipart/digest" {
			fallback = "message/rfc822"
		}
		for i := 1; ; i++ {
			part, err := mr.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := standardEntity(part.Header, part, path+"."+strconv.Itoa(i), fallback, depth-1, visit); err != nil {
				return err
			}
		}
	}
	if mediaType == "message/rfc822" && identity {
		return standardMessage(body, path+".1", depth-1, visit)
	}
	name := params["name"]
	if _, p, err := stdmime.ParseMediaType(h.Get("Content-Disposition")); err == nil && p["filename"] != "" {
		name = p["filename"]
	}
	words := stdmime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		b, err := io.ReadAll(r)
		s, _ := toUTF8(charset, b)
		return strings.NewReader(s), err
	}}
	if text, err := words.DecodeHeader(name); err == nil {
		name = clean(text)
	}
	switch encoding {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	return visit(Leaf{path, mediaType, name}, body)
}

// walkStrict reads from the first line to the last with a buffer of one line,
// and refuses every doubt. It shares the grammar of single fields with our own
// reader and nothing of its search for parts.
func walkStrict(src Source, o Options, visit func(Leaf, io.Reader) error) error {
	s := &strict{in: bufio.NewReaderSize(Span{0, src.Size()}.Reader(src), int(min(windowSize, src.Size()+1))), l: o.limits(), visit: visit}
	_, _, err := s.entity("1", "text/plain", nil, true)
	return err
}

type strict struct {
	in    *bufio.Reader
	l     Limits
	visit func(Leaf, io.Reader) error
	inner bool // the last piece read did not end its line
}

// line returns the next line, or a piece of a long one; begins says that a line
// begins with it. It ends in CRLF unless it is a piece, or the last.
func (s *strict) line() (line []byte, begins bool, err error) {
	begins = !s.inner
	line, err = s.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		s.inner, err = true, nil
		if line[len(line)-1] == '\r' { // its LF would be taken for a bare one
			err = s.in.UnreadByte()
			line = line[:len(line)-1]
		}
	} else {
		s.inner = false
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return line, begins, err
}

// ends holds a line against the open boundaries: level is -1 when it is none.
func (s *strict) ends(line []byte, stack []string) (level int, closing bool, err error) {
	for level := len(stack) - 1; level >= 0 && len(line) > 2 && line[0] == '-' && line[1] == '-'; level-- {
		rest, ok := strings.CutPrefix(string(line[2:min(len(line), 2+80)]), stack[level])
		if !ok {
			continue
		}
		rest = strings.TrimSuffix(rest, "\r\n")
		if rest != "" && rest != "--" {
			return 0, false, malformed("%s", SimilarBoundary)
		}
		return level, rest == "--", nil
	}
	return -1, false, nil
}

func (s *strict) header(first bool) (*Header, error) {
	var block []byte
	for {
		line, _, err := s.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if block = append(block, line...); len(block) > s.l.HeaderBytes {
			return nil, over("bytes of header", s.l.HeaderBytes)
		}
		if string(line) == "\r\n" {
			break
		}
	}
	if string(block) == "\r\n" && !first {
		return &Header{}, nil
	}
	h, err := parseHeader(string(block), s.l)
	if err == nil && len(h.doubts) > 0 {
		for _, f := range h.doubts {
			if f.Doubt != EightBitHeader { // one reading all the same
				return nil, malformed("%s", f.Doubt)
			}
		}
	}
	return h, err
}

// entity reads one entity and returns the boundary that ended it, -1 for the end.
func (s *strict) entity(path, fallback string, stack []string, first bool) (level int, closing bool, err error) {
	if len(stack) > s.l.Depth || len(path) > 8*s.l.Depth {
		return 0, false, over("levels", s.l.Depth)
	}
	h, err := s.header(first)
	if err != nil {
		return 0, false, err
	}
	p := Part{Header: h, Type: Media{Type: fallback}, Encoding: "7bit"}
	if v := h.Get("Content-Type"); v != "" {
		p.Type, err = ParseMedia(v, s.l)
	}
	if v := h.Get("Content-Disposition"); v != "" && err == nil {
		p.Disposition, err = ParseMedia(v, s.l)
	}
	if err != nil {
		return 0, false, err
	}
	for _, d := range append(p.Type.Doubts, p.Disposition.Doubts...) {
		return 0, false, malformed("%s", d)
	}
	if e := h.Get("Content-Transfer-Encoding"); e != "" {
		p.Encoding = rem.FoldASCII(e)
	}
	composite := p.Type.Is("multipart/") || p.Type.Is("message/rfc822")
	switch {
	case p.Encoding != "base64" && p.Encoding != "quoted-printable" && !isIdentity(p.Encoding):
		return 0, false, malformed("%s", UnknownEncoding)
	case composite && !isIdentity(p.Encoding):
		return 0, false, malformed("%s", EncodedComposite)
	case p.Type.Is("message/rfc822"):
		return s.entity(path+".1", "text/plain", stack, true)
	case p.Type.Is("multipart/"):
		return s.multipart(p.Type, path, stack)
	}
	body := &strictBody{s: s, stack: stack, level: -1}
	content := &Decoder{in: bufio.NewReaderSize(body, 4<<10)}
	switch p.Encoding {
	case "base64":
		content.next = content.base64
	case "quoted-printable":
		content.next = content.quotedPrintable
	default:
		content.next = content.identity
	}
	if err := s.visit(Leaf{path, p.Type.Type, p.FileName()}, content); err != nil {
		return 0, false, err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return 0, false, err
	}
	if content.Odd() {
		return 0, false, malformed("%s", OddEncoding)
	}
	return body.level, body.closing, nil
}

func (s *strict) multipart(t Media, path string, stack []string) (level int, closing bool, err error) {
	boundary, _ := t.Param("boundary")
	if !isBoundary(boundary) {
		return 0, false, malformed("%s", BoundaryMissing)
	}
	for _, open := range stack {
		if strings.HasPrefix(open, boundary) || strings.HasPrefix(boundary, open) {
			return 0, false, malformed("%s", BoundaryReused)
		}
	}
	fallback := "text/plain"
	if t.Type == "multipart/digest" {
		fallback = "message/rfc822"
	}
	inner := append(stack[:len(stack):len(stack)], boundary)
	level, closing, err = s.skip(inner)
	for n := 1; err == nil && level == len(stack) && !closing; n++ {
		level, closing, err = s.entity(path+"."+strconv.Itoa(n), fallback, inner, false)
	}
	if err != nil {
		return 0, false, err
	}
	if level != len(stack) {
		return 0, false, malformed("%s", Unclosed)
	}
	return s.skip(stack)
}

// skip passes over lines up to a boundary or the end.
func (s *strict) skip(stack []string) (level int, closing bool, err error) {
	b := &strictBody{s: s, stack: stack, level: -1}
	_, err = io.Copy(io.Discard, b)
	return b.level, b.closing, err
}

// A strictBody gives the lines up to the next boundary. The last CRLF is held
// back until it is known whether it belongs to the boundary.
type strictBody struct {
	s       *strict
	stack   []string
	buf     []byte // the room that held lies in
	held    []byte // what was read and not given
	crlf    bool   // a CRLF comes before the next line
	done    bool
	level   int
	closing bool
}

func (b *strictBody) Read(p []byte) (int, error) {
	for len(b.held) == 0 {
		if b.done {
			return 0, io.EOF
		}
		line, begins, err := b.s.line()
		if err == io.EOF {
			b.done = true
			if b.crlf {
				b.held, b.crlf = []byte("\r\n"), false
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		if begins {
			if b.level, b.closing, err = b.s.ends(line, b.stack); err != nil {
				return 0, err
			}
			if b.level >= 0 {
				b.done = true
				return 0, io.EOF
			}
		}
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, '\n') >= 0 {
			return 0, malformed("a bare CR or LF in a body")
		}
		b.buf = b.buf[:0]
		if b.crlf {
			b.buf = append(b.buf, '\r', '\n')
		}
		b.buf = append(b.buf, text...)
		b.held, b.crlf = b.buf, ok
	}
	n := copy(p, b.held)
	b.held = b.held[n:]
	return n, nil
}
