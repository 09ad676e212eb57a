package application

import (
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
)

// A Need says whether a field has to be filled in.
type Need uint8

// The needs.
const (
	Optional  Need = iota // marked as such on every page
	Mandatory             // the source asks for it
	OneOf                 // one at least of those with the same Group
)

// A Part is a group of fields that stand together on a page, and says when they
// are asked.
type Part string

// The parts of the form.
const (
	PartPerson         Part = "person"         // a natural person who is to have the account
	PartRepresentative Part = "representative" // who applies for somebody else
	PartBusiness       Part = "business"       // a private legal person
	PartBody           Part = "body"           // a public body
	PartSeat           Part = "seat"           // where a legal person has its seat
	PartHome           Part = "home"           // where a natural person can be found
	PartContact        Part = "contact"
	PartAccount        Part = "account"
)

// A Field is one question of the form. From it come the page, the check, the
// inventory's line and the line of the signed form.
type Field struct {
	Name  string // stable; in pages, problems, bulk files and the signed form
	Part  Part
	Label rem.Text
	Help  rem.Text
	Need  Need
	Group string // of OneOf
	// Source is the requirement that asks for it, or on which it may be asked.
	Source   string
	Purposes []privacy.PurposeID
	// Data is what of the inventory it is.
	Data privacy.DatumID
	// Input tells a page which keyboard and which entry of a browser's memory
	// fits: attributes inputmode and autocomplete of HTML.
	Input, Auto string
	// Choices, when not empty, are the only answers.
	Choices []Choice
	// read brings what was typed into its one spelling.
	read func(typed string, now time.Time) (string, error)
	// at is where the answer is kept, and key the name under which it is sealed.
	at  func(*Answers) *privacy.SealedValue
	key privacy.FieldID
}

// A Choice is one of a closed list of answers.
type Choice struct {
	Value string
	Label rem.Text
}

// Answers are the fields of a form as they are kept: sealed, each under its own
// name. Those that were not asked or not answered are zero.
type Answers struct {
	IdentityNumber, PassportNumber, GivenNames, FamilyName, BirthDate, Profession privacy.SealedValue

	RepresentativeIdentity, RepresentativeGiven, RepresentativeFamily, RepresentativeBirth, RepresentativeCapacity privacy.SealedValue

	MERSIS, RegistryNumber, RegistryOffice, TaxNumber, DETSIS, Title, ShortName, Activity privacy.SealedValue

	AddressLine, District, Province, PostalCode privacy.SealedValue

	Mobile, MailAddress privacy.SealedValue

	Address, Service privacy.SealedValue
}

