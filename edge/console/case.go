package console

import (
	"errors"
	"fmt"
	"slices"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

// A dossier is an application as its page is made of it.
type dossier struct {
	application.View
	// opened are the answers, when they were opened for this page.
	opened []web.Fact
}

// load reads the application that the address names.
func (p *pages) load(r *web.Request) (*dossier, error) {
	v, err := p.Cases.Application(r.Context(), person.ApplicationID(r.Var("id")))
	if err != nil {
		return nil, answered(err)
	}
	return &dossier{View: v}, nil
}

// one is the page of a case.
func (p *pages) one(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return answerPage(p.casePage(r, d))
}

// refusedOn shows the case anew, with the reason for which something was not done;
// a fault is returned.
func (p *pages) refusedOn(r *web.Request, err error) (web.Answer, error) {
	why, ok := errors.AsType[*rem.Refusal](answered(err))
	if !ok {
		return nil, answered(err)
	}
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	pg, err := p.casePage(r, d)
	if err != nil {
		return nil, err
	}
	pg.Notices = append([]web.Notice{{Tone: web.Bad, Title: text("Bu işlem yapılmadı", "This was not done"), Text: why.Detail}}, pg.Notices...)
	pg.Status = 422
	return pg, nil
}

func (p *pages) casePage(r *web.Request, d *dossier) (web.Page, error) {
	me, now := r.Principal.Person(), p.Clock.Now()
	m := matterIn(&d.View)
	steps, err := p.Cases.History(r.Context(), d.ID)
	if err != nil {
		return web.Page{}, answered(err)
	}
	reviewer := web.Cell{}
	switch d.Reviewer {
	case "":
	case me:
		reviewer = say(text("siz", "you"))
	default:
		reviewer = code(string(d.Reviewer))
	}
	facts := []web.Fact{
		fact("Durum", "State", badge(stateNames.of(d.State), stateTone(d.State))),
		fact("Başvuran", "Applicant", say(kinds.of(d.Kind))),
		fact("Bu durumda", "Since", web.Cell{Time: d.Since}),
		fact("Süre sonu", "Due", web.Cell{Time: d.Due}),
		fact("Doğrulama yöntemi", "Method", say(d.Method.Name())),
		fact("Onay görevlisi", "Approver", reviewer),
	}
	if d.Submitted != nil && d.Submitted.Represented {
		facts = append(facts, fact("Temsil", "Represented", say(text("Yasal temsilcisi başvuruyor", "A legal representative applies"))))
	}
	if d.Returned != "" {
		facts = append(facts, fact("Son geri gönderme gerekçesi", "Why it last went back", say(d.Returned.Text())))
	}
	if d.Decision != nil && d.Decision.Reason != "" {
		facts = append(facts, fact("Ret gerekçesi", "Why it was refused", say(d.Decision.Text)))
	}
	blocks := []block{{Title: text("Durum", "State"), Text: m.waits(me, now), Facts: facts}}
	if missing := p.missing(d); len(missing) > 0 {
		blocks = append(blocks, block{Title: text("Eksikler", "What is missing"), Facts: missing})
	}
	todo, err := p.actions(r, d)
	if err != nil {
		return web.Page{}, err
	}
	blocks = append(blocks, todo)
	blocks = append(blocks, p.answersBlock(r, d)...)
	blocks = append(blocks, p.papersBlock(r, d)...)
	for i := len(d.Records) - 1; i >= 0; i-- {
		blocks = append(blocks, recordBlock(&d.Records[i], len(d.Records)-i == 1, d.Newest() != nil, me))
	}
	if d.Method == identity.OnSite && r.Principal.Has(staff.Officer, staff.Auditor) {
		b, err := p.ordersOf(r, d.ID)
		if err != nil {
			return web.Page{}, err
		}
		blocks = append(blocks, b)
	}
	blocks = append(blocks, block{Title: text("Geçmiş", "History"), Timeline: timeline(steps, me)})
	pg := p.page(text("Başvuru", "Application"), plain(string(d.ID)), blocks...)
	return with(r, pg), nil
}

// missing lists what keeps the application from the next step.
func (p *pages) missing(d *dossier) (list []web.Fact) {
	if d.State.Final() || d.Submitted == nil {
		return nil
	}
	for _, k := range d.Wanted() {
		found, best := false, application.NotYet
		for _, x := range d.Papers {
			if x.Kind != k {
				continue
			}
			if found = true; best != application.Scanned && x.Scan != application.NotYet {
				best = x.Scan
			}
		}
		switch {
		case !found:
			list = append(list, web.Fact{Term: papers.of(k), Value: badge(text("verilmedi", "not handed in"), web.Attention)})
		case best != application.Scanned:
			list = append(list, web.Fact{Term: papers.of(k), Value: badge(best.Name(), web.Attention)})
		}
	}
	newest := d.Newest()
	if newest == nil {
		return append(list, fact("Kimlik kaydı", "Record of identification", badge(text("yok", "none"), web.Attention)))
	}
	_, err := identity.Complete(*newest)
	if incomplete, ok := errors.AsType[*identity.Incomplete](err); ok {
		for _, l := range incomplete.Lacks {
			list = append(list, fact("Kimlik kaydı", "Record of identification", badge(both(text("eksik: ", "lacks: "), "", lacks.of(l)), web.Attention)))
		}
	}
	return list
}

// may says whether the table lets the event happen now by one of the roles that
// the person has.
func may(r *web.Request, d *dossier, on application.Event, roles ...staff.Role) bool {
	t, ok := application.Next(d.State, on)
	if !ok {
		return false
	}
	return slices.ContainsFunc(roles, func(x staff.Role) bool { return r.Principal.Has(x) && t.Who&x.Moves() != 0 })
}

// seen is the hidden field of what was decided on: how many steps there were.
func seen(d *dossier) web.Hidden { return web.Hidden{Name: "seen", Value: fmt.Sprint(d.Steps)} }

// actions are what this person can do now, and what he cannot, with the reason.
func (p *pages) actions(r *web.Request, d *dossier) (block, error) {
	b := block{Title: text("Yapılacaklar", "What to do")}
	me, path, about := r.Principal.Person(), casePath(d.ID), string(d.ID)
	no := func(what, why rem.Text) { b.Cannot = append(b.Cannot, cannot{what, why}) }
	link := func(t rem.Text, to string) { b.Links = append(b.Links, web.Link{Text: t, Path: path + to}) }
	press := func(t rem.Text, to string, tone web.Tone) {
		b.Actions = append(b.Actions, web.Action{Path: path + to, Button: t, About: about, Tone: tone, Hidden: []web.Hidden{seen(d)}})
	}
	var (
		takeUp  = text("Üstlen", "Take up")
		approve = text("Onayla", "Approve")
		refuse  = text("Reddet", "Refuse")
		clear   = text("Şüpheleri gider", "Settle the doubts")
		own     = text("Kendi başvurunuzda işlem yapamazsınız.", "This is your own application.")
	)
	if me == d.Applicant || d.Submitted != nil && (me == d.Submitted.Holder || me == d.Submitted.Shower) {
		no(text("Her işlem", "Everything"), own)
		return b, nil
	}
	hand := slices.Contains(d.Hands, me)
	if may(r, d, application.TakeUp, staff.Approver) {
		if hand {
			no(takeUp, application.ErrSecondOfficer.Text)
		} else {
			press(takeUp, "/take-up", web.Plain)
		}
	}
	if may(r, d, application.Approve, staff.Approver) {
		switch _, err := complete(d); {
		case hand:
			no(approve, application.ErrSecondOfficer.Text)
		case me != d.Reviewer:
			no(approve, text("Dosyayı başka bir onay görevlisi üstlendi.", "Another approver took the case up."))
		case err != nil:
			no(approve, application.ErrIncomplete.Text)
		case !allPapers(d):
			no(approve, application.ErrPapers.Text)
		default:
			by, err := p.act(r, staff.Approver)
			if err == nil {
				err = p.Desk.Looked(r.Context(), by, d.ID)
			}
			if errors.Is(err, enrolment.ErrUnread) {
				no(approve, enrolment.ErrUnread.Text)
				break
			}
			if err != nil {
				return b, answered(err)
			}
			link(approve, "/approve")
		}
		press(text("Diğer onay görevlilerine bırak", "Leave it to the other approvers"), "/give-back", web.Plain)
	}
	if may(r, d, application.Clear, staff.Officer) {
		if d.Newest() != nil && len(d.Newest().Doubts()) > 0 {
			link(clear, "/clear")
		} else {
			no(clear, text("Kayıtta giderilecek bir şüphe yok; kayıt eksik. Başvuru sahibine geri gönderin.", "There is no doubt to settle; the record is not whole. Return it to the applicant."))
		}
	}
	if may(r, d, application.HandIn, staff.Officer) && d.Submitted != nil {
		link(text("Belge ekle", "Hand a paper in"), "/hand-in")
	}
	if may(r, d, application.Identify, staff.Officer) {
		switch d.Method {
		case identity.Office, identity.Video:
			link(text("Kimlik kaydı gir", "Record the identification"), "/office")
		case identity.OnSite:
			link(text("İş emri ver", "Issue a work order"), "/issue")
		default:
			no(text("Kimlik kaydı girmek", "To record the identification"), text("Bu yöntemde kaydı sistem getirir.", "By this method the record comes from a system."))
		}
	}
	if may(r, d, application.Return, staff.Officer, staff.Approver) {
		link(text("Başvuru sahibine geri gönder", "Return to the applicant"), "/return")
	}
	if may(r, d, application.Refuse, staff.Officer, staff.Approver) {
		link(refuse, "/refuse")
	}
	if len(b.Actions)+len(b.Links)+len(b.Cannot) == 0 {
		b.Text = text("Bu durumda rolünüzün yapacağı bir işlem yok.", "There is nothing for your role to do in this state.")
	}
	return b, nil
}

func complete(d *dossier) (identity.Completed, error) {
	newest := d.Newest()
	if newest == nil {
		return identity.Completed{}, application.ErrIncomplete
	}
	return identity.Complete(*newest)
}

func allPapers(d *dossier) bool {
	for _, k := range d.Wanted() {
		if !slices.ContainsFunc(d.Papers, func(x application.Paper) bool { return x.Kind == k && x.Usable() }) {
			return false
		}
	}
	return true
}

// answersBlock shows the answers that were opened, or the button that opens them.
func (p *pages) answersBlock(r *web.Request, d *dossier) []block {
	title := text("Başvuru formu", "The form")
	switch {
	case d.Submitted == nil:
		return []block{{Title: title, Text: text("Form henüz gönderilmedi.", "The form has not been handed in yet.")}}
	case d.opened != nil:
		return []block{{Title: title, Facts: d.opened, Text: text("Bu bilgileri görüntülediğiniz kaydedildi; başvuru sahibi bunu görebilir.", "That you looked at this was recorded; the applicant can see it.")}}
	case !r.Principal.Has(staff.Officer, staff.Approver):
		return []block{{Title: title, Cannot: []cannot{{text("Yanıtları açmak", "To open the answers"), staffRefusal(staff.ErrOpensNobody)}}}}
	}
	return []block{{
		Title: title, Text: text("Yanıtlar mühürlüdür. Açtığınız, bu dosya için ve kimlik doğrulama amacıyla kaydedilir; başvuru sahibi bunu görebilir.", "The answers are sealed. That you open them, for this case and for identification, is recorded; the applicant can see it."),
		Facts:   []web.Fact{fact("Form özeti", "Digest of the form", code(d.Submitted.Form.String())), fact("Gönderildi", "Handed in", web.Cell{Time: d.Submitted.At})},
		Actions: []web.Action{{Path: casePath(d.ID) + "/answers", Button: text("Yanıtları aç", "Open the answers"), About: string(d.ID)}},
	}}
}

func staffRefusal(err error) rem.Text {
	if why, ok := errors.AsType[*rem.Refusal](err); ok {
		return why.Detail
	}
	return rem.Text{}
}

// reader is as what who asks opens the case: the approver who has it sees the whole
// form, an officer what identifies.
func (p *pages) reader(r *web.Request, d *dossier) (application.By, error) {
	role := staff.Officer
	if !r.Principal.Has(staff.Officer) || r.Principal.Has(staff.Approver) && d.Reviewer == r.Principal.Person() {
		role = staff.Approver
	}
	return p.act(r, role)
}

// answers opens the answers of the form for this page alone.
func (p *pages) answers(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	if d.Submitted == nil {
		return p.refusedOn(r, application.ErrNotNow)
	}
	by, err := p.reader(r, d)
	if err != nil {
		return p.refusedOn(r, err)
	}
	file, err := p.Desk.Open(r.Context(), by, d.ID)
	if err != nil {
		return p.refusedOn(r, err)
	}
	d.View, d.opened = file.View, []web.Fact{}
	for _, a := range file.Answers {
		cell := web.Cell{Text: shown(a.Field, a.Value.Text())}
		for _, c := range a.Field.Choices {
			if c.Value == a.Value.Text() {
				cell = say(c.Label)
			}
		}
		if a.Value.Provenance().Origin() == privacy.Verified {
			cell.Note = text("doğrulandı", "verified")
		}
		d.opened = append(d.opened, web.Fact{Term: a.Field.Label, Value: cell})
	}
	return answerPage(p.casePage(r, d))
}

// shown writes an answer as people write it: provinces by their names, days as
// day.month.year.
func shown(f application.Field, v string) string {
	if d, err := person.ParseDate(v); err == nil && f.Data == "birth-date" {
		return d.Page()
	}
	if name := person.Province(v).Name(); name != "" && (f.Name == "province" || f.Name == "seat-province") {
		return name
	}
	return v
}

// papersBlock lists what was handed in.
func (p *pages) papersBlock(r *web.Request, d *dossier) []block {
	if d.Submitted == nil {
		return nil
	}
	t := web.Table{
		Columns: []web.Column{column("Belge", "Paper"), column("Verildi", "Handed in"), column("Tarama", "Scan"), column("Tür", "Kind of file"), {Head: text("Boyut", "Size"), Right: true}},
		Empty:   text("Belge verilmedi.", "No paper was handed in."),
	}
	b := block{Title: text("Belgeler", "Papers"), Table: &t}
	for _, x := range d.Papers {
		scan := badge(x.Scan.Name(), web.Good)
		if x.Scan != application.Scanned {
			scan.Tone = web.Attention
		}
		t.Rows = append(t.Rows, []web.Cell{say(papers.of(x.Kind)), {Time: x.At}, scan, {Text: x.Media}, {Text: fmt.Sprintf("%d KB", (x.Size+1023)/1024)}})
		if x.Usable() && r.Principal.Has(staff.Officer, staff.Approver) {
			b.Actions = append(b.Actions, web.Action{
				Path: casePath(d.ID) + "/paper", Button: both(text("İndir: ", "Download: "), "", papers.of(x.Kind)), About: r.Say(papers.of(x.Kind)),
				Hidden: []web.Hidden{{Name: "digest", Value: x.Digest.String()}},
			})
		}
	}
	if len(b.Actions) > 0 {
		b.Text = text("Bir belgeyi indirdiğiniz kaydedilir.", "That you download a paper is recorded.")
	}
	return []block{b}
}

// extensions are those of what enrolment takes.
var extensions = map[string]string{enrolment.PDF: ".pdf", enrolment.JPEG: ".jpg", enrolment.PNG: ".png", enrolment.Signed: ".p7s", enrolment.SignedXML: ".xml"}

// paper opens one paper of the case, which has to be clean.
func (p *pages) paper(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Papers, func(x application.Paper) bool { return x.Usable() && x.Digest.String() == f.Get("digest") })
	if i < 0 {
		return nil, web.ErrNotFound
	}
	by, err := p.reader(r, d)
	if err != nil {
		return p.refusedOn(r, err)
	}
	x := d.Papers[i]
	b, err := p.Desk.Paper(r.Context(), by, d.ID, x.Digest)
	if err != nil {
		return nil, answered(err)
	}
	// The name says what it is, and nothing of whom it is about.
	return web.Download{Name: string(x.Kind) + extensions[x.Media], Type: x.Media, Body: b}, nil
}

