package console

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/provider/staff"
)

// decide reads the form, and the case, which must not have moved since it was
// shown; then it does what was decided, as one role of who asks.
func (p *pages) decide(r *web.Request, role staff.Role, what string, do func(f *web.Form, d *dossier, by application.By) error) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	if f.Get("seen") != fmt.Sprint(d.Steps) {
		return p.refusedOn(r, errMoved)
	}
	by, err := p.act(r, role)
	if err != nil {
		return p.refusedOn(r, err)
	}
	if err := do(f, d, by); err != nil {
		return p.refusedOn(r, err)
	}
	return done(casePath(d.ID), what), nil
}

func (p *pages) takeUp(r *web.Request) (web.Answer, error) {
	return p.decide(r, staff.Approver, "taken-up", func(_ *web.Form, d *dossier, by application.By) error { return p.Desk.TakeUp(r.Context(), by, d.ID) })
}

func (p *pages) giveBack(r *web.Request) (web.Answer, error) {
	return p.decide(r, staff.Approver, "given-back", func(_ *web.Form, d *dossier, by application.By) error {
		return p.Desk.GiveBack(r.Context(), by, d.ID)
	})
}

// approve asks before the decision.
func (p *pages) approve(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Başvuruyu onayla", "Approve the application"),
		Text:  text("Onayladığınızda başvuru sahibi hesabını açabilir. Kararınız adınıza kaydedilir.", "Once approved, the applicant can open the account. The decision is recorded as yours."),
		Facts: []web.Fact{fact("Başvuru", "Application", code(string(d.ID))), fact("Başvuran", "Applicant", say(kinds.of(d.Kind))), fact("Yöntem", "Method", say(d.Method.Name()))},
		Path:  casePath(d.ID) + "/approve", Button: text("Onayla", "Approve"), Hidden: []web.Hidden{seen(d)}, Back: casePath(d.ID),
	}.Page(), nil
}

func (p *pages) approved(r *web.Request) (web.Answer, error) {
	return p.decide(r, staff.Approver, "approved", func(_ *web.Form, d *dossier, by application.By) error {
		return p.Desk.Approve(r.Context(), by, d.ID)
	})
}

// A decision with a reason of the list: it goes back, or it is refused.
type reasoning struct {
	event  application.Event
	path   string
	what   string
	title  rem.Text
	text   rem.Text
	button rem.Text
	danger bool
}

var (
	returning = reasoning{application.Return, "/return", "returned", text("Başvuru sahibine geri gönder", "Return to the applicant"),
		text("Başvuru sahibi gerekçeyi okur, düzeltir ve yeniden gönderir.", "The applicant reads the reason, corrects and hands it in again."), text("Geri gönder", "Return"), false}
	refusing = reasoning{application.Refuse, "/refuse", "refused", text("Başvuruyu reddet", "Refuse the application"),
		text("Bu karar geri alınamaz. Başvuru sahibi gerekçeyi okur; yeniden başvurabilir.", "This cannot be taken back. The applicant reads the reason, and may apply again."), text("Reddet", "Refuse"), true}
)

func (x reasoning) page(d *dossier, f *web.Form) web.Page {
	var list []web.Choice
	for _, why := range application.Reasons() {
		list = append(list, web.Choice{Value: string(why), Label: why.Text()})
	}
	return web.Confirm{
		Title: x.title, Text: x.text, Form: f, Path: casePath(d.ID) + x.path, Button: x.button, Danger: x.danger, Back: casePath(d.ID), Hidden: []web.Hidden{seen(d)},
		Facts:  []web.Fact{fact("Başvuru", "Application", code(string(d.ID))), fact("Durum", "State", say(stateNames.of(d.State)))},
		Fields: []web.Field{f.Field(web.Field{Name: "reason", Label: text("Gerekçe (başvuru sahibi okur)", "Reason (the applicant reads it)"), Type: web.RadioInput, Choices: list})},
	}.Page()
}

