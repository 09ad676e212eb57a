package staff_test

import (
	"bytes"
	"os"
	"testing"

	"rem/internal/testkit/chaintest"
	"rem/provider/staff"
)

// between stands between the entries of a frozen book.
var between = []byte("----\n")

// The book that version 1 wrote is read for ever: docs/formats/staff.md.
func TestTheFirstVersionIsRead(t *testing.T) {
	b, err := os.ReadFile("testdata/v1/book.txt")
	if err != nil {
		t.Fatal(err)
	}
	k := empty(t)
	k.store = chaintest.With(bytes.Split(b, between)...)
	k.must(k.open())
	members, err := k.Members(t.Context())
	k.must(err)
	if len(members) != 4 {
		t.Fatalf("%d members", len(members))
	}
	m := members[3]
	if m.Institution != "ins-1" || m.Terms[0].Role != staff.Partner || m.Terms[0].Ended.IsZero() || m.Why != staff.Contract || m.Enrolled.IsZero() ||
		m.Acknowledged[0].Method != "passkey" || m.Training[0].Version != 1 || m.Name.IsZero() || m.Number.IsZero() {
		t.Errorf("%+v", m)
	}
	if acts := bytes.Count(b, []byte("\nact: ")); acts != len(k.store.Entries()) {
		t.Errorf("%d acts in %d entries", acts, len(k.store.Entries()))
	}
	for _, act := range []staff.Act{staff.Found, staff.Propose, staff.Confirm, staff.Decline, staff.EndRole, staff.Leave, staff.Train, staff.Publish, staff.Acknowledge, staff.Invite, staff.Redeem} {
		if !bytes.Contains(b, []byte("\nact: "+string(act)+"\n")) {
			t.Errorf("the sample has no %s", act)
		}
	}
}
