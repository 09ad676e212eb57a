package entrance

import (
	"encoding/base64"
	"errors"
	"slices"

	"rem/edge/web"
	"rem/person/login"
)

// entry is what the page of a door shows.
type entry struct {
	Path      string
	Form      *web.Form
	Next      string
	Password  bool
	Signature bool
	Passkey   string // options of the ceremony, as JSON
	Again     bool
	Lost      string // where who has lost every way in goes
}

func (p *pages) entryPage(r *web.Request, d door, f *web.Form) (web.Answer, error) {
	options, err := p.Login.PasskeyOptions(p.Login.Begin(d.kind))
	if err != nil {
		return nil, err
	}
	e := entry{Path: d.path, Form: f, Next: r.Next(), Password: d.password, Signature: p.Signatures, Passkey: string(options)}
	if d.kind == login.Holder {
		e.Lost = p.Lost
	}
	return web.Page{View: p.views.Page("login"), Title: d.title, Lead: d.lead, Form: f, Script: web.Passkey, Data: e}, nil
}

func (p *pages) door(d door) web.Handler {
	return func(r *web.Request) (web.Answer, error) { return p.entryPage(r, d, web.NewForm(nil)) }
}

// opened gives the browser its session and leads on.
func (p *pages) opened(r *web.Request, o login.Opened) (web.Answer, error) {
	r.Open(o)
	to := r.Next()
	if o.Session.Level == login.Enrolling {
		to = "/first"
	}
	if to == "" {
		to = homes[o.Session.Who.Kind]
	}
	return web.Redirect{To: to}, nil
}

func (p *pages) byPasskey(d door) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		o, err := p.Login.PasskeyFinish(r.Context(), p.Login.Begin(d.kind), r.Visitor(), []byte(f.Get("answer")))
		if err == nil {
			return p.opened(r, o)
		}
		if err := said(f, "", err); err != nil {
			return nil, err
		}
		return p.entryPage(r, d, f)
	}
}

func (p *pages) byPassword(d door) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		pending, err := p.Login.Password(r.Context(), p.Login.Begin(d.kind), r.Visitor(), f.Get("name"), f.Get("password"))
		if err == nil {
			return p.codePage(r, pending, web.NewForm(nil), "")
		}
		if err := said(f, "", err); err != nil {
			return nil, err
		}
		return p.entryPage(r, d, f)
	}
}

// second is what the page of the code shows.
type second struct {
	Form    *web.Form
	Pending string // the secret, for the hidden field
	Next    string
	App     bool
	SMS     bool
	Sent    bool
	Back    string
}

// codePage asks for the code. Who has codes by SMS alone is sent one at once.
func (p *pages) codePage(r *web.Request, pending *login.Pending, f *web.Form, sent string) (web.Answer, error) {
	s := second{
		Form: f, Pending: pending.Secret.Reveal(), Next: r.Next(), Sent: sent != "", Back: "/login",
		App: slices.Contains(pending.Factors, login.TOTP), SMS: slices.Contains(pending.Factors, login.SMS),
	}
	if pending.Raises() {
		s.Back = "/login/again"
	}
	if s.SMS && !s.App && sent == "" && f.Good() {
		if err := p.Login.SendCode(r.Context(), pending); err != nil {
			if err := said(f, "", err); err != nil {
				return nil, err
			}
		}
		s.Sent = true
	}
	return web.Page{
		View: p.views.Page("code"), Title: text("Tek kullanımlık kod", "One-time code"), Form: f, Data: s,
		Lead: text("Parolanız doğru. Girişi tamamlamak için kodu yazın.", "The password is right. Type the code to get in."),
	}, nil
}

// pending finds the log-in under way that a form names.
func (p *pages) pending(r *web.Request) (*web.Form, *login.Pending, error) {
	f, err := r.Form()
	if err != nil {
		return nil, nil, err
	}
	secret, err := login.ParseSecret(f.Get("pending"))
	if err != nil {
		return nil, nil, web.ErrForm
	}
	pending, err := p.Login.Pending(r.Context(), secret)
	return f, pending, err
}

// over leads somebody whose log-in under way is over to its beginning.
func (p *pages) over(r *web.Request, err error) (web.Answer, error) {
	f := web.NewForm(nil)
	if err := said(f, "", err); err != nil {
		return nil, err
	}
	return p.entryPage(r, doors[0], f)
}

