package enrolmenttest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy"
	"rem/privacy/inventory"
)

var at = testkit.Epoch

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func same[T any](t testing.TB, what string, got T, want T) {
	t.Helper()
	opts := cmp.Options{
		cmp.Comparer(func(a, b privacy.SealedValue) bool { return a.Equal(b) }),
		cmp.Comparer(func(a, b privacy.IndexToken) bool { return a == b }),
	}
	if d := cmp.Diff(want, got, opts); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

// Run checks every promise of enrolment.Store. open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) enrolment.Store) {
	world := vaulttest.New(t, inventory.Today())
	numbers, err := privacy.NewBlindIndexer(t.Context(), world.Keys, privacy.BlindIndex{Name: "person.identity", Version: 1})
	must(t, err)

	t.Run("a number is one person", func(t *testing.T) {
		s := open(t)
		var wg sync.WaitGroup
		got := make([]rem.PersonID, 16)
		for i := range got {
			wg.Go(func() {
				p, err := s.Claim(t.Context(), numbers.Token("10000000146"), rem.PersonID(fmt.Sprint("per-", i)), at)
				if err != nil {
					t.Error(err)
				}
				got[i] = p
			})
		}
		wg.Wait()
		for _, p := range got {
			if p == "" || p != got[0] {
				t.Fatalf("%q and %q", p, got[0])
			}
		}
		other, err := s.Claim(t.Context(), numbers.Token("12345678950"), "per-x", at)
		must(t, err)
		if other != "per-x" {
			t.Errorf("another number is %s", other)
		}
		when, err := s.Known(t.Context(), other)
		must(t, err)
		if !when.IsZero() {
			t.Error("nobody identified him")
		}
		must(t, s.Know(t.Context(), other, at))
		must(t, s.Know(t.Context(), other, at.Add(time.Hour)))
		when, err = s.Known(t.Context(), other)
		must(t, err)
		if !when.Equal(at) {
			t.Errorf("known since %s", when)
		}
	})
	t.Run("links are found by their digest, their bearer and their application", func(t *testing.T) {
		s := open(t)
		var list []enrolment.Link
		for i := range 3 {
			l := enrolment.Link{ID: login.NewSecret().ID(), Application: "app-00001", Bearer: "per-1", Shower: i == 2, Mail: i == 1, Made: at.Add(time.Duration(i) * time.Hour)}
			if i > 0 {
				l.Until = at.AddDate(0, 1, 0)
			}
			if i == 2 {
				l.Bearer = "per-2"
			}
			list = append(list, l)
			must(t, s.AddLink(t.Context(), l))
			changed := l
			changed.Bearer = "per-9"
			must(t, s.AddLink(t.Context(), changed)) // the first one stands
		}
		for i, l := range list {
			got, err := s.Link(t.Context(), l.ID)
			must(t, err)
			same(t, fmt.Sprint("link ", i), got, l)
		}
		got, err := s.Bearer(t.Context(), "per-1")
		must(t, err)
		same(t, "the bearer's first", got, list[0])
		got, err = s.Shower(t.Context(), "app-00001")
		must(t, err)
		same(t, "the shower's", got, list[2])
		_, err = s.Link(t.Context(), login.NewSecret().ID())
		is(t, "an unknown secret", err, enrolment.ErrNone)
		_, err = s.Bearer(t.Context(), "per-9")
		is(t, "an unknown bearer", err, enrolment.ErrNone)
		_, err = s.Shower(t.Context(), "app-00002")
		is(t, "another application", err, enrolment.ErrNone)
	})
	t.Run("of two changes of what was shown one is made", func(t *testing.T) {
		s := open(t)
		p, err := s.Proofs(t.Context(), "app-00001")
		must(t, err)
		same(t, "at first", p, enrolment.Proofs{Application: "app-00001"})
		first, second := p, p
		first.Mail, first.Sends, first.Sent, first.First = at, 1, 1, at
		first.Code, first.Until = numbers.Token("123456"), at.Add(time.Minute)
		second.Mobile = at
		for range 2 {
			must(t, s.SetProofs(t.Context(), first))
		}
		is(t, "the other", s.SetProofs(t.Context(), second), enrolment.ErrChanged)
		got, err := s.Proofs(t.Context(), "app-00001")
		must(t, err)
		first.Version = 1
		same(t, "then", got, first)
		got.Code, got.Tries, got.Mobile, got.Spent = privacy.IndexToken{}, 3, at.Add(time.Second), at.Add(time.Minute)
		must(t, s.SetProofs(t.Context(), got))
		is(t, "the first again", s.SetProofs(t.Context(), func() enrolment.Proofs { p := first; p.Version = 0; return p }()), enrolment.ErrChanged)
		again, err := s.Proofs(t.Context(), "app-00001")
		must(t, err)
		got.Version++
		same(t, "at last", again, got)
	})
	t.Run("an office has as many seats as it has", func(t *testing.T) {
		s := open(t)
		nine := at.AddDate(0, 0, 1)
		var wg sync.WaitGroup
		won := make(chan person.ApplicationID, 16)
		for i := range 16 {
			wg.Go(func() {
				a := enrolment.Appointment{Application: person.ApplicationID(fmt.Sprint("app-", i)), Office: "ankara", At: nine, Made: at}
				switch err := s.Book(t.Context(), a, 2); {
				case err == nil:
					won <- a.Application
				case !errors.Is(err, enrolment.ErrFull):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(won)
		if len(won) != 2 {
			t.Fatalf("%d got two seats", len(won))
		}
		winner := <-won
		moved := enrolment.Appointment{Application: winner, Office: "ankara", At: nine.Add(time.Hour), Made: at}
		must(t, s.Book(t.Context(), moved, 2))
		must(t, s.Book(t.Context(), moved, 2))
		got, err := s.Appointment(t.Context(), winner)
		must(t, err)
		same(t, "the winner's", got, moved)
		list, err := s.Appointments(t.Context(), "ankara", nine, nine.Add(time.Hour))
		must(t, err)
		if len(list) != 1 {
			t.Errorf("%d are left at nine", len(list))
		}
		must(t, s.Cancel(t.Context(), winner))
		must(t, s.Cancel(t.Context(), winner))
		_, err = s.Appointment(t.Context(), winner)
		is(t, "after cancelling", err, enrolment.ErrNone)
	})
	t.Run("a profile is kept whole, and the first one stands", func(t *testing.T) {
		s := open(t)
		seal := func(f privacy.FieldID, text string) privacy.SealedValue {
			v, err := world.Seal(t.Context(), "per-h", f, privacy.NewValue(text, privacy.ByDeclaration(at)))
			must(t, err)
			return v
		}
		p := enrolment.Profile{Account: "acc-1", Application: "app-00001", Kind: person.Private, Holder: "per-h", Shower: "per-s", At: at,
			Mobile: seal(enrolment.MobileField, "+905321234567"), Mail: seal(enrolment.MailField, "a@example.com"),
			Details: []enrolment.Detail{{Name: "title", Value: seal(enrolment.DetailField, "title: Ö")}, {Name: "mersis", Value: seal(enrolment.DetailField, "mersis: 1")}}}
		must(t, s.KeepProfile(t.Context(), p))
		other := p
		other.Holder, other.Details = "per-z", nil
		must(t, s.KeepProfile(t.Context(), other))
		second := p
		second.Account, second.Holder, second.Shower = "acc-2", "per-s", "per-s"
		must(t, s.KeepProfile(t.Context(), second))
		got, err := s.Profile(t.Context(), "acc-1")
		must(t, err)
		same(t, "it", got, p)
		_, err = s.Profile(t.Context(), "acc-9")
		is(t, "an unknown one", err, enrolment.ErrNone)
		list, err := s.ProfilesOf(t.Context(), "per-s", 10)
		must(t, err)
		same(t, "of the one who showed himself", list, []enrolment.Profile{p, second})
		list, err = s.ProfilesOf(t.Context(), "per-h", 10)
		must(t, err)
		same(t, "of the holder", list, []enrolment.Profile{p})
	})
}
