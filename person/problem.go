package person

import (
	"errors"
	"fmt"
	"strings"

	"rem"
)

// A Code says what is wrong with the content of a field. Codes are stable:
// interfaces give them to programs, and bulk reports hold them.
type Code string

// The codes.
const (
	Missing          Code = "missing"
	TooLong          Code = "too-long"
	NotDigits        Code = "not-digits"
	WrongLength      Code = "wrong-length"
	WrongFirstDigit  Code = "wrong-first-digit"
	WrongCheckDigit  Code = "wrong-check-digit"
	WrongCharacters  Code = "wrong-characters"
	NoLetter         Code = "no-letter"
	NotADate         Code = "not-a-date"
	NoSuchDate       Code = "no-such-date"
	InTheFuture      Code = "in-the-future"
	TooLongAgo       Code = "too-long-ago"
	NotOfAge         Code = "not-of-age"
	Expired          Code = "expired"
	NoSuchProvince   Code = "no-such-province"
	NotAPhone        Code = "not-a-phone"
	NotMobile        Code = "not-a-mobile-phone"
	NotAMailAddress  Code = "not-a-mail-address"
	RegisteredMail   Code = "registered-mail-address"
	NotAChoice       Code = "not-a-choice"
	NotAsked         Code = "not-asked"
	Repeated         Code = "repeated"
	AddressForm      Code = "address-form"
	AddressProvider  Code = "address-of-another-provider"
	AddressNotTheirs Code = "address-not-of-applicant"
	AddressTaken     Code = "address-taken"
	AddressTooLong   Code = "address-too-long"
	NotAccepted      Code = "not-accepted"
	OneOfTwo         Code = "one-of-two-needed"
	SamePerson       Code = "same-person"
)

