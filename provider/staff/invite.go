package staff

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"time"

	"rem"
)

// tokenOctets: 256 bits from the system, so that nobody finds one by trying.
const tokenOctets = 32

// A Token is an invitation to set first credentials. Whoever has it is the
// person once, so it is handed over by hand or by a sealed way, and never stands
// in an address or a log. It does not print itself. The zero Token is none.
type Token struct {
	text  *string
	until time.Time
}

// Until is when it is over.
func (t Token) Until() time.Time { return t.until }

// Reveal gives it out.
func (t Token) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Format writes nothing of it, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, "[gizli]") }

// LogValue keeps it out of log lines.
func (t Token) LogValue() slog.Value { return slog.StringValue("[gizli]") }

// MarshalText refuses.
func (t Token) MarshalText() ([]byte, error) {
	return nil, fmt.Errorf("an invitation is not written: %w", ErrForm)
}

// Invite makes an invitation for a member in service. One that he had before is
// void. The book keeps its digest alone.
func (b *Book) Invite(ctx context.Context, by Hand, p rem.PersonID) (Token, error) {
	raw := make([]byte, tokenOctets)
	rand.Read(raw)
	text := base64.RawURLEncoding.EncodeToString(raw)
	e := &Entry{Act: Invite, Person: p, Digest: rem.DigestOf([]byte(text)), Until: b.config.Clock.Now().Add(b.config.Settings.Invitation)}
	if err := b.write(ctx, by, e, nil); err != nil {
		return Token{}, err
	}
	return Token{&text, e.Until}, nil
}

// Invited says whose invitation the text is, without using it. ErrInvitation when
// it is nobody's, was used or is over.
func (b *Book) Invited(ctx context.Context, text string) (rem.PersonID, error) {
	digest, now := rem.DigestOf([]byte(text)), b.config.Clock.Now()
	var found rem.PersonID
	err := b.look(ctx, func(r *roll) error {
		for p, m := range r.members {
			// Digests of 256 random bits: how long a comparison takes tells nothing.
			if m.InService() && m.invitation.digest == digest && now.Before(m.invitation.until) {
				found = p
				return nil
			}
		}
		return ErrInvitation
	})
	return found, err
}

// Redeem uses an invitation, once, and says whose it was. Whoever gets nil sets
// the person's credentials now; after a crash in between, a manager invites again.
func (b *Book) Redeem(ctx context.Context, text string) (rem.PersonID, error) {
	p, err := b.Invited(ctx, text)
	if err != nil {
		return "", err
	}
	if err := b.write(ctx, Hand{Person: p, Door: Console}, &Entry{Act: Redeem, Person: p, Digest: rem.DigestOf([]byte(text))}, nil); err != nil {
		return "", err
	}
	return p, nil
}