// recordBlock shows a record of identification.
func recordBlock(rec *identity.Record, newest, current bool, me rem.PersonID) block {
	by := web.Cell{}
	switch {
	case rec.By.Role == identity.ByAdapter:
		by = adapter(rec.By.Adapter)
		if rec.By.Simulated {
			by.Note = text("benzetim", "simulator")
		}
	case rec.By.Person == me:
		by = say(text("siz", "you"))
	default:
		by = code(string(rec.By.Person))
	}
	standing := badge(text("eksik", "not whole"), web.Attention)
	if _, err := identity.Complete(*rec); err == nil {
		standing = badge(text("tam", "whole"), web.Good)
	}
	if newest && !current {
		standing = badge(text("önceki formun kaydı; geçerli değil", "of an earlier form; it does not count"), web.Attention)
	}
	facts := []web.Fact{
		fact("Kayıt", "Record", code(string(rec.ID))), fact("Durumu", "Standing", standing), fact("Yöntem", "Method", say(rec.Method.Name())),
		fact("Zaman", "Time", web.Cell{Time: rec.At}), fact("Kaydı yapan", "Collected by", by),
	}
	if x := rec.Document; x != nil {
		facts = append(facts,
			fact("Belge", "Document", web.Cell{Say: documents.of(x.Kind), Note: plain(x.Number + " · " + x.Issuer)}),
			fact("Belge geçerliliği", "Valid until", lastDay(x.Until)))
	}
	for _, x := range rec.Checklist {
		c := badge(text("evet", "yes"), web.Good)
		if !x.Passed {
			c = badge(text("hayır", "no"), web.Bad)
		}
		facts = append(facts, web.Fact{Term: items.of(x.Item), Value: c})
	}
	if x := rec.Signed; x != nil {
		facts = append(facts, fact("İmza", "Signature", code(x.Verdict)))
	}
	if x := rec.Registry; x != nil {
		c := badge(text("uyuşuyor", "agrees"), web.Good)
		if len(x.Differs) > 0 {
			c = badge(text("farklı", "differs"), web.Attention)
			for _, d := range x.Differs {
				c.Note = both(d.Text(), " ", c.Note)
			}
		}
		facts = append(facts, fact("MERSİS", "Registry", c))
	}
	for _, x := range rec.Doubts() {
		facts = append(facts, fact("Şüphe", "Doubt", badge(x.Text(), web.Attention)))
	}
	if c := rec.Cleared; c != nil {
		facts = append(facts, fact("Şüpheleri gideren", "Settled by", web.Cell{Text: string(c.By), Code: true, Note: clearances.of(c.Reason)}))
	}
	for _, x := range rec.Evidence {
		facts = append(facts, fact("Delil", "Evidence", web.Cell{Say: evidences.of(x.Kind), Note: plain(x.Digest.String())}))
	}
	b := block{Title: text("Kimlik kaydı", "Record of identification"), Facts: facts}
	if !newest {
		b.Title = text("Önceki kimlik kaydı", "An earlier record of identification")
	}
	if len(rec.Compared) > 0 {
		t := web.Table{Caption: text("Karşılaştırma", "Comparison"), Columns: []web.Column{column("Bilgi", "Part"), column("Başvuru ile gösterilen", "Application and what was shown")}}
		for _, x := range rec.Compared {
			c := badge(text("aynı", "the same"), web.Good)
			if !x.Same {
				c = badge(text("farklı", "differs"), web.Attention)
			}
			t.Rows = append(t.Rows, []web.Cell{say(parts.of(x.Part)), c})
		}
		b.Table = &t
	}
	return b
}

