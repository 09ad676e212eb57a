package developer

import (
	"context"
	"embed"
	"errors"
	"slices"
	"strconv"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person/account"
	"rem/person/token"
	"rem/privacy"
)

//go:embed templates
var templates embed.FS

// Tokens makes and ends keys; token.Service does.
type Tokens interface {
	Create(ctx context.Context, by rem.Actor, w token.Wish) (token.Key, token.Secret, error)
	Keys(ctx context.Context, by rem.Actor) ([]token.Key, error)
	Revoke(ctx context.Context, by rem.Actor, id token.ID) error
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// Services are what the pages ask.
type Services struct {
	Tokens   Tokens
	Accounts Accounts
	Vault    *privacy.Vault
	// Hooks may be nil: then no page speaks of webhooks.
	Hooks Hooks
	// Docs is the address of the description of the API.
	Docs string
}

type pages struct {
	Services
	views *web.Views
}

// Part returns the pages.
func Part(s Services) web.Part {
	p := &pages{s, web.MustViews(templates, "templates")}
	route := func(name, method, pattern string, h web.Handler) web.Route {
		return web.Route{Name: name, Method: method, Pattern: pattern, Who: web.Holder, Handler: h, Fresh: method == "POST"}
	}
	part := web.Part{
		Name: "developer", Title: text("Programlar", "Programs"),
		Menu: []web.MenuItem{{Text: text("API belirteçleri", "API tokens"), Path: "/account/api"}},
		Routes: []web.Route{
			route("tokens", "GET", "/account/api", p.tokens),
			route("token-made", "POST", "/account/api", p.create),
			route("token-revoking", "GET", "/account/api/{token}/revoke", p.revoking),
			route("token-revoked", "POST", "/account/api/{token}/revoke", p.revoke),
		},
	}
	if s.Hooks != nil {
		part.Menu = append(part.Menu, web.MenuItem{Text: text("Bildirimler (webhook)", "Webhooks"), Path: hooksPath})
		part.Routes = append(part.Routes, p.hookRoutes(route)...)
	}
	return part
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

func actor(r *web.Request, a *account.Account) rem.Actor {
	x := r.Principal.Session
	return rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: x.Who.Person, Method: string(x.Method)}
}

// visit returns the account of the session, when its person may act on it now.
func (p *pages) visit(r *web.Request) (account.Account, rem.Actor, error) {
	x := r.Principal.Session
	if x.Account == "" {
		return account.Account{}, rem.Actor{}, &web.Forbidden{Why: text("Bu oturum bir hesaba bağlı değil.", "This session is on no account.")}
	}
	a, err := p.Accounts.Account(r.Context(), x.Account)
	if errors.Is(err, account.ErrNotFound) {
		return a, rem.Actor{}, web.ErrNotFound
	}
	if err == nil && !a.MayLogIn(x.Who.Person, r.Now()) {
		err = &web.Forbidden{Why: text("Bu hesapta artık işlem yapamazsınız.", "You cannot act on this account any more.")}
	}
	return a, actor(r, &a), err
}

// A list is the page.
type list struct {
	Secret string
	Client string // of Secret, where it is a client's
	Keys   web.Table
	Fields []web.Field
	Docs   string
}

var kinds = []struct {
	kind token.Kind
	text rem.Text
}{
	{token.Personal, text("Kişisel belirteç: program onu doğrudan kullanır", "Personal token: the program uses it directly")},
	{token.Client, text("OAuth 2 istemcisi: program kimliği ve sırrıyla bir saatlik erişim belirteci alır", "OAuth 2 client: the program gets access tokens of one hour by its identifier and secret")},
}

// terms are in days.
var terms = []int{7, 30, 90, 365}

func (p *pages) tokens(r *web.Request) (web.Answer, error) {
	form := web.NewForm(map[string]string{"kind": string(token.Personal), "days": "90"})
	return p.page(r, form, token.Key{}, token.Secret{})
}

func (p *pages) page(r *web.Request, form *web.Form, made token.Key, secret token.Secret) (web.Answer, error) {
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	keys, err := p.Tokens.Keys(r.Context(), by)
	if err != nil {
		return nil, err
	}
	labels, err := p.labels(r.Context(), by, keys)
	if err != nil {
		return nil, err
	}
	l := list{Secret: secret.Reveal(), Docs: p.Docs, Keys: web.Table{
		Caption: text("Belirteçleriniz", "Your tokens"),
		Columns: []web.Column{{Head: text("Ad", "Name")}, {Head: text("Kapsam", "Scopes")}, {Head: text("Geçerlilik", "Valid until")}, {Head: text("Son kullanım", "Last used")}, {Head: text("İşlem", "Action")}},
		Empty:   text("Henüz bir belirteç yok.", "There is no token yet."),
	}}
	if made.Kind == token.Client {
		l.Client = string(made.ID)
	}
	for i := range keys {
		k := &keys[i]
		name := web.Cell{Text: labels[i], Note: kindText(k.Kind)}
		if labels[i] == "" {
			name = web.Cell{Say: text("adsız", "without a name"), Note: kindText(k.Kind)}
		}
		used := web.Cell{Time: k.Used}
		if k.Used.IsZero() {
			used = web.Cell{Say: text("hiç", "never")}
		}
		until := web.Cell{Time: k.Until, Day: true}
		act := web.Cell{Say: text("İptal et", "Revoke"), Path: "/account/api/" + string(k.ID) + "/revoke"}
		switch {
		case !k.Revoked.IsZero():
			act = web.Cell{Say: text("iptal edildi", "revoked"), Badge: true, Tone: web.Attention}
		case !k.Holds(r.Now()):
			act = web.Cell{Say: text("süresi doldu", "ended"), Badge: true}
		}
		l.Keys.Rows = append(l.Keys.Rows, []web.Cell{name, {Text: token.JoinScopes(k.Scopes), Code: true}, until, used, act})
	}
	l.Fields = fields(form)
	return web.Page{
		View: p.views.Page("tokens"), Title: text("API belirteçleri", "API tokens"), Form: form, Data: l,
		Lead: text("Muhasebe veya belge programınız sizin adınıza, yalnız seçtiğiniz işlemleri yapar. Her işlemde hesabınız ve siz görünürsünüz.",
			"Your accounting or document program acts for you, and only does what you choose. Each act names your account and you."),
	}, nil
}

func kindText(k token.Kind) rem.Text {
	if k == token.Client {
		return text("OAuth 2 istemcisi", "OAuth 2 client")
	}
	return text("kişisel belirteç", "personal token")
}

func fields(form *web.Form) []web.Field {
	kind := web.Field{Name: "kind", Label: text("Türü", "Kind"), Type: web.RadioInput}
	for _, k := range kinds {
		kind.Choices = append(kind.Choices, web.Choice{Value: string(k.kind), Label: k.text})
	}
	scope := web.Field{Name: "scope", Label: text("Neler yapabilsin?", "What may it do?"), Type: web.BoxesInput}
	for _, s := range token.Scopes {
		scope.Choices = append(scope.Choices, web.Choice{Value: string(s), Label: s.Text()})
	}
	days := web.Field{Name: "days", Label: text("Süresi", "Term"), Type: web.SelectInput, Short: true}
	for _, d := range terms {
		n := strconv.Itoa(d)
		days.Choices = append(days.Choices, web.Choice{Value: n, Label: text(n+" gün", n+" days")})
	}
	return []web.Field{
		form.Field(web.Field{Name: "label", Label: text("Adı", "Name"), Optional: true, Max: 100, Help: text("Listede tanımanız için; örneğin “Muhasebe programı”.", "To know it by in the list, such as “Accounting”.")}),
		form.Field(kind), form.Field(scope), form.Field(days),
	}
}

// labels opens what the person called his keys; an unnamed one stays closed.
func (p *pages) labels(ctx context.Context, by rem.Actor, keys []token.Key) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	as := privacy.AsOperator
	if by.Person == by.Holder {
		as = privacy.AsHolder
	}
	items := make([]privacy.Item, len(keys))
	for i := range keys {
		items[i] = privacy.Item{Person: keys[i].Person, Field: token.LabelField, Sealed: keys[i].Label}
	}
	values, err := p.Vault.OpenAll(ctx, privacy.Access{Actor: by, Role: as, Purpose: privacy.AccountUse}, items)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(values))
	for i := range values {
		out[i] = values[i].Text()
	}
	return out, nil
}

