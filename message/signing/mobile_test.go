package signing_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/edge/simulator"
	"rem/edge/telephone"
	"rem/internal/testkit"
	"rem/internal/testkit/signtest"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person"
)

const line = "+905550000001"

var errAway = errors.New("nobody answers")

// An exchange stands before telephones and loses what it is told to lose: a question
// before it arrives, or the answer after it was acted on.
type exchange struct {
	*telephone.Telephones
	before, after bool // of the next question
	wrong         bool // the next value is of something else
	rang          map[signing.MobileHandle]int
	during        func() // while the next answer is on its way
}

func (x *exchange) lose() (before, after error) {
	if x.before {
		before = errAway
	}
	if x.after {
		after = errAway
	}
	x.before, x.after = false, false
	return before, after
}

func (x *exchange) Ask(ctx context.Context, r signing.MobileRequest) error {
	before, after := x.lose()
	if before != nil {
		return before
	}
	x.rang[r.Handle]++
	return errors.Join(x.Telephones.Ask(ctx, r), after)
}

func (x *exchange) Answer(ctx context.Context, h signing.MobileHandle) (signing.MobileAnswer, error) {
	before, after := x.lose()
	if before != nil {
		return signing.MobileAnswer{}, before
	}
	a, err := x.Telephones.Answer(ctx, h)
	if x.wrong && a.Word == signing.WordSigned {
		x.wrong, a.Value = false, bytes.Repeat([]byte{1}, 64)
	}
	if x.during != nil {
		x.during()
		x.during = nil
	}
	return a, errors.Join(err, after)
}

func (x *exchange) Withdraw(ctx context.Context, h signing.MobileHandle) error {
	before, after := x.lose()
	if before != nil {
		return before
	}
	return errors.Join(x.Telephones.Withdraw(ctx, h), after)
}

// A counter is what takes signed messages: it may fail before or after it took one.
type counter struct {
	before, after bool
	closed        bool // nothing may come now
	taken         map[string][]rem.Digest
	early         bool // something came that should not
}

func (c *counter) Submit(_ context.Context, _ submission.Login, d signing.Draft, _ smtp.Transaction, original message.Content) (submission.Receipt, error) {
	c.early = c.early || c.closed
	if c.before {
		c.before = false
		return submission.Receipt{}, errAway
	}
	c.taken[d.ID] = append(c.taken[d.ID], original.Digest())
	if c.after {
		c.after = false
		return submission.Receipt{}, errAway
	}
	return submission.Receipt{Message: rem.MessageID("m-" + d.ID), Evidence: "e"}, nil
}

// A tracked original tells whether it was given back, and is not read after.
type tracked struct {
	mime.Memory
	closed bool
	t      failer
}

type failer interface{ Errorf(string, ...any) }

func (x *tracked) ReadAt(p []byte, off int64) (int, error) {
	if x.closed {
		x.t.Errorf("a draft is read after it was given back")
	}
	return x.Memory.ReadAt(p, off)
}

func (x *tracked) Close() error {
	if x.closed {
		x.t.Errorf("a draft is given back twice")
	}
	x.closed = true
	return nil
}

// believing names the holder for whatever is signed. The value itself is verified when it
// is completed; revocation grows old faster than an exploration's clock runs.
type believing struct{ identity string }

func (b believing) Signatory(context.Context, mime.Source, time.Time) (submission.Signatory, error) {
	return submission.Signatory{Identity: b.identity}, nil
}

// desk is a service of its own beside a desk's, for one turn of an exploration.
func desk(t testing.TB, d *signtest.Desk, clock rem.Clock, x signing.Mobile, door signing.Door) *signing.Service {
	return &signing.Service{
		Clock: clock, Random: d.World, Accounts: d.Accounts, Tokens: d.Tokens, Signatures: believing{d.Kit.Identity(t, 0, simulator.P256).Chain[0].Subject.SerialNumber}, Door: door, Known: d.Known,
		Policy: signing.Policy{Batch: 20}, Mobile: x,
	}
}

func drafts(t failer, n int) (list []signing.Draft, all []*tracked) {
	for _, d := range signtest.Drafts(n) {
		x := &tracked{Memory: d.Original.(mime.Memory), t: t}
		d.Original = x
		list, all = append(list, d), append(all, x)
	}
	return list, all
}

