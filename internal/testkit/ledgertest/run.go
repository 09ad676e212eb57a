package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/message"
	"rem/person/account"
	"rem/privacy"
)

// A Ledger is what [Run] examines.
type Ledger interface {
	message.Ledger
	account.Store
}

// Run checks every promise of message.Ledger and account.Store. open returns
// an empty ledger and sees to its end.
func Run(t *testing.T, open func(t *testing.T) Ledger) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, l Ledger)
	}{
		{"an intention stands until its step", intentionStands},
		{"the first intention of a key stands", firstIntentionStands},
		{"a step of an intention that was replaced is none", replacedIntention},
		{"a step that lost leaves everything and its intention", lostStep},
		{"the same step again changes nothing", sameStep},
		{"a message is ours once", oursOnce},
		{"a fingerprint is one submission for two days", fingerprints},
		{"one evidence of a kind and issuer for a recipient", oneEvidence},
		{"the first envelope stays", firstEnvelope},
		{"changes of several recipients come together or not at all", together},
		{"tasks are queued, put back and done", tasks},
		{"queued work wakes its stage", wakes},
		{"a message arrives once and is opened first once", arrivals},
		{"what is not there is not found", notFound},
		{"messages are listed in order", listed},
		{"contents come back byte for byte", contents},
		{"accounts keep their address for ever", accounts},
		{"concurrent steps of one message: one wins", oneWins},
		{"many messages at once are not mixed up", notMixedUp},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// At is where the suite's time begins.
var At = time.Date(2026, 11, 23, 7, 0, 0, 123456000, time.UTC)

var (
	ours   = rem.MustAddress("ayse@hs90.kep.test")
	theirs = rem.MustAddress("bora@hs91.kep.test")
)

// Record makes the record of message n with so many recipients, the second of
// them ours.
func Record(n, recipients int, original message.Ref) *message.Record {
	r := &message.Record{
		ID:     rem.NewMessageID(fmt.Sprintf("01jd%022d", n), "hs90.kep.test"),
		Origin: "hs90.kep.test",
		Sender: message.Party{Address: ours, Name: "Ayşe Öğüt"},
		Actor:  rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-1", Method: "urn:method"},
		SenderAuthentication: message.Authentication{
			Time: At.Add(-time.Minute), Method: "urn:method",
		},
		Subject: fmt.Sprintf("Konu %d: ığüşöç", n), UAMessageID: fmt.Sprintf("%d@client", n),
		Digest: rem.DigestOf(fmt.Append(nil, n)), Size: 5000, Submitted: At,
		Original: original, Length: 5000,
	}
	for i := range recipients {
		to := message.Recipient{Party: message.Party{Address: theirs, Name: "Bora"}, Leg: message.Outbound, Copy: i > 1}
		if i == 1 {
			to = message.Recipient{Party: message.Party{Address: ours, Raw: "Ayse"}, Leg: message.Local, Account: "acc-1"}
		}
		r.Recipients = append(r.Recipients, to)
	}
	return r
}

// Submission makes the step that makes message n ours.
func Submission(n, recipients int) message.Step {
	r := Record(n, recipients, "")
	s := message.Step{
		Message: r.ID, At: At, Actor: r.Actor, New: r, Fingerprint: rem.DigestOf(fmt.Append(nil, "print ", n)),
		Filed: []message.Filed{Evidence(n, message.SubmissionAcceptanceRejection, message.Positive, 0, "hs90.kep.test")},
		Queue: []message.Task{{Stage: message.RelayStage, Message: r.ID, Target: "hs91.kep.test", Due: At}},
	}
	for i := range recipients {
		to := message.Relaying
		if i == 1 {
			to = message.Accepted
		}
		s.Changes = append(s.Changes, message.Change{Recipient: i + 1, To: to, On: message.AcceptSubmission, Due: At.Add(time.Hour)})
	}
	return s
}

// Evidence makes an evidence about message n.
func Evidence(n int, k message.Kind, o message.Outcome, recipient int, issuer string) message.Filed {
	xml := fmt.Appendf(nil, "<%s n='%d' r='%d' o='%s' by='%s'>%s</%[1]s>", k, n, recipient, o, issuer, bytes.Repeat([]byte("x"), 500))
	return message.Filed{
		ID:   rem.NewEvidenceID(Record(n, 0, "").ID, k.Code(o), recipient, issuer),
		Kind: k, Outcome: o, Recipient: recipient, Issuer: issuer, Time: At.Add(time.Second),
		Reasons: []rem.Reason{rem.MailboxFull, rem.Other}, Digest: rem.DigestOf(xml), XML: xml,
	}
}

func id(n int) rem.MessageID { return Record(n, 0, "").ID }

// move makes a step of one change.
func move(n, recipient int, from, to message.State) message.Step {
	return message.Step{Message: id(n), At: At.Add(time.Minute), Changes: []message.Change{{Recipient: recipient, From: from, To: to, Due: At.Add(2 * time.Hour)}}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(rem.Address{}), cmp.Comparer(sameToken)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func sameToken(a, b privacy.IndexToken) bool { return a == b }

// Sealed is a sealed value and Token one of a blind index, for stores, which never open one.
var Sealed, Token = func() (privacy.SealedValue, privacy.IndexToken) {
	head := "\x01\x07account\x01\x01\x02\x00\x00" // version, class, serial, declared, at, method, evidence
	v, err := privacy.ParseSealed([]byte(head + strings.Repeat("kapali ", 6)))
	if err != nil {
		panic(err)
	}
	t, err := privacy.ParseIndexToken([]byte("\x00\x00\x00\x01bir dizin simgesi"[:20]))
	if err != nil {
		panic(err)
	}
	return v, t
}()

func view(t *testing.T, l Ledger, n int) *message.View {
	t.Helper()
	v, err := l.Message(t.Context(), id(n))
	must(t, err)
	return v
}

func intentionStands(t *testing.T, l Ledger) {
	ctx := t.Context()
	original := bytes.Repeat([]byte("original "), 500)
	kept, err := l.Intend(ctx, message.Intention{Key: "k1", Stage: message.SubmissionStage, At: At, Body: []byte("body"), Content: message.InMemory(original)})
	must(t, err)
	_, err = l.Intend(ctx, message.Intention{Key: "k2", Stage: message.SubmissionStage, At: At, Body: []byte("two")})
	must(t, err)
	_, err = l.Intend(ctx, message.Intention{Key: "k3", Stage: message.DeliveryStage, At: At, Body: []byte("three")})
	must(t, err)
	list, err := l.Unfinished(ctx, message.SubmissionStage)
	must(t, err)
	want := []message.Kept{
		{Key: "k1", Stage: message.SubmissionStage, At: At, Body: []byte("body"), Content: kept.Content},
		{Key: "k2", Stage: message.SubmissionStage, At: At, Body: []byte("two")},
	}
	same(t, "unfinished", want, list)
	s := Submission(1, 1)
	s.Resolves = "k1"
	s.New.Original = kept.Content
	must(t, l.Commit(ctx, s))
	must(t, l.Abandon(ctx, "k2"))
	must(t, l.Abandon(ctx, "never there"))
	list, err = l.Unfinished(ctx, message.SubmissionStage)
	must(t, err)
	if len(list) > 0 {
		t.Errorf("still unfinished: %v", list)
	}
	list, err = l.Unfinished(ctx, message.DeliveryStage)
	must(t, err)
	same(t, "of another stage", []message.Kept{{Key: "k3", Stage: message.DeliveryStage, At: At, Body: []byte("three")}}, list)
	c, err := l.Open(ctx, view(t, l, 1).Record.Original)
	must(t, err)
	got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	must(t, err)
	if !bytes.Equal(got, original) {
		t.Error("the original has other bytes")
	}
}

func firstIntentionStands(t *testing.T, l Ledger) {
	ctx := t.Context()
	first, err := l.Intend(ctx, message.Intention{Key: "k", Stage: message.RelayStage, At: At, Body: []byte("first"), Content: message.InMemory([]byte("one"))})
	must(t, err)
	second, err := l.Intend(ctx, message.Intention{Key: "k", Stage: message.RelayStage, At: At.Add(time.Hour), Body: []byte("second"), Content: message.InMemory([]byte("two"))})
	must(t, err)
	same(t, "the second intention", first, second)
	must(t, l.Abandon(ctx, "k"))
	third, err := l.Intend(ctx, message.Intention{Key: "k", Stage: message.RelayStage, At: At, Body: []byte("third")})
	must(t, err)
	if string(third.Body) != "third" {
		t.Errorf("after it was abandoned the first still stands: %q", third.Body)
	}
}

func replacedIntention(t *testing.T, l Ledger) {
	ctx := t.Context()
	intend := func(content string) message.Kept {
		kept, err := l.Intend(ctx, message.Intention{Key: "k", Stage: message.SubmissionStage, At: At, Body: []byte(content), Content: message.InMemory([]byte(content))})
		must(t, err)
		return kept
	}
	step := func(n int, of message.Kept) message.Step {
		s := Submission(n, 1)
		s.Resolves, s.New.Original = "k", of.Content
		return s
	}
	first := intend("first")
	must(t, l.Abandon(ctx, "k"))
	second := intend("second")
	is(t, "the step of a replaced intention", l.Commit(ctx, step(1, first)), message.ErrReplaced)
	_, err := l.Message(ctx, id(1))
	is(t, "its message", err, message.ErrNotFound)
	same(t, "what stands", second, intend("third"))
	must(t, l.Commit(ctx, step(2, second)))
	list, err := l.Unfinished(ctx, message.SubmissionStage)
	must(t, err)
	if len(list) > 0 {
		t.Errorf("still unfinished: %v", list)
	}
}

func lostStep(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 2)))
	before := view(t, l, 1)
	_, err := l.Intend(ctx, message.Intention{Key: "k", Stage: message.RelayStage, At: At, Body: []byte("b")})
	must(t, err)
	s := move(1, 1, message.Asked, message.Delivered)
	s.Resolves = "k"
	s.Filed = []message.Filed{Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Positive, 1, "hs91.kep.test")}
	s.Queue = []message.Task{{Stage: message.ReturnStage, Message: s.Message, Target: "x", Due: At}}
	s.Envelope = &message.Envelope{Head: []byte("h"), Tail: []byte("t")}
	is(t, "a step from another state", l.Commit(ctx, s), message.ErrMoved)
	is(t, "as a hint", l.Hint(ctx, s), message.ErrMoved)
	same(t, "the message", before, view(t, l, 1))
	due, _, err := l.Due(ctx, message.ReturnStage, At, 10)
	must(t, err)
	if len(due) > 0 {
		t.Errorf("a lost step queued %v", due)
	}
	list, err := l.Unfinished(ctx, message.RelayStage)
	must(t, err)
	if len(list) != 1 {
		t.Errorf("%d intentions, want the one whose step was lost", len(list))
	}
}

