package application_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/privacy/inventory"
)

var check = application.Check{Forms: personledgertest.Forms, Now: personledgertest.At}

// S03, REQ-8, P-01: what is asked of each kind is this list and nothing else;
// "?" marks what is optional, "|" one of which one is needed.
func TestTheFormAsksTheLegalListAndWhatIsMarkedOptional(t *testing.T) {
	contact := "mobile mail-address kep-address service?"
	representative := " representative-identity-number representative-given-names representative-family-name representative-birth-date representative-capacity "
	seat := " title short-name? activity seat-province seat-address seat-district seat-postal-code "
	natural := "identity-number| passport-number| given-names family-name birth-date profession? "
	home := "address? district? province? postal-code? "
	for _, c := range []struct {
		kind        person.Kind
		represented bool
		want        string
	}{
		{person.Natural, false, natural + home + contact},
		{person.Natural, true, natural + representative + home + contact},
		{person.Private, false, representative + "mersis| registry-number| registry-office? tax-number?" + seat + contact},
		{person.Public, false, representative + "detsis" + seat + contact},
	} {
		var got []string
		for _, f := range application.Fields(c.kind, c.represented) {
			name := f.Name
			switch f.Need {
			case application.Optional:
				name += "?"
			case application.OneOf:
				name += "|"
			}
			got = append(got, name)
		}
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%s, represented %t (-want +got):\n%s", c.kind, c.represented, diff)
		}
	}
}

// S27, P-01, P-03: every field has its texts, its source and its purposes, and
// is a sealed holding of the inventory whose data may be used for them.
func TestEveryFieldIsInTheInventoryWithItsPurposes(t *testing.T) {
	register := inventory.Today()
	sealed := map[privacy.FieldID]bool{}
	for _, k := range person.Kinds() {
		for _, f := range application.Fields(k, k == person.Natural) {
			if f.Label.Turkish == "" || f.Label.English == "" || f.Source == "" || len(f.Purposes) == 0 {
				t.Errorf("%s has no label, source or purpose", f.Name)
			}
			sealed[f.Sealed()] = true
			i := slices.IndexFunc(register.Holdings, func(h privacy.Holding) bool { return h.Name == string(f.Sealed()) })
			if i < 0 || register.Holdings[i].Form != privacy.Sealed || !slices.Contains(register.Holdings[i].Data, f.Data) {
				t.Errorf("%s: %s is no sealed holding of %s", f.Name, f.Sealed(), f.Data)
			}
			for _, p := range f.Purposes {
				if !register.Allows(f.Data, p) {
					t.Errorf("%s: %s may not be used for %s", f.Name, f.Data, p)
				}
			}
		}
	}
	of := reflect.TypeFor[application.Answers]()
	for i := range of.NumField() {
		if name := "application.Answers." + of.Field(i).Name; !sealed[privacy.FieldID(name)] {
			t.Errorf("%s is kept, and no field asks it", name)
		}
	}
}

func read(t testing.TB, k person.Kind, represented bool, change func(application.Input)) (*application.Form, person.Problems) {
	t.Helper()
	in := personledgertest.Input(1, k, represented)
	change(in)
	return check.Read(k, represented, in)
}

