package node

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/message"
	"rem/message/mailbox"
	"rem/person"
	"rem/person/login"
	"rem/person/news"
)

// A caller is a holder with a telephone whose number he showed to be his.
type caller struct {
	*stage
	who   *setup.Person
	me    mailbox.Visitor
	grant string
}

func (s *stage) caller(n int, address string) *caller {
	s.t.Helper()
	c := &caller{stage: s, who: s.holder(n, address)}
	node := s.nodes[here]
	a, err := node.Store.ByAddress(s.t.Context(), rem.MustAddress(address))
	if err != nil {
		s.t.Fatal(err)
	}
	number, err := person.ParseMobile(c.who.Mobile)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := node.People.Contacts.Set(s.t.Context(), a.Holder.Person, news.Contact{Mobile: number}); err != nil {
		s.t.Fatal(err)
	}
	grant, err := node.People.Login.Grant(s.t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{address}})
	if err != nil {
		s.t.Fatal(err)
	}
	const method = "urn:rem:authentication:test"
	c.grant, c.me = grant.Reveal(), mailbox.Visitor{
		Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: method}, Authentication: message.Authentication{Time: time.Now(), Method: method}, Case: "test",
	}
	return c
}

// writes keeps a draft.
func (c *caller) writes(id mailbox.DraftID, to string) {
	c.t.Helper()
	if _, err := c.nodes[here].Mailbox.Save(c.t.Context(), c.me, mailbox.Draft{ID: id, To: []string{to}, Subject: string(id), Text: "Sayın ilgili."}); err != nil {
		c.t.Fatal(err)
	}
}

// presses waits until his telephone shows a request, and presses a button.
func (c *caller) presses(confirm bool) {
	c.t.Helper()
	c.until("a request on the telephone", func() (bool, error) {
		n, err := c.world.Telephones().PressAll(c.who.Mobile, confirm)
		return n > 0, err
	})
}

// times is how often a subject was sent.
func (c *caller) times(subject string) (n int) {
	for _, l := range c.sent(c.who.Address) {
		if l.Subject == subject {
			n++
		}
	}
	return n
}

// REQ-47, REQ-55, P-15: on a whole provider a holder signs with the telephone that he showed
// to be his. What is declined, taken back or forgotten by a stop sends nothing, however
// it is confirmed later; what is confirmed is sent once, also when the page is left.
func TestATelephoneSignsOnAWholeProvider(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	c := s.caller(0, isil)
	to := s.holder(4, "bora.agaoglu@"+here)
	c.writes("ihtar", to.Address)
	v := s.visitor(here)
	v.enrol(c.grant)
	begin := func() (path string) {
		t.Helper()
		if code := v.post("/tr/sign", "draft", "ihtar"); code != 200 || !strings.Contains(v.page, "Mobil imza ile") || !strings.Contains(v.page, "mobil imza") || strings.Contains(v.page, c.who.Mobile) {
			t.Fatalf("%d at %s:\n%s", code, v.at, v.page)
		}
		return v.at
	}
	ask := func(path string) {
		t.Helper()
		v.must(v.post(path+"/telephone"), path+"/telephone", c.who.Mobile[len(c.who.Mobile)-2:])
	}
	comes := func(path, words string) {
		t.Helper()
		s.until(words, func() (bool, error) {
			v.get(path + "/telephone")
			return strings.Contains(v.page, words), nil
		})
	}
	path := begin()
	ask(path)
	c.presses(false)
	comes(path, "Telefonda reddedildi")

	ask(path)
	s.until("the telephone shows it", func() (bool, error) { return len(s.world.Telephones().Shows()) == 1, nil })
	v.must(v.post(path+"/telephone/withdraw"), path+"/telephone", "İstek geri alındı")
	s.until("the telephone shows nothing", func() (bool, error) { return len(s.world.Telephones().Shows()) == 0, nil })

	ask(path)
	s.until("the telephone shows it", func() (bool, error) { return len(s.world.Telephones().Shows()) == 1, nil })
	s.stop(here)
	c.presses(true) // while we are away
	s.start(here)
	if code := v.get(path + "/telephone"); code != 404 || !strings.Contains(v.page, "sona erdi") {
		t.Errorf("after a stop: %d\n%s", code, v.page)
	}
	if got := c.times("ihtar"); got != 0 {
		t.Errorf("sent %d times by a request that was forgotten", got)
	}

	path = begin()
	ask(path)
	v = s.visitor(here) // he leaves the page, and his session
	c.presses(true)
	s.until("it is sent", func() (bool, error) { return c.times("ihtar") > 0, nil })
	s.stop(here)
	s.start(here)
	if got := c.times("ihtar"); got != 1 {
		t.Errorf("sent %d times", got)
	}
	if logs := s.logs[here].String(); strings.Contains(logs, c.who.Mobile) || strings.Contains(logs, c.who.Mobile[3:]) {
		t.Error("the log has the number")
	}
}

