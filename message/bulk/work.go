package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message/happening"
	"rem/message/mailbox"
)

// Bounds of a round.
const (
	jobsAtOnce  = 100
	itemsAtOnce = 200
	// quiet is how long a released item may be without its message before its draft is
	// looked at, and between such looks: each is an entry in the access log.
	quiet = 10 * time.Minute
)

// Round brings every job on: gives up what a crash left half made, learns what became
// of items, releases those whose turn it is. One job's fault is not in another's way;
// the last one is returned.
func (s *Service) Round(ctx context.Context) error {
	jobs, err := s.Store.JobsIn(ctx, []State{Preparing, Running, Paused, Cancelling}, jobsAtOnce)
	if err != nil {
		return err
	}
	for i := range jobs {
		j := &jobs[i]
		s.mu.Lock()
		making := s.making[j.ID]
		s.mu.Unlock()
		if making {
			continue
		}
		var fault error
		switch j.State {
		case Preparing:
			fault = s.abandon(ctx, j)
		default:
			fault = s.advance(ctx, j)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault != nil {
			err = fmt.Errorf("bulk sending %s: %w", j.ID, fault)
		}
	}
	return err
}

// abandon drops the drafts of a job that was never whole.
func (s *Service) abandon(ctx context.Context, j *Job) error {
	for after := 0; ; {
		items, err := s.Store.Items(ctx, j.ID, []Step{Prepared, Signed}, after, itemsAtOnce)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			_, err := s.Store.SetState(ctx, j.ID, []State{Preparing}, Abandoned)
			return err
		}
		if err := s.drop(ctx, j, items); err != nil {
			return err
		}
		after = items[len(items)-1].Row
	}
}

// drop takes drafts back and notes those items that were. What is being sent, or was,
// stays as it is.
func (s *Service) drop(ctx context.Context, j *Job, items []Item) error {
	c := Change{From: []Step{Prepared, ToSign, Signed}, To: Cancelled, At: s.Clock.Now().UTC()}
	var gone []mailbox.DraftID
	rows := map[mailbox.DraftID]int{}
	for _, x := range items {
		gone = append(gone, x.Draft)
		rows[x.Draft] = x.Row
	}
	heads, err := s.Box.Store.DraftHeads(ctx, j.Actor, gone)
	if err != nil {
		return err
	}
	for _, id := range gone {
		h, there := heads[id]
		switch {
		case !there && j.State != Preparing:
			continue // it was sent, and its event says so
		case there && h.Step == mailbox.Sending:
			continue
		case there && h.Step == mailbox.Scheduled:
			// First it is not due any more: what is dropped is never sent.
			d, err := s.Box.Store.Draft(ctx, j.Actor, id)
			if err != nil || d.Step != mailbox.Scheduled {
				if err == nil || errors.Is(err, mailbox.ErrNotFound) {
					continue
				}
				return err
			}
			d.Step, d.Saved = mailbox.Writing, s.Clock.Now().UTC()
			if _, err := s.Box.Store.SaveDraft(ctx, j.Actor, d); errors.Is(err, mailbox.ErrChanged) {
				continue
			} else if err != nil {
				return err
			}
		}
		if err := s.Box.Store.DropDraft(ctx, j.Actor, id); err != nil && !errors.Is(err, mailbox.ErrNotFound) {
			return err
		}
		c.Rows = append(c.Rows, rows[id])
	}
	return s.Store.Apply(ctx, j.ID, []Change{c}, -1)
}

func (s *Service) cancel(ctx context.Context, j *Job) error {
	for after := 0; ; {
		items, err := s.Store.Items(ctx, j.ID, []Step{Prepared, ToSign, Signed}, after, itemsAtOnce)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return nil
		}
		if err := s.drop(ctx, j, items); err != nil {
			return err
		}
		after = items[len(items)-1].Row
	}
}

func (s *Service) advance(ctx context.Context, j *Job) error {
	if err := s.learn(ctx, j); err != nil {
		return err
	}
	switch j.State {
	case Running:
		if err := s.release(ctx, j); err != nil {
			return err
		}
	case Cancelling:
		if err := s.cancel(ctx, j); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, j); err != nil {
		return err
	}
	left, err := s.Store.Items(ctx, j.ID, []Step{Prepared, ToSign, Signed, Released}, 0, 1)
	if err != nil || len(left) > 0 {
		return err
	}
	_, err = s.Store.SetState(ctx, j.ID, []State{Running, Paused, Cancelling}, Done)
	return err
}

