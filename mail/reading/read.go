package reading

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	stdmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rem"
	"rem/mail/archive"
	"rem/mail/eyp"
	"rem/mail/html"
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

func (r *reader) head(m *mime.Message) {
	h := &r.d.Head
	*h = headOf(m.Part, r.o.Mail)
	for _, f := range m.Header.Fields {
		h.Fields = append(h.Fields, Field{Name: f.Name, Value: f.Text()})
	}
	warn := func(kind, tr, en, detail string) {
		r.find(Finding{Kind: "head/" + kind, Weight: Warning, Text: rem.Text{Turkish: tr, English: en}, Detail: detail})
	}
	if h.From == nil {
		warn("from", "Gönderen alanı tek bir adres olarak okunamadı.", "The sender's field cannot be read as one address.", m.Header.Get("From"))
	} else {
		for _, d := range h.From.Doubts {
			if d == mime.AddressInDisplayName {
				warn("name-is-address", "Gönderenin görünen adı bir e-posta adresi gibi yazılmış.", "The sender's display name is written like an address.", h.From.Name+" <"+h.From.Address+">")
			}
		}
		_, host, _ := strings.Cut(h.From.Address, "@")
		if _, odd, ok := html.Host(host); ok && odd {
			warn("from-host", "Gönderenin adresi başka bir adresle karıştırılabilir.", "The sender's address can be taken for another.", h.From.Address)
		}
		for _, to := range h.ReplyTo {
			if rem.FoldASCII(to.Address) != rem.FoldASCII(h.From.Address) {
				warn("reply-to", "Yanıtlar gönderenden başka bir adrese gider.", "Answers go to another address than the sender's.", to.Address)
			}
		}
	}
	if f := m.Header.Get("Subject"); strings.ContainsRune(m.Header.Get("Subject"), '\u202e') || strings.ContainsRune(h.Subject, utf8.RuneError) {
		warn("subject", "Konu, görünmeyen ya da okunamayan karakterler içeriyor.", "The subject holds characters that cannot be seen or read.", f)
	}
	if m.Header.Count("Disposition-Notification-To") > 0 {
		r.find(Finding{Kind: "head/receipt", Text: rem.Text{Turkish: "Gönderen okundu bilgisi istiyor; gönderilmez. Okunduğunu KEP delili gösterir.", English: "The sender asks for a receipt; none is sent. That it was read is shown by evidence."}})
	}
}

// headOf reads the header of a message.
func headOf(p *mime.Part, l mime.Limits) (h Head) {
	h.Subject, _ = mime.DecodeText(p.Header.Get("Subject"))
	if a, err := p.Header.Addresses(l); err == nil {
		h.From, h.Sender, h.ReplyTo, h.To, h.Cc = &a.From, a.Sender, a.ReplyTo, a.To, a.Cc
	} else {
		if list, err := mime.ParseMailboxes(p.Header.Get("From"), l); err == nil && len(list) == 1 && p.Header.Count("From") == 1 {
			h.From = &list[0]
		}
		for _, f := range []struct {
			name string
			to   *[]mime.Mailbox
		}{{"To", &h.To}, {"Cc", &h.Cc}, {"Reply-To", &h.ReplyTo}} {
			if list, err := mime.ParseMailboxes(p.Header.Get(f.name), l); err == nil {
				*f.to = list
			}
		}
	}
	if t, err := stdmail.ParseDate(p.Header.Get("Date")); err == nil {
		h.Date = t.UTC()
	}
	if ids := mime.ParseIDs(p.Header.Get("Message-ID")); len(ids) == 1 {
		h.MessageID = ids[0]
	}
	h.InReplyTo = mime.ParseIDs(p.Header.Get("In-Reply-To"))
	return h
}

// signedPart finds what of the message is shown. Of a signed one it is the signed
// part, and what stands beside it is said to be left out.
func (r *reader) signedPart(m *mime.Message) (root *mime.Part, path string, err error) {
	root, path = m.Part, ""
	if len(m.Parts) == 0 {
		path = "1"
	}
	if v := r.o.Verified; v != nil {
		for at, p := range r.d.parts {
			if p.Whole == v.Whole && p.Body == v.Body {
				root, path, r.d.Signature = p, at, SignatureVerified
				r.beside(m.Part, at)
				return root, path, nil
			}
		}
		return nil, "", fmt.Errorf("the verified part: %w", ErrNoPart)
	}
	if m.Type.Is("multipart/signed") && len(m.Parts) >= 1 {
		r.d.Signature = SignatureUnchecked
		r.beside(m.Part, "1")
		return m.Parts[0], "1", nil
	}
	return root, path, nil
}