// Services that an account may have (REQ-31).
const (
	ReceiveOnly    = "receive-only"
	SendAndReceive = "send-and-receive"
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// shows makes a reader of a parser.
func shows[T interface{ Reveal() string }](parse func(string) (T, error)) func(string, time.Time) (string, error) {
	return func(typed string, _ time.Time) (string, error) {
		v, err := parse(typed)
		return v.Reveal(), err
	}
}

func shown[T interface{ Reveal() string }](parse func(string, time.Time) (T, error)) func(string, time.Time) (string, error) {
	return func(typed string, now time.Time) (string, error) {
		v, err := parse(typed, now)
		return v.Reveal(), err
	}
}

func province(typed string, _ time.Time) (string, error) {
	p, err := person.ParseProvince(typed)
	return string(p), err
}

// adult is the birth date of who applies for somebody else (REQ-19).
func adult(typed string, now time.Time) (string, error) {
	d, err := person.ParseBirthDate(typed, now)
	if err != nil {
		return "", err
	}
	if !d.Adult(now) {
		return "", &person.Problem{Code: person.NotOfAge}
	}
	return d.Reveal(), nil
}

// Purposes of the fields, in the words of the privacy notice.
var (
	toIdentify = []privacy.PurposeID{privacy.Identification, privacy.AccountOpening}
	toOpen     = []privacy.PurposeID{privacy.AccountOpening}
	toReach    = []privacy.PurposeID{privacy.AccountOpening, privacy.Notices}
)

// Sources of the fields.
const (
	directoryNatural  = "REQ-8; directory communique, natural person, mandatory"
	directoryOptional = "directory communique, natural person, optional"
	directoryLegal    = "REQ-8; directory communique, legal person, mandatory"
	directoryAbout    = "directory communique, legal person, optional"
)

// fields is the whole form, in the order of its pages and of the signed form.
var fields = []Field{
	{Name: "identity-number", Part: PartPerson, Need: OneOf, Group: "identity", Source: directoryNatural, Purposes: toIdentify, Data: "identity-number",
		Label: text("T.C. kimlik numarası veya yabancı kimlik numarası", "Identity number (citizen's or foreigner's)"), Help: text("11 rakam.", "11 digits."), Input: "numeric",
		read: shows(person.ParseIdentityNumber), at: func(a *Answers) *privacy.SealedValue { return &a.IdentityNumber }, key: "application.Answers.IdentityNumber"},
	{Name: "passport-number", Part: PartPerson, Need: OneOf, Group: "identity", Source: directoryNatural, Purposes: toIdentify, Data: "identity-number",
		Label: text("Pasaport numarası", "Passport number"), Help: text("Yalnızca kimlik numarası olmayanlar için.", "Only where there is no identity number."),
		read: shows(person.ParseDocumentNumber), at: func(a *Answers) *privacy.SealedValue { return &a.PassportNumber }, key: "application.Answers.PassportNumber"},
	{Name: "given-names", Part: PartPerson, Need: Mandatory, Source: directoryNatural, Purposes: toIdentify, Data: "applicant-name",
		Label: text("Ad", "Given names"), Help: text("Kimlik belgesindeki gibi.", "As on the identity document."), Auto: "given-name",
		read: shows(person.ParseName), at: func(a *Answers) *privacy.SealedValue { return &a.GivenNames }, key: "application.Answers.GivenNames"},
	{Name: "family-name", Part: PartPerson, Need: Mandatory, Source: directoryNatural, Purposes: toIdentify, Data: "applicant-name",
		Label: text("Soyadı", "Family name"), Help: text("Kimlik belgesindeki gibi.", "As on the identity document."), Auto: "family-name",
		read: shows(person.ParseName), at: func(a *Answers) *privacy.SealedValue { return &a.FamilyName }, key: "application.Answers.FamilyName"},
	{Name: "birth-date", Part: PartPerson, Need: Mandatory, Source: "REQ-19", Purposes: toIdentify, Data: "birth-date",
		Label: text("Doğum tarihi", "Date of birth"), Help: text("gün.ay.yıl", "day.month.year"), Input: "numeric", Auto: "bday",
		read: shown(person.ParseBirthDate), at: func(a *Answers) *privacy.SealedValue { return &a.BirthDate }, key: "application.Answers.BirthDate"},
	{Name: "profession", Part: PartPerson, Source: directoryOptional, Purposes: toOpen, Data: "applicant-title",
		Label: text("Unvan", "Title or profession"), Help: text("Rehberde görünmesini isterseniz.", "If you would have it in the directory."), Auto: "organization-title",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.Profession }, key: "application.Answers.Profession"},

	{Name: "representative-identity-number", Part: PartRepresentative, Need: Mandatory, Source: "REQ-18, REQ-19", Purposes: toIdentify, Data: "identity-number",
		Label: text("Başvuran temsilcinin kimlik numarası", "Identity number of the representative"), Help: text("11 rakam.", "11 digits."), Input: "numeric",
		read: shows(person.ParseIdentityNumber), at: func(a *Answers) *privacy.SealedValue { return &a.RepresentativeIdentity }, key: "application.Answers.RepresentativeIdentity"},
	{Name: "representative-given-names", Part: PartRepresentative, Need: Mandatory, Source: "REQ-18, REQ-19", Purposes: toIdentify, Data: "applicant-name",
		Label: text("Başvuran temsilcinin adı", "Given names of the representative"), Auto: "given-name",
		read: shows(person.ParseName), at: func(a *Answers) *privacy.SealedValue { return &a.RepresentativeGiven }, key: "application.Answers.RepresentativeGiven"},
	{Name: "representative-family-name", Part: PartRepresentative, Need: Mandatory, Source: "REQ-18, REQ-19", Purposes: toIdentify, Data: "applicant-name",
		Label: text("Başvuran temsilcinin soyadı", "Family name of the representative"), Auto: "family-name",
		read: shows(person.ParseName), at: func(a *Answers) *privacy.SealedValue { return &a.RepresentativeFamily }, key: "application.Answers.RepresentativeFamily"},
	{Name: "representative-birth-date", Part: PartRepresentative, Need: Mandatory, Source: "REQ-19", Purposes: toIdentify, Data: "birth-date",
		Label: text("Başvuran temsilcinin doğum tarihi", "Date of birth of the representative"), Help: text("gün.ay.yıl", "day.month.year"), Input: "numeric", Auto: "bday",
		read: adult, at: func(a *Answers) *privacy.SealedValue { return &a.RepresentativeBirth }, key: "application.Answers.RepresentativeBirth"},
	{Name: "representative-capacity", Part: PartRepresentative, Need: Mandatory, Source: "REQ-18, REQ-19; directory communique, title of an operator", Purposes: toIdentify, Data: "applicant-title",
		Label: text("Temsil sıfatı veya görevi", "Capacity or office of the representative"), Help: text("Örneğin veli, vasi, müdür, yönetim kurulu üyesi.", "For example parent, guardian, director."), Auto: "organization-title",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.RepresentativeCapacity }, key: "application.Answers.RepresentativeCapacity"},

	{Name: "mersis", Part: PartBusiness, Need: OneOf, Group: "registry", Source: directoryLegal + "; REQ-16", Purposes: toIdentify, Data: "business-number",
		Label: text("MERSİS numarası", "MERSİS number"), Help: text("16 rakam.", "16 digits."), Input: "numeric",
		read: shows(person.ParseMERSIS), at: func(a *Answers) *privacy.SealedValue { return &a.MERSIS }, key: "application.Answers.MERSIS"},
	{Name: "registry-number", Part: PartBusiness, Need: OneOf, Group: "registry", Source: directoryLegal + "; REQ-16", Purposes: toIdentify, Data: "business-number",
		Label: text("Ticaret sicil numarası", "Trade registry number"), Help: text("MERSİS numarası yoksa.", "Where there is no MERSİS number."), Input: "numeric",
		read: shows(person.ParseRegistryNumber), at: func(a *Answers) *privacy.SealedValue { return &a.RegistryNumber }, key: "application.Answers.RegistryNumber"},
	{Name: "registry-office", Part: PartBusiness, Source: directoryLegal + "; REQ-16", Purposes: toIdentify, Data: "business-number",
		Label: text("Ticaret sicil müdürlüğü", "Trade registry office"), Help: text("Sicil numarası yazıldıysa gereklidir.", "Needed with a registry number."),
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.RegistryOffice }, key: "application.Answers.RegistryOffice"},
	{Name: "tax-number", Part: PartBusiness, Source: "REQ-16; helps to find the entry", Purposes: toIdentify, Data: "business-number",
		Label: text("Vergi kimlik numarası", "Tax number"), Help: text("10 rakam.", "10 digits."), Input: "numeric",
		read: shows(person.ParseVKN), at: func(a *Answers) *privacy.SealedValue { return &a.TaxNumber }, key: "application.Answers.TaxNumber"},
	{Name: "detsis", Part: PartBody, Need: Mandatory, Source: "REQ-8; directory communique, public body", Purposes: toIdentify, Data: "business-number",
		Label: text("DETSİS numarası", "DETSİS number"), Input: "numeric",
		read: shows(person.ParseDETSIS), at: func(a *Answers) *privacy.SealedValue { return &a.DETSIS }, key: "application.Answers.DETSIS"},
	{Name: "title", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toIdentify, Data: "business-title",
		Label: text("Tam unvan", "Full name"), Help: text("Sicildeki gibi.", "As registered."), Auto: "organization",
		read: shows(person.ParseTitle), at: func(a *Answers) *privacy.SealedValue { return &a.Title }, key: "application.Answers.Title"},
	{Name: "short-name", Part: PartSeat, Source: "REQ-25", Purposes: toOpen, Data: "business-title",
		Label: text("Adreste kullanılacak kısa ad", "Short name for the address"),
		read:  shows(person.ParseTitle), at: func(a *Answers) *privacy.SealedValue { return &a.ShortName }, key: "application.Answers.ShortName"},
	{Name: "activity", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toOpen, Data: "business-title",
		Label: text("Ana faaliyet alanı", "Main field of activity"),
		read:  shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.Activity }, key: "application.Answers.Activity"},
	{Name: "seat-province", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toOpen, Data: "postal-address",
		Label: text("Merkezin bulunduğu il", "Province of the head office"), Auto: "address-level1",
		read: province, at: func(a *Answers) *privacy.SealedValue { return &a.Province }, key: "application.Answers.Province"},
	{Name: "seat-address", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toOpen, Data: "postal-address",
		Label: text("Adres (mahalle, cadde veya sokak, no)", "Address (quarter, street, number)"), Auto: "street-address",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.AddressLine }, key: "application.Answers.AddressLine"},
	{Name: "seat-district", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toOpen, Data: "postal-address",
		Label: text("İlçe", "District"), Auto: "address-level2",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.District }, key: "application.Answers.District"},
	{Name: "seat-postal-code", Part: PartSeat, Need: Mandatory, Source: directoryLegal, Purposes: toOpen, Data: "postal-address",
		Label: text("Posta kodu", "Postal code"), Help: text("5 rakam.", "5 digits."), Input: "numeric", Auto: "postal-code",
		read: shows(person.ParsePostalCode), at: func(a *Answers) *privacy.SealedValue { return &a.PostalCode }, key: "application.Answers.PostalCode"},

	{Name: "address", Part: PartHome, Source: directoryOptional + "; REQ-15", Purposes: toIdentify, Data: "postal-address",
		Label: text("Adres (mahalle, cadde veya sokak, no)", "Address (quarter, street, number)"), Help: text("Adresinizde doğrulama isterseniz gereklidir.", "Needed if somebody is to call on you."), Auto: "street-address",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.AddressLine }, key: "application.Answers.AddressLine"},
	{Name: "district", Part: PartHome, Source: directoryOptional + "; REQ-15", Purposes: toIdentify, Data: "postal-address",
		Label: text("İlçe", "District"), Auto: "address-level2",
		read: shows(person.ParseLine), at: func(a *Answers) *privacy.SealedValue { return &a.District }, key: "application.Answers.District"},
	{Name: "province", Part: PartHome, Source: directoryOptional + "; REQ-15", Purposes: toIdentify, Data: "postal-address",
		Label: text("İl", "Province"), Auto: "address-level1",
		read: province, at: func(a *Answers) *privacy.SealedValue { return &a.Province }, key: "application.Answers.Province"},
	{Name: "postal-code", Part: PartHome, Source: directoryOptional + "; REQ-15", Purposes: toIdentify, Data: "postal-address",
		Label: text("Posta kodu", "Postal code"), Help: text("5 rakam.", "5 digits."), Input: "numeric", Auto: "postal-code",
		read: shows(person.ParsePostalCode), at: func(a *Answers) *privacy.SealedValue { return &a.PostalCode }, key: "application.Answers.PostalCode"},

	{Name: "mobile", Part: PartContact, Need: Mandatory, Source: "REQ-30", Purposes: toReach, Data: "phone",
		Label: text("Cep telefonu", "Mobile phone"), Help: text("Hesabı açmak için kod gönderilir.", "A code for opening the account goes there."), Input: "tel", Auto: "tel",
		read: shows(person.ParseMobile), at: func(a *Answers) *privacy.SealedValue { return &a.Mobile }, key: "application.Answers.Mobile"},
	{Name: "mail-address", Part: PartContact, Need: Mandatory, Source: "REQ-30", Purposes: toReach, Data: "mail-address",
		Label: text("E-posta adresi", "E-mail address"), Help: text("Bildirimler için; KEP adresi olamaz.", "For notices; not a KEP address."), Input: "email", Auto: "email",
		read: shows(person.ParseMailAddress), at: func(a *Answers) *privacy.SealedValue { return &a.MailAddress }, key: "application.Answers.MailAddress"},

	{Name: "kep-address", Part: PartAccount, Need: Mandatory, Source: "REQ-25", Purposes: toOpen, Data: "wished-address",
		Label: text("İstenen KEP adresi", "Wished KEP address"), Help: text("Önerilenlerden biri veya kurala uyan başka bir adres.", "One of the proposals, or another by the rules."), Auto: "off",
		at: func(a *Answers) *privacy.SealedValue { return &a.Address }, key: "application.Answers.Address"},
	{Name: "service", Part: PartAccount, Source: directoryOptional + "; REQ-31", Purposes: toOpen, Data: "account-service",
		Label: text("Hizmet alma şekli", "Form of service"), Help: text("Seçilmezse yalnız alıcı. Göndermek için nitelikli sertifika gerekir.", "Receive-only if none is chosen. Sending needs a qualified certificate."),
		Choices: []Choice{{ReceiveOnly, text("Yalnız alıcı", "Receive only")}, {SendAndReceive, text("Gönderici ve alıcı", "Send and receive")}},
		at:      func(a *Answers) *privacy.SealedValue { return &a.Service }, key: "application.Answers.Service"},
}

// asked reports whether a part is asked of a kind.
func (p Part) asked(k person.Kind, represented bool) bool {
	switch p {
	case PartPerson, PartHome:
		return k == person.Natural
	case PartRepresentative:
		return k.Legal() || represented
	case PartBusiness:
		return k == person.Private
	case PartBody:
		return k == person.Public
	case PartSeat:
		return k.Legal()
	}
	return true
}

// Fields lists what is asked of a kind of applicant, in order. represented means
// that a representative at law applies for a natural person; for a legal person
// somebody always does.
func Fields(k person.Kind, represented bool) []Field {
	var list []Field
	for _, f := range fields {
		if f.Part.asked(k, represented) {
			list = append(list, f)
		}
	}
	return list
}

// Sealed is the name under which the field is sealed: that of a holding of the
// inventory.
func (f *Field) Sealed() privacy.FieldID { return f.key }
