package webmail

import (
	"context"
	"embed"
	"errors"
	"io"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/message/export"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/account"
	"rem/privacy"
	"rem/trust/tsp"
)

//go:embed all:templates
var templates embed.FS

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A Verifier verifies evidence and originals; *verification.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error)
}

// A Scan is what a scanner said of an attachment.
type Scan struct {
	// Known is false where nobody looked: then nothing is claimed.
	Known bool
	// Clean: nothing was found. Text says it for people.
	Clean bool
	Text  rem.Text
}

// A Program is one mail program that is logged in to the account.
type Program struct {
	ID    string // names it in a form; nothing secret
	From  string // the address of the network that it comes from
	Since time.Time
	// Own says that it is the visitor's; Who is whose it is.
	Own bool
	Who rem.PersonID
}

// Programs are the mail programs that are logged in at this moment: the visitor's
// own, and all of the account for its holder. What he may not see is
// mailbox.ErrNotFound when he ends it.
type Programs interface {
	Programs(ctx context.Context, who mailbox.Visitor) ([]Program, error)
	EndProgram(ctx context.Context, who mailbox.Visitor, id string) error
}

// Exported is what was taken away, for the record.
type Exported struct {
	// Messages is how many were chosen; of everything it is not counted.
	Messages   int
	Everything bool
	// Opening: those that nobody opened are opened by it.
	Opening bool
}

// Services are what the pages ask. Those that may be nil say so.
type Services struct {
	Box      *mailbox.Box
	Accounts Accounts
	Verifier Verifier
	// People gives the names of those who act on an account, opened for the
	// visitor with an entry in the access log. Nil: their identifiers are shown.
	People func(ctx context.Context, who mailbox.Visitor, a account.Account) (map[rem.PersonID]string, error)
	// Report writes a message as PDF for a judge. Nil: there is none.
	Report func(ctx context.Context, view *message.View, filed []message.Filed, t *timeline.Message, l privacy.Language) ([]byte, error)
	// Scan says what a scanner finds in a file now. Nil: the pages say that
	// nobody looked.
	Scan func(ctx context.Context, content io.Reader) (Scan, error)
	// Record says durably that somebody takes messages away, before the first
	// octet leaves. Nil: nothing can be exported.
	Record func(ctx context.Context, who mailbox.Visitor, e Exported) error
	// Trust are certificates and lists that go into an export, Stamp is whose
	// time-stamp token its proof list gets; both may be nil.
	Trust func(ctx context.Context) ([]export.File, error)
	Stamp tsp.Authority
	// Programs may be nil: then no page speaks of mail programs.
	Programs Programs
	// Bulk are bulk sendings; nil: there is no page about them.
	Bulk Bulk
	// Provider is the name of who runs this.
	Provider rem.Text
	// Writing is for those who write; without its Sign there are no pages for it.
	Writing
}

type pages struct {
	Services
	views    *web.Views
	searches searches
	opened   recent
	checks   counter // bulk sendings that wait for their person
	composes bool    // there is a page for writing
}

