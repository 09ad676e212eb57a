package notice_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/noticetest"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/inventory"
	"rem/privacy/notice"
)

var update = flag.Bool("update", false, "rewrite golden files")

func filled(t testing.TB) []byte { t.Helper(); return noticetest.Filled(t) }

func parse(t testing.TB, b []byte) *notice.Notice {
	t.Helper()
	n, err := notice.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// edited parses the filled sample again and lets edit change it.
func edited(t testing.TB, edit func(n *notice.Notice)) *notice.Notice {
	t.Helper()
	n := parse(t, filled(t))
	edit(n)
	return n
}

func bytesOf(t testing.TB, n *notice.Notice) []byte {
	t.Helper()
	b, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func told(faults []*notice.Fault) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(f.Error() + "\n")
	}
	return b.String()
}

// S05, S49, P-04: the notice that comes with the program is complete, agrees with
// the inventory in both directions, and is not published before it was filled.
func TestSampleIsCompleteAndAgreesWithTheInventory(t *testing.T) {
	n := parse(t, filled(t))
	if faults := notice.Lint(n); len(faults) > 0 {
		t.Errorf("incomplete:\n%s", told(faults))
	}
	if faults := notice.Compare(n, inventory.Today()); len(faults) > 0 {
		t.Errorf("sample.txt and the inventory differ:\n%s", told(faults))
	}
	if !n.Sample {
		t.Error("it is not marked as a sample")
	}
	if b := bytesOf(t, n); !bytes.Equal(b, filled(t)) {
		t.Error("writing it again gives other bytes")
	}
	empty := parse(t, notice.Sample())
	faults := told(notice.Lint(empty))
	for name := range noticetest.Values() {
		if !strings.Contains(faults, "{"+name+"}") {
			t.Errorf("the place {%s} is empty, and nobody minds", name)
		}
	}
}

func TestEveryPlaceIsFilledAndNothingElse(t *testing.T) {
	for name, edit := range map[string]func(v map[string]string){
		"one is missing":         func(v map[string]string) { delete(v, "contact.kep") },
		"one is empty":           func(v map[string]string) { v["contact.kep"] = "" },
		"one is not in it":       func(v map[string]string) { v["contact.fax"] = "1" },
		"a place in a value":     func(v map[string]string) { v["contact.kep"] = "{contact.kep}" },
		"a field in a value":     func(v map[string]string) { v["contact.kep"] = "a\nsample: no" },
		"a value with a space":   func(v map[string]string) { v["contact.kep"] = " a" },
		"a letter with its tail": func(v map[string]string) { v["contact.mail"] = "s\u0327" },
	} {
		v := noticetest.Values()
		edit(v)
		if b, err := notice.Fill(notice.Sample(), v); err == nil {
			t.Errorf("%s: filled with %d octets", name, len(b))
		}
	}
}

func without(s *notice.Section, name string) {
	s.Facts = slices.DeleteFunc(s.Facts, func(f notice.Fact) bool { return f.Name == name })
}

func set(list []notice.Fact, name, value string) {
	for i := range list {
		if list[i].Name == name {
			list[i].Value = value
		}
	}
}

