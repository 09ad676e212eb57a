package entrance

import (
	"context"
	"embed"
	"errors"
	"io"

	"rem"
	"rem/edge/web"
	"rem/person/login"
)

//go:embed templates
var templates embed.FS

// Services are what the pages ask.
type Services struct {
	Login *login.Service
	// Label is what an authenticator shows for somebody, such as his address; it
	// is one of the words that his password must not hold.
	Label func(ctx context.Context, x login.Session) (string, error)
	// Invited turns an invitation of staff, or of a partner's people, into a grant;
	// login.ErrGrant when it is none. nil: nobody is invited.
	Invited func(ctx context.Context, invitation string) (login.Secret, error)
	// Lost is the page for who has lost every way in (REQ-44); empty: there is none.
	Lost string
	// Signatures says whether a log-in by signing is offered.
	Signatures bool
}

// pages are the handlers with what they ask.
type pages struct {
	Services
	views *web.Views
}

// Part returns the pages.
func Part(s Services) web.Part {
	p := &pages{s, web.MustViews(templates, "templates")}
	in := web.Either(web.Holder, web.Staff(), web.Partner)
	settled := web.Either(in, web.Enrolling)
	part := web.Part{
		Name: "entrance", Title: text("Güvenlik", "Security"),
		Menu: []web.MenuItem{
			{Text: text("Giriş yolları", "Ways to log in"), Path: "/security"},
			{Text: text("Oturumlar ve cihazlar", "Sessions and devices"), Path: "/security/sessions"},
			{Text: text("Giriş geçmişi", "History"), Path: "/security/history"},
		},
		Routes: []web.Route{
			{Name: "again", Method: "GET", Pattern: "/login/again", Who: in, Handler: p.again},
			{Name: "again.password", Method: "POST", Pattern: "/login/again/password", Who: in, Handler: p.againPassword, Busy: true},
			{Name: "again.passkey", Method: "POST", Pattern: "/login/again/passkey", Who: in, Handler: p.againPasskey},
			{Name: "code", Method: "POST", Pattern: "/login/code", Who: web.Public, Handler: p.code},
			{Name: "send", Method: "POST", Pattern: "/login/send", Who: web.Public, Handler: p.send},
			{Name: "logout", Method: "POST", Pattern: "/logout", Who: web.Either(in, web.Enrolling, web.Applicant), Handler: p.logout},
			{Name: "out", Method: "GET", Pattern: "/logged-out", Who: web.Public, Handler: p.out},

			{Name: "welcome", Method: "GET", Pattern: "/welcome", Who: web.Public, Handler: p.welcome},
			{Name: "redeem", Method: "POST", Pattern: "/welcome", Who: web.Public, Handler: p.redeem},
			{Name: "first", Method: "GET", Pattern: "/first", Who: web.Enrolling, Handler: p.first},

			{Name: "security", Method: "GET", Pattern: "/security", Who: in, Handler: p.security},
			{Name: "password", Method: "POST", Pattern: "/security/password", Who: settled, Handler: p.lately(p.password), Busy: true},
			{Name: "app", Method: "POST", Pattern: "/security/app", Who: settled, Handler: p.lately(p.proposeApp)},
			{Name: "app.confirm", Method: "POST", Pattern: "/security/app/confirm", Who: settled, Handler: p.lately(p.confirmApp)},
			{Name: "phone", Method: "POST", Pattern: "/security/phone", Who: settled, Handler: p.lately(p.proposePhone)},
			{Name: "phone.confirm", Method: "POST", Pattern: "/security/phone/confirm", Who: settled, Handler: p.lately(p.confirmPhone)},
			{Name: "passkey.new", Method: "GET", Pattern: "/security/passkey", Who: settled, Handler: p.lately(p.newPasskey)},
			{Name: "passkey.add", Method: "POST", Pattern: "/security/passkey", Who: settled, Handler: p.lately(p.addPasskey)},
			{Name: "passkey.remove", Method: "POST", Pattern: "/security/passkey/remove", Who: in, Fresh: true, Handler: p.removePasskey},
			{Name: "sessions", Method: "GET", Pattern: "/security/sessions", Who: in, Handler: p.sessions},
			{Name: "sessions.end", Method: "POST", Pattern: "/security/sessions/end", Who: in, Handler: p.endSession},
			{Name: "sessions.others", Method: "POST", Pattern: "/security/sessions/others", Who: in, Handler: p.lately(p.endOthers)},
			{Name: "devices.forget", Method: "POST", Pattern: "/security/devices/forget", Who: in, Handler: p.forget},
			{Name: "history", Method: "GET", Pattern: "/security/history", Who: in, Handler: p.history},
		},
	}
	for _, d := range doors {
		part.Routes = append(part.Routes,
			web.Route{Name: d.name, Method: "GET", Pattern: d.path, Who: web.Public, Handler: p.door(d)},
			web.Route{Name: d.name + ".passkey", Method: "POST", Pattern: d.path + "/passkey", Who: web.Public, Handler: p.byPasskey(d)},
			web.Route{Name: d.name + ".sign", Method: "GET", Pattern: d.path + "/sign", Who: web.Public, Handler: p.signing(d)},
			web.Route{Name: d.name + ".signed", Method: "POST", Pattern: d.path + "/sign", Who: web.Public, Handler: p.signed(d), MaxBody: maxSignature + web.FormSize},
		)
		if d.password {
			part.Routes = append(part.Routes, web.Route{Name: d.name + ".password", Method: "POST", Pattern: d.path, Who: web.Public, Handler: p.byPassword(d), Busy: true})
		}
	}
	return part
}

