package portal

import (
	"errors"
	"strconv"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/account"
	"rem/privacy"
	"rem/provider/directory"
)

// search is the page on which a sender asks the directory.
type search struct {
	Form    *web.Form
	Answer  *rem.Text
	Partial bool
	Results []found
	Checked *web.Table
}

type found struct {
	Address string
	Facts   []web.Fact
}

// keys are what can be asked by, in the order of the page.
var keys = []directory.Key{directory.KeyAddress, directory.KeyTitle, directory.KeyMERSIS, directory.KeyTax, directory.KeyDETSIS, directory.KeyIdentity}

// Key asks by what to look.
func (s search) Key() web.Field {
	f := web.Field{Name: "key", Label: text("Neye göre", "By"), Type: web.RadioInput}
	for _, k := range keys {
		f.Choices = append(f.Choices, web.Choice{Value: string(k), Label: k.Text()})
	}
	return s.Form.Field(f)
}

// Value asks for what.
func (s search) Value() web.Field {
	return s.Form.Field(web.Field{
		Name: "value", Label: text("Aranan", "What to look for"), Max: 254,
		Help: text("Tam olarak yazılır; liste alınmaz ve her arama kaydedilip aranan kişiye gösterilir.", "Written exactly; there are no lists, and every look-up is recorded and shown to who was found."),
	})
}

// Batch asks for addresses, one a line.
func (s search) Batch() web.Field {
	return s.Form.Field(web.Field{
		Name: "batch", Label: text("Adresler", "Addresses"), Type: web.AreaInput,
		Help: text("Her satıra bir KEP adresi, en çok 100.", "One registered address a line, at most 100."),
	})
}

func (p *pages) searchPage(_ *visit, s search) (web.Answer, error) {
	return web.Page{
		View: p.views.Page("search"), Title: text("KEP rehberi", "The directory"), Form: s.Form, Data: s,
		Lead: text("İleti göndermeden önce alıcının adresini buradan bulun ve denetleyin.", "Find and check a recipient's address before you send."),
	}, nil
}

func (p *pages) search(v *visit) (web.Answer, error) {
	return p.searchPage(v, search{Form: web.NewForm(nil)})
}

func (v *visit) asker() directory.Asker {
	return directory.Asker{Actor: v.actor(), Door: directory.ByWeb}
}

// question makes the question that a form asks. A number that is none is a problem
// of its field.
func question(f *web.Form) (q directory.Question, ok bool) {
	value, err := strings.TrimSpace(f.Get("value")), error(nil)
	use := directory.ToSend
	switch directory.Key(f.Get("key")) {
	case directory.KeyAddress:
		var a rem.Address
		if a, err = rem.ParseAddress(value); err == nil {
			return directory.ByAddress(a, use), true
		}
	case directory.KeyTitle:
		var t person.Title
		if t, err = person.ParseTitle(value); err == nil {
			return directory.ByTitle(t, use), true
		}
	case directory.KeyMERSIS:
		var n person.MERSIS
		if n, err = person.ParseMERSIS(value); err == nil {
			return directory.ByMERSIS(n, use), true
		}
	case directory.KeyTax:
		var n person.VKN
		if n, err = person.ParseVKN(value); err == nil {
			return directory.ByTax(n, use), true
		}
	case directory.KeyDETSIS:
		var n person.DETSIS
		if n, err = person.ParseDETSIS(value); err == nil {
			return directory.ByDETSIS(n, use), true
		}
	case directory.KeyIdentity:
		var n person.IdentityNumber
		if n, err = person.ParseIdentityNumber(value); err == nil {
			return directory.ByIdentity(n, use), true
		}
	default:
		f.Fail("key", text("Neye göre arandığını seçin.", "Choose by what to look."))
		return q, false
	}
	if problem, is := errors.AsType[*person.Problem](err); is {
		f.Fail("value", problem.Text())
	} else {
		f.Fail("value", text("Bu alan böyle yazılmaz.", "This is not how it is written."))
	}
	return q, false
}

func (p *pages) find(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	s := search{Form: f}
	q, ok := question(f)
	if !ok {
		return p.searchPage(v, s)
	}
	a, err := p.Directory.Query(v.Context(), v.asker(), q)
	if err != nil {
		if err := told(f, "value", err); err != nil {
			return nil, err
		}
		return p.searchPage(v, s)
	}
	s.Answer, s.Partial = &a.Text, a.Partial
	for i := range a.Results {
		x := &a.Results[i]
		one := found{Address: x.Address.String()}
		for _, value := range x.Values {
			one.Facts = append(one.Facts, web.Fact{Term: label(x.Kind, value.Field), Value: web.Cell{Text: value.Text}})
		}
		for _, o := range x.Operators {
			one.Facts = append(one.Facts, web.Fact{Term: text("İşlem yetkilisi", "Operator"), Value: web.Cell{Text: strings.TrimSpace(o.Name + " " + o.Title)}})
		}
		s.Results = append(s.Results, one)
	}
	return p.searchPage(v, s)
}

