package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsFollowOneAnotherWithoutGapOrOverlap(t *testing.T) {
	for b := range 58*steps - 1 { // the last one ends at the largest duration
		if got := bucket(upper(b)); got != b {
			t.Fatalf("the end of bucket %d is counted in %d", b, got)
		}
		if got := bucket(upper(b) + 1); got != b+1 {
			t.Fatalf("what follows bucket %d is counted in %d", b, got)
		}
	}
}

func TestQuantilesAreThoseOfASortedList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var parts [3]histogram
	var all []time.Duration
	for i := range 30_000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		parts[i%3].add(d)
	}
	var whole histogram
	for i := range parts {
		whole.merge(&parts[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		want := all[max(int(q*float64(len(all))+0.5)-1, 0)]
		if got := whole.quantile(q); got < want || float64(got) > float64(want)*(1+1.0/steps)+1 {
			t.Errorf("quantile %v is %v, want %v or at most 1/64 more", q, got, want)
		}
	}
}

func TestAnEmptyHistogramHasNoQuantile(t *testing.T) {
	if got := new(histogram).quantile(0.5); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
}
