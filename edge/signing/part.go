package signing

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"rem"
	"rem/edge/web"
	"rem/mail/mime"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person"
	"rem/person/login"
)

//go:embed pages
var files embed.FS

var views = web.MustViews(files, "pages")

// A Desk keeps requests for signatures; *signing.Service is one.
type Desk interface {
	Begin(ctx context.Context, login submission.Login, drafts []signing.Draft) (signing.View, error)
	View(a signing.Access) (signing.View, error)
	Code(a signing.Access) (string, error)
	Redeem(code string) (signing.View, string, error)
	Choose(ctx context.Context, a signing.Access, chain [][]byte) (signing.Choice, error)
	Complete(ctx context.Context, a signing.Access, values [][]byte) (signing.View, error)
	Upload(ctx context.Context, a signing.Access, n int, signed mime.Source) (signing.View, error)
	Unsigned(a signing.Access, n int) (*signing.Unsigned, error)
	AskMobile(ctx context.Context, a signing.Access, number person.Phone) (signing.View, error)
	WithdrawMobile(a signing.Access) (signing.View, error)
	Cancel(a signing.Access) error
}

var _ Desk = (*signing.Service)(nil)

// Services are what the pages ask.
type Services struct {
	Desk Desk
	// Draft gives the unsigned original of a draft that the account's person may hand
	// over now; an error that wraps web.ErrNotFound for one that is not there, not his,
	// or sent. It can be read until the request is over.
	Draft func(ctx context.Context, who rem.Actor, draft string) (signing.Draft, error)
	// Login says how evidence names who is in this session.
	Login func(ctx context.Context, s login.Session) (submission.Login, error)
	// Back is the page, without language, to which somebody goes who does not sign now,
	// such as the drafts; Sent that of what was sent.
	Back, Sent string
	// Base is where the pages are, such as "https://kep.example": remsign is given it.
	Base string
	// Telephone is the number that whoever is logged in showed to be his, zero where
	// there is none; nil: mobile signatures are not offered.
	Telephone func(ctx context.Context, s login.Session) (person.Phone, error)
	// MaxUpload bounds an uploaded message in octets; 0: 32 MiB.
	MaxUpload int64
}

type pages struct{ Services }

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// Part returns the pages. Compose leads here with a form to /sign whose fields
// "draft" name what is to be signed.
func Part(s Services) (web.Part, error) {
	if s.Desk == nil || s.Draft == nil || s.Login == nil || s.Back == "" || s.Sent == "" || s.Base == "" {
		return web.Part{}, errors.New("the pages of signing lack a service")
	}
	if s.MaxUpload == 0 {
		s.MaxUpload = 32 << 20
	}
	p := &pages{s}
	route := func(name, method, pattern string, h web.Handler) web.Route {
		return web.Route{Name: name, Method: method, Pattern: pattern, Who: web.Holder, Handler: p.known(h)}
	}
	upload := route("upload", "POST", "/sign/{id}/{n}/upload", p.upload)
	upload.MaxBody, upload.Busy = s.MaxUpload+(64<<10), true
	return web.Part{Name: "signing", Title: text("İmzalama", "Signing"), Routes: []web.Route{
		route("begin", "POST", "/sign", p.begin),
		route("request", "GET", "/sign/{id}", p.request),
		route("result", "GET", "/sign/{id}/result", p.result),
		route("code", "POST", "/sign/{id}/code", p.code),
		route("certificate", "POST", "/sign/{id}/certificate", p.certificate),
		route("signatures", "POST", "/sign/{id}/signatures", p.signatures),
		route("telephone", "POST", "/sign/{id}/telephone", p.telephone),
		route("waiting", "GET", "/sign/{id}/telephone", p.waiting),
		route("state", "GET", "/sign/{id}/telephone/state", p.state),
		route("withdraw", "POST", "/sign/{id}/telephone/withdraw", p.withdraw),
		route("cancel", "POST", "/sign/{id}/cancel", p.cancel),
		route("unsigned", "GET", "/sign/{id}/{n}/unsigned", p.unsigned),
		upload,
	}}, nil
}

// known turns the errors of the desk into the frame's.
func (p *pages) known(h web.Handler) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		answer, err := h(r)
		switch {
		case errors.Is(err, signing.ErrNotFound):
			return p.gone(), nil
		case errors.Is(err, signing.ErrBusy), errors.Is(err, signing.ErrFull):
			return nil, fmt.Errorf("%w: %w", web.ErrBusy, err)
		}
		return answer, err
	}
}
