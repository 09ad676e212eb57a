package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/message"
	"rem/person/account"
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
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

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

func tasks(t *testing.T, l Ledger) {
	ctx := t.Context()
	task := func(target string, due time.Duration, attempts int) message.Task {
		return message.Task{Stage: message.DeliveryStage, Message: id(1), Target: target, Due: At.Add(due), Attempts: attempts}
	}
	step := func(s message.Step) {
		t.Helper()
		s.Message, s.At = id(1), At
		must(t, l.Hint(ctx, s))
	}
	check := func(what string, now time.Duration, limit int, next time.Duration, want ...message.Task) {
		t.Helper()
		got, after, err := l.Due(ctx, message.DeliveryStage, At.Add(now), limit)
		must(t, err)
		same(t, what, want, got)
		wantNext := time.Time{}
		if next >= 0 {
			wantNext = At.Add(next)
		}
		if !after.Equal(wantNext) {
			t.Errorf("%s: the next is due at %v, want %v", what, after, wantNext)
		}
	}
	step(message.Step{Queue: []message.Task{task("b", time.Minute, 0), task("a", 0, 0), task("c", time.Hour, 0)}})
	check("due now", 0, 10, time.Minute, task("a", 0, 0))
	check("due in an hour, two at most", time.Hour, 2, time.Hour, task("a", 0, 0), task("b", time.Minute, 0))
	check("all", time.Hour, 10, -1, task("a", 0, 0), task("b", time.Minute, 0), task("c", time.Hour, 0))
	step(message.Step{Again: []message.Task{task("a", 2*time.Minute, 0), task("d", 3*time.Minute, 4)}})
	step(message.Step{Queue: []message.Task{task("a", time.Hour, 0), task("b", 0, 7)}})
	check("an earlier due time wins, attempts stay", 5*time.Minute, 10, time.Hour, task("b", 0, 0), task("a", 2*time.Minute, 1), task("d", 3*time.Minute, 5))
	step(message.Step{Done: []message.Task{task("a", 0, 0), task("zzz", 0, 0), task("b", 0, 0), task("d", 0, 0)}, Queue: []message.Task{task("b", time.Second, 0)}})
	check("done, and one queued again", time.Hour, 10, -1, task("b", time.Second, 0), task("c", time.Hour, 0))
	got, next, err := l.Due(ctx, message.RelayStage, At, 10)
	must(t, err)
	if len(got) > 0 || !next.IsZero() {
		t.Errorf("another stage has work: %v, %v", got, next)
	}
}

func wakes(t *testing.T, l Ledger) {
	ctx := t.Context()
	bell := l.Wake(message.RelayStage)
	must(t, l.Commit(ctx, Submission(1, 1)))
	must(t, l.Commit(ctx, Submission(2, 1)))
	select {
	case <-bell:
	default:
		t.Error("work was queued and nobody was woken")
	}
	select {
	case <-bell:
		t.Error("the channel holds more than one value")
	case <-l.Wake(message.DeliveryStage):
		t.Error("a stage without work was woken")
	default:
	}
	if due, _, err := l.Due(ctx, message.RelayStage, At, 10); err != nil || len(due) != 2 {
		t.Errorf("%d tasks (%v), want 2", len(due), err)
	}
}

func arrivals(t *testing.T, l Ledger) {
	ctx := t.Context()
	for n := range 3 {
		must(t, l.Commit(ctx, Submission(n, 2)))
		s := message.Step{Message: id(n), At: At, Arrivals: []message.Arrival{{Account: "acc-1", Recipient: 2, Time: At.Add(time.Minute), Size: 1000}}}
		must(t, l.Commit(ctx, s))
		s.Arrivals[0].Account = "acc-2"
		must(t, l.Commit(ctx, s)) // it is there already
	}
	for i, who := range []rem.PersonID{"per-1", "per-2"} {
		must(t, l.Commit(ctx, message.Step{Message: id(1), At: At.Add(time.Duration(i+1) * time.Hour), Actor: rem.Actor{Person: who}, Opens: 2}))
	}
	want := []message.Entry{
		{UID: 1, Message: id(0), Recipient: 2, Arrived: At.Add(time.Minute), Size: 1000},
		{UID: 2, Message: id(1), Recipient: 2, Arrived: At.Add(time.Minute), Size: 1000, Opened: At.Add(time.Hour), OpenedBy: "per-1"},
		{UID: 3, Message: id(2), Recipient: 2, Arrived: At.Add(time.Minute), Size: 1000},
	}
	got, err := l.Mailbox(ctx, "acc-1", 0, 10)
	must(t, err)
	same(t, "the mailbox", want, got)
	got, err = l.Mailbox(ctx, "acc-1", 1, 1)
	must(t, err)
	same(t, "one after the first", want[1:2], got)
	if got, err = l.Mailbox(ctx, "acc-2", 0, 10); err != nil || len(got) > 0 {
		t.Errorf("a second arrival came into %v (%v)", got, err)
	}
	u, err := l.Usage(ctx, "acc-1")
	must(t, err)
	same(t, "the usage", message.Usage{Messages: 3, Bytes: 3000}, u)
}

