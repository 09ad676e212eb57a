package login

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"rem"
	"rem/privacy"
)

// A Hasher hashes passwords; account.Hasher is one. Check of an empty hash is
// that of nobody and takes as long. It returns account.ErrPassword for a wrong
// password.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Check(ctx context.Context, hash, password string) error
}

// Passkeys speaks WebAuthn for one origin. Every ceremony asks for user
// verification and for credentials that name their user. It computes; methods
// may be called concurrently. edge/passkey is one.
type Passkeys interface {
	// Create returns the options of a registration as JSON. user is a random name
	// of whom it is for; have are those he registered.
	Create(user, challenge []byte, label string, have []Passkey) ([]byte, error)
	// Created verifies the answer; ErrCeremony when it is not good. Of the
	// passkey Credential, Key, Counter, flags and transports are set.
	Created(user, challenge, answer []byte) (Passkey, error)
	// Get returns the options of a log-in as JSON. They name no credential, so
	// they say nothing about anybody.
	Get(challenge []byte) ([]byte, error)
	// Read says which challenge an answer is for, and for a log-in which
	// credential it names. Nothing of it is verified. ErrCeremony.
	Read(answer []byte) (credential, challenge []byte, err error)
	// Got verifies the answer of a log-in by a passkey; ErrCeremony. copied says
	// that the counter went back.
	Got(user, challenge, answer []byte, by Passkey) (use PasskeyUse, copied bool, err error)
}

// ErrCeremony is wrapped when an answer of a browser is not good.
var ErrCeremony = errors.New("the passkey's answer is not good")

// Signatures verifies signatures over challenges. [Judge] is one.
type Signatures interface {
	// Signer verifies a detached CAdES signature over the text, by a qualified
	// certificate that is not revoked, and returns the identity number of its
	// subject. ErrSignature when it is not good; any other error is a fault.
	Signer(ctx context.Context, text, signature []byte) (number string, err error)
}

// ErrSignature is wrapped when a signature does not show who signed.
var ErrSignature = errors.New("the signature does not show who signed")

// A Messenger reaches people outside of registered mail. It knows by which
// number or address; this package does not.
type Messenger interface {
	// Code sends a one-time code to the person's mobile phone. An error: nobody
	// knows whether it arrives.
	Code(ctx context.Context, who Who, code string) error
	// Tell tells a person. Made again for the same notice it tells nothing twice.
	Tell(ctx context.Context, n Notice) error
}

// A Gate says whether somebody of the staff, or of a partner, may act now: his
// roles, his training, the policies that he signed. It is asked at each log-in
// and at each request.
type Gate interface {
	// May returns nil; an error that wraps a *rem.Refusal with the reason; or a
	// fault. It is one cheap read.
	May(ctx context.Context, who Who) error
}

// Settings are the periods. The zero value of a field stands for the usual.
type Settings struct {
	// Idle ends a session that was not used for so long, Whole any session.
	Idle, Whole map[Kind]time.Duration
	// Fresh is how long somebody who showed who he is may do what is sensitive.
	Fresh time.Duration
	// Attempt is how long a challenge, and an attempt, are good.
	Attempt time.Duration
	// Code is how long a code that was sent is good.
	Code time.Duration
	// Enrol is how long an enrolment may take once the grant was used, Grant how
	// long the grant waits.
	Enrol, Grant time.Duration
	// History is how long the history of log-ins is kept.
	History time.Duration
}

// The usual periods.
func (s Settings) orUsual() Settings {
	idle := map[Kind]time.Duration{Holder: 30 * time.Minute, Staff: 15 * time.Minute, Partner: 15 * time.Minute, Applicant: 2 * time.Hour}
	whole := map[Kind]time.Duration{Holder: 12 * time.Hour, Staff: 9 * time.Hour, Partner: 9 * time.Hour, Applicant: 24 * time.Hour}
	for k, d := range s.Idle {
		idle[k] = d
	}
	for k, d := range s.Whole {
		whole[k] = d
	}
	s.Idle, s.Whole = idle, whole
	or := func(d *time.Duration, usual time.Duration) {
		if *d <= 0 {
			*d = usual
		}
	}
	or(&s.Fresh, 10*time.Minute)
	or(&s.Attempt, 10*time.Minute)
	or(&s.Code, 3*time.Minute)
	or(&s.Enrol, time.Hour)
	or(&s.Grant, 7*24*time.Hour)
	or(&s.History, HistoryTerm)
	return s
}

