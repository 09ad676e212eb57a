package webmail

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"rem"
	"rem/edge/web"
	"rem/mail/eyp"
	"rem/mail/html"
	"rem/mail/mime"
	"rem/mail/reading"
	"rem/message"
	"rem/message/mailbox"
)

// Bounds of what a page shows of a message; the file has all.
const (
	// maxPicture and maxPictures are octets of one inline picture and of all of
	// them: they go into the document itself, since its frame is of no origin and
	// sends no cookie.
	maxPicture, maxPictures = 4 << 20, 12 << 20
	// maxEntries are the lines of an archive's contents.
	maxEntries = 100
)

// pictureMark stands for a picture by the path of its part, until the picture
// itself takes its place.
const pictureMark = "/inline-picture/"

// documentView is what a message says, as the page shows it.
type documentView struct {
	Tabs        []tab
	Plain       bool // the plain view was chosen
	Sandbox     string
	Sections    []sectionView
	Findings    []findingView
	Says        []web.Fact // what the message itself says, where the journal does not
	Attachments []attachmentView
	// Broken: it cannot be read as mail; its source can be.
	Broken bool
}

type tab struct {
	Name rem.Text
	Path string
	Here bool
}

type sectionView struct {
	Frame     string // the address of its frame; "" shows Text
	Text      string
	Made, Cut bool
	Number    int
}

type findingView struct {
	Tone   web.Tone
	Word   rem.Text
	Text   rem.Text
	Detail string
}

type attachmentView struct {
	Name     string
	Path     string // where it is downloaded; "" where it is not
	Facts    []web.Fact
	Findings []findingView
	Risky    bool
	Entries  *web.Table
	Package  *packageView
	Message  []web.Fact
}

// packageView is an e-Yazışma package.
type packageView struct {
	Facts      []web.Fact
	Letter     []web.Fact
	Listed     *web.Table
	Signatures *web.Table
	Findings   []findingView
	Unverified []rem.Text
}

func weighed(w reading.Weight, t rem.Text, detail string) findingView {
	f := findingView{Tone: web.Info, Word: text("Bilgi", "Note"), Text: t, Detail: shown(detail)}
	switch w {
	case reading.Warning:
		f.Tone, f.Word = web.Attention, text("Dikkat", "Look twice")
	case reading.Danger:
		f.Tone, f.Word = web.Bad, text("Tehlike", "Danger")
	}
	return f
}

func found(all []reading.Finding) (list []findingView) {
	for _, f := range all {
		list = append(list, weighed(f.Weight, f.Text, f.Detail))
	}
	return list
}

// read reads a message for a page, with the marks of its pictures.
func (p *pages) read(v *visit, c message.Content, quick bool) (*reading.Document, error) {
	return reading.Read(c, reading.Options{
		HTML: html.Options{Links: true, Language: string(v.Language)}, Quick: quick,
		Picture: func(part string) string { return pictureMark + part },
	})
}

// odd reports whether the message itself is why it cannot be read.
func odd(err error) bool { return errors.Is(err, mime.ErrSyntax) || errors.Is(err, mime.ErrLimit) }

