package testkit

import (
	"cmp"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// TakingTurns runs two operations one after the other, round after round, each
// by so many workers at once, and gives the processor time of one run of each
// in nanoseconds, the collector's share with it. The other is the yardstick: the
// half of the rounds counts in which it was quickest, as neighbours disturb what
// uses memory more than bare arithmetic. The ratio of the two is what
// docs/performance.md sets goals for.
func TakingTurns(b *testing.B, workers int, side, other func() error) (ofSide, ofOther float64) {
	b.Helper()
	const runs = 100
	type round struct{ side, other float64 }
	var rounds []round
	for b.Loop() {
		rounds = append(rounds, round{turn(b, workers, runs, side), turn(b, workers, runs, other)})
	}
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.other, b.other) })
	rounds = rounds[:(len(rounds)+1)/2]
	for _, r := range rounds {
		ofSide += r.side
		ofOther += r.other
	}
	n := float64(len(rounds) * runs * workers)
	return ofSide / n, ofOther / n
}

func turn(b *testing.B, workers, runs int, operation func() error) float64 {
	b.Helper()
	start := processorTime(b)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range runs {
				if err := operation(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return processorTime(b) - start
}

func processorTime(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}
