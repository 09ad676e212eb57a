package directorytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

// Run checks what directory.Store promises, on empty stores from open.
func Run(t *testing.T, open func(t *testing.T) directory.Store) {
	at := func(n int) time.Time { return testkit.Epoch.Add(time.Duration(n) * time.Second) }
	token := func(n byte) privacy.IndexToken {
		b := make([]byte, len(new(privacy.IndexToken).Bytes()))
		b[3], b[10] = 1, n
		return must(privacy.ParseIndexToken(b))
	}
	version := func(n int, number uint64, sec int) directory.Version {
		return directory.Version{ID: directory.VersionID(fmt.Sprintf("v-%d-%d", n, number)), Account: Account(n), Number: number, Address: address(n), Holder: Holder(n),
			Kind: person.Natural, State: directory.Live, Open: true, From: at(sec), By: By(n)}
	}
	listing := func(v directory.Version, key string) *directory.Listing {
		l := &directory.Listing{Account: v.Account, Version: v.ID, Holder: v.Holder, Kind: v.Kind, Address: v.Address, NameKey: key, Tokens: []privacy.IndexToken{token(1)},
			Values: []directory.Value{{Field: directory.Address, Text: v.Address.String()}, {Field: directory.Name, Text: "Bir Ad"}}}
		if v.Kind.Legal() {
			l.Words = directory.WordsOf(key)
		}
		return l
	}
	commit := func(t *testing.T, s directory.Store, v directory.Version, l *directory.Listing) {
		t.Helper()
		if err := s.Commit(t.Context(), directory.Step{Version: v, Listing: l}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("versions follow each other and stay", func(t *testing.T) {
		s := open(t)
		v1, v2 := version(1, 1, 0), version(1, 2, 10)
		if _, err := s.Newest(t.Context(), v1.Account); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
		for range 2 { // repeating is harmless
			commit(t, s, v1, nil)
		}
		for _, bad := range []directory.Version{version(1, 1, 0), version(1, 3, 10), version(1, 2, -1)} {
			bad.ID += "x"
			if err := s.Commit(t.Context(), directory.Step{Version: bad}); !errors.Is(err, directory.ErrChanged) {
				t.Errorf("version %d at %v: %v", bad.Number, bad.From, err)
			}
		}
		v2.State = directory.Closed
		commit(t, s, v2, nil)
		commit(t, s, v1, nil)
		for _, c := range []struct {
			at   int
			want directory.VersionID
		}{{-1, ""}, {0, v1.ID}, {9, v1.ID}, {10, v2.ID}, {1000, v2.ID}} {
			v, err := s.At(t.Context(), v1.Address, at(c.at))
			if v.ID != c.want || (c.want == "") != errors.Is(err, directory.ErrNotFound) {
				t.Errorf("at %d: %q, %v", c.at, v.ID, err)
			}
		}
		for _, want := range []directory.Version{v1, v2} {
			got, err := s.Version(t.Context(), want.ID)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, %v\nwant %v", got, err, want)
			}
		}
		if _, err := s.Version(t.Context(), "v-9-9"); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	})
	t.Run("an address is of one live account, and comes back to its holder alone", func(t *testing.T) {
		s := open(t)
		commit(t, s, version(1, 1, 0), nil)
		other := version(2, 1, 5)
		other.Address = address(1)
		if err := s.Commit(t.Context(), directory.Step{Version: other}); !errors.Is(err, directory.ErrTaken) {
			t.Errorf("of a live account: %v", err)
		}
		closed := version(1, 2, 1)
		closed.State = directory.Closed
		commit(t, s, closed, nil)
		if err := s.Commit(t.Context(), directory.Step{Version: other}); !errors.Is(err, directory.ErrTaken) {
			t.Errorf("of another holder's: %v", err)
		}
		other.Holder = Holder(1)
		commit(t, s, other, nil)
		if v, err := s.At(t.Context(), address(1), at(3)); err != nil || v.Account != Account(1) {
			t.Errorf("between: %v, %v", v.Account, err)
		}
		if v, err := s.At(t.Context(), address(1), at(6)); err != nil || v.Account != Account(2) {
			t.Errorf("now: %v, %v", v.Account, err)
		}
	})
	t.Run("a listing is there while it is published, and found by its keys", func(t *testing.T) {
		s := open(t)
		v := version(1, 1, 0)
		commit(t, s, v, listing(v, "bir ad"))
		company := version(2, 1, 0)
		company.Kind = person.Private
		l := listing(company, "bir ad limited sirketi")
		l.Tokens = []privacy.IndexToken{token(2), token(3)}
		l.Operators = []directory.ListedOperator{{Person: "p-9", Name: "İşlem Yetkilisi", Title: "Müdür"}}
		commit(t, s, company, l)
		count := func(what string, want int) func([]directory.Listing, error) {
			return func(list []directory.Listing, err error) {
				t.Helper()
				if err != nil || len(list) != want {
					t.Errorf("%s: %d, %v; want %d", what, len(list), err, want)
				}
			}
		}
		words := func(list []directory.Listing, crowded bool, err error) ([]directory.Listing, error) {
			if crowded {
				return nil, errors.New("crowded")
			}
			return list, err
		}
		ctx := t.Context()
		count("address", 1)(s.ByAddress(ctx, v.Address))
		count("another address", 0)(s.ByAddress(ctx, address(3)))
		count("token", 1)(s.ByToken(ctx, token(1), 10))
		count("token", 1)(s.ByToken(ctx, token(3), 10))
		count("token of nobody", 0)(s.ByToken(ctx, token(9), 10))
		count("name", 1)(s.ByName(ctx, false, "bir ad", 10))
		count("name of a company", 0)(s.ByName(ctx, true, "bir ad", 10))
		count("words", 1)(words(s.ByWords(ctx, []string{"bir", "limited"}, 10)))
		count("words that nobody has all of", 0)(words(s.ByWords(ctx, []string{"bir", "anonim"}, 10)))
		count("no words", 0)(words(s.ByWords(ctx, nil, 10)))
		count("part of a word", 0)(words(s.ByWords(ctx, []string{"limi"}, 10)))
		count("a word with a wildcard", 0)(words(s.ByWords(ctx, []string{"limi%"}, 10)))
		got, err := s.ListingOf(ctx, Account(2))
		if err != nil || !slices.Equal(got.Values, l.Values) || !slices.Equal(got.Operators, l.Operators) || !slices.Equal(got.Tokens, l.Tokens) || !slices.Equal(got.Words, l.Words) || got.NameKey != l.NameKey {
			t.Errorf("the listing came back as another: %v", err)
		}
		count("that rest on consent", 2)(s.Listings(ctx, "", 10))
		count("those after", 1)(s.Listings(ctx, Account(1), 10))
		// A change takes the old keys away.
		next := company
		next.ID, next.Number = "v-2-2", 2
		changed := listing(next, "yeni ad anonim sirketi")
		changed.Tokens = []privacy.IndexToken{token(3)}
		commit(t, s, next, changed)
		count("old words", 0)(words(s.ByWords(ctx, []string{"limited"}, 10)))
		count("old token", 0)(s.ByToken(ctx, token(2), 10))
		count("new words", 1)(words(s.ByWords(ctx, []string{"yeni"}, 10)))
		count("that rest on consent now", 1)(s.Listings(ctx, "", 10))
		hidden := version(1, 2, 1)
		hidden.Open = false
		commit(t, s, hidden, nil)
		count("hidden address", 0)(s.ByAddress(ctx, v.Address))
		count("hidden token", 0)(s.ByToken(ctx, token(1), 10))
		count("hidden name", 0)(s.ByName(ctx, false, "bir ad", 10))
		if _, err := s.ListingOf(ctx, Account(1)); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("hidden: %v", err)
		}
	})
	t.Run("only the newest version has what rests on consent", func(t *testing.T) {
		s := open(t)
		w := New(t, s)
		p := Person(1, "Ayşe", "Yılmaz")
		w.Consents.Give(Holder(1), directory.ConsentsOf(person.Natural)...)
		first := w.Enter(t, 1, p, true)
		if v, err := s.Version(t.Context(), first.ID); err != nil || len(v.Optional) != 5 {
			t.Fatalf("%d optional fields, %v", len(v.Optional), err)
		}
		if _, err := w.SetOpen(t.Context(), By(1), Account(1), false); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Version(t.Context(), first.ID); err != nil || len(v.Optional) != 0 || v.Card.IsZero() {
			t.Errorf("the old one has %d, %v", len(v.Optional), err)
		}
		if v, err := s.Newest(t.Context(), Account(1)); err != nil || len(v.Optional) != 5 {
			t.Errorf("the new one has %d, %v", len(v.Optional), err)
		}
	})
	t.Run("look-ups are a chain, counted by day", func(t *testing.T) {
		s := open(t)
		ask := func(n, day, weight int, found ...rem.AccountID) error {
			l := directory.Lookup{Asker: By(n).Actor, Door: directory.ByWeb, Use: directory.ToSend, Key: directory.KeyAddress, Asked: token(7), Outcome: directory.Found, Found: found}
			l.Link.Time = at(day)
			return s.Ask(t.Context(), l, int64(day), weight, 3)
		}
		for i, c := range []struct {
			n, day, weight int
			ok             bool
		}{{1, 1, 1, true}, {1, 1, 2, true}, {1, 1, 1, false}, {2, 1, 4, false}, {2, 1, 3, true}, {1, 2, 3, true}, {1, 2, 1, false}} {
			err := ask(c.n, c.day, c.weight, Account(5), Account(6))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, directory.ErrQuota) {
				t.Errorf("question %d: %v", i, err)
			}
		}
		list, err := s.Lookups(t.Context(), Account(5), 0, 2)
		if err != nil || len(list) != 2 || list[0].Link.Number != 4 || list[1].Link.Number != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		rest, err := s.Lookups(t.Context(), Account(5), 3, 10)
		if err != nil || len(rest) != 2 || rest[0].Link.Number != 2 {
			t.Errorf("the rest: %+v, %v", rest, err)
		}
		if none, err := s.Lookups(t.Context(), Account(7), 0, 10); err != nil || len(none) != 0 {
			t.Errorf("of nobody: %v, %v", none, err)
		}
		if head, err := New(t, s).VerifyLookups(t.Context()); err != nil || head.Number != 4 {
			t.Errorf("%+v, %v", head, err)
		}
	})
	t.Run("each account's changes come in their order, and go when they were told", func(t *testing.T) {
		s := open(t)
		for _, v := range []directory.Version{version(1, 1, 0), version(2, 1, 1), version(1, 2, 2)} {
			commit(t, s, v, nil)
		}
		due := func(sec int) (list []string) {
			t.Helper()
			found, err := s.Due(t.Context(), at(sec), 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range found {
				list = append(list, fmt.Sprint(o.Version, " ", o.Attempts))
			}
			return list
		}
		same := func(got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		same(due(-1))
		same(due(5), "v-1-1 0", "v-2-1 0")
		first, err := s.Due(t.Context(), at(5), 1)
		if err != nil || len(first) != 1 {
			t.Fatal(first, err)
		}
		tx := directory.Transaction{Act: directory.ActPut, Key: "v-1-1", Account: Account(1), Person: Holder(1), Result: "away"}
		for range 2 { // repeating is harmless
			if err := s.Untold(t.Context(), first[0].Number, at(20), tx); err != nil {
				t.Fatal(err)
			}
		}
		same(due(5), "v-2-1 0")
		same(due(20), "v-2-1 0", "v-1-1 1")
		tx.Result = "done"
		told := directory.Sent{Account: Account(1), Version: "v-1-1", Record: token(4), At: at(21)}
		for range 2 {
			if err := s.Told(t.Context(), first[0].Number, told, tx); err != nil {
				t.Fatal(err)
			}
		}
		same(due(20), "v-2-1 0", "v-1-2 0")
		if b, err := s.Backlog(t.Context()); err != nil || b.Waiting != 2 || !b.Oldest.Equal(at(1)) {
			t.Errorf("%+v, %v", b, err)
		}
		if list, err := s.Sent(t.Context(), "", 10); err != nil || len(list) != 1 || list[0] != told {
			t.Errorf("%+v, %v", list, err)
		}
		if err := s.Again(t.Context(), Account(1), at(30)); err != nil {
			t.Fatal(err)
		}
		same(due(30), "v-2-1 0", "v-1-2 0") // something of it waits already
		if head, err := New(t, s).VerifyTransactions(t.Context()); err != nil || head.Number != 2 {
			t.Errorf("%+v, %v", head, err)
		}
		if err := s.Again(t.Context(), Account(9), at(30)); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	})
	t.Run("of many changes at once one is the next", func(t *testing.T) {
		s := open(t)
		commit(t, s, version(1, 1, 0), nil)
		var mu sync.Mutex
		made := 0
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				v := version(1, 2, 1)
				v.ID = directory.VersionID(fmt.Sprint("v-race-", i))
				switch err := s.Commit(context.Background(), directory.Step{Version: v}); {
				case err == nil:
					mu.Lock()
					made++
					mu.Unlock()
				case !errors.Is(err, directory.ErrChanged):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made != 1 {
			t.Errorf("%d were made", made)
		}
	})
}