func sameStep(t *testing.T, l Ledger) {
	ctx := t.Context()
	for range 2 {
		must(t, l.Commit(ctx, Submission(1, 2)))
	}
	s := move(1, 1, message.Relaying, message.Relayed)
	s.Filed = []message.Filed{Evidence(1, message.RelayREMMDAcceptanceRejection, message.Positive, 1, "hs91.kep.test")}
	must(t, l.Commit(ctx, s))
	before := view(t, l, 1)
	must(t, l.Commit(ctx, s))
	same(t, "the message", before, view(t, l, 1))
	other := s
	other.At = other.At.Add(time.Second)
	is(t, "another step to the same state", l.Commit(ctx, other), message.ErrMoved)
}

func oursOnce(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 2)))
	before := view(t, l, 1)
	same(t, "the record", *Submission(1, 2).New, before.Record)
	same(t, "the standings", []message.Standing{
		{Recipient: 1, State: message.Relaying, Since: At, Due: At.Add(time.Hour)},
		{Recipient: 2, State: message.Accepted, Since: At, Due: At.Add(time.Hour)},
	}, before.Standings)
	other := Submission(1, 2)
	other.New.Subject = "another"
	is(t, "another message with its name", l.Commit(ctx, other), message.ErrMoved)
	refused := Submission(1, 2)
	refused.Filed[0].Outcome = message.Negative
	is(t, "the contrary decision", l.Commit(ctx, refused), message.ErrMoved)
	same(t, "the message", before, view(t, l, 1))
}

