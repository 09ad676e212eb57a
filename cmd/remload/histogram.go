package main

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets whose width is at most 1/64 of what
// they hold, so a quantile is right to 1.6 %. It is owned by one goroutine;
// merge brings several together. The zero value is ready.
type histogram struct {
	counts [64 * 64]uint64
	total  uint64
	max    time.Duration
}

const steps = 64 // buckets between a power of two and the next

// bucket says where a duration is counted. Below 64 ns each has its own.
func bucket(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < steps {
		return int(n)
	}
	shift := bits.Len64(n) - 7 // keeps the top seven bits: 64 to 127
	return (shift+1)*steps + int(n>>shift) - steps
}

// upper is the largest duration of a bucket.
func upper(b int) time.Duration {
	if b < steps {
		return time.Duration(b)
	}
	shift := b/steps - 1
	return time.Duration((uint64(b%steps+steps)+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

// quantile gives a duration that a share q of all do not exceed; 0 when there
// are none.
func (h *histogram) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	want := max(uint64(q*float64(h.total)+0.5), 1)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= want {
			return min(upper(i), h.max)
		}
	}
	return h.max
}