// A door is where people of one kind get in.
type door struct {
	name, path string
	kind       login.Kind
	password   bool // a password and a code are a way in
	title      rem.Text
	lead       rem.Text
}

var doors = []door{
	{"login", "/login", login.Holder, true, text("Giriş", "Log in"), text("KEP hesabınıza girin.", "Get into your registered mail account.")},
	{"desk", "/desk/login", login.Staff, false, text("Görevli girişi", "Staff log-in"), text("Görevliler geçiş anahtarı veya e-imza ile girer.", "Staff get in by passkey or signature.")},
	{"partner", "/partner/login", login.Partner, false, text("Sözleşmeli kurum girişi", "Log-in of contracted institutions"), text("Kurum görevlileri geçiş anahtarı veya e-imza ile girer.", "People of institutions get in by passkey or signature.")},
}

// homes are where each kind goes when nobody said where.
var homes = map[login.Kind]string{login.Holder: "/account", login.Staff: "/desk", login.Partner: "/partner"}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// said shows what the log-in answered beside a field of a form; "" is the form as
// a whole. What has no sentence is a fault and returned.
func said(f *web.Form, field string, err error) error {
	if many, ok := errors.AsType[*login.TooMany](err); ok {
		return many // the frame has a page for it
	}
	t, ok := login.Text(err)
	if !ok {
		return err
	}
	f.Fail(field, t)
	return nil
}

// maxSignature bounds a signature that is handed in.
const maxSignature = 64 << 10

// lately lets pass who sets his first credentials, and whose log-in is not long
// ago; everybody else shows again who he is.
func (p *pages) lately(h web.Handler) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		if r.Principal.Session.Level == login.Enrolling || r.Principal.Fresh {
			return h(r)
		}
		return web.Redirect{To: "/login/again"}, nil
	}
}

// upload reads a form with one small file.
func upload(r *web.Request, field string) (*web.Form, []byte, error) {
	var body []byte
	f, err := r.Upload(func(_ *web.Form, file web.File) error {
		b, err := io.ReadAll(io.LimitReader(file, maxSignature+1))
		switch {
		case err != nil:
			return err
		case len(b) > maxSignature:
			return web.ErrTooLarge
		case file.Field != field:
			return web.ErrForm
		}
		body = b
		return nil
	})
	return f, body, err
}
