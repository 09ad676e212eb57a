package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/account"
	"rem/privacy"
	"rem/provider/staff"
)

func accountPath(id rem.AccountID) string { return "/desk/accounts/" + url.PathEscape(string(id)) }

// findPage asks for a whole address. There is no list of accounts.
func (p *pages) findPage(f *web.Form) web.Page {
	pg := p.page(text("Hesap ara", "Look an account up"), text("Adresi tam yazın; hesaplar listelenmez.", "Write the whole address; accounts are not listed."), block{Form: &form{
		Path: "/desk/accounts", Button: text("Ara", "Look up"),
		Fields: []web.Field{f.Field(web.Field{Name: "address", Label: text("KEP adresi", "Registered address"), Mode: "email", Max: 254})},
	}})
	pg.Form, pg.Wide = f, false
	return pg
}

func (p *pages) accounts(*web.Request) (web.Answer, error) { return p.findPage(web.NewForm(nil)), nil }

// findAccount looks up by a form, so that the address stands in no address of a
// page, and leads to the account's identifier.
func (p *pages) findAccount(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	if _, err := p.helper(r); err != nil {
		return nil, err
	}
	address, err := rem.ParseAddress(strings.TrimSpace(f.Get("address")))
	if err != nil {
		f.Fail("address", person.AddressForm.Text())
		return p.findPage(f), nil
	}
	a, err := p.Accounts.ByAddress(r.Context(), address)
	if err := answered(err); err == web.ErrNotFound {
		f.Fail("address", text("Bu adreste bir hesap yok.", "There is no account with this address."))
		return p.findPage(f), nil
	} else if err != nil {
		return nil, err
	}
	return web.Redirect{To: accountPath(a.ID)}, nil
}

// helper is the role in which somebody works on accounts, when the gate lets him.
func (p *pages) helper(r *web.Request, among ...staff.Role) (staff.Role, error) {
	if len(among) == 0 {
		among = []staff.Role{staff.Support, staff.Security, staff.Privacy}
	}
	i := slices.IndexFunc(among, func(x staff.Role) bool { return r.Principal.Has(x) })
	if i < 0 {
		return "", staff.ErrNoAct
	}
	return among[i], p.Staff.May(r.Context(), r.Principal.Person(), among[i])
}

func (p *pages) loadAccount(r *web.Request) (*account.Account, error) {
	a, err := p.Accounts.Account(r.Context(), rem.AccountID(r.Var("id")))
	if err != nil {
		return nil, answered(err)
	}
	return &a, nil
}

func (p *pages) account(r *web.Request) (web.Answer, error) {
	if _, err := p.helper(r); err != nil {
		return nil, err
	}
	a, err := p.loadAccount(r)
	if err != nil {
		return nil, err
	}
	return p.accountPage(r, a, nil, web.NewForm(nil))
}

var accountStates = func() (w words[account.State]) {
	for _, s := range account.States() {
		w = append(w, named[account.State]{s.Value, s.Text})
	}
	return w
}()

func accountTone(s account.State) web.Tone {
	switch s {
	case account.Open:
		return web.Good
	case account.Closed:
		return web.Plain
	}
	return web.Attention
}

func reasonOf(why account.Reason) rem.Text {
	for _, e := range []account.Event{account.Block, account.Suspend, account.Restore, account.Close, account.EndTerm} {
		for _, w := range account.Reasons(e) {
			if w.Value == why {
				return w.Text
			}
		}
	}
	return rem.Text{}
}

