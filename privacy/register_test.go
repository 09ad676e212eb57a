package privacy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"rem"
)

var name = rem.Text{Turkish: "ad", English: "name"}

// whole is a small register without a fault.
func whole() *Register {
	return &Register{
		Purposes: []Purpose{
			{ID: Carriage, Name: name, Grounds: []Ground{ByLaw}, Notice: []string{"S03"}, Term: "ServiceProvision"},
			{ID: LegalRecord, Name: name, Grounds: []Ground{ByLaw, Consent}, Notice: []string{"S43"}, Term: "RecordManagement"},
			{ID: Advertisement, Name: name, Grounds: []Ground{Consent}, Notice: []string{"S19"}, Term: "Advertising", Off: name},
		},
		Retentions: []Retention{
			{KeepRecord, name, OfAct, Length{Years: 20}, Length{Years: 20, Months: 6}, name, name},
			{KeepAnswer, name, OfAnswer, Length{}, AtOnce, name, name},
		},
		Collected: []Collected{{MailAddresses, name, true}, {NetworkAddresses, name, false}},
		Data: []Datum{
			{"address", name, ContactData, []SubjectID{Holders}, []PurposeID{Carriage, LegalRecord}, ByStaff, NotSpecial, Internal, MailAddresses},
			{"letter", name, Letters, []SubjectID{Holders}, []PurposeID{Carriage}, ByPerson, Unseen, Secret, ""},
		},
		Holdings: []Holding{
			{Kind: Column, Name: "account.address", Data: []DatumID{"address"}, Form: Plain, Place: DataFolder, Retention: KeepRecord, Recipients: []RecipientID{OwnStaff}},
			{Kind: ControlField, Name: "letter", Data: []DatumID{"letter"}, Form: Plain, Place: Socket, Retention: KeepAnswer, Recipients: []RecipientID{Nobody}},
			{Kind: Column, Name: "account.seq", Technical: name},
		},
	}
}

func TestAWholeRegisterHasNoFault(t *testing.T) {
	if err := whole().Check(); err != nil {
		t.Error(err)
	}
}

