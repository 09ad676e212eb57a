package timeline

import (
	"time"

	"rem"
	"rem/message"
)

// A Place is one of the steps of the journey, in order.
type Place uint8

// The places.
const (
	Submitted Place = iota + 1
	TakenOver       // by the recipient's REM-MD; there is none on a local leg
	InMailbox
	Read
)

// String returns the place's name in the API.
func (p Place) String() string {
	return [...]string{"", "submitted", "taken-over", "in-mailbox", "read"}[p]
}

// Name is what a place is called.
func (p Place) Name() rem.Text {
	return [...]rem.Text{
		Submitted: {Turkish: "Gönderildi", English: "Submitted"},
		TakenOver: {Turkish: "Alıcının KEPHS'si devraldı", English: "Taken over by the recipient's provider"},
		InMailbox: {Turkish: "Alıcının kutusunda", English: "In the recipient's mailbox"},
		Read:      {Turkish: "Okundu", English: "Read"},
	}[p]
}

// A Progress is how far a step is.
type Progress uint8

// The progresses.
const (
	// NotReached: an earlier step failed, so that this one will not come.
	NotReached Progress = iota
	Awaited
	Done
	// Failed: evidence says that it did not happen. Of [Read] it means that the
	// recipient did not open it in time: it is in his mailbox all the same.
	Failed
	// Unknown: nobody told in time. It may have happened.
	Unknown
)

// String returns the progress's name in the API.
func (p Progress) String() string {
	return [...]string{"not-reached", "awaited", "done", "failed", "unknown"}[p]
}

// Name is what a progress is called.
func (p Progress) Name() rem.Text {
	return [...]rem.Text{
		NotReached: {Turkish: "gerçekleşmeyecek", English: "will not happen"},
		Awaited:    {Turkish: "bekleniyor", English: "awaited"},
		Done:       {Turkish: "gerçekleşti", English: "done"},
		Failed:     {Turkish: "gerçekleşmedi", English: "did not happen"},
		Unknown:    {Turkish: "bilinmiyor", English: "not known"},
	}[p]
}

// A Step is one place of the journey for one recipient.
type Step struct {
	Place    Place
	Progress Progress
	// Sentence says it for people, without time and names.
	Sentence rem.Text
	// Time is when it happened, or was found not to have; zero otherwise.
	Time time.Time
	// Until is when the period ends of what is awaited; zero: nothing says.
	Until time.Time
	// Reasons say why not.
	Reasons []Reason
	// Evidence is what the step rests on, in order of time, with what
	// contradicts it ([Evidence.Conflict]).
	Evidence []Evidence
	// Implied: it is known from a later step alone; its own evidence is not here.
	Implied bool
}

// placeOf returns the step that a kind of evidence is about; 0 for none.
func placeOf(k message.Kind) Place {
	switch k {
	case message.SubmissionAcceptanceRejection:
		return Submitted
	case message.RelayREMMDAcceptanceRejection, message.RelayREMMDFailure:
		return TakenOver
	case message.DeliveryNonDeliveryToRecipient:
		return InMailbox
	case message.RetrievalNonRetrievalByRecipient:
		return Read
	}
	return 0
}

// recipient tells one recipient's steps.
func (m *Message) recipient(r *message.Record, s message.Standing) Recipient {
	to := r.Recipients[s.Recipient-1]
	out := Recipient{
		Party: partyOf(to.Party), Number: s.Recipient, Copy: to.Copy, Leg: to.Leg,
		State: s.State, Stands: StateText(s.State, to.Leg), Since: s.Since.UTC(),
	}
	places := []Place{Submitted, TakenOver, InMailbox, Read}
	if to.Leg == message.Local {
		places = []Place{Submitted, InMailbox, Read}
	}
	at := map[Place]*Step{}
	for _, p := range places {
		out.Steps = append(out.Steps, Step{Place: p})
	}
	for i := range out.Steps {
		at[out.Steps[i].Place] = &out.Steps[i]
	}
	for _, e := range m.Evidence {
		if e.Recipient != 0 && e.Recipient != s.Recipient {
			continue
		}
		out.Conflict = out.Conflict || e.Conflict
		step := at[placeOf(e.Kind)]
		if step == nil {
			out.Others = append(out.Others, e)
			continue
		}
		step.Evidence = append(step.Evidence, e)
		if !e.Conflict {
			step.decide(e)
		}
	}
	// The sender's REM-MD accepted what another REM-MD brought us, whether or
	// not its evidence is filed here; the state says what evidence is on its way.
	if first := at[Submitted]; first.Progress == NotReached && s.State != message.None && s.State != message.Refused {
		first.Progress, first.Time, first.Implied = Done, r.Submitted.UTC(), true
	}
	out.fill(s)
	for i := range out.Steps {
		out.Steps[i].Sentence = sentence(&out.Steps[i], s.State, to.Leg)
	}
	return out
}

// decide takes what an evidence says into the step. What happened stands over
// what nobody told, and an evidence over none.
func (s *Step) decide(e Evidence) {
	progress := Failed
	switch {
	case e.NoInformation:
		progress = Unknown
	case e.Outcome == message.Positive:
		progress = Done
	}
	if s.Progress == Done || s.Progress == Failed && progress != Done {
		return
	}
	s.Progress, s.Time, s.Reasons = progress, e.Time, e.Reasons
}

// fill sets the steps that no evidence decides.
func (r *Recipient) fill(s message.Standing) {
	// What is shown further on happened before, too.
	last, failed := -1, -1
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Progress == Failed {
			failed = i
		}
		if step.Progress == Done || step.Place == Read && step.Progress == Failed {
			last = i
		}
	}
	ended := false
	for i := range r.Steps {
		step := &r.Steps[i]
		switch {
		case i < last && step.Progress != Done && step.Progress != Failed:
			step.Progress, step.Implied, step.Time, step.Reasons = Done, true, time.Time{}, nil
		case step.Progress == Failed:
			ended = true
		case step.Progress == NotReached && i < failed:
			step.Progress = Unknown // what came after it was tried
		case step.Progress == NotReached && !ended:
			step.Progress = open(s.State)
			if step.Progress == Awaited && r.Until.IsZero() && !s.Due.IsZero() {
				step.Until, r.Until = s.Due.UTC(), s.Due.UTC()
			}
		}
	}
}

// open says what is true of a step that no evidence is about, in a state.
func open(s message.State) Progress {
	switch s {
	case message.Refused, message.NotRelayed, message.RelayRefused, message.NotDelivered, message.None:
		return NotReached
	case message.Overdue:
		return Unknown
	}
	return Awaited
}
