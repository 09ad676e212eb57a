package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/edge/smtpout"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/envelope"
	"rem/message/evidence"
)

// taken is a message that came here, with the evidence that was made about it.
type taken struct {
	record  message.Record
	offered int
	filed   []message.Filed // in the order in which things happened
	done    map[int]bool    // recipients with evidence
}

// take makes the evidence about a dispatch, once for each recipient, and sends
// what is known back.
func (d *door) take(domain string, tx smtp.Transaction, env *envelope.Envelope, submission *evidence.Evidence) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.taken[submission.Message.ID]
	if m == nil {
		m = &taken{done: map[int]bool{}, record: message.Record{
			ID: submission.Message.ID, Origin: domain, Sender: party(submission.Sender), Subject: submission.Message.Subject,
			UAMessageID: submission.Message.UAMessageID, Digest: submission.Message.Digest, Size: env.Original.Len(),
			Submitted: submission.SubmissionTime, SenderAuthentication: message.Authentication(submission.SenderAuthentication),
		}}
		for _, p := range submission.Recipients {
			m.record.Recipients = append(m.record.Recipients, message.Recipient{Party: party(p)})
		}
		d.taken[m.record.ID] = m
	}
	m.offered++
	for i, to := range m.record.Recipients {
		asked := slices.ContainsFunc(tx.Recipients, func(r smtp.Recipient) bool {
			a, err := r.Path.Address()
			return err == nil && a == to.Address
		})
		if !asked || m.done[i+1] {
			continue
		}
		m.done[i+1] = true
		if err := d.happen(m, i+1); err != nil {
			return err
		}
	}
	if d.Every > 1 && m.offered%d.Every != 0 {
		return nil
	}
	record, filed := m.record, slices.Clone(m.filed)
	d.answers.Go(func() {
		time.Sleep(d.After)
		d.answer(&record, filed)
	})
	return nil
}

func party(p evidence.Party) message.Party {
	return message.Party{Address: p.Address, Raw: p.Foreign, Name: p.Name}
}

// happen is the whole life of a message for one recipient. d.mu is held.
func (d *door) happen(m *taken, n int) error {
	to := m.record.Recipients[n-1].Address.String()
	switch {
	case d.Reject != "":
		return d.made(m, n, evidence.RelayREMMDAcceptanceRejection, evidence.Negative, rem.Reason(d.Reject))
	case d.made(m, n, evidence.RelayREMMDAcceptanceRejection, evidence.Positive, "") != nil:
		return fmt.Errorf("making evidence for %s", m.record.ID)
	case d.Deliver == "never":
		return nil
	case d.Deliver == "no", len(d.Known) > 0 && !slices.Contains(d.Known, to):
		return d.made(m, n, evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, rem.UnknownRecipient)
	}
	if err := d.made(m, n, evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, ""); err != nil {
		return err
	}
	switch d.Retrieve {
	case "open":
		return d.made(m, n, evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, "")
	case "expire":
		return d.made(m, n, evidence.RetrievalNonRetrievalByRecipient, evidence.Negative, rem.RetentionPeriodExpired)
	}
	return nil
}

// made signs one evidence about a message.
func (d *door) made(m *taken, n int, kind evidence.Kind, outcome evidence.Outcome, reason rem.Reason) error {
	signed, err := d.sign(context.Background(), &m.record, n, kind, outcome, reason, m.filed)
	if err != nil {
		return err
	}
	m.filed = append(m.filed, signed)
	return nil
}

func (p *peer) sign(ctx context.Context, r *message.Record, n int, kind evidence.Kind, outcome evidence.Outcome, reason rem.Reason, before []message.Filed) (message.Filed, error) {
	e := evidence.About(r)
	e.Kind, e.Outcome, e.RefersTo, e.EventTime = kind, outcome, n, p.clock.Now().UTC()
	e.ID = rem.NewEvidenceID(r.ID, kind.Code(outcome), n, p.self.HSCode())
	e.PolicyIDs = p.config.Practice.PolicyIDs
	e.Issuer = evidence.Party{Name: p.self.Name.English, Address: p.self.Service}
	e.Answers = evidence.AnswerTo(before, n)
	if reason != "" {
		e.Reasons = []evidence.Reason{{Code: reason}}
	}
	if kind == evidence.RetrievalNonRetrievalByRecipient && outcome == evidence.Positive {
		e.RecipientAuthentication = evidence.Authentication{Time: e.EventTime, Method: "urn:rem:authentication:application-password"}
		e.Delegates = []evidence.Delegate{{Party: evidence.Party{Name: r.Recipients[n-1].Name, Person: "peer-person", Address: r.Recipients[n-1].Address}, Recipients: []int{n}}}
	}
	prepared, err := evidence.Prepare(e)
	if err != nil {
		return message.Filed{}, err
	}
	signed, err := prepared.Sign(ctx, p.evidences)
	if err != nil {
		return message.Filed{}, err
	}
	return signed.FiledAs(false), nil
}

// answer sends evidence back in the order and the number that was chosen. What
// is not taken is tried again for a while.
func (d *door) answer(r *message.Record, filed []message.Filed) {
	var letters [][]message.Filed
	switch d.Order {
	case "joined":
		letters = [][]message.Filed{filed}
	case "late":
		filed = slices.DeleteFunc(filed, func(f message.Filed) bool {
			return f.Kind == evidence.RelayREMMDAcceptanceRejection && f.Outcome == evidence.Positive
		})
		letters = [][]message.Filed{filed}
	default:
		for _, f := range filed {
			letters = append(letters, []message.Filed{f})
		}
		if d.Order == "reversed" {
			slices.Reverse(letters)
		}
	}
	for _, letter := range letters {
		for range d.Repeat {
			if len(letter) > 0 {
				d.deliver(r, letter)
			}
		}
	}
}

func (d *door) deliver(r *message.Record, letter []message.Filed) {
	to, err := d.serviceOf(r.Origin)
	if err != nil {
		fmt.Println("answer", err)
		return
	}
	for attempt := range 20 {
		time.Sleep(time.Duration(attempt) * 50 * time.Millisecond)
		b, err := d.envelope(context.Background(), r, nil, letter, to)
		if err != nil {
			fmt.Println("answer", err)
			return
		}
		result, err := d.send(context.Background(), r.Origin, "", []string{to}, bytes.NewReader(b), len(b))
		fmt.Println("answer", len(letter), result.Outcome, result.Err, err)
		if err == nil && (result.Outcome == smtpout.Taken || result.Recipients[0].Fate == smtpout.Permanent) {
			return
		}
	}
}
