package validation

import "sync"

// A cache is a bounded memory safe for concurrent use. It has two generations:
// when the young one is full it becomes the old one, and what was in the old
// one is forgotten. So no entry needs to know when it was last used, and the
// bound holds whatever is asked.
type cache[K comparable, V any] struct {
	half int // entries of a generation

	mu         sync.RWMutex
	young, old map[K]V // guarded by mu
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{half: (limit + 1) / 2, young: make(map[K]V)}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.young[k]
	if !ok {
		v, ok = c.old[k]
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; !ok && len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[K]V)
	}
	c.young[k] = v
}

// size counts the entries held.
func (c *cache[K, V]) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
