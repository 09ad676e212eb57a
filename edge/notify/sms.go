package notify

import (
	"context"
	"fmt"
	"time"

	"rem/edge/outward"
)

// A Gateway sends text messages by HTTP: a question in JSON, whose form is ours
// (docs/formats/outbox.md); gateways with another one need a connector.
type Gateway struct{ client *outward.Client }

var _ Sender = (*Gateway)(nil)

// NewGateway prepares a gateway; the outbox makes the pauses between attempts.
func NewGateway(o outward.Options) (*Gateway, error) {
	if o.Pauses == nil {
		o.Pauses = noPauses
	}
	c, err := outward.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &Gateway{c}, nil
}

var noPauses = []time.Duration{}

type smsQuestion struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

type smsAnswer struct {
	Simulator string `json:"simulator"`
	ID        string `json:"id"`
	State     string `json:"state"` // accepted, rejected
}

// Send implements Sender.
func (g *Gateway) Send(ctx context.Context, p Parcel) error {
	var got smsAnswer
	if _, err := g.client.Ask(ctx, "v1/messages", p.Key, smsQuestion{p.To, p.Text.Body}, &got); err != nil {
		return err
	}
	switch {
	case got.State == "accepted" && got.ID != "":
		return nil
	case got.State == "rejected":
		return fmt.Errorf("handing a text message over: %w", ErrNever)
	}
	return fmt.Errorf("handing a text message over: %w", outward.ErrGarbage)
}