func (p *pages) create(r *web.Request) (web.Answer, error) {
	form, err := r.Form()
	if err != nil {
		return nil, err
	}
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	w := token.Wish{Kind: token.Kind(form.Get("kind")), Label: form.Get("label")}
	if !slices.ContainsFunc(kinds, func(k struct {
		kind token.Kind
		text rem.Text
	}) bool {
		return k.kind == w.Kind
	}) {
		form.Fail("kind", text("Bir tür seçin.", "Choose a kind."))
	}
	for _, s := range form.All("scope") {
		w.Scopes = append(w.Scopes, token.Scope(s))
	}
	if len(w.Scopes) == 0 {
		form.Fail("scope", text("En az bir işlem seçin.", "Choose one at least."))
	}
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil || !slices.Contains(terms, days) {
		form.Fail("days", text("Bir süre seçin.", "Choose a term."))
	}
	w.Term = time.Duration(days) * 24 * time.Hour
	if !form.Good() {
		return p.page(r, form, token.Key{}, token.Secret{})
	}
	made, secret, err := p.Tokens.Create(r.Context(), by, w)
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, token.ErrScope):
		form.Fail("scope", text("Seçtiklerinizden birini bu hesapta siz de yapamıyorsunuz.", "You cannot do one of these on this account yourself."))
	case errors.Is(err, token.ErrTooMany):
		form.Fail("label", text("Belirteç sayısı sınırda; birini iptal edin.", "You have as many tokens as one may have; revoke one."))
	case refused:
		form.Fail("label", refusal.Detail)
	case err != nil:
		return nil, err
	default:
		form = web.NewForm(map[string]string{"kind": string(token.Personal), "days": "90"})
	}
	return p.page(r, form, made, secret)
}

// revoking asks before it is done.
func (p *pages) revoking(r *web.Request) (web.Answer, error) {
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	keys, err := p.Tokens.Keys(r.Context(), by)
	if err != nil {
		return nil, err
	}
	id := token.ID(r.Var("token"))
	if !slices.ContainsFunc(keys, func(k token.Key) bool { return k.ID == id && k.Holds(r.Now()) }) {
		return nil, web.ErrNotFound
	}
	return web.Confirm{
		Title: text("Belirteci iptal et", "Revoke the token"), Text: text("Bu belirteci kullanan program hemen duracak. Geri alınamaz.", "The program that uses it stops at once. This cannot be taken back."),
		Path: "/account/api/" + string(id) + "/revoke", Button: text("İptal et", "Revoke"), Back: "/account/api", Danger: true,
	}.Page(), nil
}

func (p *pages) revoke(r *web.Request) (web.Answer, error) {
	if _, err := r.Form(); err != nil {
		return nil, err
	}
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	err = p.Tokens.Revoke(r.Context(), by, token.ID(r.Var("token")))
	if errors.Is(err, token.ErrUnknown) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/account/api"}, nil
}
