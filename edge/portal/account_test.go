package portal

import "testing"

// Turkish has a comma before the fraction, and the sign before the number of percent.
func TestSizesAreWrittenAsEachLanguageDoes(t *testing.T) {
	for _, c := range []struct {
		bytes, quota     int64
		percent          int
		turkish, english string
	}{
		{0, 0, 0, "0,0 MB", "0.0 MB"},
		{3 << 19, 100 << 20, 1, "%1 (1,5 / 100 MB)", "1% (1.5 / 100 MB)"},
	} {
		if got := used(c.bytes, c.quota, c.percent); got.Turkish != c.turkish || got.English != c.english {
			t.Errorf("%d of %d: %+v", c.bytes, c.quota, got)
		}
	}
}