// P-01, S05, S16, S18, S27, S39: each thing that can be left out is missed, and
// nothing else is.
func TestWhatIsNotCompleteIsFound(t *testing.T) {
	for what, test := range map[string]struct {
		change func(*Register)
		want   string
	}{
		"a purpose without a ground":              {func(r *Register) { r.Purposes[0].Grounds = nil }, "has no legal ground"},
		"a ground that KVKK 5 does not have":      {func(r *Register) { r.Purposes[0].Grounds = []Ground{"5/2-z"} }, "is no ground"},
		"a purpose that the notice does not name": {func(r *Register) { r.Purposes[0].Notice = nil }, "no statement of the notice"},
		"a purpose without a term":                {func(r *Register) { r.Purposes[0].Term = "" }, "has no term"},
		"a purpose in one language":               {func(r *Register) { r.Purposes[0].Name.Turkish = "" }, "missing in Turkish or English"},
		"a purpose twice":                         {func(r *Register) { r.Purposes = append(r.Purposes, r.Purposes[0]) }, "stands twice"},
		"a purpose in use without data":           {func(r *Register) { r.Purposes[2].Off = rem.Text{}; r.Purposes[2].Grounds = []Ground{ByLaw} }, "no data is kept for it"},
		"data for a purpose that is off":          {func(r *Register) { r.Data[0].Purposes = append(r.Data[0].Purposes, Advertisement) }, "is off, and data is kept"},
		"consent alone, in use":                   {func(r *Register) { r.Purposes[1].Grounds = []Ground{Consent} }, "rests on consent alone"},

		"a retention without a clock":     {func(r *Register) { r.Retentions[0].Clock = "" }, "has no clock"},
		"a retention with another clock":  {func(r *Register) { r.Retentions[0].Clock = "some day" }, "has no clock"},
		"a retention without an end":      {func(r *Register) { r.Retentions[0].Ceiling = Length{} }, "has no end"},
		"a retention that ends too early": {func(r *Register) { r.Retentions[0].Ceiling = Length{Years: 19} }, "ends before it may"},
		"a retention without a source":    {func(r *Register) { r.Retentions[0].Basis = rem.Text{} }, "missing in Turkish or English"},
		"a retention that nothing has": {func(r *Register) {
			r.Retentions = append(r.Retentions, Retention{KeepLog, name, OfLine, Length{}, AtOnce, name, name})
		}, "nothing is kept by it"},
		"a record that goes after 19 years": {func(r *Register) { r.Retentions[0].Floor.Years = 19 }, "is a legal record and is kept nowhere"},

		"a datum without a category":    {func(r *Register) { r.Data[0].Category = "" }, "has no category"},
		"a datum of nobody":             {func(r *Register) { r.Data[0].Subjects = nil }, "whose it is"},
		"a datum of an unknown group":   {func(r *Register) { r.Data[0].Subjects = []SubjectID{"x"} }, "nobody knows the group"},
		"a datum without a purpose":     {func(r *Register) { r.Data[1].Purposes = nil }, "has no purpose"},
		"a datum for an unknown one":    {func(r *Register) { r.Data[1].Purposes = []PurposeID{"x"} }, "is no purpose"},
		"a datum from nowhere":          {func(r *Register) { r.Data[0].Source = "" }, "where it comes from"},
		"special category not said":     {func(r *Register) { r.Data[0].Special = "" }, "special category"},
		"a datum without a class":       {func(r *Register) { r.Data[0].Class = "" }, "no security class"},
		"a datum that is nowhere":       {func(r *Register) { r.Holdings = r.Holdings[1:] }, "is nowhere"},
		"a datum off the notice's list": {func(r *Register) { r.Data[1].Collected = "x" }, "is not on the notice's list"},

		"a holding without anything":       {func(r *Register) { r.Holdings[2].Technical = rem.Text{} }, "is not classified"},
		"a holding of no kind":             {func(r *Register) { r.Holdings[2].Kind = "" }, "kind or name"},
		"a holding twice":                  {func(r *Register) { r.Holdings = append(r.Holdings, r.Holdings[0]) }, "stands twice"},
		"a holding of an unknown datum":    {func(r *Register) { r.Holdings[1].Data = []DatumID{"letter", "x"} }, "is no datum"},
		"a holding without a form":         {func(r *Register) { r.Holdings[0].Form = "" }, "how it is written"},
		"a holding without a place":        {func(r *Register) { r.Holdings[0].Place = "abroad" }, "has no place"},
		"a holding without a retention":    {func(r *Register) { r.Holdings[1].Retention = "" }, "has no retention rule"},
		"a holding without recipients":     {func(r *Register) { r.Holdings[0].Recipients = nil }, "who sees it"},
		"a holding with an unknown one":    {func(r *Register) { r.Holdings[0].Recipients = []RecipientID{"x"} }, "nobody knows the recipient"},
		"nobody and somebody":              {func(r *Register) { r.Holdings[0].Recipients = []RecipientID{Nobody, OwnStaff} }, "by nobody and by somebody"},
		"personal and technical":           {func(r *Register) { r.Holdings[0].Technical = name }, "is said not to be"},
		"technical with a retention":       {func(r *Register) { r.Holdings[2].Retention = KeepRecord }, "as if it were"},
		"collected, says nobody":           {func(r *Register) { r.Collected[0].Yes = false }, "collected false, the data says true"},
		"not collected, says the register": {func(r *Register) { r.Data[1].Collected = NetworkAddresses }, "collected false, the data says true"},
	} {
		t.Run(what, func(t *testing.T) {
			r := whole()
			test.change(r)
			err := r.Check()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestStraysAreFoundInBothDirections(t *testing.T) {
	r := whole()
	there := []string{"account.address", "account.seq"}
	if err := errors.Join(r.Unregistered(Column, there), r.Vanished(Column, there)); err != nil {
		t.Error(err)
	}
	err := r.Unregistered(Column, append(there, "account.religion"))
	if !errors.Is(err, ErrUnregistered) || !strings.Contains(err.Error(), "account.religion") {
		t.Errorf("got %v, want the stray column", err)
	}
	if err := r.Unregistered(LogKey, there[:1]); !errors.Is(err, ErrUnregistered) {
		t.Errorf("a column's name was taken for a log key: %v", err)
	}
	if err := r.Vanished(Column, there[:1]); err == nil || !strings.Contains(err.Error(), "account.seq") {
		t.Errorf("got %v, want the column that is gone", err)
	}
}

// P-03, S03, S19: a value is for the purposes that were declared for it, while
// they are in use.
func TestPurposesBind(t *testing.T) {
	r := whole()
	r.Data[0].Purposes = append(r.Data[0].Purposes, Advertisement) // which is off
	for purpose, want := range map[PurposeID]bool{Carriage: true, LegalRecord: true, Advertisement: false, Security: false, "": false} {
		if got := r.Allows("address", purpose); got != want {
			t.Errorf("an address for %q: got %t, want %t", purpose, got, want)
		}
	}
	if r.Allows("nothing", Carriage) {
		t.Error("a datum that is not there may be used")
	}
}

// S19, S27: what the notice mixes into one acceptance stands apart, and what
// only consent allows is off.
func TestOptionalPurposesAreApartAndOff(t *testing.T) {
	for _, id := range []PurposeID{UsageAnalysis, Advertisement, Development, Support, Notices} {
		i := slices.IndexFunc(Purposes(), func(p Purpose) bool { return p.ID == id })
		if i < 0 {
			t.Fatalf("purpose %s is not declared", id)
		}
		p := Purposes()[i]
		if consent := slices.Equal(p.Grounds, []Ground{Consent}); consent && p.InUse() {
			t.Errorf("%s needs consent and is in use", id)
		}
		if !slices.Contains(p.Notice, "S19") {
			t.Errorf("%s does not name its statement", id)
		}
	}
}

func TestLengthsAreWrittenForPeopleAndPrograms(t *testing.T) {
	for _, test := range []struct {
		length      Length
		tr, en, iso string
	}{
		{Length{Years: 20, Months: 6}, "20 yıl 6 ay", "20 years 6 months", "P20Y6M"},
		{Length{Days: 8}, "8 gün", "8 days", "P8D"},
		{AtOnce, "hemen", "at once", "PT0S"},
		{Length{}, "yok", "none", "PT0S"},
	} {
		if got := test.length.Text(); got.Turkish != test.tr || got.English != test.en {
			t.Errorf("got %v, want %q and %q", got, test.tr, test.en)
		}
		if got := test.length.ISO(); got != test.iso {
			t.Errorf("got %s, want %s", got, test.iso)
		}
	}
}
