package broken

import (
	"fmt"
	"testing"
)

// Each runs a scenario once for every change that it makes and every way in
// which the change can fail, each in a fresh folder. The scenario ends early
// when it meets an error; after it, check gets the folder as the failure left
// it and decides what must have survived. It returns how many runs there were.
func Each(t *testing.T, scenario func(t *testing.T, f *FS), check func(t *testing.T, f *FS, p Plan)) int {
	t.Helper()
	whole := NewFS()
	whole.Break(Plan{})
	scenario(t, whole)
	changes := whole.Changes()
	if changes == 0 {
		t.Fatal("the scenario changes nothing")
	}
	runs := 0
	for at := 1; at <= changes; at++ {
		for _, way := range Ways {
			p := Plan{At: at, Way: way}
			f := NewFS()
			f.Break(p)
			scenario(t, f)
			check(t, f, p)
			runs++
			if t.Failed() {
				t.Log(fmt.Sprintf("change %d of %d, %s:", at, changes, way), f.Trace())
				return runs
			}
		}
	}
	return runs
}
