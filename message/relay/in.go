package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/mail/mime"
	"rem/mail/reading"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
)

// ErrNotAnswerable is a refusal at the door: the sender is a REM-MD of the
// trust list, but what it sent cannot be tied to a message, so there is nothing
// to make evidence about.
var ErrNotAnswerable = rem.Refuse(rem.InvalidMessageFormat,
	"Gelen veri okunabilir bir KEP iletisi değil.", "What came is no REM-MD envelope that can be read.")

// ErrUncertain is wrapped by faults of In after which the dispatch may still be
// taken over: what was intended, or may have been, is finished at the next
// offer or the next start. A door that meets it ends the connection without an
// answer. 451 would say that we certainly do not have the message, and the
// sender's REM-MD could make evidence of that (RFC 5321 4.2.1, 6.1).
var ErrUncertain = errors.New("whether the message is taken over is not certain")

// refusedBefore answers for further recipients of a dispatch that was refused:
// its original was not kept, and what was said of it stands.
var refusedBefore = rem.Refuse(rem.PolicyViolation, "Bu ileti daha önce reddedildi.", "This message was already refused.")

// In takes an envelope that the REM-MD with the domain sent, which is any of its
// domains: what it sends may be about all of them. When it returns
// nil, everything in it that concerns us is durable and answered: a 250 may be
// given. A *rem.Refusal is for the transaction alone; whatever else is wrong
// with a dispatch is answered with evidence. After [ErrUncertain] there is no
// answer; after any other error, a fault, nothing was taken.
func (r *Relay) In(ctx context.Context, domain string, tx smtp.Transaction, envelope message.Content) error {
	now := r.Clock.Now().UTC()
	in, err := r.Verifier.Read(ctx, domain, envelope, now)
	refusal, refused := errors.AsType[*rem.Refusal](err)
	if err != nil && !refused {
		return fmt.Errorf("verifying an envelope of %s: %w", domain, err)
	}
	if !in.Dispatch {
		if refused {
			r.Alarm("an evidence does not verify", "", string(refusal.Reason))
			return refusal
		}
		return r.answers(ctx, domain, in)
	}
	if _, of, _ := strings.Cut(string(in.Record.ID), "@"); of != in.Record.Origin || !r.same(of, domain) || len(in.Record.Recipients) == 0 ||
		slices.ContainsFunc(in.Filed, func(a About) bool { return r.borrowed(a.Filed) }) {
		return ErrNotAnswerable
	}
	if refusal == nil {
		if refusal, err = r.content(ctx, envelope, &in.Record); err != nil {
			return fmt.Errorf("checking a dispatch of %s: %w", domain, err)
		}
	}
	return r.dispatch(ctx, tx, in, refusal, envelope, now)
}

// content says why a dispatch that verifies is not taken over; nil when it is. What a
// scanner could not look through is kept from it and taken over, never dropped; why
// stands in the message's record from then on (AT-09).
func (r *Relay) content(ctx context.Context, envelope message.Content, rec *message.Record) (*rem.Refusal, error) {
	if envelope.Size() > r.Practice.MaxPackage {
		return rem.Refuse(rem.PolicyViolation, "İmzalı paket boyut sınırının üstünde.", "The signed package is larger than allowed."), nil
	}
	if r.Scanner == nil {
		return nil, nil
	}
	list, err := reading.Containers(ctx, envelope, archive.Limits{})
	if err != nil && !errors.Is(err, mime.ErrSyntax) && !errors.Is(err, mime.ErrLimit) { // else no container is known
		return nil, fmt.Errorf("looking into attachments: %w", err)
	}
	scanned, size := reading.Scannable(envelope, list)
	for i := range list {
		if f := list[i].Beyond(); f != nil {
			rec.Unscanned = append(rec.Unscanned, f.Kind)
		}
	}
	if slices.Sort(rec.Unscanned); len(rec.Unscanned) > 0 {
		rec.Unscanned = slices.Compact(rec.Unscanned)
		r.Alarm("an attachment is beyond the limits and was not scanned", rec.ID, fmt.Sprint(rec.Unscanned))
	}
	found, err := r.Scanner.Scan(ctx, scanned, size)
	if err != nil {
		return nil, fmt.Errorf("scanning for malware: %w", err)
	}
	if found != "" {
		return rem.Refuse(rem.MalwareFound, "İletide zararlı yazılım bulundu.", "The message holds malware."), nil
	}
	return nil, nil
}

