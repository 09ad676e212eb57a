package person

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"rem"
)

var forms = Forms{Provider: "hs90.kep.test"}

func natural(t testing.TB, given, family string) Naming {
	n := Naming{Kind: Natural, Family: mustName(t, family)}
	if given != "" {
		n.Given = mustName(t, given)
	}
	return n
}

// REQ-25: the table of KEP 7.3, with our provider.
func TestAddressesAreHeldAgainstTheGrammarAndTheApplicant(t *testing.T) {
	mersis, err := ParseMERSIS("0123456789000016")
	if err != nil {
		t.Fatal(err)
	}
	ali := natural(t, "Ali", "Yılmaz")
	university := Naming{Kind: Public, Title: mustTitle(t, "Ege Üniversitesi")}
	company := Naming{Kind: Private, Title: mustTitle(t, "Öğütçü Gıda A.Ş."), Short: mustTitle(t, "Öğütçü"), MERSIS: mersis}
	for _, c := range []struct {
		wish string
		who  Naming
		code Code
	}{
		{"ali.yilmaz@hs90.kep.test", ali, ""},
		{"Ali.Yilmaz@HS90.kep.test", ali, ""},
		{"ali.yilmaz.1@hs90.kep.test", ali, ""},
		{"ali.yilmaz.avukat@hs90.kep.test", ali, ""},
		{"ali.yilmaz.1.2@hs90.kep.test", ali, AddressNotTheirs},
		{"ali.yilmaz.a-b@hs90.kep.test", ali, AddressNotTheirs},
		{"ali.yilmaz." + strings.Repeat("1", 17) + "@hs90.kep.test", ali, AddressNotTheirs},
		{"ali.yılmaz@hs90.kep.test", ali, AddressForm},
		{"veli.yilmaz@hs90.kep.test", ali, AddressNotTheirs},
		{"yilmaz.ali@hs90.kep.test", ali, AddressNotTheirs},
		{"ali@hs90.kep.test", ali, AddressNotTheirs},
		{"ali_yilmaz@hs90.kep.test", ali, AddressForm},
		{"ali.yilmaz@hs91.kep.test", ali, AddressProvider},
		{"ali.yilmaz@firma.hs90.kep.test", ali, AddressNotTheirs},
		{"ali@gmail.com", ali, AddressForm},
		{"a@kep.test", ali, AddressForm},
		{"a@ptt.kep.test", ali, AddressForm},
		{"ali..yilmaz@hs90.kep.test", ali, AddressForm},
		{"ali.yilmaz.@hs90.kep.test", ali, AddressForm},
		{"ali.yilmaz@hs90.kep.test.", ali, AddressForm},
		{strings.Repeat("a", 65) + "@hs90.kep.test", ali, AddressTooLong},
		{strings.Repeat("a", 300) + "@hs90.kep.test", ali, AddressTooLong},
		{"", ali, Missing},
		{"egeuniversitesi@hs90.kep.test", university, ""},
		{"ege-universitesi@hs90.kep.test", university, ""},
		{"egeuniversitesi@egeuniversitesi.hs90.kep.test", university, ""},
		{"egeuniversitesi.rektorluk@egeuniversitesi.hs90.kep.test", university, ""},
		{"egeuniversitesi@ankarauniversitesi.hs90.kep.test", university, AddressNotTheirs},
		{"rektorluk@egeuniversitesi.hs90.kep.test", university, AddressNotTheirs},
		{"0123456789000016@hs90.kep.test", company, ""},
		{"0123456789000016.muhasebe@hs90.kep.test", company, ""},
		{"0123456789000016@hs90.kep.test", university, AddressNotTheirs},
		{"ogutcugidaas@hs90.kep.test", company, ""},
		{"ogutcu@ogutcu.hs90.kep.test", company, ""},
	} {
		a, err := forms.Check(c.wish, c.who)
		if CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%q: got %v, want %q", c.wish, err, c.code)
		}
		if err == nil && a.String() != rem.FoldASCII(c.wish) {
			t.Errorf("%q became %s", c.wish, a)
		}
	}
}

