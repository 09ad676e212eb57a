package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

func orderTone(s partner.State) web.Tone {
	switch s {
	case partner.Done:
		return web.Good
	case partner.Visited:
		return web.Attention
	case partner.Open, partner.Accepted:
		return web.Info
	case partner.Returned, partner.Expired:
		return web.Bad
	}
	return web.Plain
}

// orderTable lists orders under a path; mine marks those of a person.
func (p *pages) orderTable(list []partner.Order, path string, mine rem.PersonID) web.Table {
	t := web.Table{Columns: []web.Column{column("İş emri", "Work order"), column("Durum", "State"), column("İl", "Province"), column("Verildi", "Issued"), column("Son gün", "Until")}}
	for i := range list {
		o := &list[i]
		state := badge(o.State.Name(), orderTone(o.State))
		if mine != "" && o.Partner == mine {
			state.Note = text("sizde", "yours")
		}
		t.Rows = append(t.Rows, []web.Cell{
			{Text: string(o.ID), Path: path + url.PathEscape(string(o.ID)), Code: true}, state, {Text: o.Province.Name()}, {Time: o.Issued, Day: true}, {Time: o.Expires, Day: true},
		})
	}
	return t
}

// orders lists work orders by state, and those whose papers are still out.
func (p *pages) orders(r *web.Request) (web.Answer, error) {
	state := partner.State(r.Query("state"))
	out := state == ""
	if !out && !slices.Contains(partner.States(), state) {
		return nil, web.ErrNotFound
	}
	b := block{Title: text("Durum", "State"), Tabs: []tab{{text("Belgeleri kurumda olanlar", "Papers with an institution"), -1, "/desk/orders", out}}}
	for _, s := range partner.States() {
		b.Tabs = append(b.Tabs, tab{s.Name(), -1, "/desk/orders?" + url.Values{"state": {string(s)}}.Encode(), s == state})
	}
	after := partner.OrderID(r.Query("after"))
	var list []partner.Order
	var err error
	if out {
		list, err = p.Partners.Orders.OrdersOut(r.Context(), after, pageRows+1)
	} else {
		list, err = p.Partners.Orders.Orders(r.Context(), partner.Filter{State: state}, after, pageRows+1)
	}
	if err != nil {
		return nil, answered(err)
	}
	t := p.orderTable(list[:min(len(list), pageRows)], "/desk/orders/", "")
	t.Empty = text("Böyle bir iş emri yok.", "There is no such work order.")
	if len(list) > pageRows {
		q := url.Values{"after": {string(list[pageRows-1].ID)}}
		if !out {
			q.Set("state", string(state))
		}
		t.Pager = &web.Pager{After: "/desk/orders?" + q.Encode()}
	}
	return p.page(text("İş emirleri", "Work orders"), text("En eski iş emri en üsttedir.", "The oldest order stands first."), b, block{Title: text("Liste", "List"), Table: &t}), nil
}

func (p *pages) loadOrder(r *web.Request) (*partner.Order, error) {
	o, err := p.Partners.Orders.Order(r.Context(), partner.OrderID(r.Var("id")))
	if err != nil {
		return nil, answered(err)
	}
	return &o, nil
}

func orderPath(id partner.OrderID) string { return "/desk/orders/" + url.PathEscape(string(id)) }

