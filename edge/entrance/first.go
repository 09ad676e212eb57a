package entrance

import (
	"errors"
	"strings"

	"rem/edge/web"
	"rem/person/login"
)

type grant struct{ Form *web.Form }

func (p *pages) welcomePage(f *web.Form) (web.Answer, error) {
	return web.Page{
		View: p.views.Page("welcome"), Title: text("Hoş geldiniz", "Welcome"), Form: f, Data: grant{f},
		Lead: text("Size verilen tek kullanımlık anahtarı yazın; ardından giriş yolunuzu seçersiniz.", "Type the one-time key that you were given; then you choose how to log in."),
	}, nil
}

func (p *pages) welcome(*web.Request) (web.Answer, error) { return p.welcomePage(web.NewForm(nil)) }

// redeem takes the grant and opens the session in which credentials are set.
func (p *pages) redeem(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	o, err := p.redeemed(r, strings.TrimSpace(f.Get("grant")))
	if err == nil {
		return p.opened(r, o)
	}
	if err := said(f, "grant", err); err != nil {
		return nil, err
	}
	return p.welcomePage(f)
}

// redeemed opens the session of a grant, or of an invitation.
func (p *pages) redeemed(r *web.Request, key string) (login.Opened, error) {
	secret, err := login.ParseSecret(key)
	if err == nil {
		o, err := p.Login.Redeem(r.Context(), r.Visitor(), secret)
		if p.Invited == nil || !errors.Is(err, login.ErrGrant) {
			return o, err
		}
	} else if p.Invited == nil {
		return login.Opened{}, login.ErrGrant
	}
	if secret, err = p.Invited(r.Context(), key); err != nil {
		return login.Opened{}, err
	}
	return p.Login.Redeem(r.Context(), r.Visitor(), secret)
}

// ways are how somebody logs in, and what the pages offer him to change.
type ways struct {
	Form      *web.Form
	Factors   login.Factors
	Passwords bool // a password and a code are a way in for his kind
	Enrolling bool
	Phone     string // the secret of a phone that waits for its code
	App       *app
}

// waysPage shows them. While credentials are set for the first time it is the
// only page that there is.
func (p *pages) waysPage(r *web.Request, f *web.Form, change func(*ways)) (web.Answer, error) {
	x := r.Principal.Session
	factors, err := p.Login.FactorsOf(r.Context(), x)
	if err != nil {
		return nil, err
	}
	w := ways{Form: f, Factors: factors, Enrolling: x.Level == login.Enrolling, Passwords: x.Who.Kind == login.Holder && len(factors.Passkeys) == 0}
	page := web.Page{
		View: p.views.Page("ways"), Title: text("Giriş yolları", "Ways to log in"), Form: f,
		Lead: text("Geçiş anahtarı en güvenli yoldur; ondan sonra parola ile girilmez.", "A passkey is the safest way; with one there is no log-in by password."),
	}
	if w.Enrolling {
		page.Title = text("Giriş yolunuzu seçin", "Choose how to log in")
		page.Steps = []web.Step{
			{Name: text("Anahtar", "Key"), State: web.Done}, {Name: text("Giriş yolu", "Way to log in"), State: web.Here}, {Name: text("Hesap", "Account")},
		}
	}
	if change != nil {
		change(&w)
	}
	page.Data = w
	return page, nil
}

func (p *pages) first(r *web.Request) (web.Answer, error) {
	return p.waysPage(r, web.NewForm(nil), nil)
}

func (p *pages) security(r *web.Request) (web.Answer, error) {
	return p.waysPage(r, web.NewForm(nil), nil)
}

// changed goes on after a change: to what is left to set, or to where he came for.
func (p *pages) changed(r *web.Request, o login.Opened) (web.Answer, error) {
	r.Open(o)
	switch {
	case o.Session.Level == login.Enrolling:
		return web.Redirect{To: "/first"}, nil
	case r.Principal.Session.Level == login.Enrolling:
		return web.Redirect{To: homes[o.Session.Who.Kind]}, nil
	}
	return web.Redirect{To: "/security"}, nil
}

// refused shows what the log-in answered, on the page of all ways.
func (p *pages) refused(r *web.Request, f *web.Form, field string, err error, change func(*ways)) (web.Answer, error) {
	if err := said(f, field, err); err != nil {
		return nil, err
	}
	return p.waysPage(r, f, change)
}