func (p *pages) code(r *web.Request) (web.Answer, error) {
	f, pending, err := p.pending(r)
	if errors.Is(err, login.ErrOver) {
		return p.over(r, err)
	}
	if err != nil {
		return nil, err
	}
	o, err := p.Login.Code(r.Context(), pending, r.Visitor(), f.Get("code"))
	if err == nil {
		return p.opened(r, o)
	}
	if errors.Is(err, login.ErrOver) {
		return p.over(r, err)
	}
	if err := said(f, "code", err); err != nil {
		return nil, err
	}
	return p.codePage(r, pending, f, "before")
}

func (p *pages) send(r *web.Request) (web.Answer, error) {
	f, pending, err := p.pending(r)
	if errors.Is(err, login.ErrOver) {
		return p.over(r, err)
	}
	if err != nil {
		return nil, err
	}
	if err := p.Login.SendCode(r.Context(), pending); err != nil {
		if err := said(f, "", err); err != nil {
			return nil, err
		}
	}
	return p.codePage(r, pending, f, "now")
}

// challenge is what somebody signs to get in.
type challenge struct {
	Form  *web.Form
	Path  string
	Next  string
	Token string
	Text  string
	// File is the text as the address of a file inside the page.
	File string
}

func (p *pages) challengePage(r *web.Request, d door, f *web.Form) (web.Answer, error) {
	if !p.Signatures {
		return nil, web.ErrNotFound
	}
	token, signed, err := p.Login.Challenge(p.Login.Begin(d.kind))
	if err != nil {
		return nil, err
	}
	return web.Page{
		View: p.views.Page("sign"), Title: text("E-imza ile giriş", "Log in by signing"), Form: f,
		Lead: text("Aşağıdaki metni nitelikli sertifikanızla imzalayıp imza dosyasını yükleyin.", "Sign the text below with your qualified certificate and hand in the signature."),
		Data: challenge{Form: f, Path: d.path, Next: r.Next(), Token: token, Text: string(signed), File: base64.StdEncoding.EncodeToString(signed)},
	}, nil
}

func (p *pages) signing(d door) web.Handler {
	return func(r *web.Request) (web.Answer, error) { return p.challengePage(r, d, web.NewForm(nil)) }
}

func (p *pages) signed(d door) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, signature, err := upload(r, "signature")
		if err != nil {
			return nil, err
		}
		o, err := p.Login.Signed(r.Context(), p.Login.Begin(d.kind), r.Visitor(), f.Get("token"), signature)
		if err == nil {
			return p.opened(r, o)
		}
		if err := said(f, "", err); err != nil {
			return nil, err
		}
		return p.challengePage(r, d, f)
	}
}

// againPage asks somebody who is in to show again who he is.
func (p *pages) againPage(r *web.Request, f *web.Form) (web.Answer, error) {
	x := r.Principal.Session
	options, err := p.Login.PasskeyOptions(p.Login.Raise(x))
	if err != nil {
		return nil, err
	}
	factors, err := p.Login.FactorsOf(r.Context(), x)
	if err != nil {
		return nil, err
	}
	e := entry{Path: "/login/again", Form: f, Next: r.Next(), Password: factors.Password, Again: true}
	if len(factors.Passkeys) > 0 {
		e.Passkey = string(options)
	}
	return web.Page{
		View: p.views.Page("login"), Title: text("Kimliğinizi yeniden gösterin", "Show again who you are"), Form: f, Script: web.Passkey, Data: e,
		Lead: text("Bu işlem için yakın zamanda giriş yapmış olmanız gerekir.", "This needs a log-in that is not long ago."),
	}, nil
}

func (p *pages) again(r *web.Request) (web.Answer, error) { return p.againPage(r, web.NewForm(nil)) }

func (p *pages) againPassword(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	pending, err := p.Login.Password(r.Context(), p.Login.Raise(r.Principal.Session), r.Visitor(), "", f.Get("password"))
	if err == nil {
		return p.codePage(r, pending, web.NewForm(nil), "")
	}
	if err := said(f, "", err); err != nil {
		return nil, err
	}
	return p.againPage(r, f)
}

func (p *pages) againPasskey(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	o, err := p.Login.PasskeyFinish(r.Context(), p.Login.Raise(r.Principal.Session), r.Visitor(), []byte(f.Get("answer")))
	if err == nil {
		return p.opened(r, o)
	}
	if err := said(f, "", err); err != nil {
		return nil, err
	}
	return p.againPage(r, f)
}

func (p *pages) logout(r *web.Request) (web.Answer, error) {
	if err := p.Login.End(r.Context(), r.Principal.Session, r.Principal.Session.ID); err != nil {
		return nil, err
	}
	r.Close()
	return web.Redirect{To: "/logged-out"}, nil
}

func (p *pages) out(*web.Request) (web.Answer, error) {
	return web.Page{View: p.views.Page("out"), Title: text("Çıkış yapıldı", "You are logged out")}, nil
}
