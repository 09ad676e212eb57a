package imapd

import (
	"bufio"
	"bytes"
	"container/list"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"

	"rem"
	"rem/mail/mime"
	"rem/message/mailbox"
)

// A shape is what was read of a message's header and structure. It is read only.
type shape struct {
	header *mime.Header // never nil
	root   *mime.Part   // nil while only the header was needed
	lines  map[*mime.Part]int64
	cost   int64
}

// read makes the shape of a message; whole says that the tree is needed too. What is
// beyond the limits of reading, or malformed, is one part of octets: it is fetched as
// it is.
func read(src mime.Source, whole bool) (*shape, error) {
	s := &shape{}
	if !whole {
		h, err := mime.ReadHeader(src, mime.DefaultLimits)
		if err == nil {
			s.header, s.cost = h, 512+2*h.Span.Len()
			return s, nil
		}
		if !unreadable(err) {
			return nil, err
		}
	}
	m, err := mime.Parse(src, mime.Options{Messages: true})
	switch {
	case unreadable(err):
		h := &mime.Header{}
		s.header, s.root = h, &mime.Part{Header: h, Type: mime.Media{Type: "application/octet-stream"}, Encoding: "binary",
			Whole: mime.Span{End: src.Size()}, Body: mime.Span{End: src.Size()}}
	case err != nil:
		return nil, err
	default:
		s.header, s.root = m.Header, m.Part
	}
	s.lines, s.cost = map[*mime.Part]int64{}, 512
	for p := range s.root.All() {
		s.cost += 768
		if p.Header != nil {
			s.cost += 2 * p.Header.Span.Len()
		}
		if p.Type.Is("text/") || p.Type.Is("message/rfc822") {
			n, err := countLines(p.Body.Reader(src))
			if err != nil {
				return nil, err
			}
			s.lines[p] = n
		}
	}
	return s, nil
}

func unreadable(err error) bool {
	return errors.Is(err, mime.ErrSyntax) || errors.Is(err, mime.ErrLimit)
}

