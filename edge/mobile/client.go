package mobile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/message/signing"
	"rem/person"
)

// A Client asks one service. It may be used from many goroutines.
type Client struct{ client *outward.Client }

var _ signing.Mobile = (*Client)(nil)

// New prepares a client; it connects to nobody. A question is asked once in each call:
// whoever signs asks again by himself.
func New(o outward.Options) (*Client, error) {
	if o.Pauses == nil {
		o.Pauses = []time.Duration{}
	}
	c, err := outward.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// Close gives idle connections up.
func (c *Client) Close() { c.client.Close() }

// MaxCertificates bounds a chain, in certificates.
const MaxCertificates = 8

type certificateQuestion struct {
	Number string `json:"number"`
}

type certificateAnswer struct {
	Simulator    string   `json:"simulator"`
	Result       string   `json:"result"` // found, none
	Certificates []string `json:"certificates"`
}

// Certificate implements signing.Mobile.
func (c *Client) Certificate(ctx context.Context, number person.Phone) ([][]byte, error) {
	var got certificateAnswer
	if _, err := c.client.Ask(ctx, "v1/certificate", rand.Text(), certificateQuestion{number.Reveal()}, &got); err != nil {
		return nil, err
	}
	if got.Result == "none" && len(got.Certificates) == 0 {
		return nil, signing.NoMobileSignature()
	}
	if got.Result != "found" || len(got.Certificates) == 0 || len(got.Certificates) > MaxCertificates {
		return nil, garbage("a certificate")
	}
	var chain [][]byte
	for _, text := range got.Certificates {
		der, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, garbage("a certificate")
		}
		chain = append(chain, der)
	}
	return chain, nil
}

type signatureQuestion struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Text   string `json:"text"`
	Hash   string `json:"hash"`
	Digest string `json:"digest"`
	Until  string `json:"until"`
}

type plainAnswer struct {
	Simulator string `json:"simulator"`
	Result    string `json:"result"`
}

// Ask implements signing.Mobile.
func (c *Client) Ask(ctx context.Context, r signing.MobileRequest) error {
	var got plainAnswer
	_, err := c.client.Ask(ctx, "v1/signature", string(r.Handle), signatureQuestion{
		ID: string(r.Handle), Number: r.Number.Reveal(), Text: r.Text, Hash: "SHA-256", Digest: base64.StdEncoding.EncodeToString(r.Digest), Until: r.Until.UTC().Format(time.RFC3339),
	}, &got)
	switch {
	case err != nil:
		return err
	case got.Result == "taken":
		return nil
	case got.Result == "refused":
		return rem.Refuse(rem.PolicyViolation, "Operatör bu hatta imza isteği göndermeyi kabul etmedi.", "The operator did not agree to send a request for a signature to this line.")
	}
	return garbage("a request")
}

type handleQuestion struct {
	ID string `json:"id"`
}

type answerAnswer struct {
	Simulator string `json:"simulator"`
	Result    string `json:"result"` // waiting, signed, declined, expired, unknown
	Value     string `json:"value"`
}

// Answer implements signing.Mobile.
func (c *Client) Answer(ctx context.Context, h signing.MobileHandle) (signing.MobileAnswer, error) {
	var got answerAnswer
	if _, err := c.client.Ask(ctx, "v1/answer", rand.Text(), handleQuestion{string(h)}, &got); err != nil {
		return signing.MobileAnswer{}, err
	}
	a := signing.MobileAnswer{Word: signing.MobileWord(got.Result)}
	switch a.Word {
	case signing.WordWaiting, signing.WordDeclined, signing.WordExpired, signing.WordUnknown:
		if got.Value == "" {
			return a, nil
		}
	case signing.WordSigned:
		value, err := base64.StdEncoding.Strict().DecodeString(got.Value)
		if err == nil && len(value) > 0 {
			a.Value = value
			return a, nil
		}
	}
	return signing.MobileAnswer{}, garbage("an answer")
}

// Withdraw implements signing.Mobile.
func (c *Client) Withdraw(ctx context.Context, h signing.MobileHandle) error {
	var got plainAnswer
	if _, err := c.client.Ask(ctx, "v1/withdraw", "withdraw."+string(h), handleQuestion{string(h)}, &got); err != nil {
		return err
	}
	if got.Result != "withdrawn" {
		return garbage("a withdrawal")
	}
	return nil
}

func garbage(of string) error {
	return fmt.Errorf("reading %s of a mobile signature: %w", of, outward.ErrGarbage)
}
