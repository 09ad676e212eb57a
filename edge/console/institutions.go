package console

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/provider/partner"
	"rem/provider/staff"
)

func institutionPath(id string) string { return "/desk/partners/" + url.PathEscape(id) }

func standingOf(i *partner.Institution, now time.Time) web.Cell {
	switch {
	case !i.Ended.IsZero():
		return badge(text("sona erdirildi", "ended"), web.Plain)
	case i.InForce(now):
		return badge(text("sürüyor", "runs"), web.Good)
	case now.Before(i.From):
		return badge(text("başlamadı", "not begun"), web.Info)
	}
	return badge(text("süresi doldu", "over"), web.Plain)
}

func provinces(list []person.Province) string {
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = x.Name()
	}
	return strings.Join(names, ", ")
}

// institutions lists the contracted ones.
func (p *pages) institutions(r *web.Request) (web.Answer, error) {
	all, err := p.Partners.Institutions.AllInstitutions(r.Context())
	if err != nil {
		return nil, err
	}
	now := p.Clock.Now()
	t := web.Table{Columns: []web.Column{column("Kurum", "Institution"), column("Sözleşme", "Contract"), column("Durum", "State"), column("İller", "Provinces"), column("Sözleşme sonu", "Until")}, Empty: text("Sözleşmeli kurum yok.", "There is no contracted institution.")}
	for i := range all {
		x := &all[i]
		t.Rows = append(t.Rows, []web.Cell{{Text: x.Name, Path: institutionPath(x.ID)}, code(x.Contract), standingOf(x, now), {Text: provinces(x.Provinces)}, lastDay(x.Until)})
	}
	b := block{Table: &t}
	if r.Principal.Has(staff.Manager) {
		b.Links = links("Kurum ekle", "Add an institution", "/desk/partners/new")
	}
	return with(r, p.page(text("Sözleşmeli kurumlar", "Contracted institutions"), text("Başvuru sahiplerini adreslerinde doğrulayan kurumlar.", "They identify applicants where these live."), b)), nil
}

func (p *pages) loadInstitution(r *web.Request) (*partner.Institution, error) {
	i, err := p.Partners.Institutions.Institution(r.Context(), r.Var("id"))
	if err != nil {
		return nil, answered(err)
	}
	return &i, nil
}

// institution is the page of one: its contract, its people, its orders.
func (p *pages) institution(r *web.Request) (web.Answer, error) {
	i, err := p.loadInstitution(r)
	if err != nil {
		return nil, err
	}
	ctx, now := r.Context(), p.Clock.Now()
	facts := []web.Fact{
		fact("Durum", "State", standingOf(i, now)), fact("Sözleşme", "Contract", code(i.Contract)), fact("Başlangıç", "From", web.Cell{Time: i.From, Day: true}), fact("Bitiş", "Until", lastDay(i.Until)),
		fact("İller", "Provinces", web.Cell{Text: provinces(i.Provinces)}), fact("Ekleyen", "Added by", code(string(i.AddedBy))),
	}
	if !i.Ended.IsZero() {
		facts = append(facts, fact("Sona erdiren", "Ended by", web.Cell{Text: string(i.EndedBy), Code: true}), fact("Sona erdi", "Ended", web.Cell{Time: i.Ended}))
	}
	members, err := p.Staff.Members(ctx)
	if err != nil {
		return nil, err
	}
	people := web.Table{Columns: []web.Column{column("Kişi", "Person"), column("Roller", "Roles"), column("Durum", "Standing"), column("Eğitim geçerli", "Training valid until"), column("Görevde", "Since")}, Empty: text("Kurumun görevlisi yok.", "Nobody of the institution is appointed.")}
	for _, m := range members {
		if m.Institution == i.ID {
			people.Rows = append(people.Rows, p.memberRow(ctx, m, "", r.Principal.Person(), now))
		}
	}
	orders, err := p.Partners.Orders.Orders(ctx, partner.Filter{Institution: i.ID}, partner.OrderID(r.Query("after")), pageRows+1)
	if err != nil {
		return nil, answered(err)
	}
	t := web.Table{Columns: []web.Column{column("İş emri", "Work order"), column("Durum", "State"), column("Verildi", "Issued"), column("Son gün", "Until")}, Empty: text("İş emri yok.", "There is no work order.")}
	for _, o := range orders[:min(len(orders), pageRows)] {
		id := code(string(o.ID))
		if r.Principal.Has(staff.Officer, staff.Auditor) {
			id.Path, id.Code = orderPath(o.ID), false
		}
		t.Rows = append(t.Rows, []web.Cell{id, badge(o.State.Name(), orderTone(o.State)), {Time: o.Issued, Day: true}, {Time: o.Expires, Day: true}})
	}
	if len(orders) > pageRows {
		t.Pager = &web.Pager{After: institutionPath(i.ID) + "?" + url.Values{"after": {string(orders[pageRows-1].ID)}}.Encode()}
	}
	contract := block{Title: text("Sözleşme", "Contract"), Facts: facts}
	if r.Principal.Has(staff.Manager) && i.Ended.IsZero() && now.Before(i.Until) {
		contract.Links = links("Sözleşmeyi süresinden önce sona erdir", "End the contract before its term", institutionPath(i.ID)+"/end")
	}
	return with(r, p.page(plain(i.Name), rem.Text{}, contract, block{Title: text("Görevlileri", "Its people"), Table: &people}, block{Title: text("İş emirleri", "Work orders"), Table: &t})), nil
}

