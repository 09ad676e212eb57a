package trustlist

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Why a verified list does not replace the one that is held.
var (
	// ErrRollback answers an older list than the one that is held: with it a
	// provider that ended could be brought back.
	ErrRollback = errors.New("the trust list is older than the one in force")
	// ErrFork answers another list under the number of the one that is held.
	ErrFork = errors.New("another trust list has the same sequence number")
)

// A Holder holds the list in force. Readers never wait: those that have a list
// go on with it while another takes its place. The zero Holder holds none.
type Holder struct {
	current atomic.Pointer[Verified]
	mu      sync.Mutex // held by whoever replaces the list
}

// Current returns the list in force, or nil before the first one.
func (h *Holder) Current() *Verified { return h.current.Load() }

// Replace puts a verified list in force and reports whether it is another one
// than before. The sequence number must not fall, nor the issue time; the same
// list again is no change, whoever of the pinned signed it.
func (h *Holder) Replace(v *Verified) (changed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.current.Load(); old != nil {
		if err := Follows(v, old.Sequence); err != nil {
			return false, err
		}
		switch {
		case v.Sequence == old.Sequence && v.Digest != old.Digest:
			return false, fmt.Errorf("replacing trust list %d: %w", old.Sequence, ErrFork)
		case v.Sequence == old.Sequence:
			return false, nil
		case v.IssueTime.Before(old.IssueTime):
			return false, fmt.Errorf("replacing trust list %d by %d: %w", old.Sequence, v.Sequence, ErrRollback)
		}
	}
	h.current.Store(v)
	return true, nil
}

// Follows refuses a list whose sequence number is below one that was in force
// before, as it is remembered over a restart.
func Follows(v *Verified, seen uint64) error {
	if v.Sequence < seen {
		return fmt.Errorf("replacing trust list %d by %d: %w", seen, v.Sequence, ErrRollback)
	}
	return nil
}
