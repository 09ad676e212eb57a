package personstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rem"
	"rem/edge/personstore"
	"rem/edge/sqlitefile"
	"rem/internal/testkit/directorytest"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

func TestTheStoreKeepsWhatDirectoriesPromise(t *testing.T) {
	directorytest.Run(t, func(t *testing.T) directory.Store {
		return open(t, t.TempDir(), personstore.Options{}).Directory()
	})
}

// A question costs what it finds: each is answered from an index.
func TestTheDirectoryIsReadFromItsIndexes(t *testing.T) {
	s := open(t, t.TempDir(), personstore.Options{})
	whole := []string{"directory.all-lookups", "directory.all-transactions"}
	for name, statement := range personstore.Statements {
		if !strings.HasPrefix(name, "directory.") || !strings.HasPrefix(statement, "SELECT") || slices.Contains(whole, name) {
			continue
		}
		args := make([]any, strings.Count(statement, "$"))
		for i := range args {
			args[i] = 1
		}
		lines, err := s.Plan(name, args[:arguments(name)]...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, line := range lines {
			// The last of a chain, and what waits in the order of its time, are read from
			// an end; the words of a question are a list of its own.
			end := strings.HasPrefix(name, "directory.last-") || name == "directory.due" || name == "directory.backlog" || strings.Contains(line, "json_each") || strings.HasPrefix(line, "SCAN j ")
			if strings.Contains(line, "SCAN") && !end || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, strings.Join(lines, "; "))
			}
		}
	}
}

// journey makes every kind of step of the directory, each until it is made: a step
// whose end is not known is made again, by a process that opens the file anew.
func journey(t *testing.T, path string, fail func(point string) error) (steps int, w *directorytest.World) {
	t.Helper()
	calls := 0
	effect := func(point string) error { calls++; return fail(fmt.Sprint(calls)) }
	var s *personstore.Store
	reopen := func() {
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if s, err = personstore.Open(t.Context(), path, personstore.Options{Effect: effect}); err != nil {
			t.Fatal(err)
		}
		if w == nil {
			w = directorytest.New(t, s.Directory())
			return
		}
		w.Config.Store, w.Store = s.Directory(), s.Directory()
		w.Again(t)
	}
	reopen()
	t.Cleanup(func() { s.Close() })
	try := func(do func() error) {
		t.Helper()
		for range 5 {
			err := do()
			if err == nil {
				return
			}
			if !errors.Is(err, errEffect) && !errors.Is(err, sqlitefile.ErrUnknown) {
				t.Fatal(err)
			}
			reopen()
		}
		t.Fatal("it is not made")
	}
	ctx := context.Background()
	w.Consents.Give(directorytest.Holder(1), directory.ConsentsOf(person.Natural)...)
	p, c := directorytest.Person(1, "Işıl", "Öğütçü"), directorytest.Company(2, "Bir A.Ş.")
	enter := func(n int, p directory.Particulars) func() error {
		return func() error {
			_, err := w.Directory.Enter(ctx, directorytest.By(n), directory.Entry{Account: directorytest.Account(n), Holder: directorytest.Holder(n), Particulars: p})
			return err
		}
	}
	deliver := func() error { _, err := w.Deliver(ctx); return err }
	try(enter(1, p))
	try(enter(2, c))
	try(deliver)
	try(func() error {
		_, err := w.SetOpen(ctx, directorytest.By(1), directorytest.Account(1), true)
		return err
	})
	try(func() error {
		_, err := w.Query(ctx, directorytest.Asker(2), directory.ByAddress(p.Address, directory.ToSend))
		return err
	})
	w.Consents.Withdraw(directorytest.Holder(1), privacy.DirectoryPhone)
	try(func() error { _, err := w.Settle(ctx, directorytest.Account(1)); return err })
	try(deliver)
	try(func() error {
		_, err := w.Close(ctx, directorytest.By(2), directorytest.Account(2))
		return err
	})
	w.Central.Fail(directory.ErrAway, nil)
	try(deliver)
	w.Central.Fail(nil, nil)
	w.Clock.Advance(directory.LastPause)
	try(deliver)
	return calls, w
}