func TestSettingsOpenWhatIsKnownFromPracticeAlone(t *testing.T) {
	one := Naming{Kind: Natural, Given: mustName(t, "Suharto")}
	if _, err := forms.Proposals(one, 3); CodeOf(err) != AddressTooLong {
		t.Errorf("a single name gave %v", err)
	}
	open := Forms{Provider: forms.Provider, OneName: true, FamilyFirst: true}
	list, err := open.Proposals(one, 3)
	if err != nil || fmt.Sprint(list) != "[suharto@hs90.kep.test suharto.1@hs90.kep.test suharto.2@hs90.kep.test]" {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err := open.Check("yilmaz.ali@hs90.kep.test", natural(t, "Ali", "Yılmaz")); err != nil {
		t.Error(err)
	}
}

// REQ-26: always the same list, without anything else about the person.
func TestProposalsAreTheSameEveryTime(t *testing.T) {
	for _, c := range []struct {
		who  Naming
		want string
	}{
		{natural(t, "Işıl Çağrı", "Öğütçü"), "[isil.cagri.ogutcu@hs90.kep.test isil.ogutcu@hs90.kep.test cagri.ogutcu@hs90.kep.test isil.cagri.ogutcu.1@hs90.kep.test isil.ogutcu.1@hs90.kep.test isil.cagri.ogutcu.2@hs90.kep.test]"},
		{natural(t, "Ümit-Can", "Doğan Şen"), "[umit.can.dogan-sen@hs90.kep.test umit.dogan-sen@hs90.kep.test can.dogan-sen@hs90.kep.test umit.can.dogan-sen.1@hs90.kep.test umit.dogan-sen.1@hs90.kep.test umit.can.dogan-sen.2@hs90.kep.test]"},
		{natural(t, "Łukasz", "Größe"), "[lukasz.grosse@hs90.kep.test lukasz.grosse.1@hs90.kep.test lukasz.grosse.2@hs90.kep.test lukasz.grosse.3@hs90.kep.test lukasz.grosse.4@hs90.kep.test lukasz.grosse.5@hs90.kep.test]"},
		{Naming{Kind: Public, Title: mustTitle(t, "Ege Üniversitesi"), OwnDomain: true}, "[egeuniversitesi@egeuniversitesi.hs90.kep.test ege-universitesi@egeuniversitesi.hs90.kep.test egeuniversitesi.1@egeuniversitesi.hs90.kep.test ege-universitesi.1@egeuniversitesi.hs90.kep.test egeuniversitesi.2@egeuniversitesi.hs90.kep.test ege-universitesi.2@egeuniversitesi.hs90.kep.test]"},
	} {
		for range 3 {
			list, err := forms.Proposals(c.who, 6)
			if got := fmt.Sprint(list); err != nil || got != c.want {
				t.Fatalf("got  %s, %v\nwant %s", got, err, c.want)
			}
		}
	}
}

// A title that reads as a provider's code gives no domain of its own: it would
// be another provider's.
func TestATitleCannotPassForAProvider(t *testing.T) {
	n := Naming{Kind: Private, Title: mustTitle(t, "HS 01"), OwnDomain: true}
	list, err := forms.Proposals(n, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Provider() != forms.Provider {
			t.Errorf("proposed %s", a)
		}
	}
	if _, err := forms.Check("hs01@hs01.hs90.kep.test", n); err == nil {
		t.Error("another provider's code was taken as a domain")
	}
}

// AT-27: of all characters, in all places of a name, the address is ASCII, and
// no character outside it comes into an address that is checked.
func TestOneFoldForEveryLetter(t *testing.T) {
	ali := natural(t, "Ali", "Yılmaz")
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		for _, wish := range []string{"al" + string(r) + ".yilmaz@hs90.kep.test", string(r) + "ali.yilmaz@hs90.kep.test", "ali.yilmaz@hs90.kep.test" + string(r), "ali.yilmaz@hs90." + string(r) + "ep.test"} {
			if a, err := forms.Check(wish, ali); err == nil && r != 0xa0 {
				t.Fatalf("U+%04X: %q became %s", r, wish, a)
			}
		}
		name, err := ParseName("A" + string(r) + "i")
		if err != nil {
			continue
		}
		list, err := forms.Proposals(Naming{Kind: Natural, Given: name, Family: ali.Family}, 2)
		if err != nil {
			t.Fatalf("U+%04X: %v", r, err)
		}
		for _, a := range list {
			for _, c := range []byte(a.String()) {
				if c >= 0x80 {
					t.Fatalf("U+%04X: %s", r, a)
				}
			}
		}
	}
}

func TestEveryProposalPassesTheCheck(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("abcçdefgğhıijklmnoöprsştuüvyzABCÇIİŞéñßəł -'.")), 1, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		n := Naming{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), OwnDomain: rapid.Bool().Draw(t, "domain")}
		given, err1 := ParseName(letters.Draw(t, "given"))
		family, err2 := ParseName(letters.Draw(t, "family"))
		title, err3 := ParseTitle(letters.Draw(t, "title"))
		if err1 != nil || err2 != nil || err3 != nil {
			t.Skip("no names")
		}
		if n.Kind == Natural {
			n.Given, n.Family = given, family
		} else {
			n.Title = title
		}
		list, err := forms.Proposals(n, 20)
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		for i, a := range list {
			got, err := forms.Check(a.String(), n)
			if err != nil || got != a {
				t.Fatalf("%s: %v", a, err)
			}
			if slices.Contains(list[:i], a) {
				t.Fatalf("%s is proposed twice", a)
			}
		}
	})
}

func FuzzCheckAddress(f *testing.F) {
	for _, s := range []string{"ali.yilmaz@hs90.kep.test", "ALI.YILMAZ.9@hs90.kep.test", "ali.yılmaz@hs90.kep.test", "@", "ali.yilmaz@x.hs90.kep.test"} {
		f.Add(s)
	}
	ali := Naming{Kind: Natural, Given: mustName(f, "Ali"), Family: mustName(f, "Yılmaz")}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := forms.Check(s, ali)
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if a.Domain() != forms.Provider || a.Local() != "ali.yilmaz" && !strings.HasPrefix(a.Local(), "ali.yilmaz.") {
			t.Fatalf("%q gave %s", s, a)
		}
		if again, err := forms.Check(a.String(), ali); err != nil || again != a {
			t.Fatalf("%s reads as %s, %v", a, again, err)
		}
	})
}
