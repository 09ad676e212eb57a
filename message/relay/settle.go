package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"rem/message"
	"rem/message/evidence"
)

// A settlement is an event of one of our messages that owes an evidence of
// ours: a deadline, a refusal, a rejection by the other REM-MD.
type settlement struct {
	On    message.Event
	Draft evidence.Draft
	// Received is the other REM-MD's evidence that brought it about, if one did.
	Received *message.Filed
}

// settlementVersion is that of the stored form (docs/formats/journal.md).
const settlementVersion = 1

type storedSettlement struct {
	Version  int
	On       message.Event
	Draft    []byte
	Received *message.Filed `json:",omitempty"`
}

func settlementKey(d *evidence.Draft) string {
	return fmt.Sprintf("relay/%s/%d/%s", d.Message.ID, d.RefersTo, d.Kind.Code(d.Outcome))
}

// settle records the intention, signs and records the result. An intention
// that is already there stands. What a wrong clock decides is given up: by a right
// one the message may go another way, and nobody would come back to it (AT-25).
func (r *Relay) settle(ctx context.Context, s settlement) error {
	if err := evidence.Check(s.Draft); err != nil {
		return fmt.Errorf("settling %s: %w", s.Draft.Message.ID, err) // such as an event before the submission
	}
	body, err := json.Marshal(storedSettlement{settlementVersion, s.On, evidence.MarshalDraft(s.Draft), s.Received})
	if err != nil {
		return fmt.Errorf("writing an intention: %w", err)
	}
	kept, err := message.Intend(ctx, r.Ledger, message.Intention{
		Key: settlementKey(&s.Draft), Stage: message.RelayStage, At: s.Draft.EventTime, Body: body,
	})
	if err != nil {
		return fmt.Errorf("recording the intention %s: %w", settlementKey(&s.Draft), err)
	}
	err = r.finishSettlement(ctx, kept)
	if errors.Is(err, evidence.ErrClock) && bytes.Equal(kept.Body, body) {
		err = errors.Join(err, r.Ledger.Abandon(context.WithoutCancel(ctx), kept.Key))
	}
	return err
}

func (r *Relay) finishSettlement(ctx context.Context, kept message.Kept) error {
	var stored storedSettlement
	if err := json.Unmarshal(kept.Body, &stored); err != nil {
		return fmt.Errorf("reading the intention %s: %w", kept.Key, err)
	}
	if stored.Version != settlementVersion {
		return fmt.Errorf("reading the intention %s: version %d, this program knows %d", kept.Key, stored.Version, settlementVersion)
	}
	d, err := evidence.UnmarshalDraft(stored.Draft)
	if err != nil {
		return fmt.Errorf("reading the intention %s: %w", kept.Key, err)
	}
	id, n := d.Message.ID, d.RefersTo
	view, err := r.Ledger.Message(ctx, id)
	if err != nil {
		return fmt.Errorf("settling %s: %w", id, err)
	}
	t, ok := message.Next(message.Outbound, view.Standing(n).State, stored.On)
	if !ok {
		// It was recorded after all, or other news came first and stands.
		if err := r.Ledger.Abandon(ctx, kept.Key); err != nil {
			return fmt.Errorf("abandoning %s: %w", kept.Key, err)
		}
		return nil
	}
	prepared, err := evidence.Prepare(d)
	if err != nil {
		return err
	}
	signed, err := prepared.Sign(ctx, r.Signer)
	if err != nil {
		return err
	}
	step := message.Step{
		Message: id, At: d.EventTime, Resolves: kept.Key,
		Changes: []message.Change{r.change(n, t, d.EventTime)},
	}
	if stored.Received != nil {
		step.Filed = append(step.Filed, *stored.Received)
	}
	step.Filed = append(step.Filed, signed.FiledAs(t.Owes.NoInformation))
	switch err := r.Ledger.Commit(ctx, step); {
	case errors.Is(err, message.ErrMoved):
		return r.finishSettlement(ctx, kept) // decide again by what stands now
	case err != nil:
		return fmt.Errorf("recording the settlement of %s: %w", id, err)
	}
	return nil
}

// Resume finishes what was intended before a crash, on every side of relay; see
// [message.Resume].
func (r *Relay) Resume(ctx context.Context) error {
	_, err := message.Resume(ctx, r.Ledger, message.RelayStage, nil, r.Finish)
	return err
}

// Finish goes on from an intention that was left without its step.
func (r *Relay) Finish(ctx context.Context, kept message.Kept) error {
	switch {
	case kept.Ahead(r.Clock.Now()):
		return r.Ledger.Abandon(ctx, kept.Key)
	case strings.HasPrefix(kept.Key, "relay-in/"):
		return r.finishIn(ctx, kept)
	}
	return r.finishSettlement(ctx, kept)
}

func byteReader(b []byte) io.Reader { return bytes.NewReader(b) }