func (p *pages) document(v *visit, r *mailbox.Row, c message.Content) (*documentView, error) {
	doc, err := p.read(v, c, false)
	if odd(err) {
		return &documentView{Broken: true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s for a page: %w", r.Message, err)
	}
	d := &documentView{Sandbox: html.FrameSandbox, Findings: found(doc.Findings)}
	if doc.Difference != "" {
		d.Findings = append(d.Findings, weighed(reading.Danger, text("Bu ileti, programdan programa farklı okunacak biçimde yazılmış. İmzalı aslına ve kaynağına bakın.", "This message is written so that programs read it differently. Look at its signed original and its source."), doc.Difference))
	}
	base := itemPath(r.ID)
	formed := false
	for i := range doc.Sections {
		formed = formed || doc.Sections[i].HTML != nil
	}
	d.Plain = !formed || v.Query("view") == "plain"
	if formed {
		d.Tabs = []tab{{text("Biçimli", "With form"), base, !d.Plain}, {text("Düz metin", "Plain text"), base + "?view=plain", d.Plain}}
	}
	for i := range doc.Sections {
		s := &doc.Sections[i]
		x := sectionView{Text: visible(s.Plain), Made: s.Made && formed, Cut: s.Cut, Number: i + 1}
		if s.HTML != nil && !d.Plain {
			x.Frame = fmt.Sprintf("%s/text/%d", base, i+1)
		}
		d.Sections = append(d.Sections, x)
	}
	if h := &doc.Head; !h.Date.IsZero() {
		d.Says = append(d.Says, timeFact(text("Yazanın tarihi", "Date by its writer"), h.Date))
	}
	for _, m := range doc.Head.ReplyTo {
		d.Says = append(d.Says, web.Fact{Term: text("Yanıt adresi", "Reply to"), Value: web.Cell{Text: mailboxName(m)}})
	}
	for i := range doc.Attachments {
		a, err := p.attachmentView(v, r, doc, &doc.Attachments[i])
		if err != nil {
			return nil, err
		}
		d.Attachments = append(d.Attachments, a)
	}
	return d, nil
}

func mailboxName(m mime.Mailbox) string {
	if m.Name == "" {
		return shown(m.Address)
	}
	return shown(m.Name) + " <" + shown(m.Address) + ">"
}

// attachmentView shows a file by what it is, not by what it says it is.
func (p *pages) attachmentView(v *visit, r *mailbox.Row, doc *reading.Document, a *reading.Attachment) (attachmentView, error) {
	x := attachmentView{Name: shown(a.Name), Path: itemPath(r.ID) + "/file/" + a.Path, Findings: found(a.Findings), Risky: a.Risky()}
	x.Facts = []web.Fact{
		{Term: text("Türü (içeriğine göre)", "Type (by its content)"), Value: web.Cell{Say: a.Label, Text: typeText(a), Note: same(a.Type)}},
		{Term: text("Boyut", "Size"), Value: web.Cell{Say: octets(a.Size)}},
	}
	scanned := Scan{Text: text("Bu sayfa açılırken bir tarayıcıya sorulmadı.", "No scanner was asked when this page was opened.")}
	if p.Scan != nil {
		part, err := doc.Open(a.Path)
		if err != nil {
			return x, err
		}
		if scanned, err = p.Scan(v.Context(), part); err != nil {
			return x, fmt.Errorf("scanning an attachment: %w", err)
		}
	}
	says := web.Cell{Say: scanned.Text}
	if scanned.Known {
		says.Badge, says.Tone = true, web.Good
		if !scanned.Clean {
			says.Tone, x.Risky = web.Bad, true
		}
	}
	x.Facts = append(x.Facts, web.Fact{Term: text("Tarama", "Scan"), Value: says}, web.Fact{Term: same("SHA-256"), Value: web.Cell{Text: a.Digest.String(), Code: true}})
	if a.Archive != nil && a.Package == nil && len(a.Archive.Entries) > 0 {
		t := web.Table{Caption: text("İçindekiler", "What is in it"), Columns: []web.Column{{Head: text("Ad", "Name")}, {Head: text("Tür", "Type")}, {Head: text("Boyut", "Size"), Right: true}}}
		for i := range a.Archive.Entries {
			e := &a.Archive.Entries[i]
			if len(t.Rows) == maxEntries {
				t.Rows = append(t.Rows, []web.Cell{{Say: text("… ve daha fazlası", "… and more")}, {}, {}})
				break
			}
			size := web.Cell{}
			if e.Size >= 0 && !e.Dir {
				size.Say = octets(e.Size)
			}
			t.Rows = append(t.Rows, []web.Cell{{Text: shown(e.Name)}, {Text: e.Type}, size})
		}
		x.Entries = &t
	}
	if a.Package != nil {
		x.Package = packageOf(a.Package)
	}
	if h := a.Message; h != nil {
		if h.From != nil {
			x.Message = append(x.Message, web.Fact{Term: text("Gönderen (iletinin sözü)", "From (by the message)"), Value: web.Cell{Text: mailboxName(*h.From)}})
		}
		for _, to := range h.To {
			x.Message = append(x.Message, web.Fact{Term: text("Alıcı", "To"), Value: web.Cell{Text: mailboxName(to)}})
		}
		x.Message = append(x.Message, web.Fact{Term: text("Konu", "Subject"), Value: web.Cell{Text: shown(h.Subject)}})
		if !h.Date.IsZero() {
			x.Message = append(x.Message, timeFact(text("Tarih", "Date"), h.Date))
		}
	}
	return x, nil
}

func typeText(a *reading.Attachment) string {
	if a.Label == (rem.Text{}) {
		return a.Type
	}
	return ""
}

var sums = map[eyp.Sum]web.Cell{
	eyp.NotSummed:  {Say: text("özeti yok", "has no digest")},
	eyp.SumAgrees:  badge(text("özeti tutuyor", "digest holds"), web.Good),
	eyp.SumDiffers: badge(text("özeti tutmuyor", "digest differs"), web.Bad),
	eyp.SumUnknown: badge(text("özeti denetlenemedi", "digest not checked"), web.Attention),
}

var states = map[eyp.State]web.Cell{
	eyp.Verified: badge(text("imza değeri tutuyor", "the value holds"), web.Good),
	eyp.Broken:   badge(text("imza tutmuyor", "does not hold"), web.Bad),
	eyp.Present:  badge(text("burada doğrulanmayan biçimde", "of a form not verified here"), web.Attention),
}

func parties(term rem.Text, all []eyp.Party) (list []web.Fact) {
	for _, x := range all {
		list = append(list, web.Fact{Term: term, Value: web.Cell{Text: shown(strings.TrimSpace(x.Name + " " + x.ID)), Note: x.Kind}, Help: x.Role})
	}
	return list
}

func packageOf(k *eyp.Package) *packageView {
	m := &k.Metadata
	d := &packageView{Unverified: k.Unverified}
	date := same(shown(m.Date))
	if !m.Time.IsZero() {
		date = text(web.Day(m.Time, "tr"), web.Day(m.Time, "en"))
	}
	d.Facts = []web.Fact{
		{Term: text("Konu", "Subject"), Value: web.Cell{Text: shown(m.Subject)}}, {Term: text("Belge no", "Document number"), Value: web.Cell{Text: shown(m.Number)}},
		{Term: text("Tarih", "Date"), Value: web.Cell{Say: date}}, {Term: text("Gizlilik", "Classification"), Value: web.Cell{Say: m.SecurityText()}},
	}
	d.Facts = append(d.Facts, parties(text("Oluşturan", "From"), m.From)...)
	d.Facts = append(d.Facts, parties(text("Dağıtım", "To"), m.To)...)
	for _, x := range m.References {
		d.Facts = append(d.Facts, web.Fact{Term: text("İlgi", "Refers to"), Value: web.Cell{Text: shown(strings.TrimSpace(x.Label + " " + x.Number + " " + x.Name))}})
	}
	if k.Letter != nil {
		d.Letter = []web.Fact{
			{Term: text("Üst yazı", "Letter"), Value: web.Cell{Text: shown(k.Letter.Name), Note: same(k.Letter.Type)}},
			{Term: text("Bütünlük", "Integrity"), Value: sums[k.Letter.Sum]},
			{Term: text("Boyut", "Size"), Value: web.Cell{Say: octets(k.Letter.Size)}},
		}
	}
	if len(m.Attachments)+len(k.Others) > 0 {
		t := web.Table{Caption: text("Paketin parçaları", "Parts of the package"), Columns: []web.Column{{Head: text("Ad", "Name")}, {Head: text("Boyut", "Size"), Right: true}, {Head: text("Bütünlük", "Integrity")}}}
		for i := range k.Others {
			o := &k.Others[i]
			t.Rows = append(t.Rows, []web.Cell{{Text: shown(o.Name), Note: same(o.Type)}, {Say: octets(o.Size)}, sums[o.Sum]})
		}
		for _, a := range m.Attachments {
			if a.Part == "" {
				t.Rows = append(t.Rows, []web.Cell{{Text: shown(a.Name), Note: text("pakette değil", "not in the package")}, {}, {}})
			}
		}
		d.Listed = &t
	}
	if len(k.Signatures) > 0 {
		t := web.Table{Caption: text("İmza ve mühürler", "Signatures and seals"), Columns: []web.Column{{Head: text("Tür", "Kind")}, {Head: text("Neyin üzerinde", "Over")}, {Head: text("Sonuç", "Result")}, {Head: text("İmzalayan", "Signer")}}}
		for i := range k.Signatures {
			s := &k.Signatures[i]
			result := states[s.State]
			if s.State != eyp.Verified && s.Reason != "" {
				result.Note = same(shown(s.Reason))
			}
			who := web.Cell{}
			if s.Signed != nil && s.Signed.Certificate != nil {
				who = web.Cell{Text: shown(s.Signed.Certificate.Subject.String()), Note: text("sertifikasına güven burada yargılanmadı", "trust in the certificate was not judged here")}
			}
			t.Rows = append(t.Rows, []web.Cell{{Say: s.Kind}, {Text: shown(s.Over)}, result, who})
		}
		d.Signatures = &t
	}
	for _, f := range k.Findings {
		d.Findings = append(d.Findings, weighed(reading.Warning, f.Text, f.Path))
	}
	return d
}

// frame gives one text of a message, made safe, for its frame.
func (p *pages) frame(v *visit) (web.Answer, error) {
	_, c, err := p.content(v)
	if err != nil {
		return nil, err
	}
	defer closeContent(c)
	doc, err := p.read(v, c, true)
	if odd(err) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	n := 0
	if _, err := fmt.Sscanf(v.Var("section"), "%d", &n); err != nil || n < 1 || n > len(doc.Sections) || doc.Sections[n-1].HTML == nil {
		return nil, web.ErrNotFound
	}
	page, err := pictured(doc, doc.Sections[n-1].HTML.Document)
	if err != nil {
		return nil, err
	}
	return web.Framed{Document: page, Policy: html.FrameCSP}, nil
}

// pictured puts inline pictures into a document, each in the place of its mark. A
// mark is a whole attribute with its quotes, which no text can write: Safe escapes
// them.
func pictured(doc *reading.Document, page string) (string, error) {
	left := int64(maxPictures)
	for i := range doc.Attachments {
		a := &doc.Attachments[i]
		mark := `src="` + pictureMark + a.Path + `"`
		if !strings.Contains(page, mark) {
			continue
		}
		part, err := doc.Open(a.Path)
		if err != nil {
			return "", err
		}
		b, err := io.ReadAll(io.LimitReader(part, maxPicture+1))
		if err != nil {
			return "", err
		}
		uri := ""
		if kind := pictureType(b); kind != "" && len(b) <= maxPicture && int64(len(b))*int64(max(1, strings.Count(page, mark))) <= left {
			left -= int64(len(b)) * int64(strings.Count(page, mark))
			uri = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b)
		}
		page = strings.ReplaceAll(page, mark, `src="`+uri+`"`)
	}
	return page, nil
}

