package personstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

// A list costs what it returns: each is read from an index, in its order.
func TestListsAreReadFromTheirIndexes(t *testing.T) {
	s := open(t, t.TempDir(), personstore.Options{})
	for name, index := range map[string]string{
		"application.waiting":       "INDEX application_state (state=? AND (since,id)>(?,?))",
		"application.list-state":    "INDEX application_state (state=? AND (since,id)>(?,?))",
		"application.list-reviewer": "INDEX application_reviewer (reviewer=? AND (since,id)>(?,?))",
		"application.due":           "INDEX application_due",
		"application.find":          "INDEX sqlite_autoindex_application_1 (id>? AND id<?)",
		"application.row":           "INDEX sqlite_autoindex_application_1 (id=?)",
		"application.of":            "p USING PRIMARY KEY (person=?)",
		"application.tagged":        "t USING PRIMARY KEY (token=?)",
		"application.history":       "INDEX sqlite_autoindex_application_step_1 (application=?)",
		"application.untag":         "INDEX application_token_application (application=?)",
		"application.resolve":       "INDEX sqlite_autoindex_application_intention_1 (key=?)",
		"application.unfinished":    "SCAN application_intention", // all of them, in the order of the rows
		"address.get":               "PRIMARY KEY (address=?)",
		"address.forget":            "INDEX address_application (application=?)",
		"address.close-again":       "INDEX address_application (application=?)",
	} {
		args := make([]any, strings.Count(personstore.Statements[name], "$"))
		for i := range args {
			args[i] = 1
		}
		lines, err := s.Plan(name, args[:arguments(name)]...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		plan := strings.Join(lines, "; ")
		if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") && !strings.Contains(index, "SCAN") && name != "application.due" {
			t.Errorf("%s: %s", name, plan)
		}
	}
}

// arguments is how many a statement has.
func arguments(name string) int {
	n := 0
	for i := 1; strings.Contains(personstore.Statements[name], "$"+strconv.Itoa(i)); i++ {
		n = i
	}
	return n
}

// settle puts n applications in the file as they are after some years: nearly all
// of them have an account, some wait. The rows are real ones, copied under other
// identifiers.
func settle(b testing.TB, s *personstore.Store, k *personledgertest.Kit, n int) {
	b.Helper()
	ctx := context.Background()
	moves := [][]personledgertest.Move{}
	for i := range 2 {
		moves = append(moves, k.Journey(n+i, person.Natural, false))
	}
	for _, m := range moves[0] {
		if err := m.Do(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
	for _, m := range moves[1][:4] { // begin, save, submit, choose
		if err := m.Do(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Multiply(ctx, string(personledgertest.ID(n)), string(personledgertest.ID(n+1)), n); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkGrowth asks and writes beside few applications and beside many; with
// REM_LONG=1 beside a million.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{1000, 100_000}
	if testkit.Long() {
		sizes = []int{1000, 1_000_000}
	}
	for _, size := range sizes {
		dir, err := os.MkdirTemp("", "personstore")
		if err != nil {
			b.Fatal(err)
		}
		k, s := personledgertest.NewKit(b), open(b, dir, personstore.Options{})
		began := time.Now()
		settle(b, s, k, size)
		b.Logf("%d applications in %s", size, time.Since(began).Round(time.Second))
		random := rand.New(rand.NewPCG(1, 2))
		ctx, at := context.Background(), personledgertest.At
		run := func(name string, do func(i int) error) {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if err := do(i); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		next := size + 10
		run("commit", func(int) error {
			next++
			step, err := k.Rules.Begin(personledgertest.ID(next), person.Natural, personledgertest.Notice, personledgertest.Person, at)
			if err != nil {
				return err
			}
			return s.Commit(ctx, step)
		})
		// One that has waited long, among the others.
		run("read-and-commit", func(int) error {
			id := personledgertest.ID(random.IntN(size/100) * 100)
			v, err := s.Application(ctx, id)
			if err != nil {
				return err
			}
			v.ID = id // the copies have that of the first
			step, err := k.Rules.HandIn(v, personledgertest.AllPapers(&v, at), personledgertest.Person, at)
			if err != nil {
				return err
			}
			return s.Commit(ctx, step)
		})
		run("application", func(int) error {
			_, err := s.Application(ctx, personledgertest.ID(random.IntN(size)))
			return err
		})
		run("history", func(int) error {
			_, err := s.History(ctx, personledgertest.ID(random.IntN(size)))
			return err
		})
		run("waiting", func(int) error {
			list, err := s.Waiting(ctx, application.Pending, personledgertest.ID(random.IntN(size/2)/100*100), 20)
			if err == nil && len(list) == 0 {
				err = fmt.Errorf("nobody waits")
			}
			return err
		})
		run("due", func(int) error { _, _, err := s.Due(ctx, at, 20); return err })
		run("counts", func(int) error { _, err := s.Counts(ctx); return err })
		run("of", func(int) error {
			_, err := s.Of(ctx, rem.PersonID(fmt.Sprint("per-", random.IntN(size))), 20)
			return err
		})
		run("tagged", func(int) error { _, err := s.Tagged(ctx, privacy.IndexToken{}, 20); return err })
		run("address", func(int) error {
			a := rem.MustAddress(fmt.Sprintf("isil.ogutcu.%d@hs90.kep.test", random.IntN(size)))
			e, err := s.Address(ctx, a, at.AddDate(1, 0, 0))
			if err == nil && e.State == person.AddressFree {
				err = fmt.Errorf("it is free")
			}
			return err
		})
		run("reserve", func(i int) error {
			a := rem.MustAddress(fmt.Sprintf("n%x@hs90.kep.test", random.Uint64()))
			return s.Reserve(ctx, person.Reservation{Address: a, Application: person.ApplicationID(fmt.Sprint("bench-", i))}, at)
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJourneys is whole journeys, of which many share the disk.
func BenchmarkJourneys(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			k, s := personledgertest.NewKit(b), open(b, b.TempDir(), personstore.Options{})
			var next, steps atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for {
						n := int(next.Add(1))
						if n > b.N {
							return
						}
						for _, m := range k.Journey(n, person.Natural, false) {
							if err := m.Do(context.Background(), s); err != nil {
								b.Errorf("%s: %v", m.Name, err)
								return
							}
							steps.Add(1)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(steps.Load())/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
