package staff_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
	"rem/privacy/chain"
	"rem/privacy/inventory"
	"rem/provider/staff"
)

const day = 24 * time.Hour

// sessions notes whose sessions were ended, and can fail.
type sessions struct {
	ended []rem.PersonID
	fail  error
}

func (s *sessions) EndAll(_ context.Context, p rem.PersonID) error {
	if s.fail != nil {
		return s.fail
	}
	s.ended = append(s.ended, p)
	return nil
}

type kit struct {
	*staff.Book
	t        *testing.T
	vault    *vaulttest.World
	store    *chaintest.Memory
	clock    *testkit.Clock
	sessions *sessions
	a, b     rem.PersonID // two managers
}

func (k *kit) open() error {
	var err error
	k.Book, err = staff.Open(k.t.Context(), staff.Config{Store: k.store, Vault: k.vault.Vault, Clock: k.clock, Sessions: k.sessions})
	return err
}

func empty(t *testing.T) *kit {
	t.Helper()
	k := &kit{t: t, vault: vaulttest.New(t, inventory.Today()), store: &chaintest.Memory{}, sessions: &sessions{}}
	k.clock = k.vault.Clock
	if err := k.open(); err != nil {
		t.Fatal(err)
	}
	return k
}

func someone(t testing.TB, name string) staff.NewPerson {
	t.Helper()
	n, err := person.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	return staff.NewPerson{Name: n}
}

func machine(p rem.PersonID) staff.Hand { return staff.Hand{Person: p, Door: staff.Machine} }
func console(p rem.PersonID) staff.Hand {
	return staff.Hand{Person: p, Door: staff.Console, Method: "passkey"}
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) refused(err, want error) {
	k.t.Helper()
	if !errors.Is(err, want) {
		k.t.Errorf("got %v, want %v", err, want)
	}
	if _, ok := errors.AsType[*rem.Refusal](err); !ok {
		k.t.Errorf("%v is no refusal", err)
	}
}

// founded has two managers, a policy, and training and acknowledgement of both.
func founded(t *testing.T) *kit {
	t.Helper()
	k := empty(t)
	ctx := t.Context()
	var err error
	k.a, err = k.First(ctx, someone(t, "Ayşe Işık"))
	k.must(err)
	var proposal uint64
	k.b, proposal, err = k.Appoint(ctx, machine(k.a), someone(t, "Bora Öz"), staff.Wish{Role: staff.Manager})
	k.must(err)
	k.must(k.Confirm(ctx, machine(k.b), proposal))
	_, err = k.Publish(ctx, machine(k.a), staff.DataProtection, []byte("politika"), time.Time{})
	k.must(err)
	k.prepare(k.a, k.b)
	k.prepare(k.b, k.a)
	return k
}

// prepare trains a person by another, and has him acknowledge the policy.
func (k *kit) prepare(p, by rem.PersonID) {
	k.t.Helper()
	now := k.clock.Now()
	k.must(k.Train(k.t.Context(), machine(by), p, staff.DataProtection, 1, now.Add(-day), now.Add(365*day)))
	k.acknowledge(p)
}

func (k *kit) acknowledge(p rem.PersonID) {
	k.t.Helper()
	policies, err := k.Policies(k.t.Context())
	k.must(err)
	last := policies[len(policies)-1]
	k.must(k.Acknowledge(k.t.Context(), console(p), last.Subject, last.Version, last.Digest))
}

// hire makes a member with a role, ready to act.
func (k *kit) hire(name string, role staff.Role) rem.PersonID {
	k.t.Helper()
	n := someone(k.t, name)
	if role == staff.Partner {
		n.Institution = "ins-1"
	}
	p, proposal, err := k.Appoint(k.t.Context(), console(k.a), n, staff.Wish{Role: role})
	k.must(err)
	k.must(k.Confirm(k.t.Context(), console(k.b), proposal))
	k.prepare(p, k.a)
	return p
}

