package retrieval_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/trust/xades"
)

const user, code = "cem", "hs90"

// delivered is a world in which a message lies unopened in a mailbox.
func delivered(t *testing.T, k *world.Kit) (*world.World, *world.Provider, rem.MessageID) {
	t.Helper()
	w := k.New(t, world.Options{})
	to := world.Address(user, code)
	original := k.Sign(t, world.Letter{From: world.Address("ayse", code), To: []string{to}, Subject: "Okunacak", Body: "Merhaba.\r\n"}, 0)
	id := w.Submit("ayse", code, original, to).Message
	w.Now()
	return w, w.Providers[world.Domain(code)], id
}

// retrievals are the evidences of the stage about the message.
func retrievals(t *testing.T, p *world.Provider, id rem.MessageID) []message.Filed {
	t.Helper()
	filed, err := p.Store.EvidenceOf(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(filed, func(f message.Filed) bool { return f.Kind != message.RetrievalNonRetrievalByRecipient })
}

// The first opening names the natural person who opened; further ones make no
// evidence and are recorded (REQ-68).
func TestFirstOpeningNamesWhoOpened(t *testing.T) {
	k := world.NewKit(t)
	w, p, id := delivered(t, k)
	for range 3 {
		w.Clock.Advance(time.Minute)
		if _, err := w.OpenOnce(user, code, id, 1); err != nil {
			t.Fatal(err)
		}
	}
	filed := retrievals(t, p, id)
	if len(filed) != 1 || filed[0].Outcome != message.Positive {
		t.Fatalf("filed are %+v", filed)
	}
	e, _, err := evidence.Verify(filed[0].XML, xades.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	person := world.Account(user, world.Domain(code)).Operators[0]
	if len(e.Delegates) != 1 || e.Delegates[0].Name != user || e.RecipientAuthentication.IsZero() {
		t.Errorf("it names %+v, authenticated %+v", e.Delegates, e.RecipientAuthentication)
	}
	entries, err := p.Store.Mailbox(t.Context(), "hesap-cem", 0, 10)
	if err != nil || len(entries) != 1 || entries[0].OpenedBy != person.Person || entries[0].Opened.IsZero() {
		t.Errorf("the mailbox says %+v (%v)", entries, err)
	}
}

// What is opened when the period is over is given without further evidence: the
// two would contradict one another.
func TestOpeningAfterThePeriodIsGivenAndContradictsNothing(t *testing.T) {
	k := world.NewKit(t)
	w, p, id := delivered(t, k)
	w.Run(13 * time.Hour)
	filed := retrievals(t, p, id)
	if len(filed) != 1 || filed[0].Outcome != message.Negative || filed[0].Reasons[0] != rem.RetentionPeriodExpired {
		t.Fatalf("filed are %+v", filed)
	}
	if _, err := w.OpenOnce(user, code, id, 1); err != nil {
		t.Fatal(err)
	}
	w.Rest()
	if again := retrievals(t, p, id); len(again) != 1 || again[0].ID != filed[0].ID {
		t.Errorf("filed are %+v", again)
	}
	w.MustHold()
}

// Who may not read gets a refusal, and there is no evidence of an opening.
func TestWhoMayNotReadOpensNothing(t *testing.T) {
	k := world.NewKit(t)
	for _, c := range []struct {
		name   string
		change func(*account.Account, time.Time)
	}{
		{"not authorised to read", func(a *account.Account, _ time.Time) { a.Operators[0].May &^= account.Reading }},
		{"authority is over", func(a *account.Account, now time.Time) { a.Operators[0].Until = now }},
		{"authority has not begun", func(a *account.Account, now time.Time) { a.Operators[0].From = now.Add(time.Hour) }},
		{"somebody else's authority", func(a *account.Account, _ time.Time) { a.Operators[0].Person = "kisi-baska" }},
		{"account suspended", func(a *account.Account, _ time.Time) { a.State = account.Suspended }},
		{"account closed", func(a *account.Account, _ time.Time) { a.State = account.Closed }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p, id := delivered(t, k)
			a := world.Account(user, world.Domain(code))
			c.change(&a, w.Clock.Now())
			if err := p.Store.Update(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			_, err := w.OpenOnce(user, code, id, 1)
			if _, refused := errors.AsType[*rem.Refusal](err); !refused {
				t.Errorf("got %v, want a refusal", err)
			}
			if filed := retrievals(t, p, id); len(filed) > 0 {
				t.Errorf("filed are %+v", filed)
			}
		})
	}
}

// Opening and the end of the period race; one of them wins, and only one is
// evidence.
func TestRaceOfOpeningAndPeriodHasOneEvidence(t *testing.T) {
	k := world.NewKit(t)
	for range 8 {
		w, p, id := delivered(t, k)
		w.Clock.Advance(13 * time.Hour)
		done := make(chan error, 2)
		go func() {
			done <- p.Retriever.Do(t.Context(), message.Task{Stage: message.RetrievalStage, Message: id, Target: "1"})
		}()
		go func() {
			_, err := w.OpenOnce(user, code, id, 1)
			done <- err
		}()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if filed := retrievals(t, p, id); len(filed) != 1 {
			t.Errorf("filed are %+v", filed)
		}
		w.Rest()
		w.MustHold()
	}
}
