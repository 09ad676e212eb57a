package ledgertest

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/message"
	"rem/person/account"
)

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

// accounts: an address belongs to one holder for ever (REQ-27), and an account to
// one holder (REQ-28).
func accounts(t *testing.T, l Ledger) {
	ctx := t.Context()
	a := account.Account{
		ID: "acc-1", Address: ours, Holder: account.Holder{Person: "per-1", Name: Sealed, Legal: true}, State: account.Open,
		Standing: account.Standing{Since: At, Reason: account.BySecurity, By: "staff", Export: At.Add(time.Hour)},
		Created:  At, Quota: 1 << 30, ReceiveOnly: true, FourEyes: true, Until: At.Add(time.Hour), Reminded: At.Add(time.Minute),
		Notices: []account.Notice{{Kind: account.TermEnding, At: At, Person: "per-2", Due: At.Add(time.Hour)}},
		Operators: []account.Operator{
			{Person: "per-2", Name: Sealed, Identity: Token, May: account.Sending, From: At, Proof: account.Proof{Kind: account.Authorisation, Digest: rem.DigestOf([]byte("paper"))}},
			{Person: "per-3", May: account.Reading, Until: At, By: "per-2"},
		},
	}
	clear := a
	clear.Before = &account.Unsealed{Holder: "Ayşe A.Ş."}
	if err := l.Create(ctx, clear); err == nil {
		t.Error("a name in clear was taken")
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
	must(t, l.Update(ctx, a)) // the same again
	old := a
	old.Quota = 6
	is(t, "an update of a version that is gone", l.Update(ctx, old), account.ErrChanged)
	a.Version++
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
	is(t, "an address of an open account", l.Create(ctx, account.Account{ID: "acc-3", Address: theirs, Holder: b.Holder}), account.ErrTaken)
	back := account.Account{ID: "acc-3", Address: ours, Holder: account.Holder{Person: "per-9", Name: Sealed, Legal: true}, State: account.Open, Quota: 9}
	is(t, "another's closed address", l.Create(ctx, back), account.ErrTaken)
	back.Holder = a.Holder
	back.Holder.Legal = false
	is(t, "a closed address for a holder of another kind", l.Create(ctx, back), account.ErrTaken)
	back.Holder.Legal = true
	for range 2 { // the same again is harmless
		must(t, l.Create(ctx, back))
	}
	is(t, "the address that came back, once more", l.Create(ctx, account.Account{ID: "acc-4", Address: ours, Holder: a.Holder}), account.ErrTaken)
	got, err = l.ByAddress(ctx, ours)
	must(t, err)
	same(t, "who has the address now", back, got)
	got, err = l.Account(ctx, "acc-1")
	must(t, err)
	same(t, "the closed account", a, got)
	a.Reminded = At.Add(2 * time.Hour) // a closed account is written, too
	must(t, l.Update(ctx, a))
	a.Version++
	got, err = l.ByAddress(ctx, ours)
	must(t, err)
	same(t, "who has the address after the closed account was written", back, got)
	is(t, "a password of none", l.SetPassword(ctx, "none", "p", "h"), account.ErrNotFound)
	for _, hash := range []string{"first", "second"} {
		must(t, l.SetPassword(ctx, "acc-1", "per-1", hash))
	}
	must(t, l.SetPassword(ctx, "acc-1", "per-2", "other"))
	passwords, err := l.Passwords(ctx, "acc-1")
	must(t, err)
	same(t, "the passwords", map[rem.PersonID]string{"per-1": "second", "per-2": "other"}, passwords)
	for range 2 {
		must(t, l.SetPassword(ctx, "acc-1", "per-1", ""))
	}
	passwords, err = l.Passwords(ctx, "acc-1")
	must(t, err)
	same(t, "after one was taken away", map[rem.PersonID]string{"per-2": "other"}, passwords)
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