// learn reads the account's events: a message with the identifier that a draft gave
// it, or with the digest of what was signed, is that item's.
func (s *Service) learn(ctx context.Context, j *Job) error {
	for {
		events, _, err := s.Events.After(ctx, j.Actor.Account, j.Cursor, itemsAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		var changes []Change
		for i := range events {
			e := &events[i]
			if e.Kind != happening.Submitted && e.Kind != happening.Refused {
				continue
			}
			view, err := s.Ledger.Message(ctx, e.Message)
			if err != nil {
				return err
			}
			var draft mailbox.DraftID
			if ids := mime.ParseIDs(view.Record.UAMessageID); len(ids) > 0 {
				name, _, _ := strings.Cut(ids[0], ".")
				draft = mailbox.DraftID(name)
			}
			x, err := s.Store.ItemOf(ctx, j.ID, draft, view.Record.Digest)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			c := Change{Rows: []int{x.Row}, From: []Step{Prepared, ToSign, Signed, Released, Refused, Stopped, Cancelled}, To: Submitted, At: e.At, Message: e.Message}
			if e.Kind == happening.Refused {
				c.To = Refused
			}
			changes = append(changes, c)
		}
		j.Cursor = events[len(events)-1].Number
		if err := s.Store.Apply(ctx, j.ID, changes, j.Cursor); err != nil {
			return err
		}
	}
}

// release brings the time of what was signed beforehand forward, as far as the pace
// allows. First the draft: an item that is still Signed after a crash is found to be
// on its way.
func (s *Service) release(ctx context.Context, j *Job) error {
	now := s.Clock.Now().UTC()
	some, err := s.Store.Items(ctx, j.ID, []Step{Signed}, 0, 1)
	if err != nil || len(some) == 0 {
		return err
	}
	most := s.take(j.Actor.Account, MaxRate, now)
	items, err := s.Store.Items(ctx, j.ID, []Step{Signed}, 0, most)
	if err != nil {
		return err
	}
	s.giveBack(j.Actor.Account, most-len(items))
	for part := range slices.Chunk(items, itemsAtOnce) {
		c := Change{From: []Step{Signed}, To: Released, At: now}
		for _, x := range part {
			d, err := s.Box.Store.Draft(ctx, j.Actor, x.Draft)
			switch {
			case errors.Is(err, mailbox.ErrNotFound): // it was sent, or its owner gave it up: settle finds out
			case err != nil:
				return err
			case d.Step == mailbox.Scheduled && d.SendAt.Equal(mailbox.InTurn) && d.Original == x.Digest:
				d.SendAt, d.Saved = now, now
				if _, err := s.Box.Store.SaveDraft(ctx, j.Actor, d); err != nil && !errors.Is(err, mailbox.ErrChanged) {
					return err
				}
			}
			c.Rows = append(c.Rows, x.Row)
		}
		if err := s.Store.Apply(ctx, j.ID, []Change{c}, -1); err != nil {
			return err
		}
	}
	return nil
}

// settle looks at items of which nothing was heard for a while.
func (s *Service) settle(ctx context.Context, j *Job) error {
	now := s.Clock.Now().UTC()
	items, err := s.Store.Items(ctx, j.ID, []Step{ToSign, Released}, 0, MaxRows)
	if err != nil {
		return err
	}
	var old []Item
	for _, x := range items {
		if now.Sub(x.At) >= quiet && len(old) < itemsAtOnce {
			old = append(old, x)
		}
	}
	if len(old) == 0 {
		return nil
	}
	ids := make([]mailbox.DraftID, len(old))
	for i, x := range old {
		ids[i] = x.Draft
	}
	heads, err := s.Box.Store.DraftHeads(ctx, j.Actor, ids)
	if err != nil {
		return err
	}
	var changes []Change
	for _, x := range old {
		h, there := heads[x.Draft]
		c := Change{Rows: []int{x.Row}, From: []Step{ToSign, Released}, To: x.Step, At: now}
		switch {
		case !there:
			// Everything that was submitted so long ago is among the events.
			c.To, c.Why = Stopped, rem.Text{Turkish: "Taslak kaldırılmış; gönderilmedi.", English: "The draft was given up; it was not sent."}
		case h.Step == mailbox.Stopped:
			c.To, c.Why = Stopped, h.Why
		case x.Step == ToSign:
			continue // a person takes his time
		case h.Step == mailbox.Writing || h.Step == mailbox.ToSign:
			c.To, c.Why = Stopped, rem.Text{Turkish: "Taslak geri alınmış; gönderilmedi.", English: "The draft was taken back; it was not sent."}
		}
		changes = append(changes, c)
	}
	return s.Store.Apply(ctx, j.ID, changes, -1)
}
