package webmail

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rem"
	"rem/edge/web"
	"rem/mail/archive"
	safe "rem/mail/html"
	"rem/message/mailbox"
	"rem/person/account"
)

// istanbul is where people's days and clocks are; UTC+3 all year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// composePath is the page of a draft.
func composePath(id mailbox.DraftID) string { return "/mail/compose/" + string(id) }

// composeRoutes are those of the writing side.
func (p *pages) composeRoutes() []web.Route {
	long := func(r web.Route, body int64) web.Route {
		r.MaxValue, r.MaxBody = mailbox.MaxText, body
		return r
	}
	// A form with files has all of them at once, beside the text.
	whole := p.limit() + 4*mailbox.MaxText
	return []web.Route{
		p.get("compose", "/mail/compose", p.compose), p.get("draft", "/mail/compose/{draft}", p.draft),
		long(p.post("save draft", "/mail/compose/{draft}", p.saveDraft), whole),
		long(p.post("keep draft", "/mail/compose/{draft}/keep", p.keepDraft), 6*mailbox.MaxText),
		long(p.post("attach", "/mail/compose/{draft}/file", p.attachFiles), whole),
		p.get("draft file", "/mail/compose/{draft}/file/{file}", p.draftFile),
		p.get("unsigned", "/mail/compose/{draft}/unsigned", p.unsigned),
		p.post("hand over", "/mail/compose/{draft}/hand", p.handOver), p.post("take back", "/mail/compose/{draft}/back", p.takeBack),
		p.get("dropping draft", "/mail/compose/{draft}/drop", p.dropping), p.post("drop draft", "/mail/compose/{draft}/drop", p.dropDraft),
		p.post("check recipients", "/mail/recipients", p.checkRecipients),
		p.get("to sign", "/mail/to-sign", p.toSign),
	}
}

// limit is how large a signed package may be here, in octets.
func (p *pages) limit() int64 {
	if p.MaxPackage > 0 {
		return p.MaxPackage
	}
	return 25 << 20 // the practice's default
}

// writes reports whether the visitor may write on the account.
func (v *visit) writes() bool { return v.may&(account.Sending|account.Preparing) != 0 }

// random names something of ours.
func random() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// A writing is the page on which a draft is written.
type writing struct {
	Draft    mailbox.Draft
	Path     string
	Form     *web.Form
	HTML     template.HTML // of the draft; made safe by the box
	Script   string        // JSON for compose.js
	Files    []draftFile
	Meter    meter
	Subject  web.Field
	To, Cc   web.Field
	Text     web.Field
	File     web.Field
	Day      string
	Hour     string
	Insert   []web.Choice // templates and signatures
	Conflict *conflict
	Why      *rem.Text
	Saved    time.Time
	Last     string // the last day that can be chosen
	Contacts []suggested
}

type draftFile struct {
	ID, Name, Type string
	Kind           rem.Text
	Size           rem.Text
	Path           string
}

type conflict struct {
	Subject, Text string
	To            string
	Saved         time.Time
}

// A meter is how full the signed package is.
type meter struct {
	Size, Limit int64
	Says        rem.Text
	Over        bool
	Percent     int
}

func (p *pages) meterOf(size int64, domains []string) meter {
	m := meter{Size: size, Limit: p.limit()}
	at := ""
	for _, d := range domains {
		if p.PeerLimit == nil {
			break
		}
		if n := p.PeerLimit(d); n > 0 && n < m.Limit {
			m.Limit, at = n, d
		}
	}
	m.Over, m.Percent = size > m.Limit, int(min(100, size*100/m.Limit))
	has, of := octets(size), octets(m.Limit)
	m.Says = text("İmzalı paket yaklaşık "+has.Turkish+"; sınır "+of.Turkish+".", "The signed package has about "+has.English+" of "+of.English+".")
	if at != "" {
		m.Says.Turkish += " Sınırı koyan alıcı sağlayıcı: " + at + "."
		m.Says.English += " The limit is that of the recipients' provider " + at + "."
	}
	if m.Over {
		m.Says.Turkish += " Bu hâliyle gönderilemez; ek çıkarın ya da iletiyi bölün."
		m.Says.English += " It cannot be sent so; remove an attachment or send two messages."
	}
	return m
}

