package login

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// secretOctets: 256 bits from the system, so that nobody finds one by trying.
const secretOctets = 32

// A Secret is what a browser keeps and we do not: that of a session, a pending
// log-in, a device or a grant. It is random and says nothing about anybody (S33).
// It never prints itself; Reveal gives it to the cookie or the hidden field
// of a form, never to an address. The zero Secret is none.
type Secret struct{ text *string }

// NewSecret makes one.
func NewSecret() Secret {
	b := make([]byte, secretOctets)
	rand.Read(b)
	text := base64.RawURLEncoding.EncodeToString(b)
	return Secret{&text}
}

// ErrForm: the text is no secret of this package. Whoever gets it is nobody.
var ErrForm = errors.New("not a secret of a log-in")

// ParseSecret reads what Reveal gave.
func ParseSecret(text string) (Secret, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(secretOctets) {
		return Secret{}, ErrForm
	}
	// Strict: two spellings of one secret would be two sessions.
	if _, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
		return Secret{}, ErrForm
	}
	return Secret{&text}, nil
}

// IsZero reports whether there is none.
func (s Secret) IsZero() bool { return s.text == nil }

// Reveal gives the secret out.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// ID returns the digest by which the store knows the secret; that of the zero
// Secret is the zero ID, which nothing has.
func (s Secret) ID() ID {
	if s.text == nil {
		return ID{}
	}
	return sha256.Sum256([]byte(*s.text))
}

// Format writes nothing of the secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[gizli]") }

// LogValue keeps it out of log lines.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[gizli]") }

// MarshalText refuses.
func (s Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("a secret of a log-in is not written")
}

// An ID names a session, a pending log-in, a device or a grant in the store. It
// is the digest of its [Secret]: who reads the store can use none of them.
type ID [sha256.Size]byte

// IsZero reports whether it names nothing.
func (i ID) IsZero() bool { return i == ID{} }

// Short is what a page may put into a form to name one of a list, such as the
// session to end: the digest says nothing about the secret.
func (i ID) Short() string { return base64.RawURLEncoding.EncodeToString(i[:]) }

// ParseID reads what Short gave.
func ParseID(text string) (ID, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(ID{}) {
		return ID{}, ErrForm
	}
	return ID(b), nil
}
