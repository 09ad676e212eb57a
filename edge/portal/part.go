package portal

import (
	"context"
	"embed"
	"errors"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/person/account"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/notice"
	"rem/provider/directory"
)

//go:embed templates
var templates embed.FS

// Accounts are those of the provider.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
	SetPassword(ctx context.Context, id rem.AccountID, p rem.PersonID, hash string) error
	Usage(ctx context.Context, id rem.AccountID) (message.Usage, error)
}

// Hasher hashes passwords; account.Hasher is one.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
}

// Looks are the entries of the access log about a person; edge/accesslog has them.
type Looks interface {
	Concerning(ctx context.Context, person rem.PersonID, before uint64, limit int) ([]privacy.AccessEntry, error)
}

// Said is one answer that somebody gave when he applied, sealed.
type Said struct {
	Label rem.Text
	Item  privacy.Item
	// Before stands in the value in front of the answer.
	Before string
}

// Answers are what somebody said when he applied. None is no error.
type Answers interface {
	AnswersOf(ctx context.Context, p rem.PersonID) ([]Said, error)
}

// Services are what the pages ask.
type Services struct {
	Accounts  Accounts
	Keeper    *account.Keeper
	Hasher    Hasher
	Vault     *privacy.Vault
	Looks     Looks
	Viewer    *privacy.Viewer
	Register  *privacy.Register
	Notices   *notice.Ledger
	Consents  *consent.Ledger
	Answers   Answers              // nil: nothing is shown of applications
	Directory *directory.Directory // nil: there are no pages about it
	Crew      Crew                 // nil: nobody new is asked to act
	Switch    Switch               // nil: a session stays on its account
	// Export is the page on which everything of an account is taken along; empty:
	// there is none.
	Export string
	// Receipt signs a receipt over an entry of the consents.
	Receipt func(ctx context.Context, number uint64) ([]byte, error)
	// Server says where mail programs connect to for sending, Reader for reading
	// (IMAP); "": there is no such door.
	Server, Reader string
}

type pages struct {
	Services
	views *web.Views
}