// Part returns the pages.
func Part(s Services) web.Part {
	p := &pages{Services: s, views: web.MustViews(templates, "templates")}
	part := web.Part{
		Name: "webmail", Title: text("Posta", "Mail"),
		Menu: []web.MenuItem{{Text: text("Yeni ileti", "New message"), Path: "/mail/compose"}},
	}
	part.Routes = append(part.Routes, web.Route{Name: "mail", Method: "GET", Pattern: "/mail", Who: web.Holder, Handler: func(*web.Request) (web.Answer, error) {
		return web.Redirect{To: folderPath(mailbox.Inbox)}, nil
	}})
	for _, f := range mailbox.Fixed {
		part.Menu = append(part.Menu, web.MenuItem{Text: mailbox.FixedNames[f], Path: folderPath(f)})
		part.Routes = append(part.Routes, p.get("folder "+string(f), folderPath(f), p.fixed(f)))
	}
	part.Menu = append(part.Menu,
		web.MenuItem{Text: text("Klasörlerim", "My folders"), Path: "/mail/folders"},
		web.MenuItem{Text: text("Arama", "Search"), Path: "/mail/search"},
		web.MenuItem{Text: text("Durum listeleri", "Status lists"), Path: "/mail/lists"},
		web.MenuItem{Text: text("Kutu doluluğu", "Space"), Path: "/mail/quota"},
		web.MenuItem{Text: text("Dışa aktarma", "Export"), Path: "/mail/export"},
		web.MenuItem{Text: text("Posta tercihleri", "Mail preferences"), Path: "/mail/preferences"},
	)
	part.Routes = append(part.Routes,
		p.get("own folder", "/mail/folder/{folder}", p.own),
		p.get("folders", "/mail/folders", p.folders), p.post("create folder", "/mail/folders", p.createFolder),
		p.post("rename folder", "/mail/folders/{folder}/rename", p.renameFolder), p.post("remove folder", "/mail/folders/{folder}/remove", p.removeFolder),
		p.post("act", "/mail/act", p.act), p.post("remove", "/mail/remove", p.remove),
		p.get("search", "/mail/search", p.searching), p.post("ask", "/mail/search", p.ask), p.get("found", "/mail/found/{search}", p.found),
		p.get("message", "/mail/message/{item}", p.message), p.post("open", "/mail/message/{item}/open", p.open),
		p.get("text", "/mail/message/{item}/text/{section}", p.frame),
		p.get("source", "/mail/message/{item}/source", p.source), p.get("original", "/mail/message/{item}/original", p.original),
		p.get("attachment", "/mail/message/{item}/file/{part}", p.attachment),
		p.get("evidence", "/mail/message/{item}/evidence/{evidence}", p.evidence), p.get("evidence file", "/mail/message/{item}/evidence/{evidence}/{form}", p.evidenceFile),
		p.get("bundle", "/mail/message/{item}/bundle", p.bundle), busy(p.get("report", "/mail/message/{item}/report", p.report)),
		p.get("lists", "/mail/lists", p.lists), busy(p.get("list file", "/mail/lists/{list}", p.listFile)),
		p.get("quota", "/mail/quota", p.quota),
		p.get("exporting", "/mail/export", p.exporting), busy(fresh(p.post("export", "/mail/export", p.export))),
		p.get("preferences", "/mail/preferences", p.preferences), p.post("prefer", "/mail/preferences", p.prefer),
	)
	if s.Sign != "" {
		part.Menu = append(part.Menu, web.MenuItem{Text: text("İmza bekleyenler", "To be signed"), Path: "/mail/to-sign"}, web.MenuItem{Text: text("Kişiler ve şablonlar", "Contacts and templates"), Path: "/mail/contacts"})
		part.Routes = append(append(part.Routes, p.composeRoutes()...), p.keepsakeRoutes()...)
	}
	if s.Bulk != nil {
		part.Menu = append(part.Menu, web.MenuItem{Text: text("Toplu gönderim", "Bulk sending"), Path: "/mail/bulk"})
		part.Routes = append(part.Routes, p.bulkRoutes()...)
	}
	if s.Programs != nil {
		part.Menu = append(part.Menu, web.MenuItem{Text: text("Posta programları", "Mail programs"), Path: "/mail/programs"})
		part.Routes = append(part.Routes, p.get("programs", "/mail/programs", p.programs), fresh(p.post("end program", "/mail/programs", p.endProgram)))
	}
	for i := range part.Routes {
		p.composes = p.composes || part.Routes[i].Pattern == "/mail/compose"
	}
	return part
}

func fresh(r web.Route) web.Route { r.Fresh = true; return r }
func busy(r web.Route) web.Route  { r.Busy = true; return r }

func (p *pages) get(name, pattern string, h handler) web.Route {
	return web.Route{Name: name, Method: "GET", Pattern: pattern, Who: web.Holder, Handler: p.on(h)}
}

func (p *pages) post(name, pattern string, h handler) web.Route {
	return web.Route{Name: name, Method: "POST", Pattern: pattern, Who: web.Holder, Handler: p.on(h)}
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// same is a text that is the same in both languages, such as a name.
func same(s string) rem.Text { return rem.Text{Turkish: s, English: s} }

// A visit is a request of somebody on an account, with the account as it is now.
type visit struct {
	*web.Request
	who     mailbox.Visitor
	account account.Account
	may     account.Permissions
}

type handler func(*visit) (web.Answer, error)

// method is how a log-in is named in evidence.
const method = "urn:rem:authentication:"

// on finds the account that somebody acts on, and translates what the box says.
// Who can do nothing on it any more, or whose account lets nobody in, reads so.
func (p *pages) on(h handler) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		x := r.Principal.Session
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
		by := method + string(x.Method)
		v := &visit{Request: r, account: a, may: a.Powers(x.Who.Person, r.Now()), who: mailbox.Visitor{
			Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: x.Who.Person, Method: by},
			Authentication: message.Authentication{Time: x.Proved, Method: by},
			Case:           privacy.CaseID(x.ID.Short()),
		}}
		answer, err := h(v)
		for _, none := range []error{mailbox.ErrNotFound, message.ErrNotFound} {
			if errors.Is(err, none) {
				return nil, web.ErrNotFound
			}
		}
		return answer, err
	}
}

// told shows what the box refuses on a form; everything else is returned.
func told(f *web.Form, field string, err error) error {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		f.Fail(field, refusal.Detail)
		return nil
	}
	for _, known := range []struct {
		err  error
		says rem.Text
	}{
		{mailbox.ErrTaken, text("Bu adda bir klasör var.", "There is a folder of this name.")},
		{mailbox.ErrName, text("Klasör böyle adlandırılamaz: ad boş, çok uzun ya da içinde eğik çizgi gibi bir işaret var.", "A folder cannot be called so: the name is empty, too long or has a sign such as a slash.")},
		{mailbox.ErrFixed, text("Bu klasör kaldırılamaz: içinde ileti var ya da hesabın sabit klasörü.", "This folder stays: there are messages in it, or every account has it.")},
		{mailbox.ErrTooMany, text("Sınıra ulaşıldı; önce birini kaldırın.", "There is no room for more; remove one first.")},
	} {
		if errors.Is(err, known.err) {
			f.Fail(field, known.says)
			return nil
		}
	}
	return err
}