// REQ-47, REQ-55: whatever is lost, answered late, wrongly or twice, taken back or
// forgotten by a restart, in any order: a telephone rings once for a request, nothing is
// submitted before all is signed, nothing after it was taken back, each message as one
// sequence of octets, and it comes to an end; every draft is given back.
func TestATelephoneComesToOneEnd(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	key := d.Kit.Identity(t, 0, simulator.P256)
	number, err := person.ParseMobile(line)
	if err != nil {
		t.Fatal(err)
	}
	reached := map[signing.MobileStage]int{}
	rapid.Check(t, func(rt *rapid.T) {
		clock := testkit.NewClock(d.World.Clock.Now())
		x := &exchange{Telephones: telephone.New(clock), rang: map[signing.MobileHandle]int{}}
		if err := x.Line(line, key); err != nil {
			rt.Fatal(err)
		}
		door := &counter{taken: map[string][]rem.Digest{}}
		s := desk(t, d, clock, x, door)
		n := rapid.IntRange(1, 3).Draw(rt, "messages")
		list, all := drafts(rt, n)
		v, err := s.Begin(t.Context(), d.Login, list)
		if err != nil {
			rt.Fatal(err)
		}
		a := signing.Access{ID: v.ID, Actor: d.Login.Actor}
		over, pressed := false, 0
		// turn looks once, and checks what holds always.
		turn := func() {
			clock.Advance(6 * time.Second)
			signed := 0
			if v, err := s.View(a); err == nil && v.Mobile != nil {
				signed = v.Mobile.Signed
			}
			before := len(door.taken)
			s.LookMobile(t.Context())
			if v, err := s.View(a); err == nil {
				if v.Mobile != nil {
					reached[v.Mobile.Stage]++
				}
				if len(door.taken) > before && v.Mobile.Signed < n {
					rt.Errorf("%d of %d are signed (before %d), and %d were submitted", v.Mobile.Signed, n, signed, len(door.taken))
				}
			}
		}
		end := func() {
			over, door.closed = true, len(door.taken) < n
		}
		if _, err := s.AskMobile(t.Context(), a, number); err != nil {
			rt.Fatal(err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"ask": func(rt *rapid.T) {
				switch _, err := s.AskMobile(t.Context(), a, number); {
				case over && errors.Is(err, signing.ErrNotFound):
				case err == nil:
					door.closed = over
				default:
					if _, refused := errors.AsType[*rem.Refusal](err); !refused || over {
						rt.Errorf("asking: %v", err)
					}
				}
			},
			"look":  func(*rapid.T) { turn() },
			"press": func(*rapid.T) { k, _ := x.PressAll(line, true); pressed += k },
			"press and look": func(*rapid.T) { // what usually happens
				k, _ := x.PressAll(line, true)
				pressed += k
				turn()
				turn()
			},
			"decline":     func(*rapid.T) { x.PressAll(line, false) },
			"lose":        func(*rapid.T) { x.before = true },
			"lose answer": func(*rapid.T) { x.after = true },
			"wrong value": func(*rapid.T) { x.wrong = true },
			"forget":      func(*rapid.T) { x.Forget() },
			"fault":       func(*rapid.T) { door.before = true },
			"lost fault":  func(*rapid.T) { door.after = true },
			"withdraw": func(rt *rapid.T) {
				v, err := s.WithdrawMobile(a)
				if err != nil && !over {
					rt.Errorf("taking back: %v", err)
				}
				if err == nil && v.Mobile != nil && v.Mobile.Stage == signing.MobileWithdrawn {
					door.closed = true
				}
			},
			"withdraw while it answers": func(*rapid.T) {
				x.during = func() {
					if v, err := s.WithdrawMobile(a); err == nil && v.Mobile.Stage == signing.MobileWithdrawn {
						door.closed = true
					}
				}
			},
			"cancel": func(rt *rapid.T) {
				if rapid.IntRange(0, 3).Draw(rt, "rarely") > 0 {
					rt.Skip()
				}
				if err := s.Cancel(a); err == nil {
					end()
				} else if !over {
					rt.Errorf("cancelling: %v", err)
				}
			},
			"restart": func(rt *rapid.T) {
				if rapid.IntRange(0, 3).Draw(rt, "rarely") > 0 {
					rt.Skip()
				}
				s.Close()
				s = desk(t, d, clock, x, door)
				end()
			},
			"": func(rt *rapid.T) {
				if door.early {
					rt.Error("something was submitted after it was taken back")
				}
				for id, list := range door.taken {
					if slices.ContainsFunc(list, func(o rem.Digest) bool { return o != list[0] }) {
						rt.Errorf("%s was submitted as two messages", id)
					}
				}
				if len(door.taken) > 0 && pressed < n {
					rt.Errorf("%d were submitted, and %d of %d confirmed", len(door.taken), pressed, n)
				}
			},
		})
		// Left alone it ends by itself: the telephone's term, then the request's.
		x.before, x.after, door.before, door.after = false, false, false, false
		for range 40 {
			turn()
		}
		if v, err := s.View(a); err == nil && v.Mobile != nil && v.Mobile.Stage.Active() {
			rt.Errorf("after four minutes it still stands at %+v", v.Mobile)
		}
		clock.Advance(16 * time.Minute)
		s.LookMobile(t.Context())
		for i, x := range all {
			if !x.closed {
				rt.Errorf("draft %d was not given back", i+1)
			}
		}
		if shown := x.Shows(); len(shown) != 0 {
			rt.Errorf("telephones still show %+v", shown)
		}
	})
	if reached[signing.MobileWaiting] == 0 || reached[signing.MobileWithdrawn] == 0 {
		t.Errorf("the exploration stood at %v alone", reached)
	}
}