// beside finds what stands in a signed message and is not signed.
func (r *reader) beside(p *mime.Part, path string) {
	if !p.Type.Is("multipart/signed") {
		r.find(Finding{Kind: "signature/inside", Weight: Note, Text: rem.Text{Turkish: "İletinin yalnız imzalı bölümü gösteriliyor.", English: "Only the signed part of the message is shown."}})
		return
	}
	blank := func(s mime.Span) bool {
		if s.IsZero() || s.Len() == 0 {
			return true
		}
		b, err := s.Bytes(r.m.Source, 4096)
		return err == nil && strings.TrimSpace(string(b)) == ""
	}
	// Many programs write "This is an S/MIME signed message" before the first part:
	// it is not shown, as no reader shows it.
	if len(p.Parts) > 2 || !blank(p.Epilogue) {
		r.find(Finding{Kind: "signature/beside", Weight: Danger, Text: rem.Text{Turkish: "İmzalı bölümün yanında imzasız içerik var; gösterilmedi.", English: "There is unsigned content beside the signed part; it is not shown."}})
	}
}

// doubts tells what of its form other readers may see otherwise.
func (r *reader) doubts(m *mime.Message) {
	seen := map[mime.Doubt]bool{}
	for _, f := range m.Findings {
		if seen[f.Doubt] {
			continue
		}
		seen[f.Doubt] = true
		r.find(Finding{Kind: "form/doubt", Weight: Note, Text: rem.Text{
			Turkish: "İletinin biçiminde, başka programların farklı okuyabileceği bir yer var.",
			English: "There is a place in the form of the message that other programs may read otherwise.",
		}, Detail: f.String()})
	}
}

// compare asks the other readers (AT-06).
func (r *reader) compare(src mime.Source) error {
	c, err := mime.Compare(src, mime.Options{Limits: r.o.Mail, Messages: true})
	if err != nil {
		return err
	}
	if r.d.Difference = c.Difference(); r.d.Difference != "" {
		r.find(Finding{Kind: "form/ambiguous", Weight: Warning, Text: rem.Text{
			Turkish: "Bu ileti farklı programlarda farklı görünebilir. Ham iletiyi indirip karşılaştırabilirsiniz.",
			English: "This message may look different in other programs. You can download it as it is and compare.",
		}, Detail: r.d.Difference})
	}
	return nil
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

func (r *reader) attach(p *mime.Part, path string) {
	a := Attachment{Path: path, Declared: p.Type.Type, CID: cid(p)}
	fallback := "ek-" + strings.ReplaceAll(path, ".", "-")
	if p.Type.Is("message/rfc822") {
		fallback += ".eml"
		if len(p.Parts) == 1 {
			h := headOf(p.Parts[0], r.o.Mail)
			a.Message = &h
			if name := oneLine(h.Subject, 60); name != "" && p.FileName() == "" {
				fallback = name + ".eml"
				fallback, _ = fileName(fallback, "ileti.eml")
			}
		}
	} else if p.Type.Is("text/calendar") {
		fallback += ".ics"
	}
	a.Name, a.Findings = fileName(p.FileName(), fallback)
	for i := range a.Findings {
		a.Findings[i].Path = path
	}
	r.d.Attachments = append(r.d.Attachments, a)
}

// alternatives makes the sections.
func (r *reader) alternatives() {
	for _, f := range r.forms {
		s := Section{}
		if f.plain != nil {
			text, cut := r.text(f.plain, f.plainPath, "")
			turned := false
			s.Path, s.Cut = f.plainPath, cut
			if s.Plain, turned = plainText(text); turned {
				r.find(Finding{Kind: "text/turned", Weight: Warning, Text: rem.Text{Turkish: "Metinde yön değiştiren gizli karakterler vardı; yerleri işaretlendi.", English: "Hidden characters turned the direction of the text; their places are marked."}, Path: s.Path})
			}
		}
		if f.html != nil {
			text, cut := r.text(f.html, f.htmlPath, "html")
			o := r.o.HTML
			o.Picture = func(id string) (string, bool) {
				path, ok := r.cids[id]
				if !ok || r.o.Picture == nil {
					return "", false
				}
				r.used[path] = true
				return r.o.Picture(path), true
			}
			s.HTML, s.HTMLPath, s.Cut = html.Safe(text, o), f.htmlPath, s.Cut || cut
			for _, x := range s.HTML.Findings {
				r.find(Finding{Kind: "html/" + string(x.Kind), Weight: htmlWeight(x.Kind), Text: x.Text(), Detail: strings.Join(x.Samples, " · "), Path: f.htmlPath})
			}
			switch {
			case f.plain == nil:
				s.Path, s.Plain, s.Made = f.htmlPath, s.HTML.Text, true
			case !similar(s.Plain, s.HTML.Text):
				r.find(Finding{Kind: "form/alternatives", Weight: Warning, Text: rem.Text{
					Turkish: "İletinin düz metni ile biçimli metni birbirinden farklı. İkisine de bakın.",
					English: "The plain text and the formatted text of the message differ. Look at both.",
				}, Path: f.htmlPath})
			}
		}
		if s.Cut {
			r.find(Finding{Kind: "form/cut", Text: rem.Text{Turkish: "Metin çok uzun; tamamı gösterilmedi.", English: "The text is very long; not all of it is shown."}, Path: s.Path})
		}
		r.d.Sections = append(r.d.Sections, s)
	}
	for i := range r.d.Attachments {
		a := &r.d.Attachments[i]
		a.Inline = r.used[a.Path]
	}
}

// plainText makes a text safe to show as it is: LF, and no controls. turned says
// that characters turned its direction; U+FFFD stands for them.
func plainText(s string) (text string, turned bool) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case r == '\r':
			r = '\n'
		case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
			turned = true
			r = utf8.RuneError
		case r < ' ', 0x7f <= r && r < 0xa0:
			r = utf8.RuneError
		case r == 0x2028 || r == 0x2029:
			r = '\n'
		}
		b.WriteRune(r)
	}
	return b.String(), turned
}