// adapter names what collected a record where no person did: what is ours in words,
// and a service outside as the configuration calls it.
func adapter(name string) web.Cell {
	if name == enrolment.BySignature {
		return say(text("başvuru formunun imzasını doğrulayan program", "the program that verifies the signature of the form"))
	}
	return code(name)
}

// timeline is what happened, the newest first.
func timeline(steps []application.StepData, me rem.PersonID) (list []web.Event) {
	for i := len(steps) - 1; i >= 0; i-- {
		s := &steps[i]
		e := web.Event{Time: s.At, Title: events.of(s.On)}
		if s.From != s.To {
			e.State = stateNames.of(s.To)
		}
		switch s.On {
		case application.Identify, application.Approve, application.Activate, application.Clear:
			e.Tone = web.Good
		case application.Refuse:
			e.Tone = web.Bad
		case application.Object, application.Return:
			e.Tone = web.Attention
		}
		switch {
		case s.On == application.Refuse && s.Decision != nil:
			e.Text = s.Decision.Text
		case s.Reason != "":
			e.Text = s.Reason.Text()
		case s.Method != "":
			e.Text = s.Method.Name()
		}
		who := web.Cell{}
		switch {
		case s.By.Role == staff.Officer.Moves() || s.By.Role == staff.Approver.Moves() || s.By.Role == staff.Partner.Moves():
			who = code(string(s.By.Actor.Person))
			if s.By.Actor.Person == me {
				who = say(text("siz", "you"))
			}
		case s.By.Actor.Person == "":
			who = say(text("sistem", "the system"))
		default:
			who = say(text("başvuru sahibi", "the applicant"))
		}
		e.Facts = []web.Fact{fact("Kim", "Who", who)}
		list = append(list, e)
	}
	return list
}

// ordersOf lists the work orders of a case.
func (p *pages) ordersOf(r *web.Request, id person.ApplicationID) (block, error) {
	list, err := p.Partners.Orders.Orders(r.Context(), partner.Filter{Application: id}, "", partner.MaxListed)
	if err != nil {
		return block{}, err
	}
	t := p.orderTable(list, "/desk/orders/", "")
	t.Empty = text("İş emri verilmedi.", "No work order was issued.")
	return block{Title: text("İş emirleri", "Work orders"), Table: &t}, nil
}
