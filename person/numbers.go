package person

import "strings"

// maxTyped bounds what is looked at of one field, in octets; the largest value
// that any field takes is far shorter.
const maxTyped = 2000

// A TCKN is the identity number of a citizen of Türkiye: eleven digits, the
// first not 0, the last two computed from the others.
type TCKN struct{ guarded }

// A ForeignerNumber is the identity number of a foreigner in Türkiye: as a TCKN,
// beginning with 99.
type ForeignerNumber struct{ guarded }

// A VKN is a tax number: ten digits, the last computed from the others. Leading
// zeros are part of it.
type VKN struct{ guarded }

// A MERSIS is a number of the central registry of businesses: sixteen digits.
// No rule for its check digit is published, so none is applied; what is true
// of it says the registry's answer (S22, REQ-16).
type MERSIS struct{ guarded }

// A RegistryNumber is a trade registry number. It means something only with
// the office that gave it.
type RegistryNumber struct{ guarded }

// A DETSIS is the number of a public body.
type DETSIS struct{ guarded }

// A DocumentNumber is that of an identity document, as printed, without spaces.
type DocumentNumber struct{ guarded }

// ParseTCKN reads a citizen's number. Spaces are dropped, also those that come
// with pasting. A number that begins with 99 is a foreigner's.
func ParseTCKN(s string) (TCKN, error) {
	d, err := citizenDigits(s)
	if err != nil {
		return TCKN{}, err
	}
	if strings.HasPrefix(d, foreigners) {
		return TCKN{}, problem(WrongFirstDigit)
	}
	return TCKN{guard(d, maskEnd(d))}, nil
}

// foreigners is how a foreigner's number begins.
const foreigners = "99"

// ParseForeignerNumber reads a foreigner's number.
func ParseForeignerNumber(s string) (ForeignerNumber, error) {
	d, err := citizenDigits(s)
	if err != nil {
		return ForeignerNumber{}, err
	}
	if !strings.HasPrefix(d, foreigners) {
		return ForeignerNumber{}, problem(WrongFirstDigit)
	}
	return ForeignerNumber{guard(d, maskEnd(d))}, nil
}

// citizenDigits checks what both kinds have in common.
func citizenDigits(s string) (string, error) {
	d, err := digits(s, 11, 11)
	if err != nil {
		return "", err
	}
	if d[0] == '0' {
		return "", problem(WrongFirstDigit)
	}
	odd, even := 0, 0
	for i := range 9 {
		if i%2 == 0 {
			odd += int(d[i] - '0')
		} else {
			even += int(d[i] - '0')
		}
	}
	// 7·odd − even may be negative, where % keeps the sign; 9·even is the same
	// modulo 10.
	tenth := (7*odd + 9*even) % 10
	if int(d[9]-'0') != tenth || int(d[10]-'0') != (odd+even+tenth)%10 {
		return "", problem(WrongCheckDigit)
	}
	return d, nil
}

// ParseVKN reads a tax number.
func ParseVKN(s string) (VKN, error) {
	d, err := digits(s, 10, 10)
	if err != nil {
		return VKN{}, err
	}
	if !vknChecks(d) {
		return VKN{}, problem(WrongCheckDigit)
	}
	return VKN{guard(d, maskEnd(d))}, nil
}

// vknChecks computes the last of ten digits.
func vknChecks(d string) bool {
	sum := 0
	for i := range 9 {
		t := (int(d[i]-'0') + 9 - i) % 10
		p := t
		if t != 9 {
			p = t * (1 << (9 - i)) % 9
			if t != 0 && p == 0 {
				p = 9
			}
		}
		sum += p
	}
	return int(d[9]-'0') == (10-sum%10)%10
}

// ParseMERSIS reads a MERSİS number; spaces and hyphens between groups are
// dropped.
func ParseMERSIS(s string) (MERSIS, error) {
	d, err := digits(strings.ReplaceAll(s, "-", ""), 16, 16)
	if err != nil {
		return MERSIS{}, err
	}
	return MERSIS{guard(d, maskEnd(d))}, nil
}

