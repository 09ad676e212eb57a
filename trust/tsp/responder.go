package tsp

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/trust/algorithm"
	"rem/trust/cms"
)

var _ Authority = (*Responder)(nil)

// ErrClock reports a clock by which no time can be stamped: it stepped back, or
// it is away from the second clock by more than the bound (AT-25).
var ErrClock = errors.New("clock cannot be believed")

// A Responder is the pure computing of a time-stamping authority. Used in
// process it is an Authority itself. It may be used concurrently if its key
// may.
type Responder struct {
	options ResponderOptions
	signer  *cms.Signer
	prefix  []byte // version and policy of every TSTInfo
	fixed   []byte // the accuracy
	general []byte // the authority's name as a GeneralName, or nil
	name    []byte // the same in [0]

	mu     sync.Mutex
	seen   time.Time // guarded by mu; the latest reading of the clock
	given  time.Time // guarded by mu; the latest time stamped
	serial [16]byte  // guarded by mu; the latest serial number
}

// ResponderOptions says how a Responder stamps.
type ResponderOptions struct {
	Key    crypto.Signer
	Chain  []*x509.Certificate // leaf first; the leaf is for timeStamping alone
	Hash   crypto.Hash         // of the token's own signature; SHA-256 when it is zero
	PSS    bool
	Policy asn1.ObjectIdentifier // of every token; requests for others are refused

	Accuracy time.Duration // from 1 µs, or 0 to leave it out; whole microseconds
	Ordering bool          // promises that later tokens have later times
	Named    bool          // puts the leaf's subject into each token

	Clock rem.Clock
	// Second is compared with Clock where it is set: when they differ by more
	// than Bound, nothing is stamped. So a jump of either is noticed, and a
	// clock that stands still.
	Second rem.Clock
	Bound  time.Duration
	// After is the time of the latest token of an earlier run, from the log.
	// A clock that was put back while nobody looked is noticed by it.
	After time.Time

	// Record, where it is set, is told of every token before it is signed, in
	// the order of serial numbers and times. When it fails there is no token.
	// It is called by one goroutine at a time.
	Record func(context.Context, Issue) error
}

// An Issue is what the log of an authority keeps of a token.
type Issue struct {
	Serial  *big.Int
	Time    time.Time
	Hash    crypto.Hash
	Imprint []byte
}

// NewResponder prepares a responder. Serial numbers begin at a random place, so
// that they stay unique when it starts again.
func NewResponder(o ResponderOptions) (*Responder, error) {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.Key == nil {
		return nil, errors.New("preparing time-stamp responder: no key")
	}
	signer, err := cms.NewSigner(cms.SignerOptions{Key: o.Key, Chain: o.Chain, Hash: o.Hash, PSS: o.PSS, Type: cms.TSTInfo})
	if err != nil {
		return nil, fmt.Errorf("preparing time-stamp responder: %w", err)
	}
	if err := mayStamp(o.Chain[0]); err != nil {
		return nil, fmt.Errorf("preparing time-stamp responder: %w", err)
	}
	policy := element(o.Policy)
	if policy == nil || o.Clock == nil || o.Accuracy < 0 || o.Accuracy%time.Microsecond != 0 || o.Second != nil && o.Bound <= 0 {
		return nil, errors.New("preparing time-stamp responder: policy, clock, accuracy or bound")
	}
	r := &Responder{
		options: o, signer: signer,
		prefix: slices.Concat([]byte{2, 1, 1}, policy),
		fixed:  accuracy(o.Accuracy),
		seen:   o.After, given: o.After,
	}
	if o.Ordering {
		r.fixed = append(r.fixed, 0x01, 1, 0xff)
	}
	if o.Named {
		r.general = cms.Element(0xa4, o.Chain[0].RawSubject)
		r.name = cms.Element(0xa0, r.general)
	}
	if _, err := rand.Read(r.serial[:8]); err != nil {
		return nil, fmt.Errorf("preparing time-stamp responder: %w", err)
	}
	// Positive, and always of sixteen bytes.
	r.serial[0] = r.serial[0]&0x7f | 0x40
	return r, nil
}

// accuracy writes an Accuracy, RFC 3161 2.4.2; zero parts are left out.
func accuracy(d time.Duration) []byte {
	if d == 0 {
		return nil
	}
	var parts []byte
	for i, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		n := int64(d / unit)
		d %= unit
		if n == 0 {
			continue
		}
		part := number(big.NewInt(n))
		if i > 0 {
			part[0] = 0x80 | byte(i-1)
		}
		parts = append(parts, part...)
	}
	return cms.Element(0x30, parts)
}

