package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/token"
)

// A Journey is what became of a message.
type Journey struct {
	Message    string             `json:"message"`
	Subject    string             `json:"subject"`
	From       string             `json:"from"`
	Submitted  time.Time          `json:"submitted"`
	Digest     string             `json:"sha256"`
	Recipients []JourneyRecipient `json:"recipients"`
	Summary    Text               `json:"summary"`
}

// A JourneyRecipient is one recipient's part.
type JourneyRecipient struct {
	Number  int           `json:"number"`
	Address string        `json:"address"`
	Copy    bool          `json:"copy"`
	State   string        `json:"state"`
	Stands  Text          `json:"stands"`
	Until   *time.Time    `json:"until,omitempty" doc:"Beklenenin süre sonu / when the awaited has to have come"`
	Steps   []JourneyStep `json:"steps"`
}

// A JourneyStep is one step.
type JourneyStep struct {
	Place    string     `json:"place"`
	Progress string     `json:"progress"`
	Text     Text       `json:"text"`
	Time     *time.Time `json:"time,omitempty"`
	Evidence []Proof    `json:"evidence,omitempty"`
}

// A Proof is an evidence.
type Proof struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" example:"DeliveryNonDeliveryToRecipient"`
	Code      string    `json:"code" example:"40"`
	Positive  bool      `json:"positive"`
	Name      Text      `json:"name"`
	Recipient int       `json:"recipient" doc:"0: hepsi / all"`
	Issuer    string    `json:"issuer"`
	Time      time.Time `json:"time"`
	Reasons   []string  `json:"reasons,omitempty"`
	Digest    string    `json:"sha256"`
	Verdict   string    `json:"verdict,omitempty" doc:"EN 319 102-1: TOTAL-PASSED, INDETERMINATE, TOTAL-FAILED"`
	Sentence  *Text     `json:"sentence,omitempty"`
	Conflict  bool      `json:"conflict,omitempty"`
}

func proof(e *timeline.Evidence) Proof {
	out := Proof{
		ID: string(e.ID), Kind: e.Kind.String(), Code: e.Code, Positive: e.Outcome == message.Positive, Name: both(e.Name), Recipient: e.Recipient,
		Issuer: e.Issuer, Time: e.Time, Digest: e.Digest.String(), Conflict: e.Conflict,
	}
	for _, r := range e.Reasons {
		out.Reasons = append(out.Reasons, string(r.Code))
	}
	if j := e.Judgement; j != nil {
		t := both(j.Sentence)
		out.Verdict, out.Sentence = j.Verdict.String(), &t
	}
	return out
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// A MessageIn names a message.
type MessageIn struct {
	Spoken
	ID string `path:"message" maxLength:"200"`
}

func (p *programs) journeys() {
	const tag = "Deliller / evidence"
	type journeyOut struct{ Body Journey }
	huma.Register(p.api, on(http.MethodGet, "messages/{message}", "getTimeline", token.List, tag,
		"Alıcı alıcı ne olduğunu delilleriyle verir", "Gives what became of a message, recipient by recipient, with the evidence and its verdicts", http.StatusNotFound),
		func(ctx context.Context, in *MessageIn) (*journeyOut, error) {
			who := visitor(ctx)
			view, err := p.Box.Message(ctx, who, rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			filed, err := p.Box.EvidenceOf(ctx, who, view.Record.ID)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			judged, err := p.judged(ctx, filed)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			m := timeline.Of(view, timeline.Options{Only: shown(view, who), Judgements: judged})
			out := &journeyOut{Body: Journey{
				Message: string(m.ID), Subject: m.Subject, From: m.Sender.Address, Submitted: m.Submitted, Digest: m.Digest.String(),
				Recipients: []JourneyRecipient{}, Summary: both(m.Summary.Text()),
			}}
			for i := range m.Recipients {
				r := &m.Recipients[i]
				one := JourneyRecipient{Number: r.Number, Address: r.Address, Copy: r.Copy, State: r.State.String(), Stands: both(r.Stands), Until: optional(r.Until), Steps: []JourneyStep{}}
				for j := range r.Steps {
					s := &r.Steps[j]
					step := JourneyStep{Place: s.Place.String(), Progress: s.Progress.String(), Text: both(s.Sentence), Time: optional(s.Time)}
					for k := range s.Evidence {
						step.Evidence = append(step.Evidence, proof(&s.Evidence[k]))
					}
					one.Steps = append(one.Steps, step)
				}
				out.Body.Recipients = append(out.Body.Recipients, one)
			}
			return out, nil
		})
	type proofsOut struct{ Body []Proof }
	huma.Register(p.api, on(http.MethodGet, "messages/{message}/evidence", "listEvidence", token.List, tag, "İletinin delillerini listeler", "Lists the evidence of a message", http.StatusNotFound),
		func(ctx context.Context, in *MessageIn) (*proofsOut, error) {
			who := visitor(ctx)
			view, err := p.Box.Message(ctx, who, rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &proofsOut{Body: []Proof{}}
			for _, e := range timeline.Of(view, timeline.Options{Only: shown(view, who)}).Evidence {
				out.Body = append(out.Body, proof(&e))
			}
			return out, nil
		})
	type evidenceIn struct {
		MessageIn
		Evidence string `path:"evidence"`
	}
	huma.Register(p.api, on(http.MethodGet, "messages/{message}/evidence/{evidence}", "getEvidence", token.List, tag, "Delilin imzalı XML'ini verir, baytı baytına", "Gives the signed XML of an evidence, byte for byte", http.StatusNotFound),
		func(ctx context.Context, in *evidenceIn) (*huma.StreamResponse, error) {
			filed, err := p.Box.EvidenceOf(ctx, visitor(ctx), rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			for _, f := range filed {
				if string(f.ID) == in.Evidence {
					return download(memory(f.XML), "application/xml", "delil.xml"), nil
				}
			}
			return nil, p.told(in.Language, mailbox.ErrNotFound)
		})
	verify := on(http.MethodPost, "verify", "verifyEvidence", token.List, tag, "Bir delili veya zarfı doğrular; dosya saklanmaz", "Verifies an evidence or an envelope; the file is not kept")
	verify.MaxBodyBytes = 40 << 20
	type verifyIn struct {
		Spoken
		RawBody []byte `contentType:"application/octet-stream"`
	}
	type verifyOut struct {
		Body *verification.Report
	}
	huma.Register(p.api, verify, func(ctx context.Context, in *verifyIn) (*verifyOut, error) {
		if p.Verifier == nil {
			return nil, p.told(in.Language, errors.New("there is no verifier"))
		}
		report, err := p.Verifier.Verify(ctx, verification.Input{Name: "file", Source: memory(in.RawBody)})
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		return &verifyOut{report}, nil
	})
}
