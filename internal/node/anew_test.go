package node

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/provider/staff"
)

// newHouse is a provider with staff and texts, and a holder who applied.
func newHouse(t *testing.T) (*stage, *setup.House, setup.Team, *setup.Person, setup.Holder) {
	t.Helper()
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	h := s.house(here)
	team, err := h.Found(t.Context(), [4]simulator.Subject(simulator.People[1:5]))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.world.Person(0, "isil.ogutcu@"+here)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := h.Apply(t.Context(), team, p.Applicant(false))
	if err != nil {
		t.Fatal(err)
	}
	return s, h, team, p, holder
}

var secretIn = regexp.MustCompile(`(https://[^\s]*\?s=)([A-Za-z0-9_-]{43})`)

// mailed waits for a link by mail to a page that is none of those before.
func (s *stage) mailed(to, page string, before map[string]bool) (link string) {
	s.t.Helper()
	s.until("a mail to "+to, func() (bool, error) {
		for l := range s.links(to, page) {
			if !before[l] {
				link = l
			}
		}
		return link != "", nil
	})
	return link
}

// links are those that came to an address by mail and lead to a page.
func (s *stage) links(to, page string) map[string]bool {
	all := map[string]bool{}
	for _, m := range s.world.Mails() {
		if found := secretIn.FindStringSubmatch(m.Body); m.To == to && found != nil && strings.Contains(found[1], page) {
			all[found[0]] = true
		}
	}
	return all
}

// texted waits for a code to a telephone beyond those that came before.
func (s *stage) texted(h *setup.House, to string, before int) (code string) {
	s.t.Helper()
	s.until("a text message", func() (bool, error) {
		var codes []string
		for _, m := range h.Own.Services.Texts() {
			if m.To == to {
				codes = append(codes, regexp.MustCompile(`\b[0-9]{6}\b`).FindString(m.Body))
			}
		}
		if len(codes) > before {
			code = codes[len(codes)-1]
		}
		return code != "", nil
	})
	return code
}

func (s *stage) texts(h *setup.House, to string) (n int) {
	for _, m := range h.Own.Services.Texts() {
		if m.To == to {
			n++
		}
	}
	return n
}