// The events that staff makes.
var accountMoves = []struct {
	event account.Event
	name  rem.Text
	text  rem.Text
	bad   bool
}{
	{account.Block, text("Gönderime kapat", "Block sending"), text("Hesaptan ileti gönderilemez; almak ve okumak sürer.", "Nothing can be sent; receiving and reading go on."), false},
	{account.Suspend, text("Hesabı askıya al", "Suspend the account"), text("Hesap almayı sürdürür; kimse okuyamaz ve gönderemez.", "It goes on receiving; nobody reads or sends."), true},
	{account.Restore, text("Hesabı yeniden aç", "Restore the account"), text("Hesap yeniden açılır.", "The account is open again."), false},
	{account.Close, text("Hesabı kapat", "Close the account"), text("Hesap kapanır ve adresi bir daha kimseye verilmez. Bu geri alınamaz; hesap sahibi iletilerini süresi içinde alabilir.", "The account closes and its address is never given to anybody again. This cannot be taken back; the holder can take the messages away in time."), true},
}

// accountPage shows state and operators by identifiers; names, where they were
// opened for this page.
func (p *pages) accountPage(r *web.Request, a *account.Account, names map[rem.PersonID]string, f *web.Form) (web.Answer, error) {
	now := p.Clock.Now()
	who := func(id rem.PersonID) web.Cell {
		if n := names[id]; n != "" {
			return web.Cell{Text: n, Note: plain(string(id))}
		}
		return code(string(id))
	}
	holder := who(a.Holder.Person)
	if names[holderKey] != "" {
		holder = web.Cell{Text: names[holderKey], Note: plain(string(a.Holder.Person))}
	}
	kind := text("gerçek kişi", "natural person")
	if a.Holder.Legal {
		kind = text("tüzel kişi", "legal person")
	}
	facts := []web.Fact{
		fact("KEP adresi", "Registered address", web.Cell{Text: a.Address.String()}),
		fact("Durum", "State", badge(accountStates.of(a.State), accountTone(a.State))),
		fact("Hesap sahibi", "Holder", holder), fact("Türü", "Kind", say(kind)),
		fact("Açıldı", "Opened", web.Cell{Time: a.Created}), fact("Süre sonu", "Term until", web.Cell{Time: a.Until, Day: true}),
	}
	if a.Standing.Reason != "" {
		facts = append(facts, fact("Bu durumun gerekçesi", "Why it is so", web.Cell{Say: reasonOf(a.Standing.Reason)}), fact("Bu durumda", "Since", web.Cell{Time: a.Standing.Since}))
		by := code(string(a.Standing.By))
		if a.Standing.By == "" {
			by = say(text("sistem", "the system"))
		}
		facts = append(facts, fact("Karar veren", "Decided by", by))
	}
	if !a.Standing.Export.IsZero() {
		facts = append(facts, fact("İletiler şu güne kadar verilir", "Messages are handed out until", web.Cell{Time: a.Standing.Export, Day: true}))
	}
	if a.ReceiveOnly {
		facts = append(facts, fact("Hizmet", "Service", say(text("yalnızca alma", "receive only"))))
	}
	if a.FourEyes {
		facts = append(facts, fact("Gönderim", "Sending", say(text("hazırlayan ve imzalayan ayrı kişiler", "preparer and signer are two persons"))))
	}
	ops := web.Table{Columns: []web.Column{column("Kişi", "Person"), column("Yetkileri", "Permissions"), column("Başlangıç", "From"), column("Bitiş", "Until"), column("Şimdi", "Now")}, Empty: text("İşlem yetkilisi yok.", "There is no operator.")}
	for i := range a.Operators {
		o := &a.Operators[i]
		may := rem.Text{}
		for _, w := range account.AllPermissions() {
			if !o.May.Has(w.Value) {
				continue
			}
			if may == (rem.Text{}) {
				may = w.Text
				continue
			}
			may = both(may, ", ", w.Text)
		}
		active := badge(text("etkin", "active"), web.Good)
		if !o.Active(now) {
			active = badge(text("süresi dışında", "not in the term"), web.Plain)
		}
		until := lastDay(o.Until)
		if o.Until.IsZero() {
			until = say(text("süresiz", "without end"))
		}
		ops.Rows = append(ops.Rows, []web.Cell{who(o.Person), say(may), {Time: o.From, Day: true}, until, active})
	}
	blocks := []block{{Title: text("Hesap", "Account"), Facts: facts}, {Title: text("İşlem yetkilileri", "Operators"), Table: &ops}}
	if names == nil {
		blocks = append(blocks, block{Title: text("Adlar", "Names"), Text: text("Adlar mühürlüdür; yalnızca bir dosya için açılır. Açtığınız kaydedilir ve hesap sahibi bunu görebilir.", "Names are sealed and open for a case alone. That you open them is recorded, and the holder can see it."), Form: &form{
			Path: accountPath(a.ID) + "/names", Button: text("Adları aç", "Open the names"),
			Fields: []web.Field{f.Field(web.Field{Name: "case", Label: text("Dosya numarası", "Number of the case"), Short: true, Max: 40, Help: text("Talebin veya olayın numarası; kişisel bilgi yazmayın.", "That of the request or incident; write nothing personal.")})},
		}})
	}
	if r.Principal.Has(staff.Support, staff.Security) {
		b := block{Title: text("Yapılacaklar", "What to do")}
		for _, m := range accountMoves {
			if _, ok := a.State.Next(m.event); ok {
				b.Links = append(b.Links, web.Link{Text: m.name, Path: accountPath(a.ID) + "/move/" + string(m.event)})
			}
		}
		if len(b.Links) == 0 {
			b.Text = text("Kapalı bir hesapta yapılacak işlem yok.", "There is nothing to do with a closed account.")
		}
		blocks = append(blocks, b)
	}
	if p.Deliveries != nil && r.Principal.Has(staff.Support) {
		b, err := p.deliveries(r, a)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	pg := with(r, p.page(text("Hesap", "Account"), plain(string(a.ID)), blocks...))
	pg.Form = f
	return pg, nil
}

// deliveries are the last messages to the people of the account: whether they
// went, and never where to or what they said.
func (p *pages) deliveries(r *web.Request, a *account.Account) (block, error) {
	people := []rem.PersonID{a.Holder.Person}
	for i := range a.Operators {
		if o := a.Operators[i].Person; !slices.Contains(people, o) && len(people) < 10 {
			people = append(people, o)
		}
	}
	t := web.Table{Columns: []web.Column{column("Zaman", "Time"), column("Kişi", "Person"), column("Ne", "What"), column("Yol", "By"), column("Durum", "State")}, Empty: text("Gönderilmiş bildirim yok.", "No message was told.")}
	for _, who := range people {
		list, err := p.Deliveries.Deliveries(r.Context(), who, time.Time{}, 10)
		if err != nil {
			return block{}, err
		}
		for _, x := range list {
			state := say(deliveryStates.of(x.State))
			if x.Fault != "" {
				state.Note = plain(x.Fault)
			}
			t.Rows = append(t.Rows, []web.Cell{{Time: x.Told}, code(string(who)), say(deliveryKinds.of(x.Kind)), say(channels.of(x.Channel)), state})
		}
	}
	return block{Title: text("Son bildirimler", "Last messages"), Text: text("Yalnızca gidip gitmediği görünür; nereye ve ne yazıldığı görünmez.", "Only whether they went is seen; not where to, and not what they said."), Table: &t}, nil
}

// holderKey stands for the holder among opened names: a holder who is an operator
// too has two sealed names.
const holderKey rem.PersonID = ""

// maxCase bounds the number of a case.
const maxCase = 40

// accountNames opens the names of the account for a case.
func (p *pages) accountNames(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	a, err := p.loadAccount(r)
	if err != nil {
		return nil, err
	}
	role, err := p.helper(r)
	if err != nil {
		return nil, err
	}
	matter := strings.TrimSpace(f.Get("case"))
	if !caseNumber(matter) {
		f.Fail("case", text("Talebin veya olayın numarasını yazınız: harf, rakam ve kısa çizgi.", "Write the number of the request or incident: letters, digits and hyphens."))
		return p.accountPage(r, a, nil, f)
	}
	access, err := p.Staff.Access(r.Context(), r.Principal.Person(), role, privacy.AccountUse, privacy.CaseID(matter))
	if err != nil {
		return nil, err
	}
	var items []privacy.Item
	var whose []rem.PersonID
	add := func(key, id rem.PersonID, field privacy.FieldID, s privacy.SealedValue) {
		if !s.IsZero() {
			items, whose = append(items, privacy.Item{Person: id, Field: field, Sealed: s}), append(whose, key)
		}
	}
	add(holderKey, a.Holder.Person, account.HolderName, a.Holder.Name)
	for i := range a.Operators {
		add(a.Operators[i].Person, a.Operators[i].Person, account.OperatorName, a.Operators[i].Name)
	}
	values, err := p.Vault.OpenAll(r.Context(), access, items)
	if err != nil {
		return nil, err
	}
	names := map[rem.PersonID]string{}
	for i, v := range values {
		names[whose[i]] = v.Text()
	}
	return p.accountPage(r, a, names, web.NewForm(nil))
}

// caseNumber: an identifier of ours, with a digit, so that no name is written there.
func caseNumber(s string) bool {
	digit := false
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '/', c == '.':
		default:
			return false
		}
	}
	return digit && len(s) >= 3 && len(s) <= maxCase
}

