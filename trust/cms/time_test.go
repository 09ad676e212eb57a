package cms

import (
	"testing"
	"time"

	"rem/internal/testkit"
)

// parseByLayout is what X.690 11.7 and 11.8 say, by the library's parser and by
// writing again what it read.
func parseByLayout(tag byte, s string) (time.Time, bool) {
	layout := "20060102150405Z"
	if tag == tagUTCTime {
		if len(s) != len("060102150405Z") {
			return time.Time{}, false
		}
		if s[0] >= '5' {
			s = "19" + s
		} else {
			s = "20" + s
		}
	} else if n := len(s) - len(layout); n > 0 {
		if n < 2 || n > 10 || s[14] != '.' || s[len(s)-2] == '0' {
			return time.Time{}, false
		}
		layout = layout[:14] + "." + "000000000"[:n-1] + "Z"
	}
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Format(layout) == s
}

func TestTimesAreReadAsTheLibraryReadsThem(t *testing.T) {
	random := testkit.Rand(t, 20261123)
	read, tried := 0, 0
	try := func(tag byte, s string) {
		t.Helper()
		tried++
		want, ok := parseByLayout(tag, s)
		got, err := parseTime(tag, []byte(s))
		if (err == nil) != ok || ok && !got.Equal(want) {
			t.Errorf("%#x %q: read %v (%v), the library %v (%v)", tag, s, got, err, want, ok)
		}
		if ok {
			read++
		}
	}
	for _, s := range []string{
		"", "Z", "20261123093015Z", "20261123093015.5Z", "20261123093015.50Z", "20261123093015.Z", "20261123093015.123456789Z", "20261123093015.1234567891Z",
		"20261123093015,5Z", "20260229000000Z", "20240229000000Z", "20261123240000Z", "20261123093060Z", "20261123096015Z", "20261323093015Z", "20260023093015Z",
		"20261100093015Z", "20261131093015Z", "00000101000000Z", "99991231235959Z", "20261123093015", "20261123093015z", "20261123093015+0000", "20261123093015ZZ",
		"261123093015Z", "500101000000Z", "491231235959Z", "991231235959Z", "2611230930Z", "261123093015.5Z", "+01123093015Z", "20261123093015.+5Z", "20261123093015. 5Z",
	} {
		try(tagUTCTime, s)
		try(tagTime, s)
	}
	for _, seed := range []string{"20261123093015Z", "20261123093015.125Z", "261123093015Z", "20240229235959.9Z"} {
		for range 20000 {
			b := []byte(seed)
			for range 1 + random.IntN(3) {
				b[random.IntN(len(b))] = "0123456789.Z"[random.IntN(12)]
			}
			try(tagTime, string(b))
			try(tagUTCTime, string(b))
		}
	}
	t.Logf("%d of %d are times", read, tried)
}
