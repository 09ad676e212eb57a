package retrieval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"rem"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/privacy"
	"rem/provider"
)

// A Ledger keeps what retrieval decides; see [message.Ledger] for the promises.
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	Intend(ctx context.Context, in message.Intention) (message.Kept, error)
	Commit(ctx context.Context, s message.Step) error
	Abandon(ctx context.Context, key string) error
	Unfinished(ctx context.Context, stage message.Stage) ([]message.Kept, error)
	Open(ctx context.Context, ref message.Ref) (message.Content, error)
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A Retriever carries the stage out. Its fields are set before its first use;
// it may be used concurrently.
type Retriever struct {
	Provider provider.REMMD
	Practice provider.Practice
	Ledger   Ledger
	Accounts Accounts
	Signer   *evidence.Signer
	Clock    rem.Clock

	again recent
}

// Login is who opens: the account, the natural person and how he proved it.
type Login struct {
	Actor          rem.Actor
	Authentication message.Authentication
	// Name is that of the person, which the evidence of the first opening shows.
	Name privacy.Value
}

// Open gives the original message to an authorised person. The evidence of the
// first opening is durable before the content is returned, and so is the record of a
// later one; what follows within an hour of a recorded one is the same opening. A
// *rem.Refusal says that this person may not.
func (r *Retriever) Open(ctx context.Context, who Login, id rem.MessageID, n int) (message.Content, error) {
	o := opening{id, n, who.Actor.Account, who.Actor.Person}
	if where, ok := r.again.find(o, r.Clock.Now().UTC()); ok {
		if _, _, err := r.reader(ctx, who, id); err != nil {
			return nil, err
		}
		return r.content(ctx, &where)
	}
	view, to, err := r.find(ctx, id, n)
	if err != nil {
		return nil, err
	}
	if to.Account == "" || to.Account != who.Actor.Account || !arrived(view.Standing(n).State) {
		// Absent and foreign look the same, and so does what has not arrived:
		// nobody reads before there is evidence of delivery.
		return nil, fmt.Errorf("opening %s: %w", id, message.ErrNotFound)
	}
	a, now, err := r.reader(ctx, who, id)
	if err != nil {
		return nil, err
	}
	content, err := r.content(ctx, &view.Record)
	if err != nil {
		return nil, err
	}
	if _, first := message.Next(to.Leg, view.Standing(n).State, message.Open); first {
		// What is damaged is found before there is evidence that it was read.
		if _, err := io.Copy(io.Discard, io.NewSectionReader(content, 0, content.Size())); err != nil {
			return nil, fmt.Errorf("opening %s: %w", id, err)
		}
		// Step 14: record the intention, with who it was.
		d := r.draft(view, n)
		d.Outcome = evidence.Positive
		d.ID = rem.NewEvidenceID(id, d.Kind.Code(d.Outcome), n, r.Provider.HSCode())
		d.RecipientAuthentication = evidence.Authentication(who.Authentication)
		d.Delegates = []evidence.Delegate{{Party: party(&a, who), Recipients: []int{n}}}
		d.Log = []evidence.LogEntry{{Event: "retrieval", Time: d.EventTime, Actor: string(who.Actor.Person)}}
		recorded, err := r.carryOut(ctx, d, who.Actor)
		if err != nil {
			return nil, err
		}
		if recorded {
			r.again.add(o, now, &view.Record)
			return content, nil
		}
	}
	// Somebody else may have asked for the same meanwhile.
	if _, ok := r.again.find(o, now); ok {
		return content, nil
	}
	err = r.Ledger.Commit(ctx, message.Step{Message: id, At: now, Actor: who.Actor, Opens: n})
	if err != nil {
		return nil, fmt.Errorf("recording who opened %s: %w", id, err)
	}
	r.again.add(o, now, &view.Record)
	return content, nil
}

// reader judges whether the person may read on the account at this moment, which it
// returns.
func (r *Retriever) reader(ctx context.Context, who Login, id rem.MessageID) (a account.Account, now time.Time, err error) {
	if a, err = r.Accounts.Account(ctx, who.Actor.Account); err != nil {
		return a, now, fmt.Errorf("opening %s: %w", id, err)
	}
	now = r.Clock.Now().UTC()
	if refusal := a.MayRead(who.Actor.Person, now); refusal != nil {
		return a, now, refusal
	}
	return a, now, nil
}