func (p *pages) giveReason(x reasoning) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		d, err := p.load(r)
		if err != nil {
			return nil, err
		}
		return x.page(d, web.NewForm(nil)), nil
	}
}

func (p *pages) reasoned(x reasoning) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		d, err := p.load(r)
		if err != nil {
			return nil, err
		}
		why := application.Reason(f.Get("reason"))
		if !why.Valid() {
			f.Fail("reason", application.ErrReason.Text)
			return x.page(d, f), nil
		}
		// Who is both acts as the one that the table lets decide in this state.
		role := staff.Officer
		if t, ok := application.Next(d.State, x.event); ok && (t.Who&staff.Officer.Moves() == 0 || !r.Principal.Has(staff.Officer)) {
			role = staff.Approver
		}
		return p.decide(r, role, x.what, func(_ *web.Form, d *dossier, by application.By) error {
			if x.event == application.Refuse {
				return p.Desk.Refuse(r.Context(), by, d.ID, why)
			}
			return p.Desk.Return(r.Context(), by, d.ID, why)
		})
	}
}

// clearPage names each doubt; each has to be ticked by whoever settles them.
func (p *pages) clearPage(d *dossier, f *web.Form) (web.Answer, error) {
	newest := d.Newest()
	if newest == nil || len(newest.Doubts()) == 0 {
		return nil, answered(application.ErrNotNow)
	}
	doubts := web.Field{Name: "doubt", Label: text("Giderilen şüpheler", "Doubts that are settled"), Type: web.BoxesInput, Help: text("Her birini ayrı ayrı işaretleyin.", "Tick each of them.")}
	for _, x := range newest.Doubts() {
		doubts.Choices = append(doubts.Choices, web.Choice{Value: string(x), Label: x.Text()})
	}
	return web.Confirm{
		Title: text("Şüpheleri gider", "Settle the doubts"), Form: f, Path: casePath(d.ID) + "/clear", Button: text("Giderildi olarak kaydet", "Record as settled"), Back: casePath(d.ID),
		Text:   text("Kaydı siz değerlendirmiş sayılırsınız ve bu başvuruyu onaylayamazsınız. Başkasının kimlik numarası ve güvenilmeyen bir imza giderilemez.", "You then had a hand in the record and cannot approve this application. Another's number and a signature that is not believed cannot be settled."),
		Facts:  []web.Fact{fact("Kayıt", "Record", code(string(newest.ID)))},
		Hidden: []web.Hidden{seen(d)},
		Fields: []web.Field{f.Field(doubts), f.Field(web.Field{Name: "reason", Label: text("Neden giderildi", "Why they are settled"), Type: web.RadioInput, Choices: choices(clearances)})},
	}.Page(), nil
}

func (p *pages) clear(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return p.clearPage(d, web.NewForm(nil))
}

func (p *pages) cleared(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	if d.State == application.Doubtful && d.Newest() != nil {
		ticked := f.All("doubt")
		for _, x := range d.Newest().Doubts() {
			if !slices.Contains(ticked, string(x)) {
				f.Fail("doubt", both(text("İşaretlenmedi: ", "Not ticked: "), "", x.Text()))
			}
		}
		if !clearances.has(f.Get("reason")) {
			f.Fail("reason", application.ErrReason.Text)
		}
		if !f.Good() {
			return p.clearPage(d, f)
		}
	}
	return p.decide(r, staff.Officer, "cleared", func(f *web.Form, d *dossier, by application.By) error {
		return p.Desk.Clear(r.Context(), by, d.ID, f.Get("reason"))
	})
}

