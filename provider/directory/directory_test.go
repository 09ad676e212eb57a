package directory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	w "rem/internal/testkit/directorytest"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

// fieldsOf writes the table of a kind as KEP 1.5 has it.
func fieldsOf(k person.Kind) (list []string) {
	for _, r := range directory.Fields(k) {
		list = append(list, fmt.Sprint([]string{"", "mandatory", "one of", "optional"}[r.Need], " ", r.Field))
	}
	return list
}

// REQ-74: the table is that of KEP 1.5.
func TestTheFieldsAreThoseOfTheCommunique(t *testing.T) {
	for k, want := range map[person.Kind][]string{
		person.Natural: {"mandatory kep-address", "mandatory identity-number", "mandatory name",
			"optional service", "optional title", "optional postal-address", "optional signature-verification-data", "optional phone"},
		person.Private: {"mandatory kep-address", "one of mersis", "one of trade-registry", "mandatory name", "mandatory activity", "mandatory province", "mandatory postal-address", "optional operators"},
		person.Public:  {"mandatory kep-address", "mandatory detsis", "mandatory name", "mandatory activity", "mandatory province", "mandatory postal-address", "optional operators"},
	} {
		if got := fieldsOf(k); !slices.Equal(got, want) {
			t.Errorf("%s: got %q\nwant %q", k, got, want)
		}
		consents := map[privacy.PurposeID]bool{}
		for _, r := range directory.Fields(k) {
			if (r.Need == directory.ByChoice) != (r.Consent != "") || consents[r.Consent] && r.Consent != "" {
				t.Errorf("%s %s has no consent of its own", k, r.Field)
			}
			consents[r.Consent] = true
		}
	}
}

func codes(ps person.Problems) (list []string) {
	for _, p := range ps {
		list = append(list, p.Field+" "+string(p.Code))
	}
	return list
}