// compose begins a draft: empty, from a template, or an answer to a message. It keeps
// nothing until the draft is saved.
func (p *pages) compose(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	d := mailbox.Draft{ID: mailbox.DraftID(random()), Step: mailbox.Writing}
	if item := v.Query("item"); item != "" {
		if err := p.answerTo(v, &d, item, v.Query("how")); err != nil {
			return nil, err
		}
	}
	return p.writingPage(v, writing{Draft: d, Form: web.NewForm(nil)})
}

// draft shows a draft: to be written, or what became of it on its way.
func (p *pages) draft(v *visit) (web.Answer, error) {
	d, err := p.Box.Draft(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	switch d.Step {
	case mailbox.ToSign, mailbox.Scheduled, mailbox.Sending:
		return p.onItsWay(v, &d)
	}
	w := writing{Draft: d, Form: web.NewForm(nil)}
	if d.Step == mailbox.Stopped {
		w.Why = &d.Why
	}
	return p.writingPage(v, w)
}

// writingPage shows a draft as it is, or as it was just typed.
func (p *pages) writingPage(v *visit, w writing) (web.Answer, error) {
	d := &w.Draft
	w.Path, w.Saved = composePath(d.ID), d.Saved
	// The box kept what mail/html wrote; it is written once more, whoever kept it.
	w.HTML = template.HTML(safe.ForCompose(d.HTML, safe.Options{}).HTML)
	w.To = w.Form.Field(web.Field{Name: "to", Type: web.TextInput, Label: text("Kime", "To"), Value: strings.Join(d.To, ", "), Help: text("KEP adresleri, virgülle ayrılır. Kişi ve grup adı da yazabilirsiniz.", "Registered addresses, separated by commas. Names of your contacts and groups will do.")})
	w.Cc = w.Form.Field(web.Field{Name: "cc", Type: web.TextInput, Optional: true, Label: text("Bilgi", "Cc"), Value: strings.Join(d.Cc, ", "), Help: text("Gizli alıcı (Bcc) yoktur: herkes delilde görünür.", "There is no Bcc: everybody is named in the evidence.")})
	w.Subject = w.Form.Field(web.Field{Name: "subject", Label: text("Konu", "Subject"), Value: d.Subject, Max: mailbox.MaxSubject})
	w.Text = w.Form.Field(web.Field{Name: "text", Type: web.AreaInput, Optional: true, Label: text("Metin", "Text"), Value: d.Text})
	w.File = w.Form.Field(web.Field{Name: "file", Type: web.FileInput, Optional: true, Multiple: true, Label: text("Ek ekle", "Attach files"), Help: text("Bir seferde en çok 10 dosya; türü içeriğinden belirlenir.", "At most 10 at once; the type is told from the content.")})
	w.Last = v.Now().Add(mailbox.MaxAhead).In(istanbul).Format(time.DateOnly)
	if !d.SendAt.IsZero() && d.Step == mailbox.Writing {
		at := d.SendAt.In(istanbul)
		w.Day, w.Hour = at.Format(time.DateOnly), at.Format("15:04")
	}
	if w.Form.Has("day") {
		w.Day, w.Hour = w.Form.Get("day"), w.Form.Get("hour")
	}
	for _, f := range d.Files {
		w.Files = append(w.Files, fileOf(d.ID, f))
	}
	size, err := p.Box.Measure(v.Context(), v.who, *d)
	if err != nil {
		return nil, err
	}
	w.Meter = p.meterOf(size, domains(d))
	if err := p.keepsakesFor(v, &w); err != nil {
		return nil, err
	}
	if w.Script, err = p.composeScript(v, &w); err != nil {
		return nil, err
	}
	title := text("Yeni ileti", "New message")
	if d.Version > 0 {
		title = text("Taslak", "Draft")
	}
	page := web.Page{View: p.views.Page("compose"), Title: title, Data: w, Form: w.Form, Script: web.Compose, Wide: true}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	if w.Why != nil {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Bad, Title: text("Bu ileti gönderilemedi.", "This message could not be sent."), Text: *w.Why})
	}
	if w.Conflict != nil {
		page.Status = 409
		page.Notices = append(page.Notices, web.Notice{Tone: web.Attention, Title: text("Taslak bu arada değiştirildi.", "The draft was changed meanwhile."),
			Text: text("Aşağıda sizin yazdığınız var; öteki hâli en altta. Yeniden kaydederseniz sizinki geçerli olur.", "Below is what you wrote; the other version is at the end. Saving again keeps yours.")})
	}
	return page, nil
}

