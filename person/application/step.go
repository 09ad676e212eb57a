package application

import (
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
)

// A Step is one decision about one application. [Rules] are its only makers; the
// zero Step is none, and no ledger takes it.
type Step struct{ data *StepData }

// IsZero reports that there is no step.
func (s Step) IsZero() bool { return s.data == nil }

// Data gives what a ledger keeps. Its lists must not be changed.
func (s Step) Data() StepData {
	if s.data == nil {
		return StepData{}
	}
	return *s.data
}

// Resolving returns the step that also fulfils an intention.
func (s Step) Resolving(key string) Step {
	d := s.Data()
	d.Resolves = key
	if s.data == nil {
		return s
	}
	return Step{&d}
}

// Knowing returns the step that also says which texts its maker ticked that he read.
func (s Step) Knowing(read []Agreement) Step {
	d := s.Data()
	d.Known = slices.Clone(read)
	if s.data == nil {
		return s
	}
	return Step{&d}
}

// StepData is what a step says. A ledger keeps it and gives it back as history;
// it commits nothing that is only this.
type StepData struct {
	Application person.ApplicationID
	// Number is the place of the step among those of the application, from 1. A
	// step whose number is taken by another has lost.
	Number int
	At     time.Time
	By     By
	On     Event
	From   State
	To     State
	Owes   Owed
	Tells  Told
	Due    time.Time
	// Resolves is the key of the intention that the step fulfils, or "".
	Resolves string

	Kind      person.Kind         // of the first step
	Aim       Aim                 // of the first step
	For       rem.AccountID       // of the first step, of ToOperate
	Notice    *Notice             // of the first step
	Typed     privacy.SealedValue // of saving what was typed; else zero
	Submitted *Submission
	Papers    []Paper
	Method    identity.Method
	Identity  *identity.Record
	Decision  *Decision
	Reason    Reason // of going back
	// Reserve keeps the address; Release gives back what the application has
	// reserved, if anything; with Account it becomes the account's, held by the
	// submission's Holder. Each is part of the one atomic step.
	Reserve  *person.Reservation
	Release  bool
	Account  rem.AccountID
	Channels []Channel
	// Known are texts that whoever made the step ticked that he read (REQ-98).
	Known []Agreement
}

// After is the view after the step; every ledger computes it by this. v is not
// changed.
func (v View) After(d StepData) View {
	if d.From != d.To {
		v.Since = d.At
	}
	v.ID, v.State, v.Due, v.Steps = d.Application, d.To, d.Due, d.Number
	if d.Notice != nil {
		v.Notice, v.Kind, v.Aim, v.For, v.Applicant = *d.Notice, d.Kind, d.Aim, d.For, d.By.Actor.Person
	}
	if d.On == Save {
		v.Typed = d.Typed
	}
	if d.Submitted != nil {
		v.Submitted, v.Typed, v.Returned = d.Submitted, privacy.SealedValue{}, ""
	}
	if d.Papers != nil {
		v.Papers = append(slices.Clip(v.Papers), d.Papers...)
	}
	if d.Method != "" {
		v.Method = d.Method
	}
	if d.Identity != nil {
		v.Records = append(slices.Clip(v.Records), *d.Identity)
		for _, p := range d.Identity.Hands() {
			if !slices.Contains(v.Hands, p) {
				v.Hands = append(slices.Clip(v.Hands), p)
			}
		}
	}
	switch d.On {
	case TakeUp:
		v.Reviewer = d.By.Actor.Person
	case GiveBack:
		v.Reviewer = ""
	case Return:
		v.Reviewer, v.Returned, v.Method = "", d.Reason, ""
	}
	if d.Decision != nil {
		v.Decision = d.Decision
	}
	if d.On == Activate {
		v.Account, v.Channels = d.Account, d.Channels
	}
	return v
}
