package sqlstore_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/ledgertest"
	"rem/message"
)

// answers is what a store says about the messages of a walk, references too.
type answers struct {
	Views     []*message.View
	Evidence  [][]message.Filed
	Envelopes []message.Envelope
}

func ask(t *testing.T, s *sqlstore.Store) (a answers) {
	t.Helper()
	list, _, err := s.Messages(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range list {
		v, err := s.Message(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.EvidenceOf(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.Envelope(t.Context(), id)
		if err != nil && !errors.Is(err, message.ErrNotFound) {
			t.Fatal(err)
		}
		a.Views, a.Evidence, a.Envelopes = append(a.Views, v), append(a.Evidence, f), append(a.Envelopes, e)
	}
	return a
}

// Whatever was done, what is answered from memory is what SQLite says, to the
// last field, and what the ledger in memory says.
func TestViewsSayWhatTheIndexSays(t *testing.T) {
	random := testkit.Rand(t, 39)
	walks := 3
	if testkit.Long() {
		walks = 200
	}
	for _, c := range []struct {
		name  string
		views int
		fails bool
		least int // messages in memory after all walks, at least
	}{
		{"all in memory", 0, false, walks},
		{"fewer than there are", 3, false, walks},
		{"none", -1, false, 0},
		{"transactions fail now and then", 0, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := 0
			for range walks {
				var mu sync.Mutex
				calls, every := 0, math.MaxInt
				if c.fails {
					every = 4
				}
				s := open(t, sqlstore.Options{Contents: contents(t, broken.NewFS(), nil), Views: c.views, Fault: func(string) error {
					mu.Lock()
					defer mu.Unlock()
					if calls++; calls%every == 0 {
						return errors.New("made to fail")
					}
					return nil
				}})
				memory := ledgertest.NewMemory()
				play(t, memory, s, ledgertest.Walk(random.Rand, 40))
				for range 2 {
					play(t, memory, s, ledgertest.Walk(random.Rand, 40))
					ledgertest.Compare(t, memory, s)
				}
				got := ask(t, s)
				kept += s.ForgetViews()
				if diff := cmp.Diff(ask(t, s), got, cmp.AllowUnexported(rem.Address{})); diff != "" {
					t.Fatalf("memory says otherwise (-index +memory):\n%s", diff)
				}
				if c.fails && s.Stats().Retries == 0 {
					t.Error("nothing failed")
				}
				s.Close()
			}
			if kept < c.least || c.views < 0 && kept > 0 {
				t.Errorf("%d messages were in memory, want at least %d", kept, c.least)
			}
		})
	}
}

// A caller may do with an answer what it likes.
func TestViewsAreGivenOutAsCopies(t *testing.T) {
	s := open(t, sqlstore.Options{MinFree: -1})
	if err := s.Commit(t.Context(), ledgertest.Submission(1, 2)); err != nil {
		t.Fatal(err)
	}
	want := ask(t, s)
	spoilt := ask(t, s)
	v := spoilt.Views[0]
	v.Standings[0], v.Filed[0], spoilt.Evidence[0][0] = message.Standing{}, message.Filed{}, message.Filed{}
	_ = append(v.Filed[:0], message.Filed{ID: "other"})
	if diff := cmp.Diff(want, ask(t, s), cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("what one caller wrote another one reads (-want +got):\n%s", diff)
	}
	if s.ForgetViews() != 1 {
		t.Error("the message was not in memory")
	}
}

// Who has seen a step's task sees the rest of it: a stage that met its message as
// it was before would take the task for done. The index follows meanwhile.
func TestNobodyMeetsATaskBeforeItsMessage(t *testing.T) {
	id := ledgertest.Record(1, 1, "").ID
	s := open(t, sqlstore.Options{MinFree: -1})
	if err := s.Commit(t.Context(), ledgertest.Submission(1, 1)); err != nil {
		t.Fatal(err)
	}
	look := func() int {
		tasks, _, err := s.Due(t.Context(), message.DeliveryStage, ledgertest.At.Add(time.Hour), 1000)
		if err != nil {
			t.Error(err)
		}
		if v, err := s.Message(t.Context(), id); err != nil {
			t.Error(err)
		} else if len(v.Filed) <= len(tasks) {
			t.Errorf("%d tasks and %d evidences", len(tasks), len(v.Filed))
		}
		if list, err := s.EvidenceOf(t.Context(), id); err != nil || len(list) <= len(tasks) {
			t.Errorf("%d tasks and %d evidences with XML (%v)", len(tasks), len(list), err)
		}
		return len(tasks)
	}
	ended := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for look() < 20 {
			select {
			case <-ended:
				return
			default:
			}
		}
	})
	others.Go(func() { // make the index catch up, again and again
		for {
			select {
			case <-ended:
				return
			default:
				s.ForgetViews()
			}
		}
	})
	const steps = 60
	for n := range steps {
		err := s.Hint(t.Context(), message.Step{
			Message: id, At: ledgertest.At,
			Filed: []message.Filed{ledgertest.Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Positive, 1, fmt.Sprintf("hs%03d.kep.test", n))},
			Queue: []message.Task{{Stage: message.DeliveryStage, Message: id, Target: fmt.Sprint(n), Due: ledgertest.At}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Message(t.Context(), id); err != nil || len(v.Filed) != n+2 {
			t.Fatalf("after step %d: %d evidences, %v", n, len(v.Filed), err)
		}
	}
	close(ended)
	others.Wait()
	if seen := look(); seen != steps {
		t.Errorf("%d tasks were seen, want %d", seen, steps)
	}
}

// Stages read a message while steps change it; each sees what came before its
// question, and never less than it saw already.
func TestReadersOfAViewNeverGoBack(t *testing.T) {
	s := open(t, sqlstore.Options{MinFree: -1})
	if err := s.Commit(t.Context(), ledgertest.Submission(1, 1)); err != nil {
		t.Fatal(err)
	}
	id := ledgertest.Record(1, 1, "").ID
	ended := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := 0; ; {
				v, err := s.Message(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				if len(v.Filed) < last {
					t.Errorf("%d evidences after %d", len(v.Filed), last)
				}
				last = len(v.Filed)
				v.Filed = append(v.Filed, message.Filed{})
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	for n := range 100 {
		f := ledgertest.Evidence(1, message.DeliveryNonDeliveryToRecipient, message.Positive, 1, fmt.Sprintf("hs%03d.kep.test", n))
		if err := s.Hint(t.Context(), message.Step{Message: id, At: ledgertest.At, Filed: []message.Filed{f}}); err != nil {
			t.Error(err)
		}
	}
	close(ended)
	readers.Wait()
}

// A message with very many lines is answered as any other.
func TestLargeMessagesAreAnsweredFromMemoryToo(t *testing.T) {
	s := open(t, sqlstore.Options{MinFree: -1})
	for n, recipients := range []int{300, 200, 2} {
		if err := s.Hint(t.Context(), ledgertest.Submission(n, recipients)); err != nil {
			t.Fatal(err)
		}
	}
	got := ask(t, s)
	if kept := s.ForgetViews(); kept != 3 {
		t.Errorf("%d messages in memory, want 3", kept)
	}
	if diff := cmp.Diff(ask(t, s), got, cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("memory says otherwise (-index +memory):\n%s", diff)
	}
}
