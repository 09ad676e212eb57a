package node

import (
	"strings"
	"testing"
	"time"

	"rem/internal/setup"
	"rem/internal/testkit/noticetest"
	"rem/person"
	"rem/privacy/notice"
	"rem/provider/partner"
)

// REQ-13, REQ-15: the contract of an institution is offered to applicants as soon as
// it is there, and no longer when it ends; the provider runs on.
func TestAContractIsOfferedWithoutARestart(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n, ctx := s.nodes[here], t.Context()
	if _, err := n.Records.Notices.Publish(ctx, noticetest.Filled(t), notice.Terms{By: "p-officer", Register: n.Records.Register, AllowSample: true}); err != nil {
		t.Fatal(err)
	}
	v := s.visitor(here)
	// offered reads what the page says beside the visit at somebody's address.
	offered := func() bool {
		t.Helper()
		if code := v.get("/tr/apply"); code != 200 {
			t.Fatalf("the page answers %d", code)
		}
		_, after, found := strings.Cut(v.page, "Adresinizde, sözleşmeli kurum aracılığıyla")
		if !found {
			t.Fatalf("the page does not name the method: %s", v.page)
		}
		row, _, _ := strings.Cut(after, "</div>")
		return !strings.Contains(row, "Kullanılamaz")
	}
	if offered() {
		t.Error("without a contract a visit is offered")
	}
	now := n.clock.Now()
	id, err := n.People.partners.Add(ctx, "p-officer", partner.Institution{Name: "Örnek Kurye A.Ş.", Contract: "S-1", From: now, Until: now.AddDate(1, 0, 0), Provinces: []person.Province{"34"}})
	if err != nil {
		t.Fatal(err)
	}
	if !offered() {
		t.Error("a contract that began is not offered")
	}
	if err := n.Records.Persons.EndInstitution(ctx, id, n.clock.Now().Add(-time.Millisecond), "p-officer"); err != nil {
		t.Fatal(err)
	}
	if offered() {
		t.Error("a contract that ended is offered")
	}
}
