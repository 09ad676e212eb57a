package notice_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"rem"
	"rem/privacy/notice"
)

// frozen is the sample as the first release had it, filled.
func frozen(t testing.TB) *notice.Notice {
	t.Helper()
	b, err := os.ReadFile("testdata/v1/notice.txt")
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, b)
}

var edits = []struct {
	name     string
	material bool
	consent  bool // has to be asked for again
	edit     func(n *notice.Notice)
}{
	{"a comma", false, false, func(n *notice.Notice) { n.Section(notice.LawSection).Text[0].English += " Indeed." }},
	{"a title", false, false, func(n *notice.Notice) { n.Title.Turkish = "Aydınlatma" }},
	{"words about a purpose", false, false, func(n *notice.Notice) { n.Section(notice.PurposeSection).Items[0].Text[0].Turkish += " Evet." }},
	{"the order of two purposes", false, false, func(n *notice.Notice) {
		it := n.Section(notice.PurposeSection).Items
		it[0], it[1] = it[1], it[0]
	}},
	{"a section of words alone", false, false, func(n *notice.Notice) { n.Sections = n.Sections[:len(n.Sections)-1] }},
	{"a purpose more", true, true, func(n *notice.Notice) {
		s := n.Section(notice.PurposeSection)
		s.Items = append(s.Items, notice.Item{ID: "advertising", Facts: []notice.Fact{{Name: "grounds", Value: "5/1"}}, Text: []rem.Text{{Turkish: "Reklam.", English: "Advertising."}}})
	}},
	{"a purpose less", true, true, func(n *notice.Notice) {
		s := n.Section(notice.PurposeSection)
		s.Items = s.Items[1:]
	}},
	{"another ground", true, true, func(n *notice.Notice) { set(n.Section(notice.PurposeSection).Items[0].Facts, "grounds", "5/2-f") }},
	{"another recipient", true, true, func(n *notice.Notice) { n.Section(notice.RecipientSection).Items[0].ID = "bank" }},
	{"another purpose of a transfer", true, true, func(n *notice.Notice) {
		set(n.Section(notice.RecipientSection).Items[0].Facts, "purposes", "security")
	}},
	{"a transfer abroad", true, true, func(n *notice.Notice) { set(n.Section(notice.TransferSection).Facts, "abroad", "DE") }},
	{"a longer period", true, true, func(n *notice.Notice) { set(n.Section(notice.RetentionSection).Items[6].Facts, "at-most", "P2Y") }},
	{"a category more", true, true, func(n *notice.Notice) { n.Section(notice.CategorySection).Items[0].ID = "health" }},
	{"another controller", true, true, func(n *notice.Notice) {
		set(n.Section(notice.ControllerSection).Facts, "name-tr", "Başka Posta A.Ş.")
	}},
	{"means of collection", true, true, func(n *notice.Notice) { set(n.Section(notice.CollectionSection).Facts, "means", "automated") }},
	{"a telephone that changed", true, false, func(n *notice.Notice) {
		set(n.Section(notice.ContactSection).Facts, "phone", "+90 312 000 00 01")
	}},
	{"a mail address that is gone", true, false, func(n *notice.Notice) { without(n.Section(notice.ContactSection), "mail") }},
	{"a right less", true, false, func(n *notice.Notice) {
		s := n.Section(notice.RightsSection)
		s.Items = s.Items[:8]
	}},
	{"a cookie", true, false, func(n *notice.Notice) { set(n.Section(notice.CookieSection).Facts, "used", "sid") }},
	{"no section about security", false, false, func(n *notice.Notice) {
		n.Sections = slices.DeleteFunc(n.Sections, func(s notice.Section) bool { return s.ID == notice.SecuritySection })
	}},
	{"no sample any more", true, false, func(n *notice.Notice) { n.Sample = false }},
}

// S46, P-04: what changed is said in both languages, what matters apart from what
// is wording.
func TestChangesAreNamed(t *testing.T) {
	var b bytes.Buffer
	for _, e := range edits {
		old, changed := frozen(t), frozen(t)
		e.edit(changed)
		list := notice.Diff(old, changed)
		if len(list) == 0 {
			t.Errorf("%s: nothing changed", e.name)
		}
		if notice.AnyMaterial(list) != e.material || notice.TouchesConsent(list) != e.consent {
			t.Errorf("%s: material %t, touches consent %t", e.name, notice.AnyMaterial(list), notice.TouchesConsent(list))
		}
		fmt.Fprintf(&b, "# %s\n", e.name)
		for _, c := range list {
			mark := "editorial"
			if c.Material {
				mark = "material"
			}
			fmt.Fprintf(&b, "%s\n  tr: %s\n  en: %s\n", mark, c.What.Turkish, c.What.English)
		}
	}
	golden(t, "diff.golden", b.Bytes())
	if list := notice.Diff(frozen(t), frozen(t)); list != nil {
		t.Errorf("a notice differs from itself: %v", list)
	}
}
