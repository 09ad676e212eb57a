package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/envelope"
)

// returnPeriod bounds how long we try to give an evidence back. After it the
// sender's REM-MD is long overdue, and the evidence stays here for whoever
// asks. As many attempts as fit into it have to have failed, too: a clock that is
// a year ahead for a moment ends nothing (AT-25).
const returnPeriod = 30 * 24 * time.Hour

// Back gives our evidence about a message to the sender's REM-MD: all that is
// due, in as few envelopes as can hold it. The tasks are of one message; the
// target of each is an evidence. Sending it again is harmless. After a fault the
// error is a *message.Unfinished with those that were not sent.
func (r *Relay) Back(ctx context.Context, tasks []message.Task) error {
	var left []message.Task
	var faults error
	for some := range slices.Chunk(tasks, envelope.MaxEvidence) {
		if err := r.back(ctx, some); err != nil {
			left, faults = append(left, some...), errors.Join(faults, err)
		}
	}
	if left == nil {
		return nil
	}
	return &message.Unfinished{Tasks: left, Err: faults}
}

func (r *Relay) back(ctx context.Context, tasks []message.Task) error {
	id := tasks[0].Message
	view, err := r.Ledger.Message(ctx, id)
	if err != nil {
		return fmt.Errorf("answering about %s: %w", id, err)
	}
	domain := view.Record.Origin
	to, ok := r.Service(domain)
	if !ok {
		r.Alarm("no service address for the sender's REM-MD", id, domain)
		return r.later(ctx, view, tasks)
	}
	var filed []message.Filed
	for _, t := range tasks {
		f, ok := view.Evidence(rem.EvidenceID(t.Target))
		if !ok {
			return fmt.Errorf("answering about %s: evidence %s: %w", id, t.Target, message.ErrNotFound)
		}
		if f, err = f.Load(ctx, r.Ledger); err != nil {
			return fmt.Errorf("answering about %s: %w", id, err)
		}
		filed = append(filed, f)
	}
	signed, err := r.Envelope.Message(ctx, &view.Record, filed, to, r.Clock.Now().UTC())
	if err != nil {
		return fmt.Errorf("answering about %s: %w", id, err)
	}
	// The null sender: nothing answers an answer (AT-12, RFC 5321 4.5.5).
	tx := smtp.Transaction{
		Recipients: []smtp.Recipient{{Path: smtp.Path(to.String()), Notify: smtp.NotifyNever}},
		Size:       int64(len(signed)), EightBit: true,
	}
	a := r.Courier.Carry(ctx, domain, tx, bytes.NewReader(signed), int64(len(signed)))
	r.Log.Info("answer", "message", string(id), "to", domain, "evidences", len(filed), "class", a.Class.String(), "detail", a.Detail)
	switch {
	case a.Class == Taken:
		return r.Ledger.Hint(ctx, message.Step{Message: id, At: r.Clock.Now().UTC(), Done: tasks})
	case a.Class == NotTaken && a.Permanent:
		r.Alarm("the sender's REM-MD refuses our evidence", id, a.Detail)
		return r.Ledger.Commit(ctx, message.Step{Message: id, At: r.Clock.Now().UTC(), Done: tasks, Note: "evidence refused by " + domain})
	}
	return r.later(ctx, view, tasks)
}

// later puts tasks back, and gives up those that are too old.
func (r *Relay) later(ctx context.Context, view *message.View, tasks []message.Task) error {
	id, now := view.Record.ID, r.Clock.Now().UTC()
	step := message.Step{Message: id, At: now}
	for _, t := range tasks {
		f, _ := view.Evidence(rem.EvidenceID(t.Target)) // one that is not there is too old
		if now.Sub(f.Time) > returnPeriod && time.Duration(t.Attempts)*r.Practice.LastRetry > returnPeriod {
			r.Alarm("an evidence could not be returned", id, t.Target)
			step.Done = append(step.Done, t)
			continue
		}
		t.Due = now.Add(r.Practice.Backoff(t.Attempts + 1))
		step.Again = append(step.Again, t)
	}
	return r.Ledger.Hint(ctx, step)
}
