package consent

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/privacy"
)

// ErrNotAllowed is what every Denied is.
var ErrNotAllowed = errors.New("there is no consent for this use")

// A Denied says why a use is not allowed.
type Denied struct {
	Purpose privacy.PurposeID
	State   State
	// Paused: consent was given, and the notice has changed since in what it
	// rests on; the person has to be asked again (S46).
	Paused bool
}

// Error says it for a log; it names nobody.
func (d *Denied) Error() string {
	return fmt.Sprintf("%s: %s: %s", d.Purpose, ErrNotAllowed, d.Text().English)
}

// Is makes every Denied an ErrNotAllowed.
func (d *Denied) Is(target error) bool { return target == ErrNotAllowed }

// Text says it for people.
func (d *Denied) Text() rem.Text {
	switch {
	case d.Paused:
		return rem.Text{Turkish: "bildirim değişti; rıza yeniden sorulmalı", English: "the notice has changed; consent has to be asked for again"}
	case d.State == Refused:
		return rem.Text{Turkish: "rıza verilmedi", English: "consent was refused"}
	case d.State == Given || d.State == Withdrawn:
		return rem.Text{Turkish: "rıza geri alındı", English: "consent was withdrawn"}
	}
	return rem.Text{Turkish: "rıza sorulmadı veya yanıtlanmadı", English: "consent was not asked for, or not answered"}
}

// Allowed says whether a person's data may be used for a purpose that rests on
// consent, now: nil, and only nil, allows it. It is asked at each use and its
// answer is not kept; a withdrawal stops the very next use.
//
// The error is a *Denied, or wraps ErrNotAsked when consent is not what decides
// about the purpose, or is a fault of ctx or of the chain. A fault allows nothing.
func (l *Ledger) Allowed(ctx context.Context, person rem.PersonID, purpose privacy.PurposeID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := restsOnConsent(l.register, purpose); err != nil {
		return err
	}
	k := key{person, purpose}
	l.mu.RLock()
	s, stopping := l.standing[k], l.stopping[k]
	l.mu.RUnlock()
	// A withdrawal that cannot be recorded, or may have been, is not passed over.
	// This is looked at after the state: whoever finds the chain certain here read
	// a state that no uncertain entry had left yet.
	if err := l.chain.Uncertain(); err != nil {
		return fmt.Errorf("asking for a consent: %w", err)
	}
	if s.State != Given || stopping {
		return &Denied{Purpose: purpose, State: s.State}
	}
	if !l.notices.StillSays(s.Notice, l.chain.Clock().Now()) {
		return &Denied{Purpose: purpose, State: s.State, Paused: true}
	}
	return nil
}