// dispatch takes a message over, or refuses it with evidence. Steps 9 and 10.
func (r *Relay) dispatch(ctx context.Context, tx smtp.Transaction, in Incoming, refusal *rem.Refusal, envelope message.Content, now time.Time) error {
	rec := &in.Record
	asked := map[rem.Address]bool{}
	for _, to := range tx.Recipients {
		if a, err := to.Path.Address(); err == nil {
			asked[a] = true
		}
	}
	view, err := r.Ledger.Message(ctx, rec.ID)
	known := err == nil
	if err != nil && !errors.Is(err, message.ErrNotFound) {
		return fmt.Errorf("looking for %s: %w", rec.ID, err)
	}
	if known && (view.Record.Origin != rec.Origin || view.Record.Digest != rec.Digest) {
		r.Alarm("an identifier was used for a second message", rec.ID, rec.Origin)
		return rem.Refuse(rem.PolicyViolation, "Bu ileti kimliği başka bir ileti için kullanılmış.", "This message identifier belongs to another message.")
	}
	if known {
		// Who is who was decided when the message came for the first time.
		rec.Recipients = view.Record.Recipients
	} else if err := r.resolve(ctx, rec.Recipients); err != nil {
		return err
	}
	named := map[rem.Address]bool{}
	for i := range rec.Recipients {
		named[rec.Recipients[i].Address] = rec.Recipients[i].Leg == message.Inbound
	}
	for a := range asked {
		if !named[a] {
			// Nobody would ever hear of him: no evidence names him.
			r.Alarm("a message was offered for somebody whom its evidence does not name", rec.ID, rec.Origin)
			return rem.Refuse(rem.UnknownRecipient, "İstenen alıcılardan biri iletinin delilinde yok.", "One of the recipients asked for is not named in the message's evidence.")
		}
	}
	var fresh []int
	again := message.Step{Message: rec.ID, At: now}
	for i := range rec.Recipients {
		to, n := &rec.Recipients[i], i+1
		if to.Leg != message.Inbound || !asked[to.Address] {
			continue
		}
		if known && view.Standing(n).State != message.None {
			// Asked again: the first result stands, and goes back again (REQ-83).
			for _, f := range view.Filed {
				if f.Recipient == n && f.Issuer == r.Provider.Domain {
					again.Queue = append(again.Queue, message.Task{Stage: message.ReturnStage, Message: rec.ID, Target: string(f.ID), Due: now})
				}
			}
			continue
		}
		fresh = append(fresh, n)
	}
	if len(again.Queue) > 0 {
		if err := r.Ledger.Hint(ctx, again); err != nil {
			return fmt.Errorf("answering %s again: %w", rec.ID, err)
		}
	}
	if len(fresh) == 0 {
		if len(again.Queue) == 0 {
			return rem.Refuse(rem.UnknownRecipient, "Alıcıların hiçbiri bu sağlayıcıda değil.", "None of the recipients is at this provider.")
		}
		return nil
	}

	// What cannot be named in evidence is refused before anything rests on it: an
	// intention that can never be signed for would stay for ever.
	t := takeover{Record: *rec, Recipients: fresh, Refusal: refusal, Received: filed(in.Filed), At: now}
	if err := evidence.Check(r.answer(&t, fresh[0], t.Received)); err != nil {
		r.Alarm("a dispatch cannot be named in evidence", "", rec.Origin+": "+err.Error())
		return ErrNotAnswerable
	}

	// Step 9: record the intention, with the dispatch as it came.
	body, err := t.marshal()
	if err != nil {
		return err
	}
	intention := message.Intention{
		Key: fmt.Sprintf("relay-in/%s/%s", rec.ID, numbers(fresh)), Stage: message.RelayStage, At: now, Body: body,
	}
	if refusal == nil {
		intention.Content = envelope
	}
	kept, err := message.Intend(ctx, r.Ledger, intention)
	if errors.Is(err, message.ErrFull) {
		return fmt.Errorf("recording the intention to take %s over: %w", rec.ID, err)
	}
	switch {
	case err != nil:
	case bytes.Equal(kept.Body, body):
		err = r.takeOver(ctx, kept, &t)
	default: // an earlier one stands
		err = r.finishIn(ctx, kept)
	}
	if err != nil {
		return fmt.Errorf("taking %s over: %w: %w", rec.ID, ErrUncertain, err)
	}
	return nil
}

// resolve finds our accounts among the recipients of a message that comes for
// the first time: all of them, also those that it is not offered for yet, and
// once, so that a reissued address cannot take the message (AT-14, AT-15).
func (r *Relay) resolve(ctx context.Context, recipients []message.Recipient) error {
	for i := range recipients {
		to := &recipients[i]
		if to.Address.IsZero() || to.Address.Provider() != r.Provider.Domain {
			continue
		}
		to.Leg = message.Inbound
		switch a, err := r.Accounts.ByAddress(ctx, to.Address); {
		case errors.Is(err, account.ErrNotFound): // delivery says so
		case err != nil:
			return fmt.Errorf("looking for a recipient's account: %w", err)
		default:
			to.Account = a.ID
		}
	}
	return nil
}

func filed(abouts []About) []message.Filed {
	out := make([]message.Filed, len(abouts))
	for i, a := range abouts {
		out[i] = a.Filed
	}
	return out
}

