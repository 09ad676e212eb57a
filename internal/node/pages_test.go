package node

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/noticetest"
	"rem/person/login"
	"rem/privacy/notice"
)

// EN 301 549, WCAG 2.2 AA: every page of an account, and those by which its holder
// gets in, in a browser: wide and in Turkish with a password and codes, narrow, dark
// and in English with a passkey.
func TestEveryPageOfAnAccountIsForEverybody(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	if _, err := n.Records.Notices.Publish(t.Context(), noticetest.Filled(t), notice.Terms{By: "p-officer", Register: n.Records.Register, AllowSample: true}); err != nil {
		t.Fatal(err)
	}
	b := browser.Open(t)
	for i, c := range []struct {
		name, address, language string
		look                    []browser.Option
		passkey                 bool
	}{
		{"desktop", isil, "tr", nil, false},
		{"dark phone", "bora.agaoglu@" + here, "en", []browser.Option{browser.Phone, browser.Dark, browser.Language("en")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.holder(4*i, c.address)
			a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(c.address))
			if err != nil {
				t.Fatal(err)
			}
			grant, err := n.People.Login.Grant(t.Context(), login.Granting{
				Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{c.address},
			})
			if err != nil {
				t.Fatal(err)
			}
			p := b.Page(t, c.look...)
			look := func(name string) {
				t.Helper()
				p.Check()
				p.Shot("account-" + c.language + "-" + name)
			}
			at := func(path string) string { return n.Config.Web.Base + "/" + c.language + path }
			form := func(path string) string { return `main form[action="/` + c.language + path + `"]` }
			p.Open(at("/login"))
			look("login")
			p.Open(at("/welcome"))
			look("welcome")
			p.Fill("grant", grant.Reveal())
			p.Submit(form("/welcome"))
			look("first")
			if c.passkey {
				p.Authenticator()
				p.Follow(`main a[href$="/security/passkey"]`)
				look("passkey")
				p.Fill("name", "my phone")
				p.Submit(form("/security/passkey"))
			} else {
				p.Fill("password", webPassword)
				p.Fill("again", webPassword)
				p.Submit(form("/security/password"))
				p.Submit(form("/security/app"))
				look("app")
				code, err := totp.GenerateCode(strings.ReplaceAll(p.Text("code.break"), " ", ""), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				p.Fill("code", code)
				p.Submit(form("/security/app/confirm"))
			}
			if got := p.Here(); !strings.HasSuffix(got, "/account") {
				t.Fatalf("after the credentials: %s: %s", got, p.Text("main"))
			}
			for _, path := range []string{
				"/account", "/account/operators", "/account/data", "/account/looks", "/account/choices", "/account/mail", "/account/directory", "/account/api", "/account/operators/new",
				"/account/renew", "/account/block", "/account/close", "/directory", "/security", "/security/sessions", "/security/history", "/login/again", "/security/passkey",
			} {
				p.Open(at(path))
				if got := p.Here(); !strings.HasSuffix(got, path) {
					t.Errorf("%s leads to %s", path, got)
					continue
				}
				look(strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
			}
			// A field that is wrong is said beside it and at the top.
			p.Open(at("/account/close"))
			p.Fill("address", "baska@"+here)
			p.Submit(form("/account/close"))
			if p.Count(".problems") != 1 || p.Count(`[aria-invalid="true"]`) != 1 {
				t.Errorf("a wrong address is not said: %s", p.Text("main"))
			}
			look("close-wrong")
		})
	}
}
