package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"

	"rem"
	"rem/edge/smtpout"
	"rem/mail/mime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
)

type originate struct {
	dialect
	File  string   `arg:"" type:"path" help:"The original (.eml, lines that end in CRLF)."`
	From  string   `required:"" help:"Its holder who sends." placeholder:"ADDRESS"`
	To    []string `required:"" help:"The recipients that the transaction asks for, all at one provider." placeholder:"ADDRESS"`
	Also  []string `help:"Recipients that the evidence names beside them." placeholder:"ADDRESS"`
	Times int      `help:"How many times the dispatch is sent." default:"1"`
	Split bool     `help:"One transaction for each recipient, instead of one for all."`
	Break string   `help:"What is changed after signing: ${enum}." enum:"nothing,original,introduction,evidence" default:"nothing"`
	As    string   `help:"Claim another provider's domain as the sender's." placeholder:"DOMAIN"`
}

// Run implements the command: it prints the message's identifier and what the
// other provider answered.
func (o *originate) Run(ctx context.Context) error {
	p, err := open(o.dialect)
	if err != nil {
		return err
	}
	original, err := os.ReadFile(o.File)
	if err != nil {
		return err
	}
	r, err := o.record(p, original)
	if err != nil {
		return err
	}
	submission, err := p.sign(ctx, r, 0, evidence.SubmissionAcceptanceRejection, evidence.Positive, "", nil)
	if err != nil {
		return err
	}
	dispatch, err := p.envelope(ctx, r, original, []message.Filed{submission}, o.To[0])
	if err != nil {
		return err
	}
	if dispatch, err = o.spoil(dispatch, original); err != nil {
		return err
	}
	to, err := rem.ParseAddress(o.To[0])
	if err != nil {
		return err
	}
	rounds := [][]string{o.To}
	if o.Split {
		rounds = nil
		for _, address := range o.To {
			rounds = append(rounds, []string{address})
		}
	}
	fmt.Println("message", r.ID)
	refused := false
	for range o.Times {
		for _, round := range rounds {
			result, err := p.send(ctx, to.Provider(), smtp.Path(p.self.Service.String()), round, bytes.NewReader(dispatch), len(dispatch))
			if err != nil {
				return err
			}
			fmt.Println("outcome", result.Outcome, result.Err)
			refused = refused || result.Outcome != smtpout.Taken
		}
	}
	if refused {
		return errors.New("not everything was taken")
	}
	return nil
}

func (o *originate) record(p *peer, original []byte) (*message.Record, error) {
	from, err := rem.ParseAddress(o.From)
	if err != nil {
		return nil, err
	}
	token, err := rem.NewToken(p.clock.Now(), rand.Reader)
	if err != nil {
		return nil, err
	}
	domain := p.self.Domain
	if o.As != "" {
		domain = o.As
	}
	now := p.clock.Now().UTC()
	r := &message.Record{
		ID: rem.NewMessageID(token, domain), Origin: domain, Sender: message.Party{Address: from},
		Digest: rem.DigestOf(original), Size: int64(len(original)), Submitted: now,
		SenderAuthentication: message.Authentication{Time: now, Method: "urn:rem:authentication:application-password"},
	}
	if h, err := mime.ReadHeader(mime.Memory(original), mime.DefaultLimits); err == nil {
		r.Subject, _ = mime.DecodeText(h.Get("Subject"))
		r.UAMessageID = h.Get("Message-ID")
	}
	for _, address := range slices.Concat(o.To, o.Also) {
		a, err := rem.ParseAddress(address)
		if err != nil {
			return nil, err
		}
		r.Recipients = append(r.Recipients, message.Recipient{Party: message.Party{Address: a}})
	}
	return r, nil
}

// spoil changes one byte where it was asked for.
func (o *originate) spoil(dispatch, original []byte) ([]byte, error) {
	var at int
	switch o.Break {
	case "nothing":
		return dispatch, nil
	case "original":
		at = bytes.Index(dispatch, original) + len(original) - 3
	case "introduction":
		at = bytes.Index(dispatch, []byte("Benzetim"))
	case "evidence":
		// The namespace stands in every coding; in base64 some line does.
		if at = bytes.Index(dispatch, []byte("EventTime")); at < 0 {
			return nil, errors.New("to break evidence, write it in --coding qp")
		}
		at += len("EventTime>20")
	}
	if at <= 0 {
		return nil, fmt.Errorf("there is no %s to break", o.Break)
	}
	if dispatch[at] == '1' {
		dispatch[at] = '2'
	} else {
		dispatch[at] = '1'
	}
	return dispatch, nil
}
