package webmail

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/web"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/account"
	"rem/trust/validation"
)

// recent are items that somebody just opened: the mailbox learns of it from the
// journal a moment later, and until then the page does not ask again. Its zero
// value is empty.
type recent struct {
	mu  sync.Mutex
	all map[recently]time.Time // guarded by mu
}

type recently struct {
	account rem.AccountID
	item    mailbox.ItemID
}

// Bounds of what was just opened.
const (
	// recentLife is far longer than the mailbox needs to learn of it.
	recentLife = 10 * time.Minute
	maxRecent  = 10_000
)

func (r *recent) add(k recently, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil || len(r.all) >= maxRecent { // whoever is forgotten is asked once more
		r.all = map[recently]time.Time{}
	}
	r.all[k] = now
}

func (r *recent) has(k recently, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.all[k]
	return ok && now.Sub(at) < recentLife
}

// isOpened reports whether somebody of the account has opened it.
func (p *pages) isOpened(v *visit, r *mailbox.Row) bool {
	if r.Kind != mailbox.Received || !r.Opened.IsZero() {
		return true
	}
	if n := r.Recipient; n > 0 && n <= len(r.Standings) && r.Standings[n-1].State == message.Retrieved {
		return true
	}
	return p.opened.has(recently{v.account.ID, r.ID}, v.Now())
}

// item returns the row that an address names.
func (p *pages) item(v *visit) (mailbox.Row, error) {
	n, err := strconv.ParseInt(v.Var("item"), 10, 64)
	if err != nil || n <= 0 {
		return mailbox.Row{}, web.ErrNotFound
	}
	return p.Box.Row(v.Context(), v.who, mailbox.ItemID(n))
}

// content opens what an address names: never a message that nobody opened before,
// since that takes a form.
func (p *pages) content(v *visit) (mailbox.Row, message.Content, error) {
	row, err := p.item(v)
	if err != nil {
		return row, nil, err
	}
	if row.Kind == mailbox.Drafted || !p.isOpened(v, &row) {
		return row, nil, web.ErrNotFound
	}
	c, err := p.Box.Open(v.Context(), v.who, row.ID)
	return row, c, err
}

// message shows what an item is.
func (p *pages) message(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	switch {
	case row.Kind == mailbox.Drafted:
		return web.Redirect{To: "/mail/compose/" + string(row.Item.Draft)}, nil
	case row.Kind == mailbox.Evidence:
		return p.evidenceItem(v, &row)
	case !p.isOpened(v, &row):
		return p.asking(v, &row)
	}
	return p.reading(v, &row)
}

type askingPage struct {
	Facts []web.Fact
	Path  string
	Back  string
}

// asking says what opening means, before anybody opens.
func (p *pages) asking(v *visit, r *mailbox.Row) (web.Answer, error) {
	names, err := p.people(v)
	if err != nil {
		return nil, err
	}
	name := names[v.who.Actor.Person]
	d := askingPage{Path: itemPath(r.ID) + "/open", Back: folderPath(r.Folder), Facts: []web.Fact{
		{Term: text("Gönderen", "Sender"), Value: web.Cell{Text: partyName(r.Record.Sender)}},
		{Term: text("Konu", "Subject"), Value: web.Cell{Text: orNone(v, r.Record.Subject)}},
		timeFact(text("Kutunuza geldi", "Arrived in your mailbox"), r.At),
		{Term: text("Boyut", "Size"), Value: web.Cell{Say: octets(r.Size)}},
		{Term: text("Açacak kişi", "Who will have opened it"), Value: web.Cell{Text: name}},
	}}
	d.Facts = append(d.Facts, unscanned(r.Record)...)
	page := web.Page{View: p.views.Page("asking"), Title: text("Bu ileti henüz açılmadı", "This message was not opened yet"), Data: d,
		Lead: text("Açarsanız bir okundu delili üretilir. Delil, açan kişi olarak sizi ve açtığınız zamanı gösterir ve gönderene iletilir; geri alınamaz.", "If you open it, evidence of retrieval is made. It shows you as the person who opened it, and the time, and it goes to the sender; it cannot be taken back.")}
	if r.Standings[r.Recipient-1].State == message.NotRetrieved {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Attention, Text: text("Bu ileti süresinde açılmadığı için bir okunmadı delili üretilmişti. Şimdi de açabilirsiniz; o delil değişmez.", "Evidence that it was not opened in time exists already. You may still open it; that evidence stays as it is.")})
	}
	return page, nil
}

