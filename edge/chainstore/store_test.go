package chainstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/chainstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/chaintest"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

func TestStoreKeepsItsPromises(t *testing.T) { chaintest.Run(t, chaintest.OnDisk) }

var kind = chain.Kind{Name: "rem-test-entry", Version: 1}

// write appends numbered entries until one fails, and returns how many were
// answered.
func write(ctx context.Context, f *broken.FS, first, n int) (answered int, err error) {
	s, err := chainstore.Open(f, nil)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	c, err := chain.Open(ctx, s, kind, testkit.NewClock(testkit.Epoch), nil)
	if err != nil {
		return 0, err
	}
	for i := range n {
		if _, _, err := c.Append(ctx, func(w *canon.Writer) { w.Number("value", uint64(first+i)) }); err != nil {
			return i, err
		}
	}
	return n, nil
}

// values reads the chain back.
func values(t *testing.T, f *broken.FS) (list []uint64) {
	t.Helper()
	s, err := chainstore.Open(f, func(a blobstore.Alarm) { t.Errorf("alarm: %v", a.Err) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = chain.Open(t.Context(), s, kind, testkit.NewClock(testkit.Epoch), func(_ chain.Link, _ rem.Digest, r *canon.Reader) error {
		list = append(list, r.Number("value"))
		return r.Done()
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// P-05, AT-37: whatever fails, and however, what was answered is in the chain
// after a restart, the chain fits together, and it goes on.
func TestEveryFailureOfTheDiskLeavesAChain(t *testing.T) {
	answered := 0
	runs := broken.Each(t, func(t *testing.T, f *broken.FS) {
		answered, _ = write(t.Context(), f, 1, 4)
	}, func(t *testing.T, f *broken.FS, p broken.Plan) {
		f.Break(broken.Plan{})
		for i, after := range []*broken.FS{f.Killed(), f.PowerLost(rand.New(rand.NewPCG(1, uint64(p.At))))} {
			got := values(t, after)
			if len(got) < answered || len(got) > answered+1 {
				t.Fatalf("world %d: %d entries, %d answered", i, len(got), answered)
			}
			for n, v := range got {
				if v != uint64(n+1) {
					t.Errorf("world %d: entry %d holds %d", i, n+1, v)
				}
			}
			if n, err := write(t.Context(), after, len(got)+1, 2); n != 2 || err != nil {
				t.Fatalf("world %d: it does not go on: %v", i, err)
			}
			if again := values(t, after); len(again) != len(got)+2 {
				t.Errorf("world %d: %d entries after two more than %d", i, len(again), len(got))
			}
		}
	})
	if runs < 20 {
		t.Errorf("only %d failures were tried", runs)
	}
}

// After a failed write the chain takes nothing more: another entry could get
// the number of one that was kept after all.
func TestAChainStopsAfterAWriteOfUnknownEnd(t *testing.T) {
	f := broken.NewFS()
	if n, err := write(t.Context(), f, 1, 2); n != 2 {
		t.Fatal(err)
	}
	s, err := chainstore.Open(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := chain.Open(t.Context(), s, kind, testkit.NewClock(testkit.Epoch), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Break(broken.Plan{At: 1, After: true})
	for range 2 {
		if _, _, err := c.Append(t.Context(), func(w *canon.Writer) { w.Number("value", 3) }); !errors.Is(err, chain.ErrUncertain) {
			t.Fatalf("got %v", err)
		}
	}
	f.Break(broken.Plan{})
	if _, _, err := c.Append(t.Context(), func(w *canon.Writer) { w.Number("value", 3) }); !errors.Is(err, chain.ErrUncertain) {
		t.Fatalf("the disk is well again, and the chain was not read again: %v", err)
	}
}

// One bit that changed on the disk stops the chain from opening, with an alarm.
func TestDamageIsNotPassedOver(t *testing.T) {
	f := broken.NewFS()
	if n, err := write(t.Context(), f, 1, 5); n != 5 {
		t.Fatal(err)
	}
	name := "segments/0000000001"
	at := strings.Index(string(f.Bytes(name)), "value: 3")
	if at < 0 {
		t.Fatal("the entry is not there")
	}
	if err := f.Flip(name, int64(at+7), 0); err != nil {
		t.Fatal(err)
	}
	alarms := 0
	s, err := chainstore.Open(f, func(blobstore.Alarm) { alarms++ })
	if err == nil {
		_, err = chain.Open(t.Context(), s, kind, testkit.NewClock(testkit.Epoch), nil)
		s.Close()
	}
	if err == nil || alarms == 0 {
		t.Errorf("opened with %v and %d alarms", err, alarms)
	}
}

func BenchmarkAppend(b *testing.B) {
	open := chaintest.OnDisk.New(b)
	c, err := chain.Open(b.Context(), open(), kind, testkit.NewClock(testkit.Epoch), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := c.Append(b.Context(), func(w *canon.Writer) { w.Field("value", "açık rıza") }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	const n = 2000
	open := chaintest.OnDisk.New(b)
	c, err := chain.Open(b.Context(), open(), kind, testkit.NewClock(testkit.Epoch), nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if _, _, err := c.Append(b.Context(), func(w *canon.Writer) { w.Field("value", fmt.Sprint("açık rıza ", i)) }); err != nil {
			b.Fatal(err)
		}
	}
	s := open()
	for b.Loop() {
		if _, err := chain.Open(b.Context(), s, kind, testkit.NewClock(testkit.Epoch), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
