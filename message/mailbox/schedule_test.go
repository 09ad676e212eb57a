package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/submission"
	"rem/person/account"
)

// errDown is what everything answers after the program was killed.
var errDown = errors.New("the program is gone")

// A killer stops the program at one durable effect: before it or after it. What comes
// later does not happen either.
type killer struct {
	mailbox.Store
	mailbox.Submitter
	at, effects int
	after       bool
	down        bool
	submitted   []submission.Receipt
}

func (k *killer) effect(do func() error) error {
	if k.down {
		return errDown
	}
	k.effects++
	if k.effects != k.at {
		return do()
	}
	if k.down = true; k.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errDown
}

func (k *killer) SaveDraft(ctx context.Context, by rem.Actor, d mailbox.Draft) (n int64, err error) {
	err = k.effect(func() error { n, err = k.Store.SaveDraft(ctx, by, d); return err })
	return n, err
}

func (k *killer) DropDraft(ctx context.Context, by rem.Actor, id mailbox.DraftID) error {
	return k.effect(func() error { return k.Store.DropDraft(ctx, by, id) })
}

func (k *killer) Flag(ctx context.Context, a rem.AccountID, ids []mailbox.ItemID, add, remove mailbox.Flags) error {
	return k.effect(func() error { return k.Store.Flag(ctx, a, ids, add, remove) })
}

func (k *killer) PutFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string, r io.Reader, limit int64) (n int64, d rem.Digest, err error) {
	err = k.effect(func() error { n, d, err = k.Store.PutFile(ctx, by, id, file, r, limit); return err })
	return n, d, err
}

func (k *killer) Submit(ctx context.Context, who submission.Login, tx smtp.Transaction, c message.Content) (r submission.Receipt, err error) {
	err = k.effect(func() error {
		r, err = k.Submitter.Submit(ctx, who, tx, c)
		if err == nil {
			k.submitted = append(k.submitted, r)
		}
		return err
	})
	return r, err
}

// A pen writes, signs and sends drafts of one account.
type pen struct {
	*testing.T
	w    *world.World
	side *side
	me   mailbox.Visitor
	told []mailbox.Stoppage
}

func newPen(t *testing.T) *pen {
	w, here, _ := setUp(t)
	here.box.Spool = func() mailbox.Spool { return here.p.Store.Spool() }
	here.box.Submitter = here.p.Submitter
	return &pen{T: t, w: w, side: here, me: here.visitor(world.Users[0])}
}

// sender is a program that starts now.
func (p *pen) sender(k *killer) *mailbox.Sender {
	box := *p.side.box
	if k != nil {
		k.Store, k.Submitter = box.Store, box.Submitter
		box.Store, box.Submitter = k, k
	}
	return &mailbox.Sender{
		Box: &box, Told: func(_ context.Context, s mailbox.Stoppage) { p.told = append(p.told, s) }, Alarm: func(error) {},
		Follow: func(ctx context.Context) error { _, err := p.side.follower.Follow(ctx); return err },
	}
}

func (p *pen) login() submission.Login {
	return submission.Login{Actor: p.me.Actor, Authentication: message.Authentication{Time: p.w.Clock.Now(), Method: "urn:rem:authentication:test"}}
}

// write saves a draft and signs it.
func (p *pen) write(id mailbox.DraftID, at time.Time) message.Content {
	p.Helper()
	_, err := p.side.box.Save(p.Context(), p.me, mailbox.Draft{ID: id, To: []string{world.Address(world.Users[1], world.Codes[0])}, Subject: "Karar " + string(id), Text: "Ekte.\n", SendAt: at})
	must(p, err)
	return p.sign(id)
}

func (p *pen) sign(id mailbox.DraftID) message.Content {
	p.Helper()
	c, err := p.side.box.Compose(p.Context(), p.me, id)
	must(p, err)
	return message.InMemory(kit.SignUnsigned(p, mime.Memory(whole(p, c)), 0))
}