func htmlWeight(k html.Kind) Weight {
	switch k {
	case html.DeceptiveLink, html.OddHost, html.Form, html.Redirect:
		return Danger
	case html.HiddenText, html.TurnedText, html.Script, html.PushedText, html.OddLink, html.Comment:
		return Warning
	}
	return Note
}

// text reads a text within the limits.
func (r *reader) text(p *mime.Part, path, kind string) (text string, cut bool) {
	limit := min(r.o.Limits.Text, r.o.Limits.Texts-r.texts)
	if limit <= 0 {
		return "", true
	}
	d := p.Decode(r.m.Source)
	b, err := io.ReadAll(io.LimitReader(d, int64(limit)+1))
	if err != nil {
		return "", true
	}
	if len(b) > limit {
		b, cut = b[:limit], true
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
		if n := len(b); n > 0 && b[n-1] >= 0xc0 {
			b = b[:n-1]
		}
	}
	r.texts += len(b)
	charset, _ := p.Type.Param("charset")
	if kind == "html" && charset == "" {
		charset = metaCharset(b)
	}
	text, odd := decode(b, charset)
	if odd || !cut && d.Odd() {
		r.find(Finding{Kind: "text/odd", Text: rem.Text{
			Turkish: "Metin, söylediği kodlamada değil; bazı harfler yanlış görünebilir.",
			English: "The text is not in the encoding that it names; some letters may be wrong.",
		}, Detail: charset, Path: path})
	}
	return text, cut
}

// similar reports whether two texts say about the same: most words of the shorter
// one occur in the other.
func similar(a, b string) bool {
	words := func(s string) map[string]bool {
		m := map[string]bool{}
		for w := range strings.FieldsFuncSeq(rem.FoldASCII(s), func(r rune) bool { return r <= ' ' || strings.ContainsRune(".,;:!?()[]{}<>\"'*_=-#|>\u00a0\u200c", r) }) {
			if len(w) >= 3 && !strings.Contains(w, "/") && len(m) < 100000 {
				m[w] = true
			}
		}
		return m
	}
	x, y := words(a), words(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return len(y) < 10
	}
	common := 0
	for w := range x {
		if y[w] {
			common++
		}
	}
	return common*2 >= len(x) && len(y) <= 4*len(x)+20
}

