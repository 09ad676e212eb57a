package node

import (
	"strings"
	"testing"

	"rem"
	"rem/internal/setup"
	"rem/person"
	"rem/person/login"
	"rem/person/news"
)

// REQ-67, REQ-68, REQ-71: on a whole provider, whoever gets a message is told without
// content, sees it listed unopened, opens it by a form, and reads it with everything
// verified; its report is a PDF.
func TestAMessageIsToldOpenedAndReadInTheBrowser(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	from := s.holder(4, "bora.agaoglu@"+here)
	s.holder(0, isil)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	mail, err := person.ParseMailAddress("isil@posta.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.People.Contacts.Set(t.Context(), a.Holder.Person, news.Contact{Mail: mail}); err != nil {
		t.Fatal(err)
	}
	grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{isil}})
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(here)
	v.enrol(grant.Reveal())
	if err := s.submit(from, []string{isil}, s.sign(from, letter{id: "gizli-konu@ev", subject: "Gizli konu", to: []string{isil}})); err != nil {
		t.Fatal(err)
	}
	s.until("a mail that something arrived", func() (bool, error) {
		for _, m := range s.world.Mails() {
			if m.To == "isil@posta.test" && strings.Contains(m.Body, n.Config.Web.Base+"/mail") {
				if strings.Contains(m.Body, "Gizli konu") || strings.Contains(m.Body, "bora") || strings.Contains(m.Body, "gizli-konu") {
					t.Errorf("the notice says what came: %s", m.Body)
				}
				return true, nil
			}
		}
		return false, nil
	})
	s.until("the message in the list", func() (bool, error) {
		code := v.get("/tr/mail")
		return code == 200 && strings.Contains(v.page, "Gizli konu"), nil
	})
	if !strings.Contains(v.page, "açılmadı") {
		t.Errorf("it is not listed as unopened: %s", v.page)
	}
	item := v.find(`/mail/message/([0-9]+)`)
	v.must(v.get("/tr/mail/message/"+item), "/tr/mail/message/"+item, "Bu ileti henüz açılmadı")
	v.must(v.post("/tr/mail/message/"+item+"/open"), "/tr/mail/message/"+item, "kanarya-gövde", "Gönderenin imzası", "Okundu delili")
	if strings.Contains(v.page, "geçersiz") || !strings.Contains(v.page, "geçerli") {
		t.Errorf("something was not verified: %s", v.page)
	}
	if code := v.get("/tr/mail/message/" + item + "/report"); code != 200 || !strings.HasPrefix(v.page, "%PDF-") {
		t.Errorf("the report: %d %.60q", code, v.page)
	}
	if code := v.get("/tr/mail/message/" + item + "/bundle"); code != 200 || !strings.HasPrefix(v.page, "PK") {
		t.Errorf("the bundle: %d %.60q", code, v.page)
	}
}
