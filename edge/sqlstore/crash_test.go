package sqlstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/ledgertest"
	"rem/message"
	"rem/person/account"
)

// play makes the moves on both ledgers and compares their answers.
func play(t *testing.T, memory, store ledgertest.Ledger, moves []ledgertest.Move) {
	t.Helper()
	for i, m := range moves {
		want := ledgertest.Answer(m.Do(t.Context(), memory))
		got := ledgertest.Answer(m.Do(t.Context(), store))
		if !errors.Is(got, want) || want == nil && got != nil {
			t.Fatalf("move %d, %s: %v, want %v", i, m.Name, got, want)
		}
	}
}

// contents opens a folder with short segments: a walk crosses several.
func contents(t testing.TB, f blobstore.FS, alarm func(blobstore.Alarm)) *blobstore.Store {
	t.Helper()
	c, err := blobstore.Open(f, blobstore.Options{Segment: 256 << 10, MinFree: -1, Alarm: alarm})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whatever was done, in whatever order, with restarts between: the ledger says
// what the one in memory says.
func TestStoreAnswersAsTheMemoryLedgerThroughRestarts(t *testing.T) {
	random := testkit.Rand(t, 35)
	walks := 8
	if testkit.Long() {
		walks = 200
	}
	for range walks {
		dir := t.TempDir()
		folder := broken.NewFS()
		memory := ledgertest.NewMemory()
		for range 4 {
			s := open(t, sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)})
			play(t, memory, s, ledgertest.Walk(random.Rand, 60))
			ledgertest.Compare(t, memory, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// The index is nothing but the journal applied: without it, or with an old one,
// the next start makes it again.
func TestIndexIsMadeAgainFromTheJournal(t *testing.T) {
	random := testkit.Rand(t, 36)
	dir := t.TempDir()
	folder := broken.NewFS()
	memory := ledgertest.NewMemory()
	s := open(t, sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)})
	play(t, memory, s, ledgertest.Walk(random.Rand, 150))
	s.Close()
	old, err := os.ReadFile(filepath.Join(dir, "index.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)})
	play(t, memory, s, ledgertest.Walk(random.Rand, 150))
	s.Close()
	for name, b := range map[string][]byte{"an old index": old, "no index": nil} {
		t.Run(name, func(t *testing.T) {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(filepath.Join(dir, "index.sqlite"+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if b != nil {
				if err := os.WriteFile(filepath.Join(dir, "index.sqlite"), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)})
			defer s.Close()
			if s.Stats().Replayed == 0 {
				t.Error("nothing was replayed")
			}
			ledgertest.Compare(t, memory, s)
		})
	}
}

// SQLite's transactions fail before and after they happen; the ledger goes on,
// and says in the end what the one in memory says. FailedButSaved.
func TestFailingTransactionsChangeNothing(t *testing.T) {
	for _, what := range []string{"begin", "commit", "committed"} {
		t.Run(what, func(t *testing.T) {
			random := testkit.Rand(t, 37)
			var mu sync.Mutex
			calls := 0
			s := open(t, sqlstore.Options{Fault: func(op string) error {
				mu.Lock()
				defer mu.Unlock()
				if op != what {
					return nil
				}
				if calls++; calls%3 == 0 {
					return errors.New("made to fail")
				}
				return nil
			}})
			memory := ledgertest.NewMemory()
			for range 9 { // each comparison makes the index catch up
				play(t, memory, s, ledgertest.Walk(random.Rand, 10))
				ledgertest.Compare(t, memory, s)
			}
			if s.Stats().Retries == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// While SQLite stays away, steps go on by the journal and by what is in memory;
// when it is back, or at the next start, the index has them.
func TestStepsOutliveAnIndexThatIsAway(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart=%v", restart), func(t *testing.T) {
			dir := t.TempDir()
			folder := broken.NewFS()
			var mu sync.Mutex
			away := true
			alarms := 0
			s := open(t, sqlstore.Options{
				Dir: dir, Contents: contents(t, folder, nil),
				Alarm: func(error) { mu.Lock(); alarms++; mu.Unlock() },
				Fault: func(string) error {
					mu.Lock()
					defer mu.Unlock()
					if away {
						return errors.New("away")
					}
					return nil
				},
			})
			id := ledgertest.Record(1, 2, "").ID
			check := func() {
				t.Helper()
				if v, err := s.Message(t.Context(), id); err != nil || len(v.Filed) != 1 || len(v.Standings) != 2 {
					t.Errorf("the message: %+v, %v", v, err)
				}
			}
			if err := s.Commit(t.Context(), ledgertest.Submission(1, 2)); err != nil {
				t.Errorf("without SQLite: %v", err)
			}
			check()
			// An account needs the index; so the answer is that nobody knows.
			address, err := rem.ParseAddress("dokuz@hs90.kep.test")
			if err != nil {
				t.Fatal(err)
			}
			a := account.Account{ID: "acc-9", Address: address, State: account.Open}
			if err := s.Create(t.Context(), a); !errors.Is(err, sqlstore.ErrUnknown) {
				t.Errorf("an account without SQLite: %v, want %v", err, sqlstore.ErrUnknown)
			}
			if s.Fault() == nil {
				t.Error("the ledger does not say that the index cannot follow")
			}
			mu.Lock()
			away = false
			mu.Unlock()
			if restart {
				s.Close()
				s = open(t, sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)})
			}
			// The same again is harmless, and waits for the first.
			if err := s.Create(t.Context(), a); err != nil {
				t.Errorf("the account again: %v", err)
			}
			if err := s.Commit(t.Context(), ledgertest.Submission(1, 2)); err != nil {
				t.Errorf("again: %v", err)
			}
			s.ForgetViews()
			check()
			mu.Lock()
			defer mu.Unlock()
			if !restart && (s.Fault() != nil || alarms == 0) {
				t.Errorf("fault %v, %d alarms", s.Fault(), alarms)
			}
		})
	}
}

// Every change of the disk under a small journey fails in every way, then the
// process is killed or the power goes. Whatever was answered is there after the
// restart, and the caller's repetition of what was not completes the journey.
// AT-36, AT-37; FailedButSaved.
func TestNothingAnsweredIsLostWhateverFails(t *testing.T) {
	random := testkit.Rand(t, 38)
	var dir string
	var answered []string
	scenario := func(t *testing.T, f *broken.FS) {
		dir, answered = t.TempDir(), nil
		c, err := blobstore.Open(f, blobstore.Options{Segment: 256 << 10, MinFree: -1})
		if err != nil {
			return
		}
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: dir, Contents: c})
		if err != nil {
			return
		}
		defer s.Close()
		for n := range 2 {
			for _, m := range ledgertest.Journey(n) {
				if err := m.Do(t.Context(), s); err != nil {
					break
				}
				if m.Name != "intend" { // it is durable with its step
					answered = append(answered, fmt.Sprint(n, " ", m.Name))
				}
			}
		}
	}
	check := func(t *testing.T, f *broken.FS, p broken.Plan) {
		g := f.Killed()
		if random.IntN(2) == 0 {
			g = f.PowerLost(random.Rand)
			if random.IntN(2) == 0 { // SQLite lost what it had not synced
				os.Remove(filepath.Join(dir, "index.sqlite-wal"))
				os.Remove(filepath.Join(dir, "index.sqlite-shm"))
			}
		}
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{
			Dir:      dir,
			Contents: contents(t, g, func(a blobstore.Alarm) { t.Errorf("a crash looks like damage: %+v", a) }),
			Alarm:    func(err error) { t.Errorf("alarm: %v", err) },
		})
		if err != nil {
			t.Errorf("opening: %v", err)
			return
		}
		defer s.Close()
		for _, a := range answered {
			var n int
			name := a[strings.Index(a, " ")+1:]
			fmt.Sscan(a, &n)
			if err := there(t, s, n, name); err != nil {
				t.Errorf("%q was answered: %v", a, err)
			}
		}
		for n := range 2 {
			for _, m := range ledgertest.Journey(n) {
				if err := m.Do(t.Context(), s); err != nil {
					t.Errorf("again, %d %s: %v", n, m.Name, err)
				}
				if err := there(t, s, n, m.Name); err != nil {
					t.Errorf("after the repetition, %d %s: %v", n, m.Name, err)
				}
			}
		}
	}
	t.Logf("%d recoveries", broken.Each(t, scenario, check))
}