// open opens a message for the first time. Its evidence is durable before the
// page that shows it (REQ-68).
func (p *pages) open(v *visit) (web.Answer, error) {
	row, err := p.item(v)
	if err != nil {
		return nil, err
	}
	if row.Kind == mailbox.Received {
		c, err := p.Box.Open(v.Context(), v.who, row.ID)
		if err != nil {
			return nil, err
		}
		closeContent(c)
		p.opened.add(recently{v.account.ID, row.ID}, v.Now())
		if err := p.Box.Flag(v.Context(), v.who, []mailbox.ItemID{row.ID}, mailbox.Seen, 0); err != nil {
			return nil, err
		}
	}
	return web.Redirect{To: itemPath(row.ID)}, nil
}

func closeContent(c message.Content) {
	if x, ok := c.(interface{ Close() error }); ok {
		_ = x.Close() // it was only read
	}
}

func orNone(v *visit, s string) string {
	if s = shown(s); s == "" {
		return v.Say(text("(konu yok)", "(no subject)"))
	}
	return s
}

// timeFact shows a time in Türkiye and in UTC.
func timeFact(term rem.Text, at time.Time) web.Fact {
	_, utc := clock(at)
	return web.Fact{Term: term, Value: web.Cell{Time: at, Note: same(utc)}}
}

// A tale is a message with what its evidence says to this visitor.
type tale struct {
	view  *message.View
	filed []message.Filed // with XML
	*timeline.Message
}

// tale verifies all evidence that the visitor may see, each now and from its bytes
// (REQ-71).
func (p *pages) tale(v *visit, r *mailbox.Row) (*tale, error) {
	view, err := p.Box.Message(v.Context(), v.who, r.Message)
	if err != nil {
		return nil, err
	}
	filed, err := p.Box.EvidenceOf(v.Context(), v.who, r.Message)
	if err != nil {
		return nil, err
	}
	var o timeline.Options
	if p.Verifier != nil {
		if o.Judgements, err = timeline.Judge(v.Context(), p.Verifier, filed); err != nil {
			return nil, err
		}
	}
	if view.Record.Actor.Account != v.account.ID {
		for i := range view.Record.Recipients {
			if view.Record.Recipients[i].Account == v.account.ID {
				o.Only = append(o.Only, i+1)
			}
		}
	}
	return &tale{view, filed, timeline.Of(view, o)}, nil
}

// judged is what verifying gave, as a panel shows it.
type judged struct {
	Name     rem.Text
	For      string // the recipient that it is about, where there are several
	Verdict  web.Cell
	Sentence rem.Text
	Facts    []web.Fact
	Checks   []timeline.Check
	Open     bool
	Path     string // of the evidence's own page
	ID       string
}

func panel(j *timeline.Judgement) judged {
	if j == nil {
		return judged{Verdict: badge(text("doğrulanmadı", "not verified"), web.Plain)}
	}
	d := judged{Verdict: verdictBadge(j.Verdict), Sentence: j.Sentence, Checks: j.Checks, Open: j.Verdict == validation.TotalFailed}
	if j.Signer != "" {
		d.Facts = append(d.Facts, web.Fact{Term: text("İmzalayan sertifika", "Certificate that signed"), Value: web.Cell{Text: shown(j.Signer)}})
	}
	if !j.Proven.IsZero() {
		d.Facts = append(d.Facts, timeFact(text("Kanıtlanan zaman", "Proven time"), j.Proven))
	}
	return d
}

// original names the original message in a report.
const original = "original.eml"

