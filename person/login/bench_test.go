package login_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
)

// crowd fills a file with n holders, each with a name and an open session: the
// rows that the service's steps make, in one transaction, because a million steps
// take half an hour. It returns the secrets of a thousand sessions, spread evenly.
func crowd(b *testing.B, path string, names *privacy.BlindIndexer, n int) (cookies []string) {
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
		secret := login.NewSecret()
		id := secret.ID()
		if i%(n/1000) == 0 {
			cookies = append(cookies, secret.Reveal())
		}
		who, account := fmt.Sprintf("p-%08d", i), fmt.Sprintf("a-%08d", i)
		for _, err := range []error{
			second(person.Exec(who)), second(name.Exec(names.Token(fmt.Sprintf("kisi.%d@hs90.kep.test", i)).Bytes(), who, account)), second(session.Exec(id[:], who, account, at)),
		} {
			must(err)
		}
	}
	must(tx.Commit())
	must(db.Close())
	return cookies
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
		cookies := crowd(b, path, names, n)
		s, err := personstore.Open(b.Context(), path, personstore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		w := newWorld(b, s.Logins())
		w.vault.Keys = keys
		w.restart()
		// Those who log in stand among the others, evenly too.
		people := make([]*regular, 64)
		for i := range people {
			who := login.Who{Kind: login.Holder, Person: rem.PersonID(fmt.Sprintf("p-%08d-x", i*(n/len(people))))}
			p := &regular{name: fmt.Sprintf("duzenli.%d@hs90.kep.test", i), at: home}
			_, p.secret = w.app(who, p.name)
			people[i] = p
		}
		hash, err := account.NewHasher(1).Hash(b.Context(), good)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("session/persons=%d", n), func(b *testing.B) {
			now := w.clock.Now()
			w.clock.Set(testkit.Epoch)
			defer w.clock.Set(now)
			i := 0
			for b.Loop() {
				if _, err := w.Session(b.Context(), cookies[i*617%len(cookies)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
		// What the log-in costs apart from the hash, which is as long for everybody.
		b.Run(fmt.Sprintf("password+totp/hash=none/persons=%d", n), func(b *testing.B) { logIns(b, w, people) })
		w.Service = hashing(b, w, hash)
		b.Run(fmt.Sprintf("password+totp/hash=argon2id/persons=%d", n), func(b *testing.B) { logIns(b, w, people) })
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// A regular is somebody who logs in again and again.
type regular struct {
	name, secret string
	at           login.Visitor
}

func logIns(b *testing.B, w *world, people []*regular) {
	i := 0
	w.clock.Advance(24 * time.Hour) // after all enrolments, and what was before
	for b.Loop() {
		if i++; i%len(people) == 0 {
			w.clock.Advance(time.Minute) // their codes are new
		}
		r := people[i%len(people)]
		w.clock.Advance(time.Second) // the allowance of the address
		p, err := w.Password(b.Context(), w.Begin(login.Holder), r.at, r.name, good)
		if err != nil {
			b.Fatal(err)
		}
		o, err := w.Code(b.Context(), p, r.at, w.code(r.secret))
		if err != nil {
			b.Fatal(err)
		}
		if !o.Device.IsZero() {
			r.at.Device = o.Device
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