// HistoryTerm is how long the history of log-ins is kept; the privacy notice
// says so (privacy.KeepLogins).
const HistoryTerm = 2 * 365 * 24 * time.Hour

// A Config is what a service works with. Signatures, Messenger and Gate may be
// missing: then nobody logs in by a signature, gets codes, or is of the staff.
type Config struct {
	Store      Store
	Vault      *privacy.Vault
	Keys       privacy.KeyStore
	Clock      rem.Clock
	Hasher     Hasher
	Passkeys   Passkeys
	Signatures Signatures
	Messenger  Messenger
	Gate       Gate
	// Origin is that of the pages, such as "https://kep.example". It stands in
	// what people sign.
	Origin string
	// Issuer is the service's name in authenticator apps.
	Issuer   string
	Settings Settings
}

// A Service is the log-in. It may be used from many goroutines; of one store
// there is one, because it counts the guesses under way in memory.
type Service struct {
	Config
	names, numbers *privacy.BlindIndexer
	codes          []byte // key of codes, challenges and handles
	limits         *limits
	order          atomic.Uint32
}

// New returns a service.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Store == nil || c.Vault == nil || c.Keys == nil || c.Clock == nil || c.Hasher == nil || c.Passkeys == nil || c.Origin == "" {
		return nil, errors.New("making the log-in: something that it works with is missing")
	}
	s := &Service{Config: c, limits: newLimits()}
	s.Settings = c.Settings.orUsual()
	var err error
	if s.names, err = privacy.NewBlindIndexer(ctx, c.Keys, privacy.BlindIndex{Name: "login.name", Version: 1}); err != nil {
		return nil, err
	}
	if s.numbers, err = privacy.NewBlindIndexer(ctx, c.Keys, privacy.BlindIndex{Name: "login.signatory", Version: 1}); err != nil {
		return nil, err
	}
	if s.codes, err = c.Keys.IndexKey(ctx, "login", 1); err != nil {
		return nil, fmt.Errorf("making the log-in: %w", err)
	}
	return s, nil
}

// A Visitor is the browser that somebody uses, as the server sees it.
type Visitor struct {
	Address netip.Addr
	Agent   string // the header field User-Agent, as it came
	Device  Secret // of the device cookie; zero: none
}

// An Opened is a session that was opened, or got a new secret.
type Opened struct {
	Session Session
	// Secret goes into the cookie in place of the one before. Zero: the session
	// keeps the secret that it has.
	Secret Secret
	// Device goes into the device cookie; zero: there is no need.
	Device Secret
}

// mac is a digest under the service's key, for one use.
func (s *Service) mac(use string, parts ...[]byte) ID {
	h := hmac.New(sha256.New, s.codes)
	writePart(h.Write, []byte("rem log-in "+use))
	for _, p := range parts {
		writePart(h.Write, p)
	}
	return ID(h.Sum(nil))
}

func writePart(write func([]byte) (int, error), p []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(p)))
	write(n[:])
	write(p)
}

func (w Who) parts() [][]byte { return [][]byte{[]byte(w.Kind), []byte(w.Person)} }

// handle is the name by which authenticators know somebody. It is no identifier
// that stands anywhere else.
func (s *Service) handle(who Who) []byte {
	id := s.mac("handle", who.parts()...)
	return id[:]
}

// newEventID orders by time, and within a microsecond by who came first.
func (s *Service) newEventID(at time.Time) (id EventID) {
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMicro()))
	binary.BigEndian.PutUint32(id[8:12], s.order.Add(1))
	rand.Read(id[12:])
	return id
}
