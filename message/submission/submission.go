package submission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/privacy"
	"rem/provider"
)

// A Ledger keeps what submission decides; see [message.Ledger] for the promises.
type Ledger interface {
	Intend(ctx context.Context, in message.Intention) (message.Kept, error)
	Commit(ctx context.Context, s message.Step) error
	Abandon(ctx context.Context, key string) error
	Unfinished(ctx context.Context, stage message.Stage) ([]message.Kept, error)
	Submitted(ctx context.Context, fingerprint rem.Digest, now time.Time) (rem.MessageID, error)
	EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error)
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
	ByAddress(ctx context.Context, a rem.Address) (account.Account, error)
}

// Peers knows the provider domains of the trust list.
type Peers interface {
	// Known reports whether a REM-MD with this domain is in service at the time.
	Known(domain string, at time.Time) bool
}

// A Scanner looks for malware.
type Scanner interface {
	// Scan returns the name of what it found, or "". An error means that it
	// could not tell: the message has to wait.
	Scan(ctx context.Context, r io.Reader, size int64) (found string, err error)
}

// Signatures verifies the sender's signature on an original message.
type Signatures interface {
	// Signatory says who signed. It returns ErrUnsigned when the message
	// carries no signature, a *rem.Refusal when the signature does not hold,
	// and any other error when that cannot be known now.
	Signatory(ctx context.Context, original mime.Source, at time.Time) (Signatory, error)
}

// ErrUnsigned is returned by Signatures for a message without a signature.
var ErrUnsigned = errors.New("the original message carries no signature")

// A Signatory is whom the sender's certificate names.
type Signatory struct {
	Identity string // serialNumber of the subject
	Name     string
}

// A Login is who submits: the account, the natural person and how he proved it.
type Login struct {
	Actor          rem.Actor
	Authentication message.Authentication
	// Holder is the name of the account's holder, which the evidence shows. It is
	// opened once when he logs in, and not for each message: every opening is an
	// entry of the access log, durable before anything else happens.
	Holder privacy.Value
}

// A Submitter carries the stage out. Its fields are set before its first use
// and not changed after; it may be used concurrently.
type Submitter struct {
	Provider provider.REMMD
	Practice provider.Practice
	Ledger   Ledger
	Accounts Accounts
	Peers    Peers
	Scanner  Scanner // nil: there is none, as the practice statement says
	// Archives bounds what is looked into before the scanner is; zero: the default.
	Archives   archive.Limits
	Signatures Signatures
	// Tokens finds the operator whom a certificate names.
	Tokens account.Tokens
	Signer *evidence.Signer
	Clock  rem.Clock
	Random io.Reader // cryptographic; safe for concurrent use
}

// A Receipt is the answer: what became of a submission, for good.
type Receipt struct {
	Message  rem.MessageID
	Evidence rem.EvidenceID
	// Refusal is why it was rejected; nil when it was accepted.
	Refusal *rem.Refusal
}

// ErrUncertain is wrapped by faults of Submit after which the message may still
// become ours. A door that meets it ends the connection without an answer: 451
// would say that the message was not taken (RFC 5321 4.2.1, 6.1).
var ErrUncertain = errors.New("whether the message is submitted is not certain")

