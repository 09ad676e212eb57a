package envelope

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message"
	"rem/provider"
)

// A Signer signs content by its digest, detached, in DER. *cades.Signer is one.
type Signer interface {
	Hash() crypto.Hash
	Sign(ctx context.Context, digest []byte, signingTime time.Time) ([]byte, error)
}

// A Maker makes the envelopes of one REM-MD. It may be used concurrently.
type Maker struct {
	Provider provider.REMMD
	Signer   Signer // with the operation certificate
}

// Errors of a Maker that its caller may tell apart.
var (
	// ErrOriginal: the original is not what its record says, or does not end
	// in CRLF.
	ErrOriginal = errors.New("the original is not the one of the record")
	// ErrUnwritable: the record or the evidence holds what no header can.
	ErrUnwritable = errors.New("cannot be written into an envelope")
)

// Dispatch signs a REM dispatch around the original: it is Head, the original,
// Tail. The original is read once, checked against the digest of the record,
// and not changed; it must end in CRLF, as everything does that came by SMTP.
// The same record, original, evidence and time give the same bytes before
// signing, and the same Message-ID always: that of the message. Nothing is
// kept, so a failed call may be repeated.
func (m *Maker) Dispatch(ctx context.Context, r *message.Record, original message.Content, submission message.Filed, at time.Time) (message.Envelope, error) {
	e, err := m.dispatch(ctx, r, original, submission, at)
	if err != nil {
		return message.Envelope{}, fmt.Errorf("making the dispatch of %s: %w", r.ID, err)
	}
	return e, nil
}

func (m *Maker) dispatch(ctx context.Context, r *message.Record, original message.Content, submission message.Filed, at time.Time) (message.Envelope, error) {
	// The boundaries come from the message's identifier, which the sender did
	// not know. Should they stand in the original all the same, others follow.
	k := desks.Get().(*desk)
	defer k.clear()
	in := k.source(original)
	for attempt := range maxAttempts {
		d := m.draft(r, []message.Filed{submission}, at, attempt, k)
		d.messageID = string(r.ID)
		d.threads(in)
		head, tail, err := d.dispatch()
		if err != nil {
			return message.Envelope{}, err
		}
		found, err := d.cover(in, r)
		if err != nil {
			return message.Envelope{}, err
		}
		if found {
			continue
		}
		d.hash.Write(tail)
		if tail, err = d.seal(ctx, tail, at); err != nil {
			return message.Envelope{}, err
		}
		k.tail = tail
		return message.Envelope{Head: slices.Clone(head), Tail: slices.Clone(tail)}, nil
	}
	return message.Envelope{}, fmt.Errorf("%w: it holds the boundaries that belong to its identifier", ErrOriginal)
}

// Message signs a REM-MD message with evidence about a message to one address:
// another REM-MD's service address, or a holder's. The same record, evidence,
// address and time give the same bytes before signing; the Message-ID depends
// on the evidence and the address alone.
func (m *Maker) Message(ctx context.Context, r *message.Record, filed []message.Filed, to rem.Address, at time.Time) ([]byte, error) {
	if len(filed) == 0 || len(filed) > MaxEvidence {
		return nil, fmt.Errorf("making a message about %s: %w: %d evidences", r.ID, ErrUnwritable, len(filed))
	}
	k := desks.Get().(*desk)
	defer k.clear()
	d := m.draft(r, filed, at, 0, k)
	d.to = to
	d.messageID = d.ownID()
	out, err := d.message()
	if err == nil {
		d.hash.Write(out[d.signedFrom:])
		if out, err = d.seal(ctx, out, at); err == nil {
			k.head = out
			return slices.Clone(out), nil
		}
	}
	return nil, fmt.Errorf("making a message about %s: %w", r.ID, err)
}

const (
	// maxAttempts bounds the search for boundaries; one of 2^-128 fails.
	maxAttempts = 4
	// chunk is how much of an original is in memory at once.
	chunk = 32 << 10
)

// cover hashes the original after what stands before it, and checks it. found
// says that it holds the boundaries' token.
func (d *draft) cover(original mime.Source, r *message.Record) (found bool, err error) {
	if original.Size() != r.Size || r.Digest.IsZero() {
		return false, fmt.Errorf("%w: it has %d bytes, not %d", ErrOriginal, original.Size(), r.Size)
	}
	sum := crypto.SHA256.New()
	token := []byte(d.token)
	var last [2]byte
	take := func(b []byte, overlap int) {
		d.hash.Write(b[overlap:])
		sum.Write(b[overlap:])
		found = found || bytes.Contains(b, token)
		if len(b) >= 2 {
			last = [2]byte(b[len(b)-2:])
		}
	}
	if b, ok := original.(mime.Memory); ok {
		take(b, 0)
	} else if err := inChunks(original, len(token)-1, take); err != nil {
		return false, err
	}
	switch {
	case rem.Digest(sum.Sum(nil)) != r.Digest:
		return false, fmt.Errorf("%w: its digest differs", ErrOriginal)
	case last != [2]byte{'\r', '\n'}:
		return false, fmt.Errorf("%w: it does not end in CRLF", ErrOriginal)
	}
	return found, nil
}

// source reads a content that is in memory where it lies, and a small one at
// once onto the desk. One that cannot be read is left to who needs it.
func (k *desk) source(c message.Content) mime.Source {
	if m, ok := c.(*message.Memory); ok {
		return mime.Memory(m.Bytes())
	}
	size := c.Size()
	if size < 0 || size > chunk {
		return c
	}
	k.original = slices.Grow(k.original[:0], int(size))[:size]
	if n, err := c.ReadAt(k.original, 0); int64(n) < size || err != nil && !errors.Is(err, io.EOF) {
		return c
	}
	return mime.Memory(k.original)
}

// inChunks gives src in pieces, each after the last keep bytes of the one
// before.
func inChunks(src mime.Source, keep int, take func(b []byte, overlap int)) error {
	buf := make([]byte, 0, min(chunk, src.Size()+1)+int64(keep))
	in := io.NewSectionReader(src, 0, src.Size())
	for {
		overlap := min(keep, len(buf))
		copy(buf, buf[len(buf)-overlap:])
		n, err := io.ReadFull(in, buf[overlap:cap(buf)])
		buf = buf[:overlap+n]
		if n > 0 {
			take(buf, overlap)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the original: %w", err)
		}
	}
}

// seal signs what was hashed, and writes the signature behind to.
func (d *draft) seal(ctx context.Context, to []byte, at time.Time) ([]byte, error) {
	der, err := d.maker.Signer.Sign(ctx, d.hash.Sum(nil), at)
	if err != nil {
		return nil, err
	}
	b := mime.NewBuilder(to)
	smime.After(b, d.boundary("s"), der)
	return b.Bytes()
}