// handInPage asks for a paper.
func (p *pages) handInPage(d *dossier, f *web.Form) web.Page {
	only := d.Wanted()
	list := choices(papers, only...)
	if len(only) == 0 {
		list = choices(papers)
	}
	pg := p.page(text("Belge ekle", "Hand a paper in"), plain(string(d.ID)), block{Form: &form{
		Path: casePath(d.ID) + "/hand-in", Files: true, Button: text("Yükle", "Upload"), Back: casePath(d.ID), Hidden: []web.Hidden{seen(d)},
		Fields: []web.Field{
			f.Field(web.Field{Name: "kind", Label: text("Belge", "Paper"), Type: web.RadioInput, Choices: list}),
			f.Field(web.Field{Name: "file", Label: text("Dosya", "File"), Type: web.FileInput, Accept: ".pdf,.jpg,.jpeg,.png",
				Help: text("PDF, JPEG veya PNG, en çok 10 MB. Din ve kan grubu gibi özel nitelikli veriler kapatılmış olmalıdır.", "PDF, JPEG or PNG, at most 10 MB. Special categories such as religion and blood group have to be masked.")}),
		},
	}})
	pg.Form, pg.Wide = f, false
	return pg
}

func (p *pages) handIn(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return p.handInPage(d, web.NewForm(nil)), nil
}

