// Package noticetest gives tests a notice that can be published, and an
// inventory that it agrees with whatever the program's own grows to: that the
// program's notice and inventory agree is one test of package notice, and no
// other one fails when they do not.
package noticetest

import (
	"slices"
	"testing"

	"rem"
	"rem/privacy"
	"rem/privacy/inventory"
	"rem/privacy/notice"
)

// Values returns those of a provider who does not exist.
func Values() map[string]string {
	return map[string]string{
		"controller.name-tr":        "Örnek KEP Hizmetleri A.Ş. (BENZETİM)",
		"controller.name-en":        "Sample Registered Mail Inc. (SIMULATION)",
		"controller.address":        "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara",
		"controller.mersis":         "0000000000000000",
		"controller.representative": "none",
		"contact.kep":               "kvkk@hs90.kep.test",
		"contact.mail":              "kvkk@example.test",
		"contact.phone":             "+90 312 000 00 00",
	}
}

// Filled returns the sample, filled.
func Filled(t testing.TB) []byte {
	t.Helper()
	b, err := notice.Fill(notice.Sample(), Values())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Own returns the sample as a provider's own version of a number, edited.
func Own(t testing.TB, version uint64, edit func(n *notice.Notice)) []byte {
	t.Helper()
	n, err := notice.Parse(Filled(t))
	if err != nil {
		t.Fatal(err)
	}
	n.Version, n.Sample = version, false
	if edit != nil {
		edit(n)
	}
	b, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// AskFor makes a notice state purposes that rest on consent alone.
func AskFor(n *notice.Notice, purposes ...privacy.PurposeID) {
	words := []rem.Text{{Turkish: "Yalnız açık rızanızla.", English: "With your consent alone."}}
	p, c := n.Section(notice.PurposeSection), n.Section(notice.ConsentSection)
	c.Facts = []notice.Fact{{Name: "asked", Value: "yes"}}
	for _, id := range purposes {
		is := func(it notice.Item) bool { return it.ID == string(id) }
		p.Items, c.Items = slices.DeleteFunc(p.Items, is), slices.DeleteFunc(c.Items, is)
		p.Items = append(p.Items, notice.Item{ID: string(id), Facts: []notice.Fact{{Name: "grounds", Value: string(privacy.Consent)}}, Text: words})
		c.Items = append(c.Items, notice.Item{ID: string(id), Text: words})
	}
}

// Register returns the program's inventory, reduced to what the sample says of
// it, with the given purposes switched on and resting on consent.
func Register(t testing.TB, asked ...privacy.PurposeID) *privacy.Register {
	t.Helper()
	n, err := notice.Parse(notice.Sample())
	if err != nil {
		t.Fatal(err)
	}
	r := inventory.Today()
	stated := func(s notice.SectionID, id string) bool { return n.Section(s).Item(id) != nil }
	r.Data = slices.DeleteFunc(r.Data, func(d privacy.Datum) bool {
		return !stated(notice.CategorySection, string(d.Category)) || !stated(notice.CollectionSection, string(d.Source))
	})
	r.Retentions = slices.DeleteFunc(r.Retentions, func(t privacy.Retention) bool { return !stated(notice.RetentionSection, string(t.ID)) })
	for i := range r.Holdings {
		r.Holdings[i].Recipients = slices.DeleteFunc(slices.Clone(r.Holdings[i].Recipients), func(id privacy.RecipientID) bool {
			return !stated(notice.RecipientSection, string(id))
		})
	}
	for i := range r.Purposes {
		p := &r.Purposes[i]
		if slices.Contains(asked, p.ID) {
			p.Off, p.Grounds = rem.Text{}, []privacy.Ground{privacy.Consent}
		} else if !stated(notice.PurposeSection, string(p.ID)) {
			p.Off = rem.Text{Turkish: "sınamada kapalı", English: "off in this test"}
		}
	}
	if faults := notice.Compare(n, r); len(asked) == 0 && len(faults) > 0 {
		t.Fatalf("sample.txt says of the inventory what is not so: %v", faults)
	}
	return r
}