// Submit takes an original message. A Receipt with nil error is durable. An
// error is a fault: nothing was promised, and submitting again is harmless. Unless
// it wraps [ErrUncertain], nothing comes of the submission either.
func (s *Submitter) Submit(ctx context.Context, login Login, tx smtp.Transaction, original message.Content) (Receipt, error) {
	now := s.Clock.Now().UTC()

	// Step 1: check.
	draft, err := s.check(ctx, login, tx, original, now)
	if err != nil {
		return Receipt{}, fmt.Errorf("checking a submission: %w", err)
	}
	fingerprint := draft.fingerprint(login, tx)
	if first, err := s.first(ctx, fingerprint, now); err == nil || !errors.Is(err, message.ErrNotFound) {
		return first, err
	}
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return Receipt{}, err
	}
	in := intention{
		Record:      draft.record,
		Fingerprint: fingerprint,
		Refusal:     draft.refusal,
	}
	in.Record.ID = rem.NewMessageID(token, s.Provider.Domain)
	in.Record.Submitted = now

	// Step 2: record the intention, with the original unless we refuse it.
	body, err := in.marshal()
	if err != nil {
		return Receipt{}, err
	}
	intended := message.Intention{Key: key(fingerprint), Stage: message.SubmissionStage, At: now, Body: body}
	if in.Refusal == nil {
		intended.Content = original
	}
	kept, err := s.intend(ctx, intended)
	for range maxTries {
		if errors.Is(err, message.ErrFull) {
			return Receipt{}, fmt.Errorf("recording the intention of %s: %w", in.Record.ID, err)
		}
		if err != nil {
			return s.giveUp(ctx, intended.Key, fmt.Errorf("recording the intention of %s: %w", in.Record.ID, err))
		}
		carried := in
		if !bytes.Equal(kept.Body, body) {
			if carried, err = unmarshal(kept.Body); err != nil {
				return Receipt{}, err
			}
		}
		signed, signErr := s.sign(ctx, kept, &carried)
		if signErr != nil {
			return s.giveUp(ctx, intended.Key, signErr)
		}
		var receipt Receipt
		if receipt, err = s.record(ctx, kept, &carried, signed); err == nil {
			return receipt, nil
		}
		if !errors.Is(err, message.ErrReplaced) {
			break
		}
		// Another session that submits the same put its intention in the place
		// of this one. Whichever stands now is carried out by both.
		kept, err = s.Ledger.Intend(ctx, intended)
	}
	if receipt, readErr := s.first(ctx, fingerprint, s.Clock.Now()); readErr == nil {
		return receipt, nil // it happened, and only the ledger's answer was lost
	}
	return Receipt{}, fmt.Errorf("%w: %w", ErrUncertain, err)
}

// giveUp forgets an intention after a fault, so that no later start submits what
// its sender was told to submit again, and may long have sent in another form.
func (s *Submitter) giveUp(ctx context.Context, key string, fault error) (Receipt, error) {
	if err := s.Ledger.Abandon(context.WithoutCancel(ctx), key); err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrUncertain, errors.Join(fault, err))
	}
	return Receipt{}, fault
}

// key names the intention by what is submitted, so that a program which comes
// back after a fault meets what it left, however late.
func key(fingerprint rem.Digest) string { return "submission/" + fingerprint.String() }

// maxTries bounds how often an intention is put in the place of another.
const maxTries = 4

// intend records the intention. One that a fault left gives way to it: the
// message counts as submitted now, when its program has come back for an answer,
// and not when it was refused one. Two programs that submit the same at once may
// take turns here; the ledger accepts one of them.
func (s *Submitter) intend(ctx context.Context, in message.Intention) (kept message.Kept, err error) {
	for range maxTries {
		if kept, err = s.Ledger.Intend(ctx, in); err != nil || bytes.Equal(kept.Body, in.Body) {
			return kept, err
		}
		if err := s.Ledger.Abandon(ctx, in.Key); err != nil {
			return kept, fmt.Errorf("abandoning the one before: %w", err)
		}
	}
	return kept, nil // another's, which is as good
}

// Resume finishes what was intended before a crash; see [message.Resume]. It is
// called at start, and takes the ordinary path.
func (s *Submitter) Resume(ctx context.Context) error {
	_, err := message.Resume(ctx, s.Ledger, message.SubmissionStage, nil, s.Finish)
	return err
}

// Finish goes on from an intention that was left without its step.
func (s *Submitter) Finish(ctx context.Context, kept message.Kept) error {
	if kept.Ahead(s.Clock.Now()) {
		return s.Ledger.Abandon(ctx, kept.Key)
	}
	in, err := unmarshal(kept.Body)
	if err != nil {
		return err
	}
	signed, err := s.sign(ctx, kept, &in)
	if err != nil {
		return err
	}
	_, err = s.record(ctx, kept, &in, signed)
	return err
}

// sign is step 3. It completes the record with where its original is.
func (s *Submitter) sign(ctx context.Context, kept message.Kept, in *intention) (evidence.Signed, error) {
	r := &in.Record
	r.Original, r.From, r.Length = kept.Content, 0, r.Size
	prepared, err := evidence.Prepare(s.draft(r, in.Refusal))
	if err != nil {
		return evidence.Signed{}, fmt.Errorf("preparing the submission evidence of %s: %w", r.ID, err)
	}
	signed, err := prepared.Sign(ctx, s.Signer)
	if err != nil {
		return evidence.Signed{}, fmt.Errorf("submitting %s: %w", r.ID, err)
	}
	return signed, nil
}

