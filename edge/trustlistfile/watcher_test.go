package trustlistfile_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/edge/trustlistfile"
	"rem/internal/testkit"
	"rem/internal/testkit/pki"
	"rem/trust/trustlist"
)

// A keeper issues lists into a file.
type keeper struct {
	*pki.World
	t    *testing.T
	id   *simulator.Identity
	path string
	o    trustlistfile.Options
	log  *buffer
}

func newKeeper(t *testing.T) *keeper {
	w := pki.New(t, simulator.Options{})
	k := &keeper{World: w, t: t, id: w.REMMD("list.kep.test"), path: filepath.Join(t.TempDir(), "list.xml"), log: &buffer{}}
	k.o = trustlistfile.Options{
		Path: k.path, State: k.path + ".seen", Pinned: []*x509.Certificate{k.id.Certificate},
		Clock: w.Clock, Log: slog.New(slog.NewTextHandler(k.log, nil)),
	}
	return k
}

// issue writes the list of a number; its content depends on the name too.
func (k *keeper) issue(n uint64, name string) {
	k.t.Helper()
	l := &trustlist.List{Sequence: n, IssueTime: testkit.Epoch.Add(time.Duration(n) * time.Second),
		NextUpdate: testkit.Epoch.Add(24 * time.Hour), Operator: rem.Text{Turkish: name, English: name}}
	src, err := l.Sign(k.t.Context(), k.Signer(k.id, nil))
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(src)
}

func (k *keeper) write(src []byte) {
	k.t.Helper()
	if err := os.WriteFile(k.path, src, 0o644); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keeper) open() *trustlistfile.Watcher {
	k.t.Helper()
	w, err := trustlistfile.Open(k.o)
	if err != nil {
		k.t.Fatal(err)
	}
	return w
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) count(s string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), s)
}

// REQ-84.
func TestANewListComesInForceWithoutARestart(t *testing.T) {
	k := newKeeper(t)
	k.issue(3, "a")
	changes := make(chan uint64, 4)
	k.o.Changed = func(v *trustlist.Verified) { changes <- v.Sequence }
	w := k.open()
	if got := <-changes; got != 3 {
		t.Fatalf("first list %d, want 3", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()

	k.Clock.AwaitWaiters(1)
	k.issue(4, "a")
	k.Clock.Advance(5 * time.Second)
	if got := <-changes; got != 4 {
		t.Errorf("list %d came in force, want 4", got)
	}

	// A list that is refused changes nothing and is logged once.
	k.Clock.AwaitWaiters(1)
	k.issue(2, "a")
	for range 3 {
		k.Clock.Advance(5 * time.Second)
		k.Clock.AwaitWaiters(1)
	}
	if got := w.Current().Sequence; got != 4 {
		t.Errorf("after an older list %d is in force, want 4", got)
	}
	if got := k.log.count("refused"); got != 1 {
		t.Errorf("the refusal was logged %d times", got)
	}

	// An overdue list stays, with one alarm.
	k.Clock.Advance(48 * time.Hour)
	k.Clock.AwaitWaiters(1)
	if got := k.log.count("overdue"); got != 1 || w.Current().Sequence != 4 {
		t.Errorf("%d alarms, list %d", got, w.Current().Sequence)
	}

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestWhatIsRefusedLeavesTheOldListInForce(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*keeper)
		err   error
	}{
		{"an older list", func(k *keeper) { k.issue(4, "a") }, trustlist.ErrRollback},
		{"another list of the same number", func(k *keeper) { k.issue(5, "b") }, trustlist.ErrFork},
		{"a list of a stranger", func(k *keeper) {
			k.id = k.REMMD("list.kep.test")
			k.issue(6, "a")
		}, trustlist.ErrSigner},
		{"a list from the future", func(k *keeper) { k.issue(3600, "a") }, trustlistfile.ErrFuture},
		{"half a list", func(k *keeper) {
			k.issue(6, "a")
			src, err := os.ReadFile(k.path)
			if err != nil {
				k.t.Fatal(err)
			}
			k.write(src[:len(src)/2])
		}, nil},
		{"an empty file", func(k *keeper) { k.write(nil) }, nil},
		{"a file too long", func(k *keeper) { k.write(make([]byte, 2*trustlist.MaxBytes+1)) }, nil},
		{"no file", func(k *keeper) {
			if err := os.Remove(k.path); err != nil {
				k.t.Fatal(err)
			}
		}, os.ErrNotExist},
		{"a state that cannot be written", func(k *keeper) {
			k.issue(6, "a")
			if err := os.Remove(k.o.State); err != nil {
				k.t.Fatal(err)
			}
			if err := os.Mkdir(k.o.State, 0o755); err != nil {
				k.t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKeeper(t)
			k.issue(5, "a")
			w := k.open()
			before := w.Current()
			c.spoil(k)
			changed, err := w.Load()
			if changed || err == nil || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("got changed %v, %v, want %v", changed, err, c.err)
			}
			if w.Current() != before {
				t.Error("another list is in force")
			}
		})
	}
}

func TestARestartDoesNotForgetTheNumber(t *testing.T) {
	k := newKeeper(t)
	k.issue(5, "a")
	k.open()
	k.issue(4, "a")
	if _, err := trustlistfile.Open(k.o); !errors.Is(err, trustlist.ErrRollback) {
		t.Errorf("an older list after a restart: %v, want %v", err, trustlist.ErrRollback)
	}
	k.issue(5, "a")
	if w := k.open(); w.Current().Sequence != 5 {
		t.Errorf("list %d, want 5", w.Current().Sequence)
	}
	if err := os.WriteFile(k.o.State, []byte("lost"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := trustlistfile.Open(k.o); err == nil {
		t.Error("a state that cannot be read was taken for none")
	}
}