func TestTheFirstManagerIsMadeOnceAndAloneConfirmsNothing(t *testing.T) {
	k := empty(t)
	ctx := t.Context()
	a, err := k.First(ctx, someone(t, "Ayşe Işık"))
	k.must(err)
	_, err = k.First(ctx, someone(t, "Başka Biri"))
	k.refused(err, staff.ErrFounded)
	b, proposal, err := k.Appoint(ctx, machine(a), someone(t, "Bora Öz"), staff.Wish{Role: staff.Manager})
	k.must(err)
	k.refused(k.Confirm(ctx, machine(a), proposal), staff.ErrOwnProposal)
	// Only as a manager, only on the machine, only while there is nobody else.
	k.refused(k.Confirm(ctx, console(b), proposal), staff.ErrNoAct)
	officer, second, err := k.Appoint(ctx, machine(a), someone(t, "Can Ünlü"), staff.Wish{Role: staff.Officer})
	k.must(err)
	k.refused(k.Confirm(ctx, machine(officer), second), staff.ErrOwnAppointment)
	third, proposed, err := k.Appoint(ctx, machine(a), someone(t, "Derya Su"), staff.Wish{Role: staff.Manager})
	k.must(err)
	k.must(k.Confirm(ctx, machine(b), proposal))
	k.refused(k.Confirm(ctx, machine(third), proposed), staff.ErrOwnAppointment)
	k.must(k.Confirm(ctx, machine(b), proposed))
	_, err = k.First(ctx, someone(t, "Başka Biri"))
	k.refused(err, staff.ErrFounded)
}

// P-19, S41, S42, REQ-108: nobody acts without training and acknowledgement, and
// what has ended has ended for the next act.
func TestTheGateAsksForRoleTrainingAndPolicy(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	p, proposal, err := k.Appoint(ctx, console(k.a), someone(t, "Elif Ak"), staff.Wish{Role: staff.Officer})
	k.must(err)
	may := func() error { return k.May(ctx, p, staff.Officer) }
	k.refused(may(), staff.ErrNoAct)
	k.must(k.Confirm(ctx, console(k.b), proposal))
	k.refused(may(), staff.ErrUntrained)
	k.must(k.Enter(ctx, p, false))
	k.refused(k.Enter(ctx, p, true), staff.ErrNoAct)
	now := k.clock.Now()
	k.must(k.Train(ctx, console(k.a), p, staff.DataProtection, 1, now, now.Add(30*day)))
	k.refused(may(), staff.ErrUnbound)
	k.acknowledge(p)
	k.must(may())
	by, err := k.Act(ctx, p, staff.Officer, "passkey")
	if err != nil || by.Role != application.Officer || by.Actor.Person != p || by.Actor.Method != "passkey" {
		t.Errorf("%+v, %v", by, err)
	}
	k.refused(k.May(ctx, p, staff.Approver), staff.ErrNoAct)

	// A new version of the policy, from tomorrow on.
	_, err = k.Publish(ctx, console(k.a), staff.DataProtection, []byte("politika 2"), now.Add(day))
	k.must(err)
	k.must(may())
	k.clock.Advance(day)
	k.refused(may(), staff.ErrUnbound)
	k.acknowledge(p)
	k.must(may())

	// Training ends at its moment.
	k.clock.Advance(29*day - time.Microsecond)
	k.must(may())
	k.clock.Advance(time.Microsecond)
	k.refused(may(), staff.ErrUntrained)
	if _, err := k.Act(ctx, p, staff.Officer, "passkey"); !errors.Is(err, staff.ErrUntrained) {
		t.Errorf("an act after training ended: %v", err)
	}
	k.refused(k.Lacks(ctx, p), staff.ErrUntrained)
}

func TestNobodyHelpsHimself(t *testing.T) {
	k := founded(t)
	ctx, now := t.Context(), k.clock.Now()
	officer := k.hire("Fatma Gül", staff.Officer)
	k.refused(k.Train(ctx, console(k.a), k.a, staff.DataProtection, 2, now, now.Add(day)), staff.ErrOwnTraining)
	_, err := k.Propose(ctx, console(officer), officer, staff.Wish{Role: staff.Approver})
	k.refused(err, staff.ErrNoAct)
	_, err = k.Propose(ctx, machine(officer), officer, staff.Wish{Role: staff.Approver})
	k.refused(err, staff.ErrNotManager)
	own, err := k.Propose(ctx, console(k.a), k.a, staff.Wish{Role: staff.Security})
	k.must(err)
	k.refused(k.Confirm(ctx, console(k.a), own), staff.ErrOwnProposal)
	other, err := k.Propose(ctx, console(k.a), k.b, staff.Wish{Role: staff.Security})
	k.must(err)
	k.refused(k.Confirm(ctx, console(k.b), other), staff.ErrOwnAppointment)
	_, err = k.Invite(ctx, console(k.a), k.a)
	k.refused(err, staff.ErrHimself)
	p := k.policy()
	k.refused(k.Acknowledge(ctx, console(officer), p.Subject, p.Version, rem.DigestOf([]byte("another text"))), staff.ErrOtherPolicy)
	k.refused(k.Acknowledge(ctx, console("per-x"), p.Subject, p.Version, p.Digest), staff.ErrNotInService)
}