// REQ-47: the same in Chromium for a batch, with the page of the simulated telephones
// beside it; the page follows by itself.
func TestAHolderSignsWithHisTelephoneInABrowser(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	c := s.caller(0, isil)
	to := s.holder(4, "bora.agaoglu@"+here)
	base := s.nodes[here].Config.Web.Base
	b := browser.Open(t)
	p := b.Page(t)
	p.Open(base + "/tr/welcome")
	p.Fill("grant", c.grant)
	p.Submit(`form[action$="/welcome"]`)
	p.Fill("password", webPassword)
	p.Fill("again", webPassword)
	p.Submit(`form[action$="/security/password"]`)
	p.Submit(`form[action$="/security/app"]`)
	typed := strings.ReplaceAll(p.Text("code.break"), " ", "")
	code := func(at time.Time) string {
		x, err := totp.GenerateCode(typed, at)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	p.Fill("code", code(time.Now()))
	p.Submit(`form[action$="/security/app/confirm"]`)

	phone := b.Page(t, browser.Phone)
	for _, id := range []mailbox.DraftID{"birinci", "ikinci"} {
		c.writes(id, to.Address)
	}
	p.Open(base + "/tr/mail/drafts")
	// A batch: two messages, each confirmed on its own.
	browser.Eval[bool](p, `(() => { const f = document.createElement("form"); f.method = "post"; f.action = "/tr/sign"; f.id = "batch";
		for (const d of ["birinci", "ikinci"]) { const i = document.createElement("input"); i.type = "hidden"; i.name = "draft"; i.value = d; f.append(i); }
		const b = document.createElement("button"); b.textContent = "x"; f.append(b); document.querySelector("main").append(f); return true; })()`)
	p.Submit("#batch")
	p.Check()
	p.Shot("mobile-request-tr")
	p.Submit(`form[action$="/telephone"]`)
	for i, subject := range []string{"birinci", "ikinci"} {
		s.until("the page shows the code of "+subject, func() (bool, error) {
			return p.Count("main code") == 1 && len(s.world.Telephones().Shows()) == 1 && p.Text("main code") == s.world.Telephones().Shows()[0].Code && strings.Contains(p.Text("main"), subject), nil
		})
		if i == 0 {
			p.Check()
			p.Shot("mobile-waiting-tr")
		}
		phone.Open(s.world.TelephonePage())
		if got := phone.Text("article"); !strings.Contains(got, p.Text("main code")) || !strings.Contains(got, c.who.Mobile) {
			t.Errorf("the telephone shows %q", got)
		}
		phone.Shot("mobile-telephone")
		if c.times("birinci")+c.times("ikinci") != 0 {
			t.Error("something was sent before all was signed")
		}
		phone.Follow(`button[value="confirm"]`)
	}
	// The page goes on by itself.
	s.until("the page shows the result", func() (bool, error) { return strings.HasSuffix(p.Here(), "/result"), nil })
	p.Check()
	p.Shot("mobile-result-tr")
	if c.times("birinci") != 1 || c.times("ikinci") != 1 {
		t.Errorf("sent %d and %d times", c.times("birinci"), c.times("ikinci"))
	}
}
