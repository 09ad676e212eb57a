package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"rem"
	"rem/privacy"
)

// A code is six digits.
const codeDigits = 6

func isCode(s string) bool {
	if len(s) != codeDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Codes by SMS: how many in one attempt, and how long between two.
const (
	maxSends  = 3
	sendPause = 30 * time.Second
)

func (s *Service) smsDigest(attempt ID, code string) []byte {
	id := s.mac("sms", attempt[:], []byte(code))
	return id[:]
}

// sent reports whether the code is the one that was sent last and is in time.
func (s *Service) sent(a *Attempt, code string) bool {
	age := s.Clock.Now().Sub(a.Sent)
	return len(a.Code) > 0 && age < s.Settings.Code && age > -s.Settings.Code &&
		subtle.ConstantTimeCompare(a.Code, s.smsDigest(a.ID, code)) == 1
}

// send sends a new code for an attempt; one that was sent before no longer counts.
// What it may cost us, and annoy the person, is bounded by the attempt and by the
// person.
func (s *Service) send(ctx context.Context, a *Attempt) error {
	if s.Messenger == nil {
		return ErrNotForKind
	}
	now := s.Clock.Now()
	if since := now.Sub(a.Sent); a.Sends > 0 && since < sendPause && since >= 0 {
		return ErrSends
	}
	key := s.mac("sends", a.Who.parts()...)
	g, err := s.guess(ctx, key, sendWaiting)
	if err != nil {
		return err
	}
	defer g.done()
	if g.held {
		return ErrSends
	}
	code := newCode()
	digest := s.smsDigest(a.ID, code)
	if err := s.Store.Sending(ctx, a.ID, digest, now, maxSends); err != nil {
		if over := over(err, "writing down that a code is sent"); over != ErrOver {
			return over
		}
		return ErrSends
	}
	if err := s.Store.Fail(ctx, Failing{Key: key, At: now, Window: sendWaiting.window}); err != nil {
		return fmt.Errorf("counting a code: %w", err)
	}
	a.Code, a.Sent, a.Sends = digest, now, a.Sends+1
	if err := s.Messenger.Code(ctx, a.Who, code); err != nil {
		return fmt.Errorf("sending a code: %w", err)
	}
	return nil
}

// newCode makes a code; each is as likely.
func newCode() string {
	var b [4]byte
	for {
		rand.Read(b[:])
		if n := binary.BigEndian.Uint32(b[:]) >> 12; n < 1_000_000 { // 20 bits: one in 20 is too large
			return fmt.Sprintf("%06d", n)
		}
	}
}

// TOTP as authenticator apps take it without asking: SHA-1, six digits, thirty
// seconds (RFC 6238). One step more or less is taken, for clocks that differ.
const (
	totpPeriod       = 30 * time.Second
	totpSkew         = 1
	totpSecretOctets = 20
)

var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

func newTOTP() string {
	b := make([]byte, totpSecretOctets)
	rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// totpURI is what the square code of an authenticator app says. The label is
// shown there beside the codes.
func totpURI(issuer, label, secret string) string {
	// Apps read %20 and not +.
	issuer = url.PathEscape(issuer)
	return "otpauth://totp/" + issuer + ":" + url.PathEscape(label) + "?secret=" + secret + "&issuer=" + issuer + "&algorithm=SHA1&digits=6&period=30"
}

// totpStep returns the step of which a code is, later than the last that was
// used; 0: of none. The library that makes the code remembers nothing, so the
// step is kept and compared here, and again in the step that opens (RFC 6238 5.2).
func (s *Service) totpStep(ctx context.Context, p *Person, field privacy.FieldID, sealed privacy.SealedValue, code string) (int64, error) {
	secret, err := s.Vault.Open(ctx, own(p.Who, ""), p.Who.Person, field, sealed)
	if err != nil {
		return 0, fmt.Errorf("opening the secret of an authenticator app: %w", err)
	}
	now := s.Clock.Now().Unix() / int64(totpPeriod/time.Second)
	last := p.Step
	if last > now+int64(ahead/totpPeriod) {
		last = 0 // by a clock that was ahead; its codes are not those of now (AT-25)
	}
	var found int64
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(secret.Text(), uint64(step), totpOptions)
		if err != nil {
			return 0, fmt.Errorf("computing a one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	return found, nil
}

// own is the access of somebody to what is his own.
func own(who Who, account rem.AccountID) privacy.Access {
	return privacy.Access{Actor: rem.Actor{Person: who.Person, Account: account}, Role: privacy.AsHolder, Purpose: privacy.Security}
}