func (p *pages) newInstitutionPage(f *web.Form) web.Page {
	var all []web.Choice
	for _, x := range person.Provinces() {
		all = append(all, web.Choice{Value: string(x), Label: plain(x.Name())})
	}
	pg := p.page(text("Kurum ekle", "Add an institution"), rem.Text{}, block{Form: &form{
		Path: "/desk/partners/new", Tight: true, Button: text("Ekle", "Add"), Back: "/desk/partners",
		Fields: []web.Field{
			f.Field(web.Field{Name: "name", Label: text("Kurumun unvanı", "Name"), Max: 200}),
			f.Field(web.Field{Name: "contract", Label: text("Sözleşme numarası", "Number of the contract"), Short: true, Max: 60}),
			f.Field(web.Field{Name: "from", Label: text("Sözleşme başlangıcı", "Contract from"), Short: true, Max: 10, Mode: "numeric", Help: text("gün.ay.yıl", "day.month.year")}),
			f.Field(web.Field{Name: "until", Label: text("Sözleşme sonu", "Contract until"), Short: true, Max: 10, Mode: "numeric", Help: text("gün.ay.yıl", "day.month.year")}),
			f.Field(web.Field{Name: "province", Label: text("Hizmet verdiği iller", "Provinces in which it calls"), Type: web.BoxesInput, Choices: all}),
		},
	}})
	pg.Form, pg.Wide = f, false
	return pg
}

func (p *pages) newInstitution(*web.Request) (web.Answer, error) {
	return p.newInstitutionPage(web.NewForm(nil)), nil
}

func (p *pages) addInstitution(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Staff.May(r.Context(), r.Principal.Person(), staff.Manager); err != nil {
		return nil, err
	}
	i := partner.Institution{Name: strings.TrimSpace(f.Get("name")), Contract: strings.TrimSpace(f.Get("contract"))}
	for field, v := range map[string]string{"name": i.Name, "contract": i.Contract} {
		if v == "" {
			f.Fail(field, person.Missing.Text())
		}
	}
	if i.From = readDay(f, "from", false); !i.From.IsZero() {
		i.From = i.From.Add(-24 * time.Hour) // its first day counts
	}
	i.Until = readDay(f, "until", false)
	for _, v := range f.All("province") {
		if x := person.Province(v); x.Name() != "" {
			i.Provinces = append(i.Provinces, x)
		}
	}
	if len(i.Provinces) == 0 {
		f.Fail("province", text("En az bir il seçiniz.", "Choose one province at least."))
	}
	if f.Good() {
		_, err := p.Partners.Add(r.Context(), r.Principal.Person(), i)
		switch {
		case err == nil:
			return done("/desk/partners", "added"), nil
		case errors.Is(err, partner.ErrTaken):
			f.Fail("contract", person.Repeated.Text())
		default:
			if err := saidOf(f, err); err != nil {
				return nil, err
			}
		}
	}
	return p.newInstitutionPage(f), nil
}

func (p *pages) endingInstitution(r *web.Request) (web.Answer, error) {
	i, err := p.loadInstitution(r)
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Sözleşmeyi sona erdir", "End the contract"), Path: institutionPath(i.ID) + "/end", Button: text("Sona erdir", "End it"), Danger: true, Back: institutionPath(i.ID),
		Text:  text("Kurumun görevlileri hemen işlem yapamaz olur. Ellerindeki belgeler yine de teslim alınır.", "Its people can do nothing from now on. Papers that they have still come home."),
		Facts: []web.Fact{fact("Kurum", "Institution", web.Cell{Text: i.Name}), fact("Sözleşme", "Contract", code(i.Contract))},
	}.Page(), nil
}

func (p *pages) endInstitution(r *web.Request) (web.Answer, error) {
	i, err := p.loadInstitution(r)
	if err != nil {
		return nil, err
	}
	if err := p.Staff.May(r.Context(), r.Principal.Person(), staff.Manager); err != nil {
		return nil, err
	}
	if err := p.Partners.Institutions.EndInstitution(r.Context(), i.ID, p.Clock.Now().UTC(), r.Principal.Person()); err != nil {
		return nil, answered(err)
	}
	return done(institutionPath(i.ID), "ended"), nil
}