func notFound(t *testing.T, l Ledger) {
	ctx := t.Context()
	_, err := l.Message(ctx, id(1))
	is(t, "Message", err, message.ErrNotFound)
	_, err = l.EvidenceOf(ctx, id(1))
	is(t, "EvidenceOf", err, message.ErrNotFound)
	_, err = l.Evidence(ctx, "_none")
	is(t, "Evidence", err, message.ErrNotFound)
	_, err = l.Envelope(ctx, id(1))
	is(t, "Envelope", err, message.ErrNotFound)
	_, err = l.Open(ctx, "")
	is(t, "Open of nothing", err, message.ErrNotFound)
	for _, ref := range []message.Ref{"../../etc/passwd", "s9.9.9", "f"} {
		if _, err := l.Open(ctx, ref); err == nil {
			t.Errorf("Open of %q gives something", ref)
		}
	}
	_, err = l.Account(ctx, "none")
	is(t, "Account", err, account.ErrNotFound)
	_, err = l.ByAddress(ctx, ours)
	is(t, "ByAddress", err, account.ErrNotFound)
	is(t, "a step of a message that is not there", l.Commit(ctx, move(1, 1, message.None, message.Relaying)), message.ErrNotFound)
	must(t, l.Commit(ctx, message.Step{Message: id(1), At: At, Note: "a note and a task need no message"}))
}

func listed(t *testing.T, l Ledger) {
	ctx := t.Context()
	for _, n := range []int{5, 3, 4} {
		s := Submission(n, 1)
		if n == 3 {
			s.New.Actor = rem.Actor{}
		}
		must(t, l.Commit(ctx, s))
	}
	first, at, err := l.Messages(ctx, 0, 2)
	must(t, err)
	same(t, "the first two", []rem.MessageID{id(5), id(3)}, first)
	rest, at, err := l.Messages(ctx, at, 2)
	must(t, err)
	same(t, "the rest", []rem.MessageID{id(4)}, rest)
	if none, _, err := l.Messages(ctx, at, 2); err != nil || len(none) > 0 {
		t.Errorf("after the last: %v, %v", none, err)
	}
	sent, err := l.Sent(ctx, "acc-1", "", 10)
	must(t, err)
	same(t, "sent, newest first", []rem.MessageID{id(4), id(5)}, sent)
	sent, err = l.Sent(ctx, "acc-1", id(4), 10)
	must(t, err)
	same(t, "before the newest", []rem.MessageID{id(5)}, sent)
	if sent, err = l.Sent(ctx, "", "", 10); err != nil || len(sent) > 0 {
		t.Errorf("nobody sent %v (%v)", sent, err)
	}
}

func contents(t *testing.T, l Ledger) {
	ctx := t.Context()
	for i, size := range []int{0, 1, 5000, 64 << 10, 64<<10 + 1, 700_000} {
		want := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		kept, err := l.Intend(ctx, message.Intention{Key: fmt.Sprint("c", i), Stage: message.SubmissionStage, At: At, Content: message.InMemory(want)})
		must(t, err)
		c, err := l.Open(ctx, kept.Content)
		must(t, err)
		got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		must(t, err)
		if !bytes.Equal(got, want) || c.Digest() != rem.DigestOf(want) || c.Size() != int64(size) {
			t.Errorf("%d octets came back otherwise", size)
		}
	}
	var wide message.Step // more evidence than a segment takes in line
	wide.Message, wide.At = id(1), At
	must(t, l.Commit(ctx, Submission(1, 300)))
	for n := range 300 {
		f := Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Positive, n+1, "hs91.kep.test")
		f.XML = bytes.Repeat(f.XML, 8)
		f.Digest = rem.DigestOf(f.XML)
		wide.Filed = append(wide.Filed, f)
	}
	must(t, l.Commit(ctx, wide))
	got, err := l.EvidenceOf(ctx, id(1))
	must(t, err)
	for i, f := range got[1:] {
		if !bytes.Equal(f.XML, wide.Filed[i].XML) {
			t.Fatalf("evidence %d has other bytes", i)
		}
	}
}