// decided is the approval by somebody of the staff who read the answers.
func (s *stage) decided(h *setup.House, team setup.Team, id person.ApplicationID) {
	s.t.Helper()
	by, err := h.Staff.Act(s.t.Context(), team.Approver, staff.Approver, "passkey")
	if err == nil {
		err = h.Enrolment.Desk().TakeUp(s.t.Context(), by, id)
	}
	if err == nil {
		_, err = h.Enrolment.Desk().Open(s.t.Context(), by, id)
	}
	if err == nil {
		err = h.Enrolment.Desk().Approve(s.t.Context(), by, id)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// the only application in a state.
func (s *stage) waiting(state application.State) person.ApplicationID {
	s.t.Helper()
	list, err := s.nodes[here].Records.Persons.List(s.t.Context(), application.Filter{State: state}, application.Place{}, 2)
	if err != nil || len(list) != 1 {
		s.t.Fatalf("%d applications are %s (%v)", len(list), state, err)
	}
	return list[0].ID
}

// fillForm fills the form of who opens no account, hands it in, and signs it.
func fillForm(t *testing.T, p *browser.Page, who *setup.Person, look func(string)) {
	t.Helper()
	in := who.Applicant(false).Typed
	p.Fill("identity-number", in["identity-number"])
	p.Fill("given-names", in["given-names"])
	p.Fill("family-name", in["family-name"])
	p.Fill("birth-date", in["birth-date"])
	look("who")
	p.Follow(`main button[value="on"]`)
	p.Follow(`main button[value="on"]`)
	p.Fill("mobile", in["mobile"])
	p.Fill("mail-address", in["mail-address"])
	look("contact")
	p.Follow(`main button[value="on"]`)
	look("check")
	p.Submit(`main form[action$="/check"]`)
}

// REQ-18, REQ-39, REQ-44, in a browser: a holder loses every way in, is identified
// anew, and everything old ends; then he asks somebody to act for him, who does once
// he was identified, and no longer once he was removed.
func TestWhoIsIdentifiedAnewGetsInInABrowser(t *testing.T) {
	s, h, team, who, holder := newHouse(t)
	n, ctx := s.nodes[here], t.Context()
	base := n.Config.Web.Base
	before, err := n.Store.Account(ctx, holder.Account)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := n.hasher.Hash(ctx, password)
	if err == nil {
		err = n.Store.SetPassword(ctx, holder.Account, holder.Person, hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := browser.Open(t)
	old := s.visitor(here) // a session from before
	pages := func(p *browser.Page, name string) func(string) {
		return func(page string) {
			t.Helper()
			p.Check()
			p.Shot("anew-" + name + "-" + page)
			t.Logf("%s %s: %s", name, page, p.Here())
		}
	}
	// walk goes from the notice's button to the credentials, as who is named.
	walk := func(p *browser.Page, who *setup.Person, look func(string), lost bool) {
		t.Helper()
		p.Follow(`main a[href$="/apply/form"]`)
		fillForm(t, p, who, look)
		p.Choose("method", "e-signature")
		p.Submit("main form")
		id := s.waiting(application.Pending)
		v, err := n.Records.Persons.Application(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		bearer, err := h.Enrolment.Applicants().Bearer(ctx, v.Applicant)
		if err != nil {
			t.Fatal(err)
		}
		form, err := h.Enrolment.Applicants().FormToSign(ctx, bearer)
		if err != nil {
			t.Fatal(err)
		}
		digest := rem.DigestOf(form)
		signature, err := who.Signer.Sign(ctx, digest[:], time.Now())
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "form.p7s")
		if err := os.WriteFile(file, signature, 0o600); err != nil {
			t.Fatal(err)
		}
		p.Attach("signature", file)
		p.Submit(`main form[action$="/sign"]`)
		p.Open(base + "/tr/apply/status")
		look("status")
		before := s.links(who.Mail, "/apply/activate")
		s.decided(h, team, id)
		p.Open(s.mailed(who.Mail, "/apply/activate", before))
		p.Submit("main form")
		look("code")
		had := s.texts(h, who.Mobile)
		p.Submit(`main form[action$="/send"]`)
		p.Fill("code", s.texted(h, who.Mobile, had))
		if !lost {
			p.Click(`main input[name="known"]`)
		}
		p.Submit(`main form[action$="/code"]`)
		look("granted")
		p.Submit("main form")
		p.Fill("password", webPassword)
		p.Fill("again", webPassword)
		p.Submit(`main form[action$="/security/password"]`)
		p.Submit(`main form[action$="/security/app"]`)
		code, err := totp.GenerateCode(strings.ReplaceAll(p.Text("code.break"), " ", ""), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		p.Fill("code", code)
		p.Submit(`main form[action$="/security/app/confirm"]`)
		if got := p.Here(); !strings.HasSuffix(got, "/account") {
			t.Fatalf("after the credentials: %s: %s", got, p.Text("main"))
		}
	}

	p := b.Page(t)
	look := pages(p, "lost")
	p.Open(base + "/tr/login")
	p.Follow(`main a[href$="/apply/lost"]`)
	look("begin")
	p.Submit(`main form[action$="/apply/lost"]`)
	walk(p, who, look, true)
	look("account")
	if c, err := s.mailer(here, who.Address, password); refusal(err) != 535 {
		t.Errorf("the old password of mail programs: %v", err)
		if err == nil {
			c.Close()
		}
	}
	// The old password of the pages is none, whoever has the old app.
	if code := old.post("/tr/login", "name", who.Address, "password", holder.Password); code == 200 && old.at != "/tr/login" {
		t.Errorf("the old password leads to %s", old.at)
	}
	after, err := n.Store.Account(ctx, holder.Account)
	if err != nil || after.Address != before.Address || after.Holder.Person != before.Holder.Person || len(after.Operators) != 1 {
		t.Errorf("the account is another one: %v", err)
	}

	// Now he asks somebody.
	clerk, err := s.world.Person(1, "kanarya.yetkili@"+here)
	if err != nil {
		t.Fatal(err)
	}
	p.Open(base + "/tr/account/operators")
	p.Follow(`main a[href$="/operators/new"]`)
	look("invite")
	p.Submit(`main form[action$="/operators/new"]`)
	if p.Count(".problems") != 1 {
		t.Errorf("an empty form is not refused: %s", p.Text("main"))
	}
	look("invite-wrong")
	p.Fill("identity-number", clerk.IdentityNumber)
	p.Fill("mail-address", "davet@posta.test")
	p.Choose("may", "Read messages")
	p.Submit(`main form[action$="/operators/new"]`)
	look("invited")
	if !strings.Contains(p.Text("main"), "davet gönderildi") {
		t.Errorf("the invitation is not there: %s", p.Text("main"))
	}
	q := b.Page(t, browser.Phone)
	look = pages(q, "invited")
	q.Open(s.mailed("davet@posta.test", "/apply/invited", nil))
	look("begin")
	q.Submit(`main form[action$="/apply/invited"]`)
	walk(q, clerk, look, false)
	if text := q.Text("main"); !strings.Contains(text, who.Address) {
		t.Errorf("he is not on the account: %s", text)
	}
	a, err := n.Store.Account(ctx, holder.Account)
	if err != nil || len(a.Operators) != 2 || a.Operators[1].May != account.Reading || a.Operators[1].By != holder.Person {
		t.Fatalf("%+v, %v", a.Operators, err)
	}
	// Once he is removed, his next page is the door.
	p.Open(base + "/tr/account/operators/" + string(a.Operators[1].Person) + "/remove")
	p.Submit(`main form[action$="/remove"]`)
	q.Open(base + "/tr/account")
	if got := q.Here(); !strings.Contains(got, "/login") {
		t.Errorf("after he was removed he is at %s: %s", got, q.Text("main"))
	}
}
