package verification

import (
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/message/evidence"
	"rem/trust/validation"
)

// skew is how far the clocks and authorities of two providers may be apart
// before an order of events counts as wrong.
const skew = 2 * time.Minute

// chains holds the evidences about each message against each other.
func (r *run) chains() {
	var order []rem.MessageID
	byMessage := make(map[rem.MessageID][]*found)
	for _, e := range r.evidences {
		id := e.Message.ID
		if _, ok := byMessage[id]; !ok {
			order = append(order, id)
		}
		byMessage[id] = append(byMessage[id], e)
	}
	for _, id := range order {
		r.report.Findings = append(r.report.Findings, chain(id, byMessage[id]))
	}
}

// chain checks what all evidences about one message have to agree on.
func chain(id rem.MessageID, all []*found) *Finding {
	f := passed(Chain, string(id))
	all = once(f, all)
	slices.SortStableFunc(all, func(a, b *found) int { return a.at().Compare(b.at()) })
	for i, e := range all {
		step := f.part(passed(Step, string(e.ID)))
		step.fact("kind", e.Kind.String())
		step.fact("outcome", e.Outcome.String())
		step.fact("time", stamp(e.at()))
		if p, ok := e.Recipient(); ok {
			step.fact("recipient concerned", p.String())
		}
		if own := e.finding.conclude(); own.Verdict != validation.TotalPassed {
			step.part(unknown(Step, "", own.Sub, "the evidence itself did not pass"))
		}
		if id == "" {
			step.part(unknown(Step, "", validation.SignedDataNotFound, "the evidence does not say which message it is about"))
			continue
		}
		for _, other := range all[:i] {
			if detail := sameMessage(other, e); detail != "" {
				step.part(failed(Step, string(other.ID), validation.HashFailure, detail))
			}
			if detail := contradict(other, e); detail != "" {
				step.part(failed(Step, string(other.ID), validation.SigConstraintsFailure, detail))
			}
		}
		for _, other := range all {
			if detail := disorder(other, e); detail != "" {
				step.part(unknown(Step, string(other.ID), validation.TimestampOrderFailure, detail))
			}
		}
		answers(step, e, all)
	}
	return f
}

// at is the proven time, or else the one that is claimed.
func (e *found) at() time.Time {
	if e.time.IsZero() {
		return e.EventTime
	}
	return e.time
}

// once drops copies of one evidence, as they come in dispatch and receipt, and
// reports two evidences under one identifier.
func once(f *Finding, all []*found) []*found {
	var out []*found
	for _, e := range all {
		same := slices.IndexFunc(out, func(o *found) bool { return o.ID == e.ID })
		switch {
		case same < 0:
			out = append(out, e)
		case out[same].digest != e.digest:
			f.part(failed(Step, string(e.ID), validation.SigConstraintsFailure, "two evidences that differ have one identifier"))
		}
	}
	return out
}

// sameMessage finds where two evidences differ about the message itself.
func sameMessage(a, b *found) string {
	switch {
	case a.Sender.String() != b.Sender.String():
		return fmt.Sprintf("it names %s as sender, and the other %s", b.Sender, a.Sender)
	case a.DigestHash == b.DigestHash && string(a.DigestValue) != string(b.DigestValue):
		return "the two name different originals"
	case !slices.EqualFunc(a.Recipients, b.Recipients, func(p, q evidence.Party) bool { return p.String() == q.String() }):
		return "the two name different recipients, or in another order"
	case !a.SubmissionTime.IsZero() && !b.SubmissionTime.IsZero() && !a.SubmissionTime.Equal(b.SubmissionTime):
		return "the two name different times of submission"
	case a.Message.Size != 0 && b.Message.Size != 0 && a.Message.Size != b.Message.Size:
		return "the two name different sizes of the original"
	}
	return ""
}

