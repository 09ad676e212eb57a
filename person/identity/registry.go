package identity

import (
	"slices"
	"time"

	"rem"
	"rem/person"
)

// A Business is a legal person as the registry's adapter answers about it, or as
// an application describes it.
type Business struct {
	Number          person.MERSIS
	Title           person.Title
	Office          person.Line           // trade registry office
	Registry        person.RegistryNumber // at that office
	Active          bool                  // registered and not struck off; of the answer alone
	Representatives []Representative
}

// A Representative may bind a legal person.
type Representative struct {
	Identity      person.IdentityNumber // zero where the registry does not give it
	Given, Family person.Name
	Until         person.Date // zero: without term
}

// A Difference is in what the registry's answer is not what the application
// says.
type Difference string

// The differences.
const (
	OtherNumber    Difference = "number"
	OtherTitle     Difference = "title"
	NotActive      Difference = "not-active"
	OtherRegistry  Difference = "registry-number"
	NotRepresented Difference = "representative-unknown"
	PowerEnded     Difference = "representation-ended"
	NameAlone      Difference = "representative-by-name-alone"
)

var differenceTexts = map[Difference]rem.Text{
	OtherNumber:    {Turkish: "Yanıt başka bir MERSİS numarası hakkında.", English: "The answer is about another number."},
	OtherTitle:     {Turkish: "Unvan kayıttakinden farklı.", English: "The title differs from the registry's."},
	NotActive:      {Turkish: "Kayıt etkin değil.", English: "The entry is not active."},
	OtherRegistry:  {Turkish: "Ticaret sicil numarası kayıttakinden farklı.", English: "The trade registry number differs."},
	NotRepresented: {Turkish: "Başvuran kişi kayıttaki temsilciler arasında yok.", English: "Who applies is not among the representatives."},
	PowerEnded:     {Turkish: "Başvuran kişinin temsil yetkisi sona ermiş.", English: "The representation has ended."},
	NameAlone:      {Turkish: "Temsilci yalnızca adıyla bulundu; kayıtta kimlik numarası yok.", English: "The representative was found by name alone; the registry gives no number."},
}

// Text is what the desk reads.
func (d Difference) Text() rem.Text { return differenceTexts[d] }

// A RegistryFinding is what came of asking the registry (S26, REQ-16).
type RegistryFinding struct {
	Asked  time.Time
	Answer rem.Digest // of the answer's bytes
	// Certificate: the legal person has no MERSİS number, and its trade registry
	// certificate was seen in place of an answer.
	Certificate bool
	Differs     []Difference
}

func (f *RegistryFinding) whole() bool {
	return f != nil && !f.Asked.IsZero() && !f.Answer.IsZero()
}

// CompareRegistry holds the registry's answer against what the application says
// of the legal person and of who applies for it. Titles and names meet by
// Turkish rules. Nothing that differs decides: the case goes to a person.
func CompareRegistry(said, answer Business, who Representative, at time.Time) []Difference {
	var list []Difference
	add := func(d Difference, when bool) {
		if when {
			list = append(list, d)
		}
	}
	add(OtherNumber, !said.Number.IsZero() && said.Number != answer.Number)
	add(OtherTitle, !said.Title.Same(answer.Title))
	add(NotActive, !answer.Active)
	add(OtherRegistry, !said.Registry.IsZero() && !answer.Registry.IsZero() && said.Registry != answer.Registry)

	named := func(r Representative) bool { return r.Given.Same(who.Given) && r.Family.Same(who.Family) }
	i := slices.IndexFunc(answer.Representatives, func(r Representative) bool {
		return !r.Identity.IsZero() && r.Identity == who.Identity && named(r)
	})
	if i < 0 {
		i = slices.IndexFunc(answer.Representatives, func(r Representative) bool { return r.Identity.IsZero() && named(r) })
		add(NameAlone, i >= 0)
	}
	add(NotRepresented, i < 0)
	add(PowerEnded, i >= 0 && !answer.Representatives[i].Until.IsZero() && !answer.Representatives[i].Until.Covers(at))
	return list
}
