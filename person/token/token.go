package token

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/person/account"
	"rem/privacy"
)

// A Scope is something that a program may do with a token.
type Scope string

// The scopes, in the order of pages.
const (
	List      Scope = "mail.list"   // lists, header fields, timelines, evidence
	Read      Scope = "mail.read"   // opens messages, which is retrieval
	Send      Scope = "mail.send"   // drafts, signing, submission
	Manage    Scope = "mail.manage" // moves, marks, removes; folders
	Directory Scope = "directory"   // asks the directory
	Account   Scope = "account"     // quota, statistics, who may act
	Appoint   Scope = "operators"   // ends and changes sub-operators
	Hooks     Scope = "hooks"       // has events sent to an address
)

// Scopes are all, in the order of pages.
var Scopes = []Scope{List, Read, Send, Manage, Directory, Account, Appoint, Hooks}

var scopes = map[Scope]struct {
	text rem.Text
	// needs is one of what the person must be able to do for the scope to be of
	// use; none: whoever may log in.
	needs account.Permissions
}{
	List:      {rem.Text{Turkish: "İletileri ve delilleri listeleme", English: "List messages and evidence"}, account.Reading},
	Read:      {rem.Text{Turkish: "İletileri açma (okundu delili oluşur)", English: "Open messages (makes evidence of retrieval)"}, account.Reading},
	Send:      {rem.Text{Turkish: "İleti hazırlama ve gönderme", English: "Write and send messages"}, account.Sending | account.Preparing},
	Manage:    {rem.Text{Turkish: "İletileri taşıma, işaretleme, silme", English: "Move, mark and remove messages"}, account.Reading},
	Directory: {rem.Text{Turkish: "Rehberi sorgulama", English: "Ask the directory"}, 0},
	Account:   {rem.Text{Turkish: "Hesap bilgilerini ve kotayı görme", English: "See the account and its quota"}, 0},
	Appoint:   {rem.Text{Turkish: "Alt yetkilileri değiştirme ve sonlandırma", English: "Change and end sub-operators"}, account.Operators},
	Hooks:     {rem.Text{Turkish: "Olayları bir adrese bildirme (webhook)", English: "Have events sent to an address (webhooks)"}, account.Reading},
}

// Known reports whether the scope is of the list.
func (s Scope) Known() bool { _, ok := scopes[s]; return ok }

// Text names the scope for people.
func (s Scope) Text() rem.Text { return scopes[s].text }

// ParseScopes reads a list with spaces between (RFC 6749 3.3); ErrScope for one
// that is not of the list.
func ParseScopes(list string) ([]Scope, error) {
	var out []Scope
	for _, f := range strings.Fields(list) {
		s := Scope(f)
		if !s.Known() {
			return nil, ErrScope
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// JoinScopes writes a list as ParseScopes reads it.
func JoinScopes(list []Scope) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// Errors of tokens.
var (
	// ErrUnknown: the secret is nobody's: never given, ended, revoked, or its
	// person may no longer act. Whoever asks learns no more.
	ErrUnknown = errors.New("no such token")
	// ErrScope: a scope that is not of the list, or that the key does not have.
	ErrScope = errors.New("not a scope of this token")
	// ErrTooMany: the person has as many keys on the account as one may have.
	ErrTooMany = errors.New("there are too many tokens")
	// ErrTerm: it would end at once, or after MaxTerm.
	ErrTerm = errors.New("not a term of a token")
)

// A Kind is what a key is.
type Kind string

// The kinds of keys.
const (
	Personal Kind = "personal" // its secret is the token itself
	Client   Kind = "client"   // its secret gets access tokens
)

// Prefixes say at a glance what a secret is, to people and to programs that look
// for secrets where none should be.
const (
	personalPrefix = "rem_p_"
	clientPrefix   = "rem_c_"
	accessPrefix   = "rem_a_"
)

// A Secret is what a program keeps and we do not. It does not print itself.
type Secret struct{ text *string }

const secretOctets = 32

func newSecret(prefix string) Secret {
	b := make([]byte, secretOctets)
	rand.Read(b)
	text := prefix + base64.RawURLEncoding.EncodeToString(b)
	return Secret{&text}
}

// Reveal gives the secret out, once: to whoever it is made for.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String says nothing.
func (s Secret) String() string { return "token.Secret" }

// GoString says nothing.
func (s Secret) GoString() string { return "token.Secret" }

// A Digest is how the store knows a secret. There is nothing to try out on it: a
// secret has 256 random bits.
type Digest [sha256.Size]byte

func digest(secret string) Digest { return sha256.Sum256([]byte("rem token v1\x00" + secret)) }

// An ID names a key; it is no secret.
type ID string

// A Key is a token of a person, or a client.
type Key struct {
	ID      ID
	Kind    Kind
	Account rem.AccountID
	Person  rem.PersonID
	// Label is what the person calls it, sealed as his.
	Label       privacy.SealedValue
	Secret      Digest
	Scopes      []Scope
	Made, Until time.Time
	// Used is roughly when it was used last; zero: never.
	Used time.Time
	// Revoked is when, and By who; zero: it is not.
	Revoked time.Time
	By      rem.PersonID
}

// Holds reports whether the key is of use at the time, as far as it is concerned.
func (k *Key) Holds(now time.Time) bool { return k.Revoked.IsZero() && now.Before(k.Until) }

// An Access is an access token of a client.
type Access struct {
	Secret Digest
	Key    ID
	Scopes []Scope
	Made   time.Time
	Until  time.Time
}

// Bounds.
const (
	// MaxKeys are those of one person on one account that hold.
	MaxKeys = 50
	// MaxTerm is how long a key holds at most; the person then decides anew.
	MaxTerm = 400 * 24 * time.Hour
	// AccessTerm is how long an access token holds.
	AccessTerm = time.Hour
	// usedEvery is how exactly Key.Used is kept: not each request is a write.
	usedEvery = time.Hour
)

// A Store keeps keys. Methods that write are durable when they return nil, and
// harmless when made again; all may be called concurrently.
type Store interface {
	// Add keeps a new key; ErrTooMany when the person has max that hold.
	Add(ctx context.Context, k Key, max int) error
	// Keys are those of an account, of one person where he is named, newest first.
	Keys(ctx context.Context, a rem.AccountID, p rem.PersonID) ([]Key, error)
	// Key gives one, or ErrUnknown; so does BySecret.
	Key(ctx context.Context, id ID) (Key, error)
	BySecret(ctx context.Context, d Digest) (Key, error)
	// Revoke ends a key of the account, and its access tokens. One that is revoked
	// stays as it is; ErrUnknown when it is not the account's.
	Revoke(ctx context.Context, a rem.AccountID, id ID, by rem.PersonID, at time.Time) error
	Use(ctx context.Context, id ID, at time.Time) error

	AddAccess(ctx context.Context, x Access) error
	Access(ctx context.Context, d Digest) (Access, Key, error)
	// Forget drops access tokens that ended before the time.
	Forget(ctx context.Context, before time.Time) error
}