func TestProblemsStandBesideTheirFields(t *testing.T) {
	set := func(name, value string) func(application.Input) {
		return func(in application.Input) { in[name] = value }
	}
	both := func(changes ...func(application.Input)) func(application.Input) {
		return func(in application.Input) {
			for _, c := range changes {
				c(in)
			}
		}
	}
	for _, c := range []struct {
		name        string
		kind        person.Kind
		represented bool
		change      func(application.Input)
		want        string
	}{
		{"good", person.Natural, false, func(application.Input) {}, "[]"},
		{"good, represented", person.Natural, true, func(application.Input) {}, "[]"},
		{"good, company", person.Private, false, func(application.Input) {}, "[]"},
		{"good, public body", person.Public, false, func(application.Input) {}, "[]"},
		{"nothing", person.Natural, false, func(in application.Input) { clear(in) },
			"[identity-number:missing given-names:missing family-name:missing birth-date:missing mobile:missing mail-address:missing kep-address:missing]"},
		{"a wrong digit", person.Natural, false, set("identity-number", "10000000147"), "[identity-number:wrong-check-digit]"},
		{"a passport instead", person.Natural, false, both(set("identity-number", ""), set("passport-number", "U1234567")), "[]"},
		{"both", person.Natural, false, set("passport-number", "U1234567"), "[passport-number:not-asked]"},
		{"a minor alone", person.Natural, false, set("birth-date", "24.11.2008"), "[birth-date:not-of-age]"},
		{"of age today", person.Natural, false, set("birth-date", "23.11.2008"), "[]"},
		{"a minor for a minor", person.Natural, true, set("representative-birth-date", "24.11.2008"), "[representative-birth-date:not-of-age]"},
		{"himself for himself", person.Natural, true, set("representative-identity-number", "10000000146"), "[representative-identity-number:same-person]"},
		{"no registry number", person.Private, false, set("mersis", ""), "[mersis:one-of-two-needed]"},
		{"a trade registry number without its office", person.Private, false, both(set("mersis", ""), set("registry-number", "123456-0")), "[registry-office:missing]"},
		{"with its office", person.Private, false, both(set("mersis", ""), set("registry-number", "123456-0"), set("registry-office", "İstanbul")), "[]"},
		{"another's address", person.Natural, false, set("kep-address", "bora.agaoglu@hs90.kep.test"), "[kep-address:address-not-of-applicant]"},
		{"another provider's", person.Natural, false, set("kep-address", "isil.ogutcu@hs91.kep.test"), "[kep-address:address-of-another-provider]"},
		{"a land line", person.Natural, false, set("mobile", "0212 123 45 67"), "[mobile:not-a-mobile-phone]"},
		{"a service of no list", person.Natural, false, set("service", "both"), "[service:not-a-choice]"},
		{"no service", person.Natural, false, set("service", ""), "[]"},
		{"what is not asked", person.Natural, false, both(set("religion", "x"), set("mersis", "0123456789000016")), "[mersis:not-asked religion:not-asked]"},
		{"too long", person.Natural, false, set("profession", strings.Repeat("a", 2001)), "[profession:too-long]"},
		{"a second line", person.Natural, false, set("address", "a\nkep-address: x"), "[address:wrong-characters]"},
		{"a represented company", person.Private, true, func(application.Input) {}, "[kind:not-a-choice]"},
		{"nobody's kind", "firm", false, func(application.Input) {}, "[kind:not-a-choice]"},
	} {
		form, problems := read(t, c.kind, c.represented, c.change)
		got := make([]string, len(problems))
		for i, p := range problems {
			got[i] = fmt.Sprintf("%s:%s", p.Field, p.Code)
			if p.Text().Turkish == "" {
				t.Errorf("%s: %s has no text", c.name, p.Code)
			}
		}
		if fmt.Sprint(got) != c.want || (form == nil) != (len(problems) > 0) {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}

func TestAFormSaysWhoHasToShowHimself(t *testing.T) {
	for _, c := range []struct {
		kind        person.Kind
		represented bool
		number      string
	}{{person.Natural, false, "10000000146"}, {person.Natural, true, "12345678950"}, {person.Private, false, "12345678950"}, {person.Public, false, "12345678950"}} {
		f, problems := read(t, c.kind, c.represented, func(application.Input) {})
		if problems != nil {
			t.Fatal(problems)
		}
		s := f.Shower()
		if s.Identity.Reveal() != c.number || s.Given.IsZero() || s.Family.IsZero() || !s.Born.Adult(personledgertest.At) {
			t.Errorf("%s, represented %t: shows %s", c.kind, c.represented, s.Identity)
		}
		if got, want := f.Case(), (identity.Case{Kind: c.kind, Identity: person.Citizen, Represented: c.represented, Province: "34"}); got != want {
			t.Errorf("case %+v, want %+v", got, want)
		}
	}
	f, _ := read(t, person.Natural, false, func(in application.Input) { delete(in, "address") })
	if f.Case().Province != "" {
		t.Error("somebody would call at a province")
	}
}

// P-03, AT-34.
func TestAFormDoesNotShowItself(t *testing.T) {
	f, problems := read(t, person.Natural, true, func(application.Input) {})
	if problems != nil {
		t.Fatal(problems)
	}
	var b bytes.Buffer
	type holder struct{ f *application.Form }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		fmt.Fprintf(&b, verb+verb+verb, f, holder{f}, []any{f, *f})
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "f", f)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "f", holder{f})
	if j, err := json.Marshal(f); err == nil {
		b.Write(j)
	}
	for _, canary := range []string{"10000000146", "Öğütçü", "Işıl", "12345678950", "905321234567", "basvuru@", "Büyükdere"} {
		if strings.Contains(b.String(), canary) {
			t.Errorf("%s is shown: %s", canary, b.String())
		}
	}
}