func fingerprints(t *testing.T, l Ledger) {
	ctx := t.Context()
	s := Submission(1, 1)
	must(t, l.Commit(ctx, s))
	again := Submission(2, 1)
	again.Fingerprint = s.Fingerprint
	is(t, "a second message with the fingerprint", l.Commit(ctx, again), message.ErrMoved)
	for _, later := range []time.Duration{0, 47 * time.Hour} {
		got, err := l.Submitted(ctx, s.Fingerprint, At.Add(later))
		if err != nil || got != s.Message {
			t.Errorf("after %v: %s, %v; want %s", later, got, err, s.Message)
		}
	}
	_, err := l.Submitted(ctx, rem.DigestOf([]byte("unknown")), At)
	is(t, "an unknown fingerprint", err, message.ErrNotFound)
}

func oneEvidence(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 2)))
	first := Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Positive, 1, "hs91.kep.test")
	second := Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Negative, 1, "hs91.kep.test")
	conflict := second
	conflict.Conflict, conflict.NoInformation = true, true
	ofOther := Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Negative, 1, "hs90.kep.test")
	ofOther.Digest = rem.Digest{} // computed by the ledger
	for _, f := range []message.Filed{first, second, conflict, ofOther} {
		must(t, l.Commit(ctx, message.Step{Message: id(1), At: At, Filed: []message.Filed{f}}))
	}
	ofOther.Digest = rem.DigestOf(ofOther.XML)
	want := []message.Filed{Submission(1, 2).Filed[0], first, conflict, ofOther}
	got, err := l.EvidenceOf(ctx, id(1))
	must(t, err)
	for i := range got {
		if got[i].Ref == "" {
			t.Errorf("evidence %d says not where it is", i)
		}
		got[i].Ref = ""
	}
	same(t, "the evidences in order", want, got)
	for i, f := range view(t, l, 1).Filed {
		f.Ref = ""
		w := want[i]
		w.XML = nil
		same(t, "as listed", w, f)
	}
	one, err := l.Evidence(ctx, first.ID)
	must(t, err)
	one.Ref = ""
	same(t, "by its identifier", first, one)
}