// pictureType is the type of a picture that a browser shows and that is only one;
// "" for everything else.
func pictureType(b []byte) string {
	s := string(b[:min(len(b), 16)])
	switch {
	case strings.HasPrefix(s, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case strings.HasPrefix(s, "\xff\xd8\xff"):
		return "image/jpeg"
	case strings.HasPrefix(s, "GIF87a"), strings.HasPrefix(s, "GIF89a"):
		return "image/gif"
	case len(s) >= 12 && s[:4] == "RIFF" && s[8:12] == "WEBP":
		return "image/webp"
	}
	return ""
}

// attachment gives a file of a message: always as a download, in a sandbox, of a
// type that no browser opens by itself.
func (p *pages) attachment(v *visit) (web.Answer, error) {
	_, c, err := p.content(v)
	if err != nil {
		return nil, err
	}
	doc, err := p.read(v, c, false)
	if odd(err) {
		err = web.ErrNotFound
	}
	var a *reading.Attachment
	if err == nil {
		if a = doc.Attachment(v.Var("part")); a == nil {
			err = web.ErrNotFound
		}
	}
	if err != nil {
		closeContent(c)
		return nil, err
	}
	part, err := doc.Open(a.Path)
	if err != nil {
		closeContent(c)
		return nil, err
	}
	return web.Stream{Name: a.Name, Type: "application/octet-stream", Size: a.Size, ReadCloser: &opened{part, c}}, nil
}

// visible keeps lines as they are and shows everything else that cannot be seen as
// a sign for it.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r':
			return -1
		case !unicode.IsPrint(c):
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