func (k *kit) policy() staff.Policy {
	list, err := k.Policies(k.t.Context())
	k.must(err)
	return list[len(list)-1]
}

func TestRolesThatDoNotGoTogetherAreRefused(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	auditor := k.hire("Gökçe Er", staff.Auditor)
	_, err := k.Propose(ctx, console(k.a), auditor, staff.Wish{Role: staff.Officer})
	k.refused(err, staff.ErrNotBeside)
	partner := k.hire("Hale Koç", staff.Partner)
	_, err = k.Propose(ctx, console(k.a), partner, staff.Wish{Role: staff.Officer})
	k.refused(err, staff.ErrInstitution)
	_, _, err = k.Appoint(ctx, console(k.a), someone(t, "İrem Ay"), staff.Wish{Role: staff.Partner})
	k.refused(err, staff.ErrInstitution)
	officer := k.hire("Jale Eş", staff.Officer)
	_, err = k.Propose(ctx, console(k.a), officer, staff.Wish{Role: staff.Officer})
	k.refused(err, staff.ErrNotBeside)
	// A second role between proposal and confirmation.
	audit, err := k.Propose(ctx, console(k.a), officer, staff.Wish{Role: staff.Approver})
	k.must(err)
	again, err := k.Propose(ctx, console(k.a), officer, staff.Wish{Role: staff.Approver})
	k.must(err)
	k.must(k.Confirm(ctx, console(k.b), audit))
	k.refused(k.Confirm(ctx, console(k.b), again), staff.ErrNotBeside)
}

func TestTheLastOneDoesNotGoUnnoticed(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	officer := k.hire("Kaya Er", staff.Officer)
	k.refused(k.Leave(ctx, console(k.a), officer, staff.Left, false), staff.ErrLastHolder)
	k.refused(k.EndRole(ctx, console(k.a), officer, staff.Officer, staff.Moved, false), staff.ErrLastHolder)
	k.must(k.May(ctx, officer, staff.Officer))
	k.must(k.EndRole(ctx, console(k.a), officer, staff.Officer, staff.Moved, true))
	k.refused(k.May(ctx, officer, staff.Officer), staff.ErrNoAct)
	// No manager is rid of the only other one by himself.
	k.refused(k.Leave(ctx, console(k.a), k.b, staff.Breach, true), staff.ErrLastButOne)
	k.must(k.Leave(ctx, machine(k.a), k.b, staff.Left, true))
	k.refused(k.Leave(ctx, machine(k.a), k.a, staff.Left, true), staff.ErrLastManager)
}

// REQ-36 of accounts holds for staff too: with a change of roles every session
// ends, also when a crash or a fault came between.
func TestEveryChangeOfRolesEndsSessions(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	officer := k.hire("Lale Su", staff.Officer)
	second := k.hire("Mine Ak", staff.Officer)
	k.sessions.ended = nil
	k.must(k.EndRole(ctx, console(k.a), officer, staff.Officer, staff.Moved, false))
	if !slices.Equal(k.sessions.ended, []rem.PersonID{officer}) {
		t.Errorf("ended: %v", k.sessions.ended)
	}
	down := errors.New("the log-in does not answer")
	k.sessions.fail = down
	if err := k.Leave(ctx, console(k.a), second, staff.Breach, true); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	k.refused(k.May(ctx, second, staff.Officer), staff.ErrNoAct) // he is out nevertheless
	if _, err := k.Invite(ctx, console(k.a), officer); !errors.Is(err, down) {
		t.Errorf("something was written before sessions ended: %v", err)
	}
	k.sessions.fail, k.sessions.ended = nil, nil
	k.must(k.open()) // the process ended in between
	if !slices.Contains(k.sessions.ended, second) {
		t.Errorf("after a restart ended: %v", k.sessions.ended)
	}
}