// Unusual reports that the number does not hold a tax number where most do. It
// is a hint to whoever looks at the case: there are real numbers like that.
func (m MERSIS) Unusual() bool {
	d := m.Reveal()
	return len(d) != 16 || d[0] != '0' || !vknChecks(d[1:11])
}

// ParseRegistryNumber reads a trade registry number: digits, with hyphens or a
// slash between them.
func ParseRegistryNumber(s string) (RegistryNumber, error) {
	s, err := squeeze(s, 20)
	if err != nil {
		return RegistryNumber{}, err
	}
	last := byte('-')
	for i := range len(s) {
		c := s[i]
		separator := c == '-' || c == '/'
		if !separator && (c < '0' || c > '9') {
			return RegistryNumber{}, problem(NotDigits)
		}
		if separator && (last == '-' || last == '/') {
			return RegistryNumber{}, problem(WrongCharacters)
		}
		last = c
	}
	if last == '-' || last == '/' {
		return RegistryNumber{}, problem(WrongCharacters)
	}
	return RegistryNumber{guard(s, maskEnd(s))}, nil
}

// ParseDETSIS reads the number of a public body: digits. That there are eight
// is usage and in no text that was read; up to ten are taken.
func ParseDETSIS(s string) (DETSIS, error) {
	d, err := digits(s, 4, 10)
	if err != nil {
		return DETSIS{}, err
	}
	return DETSIS{guard(d, maskEnd(d))}, nil
}

// ParseDocumentNumber reads the number of an identity document: letters and
// digits of ASCII, four to twenty, written in capitals.
func ParseDocumentNumber(s string) (DocumentNumber, error) {
	s, err := squeeze(s, 20)
	if err != nil {
		return DocumentNumber{}, err
	}
	b := []byte(s)
	for i, c := range b {
		switch {
		case 'a' <= c && c <= 'z':
			b[i] = c - ('a' - 'A')
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			return DocumentNumber{}, problem(WrongCharacters)
		}
	}
	if len(b) < 4 {
		return DocumentNumber{}, problem(WrongLength)
	}
	return DocumentNumber{guard(string(b), maskEnd(string(b)))}, nil
}

// digits reads a number of ASCII digits, spaces dropped.
func digits(s string, least, most int) (string, error) {
	s, err := squeeze(s, maxTyped)
	if err != nil {
		return "", err
	}
	if !allDigits(s) {
		return "", problem(NotDigits)
	}
	if len(s) < least || len(s) > most {
		return "", problem(WrongLength)
	}
	return s, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// spaces are those that people type and paste.
var spaces = strings.NewReplacer(" ", "", "\t", "", "\u00a0", "", "\u2007", "", "\u2009", "", "\u202f", "")

// squeeze drops every space and bounds the rest.
func squeeze(s string, most int) (string, error) {
	if len(s) > maxTyped {
		return "", problem(TooLong)
	}
	s = spaces.Replace(s)
	switch {
	case s == "":
		return "", problem(Missing)
	case len(s) > most:
		return "", problem(TooLong)
	}
	return s, nil
}

// An IdentityNumber is the number that the directory knows a natural person by:
// a citizen's, a foreigner's, or for who has neither that of a passport.
type IdentityNumber struct {
	guarded
	kind IdentityKind
}

// An IdentityKind says whose list an identity number is of.
type IdentityKind uint8

// The kinds.
const (
	Citizen IdentityKind = iota + 1
	Foreigner
	Passport
)

// Kind says which number it is; 0 for none.
func (n IdentityNumber) Kind() IdentityKind { return n.kind }

// ParseIdentityNumber reads a citizen's or a foreigner's number, told apart by
// how they begin.
func ParseIdentityNumber(s string) (IdentityNumber, error) {
	d, err := citizenDigits(s)
	if err != nil {
		return IdentityNumber{}, err
	}
	kind := Citizen
	if strings.HasPrefix(d, foreigners) {
		kind = Foreigner
	}
	return IdentityNumber{guard(d, maskEnd(d)), kind}, nil
}

// PassportIdentity makes a passport's number the number that a person is known
// by.
func PassportIdentity(n DocumentNumber) IdentityNumber {
	return IdentityNumber{n.guarded, Passport}
}