// P-04, KVKK 10: each element that is taken away is missed, with what asks for
// it.
func TestNoticeWithoutAnElementIsRefused(t *testing.T) {
	type c struct {
		name, needs string
		edit        func(n *notice.Notice)
	}
	var cases []c
	for _, w := range notice.Sections() {
		if w.Term != "" {
			cases = append(cases, c{"section " + string(w.ID), w.Term, func(n *notice.Notice) {
				n.Sections = slices.DeleteFunc(n.Sections, func(s notice.Section) bool { return s.ID == w.ID })
			}})
		}
	}
	for _, w := range notice.Rights() {
		cases = append(cases, c{"right " + w.ID, "KVKK 11/1-" + w.Term, func(n *notice.Notice) {
			s := n.Section(notice.RightsSection)
			s.Items = slices.DeleteFunc(s.Items, func(it notice.Item) bool { return it.ID == w.ID })
		}})
	}
	fact := func(s notice.SectionID, name, needs string) {
		cases = append(cases, c{string(s) + " " + name, needs, func(n *notice.Notice) { without(n.Section(s), name) }})
	}
	fact(notice.ControllerSection, "name-tr", "KVKK 10/1-a")
	fact(notice.ControllerSection, "name-en", "KVKK 10/1-a")
	fact(notice.ControllerSection, "address", "KVKK 10/1-a")
	fact(notice.ControllerSection, "representative", "KVKK 10/1-a")
	fact(notice.ContactSection, "address", "S49")
	fact(notice.ContactSection, "kep", "S49")
	fact(notice.CollectionSection, "means", "KVKK 10/1-ç")
	fact(notice.TransferSection, "abroad", "S39")
	for _, s := range []notice.SectionID{notice.PurposeSection, notice.RecipientSection, notice.RetentionSection, notice.CategorySection, notice.CollectionSection} {
		cases = append(cases, c{"items of " + string(s), "", func(n *notice.Notice) { n.Section(s).Items = nil }})
	}
	cases = append(cases,
		c{"ground of a purpose", "KVKK 10/1-ç", func(n *notice.Notice) { n.Section(notice.PurposeSection).Items[0].Facts = nil }},
		c{"purpose of a transfer", "KVKK 10/1-c", func(n *notice.Notice) { n.Section(notice.RecipientSection).Items[0].Facts = nil }},
		c{"clock of a rule", "S43", func(n *notice.Notice) { n.Section(notice.RetentionSection).Items[0].Facts = nil }},
		c{"contact facts", "S49", func(n *notice.Notice) { n.Section(notice.ContactSection).Facts = nil }},
		c{"mail and telephone", "S49", func(n *notice.Notice) {
			without(n.Section(notice.ContactSection), "mail")
			without(n.Section(notice.ContactSection), "phone")
		}},
		c{"registered address that is none", "S49", func(n *notice.Notice) { set(n.Section(notice.ContactSection).Facts, "kep", "bizim adres") }},
		c{"words of a section", "P-04", func(n *notice.Notice) { n.Section(notice.LawSection).Text = nil }},
		c{"words of an item", "P-04", func(n *notice.Notice) { n.Section(notice.PurposeSection).Items[0].Text = nil }},
		c{"order", "P-04", func(n *notice.Notice) { n.Sections[0], n.Sections[1] = n.Sections[1], n.Sections[0] }},
		c{"section that nobody knows", "P-04", func(n *notice.Notice) { n.Sections[0].ID = "greetings" }},
		c{"right that is none", "KVKK 11", func(n *notice.Notice) { n.Section(notice.RightsSection).Items[0].ID = "coffee" }},
		c{"lone brace", "P-04", func(n *notice.Notice) { n.Sections[0].Text[0].Turkish += " }" }},
	)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			faults := notice.Lint(edited(t, c.edit))
			if !slices.ContainsFunc(faults, func(f *notice.Fault) bool { return c.needs == "" || f.Needs == c.needs }) {
				t.Errorf("wanted a fault of %q, got\n%s", c.needs, told(faults))
			}
		})
	}
}

// S49: a notice that sends its readers to "the addresses below" and has none is
// refused, and so is what else it lacks.
func TestNoticeWithAnEmptyContactBlockIsRefused(t *testing.T) {
	b, err := os.ReadFile("testdata/empty-contact.txt")
	if err != nil {
		t.Fatal(err)
	}
	faults := told(notice.Lint(parse(t, b)))
	for _, want := range []string{
		"section contact: the contact block is empty (S49)",
		"section collection: it is missing (KVKK 10/1-ç)",
		"section recipients: it is missing (KVKK 10/1-c)",
		"section controller: who represents the controller is not said",
		"section purposes: the purpose advertising has no legal ground (KVKK 10/1-ç)",
		"section rights: the right damages is missing (KVKK 11/1-ğ)",
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("nobody says %q", want)
		}
	}
	compared := told(notice.Compare(parse(t, b), inventory.Today()))
	if !strings.Contains(compared, `states the purpose in use "advertising"`) {
		t.Errorf("a purpose that is off is stated, and nobody minds:\n%s", compared)
	}
}

