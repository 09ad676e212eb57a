package node

import (
	"testing"
	"time"

	"rem"
	"rem/internal/setup"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/message/submission"
)

// A message that was signed for later waits through a stop of the provider, and is sent
// at its time, once; one that cannot be sent then stops, and says why.
func TestASignedMessageWaitsThroughAStop(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	n := s.nodes[here]
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	const method = "urn:rem:authentication:test"
	me := mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: method}, Authentication: message.Authentication{Time: time.Now(), Method: method}, Case: "test"}
	door := func(id mailbox.DraftID, to string) (submission.Receipt, error) {
		n := s.nodes[here]
		v, err := n.Mailbox.Save(t.Context(), me, mailbox.Draft{ID: id, To: []string{to}, Subject: string(id), Text: "t", SendAt: time.Now().Add(4 * time.Second)})
		if err != nil || v != 1 {
			t.Fatal(v, err)
		}
		login, err := n.submitting(t.Context(), me)
		if err != nil {
			t.Fatal(err)
		}
		raw := s.sign(from, letter{id: string(id) + "@ev", subject: string(id), to: []string{to}})
		return signingDoor{n}.Submit(t.Context(), login, signing.Draft{ID: string(id) + "@1"}, smtp.Transaction{}, message.InMemory(raw))
	}
	for id, to := range map[mailbox.DraftID]string{"good": isil, "bad": "x@unknown.test"} {
		if r, err := door(id, to); err != nil || r.Message != "" || r.Refusal != nil {
			t.Fatalf("%s: %+v, %v", id, r, err)
		}
	}
	s.stop(here)
	s.start(here)
	n = s.nodes[here]
	s.until("the message is sent", func() (bool, error) { return len(s.sent(isil)) >= 1, nil })
	s.until("the other is stopped", func() (bool, error) {
		d, err := n.Mailbox.Draft(t.Context(), me, "bad")
		return err == nil && d.Step == mailbox.Stopped && d.Why.Turkish != "", err
	})
	s.until("the draft is gone", func() (bool, error) {
		_, err := n.Mailbox.Draft(t.Context(), me, "good")
		return err != nil, nil
	})
	count := 0
	for _, l := range s.sent(isil) {
		if l.Subject == "good" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("sent %d times", count)
	}
}
