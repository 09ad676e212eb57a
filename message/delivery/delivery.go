package delivery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"rem"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/provider"
)

// A Ledger keeps what delivery decides; see [message.Ledger] for the promises.
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	Intend(ctx context.Context, in message.Intention) (message.Kept, error)
	Commit(ctx context.Context, s message.Step) error
	Abandon(ctx context.Context, key string) error
	Unfinished(ctx context.Context, stage message.Stage) ([]message.Kept, error)
	Usage(ctx context.Context, account rem.AccountID) (message.Usage, error)
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// Notices tells people, without content. It does not fail: a notice is a
// courtesy, the evidence is the promise (REQ-67).
type Notices interface {
	// Arrived says that a message came into the account's mailbox.
	Arrived(ctx context.Context, account rem.AccountID)
	// Filling says that the mailbox has passed a step of its quota, in percent.
	Filling(ctx context.Context, account rem.AccountID, percent int)
}

// warnings are the steps of the quota at which the holder is told (REQ-70).
var warnings = [...]int{100, 90, 80}

// A Deliverer carries the stage out. Its fields are set before its first use;
// it may be used concurrently.
type Deliverer struct {
	Provider provider.REMMD
	Practice provider.Practice
	Ledger   Ledger
	Accounts Accounts
	Notices  Notices
	Signer   *evidence.Signer
	Clock    rem.Clock
}

// Do delivers to one recipient. Doing it again keeps its first result. An error
// is a fault, and the task stays.
func (d *Deliverer) Do(ctx context.Context, task message.Task) error {
	n, err := strconv.Atoi(task.Target)
	if err != nil {
		return fmt.Errorf("delivering %s: the target %q is no recipient's number", task.Message, task.Target)
	}
	view, err := d.Ledger.Message(ctx, task.Message)
	if err != nil {
		return fmt.Errorf("delivering %s: %w", task.Message, err)
	}
	to := view.Record.Recipient(n)
	if to == nil {
		return fmt.Errorf("delivering %s: it has no recipient %d", task.Message, n)
	}
	from := view.Standing(n).State
	if _, waits := message.Next(to.Leg, from, message.Deliver); !waits {
		return d.Ledger.Commit(ctx, message.Step{Message: task.Message, At: d.Clock.Now().UTC(), Done: []message.Task{task}})
	}

	// Step 11: check, and record the intention.
	refusal, err := d.check(ctx, to)
	if err != nil {
		return fmt.Errorf("delivering %s to recipient %d: %w", task.Message, n, err)
	}
	draft := d.draft(view, n, refusal)
	// An intention that can never be signed for would stay for ever, such as one
	// by a clock that is before the submission (AT-25).
	if err := evidence.Check(draft); err != nil {
		return fmt.Errorf("delivering %s to recipient %d: %w", task.Message, n, err)
	}
	kept, err := message.Intend(ctx, d.Ledger, message.Intention{
		Key: key(task.Message, n), Stage: message.DeliveryStage, At: draft.EventTime, Body: evidence.MarshalDraft(draft),
	})
	if err != nil {
		return fmt.Errorf("recording the intention to deliver %s to recipient %d: %w", task.Message, n, err)
	}
	return d.finish(ctx, kept)
}

// Resume finishes what was intended before a crash; see [message.Resume].
func (d *Deliverer) Resume(ctx context.Context) error {
	_, err := message.Resume(ctx, d.Ledger, message.DeliveryStage, nil, d.Finish)
	return err
}

// Finish goes on from an intention that was left without its step.
func (d *Deliverer) Finish(ctx context.Context, kept message.Kept) error {
	if kept.Ahead(d.Clock.Now()) {
		return d.Ledger.Abandon(ctx, kept.Key)
	}
	return d.finish(ctx, kept)
}

func key(id rem.MessageID, n int) string { return fmt.Sprintf("delivery/%s/%d", id, n) }

