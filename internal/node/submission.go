package node

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/edge/smtpin"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/relay"
	"rem/message/submission"
	"rem/person/account"
	"rem/privacy"
)

// The ways to prove oneself, as evidence names them (AuthenticationMethod,
// docs/formats/evidence.md).
const methodPassword = "urn:rem:authentication:application-password"

// submissionDoor is what mail programs meet.
type submissionDoor struct {
	n *Node
}

// Begin implements smtpin.Backend.
func (d submissionDoor) Begin(context.Context, *smtpin.Session) error { return nil }

// Authenticate implements smtpin.Backend: the user is the account's address.
//
// The holder's name, which every evidence of the session's messages shows, is
// opened here, once: an opening for each message would be a write of the access
// log for each.
func (d submissionDoor) Authenticate(ctx context.Context, s *smtpin.Session, user, password string) (smtpin.Principal, error) {
	p, a, err := d.n.login(ctx, user, password)
	if err == nil {
		p.Holder, err = d.n.nameFor(ctx, p.Actor, privacy.CaseID("smtp-"+s.ID), a.Holder.Person, account.HolderName, a.Holder.Name)
	}
	if errors.Is(err, account.ErrPassword) {
		return smtpin.Principal{}, fmt.Errorf("%w: %w", smtpin.ErrCredentials, err)
	}
	return p, err
}

// login finds out whose address and application password these are. It takes
// as long for somebody who is not there.
func (n *Node) login(ctx context.Context, user, password string) (smtpin.Principal, account.Account, error) {
	asOf := n.Store.AccountChanges() // first: a change while this runs is looked at again
	var hashes map[rem.PersonID]string
	var a account.Account
	address, err := rem.ParseAddress(user)
	if err == nil {
		a, err = n.Store.ByAddress(ctx, address)
		if err == nil {
			hashes, err = n.Store.Passwords(ctx, a.ID)
		}
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			return smtpin.Principal{}, a, err
		}
	}
	now := n.clock.Now()
	for person, hash := range hashes {
		switch err := n.hasher.Check(ctx, hash, password); {
		case errors.Is(err, account.ErrPassword):
			continue
		case err != nil:
			return smtpin.Principal{}, a, err
		}
		if !a.MayLogIn(person, now) {
			return smtpin.Principal{}, a, account.ErrPassword
		}
		return smtpin.Principal{
			Actor:   rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: person, Method: methodPassword},
			Address: a.Address, Since: now.UTC(), Proof: rem.DigestOf([]byte(hash)), AsOf: asOf,
		}, a, nil
	}
	if len(hashes) == 0 {
		return smtpin.Principal{}, a, n.hasher.Check(ctx, "", password)
	}
	return smtpin.Principal{}, a, account.ErrPassword
}

// nameFor opens a name of the account for somebody who has just logged in to it.
// The access log names him, as the holder or as an operator, and the session; what
// the account does not have opens nothing and leaves no entry.
func (n *Node) nameFor(ctx context.Context, by rem.Actor, session privacy.CaseID, of rem.PersonID, field privacy.FieldID, name privacy.SealedValue) (privacy.Value, error) {
	if name.IsZero() {
		return privacy.Value{}, nil
	}
	as := privacy.AsOperator
	if by.Person == by.Holder {
		as = privacy.AsHolder
	}
	v, err := n.Records.Vault.Open(ctx, privacy.Access{Actor: by, Role: as, Purpose: privacy.Carriage, Case: session}, of, field, name)
	if err != nil {
		return privacy.Value{}, fmt.Errorf("opening a name of account %s: %w", by.Account, err)
	}
	return v, nil
}

