package directory

import (
	"slices"

	"rem"
	"rem/person"
	"rem/privacy"
)

// A Field is a field of the directory, by the name under which records, answers and
// the central directory have it.
type Field string

// The fields. KEP 1.5.
const (
	Address   Field = "kep-address"
	Identity  Field = "identity-number"             // of a natural person: citizen's, foreigner's, passport
	Name      Field = "name"                        // name and surname, or the full name of a legal person
	MERSIS    Field = "mersis"                      // of a private legal person
	Registry  Field = "trade-registry"              // where it has no MERSİS number
	DETSIS    Field = "detsis"                      // of a public body
	Activity  Field = "activity"                    // main field of activity
	Province  Field = "province"                    // of the head office
	Postal    Field = "postal-address"              //
	Service   Field = "service"                     // form of service
	Title     Field = "title"                       // of a natural person
	Signature Field = "signature-verification-data" // certificate, DER
	Phone     Field = "phone"                       //
	Operators Field = "operators"                   // names and titles
)

// A Need says whether a record has a field.
type Need uint8

// The needs.
const (
	Mandatory Need = iota + 1
	OneOf          // one at least of those of the kind that have this need
	ByChoice       // only with a consent of its own
)

// A Row of the table of fields.
type Row struct {
	Field Field
	Need  Need
	Label rem.Text
	// Consent is the purpose for which the person's consent has to stand; empty
	// where the field follows from the entry itself.
	Consent privacy.PurposeID
	// Hidden: the field is in the record, and in no answer.
	Hidden bool
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

var (
	rowAddress   = Row{Field: Address, Need: Mandatory, Label: text("KEP adresi", "KEP address")}
	rowActivity  = Row{Field: Activity, Need: Mandatory, Label: text("Ana faaliyet alanı", "Main field of activity")}
	rowProvince  = Row{Field: Province, Need: Mandatory, Label: text("Merkezin bulunduğu il", "Province of the head office")}
	rowSeat      = Row{Field: Postal, Need: Mandatory, Label: text("Adres", "Address")}
	rowFullName  = Row{Field: Name, Need: Mandatory, Label: text("Tam unvan", "Full name")}
	rowOperators = Row{Field: Operators, Need: ByChoice, Label: text("İşlem yetkililerinin ad ve unvanları", "Names and titles of operators"), Consent: privacy.DirectoryOperator}
)

// table has the fields of each kind of holder, the mandatory ones first. That a
// natural person's entry is found at all rests on [privacy.DirectoryEntry].
// KEP 1.5, REQ-74, REQ-75.
var table = map[person.Kind][]Row{
	person.Natural: {
		rowAddress,
		{Field: Identity, Need: Mandatory, Label: text("Kimlik numarası", "Identity number"), Hidden: true},
		{Field: Name, Need: Mandatory, Label: text("Adı ve soyadı", "Name and surname")},
		{Field: Service, Need: ByChoice, Label: text("Hizmet alma şekli", "Form of service"), Consent: privacy.DirectoryService},
		{Field: Title, Need: ByChoice, Label: text("Unvan", "Title"), Consent: privacy.DirectoryTitle},
		{Field: Postal, Need: ByChoice, Label: text("Adres", "Address"), Consent: privacy.DirectoryPostal},
		{Field: Signature, Need: ByChoice, Label: text("İmza doğrulama verisi", "Signature-verification data"), Consent: privacy.DirectorySignature},
		{Field: Phone, Need: ByChoice, Label: text("Telefon", "Phone"), Consent: privacy.DirectoryPhone},
	},
	person.Private: {
		rowAddress,
		{Field: MERSIS, Need: OneOf, Label: text("MERSİS numarası", "MERSİS number")},
		{Field: Registry, Need: OneOf, Label: text("Ticaret sicil numarası", "Trade registry number")},
		rowFullName, rowActivity, rowProvince, rowSeat, rowOperators,
	},
	person.Public: {
		rowAddress,
		{Field: DETSIS, Need: Mandatory, Label: text("DETSİS numarası", "DETSİS number")},
		rowFullName, rowActivity, rowProvince, rowSeat, rowOperators,
	},
}

// Fields returns the table of a kind of holder; the slice is the caller's.
func Fields(k person.Kind) []Row { return slices.Clone(table[k]) }

// RowOf finds the row of a field, or false.
func RowOf(k person.Kind, f Field) (Row, bool) {
	i := slices.IndexFunc(table[k], func(r Row) bool { return r.Field == f })
	if i < 0 {
		return Row{}, false
	}
	return table[k][i], true
}

// ConsentsOf lists the purposes that a natural person, or an operator, is asked about,
// each by itself: the entry first.
func ConsentsOf(k person.Kind) (list []privacy.PurposeID) {
	if k == person.Natural {
		list = append(list, privacy.DirectoryEntry)
	}
	for _, r := range table[k] {
		if r.Consent != "" {
			list = append(list, r.Consent)
		}
	}
	return list
}
