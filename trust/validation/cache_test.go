package validation

import (
	"sync"
	"testing"
)

func TestACacheStaysWithinItsBound(t *testing.T) {
	c := newCache[int, int](100)
	for i := range 10_000 {
		c.put(i, i)
		if n := c.size(); n > 100 {
			t.Fatalf("%d entries after %d, want at most 100", n, i+1)
		}
		if v, ok := c.get(i); !ok || v != i {
			t.Fatalf("entry %d is lost at once", i)
		}
	}
	if _, ok := c.get(9_960); !ok {
		t.Error("one of the newest half is forgotten")
	}
	if _, ok := c.get(1); ok {
		t.Error("the oldest is remembered")
	}
}

func TestACacheIsShared(t *testing.T) {
	c := newCache[int, int](64)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				c.put(i, i)
				if v, ok := c.get(i + g); ok && v != i+g {
					t.Errorf("entry %d holds %d", i+g, v)
				}
			}
		})
	}
	wg.Wait()
}
