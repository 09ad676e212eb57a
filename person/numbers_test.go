package person

import (
	"fmt"
	"strings"
	"testing"
)

// parsers are the makers of every guarded type, by name.
var parsers = map[string]func(string) (fmt.Stringer, error){
	"tckn":      func(s string) (fmt.Stringer, error) { return ParseTCKN(s) },
	"foreigner": func(s string) (fmt.Stringer, error) { return ParseForeignerNumber(s) },
	"identity":  func(s string) (fmt.Stringer, error) { return ParseIdentityNumber(s) },
	"vkn":       func(s string) (fmt.Stringer, error) { return ParseVKN(s) },
	"mersis":    func(s string) (fmt.Stringer, error) { return ParseMERSIS(s) },
	"registry":  func(s string) (fmt.Stringer, error) { return ParseRegistryNumber(s) },
	"detsis":    func(s string) (fmt.Stringer, error) { return ParseDETSIS(s) },
	"document":  func(s string) (fmt.Stringer, error) { return ParseDocumentNumber(s) },
	"postal":    func(s string) (fmt.Stringer, error) { return ParsePostalCode(s) },
	"phone":     func(s string) (fmt.Stringer, error) { return ParsePhone(s) },
	"mobile":    func(s string) (fmt.Stringer, error) { return ParseMobile(s) },
	"mail":      func(s string) (fmt.Stringer, error) { return ParseMailAddress(s) },
	"name":      func(s string) (fmt.Stringer, error) { return ParseName(s) },
	"title":     func(s string) (fmt.Stringer, error) { return ParseTitle(s) },
	"line":      func(s string) (fmt.Stringer, error) { return ParseLine(s) },
	"date":      func(s string) (fmt.Stringer, error) { return ParseDate(s) },
}

type revealer interface{ Reveal() string }

type reading struct {
	parser, in string
	want       string // what is revealed
	code       Code   // or what is wrong
}

func readings(t *testing.T, list []reading) {
	t.Helper()
	for _, c := range list {
		v, err := parsers[c.parser](c.in)
		if got := CodeOf(err); got != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s %q: got %v, want %q", c.parser, c.in, err, c.code)
			continue
		}
		if got := v.(revealer).Reveal(); err == nil && got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.parser, c.in, got, c.want)
		}
	}
}

// The numbers are synthetic and satisfy the check digits (KEP 7.1, 7.2).
func TestNumbersAreReadByTheirCheckDigits(t *testing.T) {
	readings(t, []reading{
		{"tckn", "10000000146", "10000000146", ""},
		{"tckn", " 123 456 789 50 ", "12345678950", ""},
		{"tckn", "1234567\u00a08950", "12345678950", ""},
		{"tckn", "11111111110", "11111111110", ""},
		{"tckn", "90000000032", "90000000032", ""},
		{"tckn", "12345678901", "", WrongCheckDigit},
		{"tckn", "00000000000", "", WrongFirstDigit},
		{"tckn", "1000000014", "", WrongLength},
		{"tckn", "1000000014x", "", NotDigits},
		{"tckn", "١٠٠٠٠٠٠٠١٤٦", "", NotDigits},
		{"tckn", "", "", Missing},
		{"tckn", " \u00a0", "", Missing},
		{"tckn", "99999999990", "", WrongFirstDigit},
		{"foreigner", "99999999990", "99999999990", ""},
		{"foreigner", "10000000146", "", WrongFirstDigit},
		{"identity", "99999999990", "99999999990", ""},
		{"identity", "10000000146", "10000000146", ""},
		{"identity", "10000000147", "", WrongCheckDigit},
		{"vkn", "1234567890", "1234567890", ""},
		{"vkn", "1111111114", "1111111114", ""},
		{"vkn", "9876543217", "9876543217", ""},
		{"vkn", "0000000019", "0000000019", ""},
		{"vkn", "1234567891", "", WrongCheckDigit},
		{"vkn", "123456789", "", WrongLength},
		{"mersis", "0123456789000016", "0123456789000016", ""},
		{"mersis", "0123-4567-8900-0016", "0123456789000016", ""},
		{"mersis", "123", "", WrongLength},
		{"registry", "123456-0", "123456-0", ""},
		{"registry", "12/345", "12/345", ""},
		{"registry", "-12", "", WrongCharacters},
		{"registry", "12--3", "", WrongCharacters},
		{"registry", "A1", "", NotDigits},
		{"registry", strings.Repeat("1", 21), "", TooLong},
		{"detsis", "24308110", "24308110", ""},
		{"detsis", "123", "", WrongLength},
		{"document", "a01z 99999", "A01Z99999", ""},
		{"document", "A1", "", WrongLength},
		{"document", "Ş1234", "", WrongCharacters},
		{"document", "\u017f1234", "", WrongCharacters}, // a long s, which Unicode folds to s
	})
}

func TestEveryWrongDigitOfACitizensNumberIsFound(t *testing.T) {
	const good = "12345678950"
	for i := range good {
		for d := byte('0'); d <= '9'; d++ {
			if d == good[i] {
				continue
			}
			if _, err := ParseIdentityNumber(good[:i] + string(d) + good[i+1:]); err == nil {
				t.Errorf("digit %d as %c was taken", i+1, d)
			}
		}
	}
}

