package webmail

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/mail/html"
	"rem/message/mailbox"
)

// keepsakeRoutes are those of what people keep for writing.
func (p *pages) keepsakeRoutes() []web.Route {
	long := func(r web.Route) web.Route { r.MaxValue, r.MaxBody = maxKept, 4*maxKept; return r }
	return []web.Route{
		p.get("contacts", "/mail/contacts", p.contacts), p.get("keepsake", "/mail/contacts/{kind}/{id}", p.keepsake),
		long(p.post("keep keepsake", "/mail/contacts/{kind}/{id}", p.keepKeepsake)), p.post("drop keepsake", "/mail/contacts/{kind}/{id}/drop", p.dropKeepsake),
	}
}

// maxKept bounds one field of a keepsake, in octets: a long letter.
const maxKept = 64 << 10

// A sort is how one kind of keepsakes is called and asked.
type sort struct {
	Kind   mailbox.KeepsakeKind
	Many   rem.Text
	New    rem.Text
	Fields []web.Field
}

var sorts = []sort{
	{mailbox.Contact, text("Kişiler", "Contacts"), text("Yeni kişi", "New contact"), []web.Field{
		{Name: "address", Label: text("KEP adresi", "Registered address"), Max: 254},
		{Name: "note", Label: text("Not", "Note"), Optional: true, Max: 500},
	}},
	{mailbox.Group, text("Gruplar", "Groups"), text("Yeni grup", "New group"), []web.Field{
		{Name: "addresses", Type: web.AreaInput, Label: text("KEP adresleri", "Registered addresses"), Help: text("Her satıra bir adres.", "One address a line.")},
	}},
	{mailbox.Template, text("Şablonlar", "Templates"), text("Yeni şablon", "New template"), []web.Field{
		{Name: "subject", Label: text("Konu", "Subject"), Optional: true, Max: mailbox.MaxSubject},
		{Name: "text", Type: web.AreaInput, Label: text("Metin", "Text")},
	}},
	{mailbox.Signature, text("İmza metinleri", "Signatures"), text("Yeni imza metni", "New signature"), []web.Field{
		{Name: "text", Type: web.AreaInput, Label: text("Metin", "Text"), Help: text("İletinin sonuna eklenen ad ve unvan; elektronik imza değildir.", "Name and title at the end of a message; this is no electronic signature.")},
	}},
}

func sortOf(kind string) (sort, bool) {
	for _, s := range sorts {
		if string(s.Kind) == kind {
			return s, true
		}
	}
	return sort{}, false
}

type contactsPage struct {
	Groups []keptGroup
}

type keptGroup struct {
	Title, New rem.Text
	Path       string
	Table      web.Table
}

// contacts lists everything that is kept.
func (p *pages) contacts(v *visit) (web.Answer, error) {
	var d contactsPage
	for _, s := range sorts {
		list, err := p.Box.Keepsakes(v.Context(), v.who, s.Kind)
		if err != nil {
			return nil, err
		}
		g := keptGroup{Title: s.Many, New: s.New, Path: "/mail/contacts/" + string(s.Kind) + "/new", Table: web.Table{
			Columns: []web.Column{{Head: text("Ad", "Name")}, {Head: text("İçerik", "Content")}, {Head: text("Kimin", "Whose")}},
			Empty:   text("Henüz yok.", "None yet."),
		}}
		slices.SortFunc(list, func(a, b mailbox.Keepsake) int { return cmp.Compare(rem.FoldName(a.Name), rem.FoldName(b.Name)) })
		for _, k := range list {
			whose := text("hesaptaki herkesin", "everybody's of the account")
			if k.Person != "" {
				whose = text("yalnız sizin", "yours alone")
			}
			g.Table.Rows = append(g.Table.Rows, []web.Cell{{Text: shown(k.Name), Path: "/mail/contacts/" + string(s.Kind) + "/" + k.ID}, {Text: short(contentOf(k))}, {Say: whose}})
		}
		d.Groups = append(d.Groups, g)
	}
	page := web.Page{View: p.views.Page("contacts"), Title: text("Kişiler ve şablonlar", "Contacts and templates"), Data: d, Wide: true,
		Lead: text("Adlarını alıcı alanına yazabilirsiniz; gruplar adreslerine açılır.", "Their names can be typed as recipients; groups become their addresses.")}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page, nil
}

// contentOf is what a list shows of a keepsake.
func contentOf(k mailbox.Keepsake) string {
	switch k.Kind {
	case mailbox.Contact:
		return k.Fields["address"]
	case mailbox.Group:
		return strings.Join(strings.Fields(k.Fields["addresses"]), ", ")
	case mailbox.Template:
		if s := k.Fields["subject"]; s != "" {
			return s
		}
	}
	return textOf(k)
}