func numbers(ns []int) string {
	var b strings.Builder
	for i, n := range ns {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}

// A takeover is what finishIn needs to go on, whoever calls it.
type takeover struct {
	Version    int
	Record     message.Record
	Recipients []int
	Refusal    *rem.Refusal `json:",omitempty"`
	Received   []message.Filed
	// Lengths are those of the XML of Received, in the stored form alone.
	Lengths []int `json:",omitempty"`
	At      time.Time
}

// takeoverVersion is that of the stored form (docs/formats/journal.md).
const takeoverVersion = 2

// marshal writes the fields as one line of JSON and the XML of the evidences that
// came with the dispatch behind it, each as long as the line says: as a string of
// JSON it would be most of the work. Version 1 had it there.
func (t *takeover) marshal() ([]byte, error) {
	t.Version = takeoverVersion
	stored := *t
	stored.Received = slices.Clone(t.Received)
	size := 0
	for i := range stored.Received {
		stored.Lengths = append(stored.Lengths, len(stored.Received[i].XML))
		size += len(stored.Received[i].XML)
		stored.Received[i].XML = nil
	}
	line, err := json.Marshal(&stored)
	if err != nil {
		return nil, fmt.Errorf("writing an intention: %w", err)
	}
	b := make([]byte, 0, len(line)+1+size)
	b = append(append(b, line...), '\n')
	for i := range t.Received {
		b = append(b, t.Received[i].XML...)
	}
	return b, nil
}

// unmarshalTakeover reads both versions.
func unmarshalTakeover(b []byte) (*takeover, error) {
	line, rest, _ := bytes.Cut(b, []byte{'\n'})
	var t takeover
	if err := json.Unmarshal(line, &t); err != nil {
		return nil, err
	}
	switch {
	case t.Version == 1:
		return &t, nil
	case t.Version != takeoverVersion:
		return nil, fmt.Errorf("version %d, this program knows %d", t.Version, takeoverVersion)
	case len(t.Lengths) != len(t.Received):
		return nil, fmt.Errorf("%d lengths for %d evidences", len(t.Lengths), len(t.Received))
	}
	for i, n := range t.Lengths {
		if n < 0 || n > len(rest) {
			return nil, errors.New("it ends within an evidence")
		}
		t.Received[i].XML, rest = rest[:n:n], rest[n:]
	}
	t.Lengths = nil
	return &t, nil
}

// answer is what the evidence about recipient n says.
func (r *Relay) answer(t *takeover, n int, filed []message.Filed) evidence.Draft {
	outcome := evidence.Positive
	if t.Refusal != nil {
		outcome = evidence.Negative
	}
	d := r.base(&t.Record, evidence.RelayREMMDAcceptanceRejection, outcome, n, filed)
	d.EventTime = t.At
	d.Log[0].Time = t.At
	if t.Refusal != nil {
		d.Reasons = []evidence.Reason{{Code: t.Refusal.Reason, Detail: t.Refusal.Detail}}
	}
	return d
}

// finishIn goes on from an intention as it was kept.
func (r *Relay) finishIn(ctx context.Context, kept message.Kept) error {
	t, err := unmarshalTakeover(kept.Body)
	if err != nil {
		return fmt.Errorf("reading the intention %s: %w", kept.Key, err)
	}
	return r.takeOver(ctx, kept, t)
}

// takeOver is step 10: sign for each recipient, record the result, hand on.
func (r *Relay) takeOver(ctx context.Context, kept message.Kept, t *takeover) error {
	rec := &t.Record
	rec.Original = kept.Content
	view, err := r.Ledger.Message(ctx, rec.ID)
	known := err == nil
	if err != nil && !errors.Is(err, message.ErrNotFound) {
		return fmt.Errorf("taking %s over: %w", rec.ID, err)
	}
	step := message.Step{Message: rec.ID, At: t.At, Resolves: kept.Key, Filed: slices.Clone(t.Received)}
	if !known {
		step.New = rec
		view = &message.View{Record: *rec, Filed: t.Received}
	}
	if known && view.Record.Original == "" && t.Refusal == nil {
		t.Refusal = refusedBefore
	}
	on := message.TakeOver
	if t.Refusal != nil {
		on = message.RefuseRelay
	}
	for _, n := range t.Recipients {
		tr, ok := message.Next(message.Inbound, view.Standing(n).State, on)
		if !ok {
			continue // recorded after all
		}
		prepared, err := evidence.Prepare(r.answer(t, n, view.Filed))
		if err != nil {
			return err
		}
		signed, err := prepared.Sign(ctx, r.Signer)
		if err != nil {
			return err
		}
		step.Changes = append(step.Changes, r.change(n, tr, t.At))
		step.Filed = append(step.Filed, signed.FiledAs(false))
		due := t.At
		if tr.Next == message.DeliveryStage {
			due = due.Add(message.AnswerLinger)
		}
		step.Queue = append(step.Queue, message.Task{Stage: message.ReturnStage, Message: rec.ID, Target: string(signed.ID), Due: due})
		if tr.Next != message.NoStage {
			step.Queue = append(step.Queue, message.Task{Stage: tr.Next, Message: rec.ID, Target: fmt.Sprint(n), Due: t.At})
		}
	}
	if len(step.Changes) == 0 {
		return r.Ledger.Abandon(ctx, kept.Key)
	}
	switch err := r.Ledger.Commit(ctx, step); {
	case errors.Is(err, message.ErrMoved):
		return r.finishIn(ctx, kept) // the same dispatch came twice at once
	case err != nil:
		return fmt.Errorf("recording that %s was taken over: %w", rec.ID, err)
	}
	return nil
}