// orderBlocks are what both sides see of an order: nothing about the applicant.
func (p *pages) orderBlocks(r *web.Request, o *partner.Order) ([]block, error) {
	me := r.Principal.Person()
	person := func(id rem.PersonID) web.Cell {
		switch id {
		case "":
			return web.Cell{}
		case me:
			return say(text("siz", "you"))
		}
		return code(string(id))
	}
	var shows []string
	for _, d := range o.Documents {
		shows = append(shows, r.Say(documents.of(d)))
	}
	facts := []web.Fact{
		fact("Durum", "State", badge(o.State.Name(), orderTone(o.State))),
		fact("Başvuru", "Application", code(string(o.Application))),
		fact("Başvuran", "Applicant", say(kinds.of(o.Kind))),
		fact("İl", "Province", web.Cell{Text: o.Province.Name()}),
		fact("Verildi", "Issued", web.Cell{Time: o.Issued}), fact("Ziyaretin son anı", "Visit before", web.Cell{Time: o.Expires}),
		fact("Üstlenen", "Accepted by", person(o.Partner)),
	}
	facts = append(facts, fact("Gösterilecek belge (biri)", "Document to be shown (one of)", web.Cell{Text: strings.Join(shows, ", ")}))
	if o.Reason != "" {
		facts = append(facts, fact("İade gerekçesi", "Why it was returned", say(o.Reason.Text())))
	}
	if holder, ours := o.Holder(); holder != "" {
		c := person(holder)
		if c.Note = text("kurumda", "with the institution"); ours {
			c.Note = text("bizde", "with us")
		}
		facts = append(facts, fact("Belgeler kimde", "Who has the papers", c))
	}
	blocks := []block{{Title: text("İş emri", "Work order"), Facts: facts}}
	if o.Result != nil {
		facts := []web.Fact{fact("Ziyaret", "Visit", web.Cell{Time: o.Result.At})}
		for _, k := range o.Result.Papers {
			facts = append(facts, fact("Teslim alınan", "Taken along", say(visitPapers.of(k))))
		}
		for _, x := range o.Result.Checklist {
			c := badge(text("evet", "yes"), web.Good)
			if !x.Passed {
				c = badge(text("hayır", "no"), web.Bad)
			}
			facts = append(facts, web.Fact{Term: items.of(x.Item), Value: c})
		}
		if o.Signature != nil {
			facts = append(facts, fact("İmza", "Signature", code(o.Signature.Verdict)))
		}
		facts = append(facts, fact("İmzalanan metnin özeti", "Digest of what was signed", code(o.Text.String())))
		blocks = append(blocks, block{Title: text("Ziyaretin sonucu", "Result of the visit"), Facts: facts})
	}
	steps, err := p.Partners.Orders.OrderHistory(r.Context(), o.ID)
	if err != nil {
		return nil, answered(err)
	}
	var events []web.Event
	for i := len(steps) - 1; i >= 0; i-- {
		s := &steps[i]
		who := person(s.Who)
		if s.Who == "" {
			who = say(text("sistem", "the system"))
		}
		e := web.Event{Time: s.At, Title: orderEvents.of(s.On), Facts: []web.Fact{fact("Kim", "Who", who)}}
		if s.Reason != "" {
			e.Text = s.Reason.Text()
		}
		events = append(events, e)
	}
	return append(blocks, block{Title: text("Geçmiş", "History"), Timeline: events}), nil
}

// orderPage is an order with what can be done, above its history.
func (p *pages) orderPage(r *web.Request, o *partner.Order, todo block) (web.Page, error) {
	blocks, err := p.orderBlocks(r, o)
	if err != nil {
		return web.Page{}, err
	}
	return with(r, p.page(text("İş emri", "Work order"), plain(string(o.ID)), slices.Insert(blocks, 1, todo)...)), nil
}

// order is the desk's page of one.
func (p *pages) order(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	b := block{Title: text("Yapılacaklar", "What to do"), Links: links("Başvuruya git", "To the application", casePath(o.Application))}
	if r.Principal.Has(staff.Officer) {
		holder, ours := o.Holder()
		out := holder != "" && !ours
		if _, ok := partner.Next(o.State, partner.HandOver); ok && out {
			b.Links = append(b.Links, web.Link{Text: text("Belgeleri teslim al", "Take the papers over"), Path: orderPath(o.ID) + "/hand-over"})
		}
		finish := text("Tamamla ve başvuruya işle", "Finish, and record it with the application")
		switch _, ok := partner.Next(o.State, partner.Finish); {
		case ok && out:
			b.Cannot = append(b.Cannot, cannot{finish, staffRefusal(partner.ErrPapers)})
		case ok, o.State == partner.Done:
			b.Actions = append(b.Actions, web.Action{Path: orderPath(o.ID) + "/finish", Button: finish, About: string(o.ID)})
		}
		if _, ok := partner.Next(o.State, partner.Cancel); ok {
			b.Links = append(b.Links, web.Link{Text: text("İptal et", "Cancel"), Path: orderPath(o.ID) + "/cancel"})
		}
	}
	return answerPage(p.orderPage(r, o, b))
}

