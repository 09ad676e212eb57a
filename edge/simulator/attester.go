package simulator

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// An Attester stands in for whom the provider trusts to compare faces: it attests
// what it is told to, marked.
type Attester struct{ *Identity }

// NewAttester makes one with a certificate of its own.
func (p *PKI) NewAttester() (*Attester, error) {
	id, err := p.root.Issue(Request{Subject: pkix.Name{CommonName: "Simulated attester of recordings"},
		Change: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }})
	if err != nil {
		return nil, err
	}
	return &Attester{id}, nil
}

// A Recording is what the attester is told of one.
type Recording struct {
	Reference, Nonce string
	Live, SameFace   bool
	Picture          []byte // data group 2 of the chip
	At               time.Time
}

// Package writes what a mobile program hands in: the files of a chip and the
// attestation. change, when given, sees the attestation before it is signed.
func (a *Attester) Package(f *ChipFiles, r Recording, change func(map[string]any)) ([]byte, error) {
	picture, film := sha256.Sum256(r.Picture), sha256.Sum256([]byte(Mark+r.Reference))
	said := map[string]any{
		"version": 1, "simulator": Mark, "reference": r.Reference, "nonce": r.Nonce, "live": r.Live, "same_face": r.SameFace,
		"picture_sha256": hex.EncodeToString(picture[:]), "recording_sha256": hex.EncodeToString(film[:]), "recording_octets": 1000, "at": r.At.Format(time.RFC3339),
	}
	if change != nil {
		change(said)
	}
	text, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("writing an attestation: %w", err)
	}
	digest := sha256.Sum256(text)
	signature, err := a.Key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing an attestation: %w", err)
	}
	return json.Marshal(map[string]any{"version": 1, "reference": r.Reference, "sod": f.SOD, "dg1": f.DG1, "dg2": f.DG2, "attestation": text, "signature": signature})
}

// Card makes the chip identity card of a citizen: a certificate by which the card
// answers challenges, beside the one of [PKI.Person] by which he signs.
func (p *PKI) Card(who Subject) (*Identity, error) {
	if citizen(who.IdentityNumber) == nil {
		return nil, ErrNotSynthetic
	}
	return p.Authority(Personal).Issue(Request{
		Subject: pkix.Name{CommonName: who.GivenName + " " + who.FamilyName, SerialNumber: who.IdentityNumber},
		Change:  func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
	})
}
