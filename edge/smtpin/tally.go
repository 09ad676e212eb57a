package smtpin

import "sync"

// A tally counts what is open at present by key.
type tally struct {
	mu   sync.Mutex
	open map[string]int // guarded by mu
}

func (t *tally) enter(key string, limit int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key] >= limit {
		return false
	}
	if t.open == nil {
		t.open = map[string]int{}
	}
	t.open[key]++
	return true
}

func (t *tally) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key]--; t.open[key] <= 0 {
		delete(t.open, key)
	}
}
