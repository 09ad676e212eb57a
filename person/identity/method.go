package identity

import (
	"slices"

	"rem"
	"rem/person"
)

// A Method is a way of showing who one is. It is written in records, so the
// list is only ever added to.
type Method string

// The methods. The last four are the remote ones, and the only ones by which an
// application may be made wholly electronically without a signature (REQ-12).
const (
	Signature Method = "e-signature"
	Office    Method = "office"
	OnSite    Method = "on-site"
	EDevlet   Method = "e-devlet"
	Chip      Method = "document-chip-and-video"
	ChipCard  Method = "chip-card-and-signature"
	Video     Method = "face-to-face-video"
)

// Methods lists all of them in the order in which pages offer them.
func Methods() []Method { return []Method{Signature, Office, OnSite, EDevlet, Chip, ChipCard, Video} }

var names = map[Method]rem.Text{
	Signature: {Turkish: "Güvenli elektronik imza ile", English: "With a secure electronic signature"},
	Office:    {Turkish: "Ofisimizde", English: "At our office"},
	OnSite:    {Turkish: "Adresinizde, sözleşmeli kurum aracılığıyla", English: "At your address, by a contracted institution"},
	EDevlet:   {Turkish: "e-Devlet Kapısı ile", English: "Through the e-Devlet gate"},
	Chip:      {Turkish: "Çipli belge (NFC) ve görüntü ile", English: "With a document's chip (NFC) and video"},
	ChipCard:  {Turkish: "Çipli kimlik kartı ve kart imzası ile", English: "With the chip identity card and its signature"},
	Video:     {Turkish: "Görevliyle görüntülü görüşerek", English: "In a video call with an officer"},
}

// Name is what pages call it.
func (m Method) Name() rem.Text { return names[m] }

// Valid reports whether it is of the list.
func (m Method) Valid() bool { return slices.Contains(Methods(), m) }

// Automatic reports whether an adapter and not a natural person collects the
// record. What it says against an applicant goes to a person.
func (m Method) Automatic() bool { return m == Signature || m == EDevlet || m == Chip || m == ChipCard }

// Remote reports whether it is one of the four remote ones.
func (m Method) Remote() bool { return m == EDevlet || m == Chip || m == ChipCard || m == Video }

// An Offer is which methods the provider has, and where.
type Offer struct {
	Methods []Method
	// Institutions holds the provinces in which a contracted institution calls.
	Institutions []person.Province
}

// A Case is what of an application decides which methods are possible. Who shows
// himself is the applicant, or who applies for him.
type Case struct {
	Kind     person.Kind
	Identity person.IdentityKind // of who shows himself
	// Represented: a representative at law applies for a natural person.
	Represented bool
	// Province of the application's address; "" when none was given.
	Province person.Province
}

// A Why is the reason for which a method is not possible; stable, as its text
// may change.
type Why string

// The reasons.
const (
	NotOffered        Why = "not-offered"
	NeedsNumber       Why = "needs-identity-number"
	NeedsCitizen      Why = "needs-citizen"
	NeedsAddress      Why = "needs-address"
	NoInstitution     Why = "no-institution-there"
	NeedsPaperOfPower Why = "needs-proof-of-representation"
)

var whyTexts = map[Why]rem.Text{
	NotOffered:        {Turkish: "Bu yöntem şu anda sunulmuyor.", English: "This method is not offered at present."},
	NeedsNumber:       {Turkish: "Bu yöntem T.C. kimlik numarası veya yabancı kimlik numarası gerektirir; pasaport numarasıyla kullanılamaz.", English: "This method needs a citizen's or a foreigner's identity number; a passport number will not do."},
	NeedsCitizen:      {Turkish: "Bu yöntem T.C. kimlik kartı gerektirir.", English: "This method needs the identity card of a citizen."},
	NeedsAddress:      {Turkish: "Görevlinin gelebilmesi için başvuruya adres yazılmalıdır.", English: "For somebody to call, the application has to give an address."},
	NoInstitution:     {Turkish: "Bu ilde sözleşmeli kurumumuz yok.", English: "We have no contracted institution in this province."},
	NeedsPaperOfPower: {Turkish: "Yasal temsil belgesinin aslı görülmelidir; ofis veya adres yöntemini seçiniz.", English: "The original proof of representation has to be seen; please choose the office or your address."},
}

// Text is what stands beside the method.
func (w Why) Text() rem.Text { return whyTexts[w] }

// A Choice is a method with whether it is possible.
type Choice struct {
	Method Method
	Why    Why // "" when it is possible
}

// Possible reports whether it can be chosen.
func (c Choice) Possible() bool { return c.Why == "" }

// Choices lists every method, those that are not possible with the reason, so
// that nobody wonders where one is (REQ-13).
func Choices(c Case, o Offer) []Choice {
	list := make([]Choice, 0, len(names))
	for _, m := range Methods() {
		list = append(list, Choice{m, why(m, c, o)})
	}
	return list
}

// Possible looks one method up.
func Possible(m Method, c Case, o Offer) Choice { return Choice{m, why(m, c, o)} }

func why(m Method, c Case, o Offer) Why {
	number := c.Identity == person.Citizen || c.Identity == person.Foreigner
	switch {
	case !m.Valid() || !slices.Contains(o.Methods, m):
		return NotOffered
	// That a representative shows papers and not only himself is care of ours:
	// no text that was read says by which methods he may.
	case c.Represented && (m.Remote() || m == Signature):
		return NeedsPaperOfPower
	case m == OnSite && c.Province == "":
		return NeedsAddress
	case m == OnSite && !slices.Contains(o.Institutions, c.Province):
		return NoInstitution
	// A qualified certificate and the gate know people by such a number.
	case (m == Signature || m == EDevlet) && !number:
		return NeedsNumber
	case m == ChipCard && c.Identity != person.Citizen:
		return NeedsCitizen
	}
	return ""
}