func firstEnvelope(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 1)))
	_, err := l.Envelope(ctx, id(1))
	is(t, "before there is one", err, message.ErrNotFound)
	if view(t, l, 1).Envelope {
		t.Error("a message without an envelope has one")
	}
	for _, text := range []string{"first", "second"} {
		must(t, l.Commit(ctx, message.Step{Message: id(1), At: At, Envelope: &message.Envelope{Head: []byte(text), Tail: []byte(text + " tail")}}))
	}
	e, err := l.Envelope(ctx, id(1))
	must(t, err)
	same(t, "the envelope", message.Envelope{Head: []byte("first"), Tail: []byte("first tail")}, e)
	if !view(t, l, 1).Envelope {
		t.Error("the message says that it has no envelope")
	}
}

func together(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 4)))
	s := move(1, 1, message.Relaying, message.Attempting)
	s.Changes = append(s.Changes, message.Change{Recipient: 3, From: message.Relaying, To: message.Attempting}, message.Change{Recipient: 4, From: message.Asked, To: message.Relayed})
	before := view(t, l, 1)
	is(t, "one of three cannot", l.Commit(ctx, s), message.ErrMoved)
	same(t, "the message", before, view(t, l, 1))
	s.Changes[2].From = message.Relaying
	must(t, l.Commit(ctx, s))
	v := view(t, l, 1)
	for n, want := range map[int]message.State{1: message.Attempting, 2: message.Accepted, 3: message.Attempting, 4: message.Relayed} {
		if got := v.Standing(n).State; got != want {
			t.Errorf("recipient %d is %s, want %s", n, got, want)
		}
	}
	unknown := move(1, 9, message.None, message.Relaying)
	is(t, "a recipient that is not there", l.Commit(ctx, unknown), message.ErrMoved)
}