// finish is steps 12 and 13: sign, record the result and hand on.
func (d *Deliverer) finish(ctx context.Context, kept message.Kept) error {
	draft, err := evidence.UnmarshalDraft(kept.Body)
	if err != nil {
		return fmt.Errorf("reading the intention %s: %w", kept.Key, err)
	}
	id, n := draft.Message.ID, draft.RefersTo
	view, err := d.Ledger.Message(ctx, id)
	if err != nil {
		return fmt.Errorf("delivering %s: %w", id, err)
	}
	to := view.Record.Recipient(n)
	if to == nil {
		return fmt.Errorf("delivering %s: it has no recipient %d", id, n)
	}
	on := message.Deliver
	if draft.Outcome == message.Negative {
		on = message.RefuseDelivery
	}
	task := message.Task{Stage: message.DeliveryStage, Message: id, Target: strconv.Itoa(n)}
	t, ok := message.Next(to.Leg, view.Standing(n).State, on)
	if !ok { // its step was recorded after all
		return d.Ledger.Commit(ctx, message.Step{Message: id, At: draft.EventTime, Resolves: kept.Key, Done: []message.Task{task}})
	}
	prepared, err := evidence.Prepare(draft)
	if err != nil {
		return err
	}
	signed, err := prepared.Sign(ctx, d.Signer)
	if err != nil {
		return err
	}
	step := message.Step{
		Message: id, At: draft.EventTime, Resolves: kept.Key,
		// The retrieval period begins when the message can be opened: after a
		// stop, later than the event.
		Changes: []message.Change{{Recipient: n, From: t.From, To: t.To, On: on, Due: message.Due(&d.Practice, t.Until, d.Clock.Now().UTC())}},
		Filed:   []message.Filed{signed.FiledAs(t.Owes.NoInformation)},
		Done:    []message.Task{task},
	}
	if on == message.Deliver {
		step.Arrivals = []message.Arrival{{Account: to.Account, Recipient: n, Time: draft.EventTime, Size: view.Record.Size}}
	}
	if t.Next == message.RetrievalStage {
		step.Queue = append(step.Queue, message.Task{Stage: t.Next, Message: id, Target: task.Target, Due: step.Changes[0].Due})
	}
	if t.Tells&message.TellPeer != 0 {
		step.Queue = append(step.Queue, message.Task{Stage: message.ReturnStage, Message: id, Target: string(signed.ID), Due: draft.EventTime})
		if f, ok := lingering(view, n, draft.EventTime); ok {
			step.Queue = append(step.Queue, message.Task{Stage: message.ReturnStage, Message: id, Target: string(f.ID), Due: draft.EventTime})
		}
	}
	switch err := d.Ledger.Commit(ctx, step); {
	case errors.Is(err, message.ErrMoved):
		return nil // somebody was first; the task is gone with his step
	case err != nil:
		return fmt.Errorf("recording the delivery of %s to recipient %d: %w", id, n, err)
	}
	if on == message.Deliver {
		d.tell(ctx, to.Account, view.Record.Size)
	}
	return nil
}

// lingering finds the evidence of taking over that still waits for this one
// ([message.AnswerLinger]).
func lingering(v *message.View, n int, now time.Time) (message.Filed, bool) {
	for _, f := range v.Filed {
		if f.Kind == message.RelayREMMDAcceptanceRejection && f.Recipient == n && f.Issuer != v.Record.Origin {
			since := v.Standing(n).Since
			return f, now.Sub(since) < message.AnswerLinger
		}
	}
	return message.Filed{}, false
}

// check says why the recipient cannot have the message; nil when he can.
func (d *Deliverer) check(ctx context.Context, to *message.Recipient) (*rem.Refusal, error) {
	unknown := rem.Refuse(rem.UnknownRecipient, "Bu adreste açık bir KEP hesabı yok.", "There is no open KEP account with this address.")
	if to.Account == "" {
		return unknown, nil
	}
	a, err := d.Accounts.Account(ctx, to.Account)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return unknown, nil
	case err != nil:
		return nil, fmt.Errorf("looking for the recipient's account: %w", err)
	case !a.State.Allows(account.Receive):
		return rem.Refuse(rem.UnknownRecipient, "Alıcının KEP hesabı kapalı.", "The recipient's KEP account is closed."), nil
	case a.Address != to.Address:
		return unknown, nil // AT-14: the account is another's now
	}
	return nil, nil
}

func (d *Deliverer) draft(v *message.View, n int, refusal *rem.Refusal) evidence.Draft {
	now := d.Clock.Now().UTC()
	e := evidence.About(&v.Record)
	e.Kind, e.Outcome, e.RefersTo = evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, n
	if refusal != nil {
		e.Outcome = evidence.Negative
		e.Reasons = []evidence.Reason{{Code: refusal.Reason, Detail: refusal.Detail}}
	}
	e.ID = rem.NewEvidenceID(v.Record.ID, e.Kind.Code(e.Outcome), n, d.Provider.HSCode())
	e.PolicyIDs = d.Practice.PolicyIDs
	e.Issuer = evidence.Party{Name: d.Provider.Name.Turkish, Address: d.Provider.Service}
	e.EventTime = now
	e.Log = []evidence.LogEntry{{Event: "delivery", Time: now, Actor: d.Provider.HSCode()}}
	e.Answers = evidence.AnswerTo(v.Filed, n)
	return e
}

// tell gives the notices after the result is durable.
func (d *Deliverer) tell(ctx context.Context, to rem.AccountID, size int64) {
	if d.Notices == nil {
		return
	}
	d.Notices.Arrived(ctx, to)
	u, err := d.Ledger.Usage(ctx, to)
	if err != nil || u.Quota <= 0 {
		return // a notice is a courtesy
	}
	before := message.Usage{Bytes: u.Bytes - size, Quota: u.Quota}
	for _, percent := range warnings {
		if u.Percent() >= percent && before.Percent() < percent {
			d.Notices.Filling(ctx, to, percent)
			return
		}
	}
}
