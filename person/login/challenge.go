package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// A use of a challenge. They are written; a new one gets a new number.
type use byte

const (
	toLogIn use = iota + 1
	toRegister
)

// A challenge is made of when, at random, and a digest under our key over that,
// the use, the kind, and the session that it is to raise. So nothing is kept for
// those who begin and never finish, and it is known again after a restart. What
// is kept is that it was used.
const (
	challengeNonce  = 24
	challengeDigest = 16
	challengeOctets = 8 + challengeNonce + challengeDigest
)

// A Start is a log-in that was begun. Its zero value starts nothing.
type Start struct {
	kind  Kind
	raise *Session // it is to raise this session; nil: it is to open one
}

// Kind is as what somebody is to log in.
func (st Start) Kind() Kind { return st.kind }

func (st Start) session() ID {
	if st.raise == nil {
		return ID{}
	}
	return st.raise.ID
}

func (s *Service) challengeMAC(u use, kind Kind, session ID, head []byte) []byte {
	id := s.mac("challenge", []byte{byte(u)}, []byte(kind), session[:], head)
	return id[:challengeDigest]
}

func (s *Service) challenge(u use, kind Kind, session ID) []byte {
	b := make([]byte, 8+challengeNonce, challengeOctets)
	binary.BigEndian.PutUint64(b, uint64(s.Clock.Now().UnixMicro()))
	rand.Read(b[8:])
	return append(b, s.challengeMAC(u, kind, session, b)...)
}

// spend says whether a challenge is one of ours for this and in time, and what
// the step that uses it has to write.
func (s *Service) spend(ctx context.Context, b []byte, u use, kind Kind, session ID) (Spent, time.Time, error) {
	if len(b) != challengeOctets {
		return Spent{}, time.Time{}, ErrOver
	}
	head := b[:8+challengeNonce]
	if subtle.ConstantTimeCompare(b[8+challengeNonce:], s.challengeMAC(u, kind, session, head)) != 1 {
		return Spent{}, time.Time{}, ErrOver
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	age := s.Clock.Now().Sub(at)
	// A clock that went back makes it younger than nothing; it is still ours.
	if age > s.Settings.Attempt || age < -s.Settings.Attempt {
		return Spent{}, time.Time{}, ErrOver
	}
	// Twice the term: a clock that is set back must not outlive the memory.
	spent := Spent{s.mac("spent", b), at.Add(2 * s.Settings.Attempt)}
	// The step that uses it asks again. Here it keeps an answer that comes twice
	// from looking like a copied passkey.
	was, err := s.Store.Spent(ctx, spent.ID)
	if err != nil {
		return Spent{}, time.Time{}, fmt.Errorf("looking a challenge up: %w", err)
	}
	if was {
		return Spent{}, time.Time{}, ErrOver
	}
	return spent, at, nil
}

// signedText is what somebody signs to log in. The nonce makes it another each
// time; origin and time tell the person what he signs, and a page of somebody
// else cannot have its text signed for ours.
func (s *Service) signedText(challenge []byte, st Start) []byte {
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(challenge))).UTC().Format("2006-01-02T15:04:05.000000Z")
	act := "GIRIS / LOG-IN"
	if st.raise != nil {
		act = "KIMLIGI YENIDEN DOGRULAMA / SHOWING AGAIN WHO IT IS"
	}
	return fmt.Appendf(nil, "rem-login 1\n%s\nkind: %s\norigin: %s\ntime: %s\nnonce: %s\n",
		act, st.kind, s.Origin, at, base64.RawURLEncoding.EncodeToString(challenge))
}
