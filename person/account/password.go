package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of one password: about 25 ms on one core of the machine that
// docs/performance.md names, and 19 MiB while it runs. RFC 9106 4.
const (
	memoryKiB  = 19 << 10
	passes     = 2
	lanes      = 1
	saltOctets = 16
	keyOctets  = 32
)

// Bounds on a password. The upper one keeps hashing from being work for free.
const (
	MinPassword = 12
	MaxPassword = 256
)

// ErrPassword: the password is not one of this person for this account. It says
// no more, so that nobody learns which part was wrong.
var ErrPassword = errors.New("wrong user or password")

// A Hasher hashes passwords, a few at a time: each takes memory, and without a
// bound log-ins alone could exhaust it. It may be used from many goroutines.
type Hasher struct{ turns chan struct{} }

// NewHasher returns a hasher that works on n passwords at once.
func NewHasher(n int) *Hasher { return &Hasher{make(chan struct{}, max(1, n))} }

// Hash returns the PHC string of an argon2id hash with a salt of its own.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if n := len(password); n < MinPassword || n > MaxPassword {
		return "", fmt.Errorf("a password has %d to %d octets, this one has %d", MinPassword, MaxPassword, n)
	}
	salt := make([]byte, saltOctets)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%s%s$%s", phcPrefix, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

var phcPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, memoryKiB, passes, lanes)

// absent is hashed when there is no such person, so that the answer takes as
// long.
var absent = phcPrefix + "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Check compares a password with a hash that Hash made; an empty hash is that
// of nobody and takes as long. It returns nil or ErrPassword; any other error
// is a fault.
func (h *Hasher) Check(ctx context.Context, hash, password string) error {
	known := hash != ""
	if !known {
		hash = absent
	}
	if len(password) > MaxPassword {
		return ErrPassword
	}
	rest, ok := strings.CutPrefix(hash, phcPrefix)
	saltText, keyText, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 {
		return errors.New("checking a password: the stored hash is not in the form that is written")
	}
	salt, err := base64.RawStdEncoding.DecodeString(saltText)
	if err != nil {
		return fmt.Errorf("checking a password: reading its salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(keyText)
	if err != nil {
		return fmt.Errorf("checking a password: reading its key: %w", err)
	}
	got, err := h.key(ctx, password, salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 || !known {
		return ErrPassword
	}
	return nil
}

func (h *Hasher) key(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
	key := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, keyOctets)
	// The working memory is given back at once: a crowd that logs in would pile
	// up several times as much before the collector runs by itself. A collection
	// costs a fifteenth of the hash.
	runtime.GC()
	return key, nil
}
