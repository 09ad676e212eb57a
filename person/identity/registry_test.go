package identity

import (
	"slices"
	"testing"

	"rem/internal/testkit"
	"rem/person"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// S26, REQ-16: names and titles meet by Turkish rules; whatever else differs is
// said, and decides nothing.
func TestTheRegistrysAnswerIsComparedWithTheApplication(t *testing.T) {
	name, title := must[person.Name](t), must[person.Title](t)
	number := must[person.MERSIS](t)(person.ParseMERSIS("0123456789000016"))
	other := must[person.MERSIS](t)(person.ParseMERSIS("0987654321000016"))
	registry := must[person.RegistryNumber](t)
	who := Representative{
		Identity: must[person.IdentityNumber](t)(person.ParseIdentityNumber("10000000146")),
		Given:    name(person.ParseName("Işıl Çağrı")), Family: name(person.ParseName("Öğütçü")),
	}
	said := Business{Number: number, Title: title(person.ParseTitle("Öğütçü Gıda A.Ş.")), Registry: registry(person.ParseRegistryNumber("123456-0"))}
	good := func() Business {
		r := who
		r.Given, r.Family = name(person.ParseName("IŞIL ÇAĞRI")), name(person.ParseName("ÖĞÜTÇÜ"))
		return Business{Number: number, Title: title(person.ParseTitle("ÖĞÜTÇÜ GIDA ANONİM ŞİRKETİ")), Active: true, Registry: said.Registry, Representatives: []Representative{{Given: name(person.ParseName("Bora")), Family: name(person.ParseName("Ağaoğlu"))}, r}}
	}
	until := must[person.Date](t)
	for what, c := range map[string]struct {
		change func(*Business)
		want   []Difference
	}{
		"all agrees":              {func(*Business) {}, nil},
		"another number":          {func(b *Business) { b.Number = other }, []Difference{OtherNumber}},
		"another title":           {func(b *Business) { b.Title = title(person.ParseTitle("Ağaoğlu Gıda A.Ş.")) }, []Difference{OtherTitle}},
		"struck off":              {func(b *Business) { b.Active = false }, []Difference{NotActive}},
		"another registry number": {func(b *Business) { b.Registry = registry(person.ParseRegistryNumber("1-0")) }, []Difference{OtherRegistry}},
		"no representatives":      {func(b *Business) { b.Representatives = nil }, []Difference{NotRepresented}},
		"a namesake": {func(b *Business) {
			b.Representatives[1].Identity = must[person.IdentityNumber](t)(person.ParseIdentityNumber("12345678950"))
		}, []Difference{NotRepresented}},
		"by name alone":               {func(b *Business) { b.Representatives[1].Identity = person.IdentityNumber{} }, []Difference{NameAlone}},
		"the number, another's name":  {func(b *Business) { b.Representatives[1].Family = name(person.ParseName("Ünlü")) }, []Difference{NotRepresented}},
		"a term that has ended":       {func(b *Business) { b.Representatives[1].Until = until(person.ParseDate("22.11.2026")) }, []Difference{PowerEnded}},
		"a term that ends today":      {func(b *Business) { b.Representatives[1].Until = until(person.ParseDate("23.11.2026")) }, nil},
		"nothing at all was answered": {func(b *Business) { *b = Business{} }, []Difference{OtherNumber, OtherTitle, NotActive, NotRepresented}},
	} {
		answer := good()
		c.change(&answer)
		if got := CompareRegistry(said, answer, who, testkit.Epoch); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", what, got, c.want)
		}
	}
}