func fileOf(id mailbox.DraftID, f mailbox.File) draftFile {
	return draftFile{ID: f.ID, Name: shown(f.Name), Type: f.Type, Kind: kindOf(f), Size: octets(f.Size), Path: composePath(id) + "/file/" + f.ID}
}

// kindOf says where a file is not what its name says.
func kindOf(f mailbox.File) rem.Text {
	if archive.Program(f.Name, f.Type) {
		return text("program: alıcının sağlayıcısı reddedebilir", "a program: the recipient's provider may refuse it")
	}
	return same(f.Type)
}

// composeScript is what compose.js is told.
func (p *pages) composeScript(v *visit, w *writing) (string, error) {
	texts := map[string]string{}
	for name, t := range composeSaid {
		texts[name] = v.Say(t)
	}
	known := w.Contacts
	if known == nil {
		known = []suggested{}
	}
	b, err := json.Marshal(map[string]any{
		"keep": v.Link(w.Path + "/keep"), "file": v.Link(w.Path + "/file"), "page": v.Link(w.Path), "check": v.Link("/mail/recipients"),
		"version": w.Draft.Version, "rich": w.Draft.HTML != "" || w.Draft.Text == "", "texts": texts, "contacts": known,
	})
	return string(b), err
}

// composeSaid are the sentences of compose.js.
var composeSaid = map[string]rem.Text{
	"saving":   text("Kaydediliyor…", "Saving…"),
	"saved":    text("Taslak kaydedildi:", "Draft saved:"),
	"unsaved":  text("Taslak kaydedilemedi; bağlantınızı ve oturumunuzu denetleyin. Yazdıklarınız bu sayfada duruyor.", "The draft could not be saved; look at your connection and session. What you wrote is still on this page."),
	"conflict": text("Taslak başka bir yerde değiştirildi. Kendiliğinden kaydetme durdu.", "The draft was changed elsewhere. It is no longer saved by itself."),
	"mine":     text("Benimkini koru", "Keep mine"),
	"theirs":   text("Ötekini göster", "Show the other"),
	"sending":  text("Ekleniyor:", "Attaching:"),
	"attached": text("Eklendi:", "Attached:"),
	"failed":   text("Dosya eklenemedi:", "The file could not be attached:"),
	"remove":   text("Çıkar", "Remove"),
	"link":     text("Bağlantının adresi (https://…)", "Address of the link (https://…)"),
	"checking": text("Alıcılar denetleniyor…", "Checking the recipients…"),
}

// typed reads the addresses of a field: separated by commas, semicolons or lines,
// which within quotation marks and angles are part of a name.
func typed(s string) (list []string) {
	var b strings.Builder
	quoted, angle := false, false
	end := func() {
		if t := strings.Join(strings.Fields(b.String()), " "); t != "" {
			list = append(list, t)
		}
		b.Reset()
	}
	for _, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			angle = true
		case c == '>' && !quoted:
			angle = false
		case c == '\n', (c == ',' || c == ';') && !quoted && !angle:
			end()
			quoted, angle = false, false
			continue
		}
		b.WriteRune(c)
	}
	end()
	return list
}

