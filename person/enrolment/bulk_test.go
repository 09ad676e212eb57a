package enrolment_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rem"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
)

// staffFile names people of a company, whose numbers are synthetic.
func staffFile(addresses ...string) []byte {
	people := []string{"10000000146;Işıl Çağrı;Öğütçü;29.10.1990", "12345678950;İbrahim Şükrü;Ünlü;01.02.1980", "11111111110;Ümit Can;Doğan;03.04.1985"}
	b := "identity-number;given-names;family-name;birth-date;mobile;mail-address;kep-address\n"
	for i, a := range addresses {
		b += fmt.Sprintf("%s;0532 123 45 6%d;calisan%d@example.com;%s\n", people[i], i, i, a)
	}
	return []byte(b)
}

func requester(t testing.TB, w *enrolmenttest.World, s *enrolment.Service) enrolment.Requester {
	t.Helper()
	title, err := person.ParseTitle("Öğütçü Gıda A.Ş.")
	must(t, err)
	texts, err := s.Texts()
	must(t, err)
	return enrolment.Requester{Actor: rem.Actor{Account: "acc-company", Holder: "per-company", Person: "per-operator"}, Company: title, Shown: w.Shown(t), Accepted: texts}
}

func addresses(t testing.TB, w *enrolmenttest.World, ids []person.ApplicationID) (list []rem.Address) {
	t.Helper()
	for _, id := range ids {
		v, err := w.Ledger.Application(context.Background(), id)
		must(t, err)
		list = append(list, v.Submitted.Address)
	}
	return list
}

// REQ-21.
func TestACompanyAppliesForItsPeople(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	s := w.Service(t)
	r := requester(t, w, s)
	got, err := s.Corporate().Apply(ctx, r, staffFile("", "", ""))
	must(t, err)
	if got.Batch == "" || len(got.Applications) != 3 || got.Report.Bad != 0 {
		t.Fatalf("%+v", got)
	}
	for _, a := range addresses(t, w, got.Applications) {
		if !strings.Contains(a.String(), "ogutcu") || !strings.HasSuffix(a.String(), enrolmenttest.Domain) {
			t.Errorf("the address is %s", a)
		}
	}
	list, err := s.Corporate().List(ctx, "per-operator", 10)
	must(t, err)
	if len(list) != 3 {
		t.Errorf("the company sees %d", len(list))
	}
	// Each is told by himself, and goes on by himself.
	seen := map[string]bool{}
	for _, m := range w.Told() {
		seen[m.Mail.Reveal()] = true
	}
	if len(seen) != 3 {
		t.Fatalf("%d were told", len(seen))
	}
	secret, ok := w.Link(t, "devam")
	if !ok {
		t.Fatal("no link came")
	}
	a := s.Applicants()
	b, err := a.Resume(ctx, secret)
	must(t, err)
	is(t, "before he was told", a.Choose(ctx, b, identity.Signature), enrolment.ErrNotice)
	must(t, a.Told(ctx, b, w.Shown(t)))
	if a.Withdraw(ctx, b) == nil {
		t.Error("he takes the company's application back")
	}
	must(t, a.Choose(ctx, b, identity.Signature))
	form, err := a.FormToSign(ctx, b)
	must(t, err)
	if !strings.Contains(string(form), "company: Öğütçü Gıda A.Ş.") {
		t.Error("the form does not name the company")
	}
	must(t, a.Sign(ctx, b, append([]byte(enrolmenttest.Signature), form...)))
	must(t, s.Desk().TakeUp(ctx, approver, b.Application()))
	_, err = s.Desk().Open(ctx, approver, b.Application())
	must(t, err)
	must(t, s.Desk().Approve(ctx, approver, b.Application()))
	link, _ := w.Link(t, "etkinlestir")
	arrived, err := a.Arrive(ctx, link)
	must(t, err)
	if arrived.Person() != b.Person() {
		t.Error("the link is another's")
	}
	must(t, a.SendCode(ctx, arrived))
	must(t, a.Enter(ctx, arrived, w.Code()))
	id, err := a.Activate(ctx, arrived, a.Results().Read)
	must(t, err)
	if opened := w.Opened(); len(opened) != 1 || opened[0].ID != id || opened[0].Holder.Person == "per-operator" {
		t.Errorf("%+v", opened)
	}
	must(t, s.Corporate().Withdraw(ctx, r.Actor, got.Applications[0]))
	other := r.Actor
	other.Person = "per-stranger"
	is(t, "a stranger", s.Corporate().Withdraw(ctx, other, got.Applications[1]), application.ErrNotYou)
}