// there reports whether the effect of a move of the journey is to be seen.
func there(t *testing.T, s *sqlstore.Store, n int, name string) error {
	id := ledgertest.Record(n, 2, "").ID
	v, err := s.Message(t.Context(), id)
	if name == "intend" {
		if err == nil {
			return nil // its step came
		}
		list, err := s.Unfinished(t.Context(), message.SubmissionStage)
		for _, k := range list {
			if k.Key == fmt.Sprint("submission/", n) {
				_, err := s.Open(t.Context(), k.Content)
				return err
			}
		}
		return errors.Join(err, errors.New("neither the intention nor its step is there"))
	}
	if err != nil {
		return err
	}
	switch name {
	case "submit":
		if len(v.Filed) == 0 {
			return errors.New("no evidence")
		}
		_, err := s.EvidenceOf(t.Context(), id)
		return err
	case "deliver":
		if got := v.Standing(2).State; got != message.Delivered && got != message.Retrieved {
			return fmt.Errorf("the state is %s", got)
		}
		list, err := s.Mailbox(t.Context(), "acc-1", 0, 10)
		found := 0
		for _, e := range list {
			if e.Message == id {
				found++
			}
		}
		if found != 1 {
			return errors.Join(err, fmt.Errorf("%d copies in the mailbox", found))
		}
	case "open":
		if got := v.Standing(2).State; got != message.Retrieved {
			return fmt.Errorf("the state is %s", got)
		}
	}
	return nil
}