// signature verifies the sender's own signature over the original message.
func (p *pages) signature(ctx context.Context, c message.Content, filed []message.Filed) (judged, bool, error) {
	if p.Verifier == nil {
		return panel(nil), false, nil
	}
	// With its evidence, which names its digest.
	files := []verification.Input{{Name: original, Source: c}}
	for i, f := range filed {
		if !f.Conflict {
			files = append(files, verification.Input{Name: fmt.Sprint(i), Source: mime.Memory(f.XML)})
		}
	}
	r, err := p.Verifier.Verify(ctx, files...)
	if err != nil {
		return judged{}, false, fmt.Errorf("verifying an original: %w", err)
	}
	for _, f := range r.Findings {
		if f.Subject == verification.File && f.Name == original {
			j := &timeline.Judgement{Verdict: f.Verdict, Sub: f.Sub}
			looked(j, f, "")
			d := panel(j)
			d.Name = text("Gönderenin imzası", "The sender's signature")
			d.Sentence = signatureSays(j)
			d.Open = j.Verdict != validation.TotalPassed
			return d, true, nil
		}
	}
	d := panel(nil)
	d.Name = text("Gönderenin imzası", "The sender's signature")
	d.Sentence = text("İletide doğrulanabilecek bir imza bulunamadı.", "No signature that can be verified was found in the message.")
	return d, false, nil
}

// looked takes what was looked at in a finding and its parts, with what it is of.
func looked(j *timeline.Judgement, f *verification.Finding, of verification.Subject) {
	if f.Subject == verification.Signature || f.Subject == verification.Token || f.Subject == verification.Digest {
		of = f.Subject
	}
	for _, x := range f.Facts {
		if of != verification.Signature {
			continue
		}
		switch x.Key {
		case "signer":
			j.Signer = x.Value
		case "proven time":
			if at, err := time.Parse(time.RFC3339Nano, x.Value); err == nil {
				j.Proven = at.UTC()
			}
		}
	}
	for _, c := range f.Checks {
		name, ok := verification.Word(c.Name)
		if !ok {
			name = same(shown(c.Name))
		}
		if subject, ok := verification.Word(string(of)); ok && of != "" {
			name = text(subject.Turkish+": "+name.Turkish, subject.English+": "+name.English)
		}
		j.Checks = append(j.Checks, timeline.Check{Name: name, Passed: c.Passed, Detail: shown(c.Detail)})
	}
	for _, p := range f.Parts {
		looked(j, p, of)
	}
}

func signatureSays(j *timeline.Judgement) rem.Text {
	var t rem.Text
	switch j.Verdict {
	case validation.TotalPassed:
		return text("Geçerli: ileti imzalandığı gibidir; imza, sertifika ve zaman doğrulandı.", "Valid: the message is as it was signed; signature, certificate and time hold.")
	case validation.TotalFailed:
		t = text("Geçersiz: ileti imzalandığı gibi değil ya da imza tutmuyor.", "Not valid: the message is not as it was signed, or the signature does not hold.")
	default:
		t = text("Belirsiz: imzanın geçerli olduğu söylenemez.", "It cannot be said whether the signature is valid.")
	}
	if why, ok := verification.Word(string(j.Sub)); ok && j.Sub != "" {
		t.Turkish += " " + why.Turkish
		t.English += " " + why.English
	}
	return t
}

// line of a recipient: his own timeline.
type recipientView struct {
	Who    string
	Copy   bool
	Stands rem.Text
	Tone   web.Tone
	Events []web.Event
}

func (t *tale) recipients(item mailbox.ItemID) (list []recipientView) {
	for i := range t.Recipients {
		r := &t.Recipients[i]
		x := recipientView{Who: partyText(r.Party), Copy: r.Copy, Stands: r.Stands, Tone: stateTone(r.State)}
		for _, s := range r.Steps {
			e := web.Event{Time: s.Time, Title: s.Place.Name(), Tone: progressTone(s.Progress), State: s.Progress.Name(), Text: s.Sentence}
			if !s.Time.IsZero() {
				_, utc := clock(s.Time)
				e.Facts = append(e.Facts, web.Fact{Term: same("UTC"), Value: web.Cell{Text: strings.TrimSuffix(utc, " UTC")}})
			}
			if !s.Until.IsZero() {
				e.Facts = append(e.Facts, web.Fact{Term: text("En geç", "At the latest"), Value: web.Cell{Time: s.Until}})
			}
			for _, why := range s.Reasons {
				e.Facts = append(e.Facts, web.Fact{Term: text("Gerekçe", "Reason"), Value: web.Cell{Say: why.Text, Text: reasonCode(why)}})
			}
			for j := range s.Evidence {
				e.Facts = append(e.Facts, evidenceFact(item, &s.Evidence[j]))
			}
			x.Events = append(x.Events, e)
		}
		for j := range r.Others {
			o := &r.Others[j]
			x.Events = append(x.Events, web.Event{Time: o.Time, Title: o.Name, Tone: web.Attention, Facts: []web.Fact{evidenceFact(item, o)}})
		}
		list = append(list, x)
	}
	return list
}