// Each way in which it can end is told apart, and what was taken back or came too late
// sends nothing.
func TestEachEndOfATelephoneIsSaid(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	key := d.Kit.Identity(t, 0, simulator.P256)
	number, err := person.ParseMobile(line)
	if err != nil {
		t.Fatal(err)
	}
	clock := testkit.NewClock(d.World.Clock.Now())
	late := func() { clock.Advance(3 * time.Minute) }
	for name, c := range map[string]struct {
		do   func(s *signing.Service, a signing.Access, x *exchange)
		want signing.MobileStage
		sent int
	}{
		"confirmed": {func(_ *signing.Service, _ signing.Access, x *exchange) { x.PressAll(line, true) }, signing.MobileSent, 1},
		"declined":  {func(_ *signing.Service, _ signing.Access, x *exchange) { x.PressAll(line, false) }, signing.MobileDeclined, 0},
		"nobody":    {func(*signing.Service, signing.Access, *exchange) { late() }, signing.MobileExpired, 0},
		"too late": {func(s *signing.Service, _ signing.Access, x *exchange) {
			late()
			s.LookMobile(t.Context())
			x.PressAll(line, true)
		}, signing.MobileExpired, 0},
		"forgotten": {func(_ *signing.Service, _ signing.Access, x *exchange) { x.Forget() }, signing.MobileLost, 0},
		"of something else": {func(_ *signing.Service, _ signing.Access, x *exchange) {
			x.PressAll(line, true)
			x.wrong = true
		}, signing.MobileRefused, 0},
		"taken back": {func(s *signing.Service, a signing.Access, x *exchange) {
			if _, err := s.WithdrawMobile(a); err != nil {
				t.Error(err)
			}
			x.PressAll(line, true)
		}, signing.MobileWithdrawn, 0},
		"taken back while it answers": {func(s *signing.Service, a signing.Access, x *exchange) {
			x.PressAll(line, true)
			x.during = func() {
				if _, err := s.WithdrawMobile(a); err != nil {
					t.Error(err)
				}
			}
		}, signing.MobileWithdrawn, 0},
		"asked anew while it answers": {func(s *signing.Service, a signing.Access, x *exchange) {
			x.PressAll(line, true)
			x.during = func() {
				if _, err := s.WithdrawMobile(a); err != nil {
					t.Error(err)
				}
				if _, err := s.AskMobile(t.Context(), a, number); err != nil {
					t.Error(err)
				}
			}
			clock.Advance(6 * time.Second)
			s.LookMobile(t.Context())
		}, signing.MobileWaiting, 0},
		"answered by a card": {func(s *signing.Service, a signing.Access, x *exchange) {
			choice, err := s.Choose(t.Context(), a, signtest.Chain(key))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Complete(t.Context(), a, signtest.Sign(t, key, choice)); err != nil {
				t.Fatal(err)
			}
			x.PressAll(line, true)
		}, signing.MobileWithdrawn, 1},
		"the answer is lost once": {func(s *signing.Service, _ signing.Access, x *exchange) {
			x.PressAll(line, true)
			x.after = true
		}, signing.MobileSent, 1},
		// Choosing a card's certificate does not disturb a telephone that rings.
		"a card was tried": {func(s *signing.Service, a signing.Access, x *exchange) {
			clock.Advance(time.Second)
			if _, err := s.Choose(t.Context(), a, signtest.Chain(d.Kit.Identity(t, 0, ""))); err != nil {
				t.Fatal(err)
			}
			x.PressAll(line, true)
		}, signing.MobileSent, 1},
	} {
		t.Run(name, func(t *testing.T) {
			x := &exchange{Telephones: telephone.New(clock), rang: map[signing.MobileHandle]int{}}
			if err := x.Line(line, key); err != nil {
				t.Fatal(err)
			}
			door := &counter{taken: map[string][]rem.Digest{}}
			s := desk(t, d, clock, x, door)
			defer s.Close()
			v, err := s.Begin(t.Context(), d.Login, signtest.Drafts(1))
			if err != nil {
				t.Fatal(err)
			}
			a := signing.Access{ID: v.ID, Actor: d.Login.Actor}
			if v, err = s.AskMobile(t.Context(), a, number); err != nil || v.Mobile.Stage != signing.MobileAsking || v.Mobile.Number != "***********01" {
				t.Fatalf("%+v, %v", v.Mobile, err)
			}
			look := func() {
				clock.Advance(6 * time.Second)
				s.LookMobile(t.Context())
			}
			look()
			if shown := x.Shows(); len(shown) != 1 || shown[0].Code != v.Mobile.Code {
				t.Fatalf("the telephone shows %+v, the page %+v", shown, v.Mobile)
			}
			c.do(s, a, x)
			look()
			look()
			look()
			if v, err = s.View(a); err != nil || v.Mobile == nil || v.Mobile.Stage != c.want || len(door.taken) != c.sent {
				t.Errorf("%+v, %v; %d were sent", v.Mobile, err, len(door.taken))
			}
			if rings := len(x.Shows()) != 0; rings != v.Mobile.Stage.Active() && v.Mobile.Stage != signing.MobileSent {
				t.Errorf("the telephone rings: %t", rings)
			}
		})
	}
}