// P-02, P-03: every answer is sealed under its own name, as declared, and opens
// for whoever has the purpose.
func TestAnswersAreSealedOneByOneAndOpenTogether(t *testing.T) {
	k := personledgertest.NewKit(t)
	for _, kind := range person.Kinds() {
		h, err := k.Handing(t.Context(), 1, kind, false)
		if err != nil {
			t.Fatal(err)
		}
		names, items := h.Answers.Items(kind, false, h.Holder)
		access := privacy.Access{Actor: personledgertest.Officer.Actor, Role: privacy.AsOfficer, Purpose: privacy.AccountOpening, Case: privacy.CaseID(personledgertest.ID(1))}
		values, err := k.Vault.OpenAll(t.Context(), access, items)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if v.Text() != h.Form.Value(names[i]) || v.Provenance().Origin() != privacy.Declared {
				t.Errorf("%s comes back otherwise", names[i])
			}
		}
		if len(names) < 9 {
			t.Errorf("%s: only %d answers", kind, len(names))
		}
		access.Purpose = privacy.Advertisement
		if _, err := k.Vault.OpenAll(t.Context(), access, items); err == nil {
			t.Error("opened for a purpose that is not declared")
		}
	}
}

// REQ-24, S21, P-02: what was shown names its record; the rest stays declared.
func TestOnlyWhatWasShownIsSealedAsVerified(t *testing.T) {
	k := personledgertest.NewKit(t)
	for kind, want := range map[person.Kind]string{
		person.Natural: "identity-number given-names family-name",
		person.Private: "representative-identity-number representative-given-names representative-family-name mersis title",
		person.Public:  "representative-identity-number representative-given-names representative-family-name",
	} {
		l := personledgertest.NewMemory()
		v := k.Walk(t, l, 1, kind, "identify")
		h, err := k.Handing(t.Context(), 1, kind, false)
		if err != nil {
			t.Fatal(err)
		}
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			t.Fatal(err)
		}
		answers, err := h.Form.SealVerified(t.Context(), k.Vault, h.Holder, h.Answers, done)
		if err != nil {
			t.Fatal(err)
		}
		var verified []string
		names, items := answers.Items(kind, false, h.Holder)
		for i, item := range items {
			if p := item.Sealed.Provenance(); p.Origin() == privacy.Verified {
				verified = append(verified, names[i])
				if p.Evidence() != string(v.Newest().ID) || p.Method() != string(identity.Office) {
					t.Errorf("%s is verified by %s of %s", names[i], p.Method(), p.Evidence())
				}
			}
		}
		if got := strings.Join(verified, " "); got != want {
			t.Errorf("%s: verified %s, want %s", kind, got, want)
		}
		if _, err := h.Form.SealVerified(t.Context(), k.Vault, h.Holder, h.Answers, identity.Completed{}); err == nil {
			t.Error("verified by nobody's record")
		}
	}
}

func header() application.Header {
	h := application.Header{Application: personledgertest.ID(1), Provider: personledgertest.Forms.Provider, Made: personledgertest.At, Notice: personledgertest.Notice.Digest}
	for _, a := range application.Agreements() {
		h.Agreements = append(h.Agreements, application.Agreement{Kind: a, Version: 3, Digest: personledgertest.Notice.Digest})
	}
	return h
}

func TestAWrittenFormReadsAsItWas(t *testing.T) {
	for _, kind := range person.Kinds() {
		f, problems := read(t, kind, false, func(application.Input) {})
		if problems != nil {
			t.Fatal(problems)
		}
		b := f.Write(header())
		back, h, err := application.ParseForm(b, personledgertest.Forms)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if diff := cmp.Diff(header(), h); diff != "" {
			t.Errorf("the head (-want +got):\n%s", diff)
		}
		for _, field := range application.Fields(kind, false) {
			if back.Value(field.Name) != f.Value(field.Name) {
				t.Errorf("%s comes back otherwise", field.Name)
			}
		}
		for _, bad := range []string{"", "x" + string(b), string(b) + "\n", strings.Replace(string(b), "\n\n", "\n", 1), strings.Replace(string(b), ": ", ":  ", 3),
			strings.ReplaceAll(string(b), "\n", "\r\n"), strings.Replace(string(b), "FORM 1", "FORM 2", 1), string(b) + "service: receive-only\n", string(b) + "religion: x\n"} {
			if _, _, err := application.ParseForm([]byte(bad), personledgertest.Forms); err == nil {
				t.Errorf("read:\n%s", bad)
			}
		}
	}
}

// What was signed once is read for ever: samples of the first version, never
// made again.
func TestFrozenFormsAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/v1/*.form")
	if err != nil || len(files) != 4 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, h, err := application.ParseForm(b, personledgertest.Forms)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !bytes.Equal(f.Write(h), b) {
			t.Errorf("%s is written otherwise today", file)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	for _, kind := range person.Kinds() {
		form, problems := check.Read(kind, false, personledgertest.Input(1, kind, false))
		if problems != nil {
			f.Fatal(problems)
		}
		f.Add(form.Write(header()))
	}
	f.Add([]byte("KEP-APPLICATION-FORM 1\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		form, h, err := application.ParseForm(b, personledgertest.Forms)
		if err != nil {
			return
		}
		if again := form.Write(h); !bytes.Equal(again, b) {
			t.Fatalf("%q writes %q", b, again)
		}
	})
}