// answerPage is for functions that give a page.
func answerPage(pg web.Page, err error) (web.Answer, error) {
	if err != nil {
		return nil, err
	}
	return pg, nil
}

// custody shows the text that who takes papers over confirms, and asks.
func (p *pages) custody(r *web.Request, o *partner.Order, ours bool, path, back string) (web.Answer, error) {
	at := p.Clock.Now().UTC().Truncate(time.Second)
	h, err := handover(o, r.Principal.Person(), at, ours)
	if err != nil {
		return nil, err
	}
	written, err := partner.HandoverText(o.ID, h)
	if err != nil {
		return nil, err
	}
	b := block{Title: text("Onayladığınız metin", "What you confirm"), Text: text("Belgeleri elinize aldıktan sonra onaylayın; bundan sonra sorumlusu sizsiniz.", "Confirm when you have the papers in your hands; from then on they are in your charge."), Pre: string(written)}
	var facts []web.Fact
	for _, k := range h.Papers {
		facts = append(facts, fact("Belge", "Paper", say(visitPapers.of(k))))
	}
	b.Facts = facts
	b.Form = &form{Path: path, Button: text("Teslim aldım", "I have them"), Back: back, Hidden: []web.Hidden{{Name: "at", Value: at.Format(time.RFC3339)}}}
	pg := p.page(text("Belgeleri teslim al", "Take the papers over"), plain(string(o.ID)), b)
	pg.Wide = false
	return pg, nil
}

// handover is the papers passing to who acts.
func handover(o *partner.Order, to rem.PersonID, at time.Time, ours bool) (*partner.Handover, error) {
	holder, home := o.Holder()
	if holder == "" || home {
		return nil, partner.ErrNotNow
	}
	return &partner.Handover{Papers: o.Custody[len(o.Custody)-1].Papers, From: holder, To: to, At: at, Ours: ours}, nil
}

// confirmed gives the digest of the text that was confirmed on the page of a time.
func confirmed(r *web.Request, o *partner.Order, ours bool) (rem.Digest, time.Time, error) {
	f, err := r.Form()
	if err != nil {
		return rem.Digest{}, time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, f.Get("at"))
	if err != nil {
		return rem.Digest{}, time.Time{}, web.ErrForm
	}
	h, err := handover(o, r.Principal.Person(), at.UTC(), ours)
	if err != nil {
		return rem.Digest{}, time.Time{}, err
	}
	written, err := partner.HandoverText(o.ID, h)
	return rem.DigestOf(written), at.UTC(), err
}

func (p *pages) handOver(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	return p.custody(r, o, true, orderPath(o.ID)+"/hand-over", orderPath(o.ID))
}

func (p *pages) handedOver(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	digest, at, err := confirmed(r, o, true)
	if err != nil {
		return nil, err
	}
	a, err := p.Partners.Officer(r.Context(), r.Principal.Person(), method(r))
	if err != nil {
		return nil, err
	}
	if err := p.Partners.HandOver(r.Context(), a, o.ID, digest, at); err != nil {
		return nil, answered(err)
	}
	return done(orderPath(o.ID), "handed-over"), nil
}

// finish ends the order and moves the application by its record. Pressed again
// after a crash between the two it goes on.
func (p *pages) finish(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	a, err := p.Partners.Officer(r.Context(), r.Principal.Person(), method(r))
	if err != nil {
		return nil, err
	}
	if o.State != partner.Done {
		if err := p.Partners.Finish(r.Context(), a, o.ID); err != nil {
			return nil, answered(err)
		}
		if o, err = p.loadOrder(r); err != nil {
			return nil, err
		}
	}
	by, err := p.act(r, staff.Officer)
	if err != nil {
		return nil, err
	}
	if err := p.Desk.Visited(r.Context(), by, o); err != nil {
		return nil, answered(err)
	}
	return done(orderPath(o.ID), "finished"), nil
}