func TestAFileWithABadRowLeavesNothingBehind(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	s := w.Service(t)
	first := newTraveller(t, w, person.Natural, false, identity.Office)
	first.in["kep-address"] = "isil.ogutcu@" + personledgertest.Forms.Provider
	first.until(application.Submitted)
	good, err := s.Corporate().Apply(ctx, requester(t, w, s), staffFile(""))
	must(t, err)
	taken := addresses(t, w, good.Applications)[0].String()
	before, err := w.Ledger.Counts(ctx)
	must(t, err)
	for name, file := range map[string][]byte{
		"an address that is taken": staffFile(taken, "", ""),
		"a number twice":           append(staffFile(""), staffFile("")[len("identity-number;given-names;family-name;birth-date;mobile;mail-address;kep-address\n"):]...),
		"a number that is none":    []byte(strings.Replace(string(staffFile("", "")), "12345678950", "12345678951", 1)),
	} {
		got, err := s.Corporate().Apply(ctx, requester(t, w, s), file)
		must(t, err)
		if got.Batch != "" || got.Report.Bad != 1 || len(got.Report.Rows) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
		after, err := w.Ledger.Counts(ctx)
		must(t, err)
		if fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%s: %v, before %v", name, after, before)
		}
	}
	left, err := w.Ledger.Unfinished(ctx)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	_, err = s.Corporate().Apply(ctx, requester(t, w, s), []byte("x;y\n"))
	is(t, "no file", err, application.ErrBulk)
}

// Each call fails once while a file is taken in; the process ends there. Either
// nothing of the file is there, or all of it after the next start.
func TestAFileSurvivesEveryFailureWholeOrNotAtAll(t *testing.T) {
	calls := 0
	w := enrolmenttest.NewWorld(t)
	s := w.Service(t)
	w.Break(func(string, bool) error { calls++; return nil })
	_, err := s.Corporate().Apply(t.Context(), requester(t, w, s), staffFile("", ""))
	must(t, err)
	if calls < 30 {
		t.Fatalf("only %d calls", calls)
	}
	whole, none := 0, 0
	for at := range calls {
		w, n, what := enrolmenttest.NewWorld(t), 0, ""
		s := w.Service(t)
		w.Break(func(name string, done bool) error {
			if n++; n == at+1 {
				what = fmt.Sprint(name, " done ", done)
				return errBroken
			}
			return nil
		})
		if _, err := s.Corporate().Apply(t.Context(), requester(t, w, s), staffFile("", "")); err != nil && !errors.Is(err, errBroken) {
			t.Fatalf("%s: %v", what, err)
		}
		s = w.Service(t)
		must(t, s.Finish(t.Context()))
		list, err := s.Corporate().List(t.Context(), "per-operator", 10)
		must(t, err)
		switch {
		case len(list) == 0:
			none++
		case len(list) == 2 && list[0].State == application.Submitted && list[1].State == application.Submitted:
			whole++
			links := map[login.ID]bool{}
			for _, m := range w.Told() {
				if _, text, ok := strings.Cut(m.Link, "?s="); ok {
					secret, err := login.ParseSecret(text)
					must(t, err)
					if _, err := s.Applicants().Resume(t.Context(), secret); err != nil {
						t.Errorf("%s: the link that came: %v", what, err)
					}
					links[secret.ID()] = true
				}
			}
			if len(links) != 2 {
				t.Errorf("%s: %d were told", what, len(links))
			}
		default:
			t.Fatalf("%s: half of it is there: %+v", what, list)
		}
		if left, err := w.Ledger.Unfinished(t.Context()); err != nil || len(left) > 0 {
			t.Fatalf("%s: left %v, %v", what, left, err)
		}
	}
	if whole == 0 || none == 0 {
		t.Errorf("%d times all of it, %d times nothing", whole, none)
	}
}
