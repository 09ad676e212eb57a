package portal

import (
	"slices"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person/account"
	"rem/privacy"
)

// crew is who may act on an account.
type crew struct {
	Table    web.Table
	FourEyes bool
	May      bool
	Ask      bool // new ones can be asked
	Invited  []invited
	Form     *web.Form
}

// names opens the names of the account's operators for who looks.
func (p *pages) names(v *visit) (map[rem.PersonID]string, error) {
	var items []privacy.Item
	for _, o := range v.account.Operators {
		items = append(items, privacy.Item{Person: o.Person, Field: account.OperatorName, Sealed: o.Name})
	}
	a := v.access(privacy.AccountUse)
	a.Case = privacy.CaseID(v.account.ID) // the account itself is why he sees the others
	values, err := p.Vault.OpenAll(v.Context(), a, items)
	if err != nil {
		return nil, err
	}
	names := map[rem.PersonID]string{}
	for i, o := range v.account.Operators {
		if names[o.Person] = values[i].Text(); names[o.Person] == "" {
			names[o.Person] = v.Say(text("adı kayıtlı değil", "no name on record"))
		}
	}
	return names, nil
}

func (p *pages) operatorsPage(v *visit, f *web.Form) (web.Answer, error) {
	names, err := p.names(v)
	if err != nil {
		return nil, err
	}
	c := crew{FourEyes: v.account.FourEyes, May: v.may.Has(account.Operators), Form: f}
	c.Ask = c.May && p.Crew != nil
	if c.Invited, err = p.waiting(v, names); err != nil {
		return nil, err
	}
	c.Table = web.Table{
		Caption: text("İşlem yetkilileri", "Operators"),
		Columns: []web.Column{{Head: text("Kişi", "Person")}, {Head: text("Şimdi yapabildikleri", "What he can do now")}, {Head: text("Süre", "Term")}, {Head: text("Dayanak", "Stands on")}},
	}
	for _, o := range v.account.Operators {
		who := web.Cell{Text: names[o.Person]}
		if o.Person == v.Principal.Person() {
			who.Note = text("siz", "you")
		} else if c.May {
			who.Path = "/account/operators/" + string(o.Person)
		}
		stands := web.Cell{Say: text("hesap sahibinin belgeleri", "the holder's papers")}
		switch {
		case o.Person == v.account.Holder.Person:
			stands = web.Cell{Say: text("hesap sahibi", "the holder")}
		case o.By != "":
			stands = web.Cell{Say: text("atayan yetkili", "who appointed him"), Note: rem.Text{Turkish: names[o.By], English: names[o.By]}}
		}
		c.Table.Rows = append(c.Table.Rows, []web.Cell{who, {Say: powers(v.account.Powers(o.Person, v.Now()))}, {Say: term(&o)}, stands})
	}
	return web.Page{
		View: p.views.Page("operators"), Title: text("İşlem yetkilileri", "Operators"), Data: c, Form: f, Wide: true,
		Lead: text("Her işlem, hesap sahibi ile işlemi yapan gerçek kişiyi birlikte gösterir.", "Every act names the holder and the natural person who acted."),
	}, nil
}

func (p *pages) operators(v *visit) (web.Answer, error) { return p.operatorsPage(v, web.NewForm(nil)) }