// fill puts what was sent into a draft.
func fill(v *visit, f *web.Form, d *mailbox.Draft) {
	d.To, d.Cc = typed(f.Get("to")), typed(f.Get("cc"))
	d.Subject = strings.Join(strings.Fields(f.Get("subject")), " ")
	d.SendAt = time.Time{}
	if day := f.Get("day"); day != "" {
		hour := f.Get("hour")
		if hour == "" {
			hour = "09:00"
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", day+" "+hour, istanbul)
		switch now := v.Now(); {
		case err != nil:
			f.Fail("day", text("Gönderim günü ya da saati okunamadı.", "The day or hour of sending cannot be read."))
		case at.Before(now):
			f.Fail("day", text("Gönderim zamanı geçmişte.", "The time of sending is in the past."))
		case at.After(now.Add(mailbox.MaxAhead)):
			f.Fail("day", text("Gönderim zamanı en çok 30 gün sonrası olabilir.", "It can be sent at most 30 days from now."))
		default:
			d.SendAt = at.UTC()
		}
	}
	// Formatted text counts where a script wrote it. Without one, formatting stays as
	// long as nobody touches the text.
	plain := f.Get("text")
	switch {
	case f.Get("rich") == "yes":
		d.HTML, d.Text = f.Get("html"), ""
	case strings.TrimSpace(plain) != strings.TrimSpace(d.Text):
		d.HTML, d.Text = "", plain
	}
}

// whole says whether a draft is within its bounds, on its fields.
func whole(f *web.Form, d *mailbox.Draft) {
	if len(d.To)+len(d.Cc) > mailbox.MaxRecipients {
		f.Fail("to", text("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed."))
	}
	if utf8.RuneCountInString(d.Subject) > mailbox.MaxSubject {
		f.Fail("subject", text("Konu çok uzun.", "The subject is too long."))
	}
}

func versionOf(f *web.Form) (int64, error) {
	n, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || n < 0 {
		return 0, web.ErrForm
	}
	return n, nil
}

// put saves a draft: a new one when version is 0.
func (p *pages) put(v *visit, id mailbox.DraftID, version int64, change func(*mailbox.Draft) error) (mailbox.Draft, error) {
	if version > 0 {
		return p.Box.Edit(v.Context(), v.who, id, version, change)
	}
	d := mailbox.Draft{ID: id, Step: mailbox.Writing}
	err := change(&d)
	if err != nil {
		d.Files = nil
		return d, err
	}
	_, err = p.Box.Save(v.Context(), v.who, d)
	if errors.Is(err, mailbox.ErrChanged) {
		now, readErr := p.Box.Draft(v.Context(), v.who, id)
		return now, errors.Join(err, readErr)
	}
	if err != nil {
		d.Files = nil
		return d, err
	}
	return p.Box.Draft(v.Context(), v.who, id)
}

// saveDraft takes the whole form: text, new files, and what is to be done.
func (p *pages) saveDraft(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	id := mailbox.DraftID(v.Var("draft"))
	if !isName(string(id)) {
		return nil, web.ErrNotFound
	}
	var files []mailbox.File
	f, err := v.Upload(func(_ *web.Form, part web.File) error {
		kept, err := p.attach(v, id, part)
		if err == nil {
			files = append(files, kept)
		}
		return err
	})
	if err != nil {
		p.detach(v, id, &mailbox.Draft{}, files)
		return nil, err
	}
	version, err := versionOf(f)
	if err != nil {
		return nil, err
	}
	do := f.Get("do")
	removed, _ := strings.CutPrefix(do, "remove ")
	d, err := p.put(v, id, version, func(d *mailbox.Draft) error {
		fill(v, f, d)
		if err := p.answering(v, f, d); err != nil {
			return err
		}
		if err := p.expand(v, d); err != nil {
			return err
		}
		for _, x := range d.Files {
			if x.ID != removed {
				files = append(files, x)
			}
		}
		d.Files = ordered(d.Files, files)
		whole(f, d)
		return p.insert(v, f, d)
	})
	p.detach(v, id, &d, files)
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		// What was typed stays on the page, over the version that is there now.
		mine := d
		fill(v, f, &mine)
		if f.Get("rich") != "yes" {
			mine.HTML, mine.Text = "", f.Get("text")
		}
		return p.writingPage(v, writing{Draft: mine, Form: f, Conflict: &conflict{Subject: d.Subject, Text: d.Text, To: strings.Join(d.To, ", "), Saved: d.Saved}})
	case err != nil:
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.writingPage(v, writing{Draft: d, Form: f})
	case !f.Good():
		return p.writingPage(v, writing{Draft: d, Form: f})
	case do == "review":
		return p.review(v, &d)
	}
	return web.Redirect{To: composePath(id) + "?done=saved"}, nil
}

