package relay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rem"
	"rem/message"
	"rem/message/evidence"
)

// answers files evidence of another REM-MD about our messages. Steps 17 to 19.
func (r *Relay) answers(ctx context.Context, domain string, in Incoming) error {
	for start := 0; start < len(in.Filed); {
		end := start + 1
		for end < len(in.Filed) && in.Filed[end].Message == in.Filed[start].Message {
			end++
		}
		if err := r.answersAbout(ctx, domain, in.Filed[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// answersAbout files what one envelope says about one message, in one step
// where it can.
func (r *Relay) answersAbout(ctx context.Context, domain string, abouts []About) error {
	id := abouts[0].Message
	for range maxMoves {
		view, err := r.Ledger.Message(ctx, id)
		if errors.Is(err, message.ErrNotFound) {
			r.Alarm("evidence about a message that we do not have", id, domain)
			return rem.Refuse(rem.PolicyViolation, "Delilin ait olduğu ileti burada yok.", "The evidence is about a message that is not here.")
		}
		if err != nil {
			return fmt.Errorf("looking for %s: %w", id, err)
		}
		step, settle, err := r.judge(view, domain, abouts)
		if err != nil {
			return err
		}
		if len(step.Filed) > 0 {
			switch err := r.Ledger.Commit(ctx, step); {
			case errors.Is(err, message.ErrMoved):
				continue
			case err != nil:
				return fmt.Errorf("filing evidence about %s: %w", id, err)
			}
		}
		if len(settle) == 0 {
			return nil
		}
		for _, s := range settle {
			if err := r.settle(ctx, s); err != nil {
				return err
			}
		}
		// What was settled may have been another intention that stood, or other
		// news came first. Look again: what is answered with 250 is filed.
	}
	return fmt.Errorf("filing evidence about %s: it moved %d times", id, maxMoves)
}

// judge decides what evidences mean for a message as it stands.
func (r *Relay) judge(view *message.View, domain string, abouts []About) (message.Step, []settlement, error) {
	id, now := view.Record.ID, r.Clock.Now().UTC()
	step := message.Step{Message: id, At: now}
	var settle []settlement
	state := map[int]message.State{}
	for _, about := range abouts {
		f := about.Filed
		f.Recipient = place(&view.Record, about)
		rcpt := view.Record.Recipient(f.Recipient)
		if view.Record.Origin != r.Provider.Domain || rcpt == nil || rcpt.Leg != message.Outbound ||
			!r.same(rcpt.Address.Provider(), domain) || !r.same(f.Issuer, domain) || about.Digest != view.Record.Digest || r.borrowed(f) {
			r.Alarm("evidence does not fit the message that it names", id, domain)
			return step, nil, rem.Refuse(rem.PolicyViolation, "Delil, adı geçen iletiye uymuyor.", "The evidence does not fit the message that it names.")
		}
		n := f.Recipient
		if _, seen := state[n]; !seen {
			state[n] = view.Standing(n).State
		}
		if has(view.Filed, f) || has(step.Filed, f) {
			continue // a repetition
		}
		on, ok := message.PeerEvent(f.Kind, f.Outcome)
		if !ok {
			r.Alarm("evidence of a kind that no REM-MD owes us", id, f.Kind.String())
			return step, nil, rem.Refuse(rem.PolicyViolation, "Bu tür delil beklenmiyor.", "Evidence of this kind is not expected.")
		}
		t, ok := message.Next(message.Outbound, state[n], on)
		if r.conflicts(view, step.Filed, f) {
			f.Conflict = true
			r.Alarm("evidence contradicts what is already known", id, f.Kind.String()+" after "+state[n].String())
		}
		if !ok || f.Conflict {
			step.Filed = append(step.Filed, f)
			continue
		}
		if !t.Owes.IsZero() {
			reason := rem.Other
			if len(f.Reasons) > 0 {
				reason = f.Reasons[0]
			}
			d := r.failure(view, n, reason, rem.Text{
				Turkish: "Alıcının sağlayıcısı iletiyi reddetti.",
				English: "The recipient's provider rejected the message.",
			})
			d.Answers = evidence.Answer{ID: f.ID, Digest: f.Digest}
			settle = append(settle, settlement{On: on, Draft: d, Received: &f})
			state[n] = t.To
			continue
		}
		step.Filed = append(step.Filed, f)
		step.Changes = moved(step.Changes, r.change(n, t, now))
		state[n] = t.To
	}
	// A dispatch went to each of the REM-MD's domains by itself.
	domains := map[string]bool{domain: true}
	for n := range state {
		domains[view.Record.Recipient(n).Address.Provider()] = true
	}
	for _, d := range slices.Sorted(maps.Keys(domains)) {
		step.Done = append(step.Done, r.settled(view, state, d)...)
	}
	return step, settle, nil
}

// place finds whom an evidence is about among our recipients, by the address that
// it names: its number alone is a place in its own list, and another REM-MD may
// name only its own recipients there (AT-14). Zero is nobody.
func place(r *message.Record, about About) int {
	if about.To.IsZero() {
		return 0
	}
	for i := range r.Recipients {
		if r.Recipients[i].Address == about.To {
			return i + 1
		}
	}
	return 0
}

// moved adds a change; two changes of one recipient in one step become one,
// since the ledger compares with what stood before the step.
func moved(changes []message.Change, c message.Change) []message.Change {
	for i := range changes {
		if changes[i].Recipient == c.Recipient {
			changes[i].To, changes[i].On, changes[i].Due = c.To, c.On, c.Due
			return changes
		}
	}
	return append(changes, c)
}

// settled takes the relay task out of the queue when nothing is open any more.
func (r *Relay) settled(view *message.View, state map[int]message.State, domain string) []message.Task {
	for n, s := range to(view, domain) {
		now, changed := state[n]
		if !changed {
			now = s.State
		}
		switch now {
		case message.Relaying, message.Attempting, message.Asked, message.Relayed:
			return nil
		}
	}
	return []message.Task{{Stage: message.RelayStage, Message: view.Record.ID, Target: domain}}
}

func has(filed []message.Filed, f message.Filed) bool {
	for _, g := range filed {
		if g.ID == f.ID && g.Issuer == f.Issuer {
			return true
		}
	}
	return false
}

// conflicts reports whether an evidence contradicts one that is known.
func (r *Relay) conflicts(view *message.View, more []message.Filed, f message.Filed) bool {
	for _, list := range [][]message.Filed{view.Filed, more} {
		for _, g := range list {
			if (g.Recipient == f.Recipient || g.Recipient == 0) && !g.Conflict && message.Disagree(g.Claim(), f.Claim()) {
				return true
			}
		}
	}
	return false
}
