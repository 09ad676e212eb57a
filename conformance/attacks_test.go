package conformance_test

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
	"rem/internal/testkit/world"
	"rem/message"
	"rem/person/account"
	"rem/provider"
)

// evidences reads what every provider has filed, by its identifier and where.
func evidences(t testing.TB, w *world.World) map[string]rem.Digest {
	t.Helper()
	all := map[string]rem.Digest{}
	for domain, p := range w.Providers {
		ids, _, err := p.Store.Messages(t.Context(), 0, 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			filed, err := p.Store.EvidenceOf(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range filed {
				all[domain+" "+string(f.ID)] = rem.DigestOf(f.XML)
			}
		}
	}
	return all
}

// AT-12: what comes with the null sender is answered by nothing, whatever is in
// it and however often it comes.
func TestEvidenceNeverCausesEvidence(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	send(t, w, k, "Döngü", bora, cem)
	w.Rest()
	before, packets := evidences(t, w), w.Net.Count()
	answers := 0
	for _, p := range slices.Clone(w.Net.Sent) {
		if !p.Answer {
			continue
		}
		answers++
		for range 50 {
			if err := w.Net.Arrive(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Rest()
	if answers == 0 {
		t.Fatal("there was no answer to repeat")
	}
	if got := w.Net.Count(); got != packets {
		t.Errorf("%d packets were sent because of evidence", got-packets)
	}
	if got := evidences(t, w); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("there are %d evidences, were %d", len(got), len(before))
	}
	w.MustHold()
}

// AT-12: a program at each provider of a ring sends on whatever comes, as its
// user's own message. It ends at the bound of trace fields (RFC 5321 6.3), with
// one message a hop.
func TestRingOfForwardersEnds(t *testing.T) {
	k := world.NewKit(t)
	for size := 2; size <= 5; size++ {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			const hops = 12
			w := k.New(t, world.Options{Codes: world.Codes[:size], Practice: func(p *provider.Practice) {
				p.Signing, p.MaxHops = provider.SigningAccepted, hops
			}})
			address := func(i int) string { return world.Address("ayse", world.Codes[i%size]) }
			var trace strings.Builder
			for i := 0; ; i++ {
				if i > hops+1 {
					t.Fatalf("%d hops and no end", i)
				}
				original := world.Letter{From: address(i), To: []string{address(i + 1)}, Subject: "Halka", Fields: trace.String(), Body: "x\r\n"}.Unsigned()
				r := w.Submit("ayse", world.Codes[i%size], original, address(i+1))
				if r.Refusal != nil {
					if i != hops+1 {
						t.Errorf("it ends after %d hops, want %d", i, hops+1)
					}
					break
				}
				w.Run(time.Minute)
				if _, err := w.Open("ayse", world.Codes[(i+1)%size], r.Message, 1); err != nil {
					t.Fatal(err)
				}
				trace.WriteString("Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0300\r\n")
			}
			w.Rest()
			// A dispatch and its answers: taken over and delivered, opened.
			if got, most := w.Net.Count(), (hops+1)*4; got > most {
				t.Errorf("%d packets for %d hops", got, hops+1)
			}
			w.MustHold()
		})
	}
}

// AT-13: replays are one delivery and one set of evidence: in any order, across
// restarts with and without the index, from and to other providers.
func TestReplaysChangeNothing(t *testing.T) {
	k := world.NewKit(t)
	random := testkit.Rand(t, 13)
	w := k.New(t, world.Options{Codes: world.Codes[:3]})
	third := world.Domain("hs92")
	r := send(t, w, k, "Tekrar", bora, cem, world.Address("yok", "hs91"))
	w.Run(time.Minute)
	open(t, w, "bora", "hs91", r.Message, 1)
	w.Rest()
	before := evidences(t, w)
	packets := slices.Clone(w.Net.Sent)
	for i := range 1000 {
		p := packets[random.IntN(len(packets))]
		switch i % 5 {
		case 3: // another provider sends it: its own evidence is not in it
			p.From = third
			if err := w.Net.Arrive(p); err == nil {
				t.Fatal("a packet of another provider was taken")
			}
		case 4: // to another provider, that it was not meant for
			p.To = third
			if _, refused := errors.AsType[*rem.Refusal](w.Net.Arrive(p)); !refused {
				t.Fatal("a packet for another provider was taken")
			}
		default:
			if err := w.Net.Arrive(p); err != nil {
				t.Fatal(err)
			}
		}
		if i%100 == 99 {
			w.Run(time.Minute)
			after := world.After(random.IntN(int(world.LastAfter)))
			for _, provider := range w.Providers {
				if err := provider.Restart(after); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w.Rest()
	if got := evidences(t, w); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("there are %d evidences, were %d", len(got), len(before))
	}
	w.MustHold()
}

// AT-14, CAA2020: whoever stands where, each evidence names its own recipient.
// The reader compares each with its record.
func TestPermutedRecipientsGetTheirOwnEvidence(t *testing.T) {
	k := world.NewKit(t)
	random := testkit.Rand(t, 14)
	w := k.New(t, world.Options{Codes: world.Codes[:4]})
	var all []string
	for _, user := range world.Users {
		all = append(all, world.Address(user, "hs91"), world.Address(user, "hs92"), world.Address(user, "hs90"))
	}
	all = append(all, world.Address("yok", "hs91"), world.Address("yok", "hs93"))
	for i := range 6 {
		to := slices.Clone(all)
		random.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
		to = to[:2+random.IntN(len(to)-2)]
		r := send(t, w, k, fmt.Sprint("Karışık ", i), to...)
		w.Run(time.Minute)
		n := 1 + random.IntN(len(to))
		a := rem.MustAddress(to[n-1])
		if a.Local() != "yok" {
			if _, err := w.Open(a.Local(), a.HSCode(), r.Message, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Rest()
	w.MustHold()
}

// A reassigned ledger of accounts gives an account another address.
type reassigned struct {
	world.Accounts
	id rem.AccountID
	to rem.Address
	on *bool
}

func (r reassigned) Account(ctx context.Context, id rem.AccountID) (account.Account, error) {
	a, err := r.Accounts.Account(ctx, id)
	if *r.on && id == r.id {
		a.Address = r.to
	}
	return a, err
}

// AT-14: an address that was closed is nobody's again, and an account that is
// another's by the time of delivery gets nothing.
func TestAddressIsNeverAnothers(t *testing.T) {
	k := world.NewKit(t)
	t.Run("a closed address is not given again", func(t *testing.T) {
		w := k.New(t, world.Options{})
		p := w.Providers[world.Domain("hs91")]
		send(t, w, k, "Kapanan", bora)
		closed(t, w, "bora", "hs91")
		other := world.Account("bora", world.Domain("hs91"))
		other.ID, other.Holder.Person = "hesap-yeni", "kisi-yeni"
		if err := p.Store.Create(t.Context(), other); !errors.Is(err, account.ErrTaken) {
			t.Errorf("giving the address again: %v, want %v", err, account.ErrTaken)
		}
		w.Rest()
		w.MustHold()
		if got := fmt.Sprint(states(t, w)); got != "[not-delivered]" {
			t.Errorf("the recipient is %s", got)
		}
	})
	t.Run("an account that changed its address between sending and delivery", func(t *testing.T) {
		w := k.New(t, world.Options{})
		p := w.Providers[world.Domain("hs91")]
		on := false
		p.Deliverer.Accounts = reassigned{p.Store, "hesap-bora", rem.MustAddress(cem), &on}
		send(t, w, k, "Devredilen", bora)
		on = true
		w.Rest()
		w.MustHold()
		if got := fmt.Sprint(states(t, w)); got != "[not-delivered]" {
			t.Errorf("the recipient is %s", got)
		}
	})
}

// AT-25, USNO2012: beyond the bound no evidence is signed and the mail waits;
// when the clock is right again it goes on. What is signed has the time of the
// authority.
func TestClockThatStepsSignsNothing(t *testing.T) {
	k := world.NewKit(t)
	for _, c := range []struct {
		name  string
		step  time.Duration
		signs bool
	}{
		{"a second ahead", time.Second, true},
		{"a second behind", -time.Second, true},
		{"half a minute ahead", 30 * time.Second, true},
		{"half a minute behind", -30 * time.Second, true},
		{"two minutes ahead", 2 * time.Minute, false},
		{"two minutes behind", -2 * time.Minute, false},
		{"an hour ahead", time.Hour, false},
		{"an hour behind", -time.Hour, false},
		{"a day ahead", 24 * time.Hour, false},
		{"a day behind", -24 * time.Hour, false},
		{"a year ahead", 365 * 24 * time.Hour, false},
		{"twelve years behind", -378691200 * time.Second, false}, // USNO2012
		{"twenty years ahead", 20 * 365 * 24 * time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			right := testkit.NewClock(time.Time{})
			w := k.New(t, world.Options{TSA: right})
			original := letter(t, k, "Saat", bora)
			w.Clock.Advance(c.step)
			r, err := w.SubmitOnce("ayse", "hs90", original, bora)
			if (err == nil) != c.signs {
				t.Fatalf("submitting: %v %v", r, err)
			}
			w.Clock.Advance(-c.step)
			for range 3 {
				right.Advance(time.Minute)
				w.Clock.Advance(time.Minute)
			}
			w.Submit("ayse", "hs90", original, bora)
			// And again in the middle of the journey: what waits is put off by the
			// wrong clock, and looked at again by the right one.
			for i := range 2000 {
				if i < 4 || i%50 == 0 {
					w.Clock.Advance(c.step)
					w.Step()
					w.Clock.Advance(-c.step)
					w.Step()
				}
				right.Advance(5 * time.Minute)
				w.Clock.Advance(5 * time.Minute)
				w.Step()
			}
			w.MustHold()
			// No period was over but by the wrong clock.
			if got := fmt.Sprint(states(t, w)); got != "[not-retrieved]" {
				t.Errorf("the recipient is %s\n%s", got, w.Story())
			}
			// Evidence is filed in the order of its proven time.
			for domain, p := range w.Providers {
				filed, err := p.Store.EvidenceOf(t.Context(), w.Promises[0].Receipt.Message)
				if err != nil && !errors.Is(err, message.ErrNotFound) {
					t.Fatal(err)
				}
				last := time.Time{}
				for _, f := range filed {
					if f.Issuer == domain && f.Time.Before(last) {
						t.Errorf("%s filed %s of %s after one of %s", domain, f.ID, f.Time, last)
					}
					if f.Issuer == domain {
						last = f.Time
					}
				}
			}
		})
	}
}

// AT-25: a clock that is wrong at any moment of the journey ends nothing.
func TestClockThatStepsEndsNothing(t *testing.T) {
	k := world.NewKit(t)
	const day = 24 * time.Hour
	for _, step := range []time.Duration{-4000 * day, -day, -2 * time.Hour, 2 * time.Hour, day, 365 * day, 7300 * day} {
		wrong := func(w *world.World) {
			w.Clock.Advance(step)
			w.Step()
			w.Clock.Advance(-step)
		}
		t.Run(fmt.Sprint("while it is delivered, ", step), func(t *testing.T) {
			right := testkit.NewClock(time.Time{})
			w := k.New(t, world.Options{TSA: right})
			send(t, w, k, "Yerinde", world.Address("cem", "hs90"))
			wrong(w)
			w.Now()
			w.MustHold()
			if got := fmt.Sprint(states(t, w)); got != "[delivered]" {
				t.Errorf("the recipient is %s\n%s", got, w.Story())
			}
		})
		t.Run(fmt.Sprint("while its evidence goes back, ", step), func(t *testing.T) {
			right := testkit.NewClock(time.Time{})
			w := k.New(t, world.Options{TSA: right})
			w.Net.Fate = func(p world.Packet, _ int) world.Fate {
				if p.Answer {
					return world.Lose
				}
				return world.Pass
			}
			send(t, w, k, "Dönüş", bora)
			w.Now()
			for range 3 {
				wrong(w)
			}
			w.Net.Fate = nil
			for range 6 { // fewer than the pauses that it has failed would make
				right.Advance(10 * time.Minute)
				w.Clock.Advance(10 * time.Minute)
				w.Now()
			}
			w.MustHold()
			if got := fmt.Sprint(states(t, w)); got != "[delivered]" {
				t.Errorf("the recipient is %s\n%s", got, w.Story())
			}
		})
	}
}
