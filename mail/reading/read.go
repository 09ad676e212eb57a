package reading

import (
	"errors"
	"slices"
	"strconv"

	"rem/mail/mime"
)

// ErrNoPart is returned for a part that the document does not have.
var ErrNoPart = errors.New("the message has no such part")

// Read reads a message. Errors are those of mime.Parse, a source that fails, and
// a Verified part that is not of this message; whatever the message does is in
// the document. The document reads on from the source when parts are opened.
func Read(src mime.Source, o Options) (*Document, error) {
	limits := o.Mail
	if limits == (mime.Limits{}) {
		limits = mime.DefaultLimits
	}
	l := o.Limits
	if l.Text <= 0 {
		l.Text = DefaultLimits.Text
	}
	if l.Texts <= 0 {
		l.Texts = DefaultLimits.Texts
	}
	if l.Look <= 0 {
		l.Look = DefaultLimits.Look
	}
	if l.Findings <= 0 {
		l.Findings = DefaultLimits.Findings
	}
	o.Limits, o.Mail = l, limits
	m, err := mime.Parse(src, mime.Options{Limits: limits, Messages: true})
	if err != nil {
		return nil, err
	}
	r := &reader{o: o, m: m, d: &Document{parts: map[string]*mime.Part{}, source: src}, cids: map[string]string{}, used: map[string]bool{}}
	r.number(m.Part, "")
	r.head(m)
	root, path, err := r.signedPart(m)
	if err != nil {
		return nil, err
	}
	r.doubts(m)
	r.contentIDs(root, path, 0)
	if err := r.walk(root, path, false); err != nil {
		return nil, err
	}
	r.alternatives()
	for i := range r.d.Attachments {
		if err := r.look(&r.d.Attachments[i]); err != nil {
			return nil, err
		}
	}
	if !o.Quick {
		if err := r.compare(src); err != nil {
			return nil, err
		}
	}
	return r.d, nil
}

// Open gives the decoded content of a part, as a reader that keeps little in
// memory. The path is that of a section or an attachment; what is not under the
// verified part of a signed message has none.
func (d *Document) Open(path string) (*mime.Decoder, error) {
	p := d.parts[path]
	if p == nil || !d.shows(path) {
		return nil, ErrNoPart
	}
	return p.Decode(d.source), nil
}

// shows reports whether the path is that of something in the document.
func (d *Document) shows(path string) bool {
	for i := range d.Attachments {
		if d.Attachments[i].Path == path {
			return true
		}
	}
	return slices.ContainsFunc(d.Sections, func(s Section) bool { return s.Path == path || s.HTMLPath == path })
}

// Attachment gives the attachment of a path; nil when there is none.
func (d *Document) Attachment(path string) *Attachment {
	for i := range d.Attachments {
		if d.Attachments[i].Path == path {
			return &d.Attachments[i]
		}
	}
	return nil
}

type reader struct {
	o     Options
	m     *mime.Message
	d     *Document
	cids  map[string]string // Content-ID to path
	used  map[string]bool   // paths of pictures that a text shows
	texts int

	forms []form
}

// A form is one text in the forms that its sender gave it.
type form struct {
	plain, html         *mime.Part
	plainPath, htmlPath string
	alternative         bool
}

func (r *reader) find(f Finding) {
	if len(r.d.Findings) < r.o.Limits.Findings {
		f.Detail = oneLine(f.Detail, 300)
		r.d.Findings = append(r.d.Findings, f)
	}
}

// number gives every part its path: "1" for the only part, "1.2" for the second
// part of the first.
func (r *reader) number(p *mime.Part, path string) {
	if path == "" && len(p.Parts) == 0 {
		path = "1"
	}
	r.d.parts[path] = p
	for i, child := range p.Parts {
		r.number(child, join(path, i))
	}
}

func join(path string, i int) string {
	if path == "" {
		return strconv.Itoa(i + 1)
	}
	return path + "." + strconv.Itoa(i+1)
}

// contentIDs finds the pictures that a text may show.
func (r *reader) contentIDs(p *mime.Part, path string, depth int) {
	if p.Type.Is("message/rfc822") && depth > 0 {
		return
	}
	if id := cid(p); id != "" && r.cids[id] == "" {
		r.cids[id] = path
	}
	for i, child := range p.Parts {
		r.contentIDs(child, join(path, i), depth+1)
	}
}

func cid(p *mime.Part) string {
	if ids := mime.ParseIDs(p.Header.Get("Content-ID")); len(ids) == 1 {
		return ids[0]
	}
	return ""
}

// walk collects texts and attachments in order.
func (r *reader) walk(p *mime.Part, path string, related bool) error {
	switch {
	case p.Type.Is("multipart/alternative") && len(p.Parts) > 0:
		return r.alternative(p, path)
	case p.Type.Is("multipart/related") && len(p.Parts) > 0:
		for i, child := range p.Parts {
			if err := r.walk(child, join(path, i), i > 0); err != nil {
				return err
			}
		}
		return nil
	case p.Type.Is("multipart/signed") && len(p.Parts) > 0:
		// A signature within: its part is shown, nobody has verified it.
		for i, child := range p.Parts {
			if err := r.walk(child, join(path, i), false); err != nil {
				return err
			}
		}
		return nil
	case p.Type.Is("multipart/") && len(p.Parts) > 0:
		for i, child := range p.Parts {
			if err := r.walk(child, join(path, i), false); err != nil {
				return err
			}
		}
		return nil
	}
	attached := p.Disposition.Is("attachment") || p.FileName() != "" || related && cid(p) != ""
	switch {
	case p.Type.Is("text/plain") && !attached:
		r.forms = append(r.forms, form{plain: p, plainPath: path})
	case p.Type.Is("text/html") && !attached:
		r.forms = append(r.forms, form{html: p, htmlPath: path})
	default:
		r.attach(p, path)
	}
	return nil
}

// alternative takes the last plain and the last HTML form, as readers do, and
// everything else as attachments.
func (r *reader) alternative(p *mime.Part, path string) error {
	f := form{alternative: true}
	var visit func(q *mime.Part, at string, related bool) error
	visit = func(q *mime.Part, at string, related bool) error {
		switch {
		case q.Type.Is("text/plain") && !q.Disposition.Is("attachment") && q.FileName() == "":
			f.plain, f.plainPath = q, at
		case q.Type.Is("text/html") && !q.Disposition.Is("attachment") && q.FileName() == "":
			f.html, f.htmlPath = q, at
		case q.Type.Is("multipart/related") && len(q.Parts) > 0:
			for i, child := range q.Parts {
				if err := visit(child, join(at, i), i > 0); err != nil {
					return err
				}
			}
		case q.Type.Is("multipart/") && len(q.Parts) > 0:
			return r.walk(q, at, related)
		default:
			r.attach(q, at)
		}
		return nil
	}
	for i, child := range p.Parts {
		if err := visit(child, join(path, i), false); err != nil {
			return err
		}
	}
	if f.plain != nil || f.html != nil {
		r.forms = append(r.forms, f)
	}
	return nil
}