func TestAnInvitationIsGoodOnce(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	p := k.hire("Nur Taş", staff.Support)
	first, err := k.Invite(ctx, console(k.a), p)
	k.must(err)
	second, err := k.Invite(ctx, console(k.a), p)
	k.must(err)
	_, err = k.Redeem(ctx, first.Reveal())
	k.refused(err, staff.ErrInvitation) // a newer one took its place
	_, err = k.Redeem(ctx, second.Reveal()+"x")
	k.refused(err, staff.ErrInvitation)
	k.must(k.open()) // the digest is durable
	whose, err := k.Redeem(ctx, second.Reveal())
	if err != nil || whose != p {
		t.Errorf("%s, %v", whose, err)
	}
	_, err = k.Redeem(ctx, second.Reveal())
	k.refused(err, staff.ErrInvitation)
	third, err := k.Invite(ctx, console(k.a), p)
	k.must(err)
	k.clock.Advance(3 * day)
	_, err = k.Redeem(ctx, third.Reveal())
	k.refused(err, staff.ErrInvitation)
	for _, e := range k.store.Entries() {
		for _, token := range []staff.Token{first, second, third} {
			if strings.Contains(string(e), token.Reveal()) {
				t.Error("the chain holds an invitation")
			}
		}
	}
	if s := fmt.Sprintf("%v %+v %#v %s", third, third, third, third); strings.Contains(s, third.Reveal()) {
		t.Errorf("it prints itself: %s", s)
	}
	gone, err := k.Invite(ctx, console(k.a), p)
	k.must(err)
	k.must(k.Leave(ctx, console(k.a), p, staff.Left, true))
	_, err = k.Redeem(ctx, gone.Reveal())
	k.refused(err, staff.ErrInvitation)
}

// P-03, P-21, P-23, AT-42: names are sealed, open for a case alone, and the
// person himself has the entry.
func TestNamesAreSealedAndOpenForACase(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	for _, e := range k.store.Entries() {
		if strings.Contains(string(e), "Ayşe") || strings.Contains(string(e), "Bora") {
			t.Fatalf("a name is in the clear:\n%s", e)
		}
	}
	_, err := k.Access(ctx, k.a, staff.Manager, privacy.Security, "")
	if !errors.Is(err, privacy.ErrNoCase) {
		t.Errorf("without a case: %v", err)
	}
	access, err := k.Access(ctx, k.a, staff.Manager, privacy.Security, "staff-review-1")
	k.must(err)
	names, err := k.Names(ctx, access, []rem.PersonID{k.a, k.b})
	if err != nil || names[k.b] != "Bora Öz" {
		t.Errorf("%v", err)
	}
	entries := k.vault.Log.Entries()
	last := entries[len(entries)-1]
	if last.Person != k.b || last.Actor != k.a || last.Role != privacy.AsManager || last.Case != "staff-review-1" {
		t.Errorf("the access log has %+v", last)
	}
	for _, role := range []staff.Role{staff.Operator, staff.Auditor} {
		_, err := k.Access(ctx, k.a, role, privacy.Security, "x")
		k.refused(err, staff.ErrOpensNobody)
	}
	// No role of staff opens contents of messages: they are in no sealed field.
	for _, h := range inventory.Today().Holdings {
		if h.Form == privacy.Sealed && slices.Contains(h.Data, "message-content") {
			t.Errorf("%s would open", h.Name)
		}
	}
}

func TestEveryRoleIsMappedOnce(t *testing.T) {
	seen := map[application.Role]staff.Role{}
	for _, r := range staff.Roles() {
		if r.Name().Turkish == "" || r.Name().English == "" {
			t.Errorf("%s has no name", r)
		}
		if m := r.Moves(); m != 0 {
			if seen[m] != "" || m&(m-1) != 0 || m == application.Applicant || m == application.System {
				t.Errorf("%s moves applications as %d, like %s", r, m, seen[m])
			}
			seen[m] = r
		}
		if o := r.Opens(); o != "" && !o.Staff() {
			t.Errorf("%s opens values as one of the account's people", r)
		}
	}
	if len(seen) != 3 || staff.Role("owner").Valid() {
		t.Errorf("%v", seen)
	}
}