func (r *Retriever) content(ctx context.Context, of *message.Record) (message.Content, error) {
	whole, err := r.Ledger.Open(ctx, of.Original)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", of.ID, err)
	}
	return message.OriginalIn(whole, of), nil
}

// arrived reports whether a message in this state is in the mailbox.
func arrived(s message.State) bool {
	return s == message.Delivered || s == message.Retrieved || s == message.NotRetrieved
}

// Do looks at one message whose retrieval period is over.
func (r *Retriever) Do(ctx context.Context, task message.Task) error {
	n, err := strconv.Atoi(task.Target)
	if err != nil {
		return fmt.Errorf("looking at the retrieval of %s: the target %q is no recipient's number", task.Message, task.Target)
	}
	view, to, err := r.find(ctx, task.Message, n)
	if err != nil {
		return err
	}
	now := r.Clock.Now().UTC()
	standing := view.Standing(n)
	_, waits := message.Next(to.Leg, standing.State, message.RetrievalDeadline)
	switch {
	case !waits:
		return r.Ledger.Commit(ctx, message.Step{Message: task.Message, At: now, Done: []message.Task{task}})
	case standing.Due.After(now):
		task.Due = standing.Due
		return r.Ledger.Commit(ctx, message.Step{Message: task.Message, At: now, Again: []message.Task{task}})
	}
	d := r.draft(view, n)
	d.Outcome = evidence.Negative
	d.ID = rem.NewEvidenceID(task.Message, d.Kind.Code(d.Outcome), n, r.Provider.HSCode())
	d.Reasons = []evidence.Reason{{Code: rem.RetentionPeriodExpired, Detail: r.notOpened()}}
	d.Log = []evidence.LogEntry{{Event: "retrieval period over", Time: d.EventTime, Actor: r.Provider.HSCode()}}
	_, err = r.carryOut(ctx, d, rem.Actor{})
	return err
}

// Resume finishes what was intended before a crash; see [message.Resume].
func (r *Retriever) Resume(ctx context.Context) error {
	_, err := message.Resume(ctx, r.Ledger, message.RetrievalStage, nil, r.Finish)
	return err
}

// Finish goes on from an intention that was left without its step. An opening is
// given up: who wanted to open was given nothing, since the content comes after
// the evidence.
func (r *Retriever) Finish(ctx context.Context, kept message.Kept) error {
	d, err := evidence.UnmarshalDraft(kept.Body)
	if err != nil {
		return fmt.Errorf("reading the intention %s: %w", kept.Key, err)
	}
	if d.Outcome == evidence.Positive || kept.Ahead(r.Clock.Now()) {
		return r.Ledger.Abandon(ctx, kept.Key)
	}
	_, err = r.finish(ctx, kept.Key, d, rem.Actor{})
	return err
}

func (r *Retriever) notOpened() rem.Text {
	if r.Practice.DeemedRead > 0 {
		return rem.Text{
			Turkish: "Uygulama esaslarındaki sürede açılmadı; uygulama esaslarına göre okunmuş sayılır.",
			English: "Not opened within the period of the practice statement, by which it is deemed read.",
		}
	}
	return rem.Text{
		Turkish: "Uygulama esaslarındaki sürede açılmadı.",
		English: "Not opened within the period of the practice statement.",
	}
}

// carryOut records the intention and goes on from it. After a fault an opening
// is given up, as its content is not given, and so is the end of a period that was
// over only by a wrong clock: somebody may still open (AT-25). It reports whether this opening is
// what was recorded.
func (r *Retriever) carryOut(ctx context.Context, d evidence.Draft, by rem.Actor) (recorded bool, err error) {
	stands, err := r.intend(ctx, d)
	if err != nil {
		return false, fmt.Errorf("recording the intention about the retrieval of %s: %w", d.Message.ID, err)
	}
	if stands.Outcome == evidence.Negative {
		by = rem.Actor{}
	}
	recorded, err = r.finish(ctx, key(&d), stands, by)
	if err != nil && (stands.Outcome == evidence.Positive || errors.Is(err, evidence.ErrClock)) {
		err = errors.Join(err, r.Ledger.Abandon(context.WithoutCancel(ctx), key(&d)))
	}
	return recorded && stands.Outcome == evidence.Positive, err
}

// key is one for both outcomes and all who open.
func key(d *evidence.Draft) string { return fmt.Sprintf("retrieval/%s/%d", d.Message.ID, d.RefersTo) }

