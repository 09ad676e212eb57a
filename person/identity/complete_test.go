package identity

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/person"
)

func digest(s string) rem.Digest { return rem.DigestOf([]byte(s)) }

// whole makes a record of the method that lacks nothing.
func whole(m Method, kind person.Kind, represented bool) Record {
	r := Record{
		ID: "app-1.id1", Application: "app-1", Form: digest("form"), Kind: kind, Subject: "per-1", Represented: represented, Method: m, At: testkit.Epoch,
		By:       Collector{Role: owed[m].by[0]},
		Compared: []Comparison{{PartNumber, true}, {PartGiven, true}, {PartFamily, true}, {PartBirth, true}},
	}
	if r.By.Role == ByAdapter {
		r.By.Adapter = "simulator"
	} else {
		r.By.Person = "staff-1"
	}
	if owed[m].document {
		r.Document = &Document{Kind: IdentityCard, Number: "*******99", Issuer: "TUR", Until: testkit.Epoch.AddDate(1, 0, 0), Genuine: true}
	}
	for _, i := range Required(m, represented) {
		r.Checklist = append(r.Checklist, Checked{i, true})
	}
	for _, k := range owed[m].evidence {
		r.Evidence = append(r.Evidence, Evidence{Kind: k, Digest: digest(string(k)), Size: 1})
	}
	if m == Signature {
		r.Evidence = append(r.Evidence, Evidence{Kind: OCSPAnswer, Digest: digest("ocsp"), Size: 1})
		r.Signed = &SignatureFinding{Verdict: "TOTAL-PASSED", Certificate: digest("cert"), Chain: []rem.Digest{digest("ca")}, Claimed: r.At, Proof: r.At}
	}
	if m == OnSite {
		r.Order = &WorkOrder{ID: "wo-1", Institution: "inst-1", Issued: r.At.AddDate(0, 0, -1), Expires: r.At.AddDate(0, 0, 1), Address: digest("here"), Visited: digest("here"), HandedOver: true}
	}
	if kind == person.Private {
		r.Registry = &RegistryFinding{Asked: r.At, Answer: digest("answer")}
		r.Evidence = append(r.Evidence, Evidence{Kind: RegistryAnswer, Digest: digest("answer"), Size: 1})
	}
	return r
}

func lacks(t *testing.T, err error) []Lack {
	t.Helper()
	if err == nil {
		return nil
	}
	i, ok := errors.AsType[*Incomplete](err)
	if !ok {
		t.Fatal(err)
	}
	return i.Lacks
}

func each(do func(m Method, kind person.Kind, represented bool)) {
	for _, m := range Methods() {
		for _, k := range person.Kinds() {
			do(m, k, false)
		}
		do(m, person.Natural, true)
	}
}

// REQ-9: what is whole is complete, by every method and for every kind, and the
// zero value is nobody.
func TestAWholeRecordOfEveryMethodIsComplete(t *testing.T) {
	each(func(m Method, k person.Kind, represented bool) {
		c, err := Complete(whole(m, k, represented))
		if err != nil || c.IsZero() || c.Record().Method != m {
			t.Errorf("%s, %s, represented %t: %v", m, k, represented, err)
		}
	})
	if !(Completed{}).IsZero() || (Completed{}).Record().ID != "" {
		t.Error("nobody's record is complete")
	}
}