func (p *pages) movePage(r *web.Request, a *account.Account, f *web.Form) (web.Answer, error) {
	i := slices.IndexFunc(accountMoves, func(m struct {
		event      account.Event
		name, text rem.Text
		bad        bool
	}) bool {
		return string(m.event) == r.Var("event")
	})
	if i < 0 {
		return nil, web.ErrNotFound
	}
	m := accountMoves[i]
	if _, ok := a.State.Next(m.event); !ok {
		return nil, web.ErrNotFound
	}
	var list []web.Choice
	for _, w := range account.Reasons(m.event) {
		list = append(list, web.Choice{Value: string(w.Value), Label: w.Text})
	}
	return web.Confirm{
		Title: m.name, Text: m.text, Form: f, Danger: m.bad, Path: accountPath(a.ID) + "/move/" + string(m.event), Button: m.name, Back: accountPath(a.ID),
		Facts:  []web.Fact{fact("Hesap", "Account", code(string(a.ID))), fact("Durum", "State", say(accountStates.of(a.State)))},
		Fields: []web.Field{f.Field(web.Field{Name: "reason", Label: text("Gerekçe", "Reason"), Type: web.RadioInput, Choices: list})},
	}.Page(), nil
}

func (p *pages) moveAccount(r *web.Request) (web.Answer, error) {
	a, err := p.loadAccount(r)
	if err != nil {
		return nil, err
	}
	return p.movePage(r, a, web.NewForm(nil))
}

func (p *pages) accountMoved(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	a, err := p.loadAccount(r)
	if err != nil {
		return nil, err
	}
	if _, err := p.helper(r, staff.Support, staff.Security); err != nil {
		return nil, err
	}
	event, why := account.Event(r.Var("event")), account.Reason(f.Get("reason"))
	if !slices.ContainsFunc(account.Reasons(event), func(w account.Word[account.Reason]) bool { return w.Value == why }) {
		f.Fail("reason", person.NotAChoice.Text())
		return p.movePage(r, a, f)
	}
	// Of the table only what staff makes: the term's events have no page.
	if _, err := p.movePage(r, a, f); err != nil {
		return nil, err
	}
	by := account.By{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: r.Principal.Person(), Method: method(r)}, Staff: true}
	if err := p.Keeper.Move(r.Context(), by, a.ID, event, why); err != nil {
		return nil, answered(err)
	}
	return done(accountPath(a.ID), "moved"), nil
}
