package sqlstore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/internal/testkit/ledgertest"
	"rem/message"
)

// victim is set in the process that the test below kills.
const victim = "REM_SQLSTORE_VICTIM"

// A process under load is killed at a random moment, again and again, on the
// same data. Everything that it said was done is there. G20.
func TestKilledProcessLosesNothingThatItAnswered(t *testing.T) {
	if dir := os.Getenv(victim); dir != "" {
		work(t, dir)
		return
	}
	random := testkit.Rand(t, 20)
	kills := 6
	if testkit.Long() {
		kills = 300
	}
	dir := t.TempDir()
	answered := map[string]bool{}
	for kill := range kills {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLosesNothingThatItAnswered$")
		cmd.Env = append(os.Environ(), victim+"="+dir, fmt.Sprintf("REM_FIRST=%d", kill*1_000_000))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		timer := time.AfterFunc(time.Hour, func() {})
		started := false
		for lines.Scan() {
			if !started {
				started = true
				timer = time.AfterFunc(time.Duration(random.IntN(150_000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
			if line := lines.Text(); strings.HasPrefix(line, "done ") && strings.HasSuffix(line, ".") {
				answered[line] = true
			}
		}
		timer.Stop()
		cmd.Wait() // it was killed: the error says so
		if !started {
			t.Fatal("the process said nothing")
		}
	}
	s := open(t, sqlstore.Options{Dir: dir, MinFree: -1, Alarm: func(err error) { t.Errorf("alarm: %v", err) }})
	for line := range answered {
		var n int
		var what string
		if _, err := fmt.Sscanf(line, "done %s %d.", &what, &n); err != nil {
			t.Fatal(err)
		}
		if err := seen(t.Context(), s, what, n); err != nil {
			t.Errorf("%q was answered: %v", line, err)
		}
	}
	t.Logf("%d kills, %d answers", kills, len(answered))
	if len(answered) == 0 {
		t.Error("nothing was answered")
	}
}

func seen(ctx context.Context, s *sqlstore.Store, what string, n int) error {
	v, err := s.Message(ctx, ledgertest.Record(n, 2, "").ID)
	if err != nil {
		return err
	}
	c, err := s.Open(ctx, v.Record.Original)
	if err != nil {
		return err
	}
	b := make([]byte, c.Size())
	if _, err := c.ReadAt(b, 0); err != nil || !bytes.HasPrefix(b, fmt.Appendf(nil, "original %d ", n)) {
		return errors.Join(err, errors.New("another original"))
	}
	list, err := s.EvidenceOf(ctx, v.Record.ID)
	if err != nil || len(list) == 0 {
		return errors.Join(err, errors.New("no evidence"))
	}
	if what == "deliver" && v.Standing(2).State != message.Delivered {
		return fmt.Errorf("the state is %s", v.Standing(2).State)
	}
	return nil
}

// work takes messages until it is killed, and says what was answered.
func work(t *testing.T, dir string) {
	var first int
	fmt.Sscan(os.Getenv("REM_FIRST"), &first)
	s := open(t, sqlstore.Options{Dir: filepath.Clean(dir), MinFree: -1, Alarm: func(err error) { fmt.Println("alarm", err) }})
	fmt.Println("started")
	var mu sync.Mutex
	say := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("done %s %d.\n", what, n)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := first + w; n < first+1_000_000; n += 8 {
				key := fmt.Sprint("submission/", n)
				kept, err := s.Intend(t.Context(), message.Intention{Key: key, Stage: message.SubmissionStage, At: ledgertest.At, Content: message.InMemory(fmt.Appendf(nil, "original %d %s", n, strings.Repeat("x", 3000)))})
				if err != nil {
					return
				}
				step := ledgertest.Submission(n, 2)
				step.Resolves, step.New.Original = key, kept.Content
				if s.Commit(t.Context(), step) != nil {
					return
				}
				say("submit", n)
				if ledgertest.Journey(n)[2].Do(t.Context(), s) != nil {
					return
				}
				say("deliver", n)
			}
		})
	}
	wg.Wait()
}