// textOf is the text of a template or a signature; programs may have kept it formatted.
func textOf(k mailbox.Keepsake) string {
	if t := k.Fields["text"]; t != "" {
		return t
	}
	return html.Text(k.Fields["html"], html.Limits{})
}

func short(s string) string {
	const most = 120
	s = shown(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

type keepsakePage struct {
	Path   string
	Name   web.Field
	Fields []web.Field
	Shared web.Field
	Drop   bool
}

// kept finds one of the kind; a new one is empty.
func (p *pages) kept(v *visit) (sort, mailbox.Keepsake, error) {
	s, ok := sortOf(v.Var("kind"))
	id := v.Var("id")
	if !ok || !isName(id) {
		return s, mailbox.Keepsake{}, web.ErrNotFound
	}
	if id == "new" {
		return s, mailbox.Keepsake{Kind: s.Kind, Person: v.who.Actor.Person, Fields: map[string]string{}}, nil
	}
	list, err := p.Box.Keepsakes(v.Context(), v.who, s.Kind)
	if err != nil {
		return s, mailbox.Keepsake{}, err
	}
	for _, k := range list {
		if k.ID == id {
			return s, k, nil
		}
	}
	return s, mailbox.Keepsake{}, web.ErrNotFound
}

func (p *pages) keepsake(v *visit) (web.Answer, error) {
	s, k, err := p.kept(v)
	if err != nil {
		return nil, err
	}
	return p.keepsakePage(v, s, k, web.NewForm(nil))
}

func (p *pages) keepsakePage(v *visit, s sort, k mailbox.Keepsake, f *web.Form) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	d := keepsakePage{Path: "/mail/contacts/" + string(s.Kind) + "/" + v.Var("id"), Drop: k.ID != ""}
	d.Name = f.Field(web.Field{Name: "name", Label: text("Ad", "Name"), Max: 200, Value: k.Name})
	for _, x := range s.Fields {
		if x.Value = k.Fields[x.Name]; x.Name == "text" {
			x.Value = textOf(k)
		}
		d.Fields = append(d.Fields, f.Field(x))
	}
	shared := ""
	if k.Person == "" {
		shared = "yes"
	}
	d.Shared = f.Field(web.Field{Name: "shared", Type: web.CheckInput, Optional: true, Value: shared, Label: text("Hesapta ileti hazırlayan herkes kullanabilsin", "For everybody who writes on this account")})
	title := s.New
	if k.ID != "" {
		title = same(shown(k.Name))
	}
	return web.Page{View: p.views.Page("contacts-edit"), Title: title, Data: d, Form: f}, nil
}

func (p *pages) keepKeepsake(v *visit) (web.Answer, error) {
	s, k, err := p.kept(v)
	if err != nil {
		return nil, err
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if k.ID == "" {
		k.ID = random()
	}
	k.Name, k.Fields = strings.Join(strings.Fields(f.Get("name")), " "), map[string]string{}
	if k.Person = v.who.Actor.Person; f.Get("shared") == "yes" {
		k.Person = ""
	}
	if k.Name == "" || len([]rune(k.Name)) > 200 || strings.ContainsAny(k.Name, ",;@<>\"") {
		f.Fail("name", text("Ad boş ya da çok uzun olamaz; virgül, @ ve tırnak kullanılmaz.", "A name is not empty or too long, and has no comma, @ or quotation mark."))
	}
	for _, x := range s.Fields {
		value := strings.TrimSpace(f.Get(x.Name))
		k.Fields[x.Name] = value
		if value == "" && !x.Optional {
			f.Fail(x.Name, text("Bu alan boş bırakılamaz.", "This cannot be empty."))
		}
	}
	if s.Kind == mailbox.Contact && k.Fields["address"] != "" {
		if a, _, ok := addressOf(k.Fields["address"]); ok {
			k.Fields["address"] = a.String()
		} else {
			f.Fail("address", text("Bu bir KEP adresi değil.", "This is no registered address."))
		}
	}
	if s.Kind == mailbox.Group {
		var list []string
		for _, t := range typed(k.Fields["addresses"]) {
			a, _, ok := addressOf(t)
			if !ok {
				f.Fail("addresses", text("Satırlardan biri KEP adresi değil.", "One of the lines is no registered address."))
				break
			}
			list = append(list, a.String())
		}
		if len(list) > mailbox.MaxRecipients {
			f.Fail("addresses", text("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed."))
		}
		if f.Good() {
			k.Fields["addresses"] = strings.Join(list, "\n")
		}
	}
	if f.Good() {
		err := p.Box.Keep(v.Context(), v.who, k)
		if err == nil {
			return web.Redirect{To: "/mail/contacts?done=saved"}, nil
		}
		if err := told(f, "name", err); err != nil {
			return nil, err
		}
	}
	return p.keepsakePage(v, s, k, f)
}

func (p *pages) dropKeepsake(v *visit) (web.Answer, error) {
	_, k, err := p.kept(v)
	if err != nil {
		return nil, err
	}
	if err := p.Box.DropKeepsake(v.Context(), v.who, k.ID); err != nil && !errors.Is(err, mailbox.ErrNotFound) {
		return nil, err
	}
	return web.Redirect{To: "/mail/contacts?done=removed"}, nil
}

// keepsakesFor finds what can be put into a draft, and whom its page suggests: the
// account's own contacts and nobody else.
func (p *pages) keepsakesFor(v *visit, w *writing) error {
	for _, kind := range []mailbox.KeepsakeKind{mailbox.Template, mailbox.Signature} {
		list, err := p.Box.Keepsakes(v.Context(), v.who, kind)
		if err != nil {
			return err
		}
		for _, k := range list {
			label := text("Şablon: "+shown(k.Name), "Template: "+shown(k.Name))
			if kind == mailbox.Signature {
				label = text("İmza metni: "+shown(k.Name), "Signature: "+shown(k.Name))
			}
			w.Insert = append(w.Insert, web.Choice{Value: string(kind) + " " + k.ID, Label: label})
		}
	}
	for _, kind := range []mailbox.KeepsakeKind{mailbox.Contact, mailbox.Group} {
		list, err := p.Box.Keepsakes(v.Context(), v.who, kind)
		if err != nil {
			return err
		}
		for _, k := range list {
			if len(w.Contacts) == maxSuggested {
				return nil
			}
			w.Contacts = append(w.Contacts, suggested{k.Name, k.Fields["address"]})
		}
	}
	return nil
}

// maxSuggested bounds what a page carries of contacts.
const maxSuggested = 1000

// A suggested contact; a group has no address and stands by its name.
type suggested struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// expand puts addresses in the place of names of contacts and groups, and leaves
// each address in once.
func (p *pages) expand(v *visit, d *mailbox.Draft) error {
	named := func(t string) bool { return !strings.Contains(t, "@") }
	if slices.ContainsFunc(d.To, named) || slices.ContainsFunc(d.Cc, named) {
		known := map[string][]string{}
		for _, kind := range []mailbox.KeepsakeKind{mailbox.Group, mailbox.Contact} {
			list, err := p.Box.Keepsakes(v.Context(), v.who, kind)
			if err != nil {
				return err
			}
			for _, k := range list {
				if kind == mailbox.Contact {
					known[rem.FoldName(k.Name)] = []string{k.Fields["address"]}
				} else {
					known[rem.FoldName(k.Name)] = strings.Fields(k.Fields["addresses"])
				}
			}
		}
		open := func(list []string) (all []string) {
			for _, t := range list {
				if addresses, ok := known[rem.FoldName(t)]; ok && named(t) {
					all = append(all, addresses...)
					continue
				}
				all = append(all, t)
			}
			return all
		}
		d.To, d.Cc = open(d.To), open(d.Cc)
	}
	once(d)
	return nil
}

// insert puts a template or a signature into the text.
func (p *pages) insert(v *visit, f *web.Form, d *mailbox.Draft) error {
	kind, id, ok := strings.Cut(f.Get("insert"), " ")
	if !ok || f.Get("do") != "insert" {
		return nil
	}
	list, err := p.Box.Keepsakes(v.Context(), v.who, mailbox.KeepsakeKind(kind))
	if err != nil {
		return err
	}
	for _, k := range list {
		if k.ID != id {
			continue
		}
		if s := k.Fields["subject"]; s != "" && d.Subject == "" {
			d.Subject = s
		}
		put(d, textOf(k), k.Kind == mailbox.Signature)
	}
	return nil
}

// put adds a text to a draft: a signature at the end, a template before what is there.
func put(d *mailbox.Draft, text string, end bool) {
	if d.HTML != "" {
		var b strings.Builder
		for l := range strings.Lines(text) {
			b.WriteString("<p>" + escape.Replace(strings.TrimSpace(l)) + "</p>")
		}
		if d.HTML, d.Text = b.String()+d.HTML, ""; end {
			d.HTML = strings.TrimPrefix(d.HTML, b.String()) + b.String()
		}
		return
	}
	if end {
		d.Text = strings.TrimRight(d.Text, "\n") + "\n\n" + text + "\n"
		return
	}
	d.Text = text + "\n" + d.Text
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
