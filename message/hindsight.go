package message

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A Hindsight finds the work of one stage that a wrong clock has put off, so
// that it waits no longer than by a right one (AT-25). A clock that was ahead
// put it off until a time that was near then and is far now: days or years.
//
// It remembers the latest time that was seen. When the clock has gone back since
// by more than is ordinary, everything that may have been put off meanwhile is
// owed a look. At its beginning, when there is nothing to remember, that is what
// lies further ahead than any pause or period can have put it. What is found may
// not be due: who is given it is made for being asked too early.
//
// It has one user at a time.
type Hindsight struct {
	Queue Queue
	Stage Stage
	// Longest is how far ahead a right clock puts a task at most; see [Longest].
	Longest time.Duration

	begun  bool      // the look of the beginning is done
	latest time.Time // that was seen since the last look
}

// Seen takes note of the present time and reports whether a look is owed.
func (h *Hindsight) Seen(now time.Time) (owed bool) {
	if now.After(h.latest) {
		h.latest = now
	}
	return !h.begun || h.back(now)
}

func (h *Hindsight) back(now time.Time) bool { return h.latest.Sub(now) > maxSkew }

const (
	// ever is how many years ahead a look goes at most.
	ever = 1000
	// first is how many tasks a look reads at first: most queues whole.
	first = 4096
)

// PutOff is the look that is owed. It returns what lies ahead of now and may
// have been put off by a wrong clock; after an error it is still owed. What was
// begun by that clock has to have ended, as it may yet be put off. The queue is
// read whole, since what was put off for longest comes last.
func (h *Hindsight) PutOff(ctx context.Context, now time.Time) ([]Task, error) {
	until, after := h.latest.Add(h.Longest), now
	if !h.begun {
		until, after = now.AddDate(ever, 0, 0), now.Add(h.Longest+maxSkew)
	}
	for limit := first; ; limit *= 4 {
		tasks, _, err := h.Queue.Due(ctx, h.Stage, until, limit)
		if err != nil {
			return nil, fmt.Errorf("looking for what was put off: %w", err)
		}
		if len(tasks) == limit {
			continue
		}
		at, _ := slices.BinarySearchFunc(tasks, after, func(t Task, after time.Time) int {
			if t.Due.After(after) {
				return 1
			}
			return -1
		})
		var found []Task
		for _, t := range tasks[at:] {
			if !h.begun || !untouched(t) {
				found = append(found, t)
			}
		}
		h.begun, h.latest = true, now
		return found, nil
	}
}

// untouched reports whether a task waits for its period to end, as one does for
// every message that nobody has opened. The period begins with a signature, and
// so by a clock that was right.
func untouched(t Task) bool { return t.Stage == RetrievalStage && t.Attempts == 0 }