// AT-26: an entry that the rules would not have taken breaks the book, however
// well it is chained.
func TestAForgedEntryBreaksTheBook(t *testing.T) {
	k := founded(t)
	officer := k.hire("Oya Can", staff.Officer)
	entries := k.store.Entries()
	last := entries[len(entries)-1]
	head := rem.DigestOf(last)
	forged := func(body string) error {
		e := fmt.Sprintf("rem-staff 1\nnumber: %d\nprevious: %s\ntime: %s\n%s", len(entries)+1, head, k.clock.Now().Format("2006-01-02T15:04:05.000000Z"), body)
		c := *k
		c.store = chaintest.With(append(slices.Clone(entries), []byte(e))...)
		return c.open()
	}
	k.must(forged("act: propose\nby: " + string(k.a) + "\ndoor: console\nperson: " + string(officer) + "\nrole: approver\nfrom: 2026-11-23T07:00:00.000000Z\n"))
	for name, body := range map[string]string{
		"his own proposal":     "act: propose\nby: " + string(officer) + "\ndoor: machine\nperson: " + string(officer) + "\nrole: approver\nfrom: 2026-11-23T07:00:00.000000Z\n",
		"no proposal":          "act: confirm\nby: " + string(k.b) + "\ndoor: machine\nperson: " + string(officer) + "\nproposal: 2\n",
		"another's hand":       "act: acknowledge\nby: " + string(k.a) + "\ndoor: machine\nperson: " + string(officer) + "\nsubject: data-protection\nversion: 1\ndigest: " + k.policy().Digest.String() + "\n",
		"an act of no list":    "act: bless\nby: " + string(k.a) + "\ndoor: machine\nperson: " + string(officer) + "\n",
		"a door of no list":    "act: leave\nby: " + string(k.a) + "\ndoor: window\nperson: " + string(officer) + "\nreason: left\n",
		"a second first one":   "act: found\nby: x\ndoor: machine\nperson: x\nrole: manager\n",
		"the last manager":     "act: leave\nby: " + string(k.a) + "\ndoor: console\nperson: " + string(k.b) + "\nreason: left\n",
		"something after that": "act: leave\nby: " + string(k.a) + "\ndoor: machine\nperson: " + string(officer) + "\nreason: left\nmore: 1\n",
	} {
		if err := forged(body); !errors.Is(err, chain.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWriteOfUnknownEndIsReadAgain(t *testing.T) {
	for _, kept := range []bool{false, true} {
		k := founded(t)
		ctx := t.Context()
		k.store.FailNext(errors.New("the disk does not answer"), kept)
		_, err := k.Propose(ctx, console(k.a), k.b, staff.Wish{Role: staff.Security})
		if err == nil {
			t.Fatal("a fault was not told")
		}
		if _, ok := errors.AsType[*rem.Refusal](err); ok {
			t.Errorf("a fault was told as a refusal: %v", err)
		}
		list, err := k.Proposals(ctx)
		if err != nil || (len(list) == 1) != kept {
			t.Errorf("kept %t: %d proposals, %v", kept, len(list), err)
		}
		_, err = k.Propose(ctx, console(k.a), k.b, staff.Wish{Role: staff.Privacy})
		k.must(err)
		before, err := k.Members(ctx)
		k.must(err)
		k.must(k.open())
		after, err := k.Members(ctx)
		if err != nil || len(before) != len(after) {
			t.Errorf("%d, then %d, %v", len(before), len(after), err)
		}
	}
}

func TestWhoLeftDoesNotComeBackUnderHisIdentifier(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	p := k.hire("Pelin Er", staff.Support)
	waiting, err := k.Propose(ctx, console(k.a), p, staff.Wish{Role: staff.Officer})
	k.must(err)
	k.must(k.Leave(ctx, console(k.b), p, staff.Left, true))
	k.refused(k.Confirm(ctx, console(k.b), waiting), staff.ErrNoProposal)
	_, err = k.Propose(ctx, console(k.a), p, staff.Wish{Role: staff.Officer})
	k.refused(err, staff.ErrNotInService)
	_, err = k.Invite(ctx, console(k.a), p)
	k.refused(err, staff.ErrNotInService)
	k.refused(k.Enter(ctx, p, false), staff.ErrNoAct)
	m, err := k.Member(ctx, p)
	if err != nil || m.LeftBy != k.b || m.Why != staff.Left || m.Terms[0].EndedBy != k.b {
		t.Errorf("%+v, %v", m, err)
	}
}

// What a manager proposed who is none any more is not confirmed, and a proposal
// does not wait for ever.
func TestAProposalEndsWithItsProposerAndItsTerm(t *testing.T) {
	k := founded(t)
	ctx := t.Context()
	c := k.hire("Rana Su", staff.Manager)
	proposal, err := k.Propose(ctx, console(c), k.b, staff.Wish{Role: staff.Security})
	k.must(err)
	k.must(k.EndRole(ctx, console(k.a), c, staff.Manager, staff.Moved, false))
	k.refused(k.Confirm(ctx, console(k.a), proposal), staff.ErrProposerGone)
	late, err := k.Propose(ctx, console(k.a), k.b, staff.Wish{Role: staff.Security})
	k.must(err)
	k.clock.Advance(staff.ProposalTerm)
	k.refused(k.Confirm(ctx, console(k.b), late), staff.ErrNoProposal)
	gone, err := k.Propose(ctx, console(k.a), k.b, staff.Wish{Role: staff.Security})
	k.must(err)
	k.must(k.Decline(ctx, console(k.a), gone))
	k.refused(k.Confirm(ctx, console(k.b), gone), staff.ErrNoProposal)
}