func (p *pages) handedIn(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	by, err := p.act(r, staff.Officer)
	if err != nil {
		return p.refusedOn(r, err)
	}
	took := false
	var refused error
	f, err := r.Upload(func(f *web.Form, file web.File) error {
		kind := application.PaperKind(f.Get("kind"))
		switch {
		case f.Get("seen") != fmt.Sprint(d.Steps):
			refused = errMoved
		case took || file.Field != "file":
			return web.ErrForm
		case papers.has(kind):
			took = true
			_, refused = p.Desk.HandIn(r.Context(), by, d.ID, kind, file)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if refused != nil {
		return p.refusedOn(r, refused)
	}
	if !papers.has(application.PaperKind(f.Get("kind"))) {
		f.Fail("kind", person.NotAChoice.Text())
	}
	if !took {
		f.Fail("file", text("Bir dosya seçiniz.", "Choose a file."))
		return p.handInPage(d, f), nil
	}
	return done(casePath(d.ID), "handed-in"), nil
}

// officePage is where an officer writes down what he saw: the document, what it
// says, the checklist of the method. What it says is compared with the form by the
// program, which does not show him the form for it. Nothing is filled in before.
func (p *pages) officePage(d *dossier, f *web.Form) (web.Answer, error) {
	if !collectable(d) {
		return nil, answered(application.ErrNotNow)
	}
	saw := []web.Choice{{Value: "yes", Label: text("Evet", "Yes")}, {Value: "no", Label: text("Hayır", "No")}}
	fields := documentFields(f)
	fields = append(fields,
		f.Field(web.Field{Name: "genuine", Label: text("Belge gerçek mi?", "Is the document genuine?"), Type: web.RadioInput, Choices: saw}),
		f.Field(web.Field{Name: "shown-number", Label: text("Belgedeki kimlik numarası", "Identity number on the document"), Mode: "numeric", Short: true, Max: 20, Help: text("Belgeye bakarak yazın; form ile karşılaştırmayı sistem yapar.", "Write what the document says; the program compares it with the form.")}),
		f.Field(web.Field{Name: "shown-given", Label: text("Belgedeki ad", "Given names on the document"), Max: 100}),
		f.Field(web.Field{Name: "shown-family", Label: text("Belgedeki soyadı", "Family name on the document"), Max: 100}),
		f.Field(web.Field{Name: "shown-birth", Label: text("Belgedeki doğum tarihi", "Date of birth on the document"), Mode: "numeric", Short: true, Max: 10, Help: text("gün.ay.yıl", "day.month.year")}))
	for _, i := range checked(d) {
		fields = append(fields, f.Field(web.Field{Name: "item-" + string(i), Label: items.of(i), Type: web.RadioInput, Choices: saw}))
	}
	for _, x := range masks {
		fields = append(fields, f.Field(web.Field{Name: "area-" + string(x.value), Label: both(text("Surette: ", "In the copy: "), "", x.name), Type: web.RadioInput, Choices: []web.Choice{
			{Value: string(enrolment.Masked), Label: text("Kapatıldı", "Masked")}, {Value: string(enrolment.NotThere), Label: text("Belgede yok", "The document has none")}}}))
	}
	if d.Method == identity.Video {
		fields = append(fields, f.Field(web.Field{Name: "recording", Label: text("Görüşme kaydının özeti (SHA-256)", "Digest of the recording (SHA-256)"), Max: 71, Help: text("Kayıt sisteminin verdiği 64 onaltılık rakam.", "64 hexadecimal digits, as the recording system gives them.")}))
	} else {
		fields = append(fields, f.Field(web.Field{Name: "capture", Label: text("Belge sureti", "Copy of the document"), Type: web.FileInput, Accept: ".pdf,.jpg,.jpeg,.png",
			Help: text("Özel nitelikli alanları kapatılmış PDF, JPEG veya PNG, en çok 10 MB.", "With special categories masked; PDF, JPEG or PNG, at most 10 MB.")}))
	}
	pg := p.page(text("Kimlik kaydı gir", "Record the identification"), plain(string(d.ID)),
		block{Title: text("Gördükleriniz", "What you saw"), Text: text("Kaydı siz yapmış sayılırsınız ve bu başvuruyu onaylayamazsınız.", "The record is yours, and you cannot approve this application."), Form: &form{
			Path: casePath(d.ID) + "/office", Files: true, Tight: true, Button: text("Kaydet", "Record"), Back: casePath(d.ID), Hidden: []web.Hidden{seen(d)}, Fields: fields,
		}})
	pg.Form, pg.Wide = f, false
	return pg, nil
}

// collectable: an officer can write the record of this method now.
func collectable(d *dossier) bool {
	return d.Submitted != nil && d.State == application.Pending && (d.Method == identity.Office || d.Method == identity.Video)
}

// checked are the items that an officer answers; that special categories are
// covered follows from what he states of each area.
func checked(d *dossier) []identity.Item {
	return slices.DeleteFunc(identity.Required(d.Method, d.Submitted.Represented), func(i identity.Item) bool { return i == identity.SpecialCovered })
}

// documentFields ask about an identity document.
func documentFields(f *web.Form) []web.Field {
	return []web.Field{
		f.Field(web.Field{Name: "document", Label: text("Belge", "Document"), Type: web.RadioInput, Choices: choices(documents)}),
		f.Field(web.Field{Name: "number", Label: text("Belge numarası", "Number of the document"), Short: true, Max: 20, Help: text("Kayda yalnızca son iki karakteri geçer.", "The record has its last two characters alone.")}),
		f.Field(web.Field{Name: "issuer", Label: text("Veren devlet", "Issuing state"), Short: true, Max: 3, Help: text("Üç harfli kod, örneğin TUR.", "A code of three letters, such as TUR.")}),
		f.Field(web.Field{Name: "until", Label: text("Geçerlilik sonu", "Valid until"), Short: true, Max: 10, Mode: "numeric", Help: text("gün.ay.yıl", "day.month.year")}),
	}
}

// readDocument reads them; what is wrong stands beside its field.
func readDocument(f *web.Form, now time.Time) identity.Document {
	var d identity.Document
	if d.Kind = identity.DocumentKind(f.Get("document")); !documents.has(d.Kind) {
		f.Fail("document", person.NotAChoice.Text())
	}
	n, err := person.ParseDocumentNumber(f.Get("number"))
	if err != nil {
		f.Fail("number", person.CodeOf(err).Text())
	}
	d.Number = n.String()
	d.Issuer = strings.TrimSpace(f.Get("issuer"))
	if len(d.Issuer) != 3 || strings.ContainsFunc(d.Issuer, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		f.Fail("issuer", text("Üç büyük harf yazınız, örneğin TUR.", "Write three capital letters, such as TUR."))
	}
	until, err := person.ParseValidity(f.Get("until"), now)
	switch {
	case err != nil:
		f.Fail("until", person.CodeOf(err).Text())
	default:
		// A document holds until its last day is over in Türkiye.
		d.Until = until.Time().Add(24 * time.Hour).UTC()
	}
	return d
}

// yes reads an answer that has to be given.
func yes(f *web.Form, name string) bool {
	v := f.Get(name)
	if v != "yes" && v != "no" {
		f.Fail(name, person.NotAChoice.Text())
	}
	return v == "yes"
}

func (p *pages) office(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return p.officePage(d, web.NewForm(map[string]string{"issuer": "TUR"}))
}

// identified takes what an officer saw. The copy is kept only when everything
// beside it was read.
func (p *pages) identified(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	by, err := p.act(r, staff.Officer)
	if err != nil {
		return p.refusedOn(r, err)
	}
	if !collectable(d) {
		return p.refusedOn(r, application.ErrNotNow)
	}
	now := p.Clock.Now().UTC()
	var saw *enrolment.Seen
	var refused error
	read := func(f *web.Form) {
		if f.Get("seen") != fmt.Sprint(d.Steps) {
			refused = errMoved
		}
		saw = readSeen(f, d, now)
	}
	f, err := r.Upload(func(f *web.Form, file web.File) error {
		if file.Field != "capture" || saw != nil {
			return web.ErrForm
		}
		if read(f); refused != nil || !f.Good() {
			return nil
		}
		e, err := p.Desk.Capture(r.Context(), by, d.ID, file)
		saw.Captures, refused = append(saw.Captures, e), err
		return nil
	})
	if err != nil {
		return nil, err
	}
	if saw == nil {
		if read(f); d.Method != identity.Video {
			f.Fail("capture", text("Bir dosya seçiniz.", "Choose a file."))
		}
	}
	if refused == nil && !f.Good() {
		return p.officePage(d, f)
	}
	if refused == nil {
		refused = p.Desk.Identify(r.Context(), by, d.ID, *saw)
	}
	if refused != nil {
		return p.refusedOn(r, refused)
	}
	return done(casePath(d.ID), "identified"), nil
}

// readSeen makes what an officer saw of the form; what is wrong stands beside its
// field.
func readSeen(f *web.Form, d *dossier, now time.Time) *enrolment.Seen {
	s := &enrolment.Seen{At: now, Document: readDocument(f, now), Areas: map[enrolment.Area]enrolment.Covered{}}
	s.Document.Genuine = yes(f, "genuine")
	fail := func(name string, err error) {
		if err != nil {
			f.Fail(name, person.CodeOf(err).Text())
		}
	}
	var err error
	s.Shown.Identity, err = person.ParseIdentityNumber(f.Get("shown-number"))
	if n, other := person.ParseDocumentNumber(f.Get("shown-number")); err != nil && other == nil && s.Document.Kind == identity.PassportBook {
		s.Shown.Identity, err = person.PassportIdentity(n), nil
	}
	fail("shown-number", err)
	s.Shown.Given, err = person.ParseName(f.Get("shown-given"))
	fail("shown-given", err)
	s.Shown.Family, err = person.ParseName(f.Get("shown-family"))
	fail("shown-family", err)
	s.Shown.Birth, err = person.ParseBirthDate(f.Get("shown-birth"), now)
	fail("shown-birth", err)
	for _, i := range checked(d) {
		s.Checklist = append(s.Checklist, identity.Checked{Item: i, Passed: yes(f, "item-"+string(i))})
	}
	for _, x := range masks {
		c := enrolment.Covered(f.Get("area-" + string(x.value)))
		if c != enrolment.Masked && c != enrolment.NotThere {
			f.Fail("area-"+string(x.value), enrolment.ErrAreas.Text)
		}
		s.Areas[x.value] = c
	}
	if d.Method == identity.Video {
		b, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(f.Get("recording")), "sha256:"))
		if err != nil || len(b) != 32 {
			f.Fail("recording", text("64 onaltılık rakam yazınız.", "Write 64 hexadecimal digits."))
		} else {
			s.Captures = append(s.Captures, identity.Evidence{Kind: identity.Recording, Digest: rem.Digest(b), At: now})
		}
	}
	return s
}
