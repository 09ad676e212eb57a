package relay

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// A TrustedReader is a Verifier that believes what the trust list says: who a
// REM-MD is, with which certificates it signs, and since when. Its fields are
// set before its first use; it may be used concurrently.
type TrustedReader struct {
	// List returns the list in force.
	List func() *trustlist.List
	// Validator judges evidence and its tokens by the operation rule.
	Validator *validation.Validator
	// Algorithms is what signatures may use at a time.
	Algorithms algorithm.Policy
	// Cache keeps parsed certificates.
	Cache *xades.Cache
}

func refuse(turkish, english string) *rem.Refusal {
	return rem.Refuse(rem.InvalidMessageFormat, turkish, english)
}

// Read implements Verifier.
func (v *TrustedReader) Read(ctx context.Context, domain string, content message.Content, at time.Time) (Incoming, error) {
	list := v.List()
	in, err := v.read(ctx, list, domain, content, at)
	if refusal, refused := errors.AsType[*rem.Refusal](err); refused && refusal != ErrNotAnswerable && list.Overdue(at) {
		// What the list does not know may stand in its next issue, such as a new
		// certificate. A refusal is for good; an old list is our own fault.
		return Incoming{}, fmt.Errorf("judging by a trust list whose next issue was due on %s: %v", list.NextUpdate.UTC().Format(time.DateOnly), refusal)
	}
	return in, err
}

func (v *TrustedReader) read(ctx context.Context, list *trustlist.List, domain string, content message.Content, at time.Time) (Incoming, error) {
	peer, err := list.ByDomain(domain, at)
	if err != nil {
		return Incoming{}, rem.Refuse(rem.PeerNotIdentified, "Sağlayıcı güven listesinde yürürlükte değil.", "The provider is not in force on the trust list.")
	}
	env, err := envelope.Read(content)
	if err != nil {
		if !strangers(err) {
			return Incoming{}, err
		}
		return Incoming{}, ErrNotAnswerable
	}
	var in Incoming
	switch env.Kind {
	case envelope.Dispatch:
		in.Dispatch = true
	case envelope.Message:
	default:
		return Incoming{}, ErrNotAnswerable
	}
	read, err := v.evidences(ctx, list, peer, domain, env)
	if err != nil {
		return Incoming{}, err
	}
	for _, r := range read {
		in.Filed = append(in.Filed, r.about)
	}
	// The evidence inside is signed for itself, so that what it says can be
	// answered even when the envelope around it does not hold.
	if in.Dispatch {
		if err := v.record(&in, peer, env, read); err != nil {
			return in, err
		}
	}
	return in, v.envelope(env, list, peer, at)
}