// detach gives up files that came and that the draft, as it is now, does not name. One
// that cannot be given up now goes with the draft.
func (p *pages) detach(v *visit, id mailbox.DraftID, d *mailbox.Draft, files []mailbox.File) {
	for _, f := range files {
		if !slices.ContainsFunc(d.Files, func(x mailbox.File) bool { return x.ID == f.ID }) {
			_ = p.Box.Detach(v.Context(), v.who, id, f.ID)
		}
	}
}

// ordered keeps files in the order they came, the new ones last.
func ordered(before, now []mailbox.File) (list []mailbox.File) {
	there := map[string]bool{}
	for _, f := range now {
		there[f.ID] = true
	}
	for _, f := range before {
		if there[f.ID] {
			list = append(list, f)
			delete(there, f.ID)
		}
	}
	for _, f := range now {
		if there[f.ID] {
			list = append(list, f)
			delete(there, f.ID)
		}
	}
	return list
}

// attach keeps a file as it comes; memory has its beginning, by which its type is told.
func (p *pages) attach(v *visit, id mailbox.DraftID, part web.File) (mailbox.File, error) {
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(part, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return mailbox.File{}, err
	}
	head = head[:n]
	f := mailbox.File{ID: random(), Name: part.Name, Type: archive.Sniff(head)}
	whole := io.MultiReader(strings.NewReader(string(head)), part)
	f.Size, f.Digest, err = p.Box.Attach(v.Context(), v.who, id, f.ID, whole, p.limit())
	if errors.Is(err, mailbox.ErrTooLarge) {
		return f, rem.Refuse(rem.PolicyViolation, "Dosya, bir iletinin taşıyabileceğinden büyük: "+shown(f.Name), "The file is larger than a message can carry: "+shown(f.Name))
	}
	return f, err
}

// kept is what compose.js is answered.
type keptAnswer struct {
	Version int64      `json:"version"`
	Saved   string     `json:"saved,omitempty"`
	Meter   string     `json:"meter,omitempty"`
	Over    bool       `json:"over,omitempty"`
	Percent int        `json:"percent"`
	Files   []keptFile `json:"files"`
	Other   *keptOther `json:"other,omitempty"`
	Problem string     `json:"problem,omitempty"`
}

type keptFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
	Size string `json:"size"`
	Path string `json:"path"`
}

