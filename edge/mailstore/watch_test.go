package mailstore

import (
	"fmt"
	"sync"
	"testing"

	"rem"
)

// Whoever stops watching leaves nothing behind, in whatever order, and twice.
func TestWatchersLeaveNothingBehind(t *testing.T) {
	s := &Store{watch: map[rem.AccountID][]chan struct{}{}}
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			for i := range 50 {
				a := rem.AccountID(fmt.Sprint(n % 5))
				changed, stop := s.Watch(a)
				_, stopSecond := s.Watch(a)
				s.tell(a)
				<-changed
				if i%2 == 0 {
					stop, stopSecond = stopSecond, stop
				}
				stop()
				stop()
				s.tell(a)
				stopSecond()
			}
		})
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watch) != 0 {
		t.Errorf("%d accounts are watched by nobody", len(s.watch))
	}
}