var errEffect = errors.New("the process ends here")

// REQ-77, P-05: every durable step of the directory fails once, before it is made and
// behind it, and the process ends there. In the end the record, what is published,
// and the central directory are as without a fault.
func TestADirectoryThatCrashesAtEachEffectComesToTheSame(t *testing.T) {
	steps, _ := journey(t, filepath.Join(t.TempDir(), "persons.sqlite"), func(string) error { return nil })
	if steps < 20 {
		t.Fatalf("%d effects: the test shows little", steps)
	}
	for n := 1; n <= steps; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			_, w := journey(t, filepath.Join(t.TempDir(), "persons.sqlite"), func(call string) error {
				if call == fmt.Sprint(n) {
					return errEffect
				}
				return nil
			})
			report, err := w.Reconcile(t.Context(), "p-staff")
			if err != nil || report.Ours != 2 || report.Theirs != 2 || report.Faults+report.Pending != 0 {
				t.Errorf("%+v, %v", report, err)
			}
			one, err := w.Store.Newest(t.Context(), directorytest.Account(1))
			if err != nil || one.Number != 3 || !one.Open || len(one.Optional) != 4 {
				t.Errorf("version %d, open %t, %d optional fields, %v", one.Number, one.Open, len(one.Optional), err)
			}
			two, err := w.Store.Newest(t.Context(), directorytest.Account(2))
			if err != nil || two.Number != 2 || two.State != directory.Closed {
				t.Errorf("version %d, %s, %v", two.Number, two.State, err)
			}
			l, err := w.Store.ListingOf(t.Context(), directorytest.Account(1))
			if err != nil || l.Version != one.ID || l.Value(directory.Phone) != "" || l.Value(directory.Title) == "" {
				t.Errorf("the listing is of %s, %v", l.Version, err)
			}
			if _, err := w.Store.ListingOf(t.Context(), directorytest.Account(2)); !errors.Is(err, directory.ErrNotFound) {
				t.Errorf("closed: %v", err)
			}
			if keys := slices.Compact(slices.Sorted(slices.Values(w.Central.Keys()))); len(keys) != 5 {
				t.Errorf("told under %d keys", len(keys))
			}
			for name, verify := range map[string]func(context.Context) error{
				"look-ups":     func(ctx context.Context) error { _, err := w.VerifyLookups(ctx); return err },
				"transactions": func(ctx context.Context) error { _, err := w.VerifyTransactions(ctx); return err },
			} {
				if err := verify(t.Context()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// S28, P-12: what a person took back is not in the files any more, in clear or sealed,
// when their log was emptied; and nothing that is not published ever is, in clear.
func TestWhatWasTakenBackIsNotInTheFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, personstore.Options{})
	w := directorytest.New(t, s.Directory())
	p := directorytest.Person(1, "Kanarya", "Gagalıkuş")
	has := func(what string) (where []string) {
		t.Helper()
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, "persons.sqlite"+suffix))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(what)) {
				where = append(where, "persons.sqlite"+suffix)
			}
		}
		return where
	}
	w.Consents.Give(directorytest.Holder(1), directory.ConsentsOf(person.Natural)...)
	v := w.Enter(t, 1, p, true)
	sealed := string(v.Optional[0].Value.Bytes())
	published := []string{"Gagalıkuş", "gagalikus", p.Phone.Reveal(), "Deneme Sokak"}
	for _, c := range append(published, sealed) {
		if len(has(c)) == 0 {
			t.Errorf("%q was never there: the test shows nothing", c)
		}
	}
	if where := has(p.Identity.Reveal()); len(where) > 0 {
		t.Errorf("the identity number lies in clear in %v", where)
	}
	w.Consents.Withdraw(directorytest.Holder(1), directory.ConsentsOf(person.Natural)...)
	if _, err := w.Settle(t.Context(), directorytest.Account(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(published, sealed, p.Identity.Reveal()) {
		if where := has(c); len(where) > 0 {
			t.Errorf("%q is still in %v", c, where)
		}
	}
}

// listed is the n-th of the listings for measuring: half of them people, half companies
// of three words.
func listed(i int) directory.Listing {
	l := directory.Listing{Account: rem.AccountID(fmt.Sprintf("a-%09d", i)), Version: directory.VersionID(fmt.Sprint("v-", i)), Holder: rem.PersonID(fmt.Sprint("p-", i)), Kind: person.Natural,
		Address: rem.MustAddress(fmt.Sprintf("ali.veli.%d@hs90.kep.test", i)), NameKey: fmt.Sprintf("ali veli%d", i), Tokens: []privacy.IndexToken{listedToken(i)}}
	if i%2 == 1 {
		l.Kind, l.NameKey = person.Private, fmt.Sprintf("firma%d gida%d limited sirketi", i, i%5000)
		l.Words = directory.WordsOf(l.NameKey)
	}
	l.Values = []directory.Value{{Field: directory.Address, Text: l.Address.String()}, {Field: directory.Name, Text: "Bir Ad " + l.NameKey}}
	return l
}

// listedToken is its number.
func listedToken(i int) privacy.IndexToken {
	raw := make([]byte, len(new(privacy.IndexToken).Bytes()))
	raw[3] = 1
	binary.BigEndian.PutUint64(raw[8:], uint64(i)*0x9E3779B97F4A7C15)
	return directorytest.Must(privacy.ParseIndexToken(raw))
}

// BenchmarkDirectory asks a directory of 1,000 entries, and with REM_LONG=1 of a
// million: half of them people, half companies of three words. An answer has its
// entry in the log on the disk; "look-up" is without that.
func BenchmarkDirectory(b *testing.B) {
	sizes := []int{1000}
	if os.Getenv("REM_LONG") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, n := range sizes {
		s := open(b, b.TempDir(), personstore.Options{})
		token, entry := listedToken, listed
		if err := s.FillDirectory(b.Context(), n, entry); err != nil {
			b.Fatal(err)
		}
		d := s.Directory()
		w := directorytest.New(b, d, func(c *directory.Config) { c.Central = nil })
		for i := range n {
			if i%2 == 0 {
				w.Consents.Give(rem.PersonID(fmt.Sprint("p-", i)), privacy.DirectoryEntry)
			}
		}
		look := func(name string, find func(i int) (int, error)) {
			b.Run(fmt.Sprintf("%s/n=%d", name, n), func(b *testing.B) {
				i := 0
				for b.Loop() {
					i = (i + 7919) % n
					if found, err := find(i); err != nil || found == 0 {
						b.Fatal(found, err)
					}
				}
			})
		}
		count := func(list []directory.Listing, err error) (int, error) { return len(list), err }
		look("look-up/address", func(i int) (int, error) { return count(d.ByAddress(b.Context(), entry(i).Address)) })
		look("look-up/number", func(i int) (int, error) { return count(d.ByToken(b.Context(), token(i), 21)) })
		look("look-up/name", func(i int) (int, error) { return count(d.ByName(b.Context(), i%2 == 1, entry(i).NameKey, 21)) })
		look("look-up/words", func(i int) (int, error) {
			list, crowded, err := d.ByWords(b.Context(), []string{fmt.Sprint("firma", i|1), "limited"}, 21)
			if crowded {
				return 0, errors.New("crowded")
			}
			return len(list), err
		})
		look("query/address", func(i int) (int, error) {
			a, err := w.Query(b.Context(), directorytest.Asker(1), directory.ByAddress(entry(i).Address, directory.ToSend))
			return len(a.Results), err
		})
	}
}