// REQ-9 to REQ-15: whatever is taken out of a record of any method, it is no
// longer complete.
func TestARecordThatLacksAnythingIsNotComplete(t *testing.T) {
	each(func(m Method, k person.Kind, represented bool) {
		tried := 0
		without := func(name string, want Lack, change func(r *Record)) {
			t.Helper()
			r := whole(m, k, represented)
			change(&r)
			c, err := Complete(r)
			tried++
			if got := lacks(t, err); !slices.Contains(got, want) || !c.IsZero() {
				t.Errorf("%s, %s, represented %t: %s: got %v, want %s", m, k, represented, name, got, want)
			}
		}
		without("no number", LacksIdentity, func(r *Record) { r.ID = "" })
		without("no application", LacksIdentity, func(r *Record) { r.Application = "" })
		without("no form", LacksIdentity, func(r *Record) { r.Form = rem.Digest{} })
		without("no subject", LacksIdentity, func(r *Record) { r.Subject = "" })
		without("no time", LacksIdentity, func(r *Record) { r.At = time.Time{} })
		without("no kind", LacksIdentity, func(r *Record) { r.Kind = "" })
		without("no method", LacksMethod, func(r *Record) { r.Method = "handshake" })
		without("no collector", LacksCollector, func(r *Record) { r.By = Collector{} })
		without("no name of the collector", LacksCollector, func(r *Record) { r.By.Person, r.By.Adapter = "", "" })
		without("no comparison", LacksComparison, func(r *Record) { r.Compared = nil })
		for i := range 3 {
			without("one comparison less", LacksComparison, func(r *Record) { r.Compared = slices.Delete(r.Compared, i, i+1) })
		}
		without("another's number", LacksComparison, func(r *Record) {
			r.Compared[0].Same = false
			r.Cleared = &Clearance{By: "staff-2", At: r.At, Doubts: r.Doubts(), Reason: "seen"}
		})
		r := whole(m, k, represented)
		for i := range r.Checklist {
			without("one item less", LacksChecklist, func(r *Record) { r.Checklist = slices.Delete(r.Checklist, i, i+1) })
			if r.By.Role != ByAdapter {
				without("an item that did not pass", LacksChecklist, func(r *Record) { r.Checklist[i].Passed = false })
			} else {
				without("an item that an adapter denied", LacksClearance, func(r *Record) { r.Checklist[i].Passed = false })
			}
		}
		for i := range r.Evidence {
			want := LacksEvidence
			if r.Evidence[i].Kind == RegistryAnswer {
				want = LacksRegistry
			}
			without("one evidence less", want, func(r *Record) { r.Evidence = slices.Delete(r.Evidence, i, i+1) })
			without("an evidence of nothing", want, func(r *Record) { r.Evidence[i].Digest = rem.Digest{} })
		}
		if r.Document != nil {
			without("no document", LacksDocument, func(r *Record) { r.Document = nil })
			without("a library card", LacksDocument, func(r *Record) { r.Document.Kind = "library-card" })
			without("no number of the document", LacksDocument, func(r *Record) { r.Document.Number = "" })
			without("no issuer", LacksDocument, func(r *Record) { r.Document.Issuer = "" })
			without("an expired document", LacksValidity, func(r *Record) { r.Document.Until = r.At })
			without("a doubtful document", LacksClearance, func(r *Record) { r.Document.Genuine = false })
			without("he himself collected it", LacksCollector, func(r *Record) { r.By.Person = r.Subject; r.By.Adapter = "" })
		}
		if r.Signed != nil {
			without("no finding", LacksSignature, func(r *Record) { r.Signed = nil })
			without("no chain", LacksSignature, func(r *Record) { r.Signed.Chain = nil })
			without("not believed", LacksClearance, func(r *Record) { r.Signed.Verdict = "INDETERMINATE NO_POE" })
			without("not believed, and cleared", LacksSignature, func(r *Record) {
				r.Signed.Verdict = "TOTAL-FAILED HASH_FAILURE"
				r.Cleared = &Clearance{By: "staff-2", At: r.At, Doubts: r.Doubts(), Reason: "seen"}
			})
		}
		if r.Order != nil {
			without("no order", LacksOrder, func(r *Record) { r.Order = nil })
			without("an order past its term", LacksOrder, func(r *Record) { r.Order.Expires = r.At })
			without("before the order", LacksOrder, func(r *Record) { r.Order.Issued = r.At.Add(time.Second) })
			without("documents not handed over", LacksOrder, func(r *Record) { r.Order.HandedOver = false })
			without("elsewhere", LacksAddress, func(r *Record) { r.Order.Visited = digest("elsewhere") })
		}
		if k == person.Private {
			without("registry not asked", LacksRegistry, func(r *Record) { r.Registry = nil })
			without("registry differs", LacksClearance, func(r *Record) { r.Registry.Differs = []Difference{OtherTitle} })
		}
		if represented {
			without("no power", LacksPower, func(r *Record) {
				r.Checklist = slices.DeleteFunc(r.Checklist, func(c Checked) bool { return c.Item == PowerSeen })
			})
		}
		if tried < 12 {
			t.Errorf("%s: only %d changes were tried", m, tried)
		}
	})
}

