package conformance_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
)

// A failure is one run: a scenario, with the effects that fail in it.
type failure struct {
	scenario scenario
	seed     uint64
	plans    []world.Plan
}

// sample is how many failures an ordinary run tries; REM_LONG=1 tries all.
const sample = 150

// Every effect of every journey fails: not done, done and reported failed, torn,
// with the process killed before it and after it. Then the process begins again
// on what is left, after a crash, a power cut, with an old index and without
// one, or it goes on and tries again. In the end a reader finds what was
// promised, once, and no two evidences that disagree (AT-36, AT-37;
// FailedButSaved).
func TestJourneysSurviveTheFailureOfEveryEffect(t *testing.T) {
	k := world.NewKit(t)
	random := testkit.Rand(t, 20261123)
	var all []failure
	for _, s := range scenarios {
		n := effects(t, k, s)
		for at := 1; at <= n; at++ {
			for _, way := range broken.Ways {
				// What follows takes turns, so that each meets every effect with
				// some way.
				after := world.After((at + int(way)) % int(world.LastAfter+1))
				all = append(all, failure{s, uint64(at), []world.Plan{{At: at, Way: way, After: after}}})
			}
			if at%3 == 0 { // and again while it begins again
				second := world.Plan{At: 1 + random.IntN(20), Way: broken.Ways[random.IntN(len(broken.Ways))]}
				first := world.Plan{At: at, Way: broken.Kill, After: world.After(random.IntN(int(world.LastAfter)))}
				all = append(all, failure{s, uint64(at), []world.Plan{first, second}})
			}
		}
	}
	total := len(all)
	if !testkit.Long() {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:sample]
	}
	begin := time.Now()
	recoveries := survive(t, k, all)
	t.Logf("%d failures of %d, %d recoveries, %s", len(all), total, recoveries, time.Since(begin).Round(time.Millisecond))
	if testkit.Long() && recoveries < 5000 {
		t.Errorf("only %d recoveries", recoveries)
	}
}

// effects counts the effects of a scenario in which none fails.
func effects(t *testing.T, k *world.Kit, s scenario) int {
	t.Helper()
	w := k.New(t, s.options)
	w.Faults.Begin()
	s.play(t, w, k)
	w.Rest()
	n, _ := w.Faults.End()
	return n
}

// survive runs failures on all processors, each as a test of its own, and
// returns how many processes were begun again.
func survive(t *testing.T, k *world.Kit, all []failure) int64 {
	t.Helper()
	var recoveries, failed atomic.Int64
	work := make(chan failure)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for f := range work {
				if failed.Load() >= 20 {
					continue
				}
				name := fmt.Sprintf("%s/%v", f.scenario.name, f.plans)
				if !t.Run(name, func(t *testing.T) { recoveries.Add(int64(f.run(t, k))) }) {
					failed.Add(1)
				}
			}
		})
	}
	for _, f := range all {
		work <- f
	}
	close(work)
	workers.Wait()
	return recoveries.Load()
}

func (f failure) run(t *testing.T, k *world.Kit) int {
	o := f.scenario.options
	o.Seed = f.seed
	w := k.New(t, o)
	w.Faults.Begin(f.plans...)
	f.scenario.play(t, w, k)
	w.Rest()
	w.Faults.End()
	// What a fault left to the next start, that start finishes.
	for code := range w.Providers {
		if err := w.Providers[code].Restart(world.Crash); err != nil {
			t.Fatal(err)
		}
	}
	w.Rest()
	w.MustHold()
	return w.Recoveries
}