// texts are what stands beside the field.
var texts = map[Code]rem.Text{
	Missing:          {Turkish: "Bu alan doldurulmalıdır.", English: "This field has to be filled in."},
	TooLong:          {Turkish: "Bu alana daha kısa bir metin yazınız.", English: "Please write a shorter text here."},
	NotDigits:        {Turkish: "Yalnızca rakam yazınız.", English: "Please write digits only."},
	WrongLength:      {Turkish: "Rakam sayısı doğru değil; eksik veya fazla rakam var.", English: "The number of digits is not right; some are missing or too many."},
	WrongFirstDigit:  {Turkish: "Bu numara bu rakamla başlamaz.", English: "This number does not begin with this digit."},
	WrongCheckDigit:  {Turkish: "Numarada yazım hatası var: denetim rakamı tutmuyor.", English: "The number is mistyped: its check digit does not match."},
	WrongCharacters:  {Turkish: "Burada kullanılamayan bir karakter var.", English: "There is a character that cannot be used here."},
	NoLetter:         {Turkish: "En az bir harf yazınız.", English: "Please write at least one letter."},
	NotADate:         {Turkish: "Tarihi gün.ay.yıl olarak yazınız, örneğin 29.10.1990.", English: "Please write the date as day.month.year, for example 29.10.1990."},
	NoSuchDate:       {Turkish: "Takvimde böyle bir gün yok.", English: "There is no such day in the calendar."},
	InTheFuture:      {Turkish: "Bu tarih gelecekte.", English: "This date is in the future."},
	TooLongAgo:       {Turkish: "Bu tarih çok eski; yılı kontrol ediniz.", English: "This date is too long ago; please check the year."},
	NotOfAge:         {Turkish: "18 yaşını doldurmamış kişi adına yasal temsilcisi başvurur.", English: "For somebody under 18 the legal representative applies."},
	Expired:          {Turkish: "Belgenin geçerlilik süresi dolmuş.", English: "The document is no longer valid."},
	NoSuchProvince:   {Turkish: "Posta kodunun ilk iki rakamı bir ilin kodu olmalıdır (01–81).", English: "The first two digits of the postal code have to be those of a province (01–81)."},
	NotAPhone:        {Turkish: "Telefon numarasını 05XX XXX XX XX veya +ülke kodu ile yazınız.", English: "Please write the phone number as 05XX XXX XX XX, or with + and the country code."},
	NotMobile:        {Turkish: "Kısa mesaj alabilen bir cep telefonu numarası yazınız.", English: "Please write a mobile number that can receive text messages."},
	NotAMailAddress:  {Turkish: "Geçerli bir e-posta adresi yazınız, örneğin ad@ornek.com.tr.", English: "Please write a valid e-mail address, for example name@example.com."},
	RegisteredMail:   {Turkish: "Bildirimler KEP adresine gönderilemez; olağan bir e-posta adresi yazınız.", English: "Notices cannot go to a registered address; please write an ordinary e-mail address."},
	NotAChoice:       {Turkish: "Listedeki seçeneklerden birini seçiniz.", English: "Please choose one of the list."},
	NotAsked:         {Turkish: "Bu bilgi bu başvuruda istenmiyor; alanı boş bırakınız.", English: "This is not asked in this application; please leave it empty."},
	Repeated:         {Turkish: "Bu değer daha önce de verilmiş.", English: "This value was given before."},
	AddressForm:      {Turkish: "Adres küçük harf, rakam, kısa çizgi ve tek noktalardan oluşur; Türkçe harf içermez.", English: "An address is made of letters without accents, digits, hyphens and single dots."},
	AddressProvider:  {Turkish: "Adresin alan adı bu sağlayıcının değil.", English: "The address's domain is not this provider's."},
	AddressNotTheirs: {Turkish: "Adres, başvuru sahibinin adı, unvanı veya MERSİS numarasıyla başlamalıdır.", English: "The address has to begin with the applicant's name, title or MERSİS number."},
	AddressTaken:     {Turkish: "Bu adres kullanılıyor veya daha önce kullanılmış; önerilerden birini seçiniz.", English: "This address is, or was, in use; please choose one of the proposals."},
	AddressTooLong:   {Turkish: "Adres çok uzun; daha kısa bir biçim seçiniz.", English: "The address is too long; please choose a shorter form."},
	NotAccepted:      {Turkish: "Devam etmek için bu metni okuyup kabul etmeniz gerekir.", English: "To go on you have to read and accept this text."},
	OneOfTwo:         {Turkish: "MERSİS numarası veya ticaret sicil numarasından biri yazılmalıdır.", English: "Either the MERSİS number or the trade registry number is needed."},
	SamePerson:       {Turkish: "Temsilci ile temsil edilen aynı kişi olamaz.", English: "The representative and the represented cannot be one person."},
}

// Text is what people read; every code has both languages.
func (c Code) Text() rem.Text { return texts[c] }

// A Problem is what is wrong with one field. It holds nothing that was typed.
type Problem struct {
	Field string // its name in the form; empty outside one
	Code  Code
}

// Error names field and code.
func (p *Problem) Error() string {
	if p.Field == "" {
		return fmt.Sprintf("%s: %s", p.Code, p.Code.Text().English)
	}
	return fmt.Sprintf("%s: %s: %s", p.Field, p.Code, p.Code.Text().English)
}

// Text is what stands beside the field.
func (p *Problem) Text() rem.Text { return p.Code.Text() }

func problem(c Code) error { return &Problem{Code: c} }

// CodeOf finds the code of an error of this package, or "".
func CodeOf(err error) Code {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code
	}
	return ""
}

// Problems are all that is wrong with a form, in the order of its fields.
type Problems []*Problem

// Error names all of them.
func (ps Problems) Error() string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.Error()
	}
	return strings.Join(all, "; ")
}

// Of returns the first problem of a field, or nil.
func (ps Problems) Of(field string) *Problem {
	for _, p := range ps {
		if p.Field == field {
			return p
		}
	}
	return nil
}

// Add puts an error of this package down to a field; nil adds nothing. Any
// other error is a fault of ours and is returned.
func (ps *Problems) Add(field string, err error) error {
	if err == nil {
		return nil
	}
	c := CodeOf(err)
	if c == "" {
		return err
	}
	*ps = append(*ps, &Problem{field, c})
	return nil
}
