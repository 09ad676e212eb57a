package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/ledgertest"
	"rem/message"
)

// all reads the feed to its end, in pages.
func all(t *testing.T, s *sqlstore.Store, limit int) (steps []message.Step, end string) {
	t.Helper()
	for {
		page, next, err := s.Steps(t.Context(), end, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit {
			t.Fatalf("%d steps, want at most %d", len(page), limit)
		}
		if steps = append(steps, page...); next == end {
			if len(page) > 0 {
				t.Fatal("steps, and the position stays")
			}
			return steps, end
		}
		end = next
	}
}

func TestTheFeedGivesTheStepsInAnyPagesAndAfterOpeningAgain(t *testing.T) {
	random := testkit.Rand(t, 4)
	disk := broken.NewFS()
	dir := t.TempDir()
	s := open(t, sqlstore.Options{Dir: dir, Contents: contents(t, disk, nil)})
	made := 0
	for _, m := range ledgertest.Walk(random.Rand, 120) {
		if err := m.Do(t.Context(), s); err == nil {
			made++
		}
	}
	whole, end := all(t, s, 1000)
	if len(whole) < made/4 || len(whole) == 0 {
		t.Fatalf("%d steps of %d moves", len(whole), made)
	}
	equal := func(what string, got []message.Step, at string) {
		t.Helper()
		if at != end {
			t.Errorf("%s: the end is %s, want %s", what, at, end)
		}
		if d := cmp.Diff(whole, got, cmp.AllowUnexported(rem.Address{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	for _, limit := range []int{1, 2, 7} {
		got, at := all(t, s, limit)
		equal(fmt.Sprint("pages of ", limit), got, at)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, sqlstore.Options{Dir: dir, Contents: contents(t, disk, nil)})
	got, at := all(t, s, 3)
	equal("after opening again", got, at)
	for _, at := range []string{"x", "1.1", "2.1.64", "1.1.-0", "1.01.64", "1.999.64"} {
		if _, _, err := s.Steps(t.Context(), at, 1); err == nil {
			t.Errorf("position %q was taken", at)
		}
	}
}

// What the feed gives, a reader of the ledger finds, while others write; and the
// last commit rings.
func TestWhatTheFeedGivesIsInTheLedger(t *testing.T) {
	s := open(t, sqlstore.Options{Contents: contents(t, broken.NewFS(), nil)})
	told, stop := s.Committed()
	defer stop()
	const many = 200
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range many / 4 {
				step := ledgertest.Submission(w*many+n, 1)
				if err := s.Commit(t.Context(), step); err != nil {
					t.Error(err)
				}
			}
		})
	}
	at, seen := "", 0
	for seen < many && !t.Failed() {
		steps, next, err := s.Steps(t.Context(), at, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range steps {
			if _, err := s.Message(t.Context(), st.Message); err != nil {
				t.Errorf("step of %s: %v", st.Message, err)
			}
			seen++
		}
		if next == at {
			select {
			case <-told:
			case <-t.Context().Done():
				t.Fatal("nobody rang")
			}
		}
		at = next
	}
	wg.Wait()
	stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Steps(ctx, "", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("without a caller: %v", err)
	}
}
