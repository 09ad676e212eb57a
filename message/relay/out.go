package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"rem"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
)

// Out looks at one message for one other REM-MD: it offers the message, asks
// again where an answer is owed, and concludes what has run out of time. Doing
// it again is harmless. An error is a fault, and the task stays.
func (r *Relay) Out(ctx context.Context, task message.Task) error {
	view, err := r.Ledger.Message(ctx, task.Message)
	if err != nil {
		return fmt.Errorf("relaying %s: %w", task.Message, err)
	}
	// The Runner gives a message to one worker at a time, so an attempt that
	// stands open is one that a crash, or a fault, left.
	if err := r.leave(ctx, view, task.Target); err != nil {
		return err
	}
	if err := r.conclude(ctx, view, task.Target); err != nil {
		return err
	}
	if view, err = r.Ledger.Message(ctx, task.Message); err != nil {
		return fmt.Errorf("relaying %s: %w", task.Message, err)
	}
	taken := false
	if offered := r.offered(view, task.Target); len(offered) > 0 {
		if taken, err = r.offer(ctx, view, task, offered); err != nil {
			return err
		}
	}
	// An attempt that a stop of the program cut off is recorded all the same:
	// what is certain about it is certain only now.
	return r.reschedule(context.WithoutCancel(ctx), task, taken)
}

// to goes through the recipients at one other REM-MD: number and standing.
func to(view *message.View, domain string) iter.Seq2[int, message.Standing] {
	return func(yield func(int, message.Standing) bool) {
		for i := range view.Record.Recipients {
			rcpt := &view.Record.Recipients[i]
			if rcpt.Leg != message.Outbound || rcpt.Address.Provider() != domain {
				continue
			}
			if !yield(i+1, view.Standing(i+1)) {
				return
			}
		}
	}
}

// leave closes attempts that a crash left open: nobody can know about them.
func (r *Relay) leave(ctx context.Context, view *message.View, domain string) error {
	now := r.Clock.Now().UTC()
	step := message.Step{Message: view.Record.ID, At: now}
	for n, s := range to(view, domain) {
		if t, ok := message.Next(message.Outbound, s.State, message.LeaveAttempt); ok {
			step.Changes = append(step.Changes, r.change(n, t, now))
		}
	}
	if len(step.Changes) == 0 {
		return nil
	}
	if err := r.Ledger.Commit(ctx, step); err != nil && !errors.Is(err, message.ErrMoved) {
		return fmt.Errorf("closing an attempt of %s: %w", view.Record.ID, err)
	}
	return nil
}

