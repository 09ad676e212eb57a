package chain_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

var kind = chain.Kind{Name: "rem-test-entry", Version: 1}

func value(r *canon.Reader) (string, error) {
	v := r.Field("value")
	return v, r.Done()
}

func open(t *testing.T, s chain.Store, clock rem.Clock) (*chain.Chain, []string, error) {
	t.Helper()
	var got []string
	c, err := chain.Open(t.Context(), s, kind, clock, func(_ chain.Link, _ rem.Digest, r *canon.Reader) error {
		v, err := value(r)
		got = append(got, v)
		return err
	})
	return c, got, err
}

func add(t *testing.T, c *chain.Chain, v string) (chain.Link, rem.Digest) {
	t.Helper()
	l, d, err := c.Append(t.Context(), func(w *canon.Writer) { w.Field("value", v) })
	if err != nil {
		t.Fatal(err)
	}
	return l, d
}

func TestEntriesHoldTheDigestOfTheOneBefore(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	for _, shelf := range chaintest.Shelves {
		t.Run(shelf.Name, func(t *testing.T) {
			reopen := shelf.New(t)
			c, _, err := open(t, reopen(), clock)
			if err != nil {
				t.Fatal(err)
			}
			if c.Head() != (chain.Head{}) {
				t.Error("an empty chain has a head")
			}
			var last rem.Digest
			for i, v := range []string{"bir", "iki", "üç"} {
				l, d := add(t, c, v)
				if l.Number != uint64(i+1) || l.Previous != last {
					t.Errorf("%s: number %d, previous %s", v, l.Number, l.Previous)
				}
				b, err := c.Entry(t.Context(), l.Number)
				if err != nil || rem.DigestOf(b) != d {
					t.Errorf("%s: other bytes are kept: %v", v, err)
				}
				last = d
			}
			head := c.Head()
			c, got, err := open(t, reopen(), clock)
			if err != nil || !slices.Equal(got, []string{"bir", "iki", "üç"}) || c.Head() != head {
				t.Errorf("after a restart %q, %v", got, err)
			}
			if _, err := c.Entry(t.Context(), 4); !errors.Is(err, chain.ErrNotFound) {
				t.Error(err)
			}
		})
	}
}

// P-05: whoever changes, takes away, adds or moves an entry leaves no chain.
func TestAnEntryCannotBeTouchedUnseen(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	m := &chaintest.Memory{}
	c, _, err := open(t, m, clock)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"bir", "iki", "üç", "dört"} {
		add(t, c, v)
	}
	e := m.Entries()
	// every octet of an entry that has one after it
	for i := range e[1] {
		b := bytes.Clone(e[1])
		b[i] ^= 1
		if _, _, err := open(t, chaintest.With(e[0], b, e[2], e[3]), clock); !errors.Is(err, chain.ErrBroken) {
			t.Fatalf("octet %d was changed: %v", i, err)
		}
	}
	for name, list := range map[string][][]byte{
		"the first is gone":     {e[1], e[2], e[3]},
		"one between is gone":   {e[0], e[2], e[3]},
		"two have changed":      {e[0], e[2], e[1], e[3]},
		"one stands twice":      {e[0], e[1], e[1], e[2], e[3]},
		"one of another chain":  {e[0], []byte("rem-test-entry 1\nnumber: 2\n")},
		"one that is no record": {e[0], []byte("x")},
		"an empty one":          {{}},
	} {
		if _, _, err := open(t, chaintest.With(list...), clock); !errors.Is(err, chain.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What a chain by itself cannot show: its end is gone. The head does.
	short, _, err := open(t, chaintest.With(e[:3]...), clock)
	if err != nil || short.Head() == c.Head() {
		t.Errorf("%v", err)
	}
}

func TestTimeNeverGoesBackInAChain(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	m := &chaintest.Memory{}
	c, _, err := open(t, m, clock)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := add(t, c, "bir")
	c, _, err = open(t, m, testkit.NewClock(testkit.Epoch.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := add(t, c, "iki"); second.Time != first.Time {
		t.Errorf("the second entry is of %s, the first of %s", second.Time, first.Time)
	}
}

func TestAWriteOfUnknownEndStopsTheChainUntilItIsOpenedAgain(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	disk := errors.New("input/output error")
	for _, kept := range []bool{false, true} {
		m := &chaintest.Memory{}
		c, _, err := open(t, m, clock)
		if err != nil {
			t.Fatal(err)
		}
		add(t, c, "bir")
		m.FailNext(disk, kept)
		write := func(w *canon.Writer) { w.Field("value", "iki") }
		if _, _, err := c.Append(t.Context(), write); !errors.Is(err, chain.ErrUncertain) || !errors.Is(err, disk) {
			t.Errorf("kept %t: %v", kept, err)
		}
		if _, _, err := c.Append(t.Context(), write); !errors.Is(err, chain.ErrUncertain) {
			t.Errorf("kept %t: it went on: %v", kept, err)
		}
		c, got, err := open(t, m, clock)
		if err != nil || (len(got) == 2) != kept {
			t.Fatalf("kept %t: %q, %v", kept, got, err)
		}
		add(t, c, "üç")
	}
	// What was certainly not kept stops nothing.
	m := &chaintest.Memory{}
	c, _, err := open(t, m, clock)
	if err != nil {
		t.Fatal(err)
	}
	m.FailNext(chain.ErrNothingKept, false)
	if _, _, err := c.Append(t.Context(), func(w *canon.Writer) { w.Field("value", "bir") }); !errors.Is(err, chain.ErrNothingKept) || errors.Is(err, chain.ErrUncertain) {
		t.Error(err)
	}
	if _, _, err := c.Append(t.Context(), func(w *canon.Writer) { w.Field("value", "a\nb") }); !errors.Is(err, chain.ErrNothingKept) || !errors.Is(err, canon.ErrForm) {
		t.Error(err)
	}
	if l, _ := add(t, c, "bir"); l.Number != 1 {
		t.Errorf("number %d", l.Number)
	}
}
