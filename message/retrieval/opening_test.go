package retrieval_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/retrieval"
	"rem/person/account"
)

// mailbox is a world in which a message lies in the mailbox of two people.
func mailbox(t *testing.T) (w *world.World, p *world.Provider, id rem.MessageID, open func(person rem.PersonID) error) {
	t.Helper()
	k := world.NewKit(t)
	w = k.New(t, world.Options{})
	p = w.Providers[world.Domain("hs90")]
	cem := world.Address("cem", "hs90")
	a := world.Account("cem", p.Domain)
	for _, person := range []rem.PersonID{"kisi-ilk", "kisi-son"} {
		a.Operators = append(a.Operators, account.Operator{Person: person, May: account.Reading})
	}
	if err := p.Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	original := k.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{cem}, Subject: "Okunacak", Body: "Merhaba.\r\n"}, 0)
	id = w.Submit("ayse", "hs90", original, cem).Message
	w.Now()
	return w, p, id, func(person rem.PersonID) error {
		const method = "urn:rem:authentication:application-password"
		_, err := p.Retriever.Open(t.Context(), retrieval.Login{
			Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: person, Method: method},
			Authentication: message.Authentication{Time: w.Clock.Now(), Method: method},
		}, id, 1)
		return err
	}
}

func noToken(w *world.World, way broken.Way) (stop func()) {
	w.Faults.When = func(_ *world.Provider, e string) (world.Plan, bool) {
		return world.Plan{Way: way, After: world.LivesOn}, e == "stamp"
	}
	return func() { w.Faults.When = nil }
}

// about returns the evidence of retrieval.
func about(t *testing.T, p *world.Provider, id rem.MessageID) message.Filed {
	t.Helper()
	all, err := p.Store.EvidenceOf(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Kind == message.RetrievalNonRetrievalByRecipient {
			return f
		}
	}
	t.Fatal("there is no evidence of retrieval")
	return message.Filed{}
}

// REQ-68: the evidence names who read it first, and not who tried before.
func TestEvidenceNamesWhoWasGivenTheMessage(t *testing.T) {
	w, p, id, open := mailbox(t)
	stop := noToken(w, broken.Undone)
	if err := open("kisi-ilk"); err == nil {
		t.Fatal("the message was given without evidence")
	}
	stop()
	w.Clock.Advance(time.Hour)
	second := w.Clock.Now()
	if err := open("kisi-son"); err != nil {
		t.Fatal(err)
	}
	f := about(t, p, id)
	if f.Outcome != message.Positive || !bytes.Contains(f.XML, []byte("kisi-son")) || bytes.Contains(f.XML, []byte("kisi-ilk")) {
		t.Errorf("the evidence does not name the one who read the message:\n%s", f.XML)
	}
	if f.Time.Before(second.Truncate(time.Second)) {
		t.Errorf("the evidence is of %s, before the message was read at %s", f.Time, second)
	}
	w.Rest()
	w.MustHold()
}

// Who was given nothing has read nothing: a later start, and the end of the
// period, find a message that nobody opened.
func TestWhoWasGivenNothingHasReadNothing(t *testing.T) {
	for name, way := range map[string]broken.Way{"the authority is away": broken.Undone, "the process stops": broken.Kill} {
		for _, restart := range []bool{false, true} {
			w, p, id, open := mailbox(t)
			stop := noToken(w, way)
			if err := open("kisi-ilk"); err == nil {
				t.Fatalf("%s: the message was given without evidence", name)
			}
			stop()
			if restart || way == broken.Kill {
				if err := p.Restart(world.Crash); err != nil {
					t.Fatal(err)
				}
			}
			w.Rest()
			if f := about(t, p, id); f.Outcome != message.Negative || bytes.Contains(f.XML, []byte("kisi-ilk")) {
				t.Errorf("%s, restart %t: the evidence says that it was read by somebody who was given nothing", name, restart)
			}
			w.MustHold()
		}
	}
}

func TestReadersAtOneMomentAllReadAndOneIsNamed(t *testing.T) {
	w, p, id, open := mailbox(t)
	errs := make(chan error)
	const readers = 12
	for i := range readers {
		go func() { errs <- open([]rem.PersonID{"kisi-ilk", "kisi-son"}[i%2]) }()
	}
	for range readers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	f := about(t, p, id)
	if bytes.Contains(f.XML, []byte("kisi-ilk")) == bytes.Contains(f.XML, []byte("kisi-son")) {
		t.Error("the evidence does not name one of the two")
	}
	w.Rest()
	w.MustHold()
}

// damaged is a ledger whose contents cannot be read.
type damaged struct {
	retrieval.Ledger
	open func(message.Content) (message.Content, error)
}

func (d damaged) Open(ctx context.Context, ref message.Ref) (message.Content, error) {
	c, err := d.Ledger.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return d.open(c)
}

type half struct{ message.Content }

var errDamaged = errors.New("damaged")

func (h half) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > h.Size()/2 {
		return 0, errDamaged
	}
	return h.Content.ReadAt(p, off)
}

func TestWhatIsDamagedIsNotCalledRead(t *testing.T) {
	for name, open := range map[string]func(message.Content) (message.Content, error){
		"not there":       func(message.Content) (message.Content, error) { return nil, errDamaged },
		"damaged at half": func(c message.Content) (message.Content, error) { return half{c}, nil },
	} {
		w, p, id, read := mailbox(t)
		p.Retriever.Ledger = damaged{p.Retriever.Ledger, open}
		if err := read("kisi-ilk"); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v, want %v", name, err, errDamaged)
		}
		view, err := p.Store.Message(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := view.Standing(1).State; got != message.Delivered {
			t.Errorf("%s: the message is %s, want %s", name, got, message.Delivered)
		}
		w.MustHold()
	}
}