type keptOther struct {
	Version int64  `json:"version"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Saved   string `json:"saved"`
}

func (p *pages) keptOf(v *visit, d *mailbox.Draft) (keptAnswer, error) {
	size, err := p.Box.Measure(v.Context(), v.who, *d)
	if err != nil {
		return keptAnswer{}, err
	}
	m := p.meterOf(size, domains(d))
	a := keptAnswer{Version: d.Version, Saved: d.Saved.In(istanbul).Format("15:04:05"), Meter: v.Say(m.Says), Over: m.Over, Percent: m.Percent, Files: []keptFile{}}
	for _, f := range d.Files {
		x := fileOf(d.ID, f)
		a.Files = append(a.Files, keptFile{x.ID, x.Name, v.Say(x.Kind), v.Say(x.Size), v.Link(x.Path)})
	}
	return a, nil
}

// scripted answers compose.js: a refusal in words, another version as it is.
func (p *pages) scripted(v *visit, d *mailbox.Draft, err error) (web.Answer, error) {
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		return web.JSON{Status: 409, Value: keptAnswer{Files: []keptFile{}, Other: &keptOther{Version: d.Version, To: strings.Join(d.To, ", "), Subject: d.Subject, Text: d.Text, Saved: d.Saved.In(istanbul).Format("15:04:05")}}}, nil
	case refused:
		return web.JSON{Status: 422, Value: keptAnswer{Files: []keptFile{}, Problem: v.Say(refusal.Detail)}}, nil
	case err != nil:
		return nil, err
	}
	a, err := p.keptOf(v, d)
	if err != nil {
		return nil, err
	}
	return web.JSON{Value: a}, nil
}

// keepDraft saves what is being typed, for compose.js.
func (p *pages) keepDraft(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	version, err := versionOf(f)
	if err != nil {
		return nil, err
	}
	d, err := p.put(v, mailbox.DraftID(v.Var("draft")), version, func(d *mailbox.Draft) error {
		at := d.SendAt
		fill(v, f, d)
		if err := p.answering(v, f, d); err != nil {
			return err
		}
		if !f.Good() {
			d.SendAt = at // a time that is half typed
		}
		if removed := f.Get("remove"); removed != "" {
			var left []mailbox.File
			for _, x := range d.Files {
				if x.ID != removed {
					left = append(left, x)
				}
			}
			d.Files = left
		}
		return nil
	})
	return p.scripted(v, &d, err)
}

// attachFiles takes files alone, for compose.js.
func (p *pages) attachFiles(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	id := mailbox.DraftID(v.Var("draft"))
	if !isName(string(id)) {
		return nil, web.ErrNotFound
	}
	var files []mailbox.File
	f, err := v.Upload(func(_ *web.Form, part web.File) error {
		kept, err := p.attach(v, id, part)
		if err == nil {
			files = append(files, kept)
		}
		return err
	})
	if err != nil {
		p.detach(v, id, &mailbox.Draft{}, files)
		return p.scripted(v, nil, err)
	}
	version, err := versionOf(f)
	if err != nil {
		return nil, err
	}
	d, err := p.put(v, id, version, func(d *mailbox.Draft) error { d.Files = append(d.Files, files...); return nil })
	p.detach(v, id, &d, files)
	return p.scripted(v, &d, err)
}

// draftFile gives an attachment of a draft back to whoever writes it.
func (p *pages) draftFile(v *visit) (web.Answer, error) {
	id := mailbox.DraftID(v.Var("draft"))
	d, err := p.Box.Draft(v.Context(), v.who, id)
	if err != nil {
		return nil, err
	}
	for _, f := range d.Files {
		if f.ID != v.Var("file") {
			continue
		}
		c, err := p.Box.File(v.Context(), v.who, id, f.ID)
		if err != nil {
			return nil, err
		}
		return web.Stream{Name: f.Name, Type: "application/octet-stream", Size: c.Size(), ReadCloser: reader(c)}, nil
	}
	return nil, web.ErrNotFound
}

// unsigned gives the message before its signature.
func (p *pages) unsigned(v *visit) (web.Answer, error) {
	c, err := p.Box.Compose(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	return web.Stream{Name: "imzasiz.eml", Type: "message/rfc822", Size: c.Size(), ReadCloser: reader(c)}, nil
}

// takeBack makes a draft on its way one that is written again.
func (p *pages) takeBack(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	version, err := versionOf(f)
	if err != nil {
		return nil, err
	}
	id := mailbox.DraftID(v.Var("draft"))
	_, err = p.Box.Edit(v.Context(), v.who, id, version, func(*mailbox.Draft) error { return nil })
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		return web.Redirect{To: composePath(id)}, nil // as it is now
	case errors.Is(err, mailbox.ErrNotFound):
		return web.Redirect{To: "/mail/sent"}, nil
	case err != nil:
		return nil, err
	}
	return web.Redirect{To: composePath(id) + "?done=back"}, nil
}

func (p *pages) dropping(v *visit) (web.Answer, error) {
	d, err := p.Box.Draft(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Taslağı sil", "Give the draft up"), Text: text("Taslak ekleriyle birlikte silinir ve geri getirilemez.", "The draft goes with its attachments, and cannot come back."),
		Facts: []web.Fact{{Term: text("Konu", "Subject"), Value: web.Cell{Text: orNone(v, d.Subject)}}},
		Path:  composePath(d.ID) + "/drop", Button: text("Sil", "Delete"), Danger: true, Back: composePath(d.ID),
	}.Page(), nil
}

func (p *pages) dropDraft(v *visit) (web.Answer, error) {
	if err := p.Box.Drop(v.Context(), v.who, mailbox.DraftID(v.Var("draft"))); err != nil {
		return nil, err
	}
	return web.Redirect{To: "/mail/drafts?done=dropped"}, nil
}

// quote writes what a message said before an answer to it.
func quote(from string, at time.Time, body string, v *visit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n\n%s, %s:\n", at.In(istanbul).Format("02.01.2006 15:04"), shown(from))
	lines := strings.Split(strings.TrimRight(body, "\n"), "\n")
	for _, l := range lines {
		b.WriteString(strings.TrimRight("> "+l, " "))
		b.WriteByte('\n')
	}
	return b.String()
}