// label is what people call a field.
func label(k person.Kind, f directory.Field) rem.Text {
	for _, row := range directory.Fields(k) {
		if row.Field == f {
			return row.Label
		}
	}
	return rem.Text{Turkish: string(f), English: string(f)}
}

// check says of each of many addresses what a sender may know.
func (p *pages) check(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	s := search{Form: f}
	var addresses []rem.Address
	for line := range strings.Lines(f.Get("batch")) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		a, err := rem.ParseAddress(line)
		if err != nil {
			f.Fail("batch", text("Satırlardan biri adres değil.", "One of the lines is no address."))
			return p.searchPage(v, s)
		}
		addresses = append(addresses, a)
	}
	list, err := p.Directory.Check(v.Context(), v.asker(), directory.ToSend, addresses)
	if err != nil {
		if err := told(f, "batch", err); err != nil {
			return nil, err
		}
		return p.searchPage(v, s)
	}
	s.Checked = &web.Table{Caption: text("Denetlenen adresler", "Addresses that were checked"), Columns: []web.Column{{Head: text("Adres", "Address")}, {Head: text("Sonuç", "Result")}}}
	for i, status := range list {
		s.Checked.Rows = append(s.Checked.Rows, []web.Cell{{Text: addresses[i].String()}, {Say: status.Text()}})
	}
	return p.searchPage(v, s)
}

// listed is the account's own record.
type listed struct {
	Form    *web.Form
	Facts   []web.Fact
	Natural bool
	Open    bool
	May     bool
	Looks   web.Table
}

// role is as whom somebody changes the record of the account.
func (v *visit) byDirectory() directory.By {
	a := v.access(privacy.DirectoryEntry)
	return directory.By{Actor: a.Actor, Role: a.Role}
}

func (p *pages) ownPage(v *visit, f *web.Form) (web.Answer, error) {
	version, _, err := p.Directory.Own(v.Context(), v.byDirectory(), v.account.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return web.Page{View: p.views.Page("unlisted"), Title: text("Rehberdeki kaydım", "My directory entry")}, nil
	}
	if err != nil {
		return nil, err
	}
	l := listed{Form: f, Natural: version.Kind == person.Natural, Open: version.Open, May: v.may.Has(account.Directory)}
	seen, published, err := p.Directory.PublicView(v.Context(), v.account.ID)
	if err != nil {
		return nil, err
	}
	if published {
		for _, value := range seen.Values {
			l.Facts = append(l.Facts, web.Fact{Term: label(version.Kind, value.Field), Value: web.Cell{Text: value.Text}})
		}
	}
	before, err := v.before()
	if err != nil {
		return nil, err
	}
	looks, err := p.Directory.LookedUp(v.Context(), v.account.ID, before, looksPage)
	if err != nil {
		return nil, err
	}
	l.Looks = web.Table{
		Caption: text("Sizi rehberde kim buldu", "Who found you in the directory"),
		Columns: []web.Column{{Head: text("Zaman", "Time")}, {Head: text("Kim", "Who")}, {Head: text("Neye göre", "By")}, {Head: text("Ne için", "What for")}},
		Empty:   text("Kimse sizi aramadı.", "Nobody looked for you."),
	}
	for _, k := range looks {
		who := web.Cell{Text: k.Pseudonym, Code: true}
		switch {
		case k.Self:
			who = web.Cell{Say: text("bu hesap", "this account")}
		case k.Organisation.Text != "":
			who = web.Cell{Text: k.Organisation.Text}
		}
		l.Looks.Rows = append(l.Looks.Rows, []web.Cell{{Time: k.Time}, who, {Say: k.Key}, {Say: k.Use, Note: k.Door}})
	}
	if n := len(looks); n == looksPage {
		l.Looks.Pager = &web.Pager{After: "/account/directory?before=" + strconv.FormatUint(looks[n-1].Number, 10)}
	}
	return web.Page{View: p.views.Page("own"), Title: text("Rehberdeki kaydım", "My directory entry"), Form: f, Data: l, Wide: true}, nil
}

func (p *pages) own(v *visit) (web.Answer, error) { return p.ownPage(v, web.NewForm(nil)) }

// setOpen is a natural person's choice to be found: opening needs a consent of its
// own, closing hides at once.
func (p *pages) setOpen(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if !v.may.Has(account.Directory) {
		return nil, &web.Forbidden{Why: text("Rehber kaydı için yetkiniz yok.", "You may not decide on the directory entry.")}
	}
	if _, err := p.Directory.SetOpen(v.Context(), v.byDirectory(), v.account.ID, f.Get("open") == "yes"); err != nil {
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.ownPage(v, f)
	}
	return web.Redirect{To: "/account/directory"}, nil
}