// sent counts messages with the subject of a draft.
func (p *pen) sent(id mailbox.DraftID) (n int) {
	p.Helper()
	_, err := p.side.follower.Follow(p.Context())
	must(p, err)
	items, err := p.side.store.Items(p.Context(), p.me.Actor.Account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, Limit: mailbox.MaxPage})
	must(p, err)
	for _, i := range items {
		view, err := p.side.p.Store.Message(p.Context(), i.Message)
		must(p, err)
		if view.Record.Subject == "Karar "+string(id) {
			n++
		}
	}
	return n
}

func (p *pen) step(id mailbox.DraftID) mailbox.Step {
	d, err := p.side.box.Draft(p.Context(), p.me, id)
	if errors.Is(err, mailbox.ErrNotFound) {
		return "gone"
	}
	must(p, err)
	return d.Step
}

// A program that ends at any durable effect of sending, before it or after it, sends
// one message and never two; what was promised is never none.
func TestADraftIsSentOnceWhereverTheProgramEnds(t *testing.T) {
	p := newPen(t)
	for _, later := range []bool{false, true} {
		for at := 1; ; at++ {
			reached := 0
			for _, after := range []bool{false, true} {
				id := mailbox.DraftID(fmt.Sprintf("d-%v-%d-%v", later, at, after))
				var when time.Time
				if later {
					when = p.w.Clock.Now().Add(time.Hour)
				}
				signed := p.write(id, when)
				k := &killer{at: at, after: after}
				first := p.sender(k)
				receipt, err := first.Send(t.Context(), p.login(), mailbox.Signed{Draft: id, Original: signed})
				promised := err == nil
				if later && promised && receipt.Message != "" {
					t.Errorf("%s: it was sent before its time", id)
				}
				if later {
					p.w.Clock.Advance(2 * time.Hour)
				}
				must(t, ignoreDown(first.Due(t.Context())))
				reached = max(reached, k.effects)
				// The program starts again. Whoever got no answer signs again, as he may.
				second := p.sender(nil)
				must(t, second.Due(t.Context()))
				if !promised {
					if p.step(id) == "gone" && p.sent(id) != 1 {
						t.Errorf("%s: it is gone, and was sent %d times", id, p.sent(id))
					}
					if p.step(id) != "gone" {
						p.w.Clock.Advance(time.Second)
						again := p.sign(id)
						r, err := second.Send(t.Context(), p.login(), mailbox.Signed{Draft: id, Original: again})
						refused := r.Refusal != nil
						if _, no := errors.AsType[*rem.Refusal](err); err != nil && !no {
							t.Fatalf("%s: %v", id, err)
						} else if refused {
							t.Errorf("%s: refused by submission: %v", id, r.Refusal)
						}
					}
				}
				p.w.Clock.Advance(3 * time.Hour)
				must(t, second.Due(t.Context()))
				if n := p.sent(id); n != 1 || p.step(id) != "gone" {
					t.Errorf("%s: sent %d times, and the draft is %s", id, n, p.step(id))
				}
			}
			if reached < at {
				if at < 4 {
					t.Errorf("there were only %d effects", at-1)
				}
				break
			}
		}
	}
	if len(p.told) > 0 {
		t.Errorf("somebody was told %+v", p.told)
	}
}

func ignoreDown(err error) error {
	if errors.Is(err, errDown) {
		return nil
	}
	return err
}

