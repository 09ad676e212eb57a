package node

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestOperatorDecidesHowOftenTheHeapIsCollected(t *testing.T) {
	t.Cleanup(func() { debug.SetGCPercent(100) })
	for _, c := range []struct {
		name, env string
		want      int
	}{
		{"nothing is set", "", 400},
		{"GOGC is set", "70", 70}, // as the runtime has read it
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOGC", c.env)
			if c.env == "" {
				os.Unsetenv("GOGC")
			}
			debug.SetGCPercent(70)
			CollectSeldom()
			if got := debug.SetGCPercent(100); got != c.want {
				t.Errorf("the heap grows by %d %%, want %d", got, c.want)
			}
		})
	}
}