// maxTries bounds how often an opening takes the place of another: more than one
// mailbox has readers at one moment.
const maxTries = 32

// intend records the intention and returns what stands. The end of the period,
// once intended, stands. An opening gives way to whoever comes next: it is left
// from a fault, or under way at this moment, and then the first step decides. So
// an evidence never names somebody who was given nothing.
func (r *Retriever) intend(ctx context.Context, d evidence.Draft) (stands evidence.Draft, err error) {
	in := message.Intention{Key: key(&d), Stage: message.RetrievalStage, At: d.EventTime, Body: evidence.MarshalDraft(d)}
	for range maxTries {
		kept, err := message.Intend(ctx, r.Ledger, in)
		if err != nil {
			return stands, err
		}
		if bytes.Equal(kept.Body, in.Body) {
			return d, nil
		}
		if stands, err = evidence.UnmarshalDraft(kept.Body); err != nil {
			return stands, fmt.Errorf("reading the intention %s: %w", kept.Key, err)
		}
		if stands.Outcome == evidence.Negative {
			return stands, nil
		}
		if err := r.Ledger.Abandon(ctx, in.Key); err != nil {
			return stands, err
		}
	}
	return stands, fmt.Errorf("%d others came between", maxTries)
}

// finish is steps 15 and 16: sign, record the result and hand on. It reports
// whether the evidence, and with it the opening, was recorded.
func (r *Retriever) finish(ctx context.Context, key string, d evidence.Draft, by rem.Actor) (recorded bool, err error) {
	id, n := d.Message.ID, d.RefersTo
	view, to, err := r.find(ctx, id, n)
	if err != nil {
		return false, err
	}
	on := message.Open
	if d.Outcome == message.Negative {
		on = message.RetrievalDeadline
	}
	task := message.Task{Stage: message.RetrievalStage, Message: id, Target: strconv.Itoa(n)}
	t, ok := message.Next(to.Leg, view.Standing(n).State, on)
	if !ok {
		return false, r.Ledger.Commit(ctx, message.Step{Message: id, At: d.EventTime, Resolves: key, Done: []message.Task{task}})
	}
	prepared, err := evidence.Prepare(d)
	if err != nil {
		return false, err
	}
	signed, err := prepared.Sign(ctx, r.Signer)
	if err != nil {
		return false, err
	}
	step := message.Step{
		Message: id, At: d.EventTime, Actor: by, Resolves: key,
		Changes: []message.Change{{Recipient: n, From: t.From, To: t.To, On: on}},
		Filed:   []message.Filed{signed.FiledAs(t.Owes.NoInformation)},
		Done:    []message.Task{task},
	}
	if d.Outcome == message.Positive {
		step.Opens = n
	}
	if t.Tells&message.TellPeer != 0 {
		step.Queue = []message.Task{{Stage: message.ReturnStage, Message: id, Target: string(signed.ID), Due: d.EventTime}}
	}
	switch err := r.Ledger.Commit(ctx, step); {
	case errors.Is(err, message.ErrMoved):
		return false, nil // somebody was first
	case err != nil:
		return false, fmt.Errorf("recording the retrieval of %s by recipient %d: %w", id, n, err)
	}
	return true, nil
}

func (r *Retriever) find(ctx context.Context, id rem.MessageID, n int) (*message.View, *message.Recipient, error) {
	view, err := r.Ledger.Message(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("looking for %s: %w", id, err)
	}
	to := view.Record.Recipient(n)
	if to == nil {
		return nil, nil, fmt.Errorf("looking for recipient %d of %s: %w", n, id, message.ErrNotFound)
	}
	return view, to, nil
}

func (r *Retriever) draft(v *message.View, n int) evidence.Draft {
	d := evidence.About(&v.Record)
	d.Kind, d.RefersTo = evidence.RetrievalNonRetrievalByRecipient, n
	d.PolicyIDs = r.Practice.PolicyIDs
	d.Issuer = evidence.Party{Name: r.Provider.Name.Turkish, Address: r.Provider.Service}
	d.EventTime = r.Clock.Now().UTC()
	d.Answers = evidence.AnswerTo(v.Filed, n)
	return d
}

// party names the natural person who opened the message.
func party(a *account.Account, who Login) evidence.Party {
	return evidence.Party{Address: a.Address, Person: who.Actor.Person, Name: who.Name.Text()}
}