// REQ-16, REQ-22: a doubt is settled by a natural person, who is then one of
// those that may not approve.
func TestADoubtIsSettledByAPersonAndForThatDoubtAlone(t *testing.T) {
	r := whole(EDevlet, person.Private, false)
	r.Registry.Differs = []Difference{OtherTitle}
	r.Compared[2].Same = false
	if got := r.Doubts(); !slices.Equal(got, []Doubt{DoubtName, DoubtRegistry}) {
		t.Fatalf("doubts: %v", got)
	}
	good := Clearance{By: "staff-2", At: r.At.Add(time.Hour), Doubts: []Doubt{DoubtRegistry, DoubtName}, Reason: "title-changed"}
	for name, c := range map[string]struct {
		change func(*Clearance)
		ok     bool
	}{
		"whole":          {func(*Clearance) {}, true},
		"by nobody":      {func(c *Clearance) { c.By = "" }, false},
		"by the subject": {func(c *Clearance) { c.By = "per-1" }, false},
		"of one doubt":   {func(c *Clearance) { c.Doubts = c.Doubts[:1] }, false},
		"of another":     {func(c *Clearance) { c.Doubts = []Doubt{DoubtRegistry, DoubtBirth} }, false},
		"no reason":      {func(c *Clearance) { c.Reason = "" }, false},
		"beforehand":     {func(c *Clearance) { c.At = r.At.Add(-time.Second) }, false},
	} {
		clearance := good
		c.change(&clearance)
		r.Cleared = &clearance
		if _, err := Complete(r); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	r = whole(Office, person.Natural, false)
	r.Cleared = &Clearance{By: "staff-2"}
	if got := r.Hands(); !slices.Equal(got, []rem.PersonID{"staff-1", "staff-2"}) {
		t.Errorf("hands: %v", got)
	}
}

// REQ-13: every method is shown, and what is not possible with its reason.
func TestMethodsThatAreNotPossibleSayWhy(t *testing.T) {
	all := Offer{Methods: Methods(), Institutions: []person.Province{"34"}}
	for _, c := range []struct {
		name  string
		in    Case
		offer Offer
		want  map[Method]Why
	}{
		{"a citizen in a served province", Case{person.Natural, person.Citizen, false, "34"}, all, nil},
		{"a citizen elsewhere", Case{person.Natural, person.Citizen, false, "01"}, all, map[Method]Why{OnSite: NoInstitution}},
		{"no address", Case{person.Private, person.Citizen, false, ""}, all, map[Method]Why{OnSite: NeedsAddress}},
		{"a foreigner with a number", Case{person.Natural, person.Foreigner, false, "34"}, all, map[Method]Why{ChipCard: NeedsCitizen}},
		{"a passport alone", Case{person.Natural, person.Passport, false, "34"}, all, map[Method]Why{Signature: NeedsNumber, EDevlet: NeedsNumber, ChipCard: NeedsCitizen}},
		{"a guardian", Case{person.Natural, person.Citizen, true, "34"}, all,
			map[Method]Why{Signature: NeedsPaperOfPower, EDevlet: NeedsPaperOfPower, Chip: NeedsPaperOfPower, ChipCard: NeedsPaperOfPower, Video: NeedsPaperOfPower}},
		{"an office alone", Case{person.Natural, person.Citizen, false, "34"}, Offer{Methods: []Method{Office}},
			map[Method]Why{Signature: NotOffered, OnSite: NotOffered, EDevlet: NotOffered, Chip: NotOffered, ChipCard: NotOffered, Video: NotOffered}},
	} {
		got := Choices(c.in, c.offer)
		if len(got) != len(Methods()) {
			t.Errorf("%s: %d methods are shown", c.name, len(got))
		}
		for _, choice := range got {
			if choice.Why != c.want[choice.Method] || choice.Possible() != (c.want[choice.Method] == "") || choice != Possible(choice.Method, c.in, c.offer) {
				t.Errorf("%s: %s: got %q, want %q", c.name, choice.Method, choice.Why, c.want[choice.Method])
			}
		}
	}
	for w, text := range whyTexts {
		if text.Turkish == "" || text.English == "" {
			t.Errorf("%s has no text", w)
		}
	}
	for _, m := range Methods() {
		if m.Name().Turkish == "" || m.Name().English == "" {
			t.Errorf("%s has no name", m)
		}
	}
}

func TestEveryDoubtAndDifferenceHasItsText(t *testing.T) {
	for d, text := range doubtTexts {
		if text.Turkish == "" || d.Text().English == "" {
			t.Errorf("%s has no text", d)
		}
	}
	for d, text := range differenceTexts {
		if text.Turkish == "" || d.Text().English == "" {
			t.Errorf("%s has no text", d)
		}
	}
}
