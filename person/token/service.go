package token

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person/account"
	"rem/privacy"
)

// LabelField is Key.Label.
const LabelField privacy.FieldID = "token.Key.Label"

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A Sealer seals values; privacy.Vault is one.
type Sealer interface {
	Seal(ctx context.Context, person rem.PersonID, id privacy.FieldID, value privacy.Value) (privacy.SealedValue, error)
}

// A Service makes, gives out and judges tokens. Its fields are set before its
// first use; it may be used concurrently.
type Service struct {
	Store    Store
	Accounts Accounts
	Sealer   Sealer
	Clock    rem.Clock
}

// A Wish is a key that somebody wants.
type Wish struct {
	Kind   Kind
	Label  string
	Scopes []Scope
	Term   time.Duration
}

// maxLabel is in octets.
const maxLabel = 200

// Create makes a key for the person who acts, on the account on which he acts, and
// returns its secret, which is not to be had again. Nobody makes one for another.
func (s *Service) Create(ctx context.Context, by rem.Actor, w Wish) (Key, Secret, error) {
	now := s.Clock.Now().UTC()
	a, err := s.Accounts.Account(ctx, by.Account)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("making a token: %w", err)
	}
	prefix, known := map[Kind]string{Personal: personalPrefix, Client: clientPrefix}[w.Kind]
	switch {
	case !a.MayLogIn(by.Person, now):
		return Key{}, Secret{}, ErrUnknown
	case !known:
		return Key{}, Secret{}, fmt.Errorf("making a token: the kind %q is none", w.Kind)
	case w.Term <= 0 || w.Term > MaxTerm:
		return Key{}, Secret{}, ErrTerm
	case len(w.Scopes) == 0:
		return Key{}, Secret{}, ErrScope
	case len(w.Label) > maxLabel:
		return Key{}, Secret{}, rem.Refuse(rem.PolicyViolation, "Ad çok uzun.", "The name is too long.")
	}
	for _, x := range w.Scopes {
		if need := scopes[x].needs; !x.Known() || need != 0 && a.Powers(by.Person, now)&need == 0 {
			return Key{}, Secret{}, ErrScope
		}
	}
	secret := newSecret(prefix)
	id, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return Key{}, Secret{}, err
	}
	k := Key{
		ID: ID(id), Kind: w.Kind, Account: by.Account, Person: by.Person, Secret: digest(secret.Reveal()),
		Scopes: slices.Clone(w.Scopes), Made: now, Until: now.Add(w.Term),
	}
	if k.Label, err = s.Sealer.Seal(ctx, by.Person, LabelField, privacy.NewValue(w.Label, privacy.ByDeclaration(now))); err != nil {
		return Key{}, Secret{}, fmt.Errorf("making a token: %w", err)
	}
	if err := s.Store.Add(ctx, k, MaxKeys); err != nil {
		return Key{}, Secret{}, fmt.Errorf("making a token: %w", err)
	}
	return k, secret, nil
}

// Keys are the person's own on the account.
func (s *Service) Keys(ctx context.Context, by rem.Actor) ([]Key, error) {
	return s.Store.Keys(ctx, by.Account, by.Person)
}

// Revoke ends a key of the person's own, or of somebody under him: who appoints
// operators ends the keys of all.
func (s *Service) Revoke(ctx context.Context, by rem.Actor, id ID) error {
	now := s.Clock.Now().UTC()
	k, err := s.Store.Key(ctx, id)
	if err != nil || k.Account != by.Account {
		return cmpUnknown(err)
	}
	a, err := s.Accounts.Account(ctx, by.Account)
	if err != nil {
		return fmt.Errorf("revoking a token: %w", err)
	}
	if k.Person != by.Person && !a.May(by.Person, account.Operators, now) || !a.MayLogIn(by.Person, now) {
		return ErrUnknown
	}
	return s.Store.Revoke(ctx, by.Account, id, by.Person, now)
}

func cmpUnknown(err error) error {
	if err == nil || errors.Is(err, ErrUnknown) {
		return ErrUnknown
	}
	return err
}