// record is steps 4 and 5.
func (s *Submitter) record(ctx context.Context, kept message.Kept, in *intention, signed evidence.Signed) (Receipt, error) {
	r := &in.Record

	// Step 4: record the result, and hand on. Periods, and the time in which a
	// repetition is recognised, begin now: after a long stop a message is not late
	// before it was ever tried.
	begin := s.Clock.Now().UTC()
	step := message.Step{
		Message: r.ID, At: begin, Actor: r.Actor,
		Resolves: kept.Key, New: r, Fingerprint: in.Fingerprint,
		Filed: []message.Filed{signed.FiledAs(false)},
	}
	on := message.AcceptSubmission
	if in.Refusal != nil {
		on = message.RefuseSubmission
	}
	peers := map[string]bool{}
	for i := range r.Recipients {
		to, n := &r.Recipients[i], i+1
		t, ok := message.Next(to.Leg, message.None, on)
		if !ok {
			return Receipt{}, fmt.Errorf("submitting %s: the table has no %s for %s", r.ID, on, to.Leg)
		}
		step.Changes = append(step.Changes, message.Change{
			Recipient: n, From: t.From, To: t.To, On: on, Due: message.Due(&s.Practice, t.Until, begin),
		})
		switch t.Next {
		case message.RelayStage:
			if peer := to.Address.Provider(); !peers[peer] {
				peers[peer] = true
				step.Queue = append(step.Queue, message.Task{Stage: t.Next, Message: r.ID, Target: peer, Due: r.Submitted})
			}
		case message.DeliveryStage:
			step.Queue = append(step.Queue, message.Task{Stage: t.Next, Message: r.ID, Target: fmt.Sprint(n), Due: r.Submitted})
		}
	}
	switch err := s.Ledger.Commit(ctx, step); {
	case errors.Is(err, message.ErrMoved):
		// The same submission came first by another way, or this very step was
		// already recorded. Its result stands.
		if first, err := s.first(ctx, in.Fingerprint, s.Clock.Now()); err == nil {
			if first.Message != r.ID {
				if err := s.Ledger.Abandon(ctx, kept.Key); err != nil {
					return Receipt{}, fmt.Errorf("abandoning %s: %w", kept.Key, err)
				}
			}
			return first, nil
		}
		return Receipt{}, fmt.Errorf("submitting %s: %w", r.ID, err)
	case err != nil:
		return Receipt{}, fmt.Errorf("recording the submission of %s: %w", r.ID, err)
	}

	// Step 5: answer.
	return Receipt{Message: r.ID, Evidence: signed.ID, Refusal: in.Refusal}, nil
}

// first gives the receipt of an earlier submission with the same fingerprint.
func (s *Submitter) first(ctx context.Context, fingerprint rem.Digest, now time.Time) (Receipt, error) {
	id, err := s.Ledger.Submitted(ctx, fingerprint, now)
	if err != nil {
		return Receipt{}, err
	}
	filed, err := s.Ledger.EvidenceOf(ctx, id)
	if err != nil {
		return Receipt{}, fmt.Errorf("looking for the receipt of %s: %w", id, err)
	}
	for _, f := range filed {
		if f.Kind != message.SubmissionAcceptanceRejection {
			continue
		}
		r := Receipt{Message: id, Evidence: f.ID}
		if f.Outcome == message.Negative {
			reason := rem.Other
			if len(f.Reasons) > 0 {
				reason = f.Reasons[0]
			}
			r.Refusal = rem.Refuse(reason, "Bu ileti daha önce reddedildi.", "This message was already refused.")
		}
		return r, nil
	}
	return Receipt{}, fmt.Errorf("looking for the receipt of %s: %w", id, message.ErrNotFound)
}

// draft says what the submission evidence says.
func (s *Submitter) draft(r *message.Record, refusal *rem.Refusal) evidence.Draft {
	d := evidence.About(r)
	d.Kind, d.Outcome = evidence.SubmissionAcceptanceRejection, evidence.Positive
	if refusal != nil {
		d.Outcome = evidence.Negative
		d.Reasons = []evidence.Reason{{Code: refusal.Reason, Detail: refusal.Detail}}
	}
	d.ID = rem.NewEvidenceID(r.ID, d.Kind.Code(d.Outcome), 0, s.Provider.HSCode())
	d.PolicyIDs = s.Practice.PolicyIDs
	d.Issuer = evidence.Party{Name: s.Provider.Name.Turkish, Address: s.Provider.Service}
	d.EventTime = r.Submitted
	d.Log = []evidence.LogEntry{{Event: "submission", Time: r.Submitted, Actor: string(r.Actor.Person)}}
	return d
}
