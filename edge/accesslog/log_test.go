package accesslog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/accesslog"
	"rem/edge/blobstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

const smallSegment = 256 << 10

func entry(n int) privacy.AccessEntry {
	return privacy.AccessEntry{Act: privacy.Opened, Actor: "staff-1", Role: privacy.AsOfficer, Purpose: privacy.Identification,
		Case: "case-1", Person: rem.PersonID(fmt.Sprintf("p-%d", n)), Fields: []privacy.FieldID{"f"}}
}

func open(t *testing.T, f blobstore.FS, alarm func(error)) *accesslog.Log {
	t.Helper()
	l, err := accesslog.Open(f, accesslog.Options{Clock: testkit.NewClock(time.Time{}), Alarm: alarm, MinFree: -1, Segment: smallSegment})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func record(t *testing.T, l *accesslog.Log, entries ...privacy.AccessEntry) {
	t.Helper()
	if err := l.Record(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, l *accesslog.Log, entries uint64) {
	t.Helper()
	r, err := l.Verify(t.Context())
	if err != nil || !r.Holds() || r.Entries != entries || r.End != l.End() || r.Log != l.ID() {
		t.Errorf("verifying: %+v, %v; want %d entries", r, err, entries)
	}
}

func TestLogKeepsItsPromises(t *testing.T) {
	vaulttest.RunAccessLog(t, func(t *testing.T) vaulttest.ReadableLog {
		return open(t, broken.NewFS(), func(err error) { t.Error(err) })
	})
}

// P-21, S43: what was recorded is there after a restart, on a real disk, and
// goes on under the same name.
func TestEntriesStayThroughRestarts(t *testing.T) {
	dir := t.TempDir()
	var id string
	for run := range 3 {
		f, err := blobstore.Disk(dir)
		if err != nil {
			t.Fatal(err)
		}
		l := open(t, f, func(err error) { t.Error(err) })
		if run > 0 && l.ID() != id {
			t.Errorf("after a restart the log is %s, it was %s", l.ID(), id)
		}
		id = l.ID()
		for i := range 5 {
			record(t, l, entry(1), entry(i+10))
		}
		holds(t, l, uint64(10*(run+1)))
		got, err := l.Concerning(t.Context(), "p-1", 0, 100)
		if err != nil || len(got) != 5*(run+1) {
			t.Errorf("%d entries about p-1, %v", len(got), err)
		}
		reader, err := blobstore.DiskForReading(dir)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := accesslog.Verify(t.Context(), reader); err != nil || !r.Holds() || r.End != l.End() {
			t.Errorf("read beside the writer: %+v, %v", r, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Record(t.Context(), entry(1)); !errors.Is(err, accesslog.ErrClosed) {
			t.Errorf("recording after the end: %v", err)
		}
	}
}

// Many who open share a sync, each entry stands once, and the chain holds.
func TestManyShareASync(t *testing.T) {
	l := open(t, broken.NewFS(), func(err error) { t.Error(err) })
	var wg sync.WaitGroup
	const openers, each = 40, 25
	for o := range openers {
		wg.Go(func() {
			for range each {
				if err := l.Record(context.Background(), entry(o)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	holds(t, l, openers*each)
	for o := range openers {
		got, err := l.Concerning(t.Context(), rem.PersonID(fmt.Sprintf("p-%d", o)), 0, 1000)
		if err != nil || len(got) != each {
			t.Errorf("%d entries about p-%d, %v", len(got), o, err)
		}
	}
	got, err := l.Concerning(t.Context(), "p-7", 500, 3)
	if err != nil || len(got) > 3 || slices.ContainsFunc(got, func(e privacy.AccessEntry) bool { return e.Number >= 500 }) {
		t.Errorf("a page below 500: %v, %v", got, err)
	}
}

// survivors opens what a failure left and checks that everything answered is
// there, in order, once, and that the log goes on.
func survivors(t *testing.T, f *broken.FS, answered []rem.PersonID) {
	t.Helper()
	l, err := accesslog.Open(f, accesslog.Options{Clock: testkit.NewClock(time.Time{}), MinFree: -1, Segment: smallSegment, Alarm: func(err error) { t.Errorf("a crash is taken for damage: %v", err) }})
	if err != nil {
		t.Errorf("opening after the failure: %v", err)
		return
	}
	defer l.Close()
	if err := l.Record(context.Background(), entry(999)); err != nil {
		t.Errorf("going on: %v", err)
	}
	r, err := l.Verify(context.Background())
	if err != nil || !r.Holds() {
		t.Errorf("the chain after the failure: %+v, %v", r, err)
	}
	for _, p := range answered {
		got, err := l.Concerning(context.Background(), p, 0, 10)
		if err != nil || len(got) != 1 {
			t.Errorf("%s was answered and has %d entries, %v", p, len(got), err)
		}
	}
}

// P-21: each write, sync, name and allocation fails once, in every way; what was
// answered survives the kill and the loss of power, and the log goes on in the
// same process too.
func TestWhatWasAnsweredSurvives(t *testing.T) {
	answered := map[*broken.FS][]rem.PersonID{}
	runs := broken.Each(t, func(t *testing.T, f *broken.FS) {
		clear(answered)
		for session := range 2 {
			l, err := accesslog.Open(f, accesslog.Options{Clock: testkit.NewClock(time.Time{}), MinFree: -1, Segment: smallSegment})
			if err != nil {
				return
			}
			for i := range 4 {
				e := entry(10*session + i)
				if l.Record(context.Background(), e) == nil {
					answered[f] = append(answered[f], e.Person)
				}
			}
			if l.Close() != nil {
				return
			}
		}
	}, func(t *testing.T, f *broken.FS, p broken.Plan) {
		survivors(t, f.Killed(), answered[f])
		for seed := range uint64(4) {
			survivors(t, f.PowerLost(rand.New(rand.NewPCG(seed, uint64(p.At)))), answered[f])
		}
	})
	t.Logf("%d failures", runs)
	if runs < 50 {
		t.Errorf("only %d failures", runs)
	}
}

// Damage to what was answered is alarmed at each start, is found by Verify, and
// takes away no more than the record that it is in; its number is not given again.
func TestDamageIsAlarmedAndNothingIsDropped(t *testing.T) {
	for name, at := range map[string]string{"in the first": "p-1x", "in the middle": "p-5x", "in the last": "p-9x"} {
		t.Run(name, func(t *testing.T) {
			f := broken.NewFS()
			l := open(t, f, func(err error) { t.Error(err) })
			for i := range 9 {
				e := entry(0)
				e.Person = rem.PersonID(fmt.Sprintf("p-%dx", i+1))
				record(t, l, e)
			}
			end := l.End()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			const file = "segments/0000000001"
			offset := strings.Index(string(f.Bytes(file)), at)
			if offset < 0 {
				t.Fatal("where is the entry?")
			}
			if err := f.Flip(file, int64(offset), 0); err != nil {
				t.Fatal(err)
			}
			for range 2 { // at each start
				var mu sync.Mutex
				var alarms []error
				f = f.Killed()
				l = open(t, f, func(err error) { mu.Lock(); alarms = append(alarms, err); mu.Unlock() })
				if len(alarms) == 0 || !errors.Is(alarms[0], accesslog.ErrDamaged) {
					t.Errorf("alarms at the start: %v", alarms)
				}
				r, err := l.Verify(t.Context())
				if err != nil || r.Holds() {
					t.Errorf("verifying: %+v, %v", r, err)
				}
				for i := range 9 {
					p := fmt.Sprintf("p-%dx", i+1)
					got, err := l.Concerning(t.Context(), rem.PersonID(p), 0, 10)
					if p != at && (err != nil || len(got) != 1) {
						t.Errorf("%s has %d entries, %v", p, len(got), err)
					}
				}
				record(t, l, entry(77))
				if got := l.End(); got.Number <= end.Number {
					t.Errorf("the number %d was given again", got.Number)
				}
				end = l.End()
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A disk without room lets no value be opened.
func TestWithoutRoomNothingIsAnswered(t *testing.T) {
	f := broken.NewFS()
	l := open(t, f, nil)
	f.SetFree(0)
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		err = l.Record(t.Context(), entry(i))
	}
	if err == nil {
		t.Fatal("entries go on without room")
	}
	f.SetFree(1 << 30)
	record(t, l, entry(1))
	r, err := l.Verify(t.Context())
	if err != nil || !r.Holds() {
		t.Errorf("%+v, %v", r, err)
	}
}

// AT-26: whoever noted an end finds it in the log again, or not.
func TestAnEndThatWasNotedIsFound(t *testing.T) {
	f := broken.NewFS()
	l := open(t, f, nil)
	record(t, l, entry(1), entry(2))
	noted := l.End()
	record(t, l, entry(3))
	if err := l.Has(t.Context(), noted); err != nil {
		t.Error(err)
	}
	if err := l.Has(t.Context(), l.End()); err != nil {
		t.Error(err)
	}
	noted.Hash[0] ^= 1
	if err := l.Has(t.Context(), noted); !errors.Is(err, privacy.ErrChain) {
		t.Errorf("another hash: %v", err)
	}
	if err := l.Has(t.Context(), privacy.ChainEnd{Number: 99, Hash: noted.Hash}); !errors.Is(err, privacy.ErrChain) {
		t.Errorf("a later entry: %v", err)
	}
}

// BenchmarkRecord writes to a real disk: one opener, and sixty-four at once.
func BenchmarkRecord(b *testing.B) {
	for _, openers := range []int{1, 64} {
		b.Run(fmt.Sprintf("openers-%d", openers), func(b *testing.B) {
			f, err := blobstore.Disk(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			l, err := accesslog.Open(f, accesslog.Options{Clock: testkit.NewClock(time.Time{}), MinFree: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			b.SetParallelism(openers)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := l.Record(b.Context(), entry(1)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