func reasonCode(r timeline.Reason) string {
	if r.Text == (rem.Text{}) {
		return shown(string(r.Code))
	}
	return ""
}

func stateTone(s message.State) web.Tone {
	switch mailbox.ProgressOf(s) {
	case mailbox.Delivered, mailbox.Retrieved:
		return web.Good
	case mailbox.Failed:
		return web.Bad
	case mailbox.NotOpened, mailbox.NoAnswer:
		return web.Attention
	}
	return web.Info
}

func partyText(p timeline.Party) string {
	if p.Name == "" {
		return shown(p.Address)
	}
	return shown(p.Name) + " <" + shown(p.Address) + ">"
}

func evidencePath(item mailbox.ItemID, d rem.Digest) string {
	return itemPath(item) + "/evidence/" + d.String()
}

func evidenceFact(item mailbox.ItemID, e *timeline.Evidence) web.Fact {
	c := web.Cell{Say: e.Name, Path: evidencePath(item, e.Digest)}
	if e.Judgement != nil {
		c.Note = verdictNames[e.Judgement.Verdict]
	}
	if e.Conflict {
		c.Note = text("önceki bilgiyle çelişiyor; hesaba katılmadı", "contradicts what was known; it counts for nothing")
	}
	return web.Fact{Term: text("Delil", "Evidence"), Value: c}
}

// panels are those of all evidence, in order of time.
func (t *tale) panels(item mailbox.ItemID) (list []judged) {
	for i := range t.Evidence {
		e := &t.Evidence[i]
		d := panel(e.Judgement)
		d.Name, d.Path, d.ID = e.Name, evidencePath(item, e.Digest), string(e.ID)
		d.Facts = append(t.evidenceFacts(e), d.Facts...)
		if to := t.view.Record.Recipient(e.Recipient); to != nil && len(t.view.Record.Recipients) > 1 {
			d.For = shown(to.Address.String())
		}
		list = append(list, d)
	}
	return list
}

func (t *tale) evidenceFacts(e *timeline.Evidence) []web.Fact {
	list := []web.Fact{timeFact(text("Olayın zamanı", "Time of the event"), e.Time)}
	if to := t.view.Record.Recipient(e.Recipient); to != nil {
		list = append(list, web.Fact{Term: text("Alıcı", "Recipient"), Value: web.Cell{Text: partyName(to.Party)}})
	}
	list = append(list,
		web.Fact{Term: text("Düzenleyen", "Issued by"), Value: web.Cell{Text: shown(e.Issuer)}},
		web.Fact{Term: text("Kod", "Code"), Value: web.Cell{Text: e.Code}},
		web.Fact{Term: text("Kimlik", "Identifier"), Value: web.Cell{Text: shown(string(e.ID)), Code: true}},
		web.Fact{Term: same("SHA-256"), Value: web.Cell{Text: e.Digest.String(), Code: true}})
	for _, why := range e.Reasons {
		list = append(list, web.Fact{Term: text("Gerekçe", "Reason"), Value: web.Cell{Say: why.Text, Text: reasonCode(why)}})
	}
	return list
}

// acting are the forms under a message.
type acting struct {
	Item                    mailbox.ItemID
	Folder                  mailbox.FolderID
	Archive, Trash, Restore bool
	Marked                  bool
}

func actingOn(v *visit, r *mailbox.Row) acting {
	return acting{
		Item: r.ID, Folder: r.Folder, Marked: r.Flags&mailbox.Flagged != 0,
		Archive: r.Folder != mailbox.Archive && v.may.Has(account.Archiving), Trash: r.Folder != mailbox.TrashBox && v.may.Has(account.Deleting), Restore: r.Folder == mailbox.TrashBox,
	}
}