func TestFullDiskRefusesNewMessagesOnly(t *testing.T) {
	folder := broken.NewFS()
	s := open(t, sqlstore.Options{Dir: t.TempDir(), Contents: contents(t, folder, nil)})
	if _, err := s.Intend(t.Context(), message.Intention{Key: "k", Stage: message.SubmissionStage, At: ledgertest.At, Content: message.InMemory([]byte("accepted"))}); err != nil {
		t.Fatal(err)
	}
	folder.SetFree(0)
	_, err := s.Intend(t.Context(), message.Intention{Key: "new", Stage: message.SubmissionStage, At: ledgertest.At, Content: message.InMemory([]byte("new"))})
	if !errors.Is(err, message.ErrFull) {
		t.Errorf("a new message: %v, want %v", err, message.ErrFull)
	}
	step := ledgertest.Submission(1, 2)
	step.Resolves = "k"
	if err := s.Commit(t.Context(), step); err != nil {
		t.Errorf("finishing what was accepted: %v", err)
	}
	if _, err := s.Intend(t.Context(), message.Intention{Key: "evidence", Stage: message.DeliveryStage, At: ledgertest.At}); err != nil {
		t.Errorf("an intention without content: %v", err)
	}
}

func TestDamagedContentIsAlarmedAndNeverGivenOut(t *testing.T) {
	folder := broken.NewFS()
	alarms := 0
	dir := t.TempDir()
	options := func() sqlstore.Options {
		return sqlstore.Options{Dir: dir, Contents: contents(t, folder, func(blobstore.Alarm) { alarms++ })}
	}
	s := open(t, options())
	if err := s.Commit(t.Context(), ledgertest.Submission(1, 2)); err != nil {
		t.Fatal(err)
	}
	id := ledgertest.Record(1, 2, "").ID
	s.Close() // what a process wrote itself it has in memory
	if err := folder.Flip("segments/0000000001", 64+80+30, 2); err != nil {
		t.Fatal(err)
	}
	s = open(t, options())
	if _, err := s.EvidenceOf(t.Context(), id); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("a damaged evidence: %v, want %v", err, blobstore.ErrCorrupt)
	}
	if alarms == 0 {
		t.Error("no alarm")
	}
}

// An intention that nobody finishes does not make every start read the whole
// journal: it moves into the index.
func TestOldIntentionsOutliveTheirPlaceInTheJournal(t *testing.T) {
	dir := t.TempDir()
	folder := broken.NewFS()
	options := func() sqlstore.Options {
		return sqlstore.Options{Dir: dir, Contents: contents(t, folder, nil)}
	}
	s := open(t, options())
	for _, key := range []string{"old", "resolved", ""} {
		stage := message.SubmissionStage
		if key == "" {
			stage = message.ReturnStage
		}
		if _, err := s.Intend(t.Context(), message.Intention{Key: key, Stage: stage, At: ledgertest.At, Body: []byte(key)}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		step := ledgertest.Submission(n, 1)
		step.Envelope = &message.Envelope{Head: make([]byte, 30_000)}
		if n == 39 {
			step.Resolves = "resolved"
		}
		if err := s.Commit(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		s.Close()
		s = open(t, options())
		list, err := s.Unfinished(t.Context(), message.SubmissionStage)
		if err != nil || len(list) != 1 || string(list[0].Body) != "old" {
			t.Fatalf("unfinished: %+v, %v", list, err)
		}
	}
	if err := s.Abandon(t.Context(), "old"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, options())
	if list, _ := s.Unfinished(t.Context(), message.SubmissionStage); len(list) > 0 {
		t.Errorf("an abandoned intention came back: %+v", list)
	}
}