// conclude makes the evidence that passed deadlines owe. Step 8.
func (r *Relay) conclude(ctx context.Context, view *message.View, domain string) error {
	now := r.Clock.Now().UTC()
	for n, s := range to(view, domain) {
		if s.Due.IsZero() || s.Due.After(now) {
			continue
		}
		switch s.State {
		case message.Relaying:
			d := r.failure(view, n, rem.PeerUnreachable, rem.Text{
				Turkish: "Uygulama esaslarındaki sürede alıcının sağlayıcısına ulaşılamadı.",
				English: "The recipient's provider could not be reached within the period of the practice statement.",
			})
			if err := r.settle(ctx, settlement{On: message.RelayDeadline, Draft: d}); err != nil {
				return err
			}
		case message.Asked, message.Relayed:
			d := r.base(&view.Record, evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, n, view.Filed)
			d.Reasons = []evidence.Reason{{Code: rem.NoDeliveryInformation, Detail: rem.Text{
				Turkish: "Uygulama esaslarındaki sürede alıcının sağlayıcısından teslim bilgisi gelmedi. Bu, iletinin teslim edilmediği anlamına gelmez.",
				English: "No delivery information came from the recipient's provider within the period of the practice statement. This does not say that the message was not delivered.",
			}}}
			if err := r.settle(ctx, settlement{On: message.AnswerDeadline, Draft: d}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Relay) failure(view *message.View, n int, reason rem.Reason, detail rem.Text) evidence.Draft {
	d := r.base(&view.Record, evidence.RelayREMMDFailure, evidence.Negative, n, view.Filed)
	d.Reasons = []evidence.Reason{{Code: reason, Detail: detail}}
	return d
}

// offered are the recipients for whom the message is offered now. First come
// those who cannot have it: the other side may take only so many at once, and the
// rest must not run out of time behind those who are only asked about.
func (r *Relay) offered(view *message.View, domain string) (numbers []int) {
	for _, state := range [...]message.State{message.Relaying, message.Asked} {
		for n, s := range to(view, domain) {
			if s.State == state {
				numbers = append(numbers, n)
			}
		}
	}
	return numbers
}

// offer makes one attempt. Steps 6 and 7. It reports whether the other REM-MD
// said that it took the message.
func (r *Relay) offer(ctx context.Context, view *message.View, task message.Task, offered []int) (taken bool, err error) {
	id := view.Record.ID
	original, err := r.Ledger.Open(ctx, view.Record.Original)
	if err != nil {
		return false, fmt.Errorf("relaying %s: opening the original: %w", id, err)
	}
	// Step 6: sign the dispatch once, and record that an attempt begins.
	begin := message.Step{Message: id, At: r.Clock.Now().UTC()}
	var dispatch message.Envelope
	if view.Envelope {
		if dispatch, err = r.Ledger.Envelope(ctx, id); err != nil {
			return false, fmt.Errorf("relaying %s: %w", id, err)
		}
	} else {
		submission, ok := view.Submission()
		if !ok {
			return false, fmt.Errorf("relaying %s: it has no submission evidence", id)
		}
		if submission, err = submission.Load(ctx, r.Ledger); err != nil {
			return false, fmt.Errorf("relaying %s: %w", id, err)
		}
		if dispatch, err = r.Envelope.Dispatch(ctx, &view.Record, original, submission, begin.At); err != nil {
			return false, fmt.Errorf("relaying %s: %w", id, err)
		}
		begin.Envelope = &dispatch
	}
	tx := smtp.Transaction{Sender: smtp.Path(r.Provider.Service.String()), EightBit: true}
	for _, n := range offered {
		tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(view.Record.Recipients[n-1].Address.String()), Notify: smtp.NotifyNever})
		if t, ok := message.Next(message.Outbound, view.Standing(n).State, message.BeginAttempt); ok {
			begin.Changes = append(begin.Changes, r.change(n, t, begin.At))
			// The deadline for relaying goes on while an attempt is under way.
			begin.Changes[len(begin.Changes)-1].Due = view.Standing(n).Due
		}
	}
	if len(begin.Changes) > 0 || begin.Envelope != nil {
		switch err := r.Ledger.Commit(ctx, begin); {
		case errors.Is(err, message.ErrMoved):
			return false, nil // news came; reschedule looks again
		case err != nil:
			return false, fmt.Errorf("recording an attempt to relay %s: %w", id, err)
		}
	}
	size := int64(len(dispatch.Head)) + original.Size() + int64(len(dispatch.Tail))
	tx.Size = size
	body := io.MultiReader(byteReader(dispatch.Head), io.NewSectionReader(original, 0, original.Size()), byteReader(dispatch.Tail))

	// Step 7: offer it, and record what is certain.
	attempt := r.Courier.Carry(ctx, task.Target, tx, body, size)
	r.Log.Info("relay attempt", "message", string(id), "to", task.Target, "recipients", len(offered), "class", attempt.Class.String(), "detail", attempt.Detail)
	return attempt.Class == Taken, r.after(context.WithoutCancel(ctx), id, task, offered, attempt)
}

// after records what is certain after an attempt.
func (r *Relay) after(ctx context.Context, id rem.MessageID, task message.Task, offered []int, a Attempt) error {
	for range maxMoves {
		view, err := r.Ledger.Message(ctx, id)
		if err != nil {
			return fmt.Errorf("relaying %s: %w", id, err)
		}
		now := r.Clock.Now().UTC()
		step := message.Step{Message: id, At: now}
		var refused []int
		for _, n := range offered {
			rcpt := view.Record.Recipient(n)
			on := message.LeaveAttempt
			switch why, turned := a.Refused[rcpt.Address]; {
			case why != "", !turned && a.Class == NotTaken && a.Permanent:
				on = message.RefuseAttempt
			case turned, a.Class == NotTaken:
				on = message.FailAttempt
			}
			s := view.Standing(n)
			t, ok := message.Next(message.Outbound, s.State, on)
			if !ok {
				continue // it was asked before and stays asked, or news came
			}
			if on == message.RefuseAttempt {
				refused = append(refused, n)
				continue
			}
			c := r.change(n, t, now)
			if on == message.FailAttempt {
				c.Due = s.Due
			}
			step.Changes = append(step.Changes, c)
		}
		if len(step.Changes) > 0 {
			switch err := r.Ledger.Commit(ctx, step); {
			case errors.Is(err, message.ErrMoved):
				continue
			case err != nil:
				return fmt.Errorf("recording what became of relaying %s: %w", id, err)
			}
		}
		for i, n := range refused {
			reason := cmp.Or(a.Refused[view.Record.Recipients[n-1].Address], a.Reason, rem.PolicyViolation)
			d := r.failure(view, n, reason, rem.Text{
				Turkish: "Alıcının sağlayıcısı iletiyi kabul etmedi.",
				English: "The recipient's provider did not accept the message.",
			})
			if err := r.settle(ctx, settlement{On: message.RefuseAttempt, Draft: d}); err != nil {
				return errors.Join(err, r.notTaken(ctx, id, refused[i:]))
			}
		}
		return nil
	}
	return fmt.Errorf("relaying %s: it moved %d times while an attempt was recorded", id, maxMoves)
}

// notTaken records of refused recipients, for whom there can be no evidence yet,
// what is certain: that the attempt did not take the message. They are offered,
// and refused, again; else the next look would take them for asked.
func (r *Relay) notTaken(ctx context.Context, id rem.MessageID, numbers []int) error {
	view, err := r.Ledger.Message(ctx, id)
	if err != nil {
		return err
	}
	now := r.Clock.Now().UTC()
	step := message.Step{Message: id, At: now}
	for _, n := range numbers {
		s := view.Standing(n)
		if t, ok := message.Next(message.Outbound, s.State, message.FailAttempt); ok {
			c := r.change(n, t, now)
			c.Due = s.Due
			step.Changes = append(step.Changes, c)
		}
	}
	if len(step.Changes) == 0 {
		return nil
	}
	if err := r.Ledger.Commit(ctx, step); err != nil && !errors.Is(err, message.ErrMoved) {
		return err
	}
	return nil
}

// maxMoves bounds how often a step is decided again because another came first.
// A message moves a handful of times in its whole life.
const maxMoves = 16

// reschedule says when to look again, or takes the task out of the queue.
func (r *Relay) reschedule(ctx context.Context, task message.Task, taken bool) error {
	put := false
	for {
		view, err := r.Ledger.Message(ctx, task.Message)
		if err != nil {
			return fmt.Errorf("relaying %s: %w", task.Message, err)
		}
		now := r.Clock.Now().UTC()
		next := r.next(view, task, taken, now)
		if next.IsZero() {
			return r.Ledger.Hint(ctx, message.Step{Message: task.Message, At: now, Done: []message.Task{task}})
		}
		if put {
			return nil
		}
		// An answer that came since the view was read has taken the task out, and
		// this would put it back; so look once more.
		again := task
		again.Due, put = next, true
		if err := r.Ledger.Hint(ctx, message.Step{Message: task.Message, At: now, Again: []message.Task{again}}); err != nil {
			return err
		}
	}
}

// next is when there is something to do for the recipients at one REM-MD.
func (r *Relay) next(view *message.View, task message.Task, taken bool, now time.Time) (next time.Time) {
	earliest := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, s := range to(view, task.Target) {
		switch s.State {
		case message.Relaying:
			earliest(now.Add(r.Practice.Backoff(task.Attempts + 1)))
			earliest(s.Due)
		case message.Attempting: // only after a fault
			earliest(now.Add(r.Practice.Backoff(task.Attempts + 1)))
		case message.Asked:
			// Who took it owes an answer, and time to give it. Who may not have
			// it, because it was never reached or its reply was lost, is asked
			// again as soon as one that certainly has it not.
			again := r.Practice.AskAgain
			if !taken {
				again = min(again, r.Practice.Backoff(task.Attempts+1))
			}
			earliest(now.Add(again))
			earliest(s.Due)
		case message.Relayed:
			earliest(s.Due)
		}
	}
	return next
}

func (r *Relay) change(n int, t message.Transition, now time.Time) message.Change {
	return message.Change{Recipient: n, From: t.From, To: t.To, On: t.On, Due: message.Due(&r.Practice, t.Until, now)}
}

// String names the class in logs.
func (c Class) String() string {
	switch c {
	case NotTaken:
		return "not-taken"
	case Taken:
		return "taken"
	case Unknown:
		return "unknown"
	}
	return "no class"
}
