package signtest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"rem"
	pages "rem/edge/signing"
	"rem/edge/web"
	"rem/internal/testkit/world"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person"
	"rem/person/login"
)

// Users are those that can log in to a site: the desk's own and another.
var users = []string{"ayse", "cem"}

// secrets are the cookies of those who are logged in.
var secrets = func() map[string]login.Secret {
	m := map[string]login.Secret{}
	for _, u := range users {
		m[u] = login.NewSecret()
	}
	return m
}()

func cookieOf(user string) string { return secrets[user].Reveal() }

// Cookie is what a browser of somebody sends.
func Cookie(user string) string { return "__Host-session=" + cookieOf(user) }

// Secret is that of somebody's session, for sites of a test's own.
func Secret(user string) login.Secret { return secrets[user] }

// Session implements web.Sessions.
func (d *Desk) Session(_ context.Context, cookie string) (web.Principal, error) {
	for _, user := range users {
		if cookieOf(user) == cookie {
			a := world.Account(user, d.Provider.Domain)
			return web.Principal{Fresh: true, Session: login.Session{
				Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Level: login.TwoFactors, Method: login.ByPasswordAndTOTP, Proved: d.World.Clock.Now(),
			}}, nil
		}
	}
	return web.Principal{}, login.ErrNoSession
}

// Site makes the pages of signing, with one in front of them from which drafts are
// handed over (/drafts/N: the first N), one that logs in (/enter/ayse), and the door
// for programs.
func (d *Desk) Site(t testing.TB, base string) http.Handler {
	t.Helper()
	s, programs, err := d.site(base)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, pages.Prefix) {
			programs.ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})
}

func (d *Desk) site(base string) (*web.Site, *pages.Programs, error) {
	log := slog.New(slog.DiscardHandler)
	services := pages.Services{
		Desk: d.Service, Base: base, Back: "/drafts/1", Sent: "/drafts/1",
		Draft: func(_ context.Context, who rem.Actor, name string) (signing.Draft, error) {
			n, err := strconv.Atoi(name)
			if err != nil || n < 1 || who.Account != d.Login.Actor.Account {
				return signing.Draft{}, web.ErrNotFound
			}
			return Draft(n), nil
		},
		Login: func(_ context.Context, s login.Session) (submission.Login, error) {
			l := d.Login
			a := world.Account("ayse", d.Provider.Domain)
			if s.Account != a.ID {
				a = world.Account("cem", d.Provider.Domain)
			}
			l.Actor.Account, l.Actor.Holder, l.Actor.Person = a.ID, a.Holder.Person, s.Who.Person
			return l, nil
		},
	}
	if d.Service.Mobile != nil {
		services.Telephone = func(context.Context, login.Session) (person.Phone, error) { return d.Phone, nil }
	}
	part, err := pages.Part(services)
	if err != nil {
		return nil, nil, err
	}
	test := web.Part{Name: "test", Routes: []web.Route{
		{Name: "enter", Method: "GET", Pattern: "/enter/{who}", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
			r.Open(login.Opened{Secret: secrets[r.Var("who")]})
			return web.Redirect{To: "/drafts/1"}, nil
		}},
		{Name: "drafts", Method: "GET", Pattern: "/drafts/{n}", Who: web.Holder, Handler: func(r *web.Request) (web.Answer, error) {
			n, err := strconv.Atoi(r.Var("n"))
			if err != nil || n > signing.MaxBatch {
				return nil, errors.Join(web.ErrNotFound, err)
			}
			c := web.Confirm{Title: rem.Text{Turkish: "Taslaklar", English: "Drafts"}, Path: "/sign", Button: rem.Text{Turkish: "İmzala ve gönder", English: "Sign and send"}, Back: "/drafts/1"}
			for i := range n {
				c.Hidden = append(c.Hidden, web.Hidden{Name: "draft", Value: strconv.Itoa(i + 1)})
			}
			return c.Page(), nil
		}},
	}}
	s, err := web.New(web.Config{
		Base: base, Name: d.Provider.REMMD.Name, Clock: d.World.Clock, Log: log, Sessions: d, Strict: true,
	}, part, test)
	return s, pages.NewPrograms(d.Service, d.World.Clock, log), err
}