// rank is the place of a kind in a message's journey.
func rank(k evidence.Kind) int {
	switch k {
	case evidence.SubmissionAcceptanceRejection, evidence.ReceivedFromNonREMSystem:
		return 0
	case evidence.RelayREMMDAcceptanceRejection, evidence.RelayREMMDFailure, evidence.RelayToNonREMSystem:
		return 1
	case evidence.DeliveryNonDeliveryToRecipient:
		return 2
	}
	return 3 // what the recipient did, or did not
}

// reaches reports whether an evidence says that the message came to the
// recipient's mailbox, or presupposes it.
func reaches(e *found) bool {
	return rank(e.Kind) == 3 || e.Kind == evidence.DeliveryNonDeliveryToRecipient && e.Outcome == evidence.Positive
}

// contradict finds two evidences about one recipient that cannot both be true.
// One that only says that no information came contradicts nothing that was
// learnt elsewhere.
func contradict(a, b *found) string {
	if !together(a, b) {
		return ""
	}
	for range 2 {
		if detail := denies(a, b); detail != "" {
			return detail
		}
		a, b = b, a
	}
	return ""
}

func denies(no, yes *found) string {
	if no.Outcome != evidence.Negative {
		return ""
	}
	if no.Kind == evidence.SubmissionAcceptanceRejection {
		if yes.Kind == no.Kind && yes.Outcome == evidence.Negative {
			return ""
		}
		return "the message was refused at submission, and went on"
	}
	if no.Claim().NoInformation {
		return ""
	}
	took := yes.Kind == evidence.RelayREMMDAcceptanceRejection && yes.Outcome == evidence.Positive
	switch no.Kind {
	case evidence.RelayREMMDAcceptanceRejection, evidence.RelayREMMDFailure:
		if took || reaches(yes) && !yes.Claim().NoInformation {
			return "the message was not relayed, and arrived"
		}
	case evidence.DeliveryNonDeliveryToRecipient:
		if reaches(yes) {
			return "the message was not delivered, and was"
		}
	default:
		if yes.Kind == no.Kind && yes.Outcome == evidence.Positive {
			return "one evidence says that it happened, the other that it did not"
		}
	}
	return ""
}

// together reports whether two evidences are about one recipient, by what they
// say about places in their lists.
func together(a, b *found) bool {
	for i := range a.Recipients {
		if a.About(i + 1) {
			for j := range b.Recipients {
				if b.About(j+1) && a.Recipients[i].String() == b.Recipients[j].String() {
					return true
				}
			}
		}
	}
	return false
}

// disorder finds an evidence of a later stage that is older than one of an
// earlier stage about the same recipient.
func disorder(earlier, later *found) string {
	if rank(earlier.Kind) >= rank(later.Kind) || earlier.time.IsZero() || later.time.IsZero() || !together(earlier, later) {
		return ""
	}
	// Failures of the sender's side come when time is over, whatever the other
	// side did meanwhile or does later.
	if earlier.Outcome == evidence.Negative || later.Claim().NoInformation {
		return ""
	}
	if later.time.Add(skew).Before(earlier.time) {
		return fmt.Sprintf("it is older than the %s that it follows from", earlier.Kind)
	}
	return ""
}

// answers checks the pointer to the evidence that this one follows from, where
// that one is at hand.
func answers(step *Finding, e *found, all []*found) {
	if e.Answers.IsZero() {
		return
	}
	for _, other := range all {
		if other.ID != e.Answers.ID {
			continue
		}
		switch {
		case other.digest != e.Answers.Digest:
			step.part(failed(Step, string(other.ID), validation.HashFailure, "it answers an evidence of that name with other bytes"))
		case !e.time.IsZero() && e.time.Add(skew).Before(other.time):
			step.part(unknown(Step, string(other.ID), validation.TimestampOrderFailure, "it is older than the evidence that it answers"))
		default:
			step.fact("follows from", string(other.ID))
		}
		return
	}
	step.fact("follows from, not given", string(e.Answers.ID))
}