// A draft that is being sent, or was, cannot be signed a second time, changed or
// dropped; the same bytes again get the first answer.
func TestASecondSignatureIsRefused(t *testing.T) {
	p := newPen(t)
	ctx := t.Context()
	signed := p.write("d-1", time.Time{})
	p.w.Clock.Advance(time.Second)
	again := p.sign("d-1")
	k := &killer{at: 3} // submission never hears of it
	_, err := p.sender(k).Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: signed})
	if !errors.Is(err, errDown) || p.step("d-1") != mailbox.Sending {
		t.Fatalf("%v, and the draft is %s", err, p.step("d-1"))
	}
	s := p.sender(nil)
	refused := func(what string, err error) {
		t.Helper()
		if _, ok := errors.AsType[*rem.Refusal](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: again})
	refused("another signature", err)
	d, err := p.side.box.Draft(ctx, p.me, "d-1")
	must(t, err)
	_, err = p.side.box.Save(ctx, p.me, d)
	refused("saving", err)
	refused("dropping", p.side.box.Drop(ctx, p.me, "d-1"))
	_, _, err = p.side.box.Attach(ctx, p.me, "d-1", d.Original.String(), strings.NewReader("x"), 10)
	refused("attaching", err)
	_, err = p.side.box.HandOver(ctx, p.me, "d-1", d.Version, "")
	refused("handing over", err)
	one, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: signed})
	must(t, err)
	_, err = s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: again})
	refused("a draft that was sent", err)
	if one.Message == "" || p.sent("d-1") != 1 {
		t.Errorf("sent %d times: %+v", p.sent("d-1"), one)
	}
}

// What is changed while somebody signs is not sent as he saw it.
func TestADraftThatChangedWhileItWasSignedIsNotSent(t *testing.T) {
	p := newPen(t)
	signed := p.write("d-1", time.Time{})
	d, err := p.side.box.Draft(t.Context(), p.me, "d-1")
	must(t, err)
	seen := d.Version
	d.Subject += " (son)"
	_, err = p.side.box.Save(t.Context(), p.me, d)
	must(t, err)
	_, err = p.sender(nil).Send(t.Context(), p.login(), mailbox.Signed{Draft: "d-1", Version: seen, Original: signed})
	if _, ok := errors.AsType[*rem.Refusal](err); !ok || p.step("d-1") != mailbox.Writing {
		t.Errorf("%v, and the draft is %s", err, p.step("d-1"))
	}
}

// A scheduled message is sent at its time and not before, as by who signed it; it can
// be taken back until then.
func TestAScheduledMessageWaitsForItsTime(t *testing.T) {
	p := newPen(t)
	ctx, s := t.Context(), p.sender(nil)
	start := p.w.Clock.Now()
	signed, other := p.write("d-1", start.Add(48*time.Hour)), p.write("d-2", start.Add(48*time.Hour))
	for id, c := range map[mailbox.DraftID]message.Content{"d-1": signed, "d-2": other} {
		r, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: id, Original: c})
		must(t, err)
		if r.Message != "" || r.Refusal != nil || p.step(id) != mailbox.Scheduled {
			t.Fatalf("%s: %+v, %s", id, r, p.step(id))
		}
	}
	p.w.Clock.Advance(47 * time.Hour)
	must(t, s.Due(ctx))
	d, err := p.side.box.Edit(ctx, p.me, "d-2", 2, func(*mailbox.Draft) error { return nil })
	must(t, err)
	if d.Step != "" && p.step("d-2") != mailbox.Writing || p.sent("d-1") != 0 {
		t.Errorf("taken back: %s; sent %d", p.step("d-2"), p.sent("d-1"))
	}
	p.w.Clock.Advance(2 * time.Hour)
	must(t, p.sender(nil).Due(ctx))
	if p.sent("d-1") != 1 || p.sent("d-2") != 0 || p.step("d-1") != "gone" {
		t.Errorf("sent %d and %d", p.sent("d-1"), p.sent("d-2"))
	}
	items, err := p.side.store.Items(ctx, p.me.Actor.Account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, Limit: 10})
	must(t, err)
	view, err := p.side.p.Store.Message(ctx, items[0].Message)
	must(t, err)
	if r := view.Record; r.Actor.Person != p.me.Actor.Person || !r.SenderAuthentication.Time.Equal(start) || r.SenderAuthentication.Method != "urn:rem:authentication:test" || r.Submitted.Before(start.Add(48*time.Hour)) {
		t.Errorf("it was handed in by %s, %+v, at %s", r.Actor.Person, r.SenderAuthentication, r.Submitted)
	}
	far := p.write("d-3", p.w.Clock.Now().Add(31*24*time.Hour))
	if _, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-3", Original: far}); err == nil {
		t.Error("a message waits for more than thirty days")
	}
}