func countLines(r io.Reader) (n int64, err error) {
	buf := make([]byte, 16<<10)
	for {
		k, err := r.Read(buf)
		n += int64(bytes.Count(buf[:k], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// shapes keeps the shapes used last, up to a bound in octets.
type shapes struct {
	max int64
	mu  sync.Mutex
	// guarded by mu
	used int64
	by   map[shapeKey]*list.Element
	age  *list.List // of kept; the newest in front
}

type shapeKey struct {
	account rem.AccountID
	item    mailbox.ItemID
}

type kept struct {
	key   shapeKey
	shape *shape
}

func newShapes(limit int64) *shapes {
	return &shapes{max: limit, by: map[shapeKey]*list.Element{}, age: list.New()}
}

func (c *shapes) get(k shapeKey, whole bool) *shape {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.by[k]
	if !ok {
		return nil
	}
	s := e.Value.(kept).shape
	if whole && s.root == nil {
		return nil
	}
	c.age.MoveToFront(e)
	return s
}

func (c *shapes) put(k shapeKey, s *shape) {
	if s.cost > c.max/8 {
		return // one message does not push all others out
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.by[k]; ok {
		c.used -= e.Value.(kept).shape.cost
		c.age.Remove(e)
	}
	c.by[k] = c.age.PushFront(kept{k, s})
	for c.used += s.cost; c.used > c.max; {
		e := c.age.Back()
		old := e.Value.(kept)
		c.age.Remove(e)
		delete(c.by, old.key)
		c.used -= old.shape.cost
	}
}

// find gives the part that a section names: of a multipart its n-th, of a message
// inside of another one its own, and 1 is the body of what has no parts (RFC 9051 6.4.5).
func find(root *mime.Part, path []int) *mime.Part {
	p := root
	for i, k := range path {
		if i > 0 && p.Type.Is("message/rfc822") && len(p.Parts) == 1 {
			p = p.Parts[0]
		}
		switch {
		case p.Type.Is("multipart/") && len(p.Parts) > 0:
			if k < 1 || k > len(p.Parts) {
				return nil
			}
			p = p.Parts[k-1]
		case k != 1 || i < len(path)-1 && !p.Type.Is("message/rfc822"):
			return nil
		}
	}
	return p
}

// within reports whether the part that a section names lies inside of a message that
// is a part itself: then its header is of the body.
func within(root *mime.Part, path []int) bool {
	for k := 1; k < len(path); k++ {
		if p := find(root, path[:k]); p != nil && p.Type.Is("message/rfc822") {
			return true
		}
	}
	return root.Type.Is("message/rfc822")
}

// A piece is octets of an answer: some of our own, then spans of the message.
type piece struct {
	own  []byte
	span mime.Span
}

func (p piece) size() int64 { return int64(len(p.own)) + p.span.Len() }

// cut keeps what a client asked for of it.
func (p piece) cut(partial *imap.SectionPartial) piece {
	if partial == nil {
		return p
	}
	from := max(0, min(partial.Offset, p.size()))
	to := from + min(max(partial.Size, 0), p.size()-from)
	n := int64(len(p.own))
	return piece{
		own:  p.own[min(from, n):min(to, n)],
		span: mime.Span{Start: p.span.Start + max(from-n, 0), End: p.span.Start + max(to-n, 0)},
	}
}

func (p piece) writeTo(w io.Writer, src mime.Source) error {
	if len(p.own) > 0 {
		if _, err := w.Write(p.own); err != nil {
			return err
		}
	}
	if p.span.Len() == 0 {
		return nil
	}
	return p.span.Copy(w, src)
}

// section gives what BODY[...] names; nothing of a part that is not there.
func (s *shape) section(src mime.Source, o *imap.FetchItemBodySection) (piece, error) {
	if len(o.Part) == 0 && o.Specifier == imap.PartSpecifierNone {
		return piece{span: mime.Span{End: src.Size()}}.cut(o.Partial), nil
	}
	header, body := s.header, mime.Span{}
	if len(o.Part) == 0 {
		if s.root != nil {
			body = s.root.Body
		}
	} else {
		p := find(s.root, o.Part)
		if p == nil {
			return piece{}, nil
		}
		header, body = p.Header, p.Body
		switch o.Specifier {
		case imap.PartSpecifierHeader, imap.PartSpecifierText:
			if !p.Type.Is("message/rfc822") || len(p.Parts) != 1 {
				return piece{}, nil
			}
			header, body = p.Parts[0].Header, p.Parts[0].Body
		}
	}
	switch o.Specifier {
	case imap.PartSpecifierNone, imap.PartSpecifierText:
		return piece{span: body}.cut(o.Partial), nil
	}
	if header == nil {
		return piece{}, nil
	}
	if len(o.HeaderFields)+len(o.HeaderFieldsNot) == 0 && header.Span.Len() > 0 && endsBlank(header.Span, src) {
		return piece{span: header.Span}.cut(o.Partial), nil
	}
	var own []byte
	for _, f := range header.Fields {
		if len(o.HeaderFields) > 0 && !named(f, o.HeaderFields) || len(o.HeaderFieldsNot) > 0 && named(f, o.HeaderFieldsNot) {
			continue
		}
		own = append(own, f.Raw...)
	}
	return piece{own: append(own, '\r', '\n')}.cut(o.Partial), nil
}

func named(f mime.Field, names []string) bool { return slices.ContainsFunc(names, f.Is) }

// endsBlank reports whether a header block has the empty line that ends it.
func endsBlank(s mime.Span, src mime.Source) bool {
	var tail [4]byte
	if s.Len() < 4 {
		return false
	}
	_, err := src.ReadAt(tail[:], s.End-4)
	return (err == nil || errors.Is(err, io.EOF)) && string(tail[:]) == "\r\n\r\n"
}

// envelope is that of the header. The library writes texts in encoded words where they
// are not; what is in them already stays as it is.
func envelope(h *mime.Header) *imap.Envelope {
	e := &imap.Envelope{Subject: clean(h.Get("Subject"))}
	if d, err := netmail.ParseDate(h.Get("Date")); err == nil {
		e.Date = d
	}
	for name, list := range map[string]*[]imap.Address{"From": &e.From, "Sender": &e.Sender, "Reply-To": &e.ReplyTo, "To": &e.To, "Cc": &e.Cc, "Bcc": &e.Bcc} {
		value := h.Get(name)
		if value == "" {
			continue
		}
		all, err := mime.ParseMailboxes(value, mime.DefaultLimits)
		if err != nil {
			continue // what is no list of addresses is not guessed at; HEADER.FIELDS has it
		}
		for _, m := range all {
			at := strings.LastIndexByte(m.Address, '@')
			if at < 0 {
				continue
			}
			*list = append(*list, imap.Address{Name: clean(m.Name), Mailbox: m.Address[:at], Host: m.Address[at+1:]})
		}
	}
	if ids := mime.ParseIDs(h.Get("Message-ID")); len(ids) > 0 {
		e.MessageID = clean(ids[0])
	}
	for _, id := range mime.ParseIDs(h.Get("In-Reply-To")) {
		e.InReplyTo = append(e.InReplyTo, clean(id))
	}
	return e
}

// clean keeps a text on one line and readable.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// structure is BODYSTRUCTURE. The envelope of a message inside of another one is left
// empty: it would give a part of the body before that is opened.
func (s *shape) structure(p *mime.Part) imap.BodyStructure {
	main, sub, _ := strings.Cut(p.Type.Type, "/")
	if main == "multipart" && len(p.Parts) > 0 {
		b := &imap.BodyStructureMultiPart{Subtype: sub, Extended: &imap.BodyStructureMultiPartExt{
			Params: params(p.Type), Disposition: disposition(p), Language: language(p), Location: clean(p.Header.Get("Content-Location")),
		}}
		for _, child := range p.Parts {
			b.Children = append(b.Children, s.structure(child))
		}
		return b
	}
	if main == "" || main == "multipart" {
		main, sub = "application", "octet-stream" // a multipart without parts has no form in IMAP
	}
	b := &imap.BodyStructureSinglePart{
		Type: main, Subtype: sub, Params: params(p.Type), Encoding: p.Encoding, Size: uint32(min(p.Body.Len(), 1<<32-1)),
		ID: clean(p.Header.Get("Content-ID")), Description: clean(p.Header.Get("Content-Description")),
		Extended: &imap.BodyStructureSinglePartExt{Disposition: disposition(p), Language: language(p), Location: clean(p.Header.Get("Content-Location"))},
	}
	switch {
	case main == "text":
		b.Text = &imap.BodyStructureText{NumLines: s.lines[p]}
	case p.Type.Is("message/rfc822") && len(p.Parts) == 1:
		b.MessageRFC822 = &imap.BodyStructureMessageRFC822{Envelope: &imap.Envelope{}, BodyStructure: s.structure(p.Parts[0]), NumLines: s.lines[p]}
	case p.Type.Is("message/rfc822"):
		b.Type, b.Subtype = "application", "octet-stream" // without the fields that this type has to have
	}
	return b
}

func params(m mime.Media) map[string]string {
	if len(m.Params) == 0 {
		return nil
	}
	out := make(map[string]string, len(m.Params))
	for _, p := range m.Params {
		out[clean(p.Name)] = clean(p.Value)
	}
	return out
}

func disposition(p *mime.Part) *imap.BodyStructureDisposition {
	if p.Disposition.Type == "" {
		return nil
	}
	return &imap.BodyStructureDisposition{Value: clean(p.Disposition.Type), Params: params(p.Disposition)}
}

func language(p *mime.Part) (list []string) {
	for tag := range strings.SplitSeq(p.Header.Get("Content-Language"), ",") {
		if tag = strings.TrimSpace(clean(tag)); tag != "" {
			list = append(list, tag)
		}
	}
	return list
}

// binary gives the decoded content of a part: a reader made anew for each reading, and
// its size.
func (s *shape) binary(src mime.Source, path []int) (open func() io.Reader, size int64, err error) {
	if len(path) == 0 {
		return func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }, src.Size(), nil
	}
	p := find(s.root, path)
	if p == nil || p.Type.Is("multipart/") {
		return func() io.Reader { return strings.NewReader("") }, 0, nil
	}
	switch p.Encoding {
	case "7bit", "8bit", "binary", "base64", "quoted-printable":
	default:
		return nil, 0, no(imap.ResponseCodeUnknownCTE, "Bölümün kodlaması bilinmiyor.", "The transfer encoding of the part is unknown.")
	}
	open = func() io.Reader { return p.Decode(src) }
	size, err = io.Copy(io.Discard, bufio.NewReader(open()))
	if err != nil {
		return nil, 0, fmt.Errorf("decoding a part: %w", err)
	}
	return open, size, nil
}
