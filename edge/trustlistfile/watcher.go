package trustlistfile

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"rem"
	"rem/trust/trustlist"
)

const (
	// defaultInterval is how often the file is looked at. A change of the list
	// is announced days before; seconds are for those who watch it happen.
	defaultInterval = 5 * time.Second
	// maxAhead is how far a list may be issued in our future: its keeper's
	// clock is not ours.
	maxAhead = 5 * time.Minute
	// maxFile bounds what is read: a list with its signature.
	maxFile = 2 * trustlist.MaxBytes
)

// Options say which list is watched and how.
type Options struct {
	// Path is the list's file. Whoever changes it renames a complete file to
	// this name; a half-written one is refused and read again later.
	Path string
	// State is the file that remembers the highest sequence number.
	State    string
	Pinned   []*x509.Certificate // who may sign the list
	Clock    rem.Clock
	Interval time.Duration // 0: five seconds
	Log      *slog.Logger
	// Changed is called after a list came in force, by the goroutine that
	// loaded it; may be nil.
	Changed func(*trustlist.Verified)
}

// A Watcher keeps a list in force. Current may be called from many goroutines.
type Watcher struct {
	options Options
	holder  trustlist.Holder

	mu   sync.Mutex
	seen uint64     // guarded by mu; the highest sequence number ever in force
	last rem.Digest // guarded by mu; of the file as it was last looked at
	late bool       // guarded by mu; the alarm about an overdue list was given
}

// ErrFuture is wrapped when a list was issued in our future.
var ErrFuture = errors.New("the trust list was issued in the future")

// Open loads the list for the first time. It fails when there is no good list,
// or one older than the program had in force before.
func Open(o Options) (*Watcher, error) {
	if o.Interval == 0 {
		o.Interval = defaultInterval
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	seen, err := readState(o.State)
	if err != nil {
		return nil, fmt.Errorf("opening the trust list: %w", err)
	}
	w := &Watcher{options: o, seen: seen}
	if _, err := w.Load(); err != nil {
		return nil, fmt.Errorf("opening the trust list: %w", err)
	}
	return w, nil
}

// Current returns the list in force; it is never nil.
func (w *Watcher) Current() *trustlist.Verified { return w.holder.Current() }

// Load looks at the file now and reports whether another list came in force.
// On an error the old list stays.
func (w *Watcher) Load() (changed bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	src, err := readBounded(w.options.Path)
	if err != nil {
		return false, err
	}
	digest := rem.DigestOf(src)
	if digest == w.last {
		return false, nil // the very file that is in force
	}
	v, err := trustlist.Verify(src, w.options.Pinned)
	if err != nil {
		return false, err
	}
	if v.IssueTime.After(w.options.Clock.Now().Add(maxAhead)) {
		return false, fmt.Errorf("loading trust list %d: %w", v.Sequence, ErrFuture)
	}
	if err := trustlist.Follows(v, w.seen); err != nil {
		return false, err
	}
	// First the number, then the list: after a crash between the two the same
	// file is good again, and an older one is not.
	if v.Sequence > w.seen {
		if err := writeState(w.options.State, v.Sequence); err != nil {
			return false, fmt.Errorf("remembering trust list %d: %w", v.Sequence, err)
		}
		w.seen = v.Sequence
	}
	changed, err = w.holder.Replace(v)
	if err != nil {
		return false, err
	}
	w.last = digest
	if changed {
		w.late = false
		w.options.Log.Info("trust list in force", "sequence", v.Sequence, "providers", len(v.Providers), "next_update", v.NextUpdate)
		if w.options.Changed != nil {
			w.options.Changed(v)
		}
	}
	return changed, nil
}

// Run looks at the file again and again until ctx ends. It returns nil then.
func (w *Watcher) Run(ctx context.Context) error {
	failed := ""
	for {
		if err := w.options.Clock.Wait(ctx, w.options.Interval); err != nil {
			return nil
		}
		_, err := w.Load()
		switch {
		case err == nil:
			failed = ""
		case err.Error() != failed: // once, not at every look
			failed = err.Error()
			w.options.Log.Error("trust list refused; the old one stays in force", "error", err, "sequence", w.Current().Sequence)
		}
		w.warnOverdue()
	}
}

// warnOverdue raises the alarm about a list whose successor has not come, once.
func (w *Watcher) warnOverdue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.Current(); !w.late && l.Overdue(w.options.Clock.Now()) {
		w.late = true
		w.options.Log.Warn("trust list overdue", "sequence", l.Sequence, "next_update", l.NextUpdate)
	}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("reading the trust list: it has more than %d bytes", maxFile)
	}
	return src, nil
}
