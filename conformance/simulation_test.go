package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
)

// Anything may happen, in any order: the network loses, repeats, delays and
// reorders; effects fail and processes are killed; users submit, repeat and
// open; old packets come again. When the trouble is over everything comes to
// rest, and the reader finds nothing wrong. A seed repeats its run, but for the
// moments at which the ledger's own goroutines write.
func TestAnythingMayHappen(t *testing.T) {
	seeds := uint64(10)
	if testkit.Long() {
		seeds = 600
	}
	k := world.NewKit(t)
	recoveries, packets := 0, 0
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := simulate(t, k, rand.New(rand.NewPCG(seed, 2026)), seed)
			recoveries, packets = recoveries+w.Recoveries, packets+w.Net.Count()
		})
	}
	t.Logf("%d runs, %d packets, %d recoveries", seeds, packets, recoveries)
}

// fates are drawn from; what is more frequent is there more often.
var fates = []world.Fate{
	world.Pass, world.Pass, world.Pass, world.Pass, world.Pass, world.Pass, world.Lose, world.LoseAnswer,
	world.Hang, world.Twice, world.Late, world.TurnAway, world.Late,
}

func simulate(t *testing.T, k *world.Kit, random *rand.Rand, seed uint64) *world.World {
	t.Helper()
	codes := world.Codes[:3]
	w := k.New(t, world.Options{Seed: seed, Codes: codes})
	w.Net.Fate = func(world.Packet, int) world.Fate { return fates[random.IntN(len(fates))] }
	var plans []world.Plan
	for range 8 {
		plans = append(plans, world.Plan{
			At: 1 + random.IntN(120), Way: broken.Ways[random.IntN(len(broken.Ways))], After: world.After(random.IntN(int(world.LastAfter) + 1)),
		})
	}
	w.Faults.Begin(plans...)
	type letter struct {
		user, code string
		bytes      []byte
		to         []string
		id         rem.MessageID
	}
	var sent []letter
	users := world.Users[:5] // those who can sign
	for range 60 {
		switch act := random.IntN(12); {
		case act < 2 && len(sent) < 6:
			l := letter{user: users[random.IntN(len(users))], code: codes[random.IntN(len(codes))]}
			for range 1 + random.IntN(4) {
				to := world.Address(world.Users[random.IntN(len(world.Users))], codes[random.IntN(len(codes))])
				if random.IntN(10) == 0 {
					to = world.Address("yok", codes[random.IntN(len(codes))])
				}
				if !slices.Contains(l.to, to) {
					l.to = append(l.to, to)
				}
			}
			l.bytes = k.Sign(t, world.Letter{From: world.Address(l.user, l.code), To: l.to, Subject: fmt.Sprint("Rastgele ", len(sent)), Body: "x\r\n"}, slices.Index(users, l.user))
			l.id = w.Submit(l.user, l.code, l.bytes, l.to...).Message
			sent = append(sent, l)
		case act == 2 && len(sent) > 0: // the same again, as long as it is known
			l := sent[random.IntN(len(sent))]
			if w.Clock.Now().Sub(testkit.Epoch) < 24*time.Hour {
				w.Submit(l.user, l.code, l.bytes, l.to...)
			}
		case act == 3 && len(sent) > 0: // somebody opens what he may have
			l := sent[random.IntN(len(sent))]
			n := random.IntN(len(l.to))
			a := rem.MustAddress(l.to[n])
			_, _ = w.Open(a.Local(), a.HSCode(), l.id, n+1) // or it is not there yet
		case act == 4 && len(w.Net.Sent) > 0:
			_ = w.Net.Arrive(w.Net.Sent[random.IntN(len(w.Net.Sent))]) // taken or not, it changes nothing
			w.Step()
		case act == 5:
			w.Net.Release(func(late []world.Packet) {
				random.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
			})
		case act == 6:
			w.Providers[world.Domain(codes[random.IntN(len(codes))])].Again(world.After(random.IntN(int(world.LastAfter))))
		case act < 9:
			w.Step()
		default:
			w.Run(time.Duration(random.IntN(40)) * time.Minute)
		}
	}
	w.Faults.End()
	w.Net.Fate = nil
	w.Run(time.Minute)
	for w.Net.Release(nil) > 0 {
		w.Run(time.Minute)
	}
	for _, p := range w.Providers {
		if err := p.Restart(world.Crash); err != nil {
			t.Fatal(err)
		}
	}
	w.Rest()
	w.MustHold()
	return w
}
