package login_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
)

// crowd fills a store with n holders, each with a name and an open session, by
// the steps that a service makes.
func crowd(b *testing.B, w *world, n int) {
	b.Helper()
	tokens, err := privacy.NewBlindIndexer(b.Context(), w.vault.Keys, privacy.BlindIndex{Name: "login.name", Version: 1})
	if err != nil {
		b.Fatal(err)
	}
	// Many at a time share a transaction and its sync.
	const hands = 256
	fault := make(chan error, hands)
	for h := range hands {
		go func() {
			fault <- func() error {
				for i := h; i < n; i += hands {
					who := login.Who{Kind: login.Holder, Person: rem.PersonID(fmt.Sprint("p-", i))}
					id := rem.AccountID(fmt.Sprint("a-", i))
					err := w.store.Name(b.Context(), login.Naming{Who: who, Account: id, Names: []privacy.IndexToken{tokens.Token(fmt.Sprintf("kisi.%d@hs90.kep.test", i))}})
					if err != nil {
						return err
					}
					at := testkit.Epoch
					err = w.store.Open(b.Context(), login.Opening{Session: login.Session{ID: login.NewSecret().ID(), Who: who, Account: id, Level: login.TwoFactors, Method: login.ByPasswordAndTOTP, Created: at, Proved: at, Seen: at}})
					if err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range hands {
		if err := <-fault; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogIn measures what a request and a log-in cost among few and many
// persons. A million are made with REM_LONG=1.
func BenchmarkLogIn(b *testing.B) {
	sizes := []int{1000}
	if os.Getenv("REM_LONG") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, n := range sizes {
		path := filepath.Join(b.TempDir(), "persons.sqlite")
		s, err := personstore.Open(b.Context(), path, personstore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		w := newWorld(b, s.Logins())
		crowd(b, w, n)
		o, secret := w.app(isil, name)
		hash, err := account.NewHasher(1).Hash(b.Context(), good)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("session/persons=%d", n), func(b *testing.B) {
			cookie := o.Secret.Reveal()
			for b.Loop() {
				if _, err := w.Session(b.Context(), cookie); err != nil {
					b.Fatal(err)
				}
			}
		})
		// What the log-in costs apart from the hash, which is as long for everybody.
		b.Run(fmt.Sprintf("password+totp/hash=none/persons=%d", n), func(b *testing.B) { logIns(b, w, secret) })
		w.Service = hashing(b, w, hash)
		b.Run(fmt.Sprintf("password+totp/hash=argon2id/persons=%d", n), func(b *testing.B) { logIns(b, w, secret) })
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func logIns(b *testing.B, w *world, secret string) {
	v := home
	for b.Loop() {
		w.clock.Advance(time.Minute) // its code is new
		o, err := w.logIn(secret, v)
		if err != nil {
			b.Fatal(err)
		}
		if !o.Device.IsZero() {
			v.Device = o.Device
		}
	}
}

// fixed is a hasher that computes in earnest and compares with one hash.
type fixed struct {
	*account.Hasher
	hash string
}

func (f fixed) Check(ctx context.Context, _, password string) error {
	return f.Hasher.Check(ctx, f.hash, password)
}

func hashing(b *testing.B, w *world, hash string) *login.Service {
	c := w.Config
	c.Hasher = fixed{account.NewHasher(1), hash}
	s, err := login.New(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	return s
}