func accounts(t *testing.T, l Ledger) {
	ctx := t.Context()
	a := account.Account{
		ID: "acc-1", Address: ours, Holder: account.Holder{Person: "per-1", Name: "Ayşe A.Ş.", Legal: true}, State: account.Open,
		Created: At, Quota: 1 << 30,
		Operators: []account.Operator{{Person: "per-2", Name: "Işık", Identity: "123", Send: true, From: At}, {Person: "per-3", Read: true, Until: At}},
	}
	must(t, l.Create(ctx, a))
	must(t, l.Create(ctx, a)) // the same again
	b := a
	b.ID = "acc-2"
	is(t, "a second account with the address", l.Create(ctx, b), account.ErrTaken)
	b.Address = theirs
	must(t, l.Create(ctx, b))
	a.State, a.Quota, a.Operators = account.Closed, 5, nil
	must(t, l.Update(ctx, a))
	moved := a
	moved.Address = theirs
	if err := l.Update(ctx, moved); err == nil {
		t.Error("an account got another's address")
	}
	moved = a
	moved.Holder.Person = "per-9"
	if err := l.Update(ctx, moved); err == nil {
		t.Error("an account got another holder")
	}
	is(t, "updating none", l.Update(ctx, account.Account{ID: "none"}), account.ErrNotFound)
	got, err := l.ByAddress(ctx, ours)
	must(t, err)
	same(t, "the account", a, got)
	got, err = l.Account(ctx, "acc-2")
	must(t, err)
	same(t, "the other", b, got)
	list, err := l.Accounts(ctx, "acc-1", 10)
	must(t, err)
	same(t, "after the first", []account.Account{b}, list)
	u, err := l.Usage(ctx, "acc-1")
	must(t, err)
	same(t, "its quota", message.Usage{Quota: 5}, u)
	is(t, "a password of none", l.SetPassword(ctx, "none", "p", "h"), account.ErrNotFound)
	for _, hash := range []string{"first", "second"} {
		must(t, l.SetPassword(ctx, "acc-1", "per-1", hash))
	}
	must(t, l.SetPassword(ctx, "acc-1", "per-2", "other"))
	passwords, err := l.Passwords(ctx, "acc-1")
	must(t, err)
	same(t, "the passwords", map[rem.PersonID]string{"per-1": "second", "per-2": "other"}, passwords)
}

func oneWins(t *testing.T, l Ledger) {
	ctx := t.Context()
	must(t, l.Commit(ctx, Submission(1, 1)))
	states := []message.State{message.Attempting, message.Relayed, message.NotRelayed, message.Delivered}
	results := make([]error, 16)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			s := move(1, 1, message.Relaying, states[i%len(states)])
			s.At = s.At.Add(time.Duration(i) * time.Second)
			results[i] = l.Commit(ctx, s)
		})
	}
	wg.Wait()
	winner := -1
	for i, err := range results {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("steps %d and %d both won", winner, i)
		case err == nil:
			winner = i
		default:
			is(t, "a step that lost", err, message.ErrMoved)
		}
	}
	if winner < 0 {
		t.Fatal("no step won")
	}
	if got, want := view(t, l, 1).Standing(1).State, states[winner%len(states)]; got != want {
		t.Errorf("the state is %s, the winner's is %s", got, want)
	}
}

func notMixedUp(t *testing.T, l Ledger) {
	ctx := t.Context()
	const writers, each = 64, 4
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				key := fmt.Sprint("submission/", n)
				kept, err := l.Intend(ctx, message.Intention{Key: key, Stage: message.SubmissionStage, At: At, Body: []byte(key), Content: message.InMemory(fmt.Appendf(nil, "original %d", n))})
				if err != nil {
					t.Error(err)
					return
				}
				s := Submission(n, 2)
				s.Resolves, s.New.Original = key, kept.Content
				if err := l.Commit(ctx, s); err != nil {
					t.Error(err)
					return
				}
				if err := l.Commit(ctx, message.Step{Message: id(n), At: At, Arrivals: []message.Arrival{{Account: "acc-1", Recipient: 2, Time: At, Size: 1}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for n := range writers * each {
		list, err := l.EvidenceOf(ctx, id(n))
		if err != nil || len(list) != 1 || !bytes.Equal(list[0].XML, Submission(n, 2).Filed[0].XML) {
			t.Fatalf("message %d has other evidence (%v)", n, err)
		}
		c, err := l.Open(ctx, view(t, l, n).Record.Original)
		must(t, err)
		b := make([]byte, c.Size())
		c.ReadAt(b, 0)
		if got, want := string(b), fmt.Sprintf("original %d", n); got != want {
			t.Fatalf("message %d has the original %q", n, got)
		}
	}
	entries, err := l.Mailbox(ctx, "acc-1", 0, 1000)
	must(t, err)
	seen := map[rem.MessageID]bool{}
	for i, e := range entries {
		if e.UID != int64(i+1) || seen[e.Message] {
			t.Fatalf("entry %d has UID %d of %s", i, e.UID, e.Message)
		}
		seen[e.Message] = true
	}
	if len(entries) != writers*each {
		t.Errorf("%d entries, want %d", len(entries), writers*each)
	}
	if list, _ := l.Unfinished(ctx, message.SubmissionStage); len(list) > 0 {
		t.Errorf("%d intentions are left", len(list))
	}
}