// Part returns the pages.
func Part(s Services) web.Part {
	p := &pages{s, web.MustViews(templates, "templates")}
	get := func(name, pattern string, h handler) web.Route {
		return web.Route{Name: name, Method: "GET", Pattern: pattern, Who: web.Holder, Handler: p.on(h)}
	}
	post := func(name, pattern string, h handler) web.Route {
		return web.Route{Name: name, Method: "POST", Pattern: pattern, Who: web.Holder, Handler: p.on(h)}
	}
	fresh := func(r web.Route) web.Route { r.Fresh = true; return r }
	busy := func(r web.Route) web.Route { r.Busy = true; return r }
	part := web.Part{
		Name: "portal", Title: text("Hesabım", "My account"),
		Menu: []web.MenuItem{
			{Text: text("Hesap", "Account"), Path: "/account"},
			{Text: text("İşlem yetkilileri", "Operators"), Path: "/account/operators"},
			{Text: text("Verilerim", "My data"), Path: "/account/data"},
			{Text: text("Verilerime bakanlar", "Who looked at my data"), Path: "/account/looks"},
			{Text: text("Rızalarım", "My consents"), Path: "/account/choices"},
			{Text: text("Posta programı", "Mail program"), Path: "/account/mail"},
			{Text: text("Güvenlik", "Security"), Path: "/security"},
		},
		Routes: []web.Route{
			get("account", "/account", p.account),
			get("renew", "/account/renew", p.renewing), fresh(post("renewed", "/account/renew", p.renew)),
			get("block", "/account/block", p.blocking), fresh(post("blocked", "/account/block", p.block)),
			fresh(post("restored", "/account/restore", p.restore)),
			fresh(get("close", "/account/close", p.closing)), fresh(post("closed", "/account/close", p.close)),
			get("operators", "/account/operators", p.operators),
			fresh(get("operator", "/account/operators/{person}", p.operator)), fresh(post("appointed", "/account/operators/{person}", p.appoint)),
			fresh(get("removing", "/account/operators/{person}/remove", p.removing)), fresh(post("removed", "/account/operators/{person}/remove", p.remove)),
			fresh(post("foureyes", "/account/four-eyes", p.fourEyes)),
			get("data", "/account/data", p.data),
			get("looks", "/account/looks", p.looks),
			get("choices", "/account/choices", p.choices), post("chosen", "/account/choices/{purpose}", p.choose), post("read", "/account/notice", p.read),
			get("receipt", "/account/choices/receipt/{number}", p.receipt),
			get("mail", "/account/mail", p.mail), busy(fresh(post("password", "/account/mail", p.newPassword))),
		},
	}
	if s.Crew != nil {
		send := fresh(post("invited", "/account/operators/new", p.invite))
		send.MaxBody, send.Busy = maxPaper, true
		part.Routes = append(part.Routes, fresh(get("invite", "/account/operators/new", p.inviting)), send,
			fresh(post("takenback", "/account/operators/invited/{id}/back", p.takeBack)))
	}
	if s.Switch != nil {
		part.Routes = append(part.Routes,
			web.Route{Name: "choose-account", Method: "GET", Pattern: "/account/choose", Who: web.Holder, Handler: p.choosing},
			web.Route{Name: "account-chosen", Method: "POST", Pattern: "/account/choose", Who: web.Holder, Handler: p.chooseAccount})
	}
	if s.Directory != nil {
		part.Menu = append(part.Menu, web.MenuItem{Text: text("Rehber", "Directory"), Path: "/directory"}, web.MenuItem{Text: text("Rehberdeki kaydım", "My directory entry"), Path: "/account/directory"})
		part.Routes = append(part.Routes,
			get("search", "/directory", p.search), post("find", "/directory", p.find), post("check", "/directory/check", p.check),
			get("own", "/account/directory", p.own), post("open", "/account/directory", p.setOpen))
	}
	return part
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// A visit is a request of somebody on an account, with the account as it is now.
type visit struct {
	*web.Request
	account account.Account
	may     account.Permissions
}

// by is who changes the account.
func (v *visit) by() account.By { return account.By{Actor: v.actor()} }

func (v *visit) actor() rem.Actor {
	x := v.Principal.Session
	return rem.Actor{Account: v.account.ID, Holder: v.account.Holder.Person, Person: x.Who.Person, Method: string(x.Method)}
}

// access is as whom values are opened: for himself, and of the account's holder.
func (v *visit) access(purpose privacy.PurposeID) privacy.Access {
	a := privacy.Access{Actor: v.actor(), Role: privacy.AsOperator, Purpose: purpose}
	if v.Principal.Person() == v.account.Holder.Person {
		a.Role = privacy.AsHolder
	}
	return a
}

type handler func(*visit) (web.Answer, error)

// on finds the account that somebody acts on. Who can do nothing on it any more,
// or whose account lets nobody in, reads so.
func (p *pages) on(h handler) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		x := r.Principal.Session
		if x.Account == "" && p.Switch != nil {
			return web.Redirect{To: "/account/choose"}, nil
		}
		if x.Account == "" {
			return nil, &web.Forbidden{Why: text("Bu oturum bir hesaba bağlı değil.", "This session is on no account.")}
		}
		a, err := p.Accounts.Account(r.Context(), x.Account)
		if errors.Is(err, account.ErrNotFound) {
			return nil, web.ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		if !a.MayLogIn(x.Who.Person, r.Now()) {
			return nil, &web.Forbidden{Why: text("Bu hesapta artık işlem yapamazsınız: hesap kapalı veya askıda, ya da yetkiniz sona erdi.", "You cannot act on this account any more: it is closed or suspended, or your authority has ended.")}
		}
		return h(&visit{r, a, a.Powers(x.Who.Person, r.Now())})
	}
}

// told shows a refusal of the rules on a form; everything else is returned.
func told(f *web.Form, field string, err error) error {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		f.Fail(field, refusal.Detail)
		return nil
	}
	if errors.Is(err, account.ErrChanged) {
		f.Fail(field, text("Hesap bu arada değişti; sayfayı yeniden okuyup tekrar deneyin.", "The account was changed meanwhile; look at the page again and try once more."))
		return nil
	}
	return err
}
