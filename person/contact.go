package person

import (
	"strings"

	"rem"
)

// A PostalCode is five digits, the first two of them the province's.
type PostalCode struct{ guarded }

// ParsePostalCode reads a postal code.
func ParsePostalCode(s string) (PostalCode, error) {
	d, err := digits(s, 5, 5)
	if err != nil {
		return PostalCode{}, err
	}
	if p := number(d[:2]); p < 1 || p > len(provinces) {
		return PostalCode{}, problem(NoSuchProvince)
	}
	return PostalCode{guard(d, maskEnd(d))}, nil
}

// Province is where the postal code lies; "" for none.
func (c PostalCode) Province() Province {
	if c.IsZero() {
		return ""
	}
	return Province(c.Reveal()[:2])
}

// A Province is one of the 81, by its two digits.
type Province string

// Name is the province's name.
func (p Province) Name() string {
	i := number(string(p)) - 1
	if len(p) != 2 || i < 0 || i >= len(provinces) {
		return ""
	}
	return provinces[i]
}

// Provinces lists all of them by their digits.
func Provinces() []Province {
	list := make([]Province, len(provinces))
	for i := range provinces {
		list[i] = Province([]byte{byte('0' + (i+1)/10), byte('0' + (i+1)%10)})
	}
	return list
}

// ParseProvince reads a province by its digits or its name.
func ParseProvince(s string) (Province, error) {
	s, err := words(s, 40)
	if err != nil {
		return "", err
	}
	for _, p := range Provinces() {
		if s == string(p) || nameKey(s) == nameKey(p.Name()) {
			return p, nil
		}
	}
	return "", problem(NotAChoice)
}

// provinces by their plate digits, which postal codes begin with.
var provinces = [...]string{
	"Adana", "Adıyaman", "Afyonkarahisar", "Ağrı", "Amasya", "Ankara", "Antalya", "Artvin", "Aydın", "Balıkesir",
	"Bilecik", "Bingöl", "Bitlis", "Bolu", "Burdur", "Bursa", "Çanakkale", "Çankırı", "Çorum", "Denizli",
	"Diyarbakır", "Edirne", "Elazığ", "Erzincan", "Erzurum", "Eskişehir", "Gaziantep", "Giresun", "Gümüşhane", "Hakkâri",
	"Hatay", "Isparta", "Mersin", "İstanbul", "İzmir", "Kars", "Kastamonu", "Kayseri", "Kırklareli", "Kırşehir",
	"Kocaeli", "Konya", "Kütahya", "Malatya", "Manisa", "Kahramanmaraş", "Mardin", "Muğla", "Muş", "Nevşehir",
	"Niğde", "Ordu", "Rize", "Sakarya", "Samsun", "Siirt", "Sinop", "Sivas", "Tekirdağ", "Tokat",
	"Trabzon", "Tunceli", "Şanlıurfa", "Uşak", "Van", "Yozgat", "Zonguldak", "Aksaray", "Bayburt", "Karaman",
	"Kırıkkale", "Batman", "Şırnak", "Bartın", "Ardahan", "Iğdır", "Yalova", "Karabük", "Kilis", "Osmaniye",
	"Düzce",
}

// A Phone is a number in the form of E.164: +905321234567.
type Phone struct{ guarded }

// ParsePhone reads a number as people in Türkiye write it (0532 123 45 67,
// 532…, +90 (532)…, 0090…), or any with + and the country's code.
func ParsePhone(s string) (Phone, error) {
	s, err := squeeze(s, 60)
	if err != nil {
		return Phone{}, err
	}
	s = strings.NewReplacer("(", "", ")", "", "-", "", ".", "", "/", "").Replace(s)
	s, plus := strings.CutPrefix(s, "+")
	if !plus {
		s, plus = strings.CutPrefix(s, "00")
	}
	if s == "" || len(s) > 15 || !allDigits(s) {
		return Phone{}, problem(NotAPhone)
	}
	switch {
	case plus && !strings.HasPrefix(s, "90"):
		if len(s) < 8 || s[0] == '0' { // E.164: fifteen digits at most, countries begin with 1 to 9
			return Phone{}, problem(NotAPhone)
		}
		return Phone{guard("+"+s, maskEnd("+"+s))}, nil
	case plus || len(s) == 12 && strings.HasPrefix(s, "90"):
		s = s[2:]
	case s[0] == '0':
		s = s[1:]
	}
	if len(s) != 10 || s[0] < '2' || s[0] > '5' {
		return Phone{}, problem(NotAPhone)
	}
	s = "+90" + s
	return Phone{guard(s, maskEnd(s))}, nil
}

// ParseMobile reads a number that text messages may reach: a mobile number of
// Türkiye, or one of another country, where it cannot be told.
func ParseMobile(s string) (Phone, error) {
	p, err := ParsePhone(s)
	if err != nil {
		return Phone{}, err
	}
	if n := p.Reveal(); strings.HasPrefix(n, "+90") && n[3] != '5' {
		return Phone{}, problem(NotMobile)
	}
	return p, nil
}

// A MailAddress is an ordinary e-mail address for notices. It is never a KEP
// address: those take no ordinary mail.
type MailAddress struct{ guarded }

// ParseMailAddress reads an address as RFC 5321 4.1.2 has it, without quotes,
// comments, literals or letters outside ASCII. The domain folds, the rest stays
// as it was written (RFC 5321 2.4).
func ParseMailAddress(s string) (MailAddress, error) {
	if len(s) > maxTyped {
		return MailAddress{}, problem(TooLong)
	}
	s = strings.Trim(s, " \t\u00a0")
	if s == "" {
		return MailAddress{}, problem(Missing)
	}
	if len(s) > 254 {
		return MailAddress{}, problem(TooLong)
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || !dotAtom(s[:at]) {
		return MailAddress{}, problem(NotAMailAddress)
	}
	domain := rem.FoldASCII(s[at+1:])
	if !hostName(domain) {
		return MailAddress{}, problem(NotAMailAddress)
	}
	// Any local part will do: the domain alone says that it is of KEP.
	if _, err := rem.ParseAddress("x@" + domain); err == nil {
		return MailAddress{}, problem(RegisteredMail)
	}
	return MailAddress{guard(s[:at]+"@"+domain, s[:1]+"***@***")}, nil
}

// dotAtom is RFC 5322 3.2.3, ASCII alone.
func dotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			c := atom[i]
			if !alphanumeric(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) < 0 {
				return false
			}
		}
	}
	return true
}

// hostName is a folded domain of two labels or more whose last is no number.
func hostName(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if !alphanumeric(l[i]) && l[i] != '-' {
				return false
			}
		}
	}
	return len(labels) > 1 && !allDigits(labels[len(labels)-1])
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