// One telephone is asked about one request at a time, and not for ever.
func TestATelephoneIsNotBesieged(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	clock := d.World.Clock
	number, err := person.ParseMobile(line)
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{Telephones: telephone.New(clock), rang: map[signing.MobileHandle]int{}}
	if err := x.Line(line, d.Kit.Identity(t, 0, simulator.P256)); err != nil {
		t.Fatal(err)
	}
	s := desk(t, d, clock, x, &counter{taken: map[string][]rem.Digest{}})
	begin := func(n int) signing.Access {
		v, err := s.Begin(t.Context(), d.Login, signtest.Drafts(n))
		if err != nil {
			t.Fatal(err)
		}
		return signing.Access{ID: v.ID, Actor: d.Login.Actor}
	}
	_, err = s.AskMobile(t.Context(), begin(signing.MaxByTelephone+1), number)
	refusedFor(t, "too many messages", err, rem.PolicyViolation)
	first, second := begin(1), begin(1)
	for range 5 {
		if _, err := s.AskMobile(t.Context(), first, number); err != nil {
			t.Fatal(err)
		}
		_, err := s.AskMobile(t.Context(), second, number)
		refusedFor(t, "two at once", err, rem.PolicyViolation)
		s.LookMobile(t.Context())
		if _, err := s.WithdrawMobile(first); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.AskMobile(t.Context(), first, number)
	refusedFor(t, "too often", err, rem.PolicyViolation)
	if _, err := s.AskMobile(t.Context(), second, number); err != nil {
		t.Errorf("another request: %v", err)
	}
	other := second
	other.Actor.Person = "kisi-cem"
	if _, err := s.AskMobile(t.Context(), other, number); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("another's request: %v", err)
	}
}

// passing is a clock whose time passes in a bubble of synctest.
type passing struct{ from, began time.Time }

func (p passing) Now() time.Time { return p.from.Add(time.Since(p.began)) }

func (p passing) Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Watch does by itself what its turns do, whoever asks at once, and ends when it is told.
func TestWatchFollowsATelephone(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	key := d.Kit.Identity(t, 0, simulator.P256)
	number, err := person.ParseMobile(line)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		clock := passing{d.World.Clock.Now(), time.Now()}
		phones := telephone.New(clock)
		if err := phones.Line(line, key); err != nil {
			t.Fatal(err)
		}
		door := &counter{taken: map[string][]rem.Digest{}}
		s := desk(t, d, clock, phones, door)
		v, err := s.Begin(t.Context(), d.Login, signtest.Drafts(3))
		if err != nil {
			t.Fatal(err)
		}
		a := signing.Access{ID: v.ID, Actor: d.Login.Actor}
		ctx, stop := context.WithCancel(t.Context())
		var all, asking sync.WaitGroup
		all.Go(func() { s.Watch(ctx) })
		for range 8 {
			asking.Go(func() {
				if _, err := s.AskMobile(t.Context(), a, number); err != nil && !errors.Is(err, signing.ErrBusy) {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		for range 3 {
			time.Sleep(5 * time.Second) // of the bubble
			if n, err := phones.PressAll(line, true); n != 1 || err != nil {
				t.Errorf("%d requests on the telephone: %v", n, err)
			}
		}
		time.Sleep(5 * time.Second)
		if v, err = s.View(a); err != nil || !v.Done() || len(door.taken) != 3 {
			t.Errorf("%+v, %v", v.Mobile, err)
		}
		stop()
		all.Wait()
	})
}