// powers lists permissions in words.
func powers(m account.Permissions) rem.Text {
	var t rem.Text
	for _, w := range account.AllPermissions() {
		if m.Has(w.Value) {
			t.Turkish, t.English = joined(t.Turkish, w.Text.Turkish), joined(t.English, w.Text.English)
		}
	}
	if t.Turkish == "" {
		return text("hiçbir şey", "nothing")
	}
	return t
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// term says from when until when an operator acts.
func term(o *account.Operator) rem.Text {
	t := rem.Text{}
	if !o.From.IsZero() {
		t = rem.Text{Turkish: web.Day(o.From, privacy.Turkish) + " –", English: web.Day(o.From, privacy.English) + " –"}
	}
	if o.Until.IsZero() {
		return rem.Text{Turkish: joinedBy(t.Turkish, "süresiz"), English: joinedBy(t.English, "without end")}
	}
	return rem.Text{Turkish: joinedBy(t.Turkish, web.Day(o.Until, privacy.Turkish)), English: joinedBy(t.English, web.Day(o.Until, privacy.English))}
}

func joinedBy(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// change is the page of one operator.
type change struct {
	Name   string
	Path   string
	Fields []web.Field
}

// subject finds the operator whom a page is about.
func (v *visit) subject() (*account.Operator, error) {
	if !v.may.Has(account.Operators) {
		return nil, &web.Forbidden{Why: text("Bu işlem için yetkili atama yetkisi gerekir.", "This needs the permission to appoint operators.")}
	}
	o := v.account.Operator(rem.PersonID(v.Var("person")))
	if o == nil {
		return nil, web.ErrNotFound
	}
	return o, nil
}

func (p *pages) operatorPage(v *visit, f *web.Form, o *account.Operator) (web.Answer, error) {
	names, err := p.names(v)
	if err != nil {
		return nil, err
	}
	boxes := web.Field{Name: "may", Label: text("Yetkiler", "Permissions"), Type: web.BoxesInput, Help: text("Kendinizde olmayan bir yetkiyi veremezsiniz.", "You cannot give what you do not have.")}
	for i, w := range account.AllPermissions() {
		choice := web.Choice{Value: bit(i), Label: w.Text, Chosen: o.May.Has(w.Value)}
		if !v.may.Has(w.Value) {
			choice.Closed, choice.Why = true, text("bu yetki sizde yok", "you do not have it")
		}
		boxes.Choices = append(boxes.Choices, choice)
	}
	until := ""
	if !o.Until.IsZero() {
		until = o.Until.In(zone).Format(time.DateOnly)
	}
	c := change{Name: names[o.Person], Path: "/account/operators/" + string(o.Person), Fields: []web.Field{
		f.Field(boxes),
		f.Field(web.Field{Name: "until", Label: text("Yetkinin son günü", "Last day of the authority"), Type: web.DateInput, Optional: true, Value: until}),
	}}
	return web.Page{View: p.views.Page("operator"), Title: rem.Text{Turkish: "İşlem yetkilisi: " + c.Name, English: "Operator: " + c.Name}, Data: c, Form: f}, nil
}

// zone is the time of Türkiye, in which days are counted.
var zone = time.FixedZone("UTC+3", 3*60*60)

func bit(i int) string { return account.AllPermissions()[i].Text.English }

func (p *pages) operator(v *visit) (web.Answer, error) {
	o, err := v.subject()
	if err != nil {
		return nil, err
	}
	return p.operatorPage(v, web.NewForm(nil), o)
}

func (p *pages) appoint(v *visit) (web.Answer, error) {
	o, err := v.subject()
	if err != nil {
		return nil, err
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	changed := *o
	for i, w := range account.AllPermissions() {
		switch chosen := slices.Contains(f.All("may"), bit(i)); {
		case chosen:
			changed.May |= w.Value
		case v.may.Has(w.Value): // what he could not tick he does not take away
			changed.May &^= w.Value
		}
	}
	changed.Until = time.Time{}
	if s := f.Get("until"); s != "" {
		day, err := time.ParseInLocation(time.DateOnly, s, zone)
		if err != nil {
			f.Fail("until", text("Günü YYYY-AA-GG biçiminde yazın.", "Write the day as YYYY-MM-DD."))
			return p.operatorPage(v, f, o)
		}
		changed.Until = day.AddDate(0, 0, 1).UTC() // the day itself is his
	}
	if err := p.Keeper.Appoint(v.Context(), v.by(), v.account.ID, changed); err != nil {
		if err := told(f, "may", err); err != nil {
			return nil, err
		}
		return p.operatorPage(v, f, o)
	}
	return web.Redirect{To: "/account/operators"}, nil
}

func (p *pages) removing(v *visit) (web.Answer, error) { return p.removePage(v, web.NewForm(nil)) }

func (p *pages) removePage(v *visit, f *web.Form) (web.Answer, error) {
	o, err := v.subject()
	if err != nil {
		return nil, err
	}
	names, err := p.names(v)
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Yetkiliyi çıkar", "Remove the operator"), Text: text("Yetkisi hemen sona erer ve açık oturumları kapanır.", "His authority ends at once, and so do his sessions."),
		Facts: []web.Fact{{Term: text("Kişi", "Person"), Value: web.Cell{Text: names[o.Person]}}},
		Form:  f, Path: "/account/operators/" + string(o.Person) + "/remove", Button: text("Çıkar", "Remove"), Danger: true, Back: "/account/operators",
	}.Page(), nil
}

func (p *pages) remove(v *visit) (web.Answer, error) {
	o, err := v.subject()
	if err != nil {
		return nil, err
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Keeper.Remove(v.Context(), v.by(), v.account.ID, o.Person); err != nil {
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.removePage(v, f)
	}
	return web.Redirect{To: "/account/operators"}, nil
}

func (p *pages) fourEyes(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Keeper.SetFourEyes(v.Context(), v.by(), v.account.ID, f.Get("on") == "yes"); err != nil {
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.operatorsPage(v, f)
	}
	return web.Redirect{To: "/account/operators"}, nil
}
