package happening

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/message"
)

// A Feed gives the steps of the ledger again, in the order of the journal; it is
// that of the mailboxes.
type Feed interface {
	// Steps gives up to limit steps after the position ("": from the first), and the
	// position after them. None, with the same position, is the end for now.
	Steps(ctx context.Context, after string, limit int) (steps []message.Step, next string, err error)
}

// A Ledger knows messages.
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
}

// A Follower brings events up to the journal. One works on a store at a time.
type Follower struct {
	Feed   Feed
	Ledger Ledger
	Store  Store
	Clock  rem.Clock
	// Keep is how long events stay; 0: [Keep]. What is older when it is read is not
	// told any more.
	Keep time.Duration
}

// followed is how many steps are read at once.
const followed = 256

func (f *Follower) keep() time.Duration {
	if f.Keep <= 0 {
		return Keep
	}
	return min(f.Keep, MaxKeep)
}

// Follow tells what happened since the last time, up to the end of the journal, and
// reports whether there was anything. A crash between two calls loses nothing, and
// tells nothing twice.
func (f *Follower) Follow(ctx context.Context) (moved bool, err error) {
	at, err := f.Store.Position(ctx)
	if err != nil {
		return false, fmt.Errorf("telling events: %w", err)
	}
	for {
		steps, next, err := f.Feed.Steps(ctx, at, followed)
		if err != nil {
			return moved, fmt.Errorf("telling events: %w", err)
		}
		if next == at {
			return moved, nil
		}
		var told []Told
		// A view that is read now knows all of these steps: one serves those of its
		// message.
		views := map[rem.MessageID]*message.View{}
		for i := range steps {
			more, err := f.told(ctx, &steps[i], views)
			if err != nil {
				return moved, err
			}
			told = append(told, more...)
		}
		if err := f.Store.Append(ctx, told, at, next); err != nil {
			return moved, fmt.Errorf("telling events: %w", err)
		}
		at, moved = next, true
	}
}

// Forget drops what is older than Keep.
func (f *Follower) Forget(ctx context.Context) error {
	return f.Store.Forget(ctx, f.Clock.Now().UTC().Add(-f.keep()))
}

// told is what a step means for accounts. What was filed before this step's record
// came is never there: a record is the first step of its message.
func (f *Follower) told(ctx context.Context, s *message.Step, views map[rem.MessageID]*message.View) (told []Told, err error) {
	if s.New == nil && len(s.Filed)+len(s.Arrivals) == 0 && s.Opens == 0 || s.At.Before(f.Clock.Now().Add(-f.keep())) {
		return nil, nil
	}
	view := views[s.Message]
	if view == nil {
		view, err = f.Ledger.Message(ctx, s.Message)
		if errors.Is(err, message.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("telling events of %s: %w", s.Message, err)
		}
		views[s.Message] = view
	}
	r := &view.Record
	add := func(a rem.AccountID, e Event) {
		if a != "" {
			e.Message = r.ID
			told = append(told, Told{a, e})
		}
	}
	sender := r.Actor.Account
	if s.New != nil {
		kind := Submitted
		if slices.ContainsFunc(s.Changes, func(c message.Change) bool { return c.To == message.Refused }) {
			kind = Refused
		}
		add(sender, Event{At: r.Submitted, Kind: kind})
	}
	for _, e := range s.Filed {
		if _, there := view.Evidence(e.ID); e.Conflict || !there {
			continue // told to nobody as true, or another form of it was there already
		}
		add(sender, Event{At: s.At, Kind: Filed, Recipient: e.Recipient, Evidence: e.ID, Of: e.Kind, Outcome: e.Outcome})
	}
	for _, a := range s.Arrivals {
		add(a.Account, Event{At: a.Time, Kind: Arrived, Recipient: a.Recipient})
	}
	// Each opening is a step; the first one is that with the change of state.
	if to := r.Recipient(s.Opens); s.Opens > 0 && to != nil && slices.ContainsFunc(s.Changes, func(c message.Change) bool { return c.Recipient == s.Opens && c.To == message.Retrieved }) {
		add(to.Account, Event{At: s.At, Kind: Opened, Recipient: s.Opens})
	}
	return told, nil
}