// S05, S27, P-04: a difference between notice and inventory names both, in both
// directions.
func TestNoticeAndInventoryAreHeldAgainstEachOther(t *testing.T) {
	type both struct {
		n *notice.Notice
		r *privacy.Register
	}
	item := func(s *notice.Section, id string) *notice.Item { return s.Item(id) }
	for _, c := range []struct {
		name, want string
		edit       func(b both)
	}{
		{"a purpose that the notice keeps back", `the inventory has the purpose in use "security", and the notice does not state it`, func(b both) {
			s := b.n.Section(notice.PurposeSection)
			s.Items = slices.DeleteFunc(s.Items, func(it notice.Item) bool { return it.ID == "security" })
		}},
		{"a purpose that is off", `the notice states the purpose in use "statistics"`, func(b both) {
			b.n.Section(notice.PurposeSection).Items[0].ID = "statistics"
		}},
		{"a purpose that somebody switched on", `the inventory has the purpose in use "advertising", and the notice does not state it`, func(b both) {
			b.r.Purpose(privacy.Advertisement).Off = rem.Text{}
		}},
		{"and that rests on consent", `the inventory has the purpose that rests on consent "advertising", and the notice does not state it`, func(b both) {
			b.r.Purpose(privacy.Advertisement).Off = rem.Text{}
		}},
		{"that nothing rests on consent", `asked: the notice states "none", the inventory has "directory,`, func(b both) {
			set(b.n.Section(notice.ConsentSection).Facts, "asked", "none")
		}},
		{"another ground", `grounds of "account-operation": the notice states "5/1", the inventory "5/2-a 5/2-c"`, func(b both) {
			set(item(b.n.Section(notice.PurposeSection), "account-operation").Facts, "grounds", "5/1")
		}},
		{"a recipient that the notice keeps back", `the inventory has the recipient "tsa", and the notice does not state it`, func(b both) {
			s := b.n.Section(notice.RecipientSection)
			s.Items = slices.DeleteFunc(s.Items, func(it notice.Item) bool { return it.ID == "tsa" })
		}},
		{"a purpose of a transfer that nobody has", `the notice states that "scanner" is given data for "advertising"`, func(b both) {
			set(item(b.n.Section(notice.RecipientSection), "scanner").Facts, "purposes", "advertising")
		}},
		{"a shorter period than the rule's", `at-most of "log": the notice states "P1M", the inventory "P6M"`, func(b both) {
			set(item(b.n.Section(notice.RetentionSection), "log").Facts, "at-most", "P1M")
		}},
		{"another clock", `clock of "log": the notice states "act", the inventory "line-written"`, func(b both) {
			set(item(b.n.Section(notice.RetentionSection), "log").Facts, "clock", "act")
		}},
		{"a rule that is new", `the inventory has the retention rule "new", and the notice does not state it`, func(b both) {
			b.r.Retentions = append(b.r.Retentions, privacy.Retention{ID: "new"})
		}},
		{"a category that nobody holds", `the notice states the category "health"`, func(b both) {
			b.n.Section(notice.CategorySection).Items[0].ID = "health"
		}},
		{"a source that is new", `the inventory has the source "bought", and the notice does not state it`, func(b both) {
			b.r.Data[0].Source = "bought"
		}},
		{"a transfer abroad", `abroad: the notice states "DE"`, func(b both) { set(b.n.Section(notice.TransferSection).Facts, "abroad", "DE") }},
		{"a cookie", `used: the notice states "none", the inventory has "__Host-session, __Host-device"`, func(b both) {
			set(b.n.Section(notice.CookieSection).Facts, "used", "none")
		}},
		{"no cookie", `used: the notice states "session device", the inventory has ""`, func(b both) {
			b.r.Holdings = slices.DeleteFunc(b.r.Holdings, func(h privacy.Holding) bool { return h.Kind == privacy.Cookie })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := both{parse(t, filled(t)), noticetest.Register(t)}
			c.edit(b)
			if got := told(notice.Compare(b.n, b.r)); !strings.Contains(got, c.want) {
				t.Errorf("wanted %s\ngot\n%s", c.want, got)
			}
		})
	}
}

func TestNoticeHasOneSpelling(t *testing.T) {
	source := string(filled(t))
	for name, change := range map[string][2]string{
		"one language alone":        {"\nen: This notice is written", "\nfr: This notice is written"},
		"languages turned round":    {"tr: Bu bildirim Türk", "en: Bu bildirim Türk"},
		"no empty line":             {"\n\nsection: law", "\nsection: law"},
		"two empty lines":           {"\n\nsection: law", "\n\n\nsection: law"},
		"version with a zero":       {"version: 1", "version: 01"},
		"version 0":                 {"version: 1", "version: 0"},
		"sample that is none":       {"sample: yes", "sample: no"},
		"fact twice":                {"abroad: none", "abroad: none\nabroad: none"},
		"item twice":                {"item: purpose\n", "item: learn\n"},
		"section twice":             {"section: law", "section: cookies"},
		"fact behind the words":     {"\ntr: Yukarıda sayılan", "\ntr: x\nen: x\nabroad: DE\ntr: Yukarıda sayılan"},
		"space at the end":          {"abroad: none", "abroad: none "},
		"line ends of another kind": {"\n", "\r\n"},
		"something behind":          {"Turkish text prevails.\n", "Turkish text prevails.\nmore\n"},
		"time without microseconds": {"sample: yes", "sample: yes\neffective: 2026-12-01T00:00:00Z"},
	} {
		changed := strings.Replace(source, change[0], change[1], 1)
		if changed == source {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := notice.Parse([]byte(changed)); !errors.Is(err, canon.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func FuzzNotice(f *testing.F) {
	f.Add(notice.Sample())
	f.Add([]byte("rem-notice 1\nversion: 1\ntitle-tr: a\ntitle-en: b\n"))
	f.Add([]byte("rem-notice 1\nversion: 2\neffective: 2026-12-01T00:00:00.000000Z\ntitle-tr: a\ntitle-en: b\n\nsection: x\ntitle-tr: a\ntitle-en: b\nf: {g}\nitem: i\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := notice.Parse(b)
		if err != nil {
			return
		}
		if again := bytesOf(t, n); !bytes.Equal(again, b) {
			t.Fatalf("%q became %q", b, again)
		}
		notice.Lint(n)
		notice.Compare(n, inventory.Today())
		if list := notice.Diff(n, n); len(list) > 0 {
			t.Errorf("it differs from itself: %v", list)
		}
		notice.Diff(parse(t, notice.Sample()), n)
	})
}
