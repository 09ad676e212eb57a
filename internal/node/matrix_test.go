package node

import (
	"strings"
	"testing"

	"rem"
	"rem/edge/web"
	"rem/internal/setup"
	"rem/internal/testkit/noticetest"
	"rem/internal/testkit/webtest"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/notice"
)

// AT-28: every route of the provider as everybody, by the table of its own parts:
// a route that nobody thought of is in it.
func TestEveryRouteIsForThoseWhomItsTableNames(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	parts, err := n.parts()
	if err != nil {
		t.Fatal(err)
	}
	everybody := webtest.Principals()
	site, err := web.New(n.siteConfig(everybody), parts...)
	if err != nil {
		t.Fatal(err)
	}
	cells := webtest.Matrix(t, site, n.Config.Web.Base, everybody)
	if routes := len(site.Routes()); routes < 100 || cells < routes*len(everybody) {
		t.Errorf("%d cells of %d routes", cells, routes)
	}
	for line := range strings.Lines(s.logs[here].String()) {
		if strings.Contains(line, "a page failed") {
			t.Error(line)
		}
	}
	t.Logf("%d cells", cells)
}

// AT-28: what is another's reads as what is not there, on pages that name an object.
func TestAnothersObjectsAreNotThere(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	v, err := n.Records.Notices.Publish(t.Context(), noticetest.Filled(t), notice.Terms{By: "p-officer", Register: n.Records.Register, AllowSample: true})
	if err != nil {
		t.Fatal(err)
	}
	in := func(i int, address string) (*visitor, account.Account) {
		s.holder(i, address)
		a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(address))
		if err != nil {
			t.Fatal(err)
		}
		who := login.Who{Kind: login.Holder, Person: a.Holder.Person}
		grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: who, Account: a.ID, Names: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		b := s.visitor(here)
		b.enrol(grant.Reveal())
		return b, a
	}
	isilOn, a := in(0, isil)
	boraOn, b := in(4, "bora.agaoglu@"+here)
	if code := isilOn.post("/tr/account/choices/"+string(privacy.DirectoryPhone), "answer", "give"); code != 422 || !strings.Contains(isilOn.page, "Önce yürürlükteki") {
		t.Errorf("a consent before the notice was read: %d", code)
	}
	isilOn.must(isilOn.post("/tr/account/notice", "notice", v.Digest.String()), "/tr/account/choices", "seçim yapılmadı")
	isilOn.must(isilOn.post("/tr/account/choices/"+string(privacy.DirectoryPhone), "answer", "refuse"), "/tr/account/choices", "rıza verilmedi")
	number := isilOn.find(`/account/choices/receipt/([0-9]+)`)
	if code := isilOn.get("/tr/account/choices/receipt/" + number); code != 200 || !consent.IsReceipt([]byte(isilOn.page)) {
		t.Errorf("her own receipt: %d", code)
	}
	for what, path := range map[string]string{
		"another's receipt":  "/tr/account/choices/receipt/" + number,
		"no such receipt":    "/tr/account/choices/receipt/999",
		"another's operator": "/tr/account/operators/" + string(a.Holder.Person),
		"no such operator":   "/tr/account/operators/h-nobody",
	} {
		if code := boraOn.get(path); code != 404 || strings.Contains(boraOn.page, "Işıl") {
			t.Errorf("%s: %d", what, code)
		}
	}
	// Sessions and devices of another are left as they are, and he reads nothing else.
	hers := login.Session{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Level: login.TwoFactors}
	sessions, err := n.People.Login.Sessions(t.Context(), hers)
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	for _, x := range sessions {
		boraOn.must(boraOn.post("/tr/security/sessions/end", "session", x.ID.Short()), "/tr/security/sessions")
	}
	devices, err := n.People.Login.Devices(t.Context(), hers)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range devices {
		boraOn.must(boraOn.post("/tr/security/devices/forget", "device", x.ID.Short()), "/tr/security/sessions")
	}
	isilOn.must(isilOn.get("/tr/account"), "/tr/account", isil)
	if left, err := n.People.Login.Devices(t.Context(), hers); err != nil || len(left) != len(devices) {
		t.Errorf("%d of %d devices are left, %v", len(left), len(devices), err)
	}
	// An account that he is no operator of is not opened by its session's name.
	if code := boraOn.get("/tr/account"); code != 200 || strings.Contains(boraOn.page, isil) || !strings.Contains(boraOn.page, b.Address.String()) {
		t.Errorf("his own account: %d", code)
	}
}
