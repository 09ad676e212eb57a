package idproof

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/person"
)

// Why there is no answer.
var (
	// ErrMixedUp: what came back belongs to another visit, application or form, or
	// to none. Nothing of it is recorded.
	ErrMixedUp = errors.New("what came back belongs to another visit")
	// ErrExpired: the visit began too long ago. The person begins again.
	ErrExpired = errors.New("the visit began too long ago")
	// ErrDeclined: the person did not go through with it. He may choose again.
	ErrDeclined = errors.New("the person did not go through with it")
	// ErrUnreadable: what was handed in is not of the agreed form. It is told to
	// who handed it in.
	ErrUnreadable = errors.New("what was handed in is not of the agreed form")
)

// Patience is how long a visit may take.
const Patience = 30 * time.Minute

// skew is how far others' clocks may be off.
const skew = 2 * time.Minute

// A Visit is somebody's way out and back: it binds what comes back to the
// application and the form. It holds no personal value, but a secret: it is kept
// where only the program reads (the body of the intention), and never sent out.
type Visit struct {
	Application person.ApplicationID
	Form        rem.Digest
	Begun       time.Time
	secret      [32]byte
}

// NewVisit begins a visit.
func NewVisit(a person.ApplicationID, form rem.Digest, now time.Time) Visit {
	v := Visit{Application: a, Form: form, Begun: now.UTC().Truncate(time.Microsecond)}
	rand.Read(v.secret[:])
	return v
}

const visitVersion = 1

// Bytes writes the visit down, to be kept: version, time, form, secret,
// application.
func (v Visit) Bytes() []byte {
	b := []byte{visitVersion}
	b = binary.BigEndian.AppendUint64(b, uint64(v.Begun.UnixMicro()))
	b = append(b, v.Form[:]...)
	b = append(b, v.secret[:]...)
	return append(b, v.Application...)
}

// ParseVisit reads what Bytes wrote.
func ParseVisit(b []byte) (Visit, error) {
	const fixed = 1 + 8 + 32 + 32
	if len(b) <= fixed || len(b) > fixed+200 || b[0] != visitVersion {
		return Visit{}, errors.New("reading a visit: not the bytes of one")
	}
	v := Visit{Begun: time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:]))).UTC(), Application: person.ApplicationID(b[fixed:])}
	copy(v.Form[:], b[9:])
	copy(v.secret[:], b[41:])
	return v, nil
}

// derive makes a value of the visit for a use. Nobody makes one from another.
func (v *Visit) derive(use string) string {
	m := hmac.New(sha256.New, v.secret[:])
	for _, part := range []string{use, string(v.Application), string(v.Form[:])} {
		m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		m.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Reference is what services know the visit by. It says nothing about anybody.
func (v *Visit) Reference() string { return v.derive("reference") }

// Nonce has to be in the answer.
func (v *Visit) Nonce() string { return v.derive("nonce") }

// Challenge is what a card signs: it binds the form too.
func (v *Visit) Challenge() []byte {
	return []byte("rem card challenge 1\n" + v.Reference() + "\n" + v.Nonce() + "\n" + v.Form.String() + "\n")
}

// live says whether the visit may still end.
func (v *Visit) live(now time.Time) error {
	if now.Before(v.Begun.Add(-skew)) || now.After(v.Begun.Add(Patience)) {
		return ErrExpired
	}
	return nil
}

// during says whether a time that a service states is one of the visit.
func (v *Visit) during(at, now time.Time) bool {
	return !at.Before(v.Begun.Add(-skew)) && !at.After(now.Add(skew))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func unreadable(what string) error { return fmt.Errorf("%w: %s", ErrUnreadable, what) }