// REQ-74: what is missing, and what does not belong there, stands by its field.
func TestParticularsAreHeldAgainstTheTable(t *testing.T) {
	full := w.Person(1, "Işıl", "Öğütçü")
	for _, c := range []struct {
		name string
		edit func() directory.Particulars
		want string
	}{
		{"a person", func() directory.Particulars { return full }, ""},
		{"a company", func() directory.Particulars { return w.Company(1, "Öğütçü Gıda A.Ş.") }, ""},
		{"a body", func() directory.Particulars { return w.Body(1, "Ege Üniversitesi") }, ""},
		{"a person with the mandatory fields alone", func() directory.Particulars {
			return directory.Particulars{Kind: person.Natural, Address: full.Address, Identity: full.Identity, Given: full.Given, Family: full.Family}
		}, ""},
		{"nothing", func() directory.Particulars { return directory.Particulars{Kind: person.Natural} }, "kep-address missing,identity-number missing,name missing"},
		{"no kind", func() directory.Particulars { return directory.Particulars{} }, "kind not-a-choice"},
		{"a company without a number", func() directory.Particulars { p := w.Company(1, "X"); p.MERSIS = person.MERSIS{}; return p }, "mersis one-of-two-needed"},
		{"a company with a registry number", func() directory.Particulars {
			p := w.Company(1, "X")
			p.MERSIS, p.Registry, p.RegistryOffice = person.MERSIS{}, w.Must(person.ParseRegistryNumber("1234-5")), w.Must(person.ParseLine("Ankara"))
			return p
		}, ""},
		{"a company with an identity number", func() directory.Particulars { p := w.Company(1, "X"); p.Identity = full.Identity; return p }, "identity-number not-asked"},
		{"a person with a company's field", func() directory.Particulars { p := full; p.Activity = w.Must(person.ParseLine("Ticaret")); return p }, "activity not-asked"},
		{"a person with a tax number", func() directory.Particulars { p := full; p.Tax = w.Must(person.ParseVKN("1234567890")); return p }, "tax-number not-asked"},
		{"a form of service of another's invention", func() directory.Particulars { p := full; p.Service = "all"; return p }, "service not-a-choice"},
		{"an operator twice", func() directory.Particulars {
			p := w.Company(1, "X")
			o := directory.Operator{Person: "p-1", Given: full.Given, Family: full.Family}
			p.Operators = []directory.Operator{o, o}
			return p
		}, "operators repeated"},
	} {
		p := c.edit()
		if got := strings.Join(codes(p.Check()), ","); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// S28, REQ-74: what was entered is what is read again, for every kind.
func TestARecordIsReadAsItWasEntered(t *testing.T) {
	world := w.New(t, nil)
	passport := w.Person(3, "Ayşe Gül", "Yılmaz-Ünlü")
	passport.Identity = person.PassportIdentity(w.Must(person.ParseDocumentNumber("10000000146"))) // reads as a citizen's number
	company := w.Company(4, "Öğütçü & Oğulları Gıda San. ve Tic. A.Ş.")
	company.Tax, company.Registry, company.RegistryOffice = w.Must(person.ParseVKN("1234567890")), w.Must(person.ParseRegistryNumber("12/345")), w.Must(person.ParseLine("İzmir"))
	company.Operators = []directory.Operator{{Person: "p-op", Given: passport.Given, Family: passport.Family, Title: w.Must(person.ParseTitle("Genel Müdür"))}}
	world.Consents.Give("p-op", privacy.DirectoryOperator)
	for n, p := range map[int]directory.Particulars{1: w.Person(1, "Işıl", "Öğütçü"), 3: passport, 4: company, 5: w.Body(5, "Ege Üniversitesi")} {
		world.Consents.Give(w.Holder(n), directory.ConsentsOf(person.Natural)...)
		v := world.Enter(t, n, p, true)
		got, read, err := world.Own(t.Context(), w.By(n), w.Account(n))
		if err != nil || got.ID != v.ID {
			t.Fatal(err)
		}
		if !bytes.Equal(read.Certificate.Reveal(), p.Certificate.Reveal()) {
			t.Errorf("%d: another certificate", n)
		}
		read.Certificate, p.Certificate = directory.Certificate{}, directory.Certificate{}
		if reveal(read) != reveal(p) {
			t.Errorf("%d: got %s\nwant %s", n, reveal(read), reveal(p))
		}
	}
}

// reveal writes particulars whole, for comparing in a test.
func reveal(p directory.Particulars) string {
	s := fmt.Sprint(p.Kind, p.Address, p.Given.Reveal(), p.Family.Reveal(), p.Identity.Reveal(), p.Identity.Kind(), p.Service, p.Title.Reveal(), p.Phone.Reveal(), p.FullName.Reveal(), p.MERSIS.Reveal(),
		p.Registry.Reveal(), p.RegistryOffice.Reveal(), p.DETSIS.Reveal(), p.Activity.Reveal(), p.Province, p.Tax.Reveal(), p.Postal.Line.Reveal(), p.Postal.District.Reveal(), p.Postal.Code.Reveal(), p.Postal.Province)
	for _, o := range p.Operators {
		s += fmt.Sprint(o.Person, o.Given.Reveal(), o.Family.Reveal(), o.Title.Reveal())
	}
	return s
}

func ask(t *testing.T, world *w.World, q directory.Question) directory.Answer {
	t.Helper()
	a, err := world.Query(t.Context(), w.Asker(900), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// REQ-75: a person is found by choice alone, and each optional field by its own.
func TestEachFieldIsShownByItsOwnConsent(t *testing.T) {
	world := w.New(t, nil)
	p := w.Person(1, "Işıl", "Öğütçü")
	holder := w.Holder(1)
	world.Consents.Give(holder, directory.ConsentsOf(person.Natural)...)
	world.Enter(t, 1, p, true)
	q := directory.ByAddress(p.Address, directory.ToSend)
	var shown []directory.Field
	look := func() []directory.Field {
		shown = nil
		for _, r := range ask(t, world, q).Results {
			for _, v := range r.Values {
				shown = append(shown, v.Field)
			}
		}
		return shown
	}
	all := []directory.Field{directory.Address, directory.Name, directory.Service, directory.Title, directory.Postal, directory.Signature, directory.Phone}
	if !slices.Equal(look(), all) {
		t.Fatalf("with every consent: %v", shown)
	}
	for _, row := range directory.Fields(person.Natural) {
		if row.Consent == "" {
			continue
		}
		world.Consents.Withdraw(holder, row.Consent)
		if without := slices.DeleteFunc(slices.Clone(all), func(f directory.Field) bool { return f == row.Field }); !slices.Equal(look(), without) {
			t.Errorf("without the consent to %s: %v", row.Field, shown)
		}
		// Settling takes it out of what is kept; giving again does not bring it back.
		if _, err := world.Settle(t.Context(), w.Account(1)); err != nil {
			t.Fatal(err)
		}
		world.Consents.Give(holder, row.Consent)
		if slices.Contains(look(), row.Field) {
			t.Errorf("%s came back by itself", row.Field)
		}
		if _, err := world.Change(t.Context(), w.By(1), w.Account(1), p); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(look(), all) {
			t.Errorf("after %s was put back: %v", row.Field, shown)
		}
	}
	world.Consents.Withdraw(holder, privacy.DirectoryEntry)
	if len(look()) != 0 {
		t.Errorf("found without consent: %v", shown)
	}
}

// REQ-79: no answer holds an identity number, whoever asks by what.
func TestNoAnswerHoldsAnIdentityNumber(t *testing.T) {
	world := w.New(t, nil)
	p := w.Person(1, "Işıl", "Öğütçü")
	world.Consents.Give(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	world.Enter(t, 1, p, true)
	for _, q := range []directory.Question{directory.ByAddress(p.Address, directory.ToSend), directory.ByIdentity(p.Identity, directory.ToVerify),
		directory.ByName(p.Given, p.Family, person.IdentityNumber{}, directory.ToSend), directory.ByName(p.Given, p.Family, p.Identity, directory.ToSend), directory.ByText(w.Must(person.ParseTitle("ışıl öğütçü")), directory.ToSend)} {
		a := ask(t, world, q)
		if a.Outcome != directory.Found || len(a.Results) != 1 {
			t.Fatalf("%v: %s", q, a.Outcome)
		}
		for _, v := range a.Results[0].Values {
			if v.Field == directory.Identity || strings.Contains(v.Text, p.Identity.Reveal()) {
				t.Errorf("%v: %s", q, v.Field)
			}
		}
	}
}

// P-26: an address that is not there, one that is hidden, one whose consent was just
// withdrawn and one that was closed have one answer, and the same work is done.
func TestNothingTellsWhyNobodyWasFound(t *testing.T) {
	counting := &counter{Store: w.NewMemory()}
	world := w.New(t, counting)
	people := map[string]directory.Particulars{}
	for n, name := range []string{"found", "hidden", "withdrawn", "closed"} {
		p := w.Person(n, "Ali", "Veli")
		world.Consents.Give(w.Holder(n), directory.ConsentsOf(person.Natural)...)
		world.Enter(t, n, p, name != "hidden")
		switch name {
		case "withdrawn":
			world.Consents.Withdraw(w.Holder(n), privacy.DirectoryEntry)
		case "closed":
			if _, err := world.Close(t.Context(), w.By(n), w.Account(n)); err != nil {
				t.Fatal(err)
			}
		}
		people[name] = p
	}
	delete(people, "found")
	people["not there"] = w.Person(77, "Kimse", "Yok")
	type told struct {
		answer     string
		calls      string
		consents   int
		status     directory.Status
		checkCalls string
	}
	var first *told
	for name, p := range people {
		for _, q := range []directory.Question{directory.ByAddress(p.Address, directory.ToSend), directory.ByIdentity(p.Identity, directory.ToSend)} {
			counting.calls = nil
			before := world.Consents.Asked()
			a := ask(t, world, q)
			got := told{answer: fmt.Sprint(a.Outcome, a.Text, len(a.Results)), consents: world.Consents.Asked() - before}
			got.calls = strings.ReplaceAll(strings.Join(counting.calls, " "), "ByToken", "ByAddress")
			counting.calls = nil
			list, err := world.Check(t.Context(), w.Asker(900), directory.ToSend, []rem.Address{p.Address})
			if err != nil {
				t.Fatal(err)
			}
			got.status, got.checkCalls = list[0], strings.Join(counting.calls, " ")
			if first == nil {
				first = &got
			}
			if got != *first {
				t.Errorf("%s, %v: got %+v, others %+v", name, q, got, *first)
			}
		}
	}
	if !strings.HasPrefix(first.answer, "none") {
		t.Errorf("the answer is %q", first.answer)
	}
	if first.status != directory.NotListed || first.consents != 1 {
		t.Errorf("%+v", first)
	}
	if a := ask(t, world, directory.ByAddress(w.Person(0, "A", "B").Address, directory.ToSend)); a.Outcome != directory.Found {
		t.Error("the test finds nobody at all")
	}
}

// P-26: a fault of the ledger of consents tells nobody who is there.
func TestAFaultOfConsentsTellsNothing(t *testing.T) {
	world := w.New(t, nil)
	p := w.Person(1, "Ali", "Veli")
	world.Consents.Give(w.Holder(1), privacy.DirectoryEntry)
	world.Enter(t, 1, p, true)
	world.Consents.Fail(errors.New("the chain is uncertain"))
	var texts []string
	for _, a := range []rem.Address{p.Address, w.Person(2, "A", "B").Address} {
		_, err := world.Query(t.Context(), w.Asker(900), directory.ByAddress(a, directory.ToSend))
		_, checking := world.Check(t.Context(), w.Asker(900), directory.ToSend, []rem.Address{a})
		texts = append(texts, fmt.Sprint(err, checking))
	}
	if texts[0] != texts[1] || !strings.Contains(texts[0], "uncertain") {
		t.Errorf("%q", texts)
	}
	// Settling takes nobody out for a fault.
	if _, err := world.Settle(t.Context(), w.Account(1)); err == nil {
		t.Error("settled")
	}
	world.Consents.Fail(nil)
	if a := ask(t, world, directory.ByAddress(p.Address, directory.ToSend)); a.Outcome != directory.Found {
		t.Error("gone for good")
	}
}

// A counter is a store that says what it was asked.
type counter struct {
	directory.Store
	calls []string
}

// P-26, AT-27: names are found whole, by Turkish rules, and never by a part, a
// pattern or a list.
func TestHarvestingByNameFindsNobody(t *testing.T) {
	world := w.New(t, nil)
	names := [][2]string{{"Işıl", "Öğütçü"}, {"Ali", "Yılmaz"}, {"Ali", "Yılmaz"}, {"Ayşe", "Yılmaz"}}
	for n, name := range names {
		world.Consents.Give(w.Holder(n), directory.ConsentsOf(person.Natural)...)
		world.Enter(t, n, w.Person(n, name[0], name[1]), true)
	}
	for n, title := range []string{"Yılmaz Nakliyat Ltd. Şti.", "Öğütçü Gıda A.Ş.", "Öğütçü İnşaat A.Ş."} {
		world.Enter(t, 100+n, w.Company(100+n, title), false)
	}
	natural := func(given, family string, n person.IdentityNumber) directory.Question {
		return directory.ByName(w.Must(person.ParseName(given)), w.Must(person.ParseName(family)), n, directory.ToSend)
	}
	title := func(s string) directory.Question {
		return directory.ByTitle(w.Must(person.ParseTitle(s)), directory.ToSend)
	}
	anything := func(s string) directory.Question {
		return directory.ByText(w.Must(person.ParseTitle(s)), directory.ToSend)
	}
	for _, c := range []struct {
		name string
		q    directory.Question
		want directory.Outcome
		n    int
	}{
		{"a whole name", natural("ISIL", "OGUTCU", person.IdentityNumber{}), directory.Found, 1},
		{"a family name alone", natural("Yılmaz", "Yılmaz", person.IdentityNumber{}), directory.None, 0},
		{"the beginning of a name", natural("Iş", "Öğütçü", person.IdentityNumber{}), directory.None, 0},
		{"a name of two", natural("Ali", "Yılmaz", person.IdentityNumber{}), directory.Ambiguous, 0},
		{"a name of two, with a number", natural("Ali", "Yılmaz", w.Citizen(2)), directory.Found, 1},
		{"a name with another's number", natural("Ali", "Yılmaz", w.Citizen(3)), directory.None, 0},
		{"a title", title("öğütçü gıda anonim şirketi"), directory.Found, 1},
		{"a word of two titles", title("Öğütçü"), directory.Found, 2},
		{"two words in another order", title("Gıda Öğütçü"), directory.Found, 1},
		{"the beginning of a word", title("Öğüt"), directory.None, 0},
		{"a person's name as a title", title("Ali Yılmaz"), directory.None, 0},
		{"as an address book asks", anything("Işıl Öğütçü"), directory.Found, 1},
		{"of two people, as an address book asks", anything("Ali Yılmaz"), directory.Ambiguous, 0},
		{"of a company, as an address book asks", anything("nakliyat"), directory.Found, 1},
	} {
		a := ask(t, world, c.q)
		if a.Outcome != c.want || len(a.Results) != c.n {
			t.Errorf("%s: %s with %d, want %s with %d", c.name, a.Outcome, len(a.Results), c.want, c.n)
		}
	}
	for _, short := range []string{"öğ", "a.b", "1"} {
		if _, err := world.Query(t.Context(), w.Asker(900), title(short)); !refused(err) {
			t.Errorf("%q: %v", short, err)
		}
	}
	for _, pattern := range []string{"*", "%", "_", "?", "Öğüt*", "Öğüt%"} {
		q, problems := directory.Read(directory.KeyTitle, directory.ToSend, map[string]string{directory.InTitle: pattern})
		if len(problems) == 0 {
			t.Errorf("%q was taken: %v", pattern, q)
		}
	}
}

func refused(err error) bool {
	_, ok := errors.AsType[*rem.Refusal](err)
	return ok
}

// P-26: too many are none.
func TestTooManyAreNone(t *testing.T) {
	store := w.NewMemory()
	store.Crowd = 15
	world := w.New(t, store, func(c *directory.Config) { c.Limits.Results = 10 })
	for n := range 20 {
		world.Enter(t, n, w.Company(n, fmt.Sprintf("Yıldız %d Limited Şirketi", n)), false)
	}
	for title, want := range map[string]directory.Outcome{"Limited Şirketi": directory.TooMany, "Yıldız": directory.TooMany, "Yıldız 7": directory.Found, "Yıldız 77": directory.None} {
		a := ask(t, world, directory.ByTitle(w.Must(person.ParseTitle(title)), directory.ToSend))
		if a.Outcome != want || len(a.Results) > 0 != (want == directory.Found) {
			t.Errorf("%s: %s with %d", title, a.Outcome, len(a.Results))
		}
	}
}

// P-26: quotas count by account, over restarts and doors, and batches by their
// addresses.
func TestAskersHaveQuotas(t *testing.T) {
	world := w.New(t, nil, func(c *directory.Config) {
		c.Limits = directory.Limits{PerDay: 12, Burst: 5, Window: time.Minute, Batch: 4}
	})
	q := directory.ByAddress(w.Person(1, "A", "B").Address, directory.ToSend)
	query := func(n int) error { _, err := world.Query(t.Context(), w.Asker(n), q); return err }
	batch := func(n, size int) error {
		_, err := world.Check(t.Context(), w.Asker(n), directory.ToSend, slices.Repeat([]rem.Address{w.Person(1, "A", "B").Address}, size))
		return err
	}
	expect := func(what string, err error, ok bool) {
		t.Helper()
		if (err == nil) != ok || err != nil && (!errors.Is(err, directory.ErrQuota) || !refused(err)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 5 {
		expect("within the burst", query(1), true)
	}
	expect("beyond the burst", query(1), false)
	expect("another asker", query(2), true)
	world.Clock.Advance(time.Minute)
	expect("a batch", batch(1, 4), true)
	expect("a second one, beyond the burst", batch(1, 4), false)
	if err := batch(1, 5); err == nil || errors.Is(err, directory.ErrQuota) || !refused(err) {
		t.Errorf("a batch that is too large: %v", err)
	}
	world.Clock.Advance(time.Minute)
	world.Again(t) // a restart forgets the burst and not the day
	for range 3 {
		expect("the rest of the day", query(1), true)
	}
	expect("beyond the day", query(1), false)
	other := w.Asker(1)
	other.Door, other.Actor.Person = directory.ByLDAP, "p-colleague"
	_, err := world.Query(t.Context(), other, q)
	expect("by another door and person of the account", err, false)
	world.Clock.Advance(24 * time.Hour)
	expect("the next day", query(1), true)
	if _, err := world.Query(t.Context(), directory.Asker{Door: directory.ByWeb}, q); !refused(err) {
		t.Errorf("nobody asked: %v", err)
	}
	if _, err := world.Query(t.Context(), w.Asker(3), directory.ByAddress(q.Address(), "")); !refused(err) {
		t.Errorf("for no use: %v", err)
	}
}

// P-26, S44: who was found reads who asked: organisations by name, people by a
// pseudonym. The chain shows what was changed in it.
func TestWhoIsFoundReadsWhoAsked(t *testing.T) {
	store := w.NewMemory()
	world := w.New(t, store)
	p := w.Person(1, "Işıl", "Öğütçü")
	world.Consents.Give(w.Holder(1), privacy.DirectoryEntry)
	world.Enter(t, 1, p, true)
	world.Enter(t, 2, w.Company(2, "Merak A.Ş."), false)
	clerk := w.Asker(2)
	clerk.Actor.Person, clerk.Door = "p-clerk", directory.ByLDAP
	q := directory.ByAddress(p.Address, directory.ToSend)
	for _, who := range []directory.Asker{w.Asker(3), clerk, w.Asker(1)} {
		if _, err := world.Query(t.Context(), who, q); err != nil {
			t.Fatal(err)
		}
		world.Clock.Advance(time.Second)
	}
	if _, err := world.Check(t.Context(), w.Asker(3), directory.ToVerify, []rem.Address{p.Address, w.Person(9, "A", "B").Address}); err != nil {
		t.Fatal(err)
	}
	ask(t, world, directory.ByAddress(w.Person(9, "A", "B").Address, directory.ToSend)) // finds nobody
	looks, err := world.LookedUp(t.Context(), w.Account(1), 0, 10)
	if err != nil || len(looks) != 4 {
		t.Fatalf("%d looks, %v", len(looks), err)
	}
	if l := looks[0]; l.Key.Turkish != "adres listesiyle" || l.Use.Turkish != "adresi doğrulamak için" || l.Organisation.Text != "" || l.Self {
		t.Errorf("the batch reads %+v", l)
	}
	if !looks[1].Self || looks[2].Self {
		t.Error("who asked about himself is not known")
	}
	if l := looks[2]; l.Organisation.Text != "Merak A.Ş." || l.Pseudonym == "" || strings.Contains(l.Pseudonym, "clerk") || l.Door.Turkish != "adres defteri (LDAP)" {
		t.Errorf("the company's clerk reads %+v", l)
	}
	if looks[0].Pseudonym != looks[3].Pseudonym || looks[3].Pseudonym == looks[2].Pseudonym {
		t.Error("one person has two pseudonyms, or two have one")
	}
	if of2, err := world.LookedUp(t.Context(), w.Account(2), 0, 10); err != nil || len(of2) != 0 {
		t.Errorf("of somebody whom nobody found: %v, %v", of2, err)
	}
	head, err := world.VerifyLookups(t.Context())
	if err != nil || head.Number != 5 {
		t.Fatal(head, err)
	}
	for name, edit := range map[string]func([][]byte) [][]byte{
		"an entry is gone":    func(e [][]byte) [][]byte { return slices.Delete(e, 1, 2) },
		"an entry is another": func(e [][]byte) [][]byte { e[1] = bytes.Replace(e[1], []byte("ldap"), []byte("rest"), 1); return e },
		"two have changed":    func(e [][]byte) [][]byte { e[1], e[2] = e[2], e[1]; return e },
	} {
		var entries [][]byte
		if err := store.LookupChain(t.Context(), func(b []byte) error { entries = append(entries, bytes.Clone(b)); return nil }); err != nil {
			t.Fatal(err)
		}
		edited := w.New(t, &fixed{Store: store, entries: edit(entries)})
		if _, err := edited.VerifyLookups(t.Context()); !errors.Is(err, directory.ErrChain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// S08, P-03: nothing that this package gives shows a value by itself.
func TestNothingPrintsAValue(t *testing.T) {
	world := w.New(t, nil)
	p := w.Person(1, "Kanarya", "Öğütçükanarya")
	c := w.Company(2, "Kanarya Gıda A.Ş.")
	c.Operators = []directory.Operator{{Person: w.Holder(1), Given: p.Given, Family: p.Family}}
	world.Consents.Give(w.Holder(1), append(directory.ConsentsOf(person.Natural), privacy.DirectoryOperator)...)
	v := world.Enter(t, 1, p, true)
	world.Enter(t, 2, c, false)
	var record directory.Record
	world.Central.Took = func(r directory.Record) { record = r }
	if _, err := world.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := world.Store.ListingOf(t.Context(), w.Account(2))
	if err != nil {
		t.Fatal(err)
	}
	q := directory.ByName(p.Given, p.Family, p.Identity, directory.ToSend)
	a := ask(t, world, q)
	for name, x := range map[string]any{"particulars": p, "company": c, "version": v, "listing": l, "answer": a, "result": a.Results[0], "value": a.Results[0].Values[1], "question": q, "record": record, "place": p.Postal, "operator": c.Operators} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", x)
		text := fmt.Sprintf("%v %+v %#v %s %q %x %d", x, x, x, x, x, x, x) + log.String()
		if b, err := json.Marshal(x); err == nil {
			text += string(b)
		}
		for _, canary := range []string{"anarya", "Deneme", p.Identity.Reveal(), p.Phone.Reveal(), fmt.Sprintf("%x", "Kanarya"), fmt.Sprintf("%x", "Öğütçü")} {
			if strings.Contains(text, canary) {
				t.Errorf("%s shows %q", name, canary)
			}
		}
	}
}
