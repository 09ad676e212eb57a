package testkit

import (
	"sync"
	"syscall"
	"testing"
)

// TakingTurns runs the operations one after the other, round after round, each
// by so many workers at once, and gives the processor time of one run of each
// in nanoseconds, the collector's share with it. Processor time is what
// neighbours on the machine disturb least, and they disturb all operations
// alike: the ratio of two of them is what docs/performance.md sets goals for.
func TakingTurns(b *testing.B, workers int, operations ...func() error) []float64 {
	b.Helper()
	const runs = 100
	spent, n := make([]float64, len(operations)), 0
	for b.Loop() {
		n += runs * workers
		for i, operation := range operations {
			var group sync.WaitGroup
			start := processorTime(b)
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
			spent[i] += processorTime(b) - start
		}
	}
	for i := range spent {
		spent[i] /= float64(n)
	}
	return spent
}

func processorTime(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}
