package personstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
)

// victim is set in the process that the test below kills.
const victim = "REM_PERSONSTORE_VICTIM"

const walkers = 6

// A process in which several applicants go their ways is killed at a random
// moment, again and again, on the same file. What it answered is there, nothing
// is there by half, and every journey comes to its end.
func TestAKilledProcessLosesNothingThatItAnswered(t *testing.T) {
	if dir := os.Getenv(victim); dir != "" {
		walkUntilKilled(t, dir)
		return
	}
	random := testkit.Rand(t, 27)
	rounds := 1
	if testkit.Long() {
		rounds = 30
	}
	for range rounds {
		killSome(t, random)
	}
}

func killSome(t *testing.T, random *testkit.Random) {
	const kills = 8
	dir := t.TempDir()
	steps := map[int]int{} // answered, by application
	for range kills {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledProcessLosesNothingThatItAnswered$")
		cmd.Env = append(os.Environ(), victim+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var timer *time.Timer
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if timer == nil {
				timer = time.AfterFunc(time.Duration(random.IntN(60_000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
			var n, made int
			if _, err := fmt.Sscanf(lines.Text(), "made %d %d.", &n, &made); err == nil && strings.HasSuffix(lines.Text(), ".") {
				steps[n] = max(steps[n], made)
			}
		}
		cmd.Wait() // it was killed: the error says so
		if timer == nil {
			t.Fatal("the process said nothing")
		}
		timer.Stop()
		s := open(t, dir, personstore.Options{})
		check(t, s, steps)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, k := open(t, dir, personstore.Options{}), personledgertest.NewKit(t)
	for n := range steps {
		for _, m := range k.Detour(n, endOf(n)) {
			if err := m.Do(t.Context(), s); err != nil {
				t.Fatalf("%d, %s: %v", n, m.Name, err)
			}
		}
		if v, err := s.Application(t.Context(), personledgertest.ID(n)); err != nil || !v.State.Final() {
			t.Errorf("%d came to %s, %v", n, v.State, err)
		}
	}
	if list, err := s.Unfinished(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("left over: %v, %v", list, err)
	}
	t.Logf("%d kills, %d applications", kills, len(steps))
	if len(steps) < walkers {
		t.Error("too little was answered: the test shows nothing")
	}
}

func endOf(n int) application.Event {
	return personledgertest.DetourEnds[n%len(personledgertest.DetourEnds)]
}

// check holds the store against what was answered, and against itself.
func check(t *testing.T, s *personstore.Store, answered map[int]int) {
	t.Helper()
	ctx, counts := t.Context(), map[application.State]int{}
	all, err := s.Find(ctx, string(personledgertest.ID(0))[:application.MinBeginning], application.MaxListed)
	if err != nil {
		t.Fatal(err)
	}
	there := map[person.ApplicationID]int{}
	owned := map[rem.Address]person.ApplicationID{}
	for _, l := range all {
		there[l.ID] = l.Steps
		counts[l.State]++
		v, err := s.Application(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.History(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		var told application.View
		for _, d := range history {
			told = told.After(d)
		}
		personledgertest.Same(t, "the view and its history", told, v)
		if len(history) != l.Steps || v.State != l.State {
			t.Errorf("%s: the list says %d steps and %s", l.ID, l.Steps, l.State)
		}
		if v.Submitted == nil {
			continue
		}
		e, err := s.Address(ctx, v.Submitted.Address, personledgertest.At)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case v.State == application.Activated:
			if e.State != person.AddressAssigned || e.Account != v.Account {
				t.Errorf("%s is open and its address is %s", l.ID, e.State)
			}
		case v.State.Final():
			if e.State != person.AddressFree {
				t.Errorf("%s is over and its address is %s", l.ID, e.State)
			}
		case e.State != person.AddressReserved || e.Reservation.Application != l.ID:
			t.Errorf("%s is %s and its address is %s", l.ID, v.State, e.State)
		}
		if other, twice := owned[v.Submitted.Address]; twice && !v.State.Final() {
			t.Errorf("%s and %s have one address", l.ID, other)
		}
		owned[v.Submitted.Address] = l.ID
	}
	for n, steps := range answered {
		if there[personledgertest.ID(n)] < steps {
			t.Errorf("application %d: step %d was answered, and %d are there", n, steps, there[personledgertest.ID(n)])
		}
	}
	have, err := s.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	personledgertest.Same(t, "counts", counts, have)
	list, err := s.Unfinished(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range list {
		v, err := s.Application(ctx, in.Application)
		if err != nil || v.State != application.Pending {
			t.Errorf("%s waits for an answer and is %s (%v)", in.Application, v.State, err)
		}
	}
}

// walkUntilKilled goes on where the process before was killed, and says what was
// answered.
func walkUntilKilled(t *testing.T, dir string) {
	s, k := open(t, dir, personstore.Options{}), personledgertest.NewKit(t)
	all, err := s.Find(t.Context(), string(personledgertest.ID(0))[:application.MinBeginning], application.MaxListed)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("\nbegun.")
	var mu sync.Mutex
	next := max(0, len(all)-walkers)
	var wg sync.WaitGroup
	for range walkers {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= application.MaxListed-walkers {
					time.Sleep(time.Hour) // until killed
				}
				for _, m := range k.Detour(n, endOf(n)) {
					if err := m.Do(context.Background(), s); err != nil && !errors.Is(err, person.ErrTaken) {
						fmt.Println(err)
						os.Exit(1)
					}
					if v, err := s.Application(context.Background(), personledgertest.ID(n)); err == nil {
						fmt.Printf("made %d %d.\n", n, v.Steps)
					}
				}
			}
		})
	}
	wg.Wait()
}