// What could not be sent for two days is not sent of itself; what was, is known even
// when submission has forgotten its bytes.
func TestWhatWasSignedLongAgoIsSettledByTheMailbox(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int
		after bool
		sent  int
		step  mailbox.Step
	}{{"it was not sent", 3, false, 0, mailbox.Stopped}, {"it was sent", 3, true, 1, "gone"}} {
		t.Run(c.name, func(t *testing.T) {
			p := newPen(t)
			signed := p.write("d-1", time.Time{})
			_, err := p.sender(&killer{at: c.at, after: c.after}).Send(t.Context(), p.login(), mailbox.Signed{Draft: "d-1", Original: signed})
			if !errors.Is(err, errDown) {
				t.Fatal(err)
			}
			p.w.Clock.Advance(90 * time.Hour)
			must(t, p.sender(nil).Due(t.Context()))
			if p.sent("d-1") != c.sent || p.step("d-1") != c.step || len(p.told) != 1-c.sent {
				t.Errorf("sent %d, the draft is %s, told %v", p.sent("d-1"), p.step("d-1"), p.told)
			}
		})
	}
}

// A scheduled draft that comes back with an old copy of the mailbox, long after it was
// sent, is not sent again; one whose time nobody was there for goes back to its signer.
func TestAScheduledMessageThatComesBackIsNotSentAgain(t *testing.T) {
	for _, gone := range []bool{false, true} {
		p := newPen(t)
		ctx := t.Context()
		signed := p.write("d-1", p.w.Clock.Now().Add(time.Hour))
		s := p.sender(nil)
		_, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: signed})
		must(t, err)
		old, err := p.side.box.Draft(ctx, p.me, "d-1")
		must(t, err)
		want := 0
		if gone {
			p.w.Clock.Advance(2 * time.Hour)
			must(t, s.Due(ctx))
			_, _, err = p.side.store.PutFile(ctx, p.me.Actor, "d-1", old.Original.String(), io.NewSectionReader(signed, 0, signed.Size()), signed.Size())
			must(t, err)
			old.Version = 0
			_, err = p.side.store.SaveDraft(ctx, p.me.Actor, old)
			must(t, err)
			want = 1
		}
		p.w.Clock.Advance(90 * time.Hour)
		must(t, p.sender(nil).Due(ctx))
		step := mailbox.Step("gone")
		if !gone {
			step = mailbox.Stopped
		}
		if p.sent("d-1") != want || p.step("d-1") != step || len(p.told) != 1-want {
			t.Errorf("sent before %v: now %d times, the draft is %s, told %v", gone, p.sent("d-1"), p.step("d-1"), p.told)
		}
	}
}

// A refusal at its time stops a draft, says why and tells who signed.
func TestARefusalAtItsTimeIsTold(t *testing.T) {
	p := newPen(t)
	ctx, s := t.Context(), p.sender(nil)
	_, err := p.side.box.Save(ctx, p.me, mailbox.Draft{ID: "d-1", To: []string{"x@hs77.kep.test"}, Subject: "s", Text: "t", SendAt: p.w.Clock.Now().Add(time.Hour)})
	must(t, err)
	signed := p.sign("d-1")
	_, err = s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: signed})
	must(t, err)
	p.w.Clock.Advance(2 * time.Hour)
	must(t, s.Due(ctx))
	d, err := p.side.box.Draft(ctx, p.me, "d-1")
	must(t, err)
	if d.Step != mailbox.Stopped || !strings.Contains(d.Why.Turkish, "güven listesinde yok") || len(p.told) != 1 || p.told[0].Signer != p.me.Actor.Person {
		t.Errorf("%+v, told %+v", d, p.told)
	}
	must(t, s.Due(ctx))
	if len(p.told) != 1 {
		t.Error("he is told again")
	}
	// It can be put right and signed again.
	d.To = []string{world.Address(world.Users[1], world.Codes[0])}
	_, err = p.side.box.Save(ctx, p.me, d)
	must(t, err)
	r, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: "d-1", Original: p.sign("d-1")})
	must(t, err)
	if r.Message == "" || r.Refusal != nil {
		t.Errorf("put right: %+v", r)
	}
}