func (p *pages) cancel(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("İş emrini iptal et", "Cancel the work order"), Path: orderPath(o.ID) + "/cancel", Button: text("İptal et", "Cancel it"), Danger: true, Back: orderPath(o.ID),
		Text:  text("Kurum bu başvuruyu artık ziyaret edemez. Alınmış belgeler yine de teslim alınır.", "The institution can no longer call on the applicant. Papers that were taken still come home."),
		Facts: []web.Fact{fact("İş emri", "Work order", code(string(o.ID))), fact("Durum", "State", say(o.State.Name()))},
	}.Page(), nil
}

func (p *pages) cancelled(r *web.Request) (web.Answer, error) {
	o, err := p.loadOrder(r)
	if err != nil {
		return nil, err
	}
	a, err := p.Partners.Officer(r.Context(), r.Principal.Person(), method(r))
	if err != nil {
		return nil, err
	}
	if err := p.Partners.Cancel(r.Context(), a, o.ID); err != nil {
		return nil, answered(err)
	}
	return done(orderPath(o.ID), "cancelled"), nil
}

// issuePage offers the institutions that call in the province now.
func (p *pages) issuePage(r *web.Request, d *dossier, f *web.Form) (web.Answer, error) {
	if d.Submitted == nil || d.State != application.Pending || d.Method != identity.OnSite {
		return nil, answered(application.ErrNotNow)
	}
	all, err := p.Partners.Institutions.AllInstitutions(r.Context())
	if err != nil {
		return nil, err
	}
	province := d.Submitted.Case.Province
	var list []web.Choice
	for i := range all {
		if all[i].Calls(province, p.Clock.Now()) {
			list = append(list, web.Choice{Value: all[i].ID, Label: plain(all[i].Name)})
		}
	}
	pg := p.page(text("İş emri ver", "Issue a work order"), plain(string(d.ID)))
	if len(list) == 0 {
		pg.Data = []block{{Text: text("Bu ilde sözleşmesi süren bir kurum yok. Başvuru sahibi başka bir yöntem seçebilir.", "No institution with a running contract calls in this province. The applicant can choose another method.")}}
		return pg, nil
	}
	pg.Data = []block{{Text: text("İş emrinde başvuru sahibinin bilgisi bulunmaz; üstlenen görevli adı ve adresi, kaydedilerek görür. Adresin özeti için adres açılır ve bu kaydedilir.", "The order holds nothing about the applicant; who accepts it sees name and address, and that is recorded. The address is opened for its digest, which is recorded too."), Form: &form{
		Path: casePath(d.ID) + "/issue", Button: text("İş emri ver", "Issue"), Back: casePath(d.ID), Hidden: []web.Hidden{seen(d)},
		Fields: []web.Field{f.Field(web.Field{Name: "institution", Label: text("Kurum", "Institution"), Type: web.RadioInput, Choices: list})},
	}}}
	pg.Form, pg.Wide = f, false
	return pg, nil
}

func (p *pages) issue(r *web.Request) (web.Answer, error) {
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	return p.issuePage(r, d, web.NewForm(nil))
}

func (p *pages) issued(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	d, err := p.load(r)
	if err != nil {
		return nil, err
	}
	if f.Get("institution") == "" {
		f.Fail("institution", text("Bir kurum seçiniz.", "Choose an institution."))
		return p.issuePage(r, d, f)
	}
	if f.Get("seen") != seen(d).Value {
		return p.refusedOn(r, errMoved)
	}
	a, err := p.Partners.Officer(r.Context(), r.Principal.Person(), method(r))
	if err != nil {
		return p.refusedOn(r, err)
	}
	access, err := p.Staff.Access(r.Context(), r.Principal.Person(), staff.Officer, privacy.Identification, privacy.CaseID(d.ID))
	if err != nil {
		return p.refusedOn(r, err)
	}
	if _, err := p.Partners.Issue(r.Context(), d.ID, f.Get("institution"), access, a); err != nil {
		return p.refusedOn(r, err)
	}
	return done(casePath(d.ID), "issued"), nil
}