// strangers tells what the other side wrote from a source that fails.
func strangers(err error) bool {
	for _, sentinel := range []error{
		envelope.ErrNotEnvelope, envelope.ErrStructure, mime.ErrSyntax, mime.ErrLimit,
		cms.ErrStructure, cms.ErrDigest, cms.ErrSignature, cms.ErrNoSigner,
		algorithm.ErrUnknown, algorithm.ErrSignature, tsp.ErrImprint,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// envelope checks the signature around everything. It has no token of its own,
// so it is judged now, and by the list alone (EN 319 532-4: the envelope may be
// B-B, the evidence has the time-stamp).
func (v *TrustedReader) envelope(env *envelope.Envelope, list *trustlist.List, peer *trustlist.Provider, at time.Time) error {
	signed, err := env.Verify(cades.VerifyOptions{Known: operation(peer), Cache: v.Cache.Carried()})
	if err != nil {
		if !strangers(err) {
			return err
		}
		return refuse("Zarfın imzası geçerli değil.", "The envelope's signature is not valid.")
	}
	if !v.signs(list, peer, signed.Certificate, at) {
		return rem.Refuse(rem.PolicyViolation, "Zarfı imzalayan sertifika bu sağlayıcının işlem sertifikası değil.", "The envelope is not signed with an operation certificate of this provider.")
	}
	bits := algorithm.KeyBits(signed.Certificate.PublicKey)
	weak := v.Algorithms.Signature(signed.Algorithm, bits, at)
	for _, h := range signed.Digests {
		weak = errors.Join(weak, v.Algorithms.Digest(h, at))
	}
	if weak != nil {
		return rem.Refuse(rem.PolicyViolation, "Zarfın imza algoritması artık kabul edilmiyor.", "The algorithm of the envelope's signature is not acceptable any more.")
	}
	return nil
}

func operation(p *trustlist.Provider) []*x509.Certificate {
	certs := make([]*x509.Certificate, len(p.Operation))
	for i, c := range p.Operation {
		certs[i] = c.Certificate
	}
	return certs
}

// signs reports whether the certificate signs for this provider at the time.
// Trust comes from the list, never from a key in the document (AT-19).
func (v *TrustedReader) signs(list *trustlist.List, peer *trustlist.Provider, c *x509.Certificate, at time.Time) bool {
	p, err := list.ByOperationCertificate(c, at)
	return err == nil && p.Code == peer.Code
}

type readEvidence struct {
	evidence *evidence.Evidence
	about    About
}

// evidences verifies every evidence of an envelope: each must be the peer's.
func (v *TrustedReader) evidences(ctx context.Context, list *trustlist.List, peer *trustlist.Provider, domain string, env *envelope.Envelope) ([]readEvidence, error) {
	var out []readEvidence
	for _, part := range env.Evidence {
		e, x, err := evidence.Verify(part.Content, xades.VerifyOptions{Known: operation(peer), Cache: v.Cache})
		if err != nil {
			return nil, refuse("Zarftaki delilin imzası geçerli değil.", "An evidence in the envelope is not validly signed.")
		}
		report := v.Validator.XAdES(ctx, validation.Operation, x)
		switch {
		case report.Sub == validation.TryLater:
			return nil, fmt.Errorf("judging an evidence of %s: %s", domain, report)
		case !report.Passed():
			return nil, refuse("Zarftaki delile güvenilemiyor.", "An evidence in the envelope cannot be relied on.")
		case !v.signs(list, peer, x.Certificate, report.Proof), !e.Issuer.Address.IsZero() && !slices.Contains(peer.Domains, e.Issuer.Address.Domain()):
			return nil, rem.Refuse(rem.PolicyViolation, "Delil bu sağlayıcının değil.", "The evidence is not this provider's.")
		case e.Message.Digest.IsZero():
			return nil, refuse("Delil iletinin özetini vermiyor.", "The evidence does not name the message's digest.")
		}
		issuer := domain
		if !e.Issuer.Address.IsZero() {
			issuer = e.Issuer.Address.Domain()
		}
		f := message.Filed{
			ID: e.ID, Kind: e.Kind, Outcome: e.Outcome, Recipient: e.RefersTo, Issuer: issuer,
			Time: report.Proof, NoInformation: e.Claim().NoInformation, XML: part.Content, Digest: rem.DigestOf(part.Content),
		}
		for _, r := range e.Reasons {
			f.Reasons = append(f.Reasons, r.Code)
		}
		if f.Recipient == 0 && len(e.Recipients) == 1 && e.Kind != evidence.SubmissionAcceptanceRejection {
			f.Recipient = 1 // others leave the place out where there is only one
		}
		about := About{Message: e.Message.ID, Digest: e.Message.Digest, Filed: f}
		if n := f.Recipient; 0 < n && n <= len(e.Recipients) {
			about.To = e.Recipients[n-1].Address
		}
		out = append(out, readEvidence{e, about})
	}
	return out, nil
}

// record describes the message by its submission evidence, and compares the
// original with it.
func (v *TrustedReader) record(in *Incoming, peer *trustlist.Provider, env *envelope.Envelope, read []readEvidence) error {
	i := slices.IndexFunc(read, func(r readEvidence) bool {
		return r.evidence.Kind == evidence.SubmissionAcceptanceRejection && r.evidence.Outcome == evidence.Positive
	})
	if i < 0 {
		return refuse("Zarfta gönderim kabul delili yok.", "The envelope has no evidence that the submission was accepted.")
	}
	e := read[i].evidence
	in.Filed = []About{read[i].about}
	// A provider with several domains gives identifiers in any of them.
	_, domain, _ := strings.Cut(string(e.Message.ID), "@")
	if !slices.Contains(peer.Domains, domain) {
		return ErrNotAnswerable
	}
	in.Record = message.Record{
		ID: e.Message.ID, Origin: domain,
		Sender:               party(e.Sender),
		SenderAuthentication: message.Authentication(e.SenderAuthentication),
		Subject:              e.Message.Subject, UAMessageID: e.Message.UAMessageID,
		Digest: e.Message.Digest, Size: env.Original.Len(), Submitted: e.SubmissionTime,
		From: env.Original.Start, Length: env.Original.Len(),
	}
	if in.Record.Submitted.IsZero() {
		in.Record.Submitted = e.EventTime
	}
	for _, p := range e.Recipients {
		in.Record.Recipients = append(in.Record.Recipients, message.Recipient{Party: party(p)})
	}
	if !slices.Contains(peer.Domains, in.Record.Sender.Address.Provider()) {
		return rem.Refuse(rem.PolicyViolation, "Gönderici bu sağlayıcının hesabı değil.", "The sender is not an account of this provider.")
	}
	sum, err := env.OriginalDigest(crypto.SHA256)
	if err != nil {
		return fmt.Errorf("digesting the original: %w", err)
	}
	if string(sum) != string(e.Message.Digest[:]) {
		return refuse("Orijinal ileti, delildeki özetle uyuşmuyor.", "The original message does not match the digest in its evidence.")
	}
	return nil
}

func party(p evidence.Party) message.Party {
	return message.Party{Address: p.Address, Raw: p.Foreign, Name: p.Name}
}