// holds fails with smtpin.ErrLoggedOut when the password that a session logged
// in with was replaced, or the account closed or taken from the person, since
// then: a session may last for hours, and must not outlive what opened it
// (AT-29). While no account at all changed it costs nothing. What a state that
// is not closed forbids is judged with the message, so that the refusal is
// evidence.
func (n *Node) holds(ctx context.Context, p smtpin.Principal) error {
	if p.AsOf == n.Store.AccountChanges() {
		return nil
	}
	a, err := n.Store.Account(ctx, p.Actor.Account)
	if err != nil {
		return fmt.Errorf("looking at a login again: %w", err)
	}
	hashes, err := n.Store.Passwords(ctx, a.ID)
	if err != nil {
		return fmt.Errorf("looking at a login again: %w", err)
	}
	hash, known := hashes[p.Actor.Person]
	if !known || rem.DigestOf([]byte(hash)) != p.Proof || !a.MayLogIn(p.Actor.Person, n.clock.Now()) {
		return smtpin.ErrLoggedOut
	}
	return nil
}

// Mail implements smtpin.Backend. Whose address it is is judged with the
// message, so that a refusal is evidence.
func (d submissionDoor) Mail(ctx context.Context, s *smtpin.Session, _ *smtp.Transaction) error {
	return d.n.holds(ctx, s.Principal)
}

// Rcpt implements smtpin.Backend; see Mail.
func (d submissionDoor) Rcpt(context.Context, *smtpin.Session, *smtp.Transaction, smtp.Recipient) error {
	return nil
}

// loginOf is how evidence names who submits: with the time at which he proved to
// be himself, and not that of each of his messages (TS 102 640-2
// AuthenticationDetailsType).
func loginOf(p smtpin.Principal) submission.Login {
	return submission.Login{Actor: p.Actor, Authentication: message.Authentication{Time: p.Since, Method: p.Actor.Method}, Holder: p.Holder}
}

// Data implements smtpin.Backend.
func (d submissionDoor) Data(ctx context.Context, s *smtpin.Session, tx smtp.Transaction) (smtpin.Sink, error) {
	principal := s.Principal
	if err := d.n.holds(ctx, principal); err != nil {
		return nil, err
	}
	login := loginOf(principal)
	return &sink{Spool: d.n.Store.Spool(), commit: func(ctx context.Context, c message.Content) (string, error) {
		if err := d.n.holds(ctx, principal); err != nil { // it may have taken minutes to come
			return "", err
		}
		receipt, err := d.n.Submitter.Submit(ctx, login, tx, c)
		if err != nil {
			return "", d.n.fault(err)
		}
		if receipt.Refusal != nil {
			d.n.metrics.refused.WithLabelValues(string(receipt.Refusal.Reason)).Inc()
			return "", rem.Refuse(receipt.Refusal.Reason,
				fmt.Sprintf("%s Delil: %s", receipt.Refusal.Detail.Turkish, receipt.Evidence),
				fmt.Sprintf("%s Evidence %s", receipt.Refusal.Detail.English, receipt.Evidence))
		}
		d.n.metrics.submitted.Inc()
		return fmt.Sprintf("%s accepted, evidence %s", receipt.Message, receipt.Evidence), nil
	}}, nil
}

// A sink spools a message and gives it to a stage when it came whole.
type sink struct {
	Spool
	commit func(ctx context.Context, c message.Content) (string, error)
}

// A Spool is a content while it arrives.
type Spool interface {
	message.Content
	Write(p []byte) (int, error)
	Seal() error
	Close() error
}

// Commit implements smtpin.Sink.
func (s *sink) Commit(ctx context.Context) (string, error) {
	defer s.Close()
	if err := s.Seal(); err != nil {
		return "", err
	}
	return s.commit(ctx, s.Spool)
}

// Abort implements smtpin.Sink.
func (s *sink) Abort() { s.Close() }

// fault translates what a door answers with more than "later".
func (n *Node) fault(err error) error {
	if errors.Is(err, relay.ErrUncertain) || errors.Is(err, submission.ErrUncertain) {
		return fmt.Errorf("%w: %w", smtpin.ErrUnanswered, err)
	}
	if errors.Is(err, message.ErrFull) {
		n.metrics.full.Inc()
		return fmt.Errorf("%w: %w", smtpin.ErrBusy, err)
	}
	return err
}