// Stamp gives a token that carries its certificates.
func (r *Responder) Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (*Token, error) {
	if !algorithm.KnownDigest(h) || len(imprint) != h.Size() {
		return nil, fmt.Errorf("stamping an imprint of %d bytes: %w", len(imprint), algorithm.ErrUnknown)
	}
	der, issue, err := r.issue(ctx, &Request{Hash: h, Imprint: imprint, Certificates: true})
	if err != nil {
		return nil, err
	}
	return &Token{
		DER: der, Time: issue.Time, Accuracy: r.options.Accuracy, Ordering: r.options.Ordering,
		Serial: issue.Serial, Policy: r.options.Policy, Hash: h, Imprint: slices.Clone(imprint),
		Name: r.general, Certificates: r.signer.Chain(),
	}, nil
}

// Respond answers a request in DER. The answer is always to be sent; the error
// says for the log why it holds no token. It is a *Rejection when the request
// was at fault.
func (r *Responder) Respond(ctx context.Context, request []byte) ([]byte, error) {
	q, err := ParseRequest(request)
	if err == nil && q.Policy != nil && !q.Policy.Equal(r.options.Policy) {
		err = reject(UnacceptedPolicy, "policy is not ours")
	}
	var token []byte
	if err == nil {
		token, _, err = r.issue(ctx, q)
	}
	if rejected, ok := errors.AsType[*Rejection](err); ok {
		return rejected.DER(), err
	}
	switch {
	case errors.Is(err, ErrClock):
		return reject(TimeNotAvailable, "time is not available").DER(), err
	case err != nil:
		return reject(SystemFailure, "try again later").DER(), err
	}
	return grant(token), nil
}

// issue makes the token for a request that was checked.
func (r *Responder) issue(ctx context.Context, q *Request) ([]byte, Issue, error) {
	if err := ctx.Err(); err != nil {
		return nil, Issue{}, fmt.Errorf("stamping time: %w", err)
	}
	at, serial, err := r.next(ctx, q)
	if err != nil {
		return nil, Issue{}, fmt.Errorf("stamping time: %w", err)
	}
	// The body of a TSTInfo has some 120 bytes, with a name 200.
	body := make([]byte, 0, 256)
	body = append(body, r.prefix...)
	body = appendImprint(body, q.Hash, q.Imprint)
	body = append(cms.AppendHeader(body, 0x02, len(serial)), serial[:]...)
	var scratch [24]byte
	written := at.AppendFormat(scratch[:0], "20060102150405.999999Z")
	body = append(cms.AppendHeader(body, 0x18, len(written)), written...)
	body = append(body, r.fixed...)
	if q.Nonce != nil {
		body = append(body, number(q.Nonce)...)
	}
	body = append(body, r.name...)
	info := cms.Element(0x30, body)

	var sum [64]byte
	signed, err := r.signer.Sign(cms.AppendSum(sum[:0], r.options.Hash, info), time.Time{})
	if err != nil {
		return nil, Issue{}, fmt.Errorf("stamping time: %w", err)
	}
	der := r.signer.Append(nil, signed, cms.Parts{Content: info, Bare: !q.Certificates})
	return der, Issue{Serial: new(big.Int).SetBytes(serial[:]), Time: at, Hash: q.Hash, Imprint: q.Imprint}, nil
}

func appendImprint(dst []byte, h crypto.Hash, imprint []byte) []byte {
	digest := algorithm.DigestIdentifier(h)
	dst = cms.AppendHeader(dst, 0x30, len(digest)+cms.Size(len(imprint)))
	dst = append(dst, digest...)
	return append(cms.AppendHeader(dst, 0x04, len(imprint)), imprint...)
}

// next reads the clocks, gives the next time and serial number and records
// both. Times never fall in the order of serial numbers (AT-25).
func (r *Responder) next(ctx context.Context, q *Request) (time.Time, [16]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.options.Clock.Now().UTC().Round(0).Truncate(time.Microsecond)
	if now.Before(r.seen) {
		return time.Time{}, r.serial, fmt.Errorf("%w: it went back by %v", ErrClock, r.seen.Sub(now))
	}
	if r.options.Second != nil {
		if apart := now.Sub(r.options.Second.Now()).Abs(); apart > r.options.Bound {
			return time.Time{}, r.serial, fmt.Errorf("%w: two clocks are %v apart", ErrClock, apart)
		}
	}
	leaf := r.options.Chain[0]
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return time.Time{}, r.serial, fmt.Errorf("%w: the certificate is not valid at %v", ErrAuthority, now)
	}
	r.seen = now
	if r.options.Ordering && !now.After(r.given) {
		now = r.given.Add(time.Microsecond)
	}
	serial := r.serial
	binary.BigEndian.PutUint64(serial[8:], binary.BigEndian.Uint64(serial[8:])+1)
	if r.options.Record != nil {
		err := r.options.Record(ctx, Issue{new(big.Int).SetBytes(serial[:]), now, q.Hash, q.Imprint})
		if err != nil {
			return time.Time{}, r.serial, fmt.Errorf("recording serial number: %w", err)
		}
	}
	r.given, r.serial = now, serial
	return now, serial, nil
}
