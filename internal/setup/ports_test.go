package setup

import (
	"sync"
	"testing"
)

// Worlds that are set up side by side do not share a port before it is opened.
func TestNoPortIsGivenTwice(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{} // guarded by mu
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			ports, err := freePorts(12)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, p := range ports {
				if seen[p] {
					t.Errorf("%s is given twice", p)
				}
				seen[p] = true
			}
		})
	}
	all.Wait()
}