func TestIdentityNumbersSayWhoseListTheyAreOf(t *testing.T) {
	document, err := ParseDocumentNumber("U12345678")
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]IdentityKind{"10000000146": Citizen, "99999999990": Foreigner} {
		n, err := ParseIdentityNumber(number)
		if err != nil || n.Kind() != want {
			t.Errorf("%s: kind %d, %v", number, n.Kind(), err)
		}
	}
	if p := PassportIdentity(document); p.Kind() != Passport || p.Reveal() != "U12345678" {
		t.Errorf("a passport's number: kind %d", p.Kind())
	}
}

// "0 and a tax number" is a hint, never a condition.
func TestAnUnusualRegistryNumberIsTakenAndMarked(t *testing.T) {
	for number, want := range map[string]bool{"0123456789000016": false, "0123456789100016": true, "9123456789000016": true} {
		m, err := ParseMERSIS(number)
		if err != nil || m.Unusual() != want {
			t.Errorf("%s: unusual %t, %v", number, m.Unusual(), err)
		}
	}
}

func TestContactsAreReadAsPeopleWriteThem(t *testing.T) {
	readings(t, []reading{
		{"postal", "34485", "34485", ""},
		{"postal", "01000", "01000", ""},
		{"postal", "82000", "", NoSuchProvince},
		{"postal", "00100", "", NoSuchProvince},
		{"postal", "3448", "", WrongLength},
		{"phone", "0532 123 45 67", "+905321234567", ""},
		{"phone", "532 123 45 67", "+905321234567", ""},
		{"phone", "+90 (532) 123-45-67", "+905321234567", ""},
		{"phone", "0090 532 1234567", "+905321234567", ""},
		{"phone", "905321234567", "+905321234567", ""},
		{"phone", "0212 123 45 67", "+902121234567", ""},
		{"phone", "+49 30 1234567", "+49301234567", ""},
		{"phone", "0132 123 45 67", "", NotAPhone},
		{"phone", "+90 532 123 45 6", "", NotAPhone},
		{"phone", "532123456a", "", NotAPhone},
		{"phone", "+0123456789", "", NotAPhone},
		{"phone", strings.Repeat("9", 40), "", NotAPhone},
		{"phone", "++905321234567", "", NotAPhone},
		{"mobile", "0532 123 45 67", "+905321234567", ""},
		{"mobile", "0212 123 45 67", "", NotMobile},
		{"mail", " Ayse.Ogut@Example.COM ", "Ayse.Ogut@example.com", ""},
		{"mail", "a+b@example.com.tr", "a+b@example.com.tr", ""},
		{"mail", "ali@hs01.kep.tr", "", RegisteredMail},
		{"mail", "ali@firma.hs01.kep.tr", "", RegisteredMail},
		{"mail", "ali@example", "", NotAMailAddress},
		{"mail", "ali@@example.com", "", NotAMailAddress},
		{"mail", "a..b@example.com", "", NotAMailAddress},
		{"mail", "\"a b\"@example.com", "", NotAMailAddress},
		{"mail", "ali@127.0.0.1", "", NotAMailAddress},
		{"mail", "ali@a.99999999999999999999", "", NotAMailAddress},
		{"mail", "m\u0131ke@example.com", "", NotAMailAddress}, // a dotless i: another's mailbox (AT-27)
		{"mail", "mike@e\u212aample.com", "", NotAMailAddress},
		{"mail", "a@example.com\nBcc: b@example.com", "", NotAMailAddress},
	})
}

func TestProvincesAreFoundByNameAndNumber(t *testing.T) {
	if n := len(Provinces()); n != 81 {
		t.Fatalf("%d provinces", n)
	}
	for in, want := range map[string]Province{"34": "34", "İSTANBUL": "34", "istanbul": "34", "Iğdır": "76", "IGDIR": "76", "81": "81", "Düzce": "81"} {
		if got, err := ParseProvince(in); got != want {
			t.Errorf("%s: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"82", "0", "Atlantis", ""} {
		if got, err := ParseProvince(in); err == nil {
			t.Errorf("%q gave %s", in, got)
		}
	}
	c, err := ParsePostalCode("34485")
	if err != nil || c.Province().Name() != "İstanbul" {
		t.Errorf("34485 lies in %q, %v", c.Province().Name(), err)
	}
}

func TestEveryCodeHasItsTextInBothLanguages(t *testing.T) {
	for code, text := range texts {
		if text.Turkish == "" || text.English == "" || strings.ContainsAny(string(code), " _") {
			t.Errorf("%s: %+v", code, text)
		}
	}
	if len(texts) < 30 {
		t.Errorf("only %d codes have a text", len(texts))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"10000000146", "1234567890", "0123-4567-8900-0016", "+90 (532) 123-45-67", "a.b@example.com", "Işıl Çağrı", "A. Ş. & Oğulları", "29.02.2024", "İ̇", "\u00a0", "99999999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range parsers {
			v, err := parse(s)
			if err != nil {
				if text := CodeOf(err).Text(); text.Turkish == "" {
					t.Fatalf("%s: %v has no text", name, err)
				}
				continue
			}
			whole := v.(revealer).Reveal()
			again, err := parse(whole)
			if err != nil || again.(revealer).Reveal() != whole {
				t.Fatalf("%s: %q reads %q reads %v, %v", name, s, whole, again, err)
			}
			if len(whole) > maxTyped || whole == "" {
				t.Fatalf("%s: %d octets of %q", name, len(whole), s)
			}
			if shown := v.String(); len(whole) > 4 && shown == whole {
				t.Fatalf("%s: %q shows itself", name, whole)
			}
		}
	})
}