// two is an account of two people, with four eyes or without.
type two struct{ eyes bool }

func (o two) Account(context.Context, rem.AccountID) (account.Account, error) {
	return account.Account{ID: "acc-1", Address: rem.MustAddress("ayse@hs01.kep.tr"), State: account.Open, FourEyes: o.eyes, Holder: account.Holder{Person: "per-1"},
		Operators: []account.Operator{{Person: "per-1", May: account.Everything}, {Person: "per-2", May: account.Everything}}}, nil
}

// hearing accepts everything and keeps as by whom it was handed in.
type hearing struct{ by submission.Login }

func (h *hearing) Submit(_ context.Context, by submission.Login, _ smtp.Transaction, _ message.Content) (submission.Receipt, error) {
	h.by = by
	return submission.Receipt{Message: "m-1"}, nil
}

// REQ-41: under four eyes who prepared a draft hands it in, as he proved to be himself
// when he gave it away, and who signs it is somebody else.
func TestUnderFourEyesThePreparerHandsIn(t *testing.T) {
	for _, eyes := range []bool{true, false} {
		ctx, h := t.Context(), &hearing{}
		clock := testkit.NewClock(mailboxtest.At)
		store := mailboxtest.NewMemory()
		store.Clock = clock
		b := &mailbox.Box{Store: store, Accounts: two{eyes}, Submitter: h, Names: nobody{}, Clock: clock, Domain: "hs01.kep.tr"}
		visitor := func(p rem.PersonID, method string) mailbox.Visitor {
			return mailbox.Visitor{Actor: rem.Actor{Account: "acc-1", Holder: "per-1", Person: p, Method: method}, Authentication: message.Authentication{Time: clock.Now(), Method: method}, Case: "session"}
		}
		preparer, signer := visitor("per-1", "urn:one"), visitor("per-2", "urn:two")
		n, err := b.Save(ctx, preparer, mailbox.Draft{ID: "d-1", To: []string{"b@hs01.kep.tr"}, Subject: "s"})
		must(t, err)
		if _, err := b.HandOver(ctx, preparer, "d-1", n, "per-1"); (err == nil) == eyes {
			t.Fatalf("four eyes %v: handing it to oneself: %v", eyes, err)
		}
		d, err := b.Draft(ctx, preparer, "d-1")
		must(t, err)
		_, err = b.HandOver(ctx, preparer, "d-1", d.Version, "per-2")
		must(t, err)
		clock.Advance(time.Hour)
		s := &mailbox.Sender{Box: b, Alarm: func(err error) { t.Error(err) }}
		original := message.InMemory([]byte("From: <ayse@hs01.kep.tr>\r\nTo: <b@hs01.kep.tr>\r\n\r\nx\r\n"))
		_, err = s.Send(ctx, submission.Login{Actor: signer.Actor, Authentication: signer.Authentication}, mailbox.Signed{Draft: "d-1", Original: original})
		must(t, err)
		want := signer
		if eyes {
			want = preparer
		}
		if h.by.Actor.Person != want.Actor.Person || h.by.Authentication != want.Authentication || h.by.Actor.Method != want.Actor.Method {
			t.Errorf("four eyes %v: handed in by %+v", eyes, h.by)
		}
	}
}
