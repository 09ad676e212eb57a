package login_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
)

// crowd fills a file with n holders, each with a name and an open session: the
// rows that the service's steps make, in one transaction, because a million steps
// take half an hour.
func crowd(b *testing.B, path string, names *privacy.BlindIndexer, n int) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := personstore.Open(b.Context(), path, personstore.Options{})
	must(err)
	must(s.Close())
	db, err := sql.Open("sqlite", path)
	must(err)
	tx, err := db.Begin()
	must(err)
	prepare := func(query string) *sql.Stmt {
		st, err := tx.Prepare(query)
		must(err)
		return st
	}
	person := prepare("INSERT INTO login_person (person, kind, epoch, locked, hash, step, sms, passkeys) VALUES ($1, 'holder', 0, 0, '', 0, 0, 0)")
	name := prepare("INSERT INTO login_name (token, kind, person, account) VALUES ($1, 'holder', $2, $3)")
	session := prepare("INSERT INTO login_session (id, person, kind, account, level, method, created, proved, seen) VALUES ($1, $2, 'holder', $3, 3, 'password+totp', $4, $4, $4)")
	at := testkit.Epoch.UnixMicro()
	for i := range n {
		id := login.NewSecret().ID()
		who, account := fmt.Sprintf("p-%08d", i), fmt.Sprintf("a-%08d", i)
		for _, err := range []error{
			second(person.Exec(who)), second(name.Exec(names.Token(fmt.Sprintf("kisi.%d@hs90.kep.test", i)).Bytes(), who, account)), second(session.Exec(id[:], who, account, at)),
		} {
			must(err)
		}
	}
	must(tx.Commit())
	must(db.Close())
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
		keys := vaulttest.NewKeys()
		names, err := privacy.NewBlindIndexer(b.Context(), keys, privacy.BlindIndex{Name: "login.name", Version: 1})
		if err != nil {
			b.Fatal(err)
		}
		crowd(b, path, names, n)
		s, err := personstore.Open(b.Context(), path, personstore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		w := newWorld(b, s.Logins())
		w.vault.Keys = keys
		w.restart()
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
