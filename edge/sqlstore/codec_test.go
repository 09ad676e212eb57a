package sqlstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/blobstore"
	"rem/mail/archive"
	"rem/message"
	"rem/person/account"
	"rem/privacy"
)

// whole is a content long enough for every part that a meaning asks for.
var whole, _ = blobstore.ParseRef("s1.144.1000000.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg")

var compare = cmp.Options{
	cmp.AllowUnexported(step{}, blobstore.Ref{}, rem.Address{}, accountOp{}),
	cmp.Comparer(func(a, b privacy.IndexToken) bool { return a == b }),
}

func seedStep() message.Step {
	r := message.Record{
		ID: "id@hs90.kep.test", Origin: "hs90.kep.test", Sender: message.Party{Address: rem.MustAddress("a@hs90.kep.test"), Name: "Ğ"},
		Recipients: []message.Recipient{{Party: message.Party{Raw: "x"}, Copy: true, Leg: message.Local, Account: "a"}},
		Digest:     rem.DigestOf(nil), Size: -1, Original: "ref", Length: 5,
	}
	task := []message.Task{{Stage: message.RelayStage, Message: r.ID, Target: "t", Due: fromMicros(1), Attempts: 2}}
	return message.Step{
		Message: r.ID, At: fromMicros(5_000_000), Actor: rem.Actor{Person: "p"}, Resolves: "k", New: &r, Fingerprint: rem.DigestOf(nil),
		Changes: []message.Change{{Recipient: 1, From: message.None, To: message.Accepted, On: message.AcceptSubmission, Due: fromMicros(7)}},
		Filed: []message.Filed{{
			ID: "_e", Kind: message.DeliveryNonDeliveryToRecipient, Outcome: message.Negative, Recipient: 1, Issuer: "i", Time: fromMicros(9),
			Reasons: []rem.Reason{rem.Other}, NoInformation: true, Conflict: true, XML: []byte("<x/>"),
		}},
		Arrivals: []message.Arrival{{Account: "a", Recipient: 1, Time: fromMicros(3), Size: 4}}, Opens: 1,
		Queue: task, Done: task, Again: task, Envelope: &message.Envelope{Head: []byte("head"), Tail: []byte("tail")}, Note: "n",
	}
}

func FuzzStep(f *testing.F) {
	s := seedStep()
	meta, _ := encodeStep(&s)
	f.Add(meta)
	meta, _ = encodeStep(&message.Step{Message: "m"})
	f.Add(meta)
	s.New.Unscanned = []archive.Kind{archive.TooDense}
	meta, _ = encodeStep(&s)
	f.Add(meta)
	f.Add([]byte{3})
	f.Fuzz(func(t *testing.T, meta []byte) {
		once, err := decodeStep(meta, whole)
		if err != nil {
			return
		}
		again := once.Step
		for i := range again.Filed {
			if once.Filed[i].Digest.IsZero() {
				return // the encoder computes it
			}
			again.Filed[i].XML = make([]byte, once.filed[i].Size())
		}
		if once.envelope {
			again.Envelope = &message.Envelope{Head: make([]byte, once.envHead.Size()), Tail: make([]byte, once.envTail.Size())}
		}
		written, _ := encodeStep(&again)
		for i := range again.Filed {
			again.Filed[i].XML = nil
		}
		twice, err := decodeStep(written, whole)
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		once.Step.Envelope = nil
		if diff := cmp.Diff(once, twice, compare); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzAccount(f *testing.F) {
	o := accountOp{act: createAccount, account: account.Account{
		ID: "a", Address: rem.MustAddress("a@hs90.kep.test"), State: account.Open, Created: fromMicros(1), Quota: 5,
		Operators: []account.Operator{{Person: "p", May: account.Sending}},
	}}
	f.Add(o.encode())
	o.account.Operators = append(o.account.Operators, account.Operator{Person: "q", May: account.Everything, By: "p", Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf(nil)}})
	o.account.Notices = []account.Notice{{Kind: account.Renewed, At: fromMicros(2), Due: fromMicros(3)}}
	f.Add(o.encode())
	o.account.Before = &account.Unsealed{Holder: "h", Operators: []account.UnsealedOperator{{Name: "n", Identity: "1"}, {}}}
	f.Add(o.encode())
	f.Add((&accountOp{act: setPassword, id: "a", person: "p", hash: "h"}).encode())
	f.Fuzz(func(t *testing.T, meta []byte) {
		once, err := decodeAccount(meta)
		if err != nil {
			return
		}
		twice, err := decodeAccount(once.encode())
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if diff := cmp.Diff(once, twice, compare); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStepComesBackWhole(t *testing.T) {
	s := seedStep()
	meta, content := encodeStep(&s)
	if got, want := string(content), "<x/>headtail"; got != want {
		t.Errorf("the content is %q, want %q", got, want)
	}
	got, err := decodeStep(meta, whole)
	if err != nil {
		t.Fatal(err)
	}
	want := &step{Step: s, envelope: true, filed: []blobstore.Ref{whole.Part(0, 4)}, envHead: whole.Part(4, 4), envTail: whole.Part(8, 4)}
	want.Step.Envelope, want.Filed[0].XML, want.Filed[0].Digest = nil, nil, rem.DigestOf([]byte("<x/>"))
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error(diff)
	}
	for n := range meta {
		if _, err := decodeStep(meta[:n], whole); err == nil {
			t.Fatalf("the first %d of %d octets are read as a step", n, len(meta))
		}
	}
}

// The journal holds these numbers for twenty years: a new name goes to the end.
func TestNumbersOfTheJournalAreForEver(t *testing.T) {
	var got []string
	for s := message.None; s.String() != "unknown state"; s++ {
		got = append(got, s.String())
	}
	frozen := []string{
		"none", "refused", "accepted", "relaying", "attempting", "asked", "relayed", "not-relayed", "overdue", "taken-over",
		"relay-refused", "delivered", "not-delivered", "retrieved", "not-retrieved",
	}
	if len(got) < len(frozen) || !cmp.Equal(got[:len(frozen)], frozen) {
		t.Errorf("states: %s", cmp.Diff(frozen, got))
	}
	got = nil
	for s := message.NoStage; s.String() != "unknown stage"; s++ {
		got = append(got, s.String())
	}
	frozen = []string{"none", "submission", "relay", "delivery", "retrieval", "return"}
	if len(got) < len(frozen) || !cmp.Equal(got[:len(frozen)], frozen) {
		t.Errorf("stages: %s", cmp.Diff(frozen, got))
	}
	if len(got) > stages {
		t.Errorf("package message has %d stages, the ledger wakes %d", len(got), stages)
	}
	for k, want := range map[message.Kind]int{message.SubmissionAcceptanceRejection: 1, message.DeliveryNonDeliveryToRecipient: 4, message.ReceivedFromNonREMSystem: 9} {
		if int(k) != want {
			t.Errorf("%s is %d, want %d", k, k, want)
		}
	}
	for l, want := range map[message.Leg]int{message.Outbound: 1, message.Inbound: 2, message.Local: 3} {
		if int(l) != want {
			t.Errorf("%s is %d, want %d", l, l, want)
		}
	}
	if message.Positive != 1 || message.Negative != 2 {
		t.Error("the outcomes have other numbers")
	}
}
