package mime

import (
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// shapes are the 18 of AT-07: each grows with n and once was quadratic
// somewhere.
var shapes = []struct {
	name string
	make func(n int) string
}{
	{"fields", func(n int) string { return strings.Repeat("A: b\r\n", n/6) + "\r\n" }},
	{"folds", func(n int) string { return "A: b\r\n" + strings.Repeat(" x\r\n", n/4) + "\r\n" }},
	{"blank folds", func(n int) string { return "A: b\r\n" + strings.Repeat(" \r\n", n/3) + " c\r\n\r\n" }},
	{"one long field", func(n int) string { return "Subject: " + strings.Repeat("x", n) + "\r\n\r\n" }},
	{"beginnings of encoded words", func(n int) string { return "Subject: " + strings.Repeat("=?", n/2) + "\r\n\r\n" }},
	{"open encoded words", func(n int) string { return "Subject: " + strings.Repeat("=?a?q?", n/6) + "\r\n\r\n" }},
	{"encoded words", func(n int) string { return "Subject: " + strings.Repeat("=?a?q?x?= ", n/10) + "\r\n\r\n" }},
	{"addresses", func(n int) string { return "From: " + strings.Repeat("a@b,", n/4) + "a@b\r\n\r\n" }},
	{"open comments", func(n int) string { return "From: " + strings.Repeat("(", n) + "\r\n\r\n" }},
	{"empty comments", func(n int) string { return "From: " + strings.Repeat("()", n/2) + "a@b\r\n\r\n" }},
	{"words of a name", func(n int) string { return "From: " + strings.Repeat("a ", n/2) + "<a@b>\r\n\r\n" }},
	{"parameters", func(n int) string { return "Content-Type: a/b" + strings.Repeat(";c=d", n/4) + "\r\n\r\n" }},
	{"comments in a content field", func(n int) string { return "Content-Type: a/b" + strings.Repeat("(x)", n/3) + ";\r\n\r\n" }},
	{"an open quoted value", func(n int) string { return "Content-Type: a/b; c=\"" + strings.Repeat("\\\"", n/2) + "\r\n\r\n" }},
	{"parts", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", n/7)
	}},
	{"similar boundaries", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("--bx\r\n", n/6)
	}},
	{"dashes", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=----\r\n\r\n------\r\n\r\n" + strings.Repeat("-", n) + "\r\n"
	}},
	{"padding", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b"+strings.Repeat(" ", 600)+"x\r\n", n/606)
	}},
}

// readAll does everything that a caller may do with a message.
func readAll(in string) {
	l := DefaultLimits
	l.HeaderBytes, l.Fields, l.Parts, l.Parameters, l.Addresses = 64<<20, 1<<30, 1<<30, 1<<30, 1<<30
	m, err := Parse(Memory(in), Options{Limits: l, Messages: true})
	if err != nil {
		return
	}
	m.Header.Get("Subject")
	for f := range m.Header.All("Subject") {
		f.Text()
	}
	_, _ = m.Header.Addresses(l)
	for p := range m.All() {
		if len(p.Parts) == 0 {
			_, _ = io.Copy(io.Discard, p.Decode(m.Source))
		}
	}
	_, _ = Compare(Memory(in), Options{Limits: l})
}

// AT-07: ten times the input, at most thirty times the time, where what grows
// with the square takes a hundred. The limits are
// off, so that the algorithms are measured and not the refusals. The least of
// several runs is taken, since others share the machine.
func TestReadingIsLinear(t *testing.T) {
	const n = 10_000
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // its pace depends on the other tests
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			small, large := s.make(n), s.make(10*n)
			ratio := 0.0
			for range 5 {
				ratio = float64(least(2, large)) / float64(least(4, small))
				if ratio <= 30 {
					return
				}
			}
			t.Errorf("ten times the input takes %.1f times as long", ratio)
		})
	}
}

func least(rounds int, in string) time.Duration {
	best := time.Hour
	for range rounds {
		runtime.GC()
		start := time.Now()
		readAll(in)
		best = min(best, time.Since(start))
	}
	return max(best, 20*time.Microsecond)
}

// AT-07: with the limits on, what a message costs in memory is a small multiple
// of its size.
func TestMemoryIsBounded(t *testing.T) {
	const n = 400_000
	for _, s := range shapes {
		in := Memory(s.make(n))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Parse(in, Options{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 8*n {
			t.Errorf("%s: %d bytes allocated for %d (%v)", s.name, got, n, err)
		}
		runtime.KeepAlive(m)
	}
}