// look reads an attachment through: its size, digest, and what it is.
func (r *reader) look(a *Attachment) error {
	p := r.d.parts[a.Path]
	a.Type, a.Label = a.Declared, label(a.Declared)
	if a.Message != nil || p.Type.Is("message/rfc822") {
		a.Type, a.Label = "message/rfc822", label("message/rfc822")
	}
	if r.o.Quick {
		return nil
	}
	add := func(kind, detail string) { a.Findings = append(a.Findings, contentFinding(kind, detail, a.Path)) }
	d := p.Decode(r.m.Source)
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(d, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	head = head[:n]
	kind := archive.Sniff(head)
	search := &searcher{kind: kind}
	h := sha256.New()
	to := io.MultiWriter(h, search)
	_, _ = to.Write(head)
	rest, err := io.Copy(to, d)
	if err != nil {
		return err
	}
	a.Size = int64(n) + rest
	h.Sum(a.Digest[:0])
	if d.Odd() {
		add("odd", "")
	}
	if a.Type == "message/rfc822" {
		return nil
	}
	if err := r.container(a, p, kind, add); err != nil {
		return err
	}
	if a.Package != nil {
		kind = eyp.MediaType
	}
	kind = refine(kind, search.found, a.Archive)
	for _, g := range signs {
		if search.found[g.kind] {
			if _, ok := contentTexts[g.kind]; ok {
				add(g.kind, "")
				search.found[g.kind] = false
			}
		}
	}
	a.Type = kind
	if kind == "application/octet-stream" || kind == "text/plain" && strings.HasPrefix(a.Declared, "text/") {
		a.Type = a.Declared
		if archive.Program("", kind) {
			a.Type = kind
		}
	}
	a.Label = label(a.Type)
	switch {
	case archive.Program(a.Name, kind) || kind == "application/java-archive" || kind == "application/vnd.android.package-archive":
		add("program", a.Name)
	case kind == "text/html" && !a.Inline:
		add("page", "")
	}
	if differs(kind, a.Declared, a.Name) {
		add("differs", a.Declared+", "+a.Name+" → "+kind)
	}
	return nil
}

// holds reports whether content of this type holds other files.
func holds(kind string) bool {
	switch kind {
	case "application/zip", "application/gzip", "application/x-bzip2", "application/x-tar", "application/x-xz", "application/x-7z-compressed", "application/vnd.rar",
		"application/vnd.ms-cab-compressed", "application/zstd", "application/lzip", "application/x-arj", "application/x-iso9660-image":
		return true
	}
	return false
}

// container looks into an attachment that holds others.
func (r *reader) container(a *Attachment, p *mime.Part, kind string, add func(kind, detail string)) error {
	if !holds(kind) {
		return nil
	}
	if a.Size > r.o.Limits.Look {
		add("unlooked", "")
		return nil
	}
	at, err := contentAt(r.m.Source, p, a.Size)
	if errors.Is(err, errIrregular) {
		add("unlooked", "")
		return nil
	}
	if err != nil {
		return err
	}
	report, err := archive.Inspect(at, a.Size, r.o.Limits.Archive)
	if errors.Is(err, errIrregular) {
		add("unlooked", "")
		return nil
	}
	if err != nil {
		return err
	}
	a.Archive = report
	for _, f := range report.Findings {
		w := Warning
		switch f.Kind {
		case archive.Executable, archive.Macro, archive.TooDense, archive.Overlap, archive.TwoReadings, archive.NameOutside:
			w = Danger
		}
		a.Findings = append(a.Findings, Finding{Kind: "archive/" + string(f.Kind), Weight: w, Text: f.Text(), Detail: f.Name, Path: a.Path})
	}
	if kind == "application/zip" && (eyp.Looks(report.Entries) || archive.Ending(a.Name) == "eyp" || a.Declared == eyp.MediaType) {
		pkg, err := eyp.Read(at, a.Size, eyp.Options{Archive: r.o.Limits.Archive})
		switch {
		case err == nil:
			a.Package = pkg
			for _, f := range pkg.Findings {
				a.Findings = append(a.Findings, Finding{Kind: "eyp/" + f.Kind, Weight: Warning, Text: f.Text, Detail: oneLine(f.Path, 200), Path: a.Path})
			}
		case errors.Is(err, eyp.ErrForm), errors.Is(err, archive.ErrForm), errors.Is(err, archive.ErrLimit):
			add("bad-package", "")
		default:
			return err
		}
	}
	return nil
}