// Exchange gives an access token to a client that shows its secret, with the
// scopes that it asks for, or all of its own (RFC 6749 4.4).
func (s *Service) Exchange(ctx context.Context, client ID, secret string, want []Scope) (Access, Secret, error) {
	now := s.Clock.Now().UTC()
	k, err := s.Store.Key(ctx, client)
	if err != nil {
		return Access{}, Secret{}, cmpUnknown(err)
	}
	shown := digest(secret)
	if subtle.ConstantTimeCompare(shown[:], k.Secret[:]) != 1 || k.Kind != Client {
		return Access{}, Secret{}, ErrUnknown
	}
	if err := s.holds(ctx, &k, now); err != nil {
		return Access{}, Secret{}, err
	}
	if len(want) == 0 {
		want = k.Scopes
	}
	for _, x := range want {
		if !slices.Contains(k.Scopes, x) {
			return Access{}, Secret{}, ErrScope
		}
	}
	given := newSecret(accessPrefix)
	x := Access{Secret: digest(given.Reveal()), Key: k.ID, Scopes: slices.Clone(want), Made: now, Until: now.Add(AccessTerm)}
	if x.Until.After(k.Until) {
		x.Until = k.Until
	}
	if err := s.Store.AddAccess(ctx, x); err != nil {
		return Access{}, Secret{}, fmt.Errorf("giving an access token: %w", err)
	}
	return x, given, s.used(ctx, &k, now)
}

// A Bearer is who acts by a token, and how far.
type Bearer struct {
	Actor  rem.Actor
	Key    ID
	Scopes []Scope
	// Since is when the token was made.
	Since time.Time
}

// Method is how evidence names who acts by a token (AuthenticationMethod,
// docs/formats/evidence.md).
const Method = "urn:rem:authentication:token"

// May reports whether the scope is among those of the token.
func (b *Bearer) May(s Scope) bool { return slices.Contains(b.Scopes, s) }

// Authenticate finds out who shows a token. The account and its person are looked
// at anew each time.
func (s *Service) Authenticate(ctx context.Context, secret string) (Bearer, error) {
	now := s.Clock.Now().UTC()
	var k Key
	var b Bearer
	var err error
	switch {
	case strings.HasPrefix(secret, personalPrefix):
		if k, err = s.Store.BySecret(ctx, digest(secret)); err == nil && k.Kind != Personal {
			err = ErrUnknown
		}
		b.Scopes, b.Since = k.Scopes, k.Made
	case strings.HasPrefix(secret, accessPrefix):
		var x Access
		if x, k, err = s.Store.Access(ctx, digest(secret)); err == nil && !now.Before(x.Until) {
			err = ErrUnknown
		}
		b.Scopes, b.Since = x.Scopes, x.Made
	default:
		err = ErrUnknown
	}
	if err == nil {
		err = s.holds(ctx, &k, now)
	}
	if err != nil {
		return Bearer{}, err
	}
	a, err := s.Accounts.Account(ctx, k.Account)
	if err != nil {
		return Bearer{}, fmt.Errorf("looking at a token: %w", err)
	}
	b.Key, b.Actor = k.ID, rem.Actor{Account: k.Account, Holder: a.Holder.Person, Person: k.Person, Method: Method}
	return b, s.used(ctx, &k, now)
}

// holds fails with ErrUnknown when the key, or its person on the account, is not
// in force.
func (s *Service) holds(ctx context.Context, k *Key, now time.Time) error {
	if !k.Holds(now) {
		return ErrUnknown
	}
	a, err := s.Accounts.Account(ctx, k.Account)
	if errors.Is(err, account.ErrNotFound) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("looking at a token: %w", err)
	}
	if !a.MayLogIn(k.Person, now) {
		return ErrUnknown
	}
	return nil
}

func (s *Service) used(ctx context.Context, k *Key, now time.Time) error {
	if now.Sub(k.Used) < usedEvery {
		return nil
	}
	return s.Store.Use(ctx, k.ID, now)
}

// Tick forgets access tokens that have ended.
func (s *Service) Tick(ctx context.Context) error {
	return s.Store.Forget(ctx, s.Clock.Now().UTC().Add(-AccessTerm))
}
