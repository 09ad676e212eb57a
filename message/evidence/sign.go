package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rem"
	"rem/trust/xades"
)

// maxSkew is how far the clock and the time-stamp authority may be apart. Beyond
// it nothing is signed: by a clock that is ahead the evidence would be older than
// its event, and by one that is behind a refusal could rest on a wrong date, such
// as that of a certificate which seems not yet valid (AT-25). The event itself may
// be any time before, since a signature may be made long after a crash.
const maxSkew = time.Minute

// ErrUsed is returned when a Prepared is asked to sign again.
var ErrUsed = errors.New("this prepared evidence was already given to a signer")

// ErrClock is returned when the clock and the time-stamp authority disagree about
// the time, or about whether the event has been. Nothing is signed (AT-25).
var ErrClock = errors.New("the clock or the authority is wrong")

// A Signer signs evidence as one REM-MD: its operation certificate, its hs
// code and its clock. It is safe for concurrent use.
type Signer struct {
	xades *xades.Signer
	hs    string
	clock rem.Clock
}

// NewSigner makes the signer of the REM-MD with the given code, such as
// "hs90". The clock gives XAdES' SigningTime, which is a claim; the proof is
// the token of the signer's authority.
func NewSigner(x *xades.Signer, hsCode string, clock rem.Clock) (*Signer, error) {
	if x == nil || clock == nil || hsCode == "" {
		return nil, errors.New("an evidence signer needs an operation key, an hs code and a clock")
	}
	return &Signer{x, hsCode, clock}, nil
}

// A Prepared passed every check of its profile. Only Prepare makes one. It
// signs once, whatever comes of it: after a fault the draft is prepared again,
// which is also the path after a crash.
type Prepared struct {
	draft Draft
	xml   []byte
	used  atomic.Bool
}

// XML returns the evidence before signing, in exclusive canonical form. The
// bytes are the same for the same draft; the caller does not change them.
func (p *Prepared) XML() []byte { return p.xml }

// Draft returns what was prepared.
func (p *Prepared) Draft() Draft { return p.draft }

// A Signed evidence is final: XML is never written again (REQ-65). Time is the
// token's, or the claimed signing time where the signer has no authority.
type Signed struct {
	ID      rem.EvidenceID
	Kind    Kind
	Outcome Outcome
	XML     []byte
	Time    time.Time
	Draft   Draft
}

// Digest returns the SHA-256 of the signed XML, by which later evidence
// answers this one.
func (s Signed) Digest() rem.Digest { return rem.DigestOf(s.XML) }

// Answer returns the pointer that later evidence carries.
func (s Signed) Answer() Answer { return Answer{s.ID, s.Digest()} }

// Sign signs with the operation certificate and asks for the time-stamp token
// (XAdES B-T). It refuses a draft that names another issuer than the signer. The
// error is an [ErrClock] when this is no time to sign.
func (p *Prepared) Sign(ctx context.Context, s *Signer) (Signed, error) {
	d := &p.draft
	if d.Issuer.Address.HSCode() != s.hs {
		return Signed{}, fmt.Errorf("signing evidence %s: its issuer is %s and the signer is %s", d.ID, d.Issuer.Address.HSCode(), s.hs)
	}
	if !p.used.CompareAndSwap(false, true) {
		return Signed{}, fmt.Errorf("signing evidence %s: %w", d.ID, ErrUsed)
	}
	now := s.clock.Now().UTC()
	signed, err := s.xades.Sign(ctx, p.xml, now)
	if err != nil {
		return Signed{}, fmt.Errorf("signing evidence %s: %w", d.ID, err)
	}
	at := now
	if signed.Token != nil {
		at = signed.Token.Time.UTC()
		if at.Before(d.EventTime.Add(-maxSkew)) {
			return Signed{}, fmt.Errorf("signing evidence %s: its token is of %s, before the event at %s: %w",
				d.ID, at.Format(time.RFC3339), d.EventTime.Format(time.RFC3339), ErrClock)
		}
		if apart := at.Sub(now).Abs(); apart > maxSkew {
			return Signed{}, fmt.Errorf("signing evidence %s: its token is of %s and our clock says %s: %w",
				d.ID, at.Format(time.RFC3339), now.Format(time.RFC3339), ErrClock)
		}
	}
	return Signed{d.ID, d.Kind, d.Outcome, signed.XML, at, p.draft}, nil
}
