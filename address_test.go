package rem_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rem"
)

// REQ-25: the grammar of the directory and address communique for legal
// persons, and of practice for natural ones.
func TestAddressesAreThoseOfRegisteredMail(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	taken := []struct{ name, written, want, code, provider string }{
		{"natural person", "ali.yilmaz@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"natural person with a suffix", "ali.yilmaz.1@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"two given names", "ali.can.yilmaz@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"legal person by its number", "0123456789012345@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"legal person with its own label", "egeuniversitesi@egeuniversitesi.hs03.kep.tr", "", "hs03", "hs03.kep.tr"},
		{"hyphens inside", "a-b.c--d@x-y.hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"underscore of practice", "ali_yilmaz@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"upper case is stored lower", "ALI.Yilmaz@HS01.KEP.TR", "ali.yilmaz@hs01.kep.tr", "hs01", "hs01.kep.tr"},
		{"the root of tests", "i@hs90.kep.test", "", "hs90", "hs90.kep.test"},
		{"a label of 63", label63 + "@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
		{"a user part of 64", label63[:31] + "." + label63[:32] + "@hs01.kep.tr", "", "hs01", "hs01.kep.tr"},
	}
	for _, c := range taken {
		t.Run(c.name, func(t *testing.T) {
			a, err := rem.ParseAddress(c.written)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == "" {
				want = c.written
			}
			if got := a.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if a.HSCode() != c.code || a.Provider() != c.provider {
				t.Errorf("got %s and %s, want %s and %s", a.HSCode(), a.Provider(), c.code, c.provider)
			}
			if a.Local()+"@"+a.Domain() != want {
				t.Errorf("the two sides are %q and %q", a.Local(), a.Domain())
			}
		})
	}
	refused := []struct{ name, written string }{
		{"empty", ""}, {"no @", "ali.hs01.kep.tr"}, {"two @", "ali@veli@hs01.kep.tr"}, {"an @ in the domain", "ali@hs01@kep.tr"},
		{"ordinary mail", "ali@gmail.com"}, {"no provider code", "a@kep.tr"}, {"a name for a code", "a@ptt.kep.tr"},
		{"Turkish letter", "ali.yılmaz@hs01.kep.tr"}, {"Turkish capital", "ALİ@hs01.kep.tr"}, {"Kelvin sign", "a\u212a@hs01.kep.tr"},
		{"long s", "a\u017f@hs01.kep.tr"}, {"full-width digit", "a@hs０1.kep.tr"}, {"Turkish domain", "ali@çay.hs01.kep.tr"},
		{"trailing dot of the user", "ali.@hs01.kep.tr"}, {"leading dot", ".ali@hs01.kep.tr"}, {"double dot", "ali..yilmaz@hs01.kep.tr"},
		{"trailing dot of the domain", "ali@hs01.kep.tr."}, {"leading dot of the domain", "ali@.hs01.kep.tr"}, {"double dot in the domain", "ali@hs01..kep.tr"},
		{"no user", "@hs01.kep.tr"}, {"no domain", "ali@"}, {"the code alone", "ali@hs01"}, {"code without its root", "ali@firma.hs01"},
		{"one digit", "a@hs1.kep.tr"}, {"three digits", "a@hs001.kep.tr"}, {"letters in the code", "a@hsab.kep.tr"}, {"another prefix", "a@hz01.kep.tr"},
		{"two labels before the code", "a@b.c.hs01.kep.tr"}, {"underscore in the domain", "a@b_c.hs01.kep.tr"},
		{"leading hyphen", "-a@hs01.kep.tr"}, {"trailing hyphen", "a-@hs01.kep.tr"}, {"hyphen before a dot", "a-.b@hs01.kep.tr"},
		{"a label of 64", strings.Repeat("a", 64) + "@hs01.kep.tr"},
		{"a user part of 65", strings.Repeat("a", 32) + "." + strings.Repeat("b", 32) + "@hs01.kep.tr"},
		{"space before", " ali@hs01.kep.tr"}, {"space after", "ali@hs01.kep.tr "}, {"space inside", "ali yilmaz@hs01.kep.tr"}, {"tab", "ali\t@hs01.kep.tr"},
		{"end of line", "ali@hs01.kep.tr\r\n"}, {"NUL", "ali\x00@hs01.kep.tr"}, {"C1 byte", "ali\x80@hs01.kep.tr"}, {"broken UTF-8", "ali\xff@hs01.kep.tr"},
		{"brackets", "<ali@hs01.kep.tr>"}, {"display name", "Ali <ali@hs01.kep.tr>"}, {"quoted", `"ali"@hs01.kep.tr`}, {"comment", "ali(x)@hs01.kep.tr"},
		{"route", "@b:ali@hs01.kep.tr"}, {"percent", "ali%b@hs01.kep.tr"}, {"plus", "ali+b@hs01.kep.tr"}, {"slash", "ali/b@hs01.kep.tr"},
		{"literal", "ali@[127.0.0.1]"}, {"path", "../a@hs01.kep.tr"}, {"soft hyphen", "a\u00adli@hs01.kep.tr"}, {"zero width space", "a\u200bli@hs01.kep.tr"},
		{"full stop of another script", "ali@hs01。kep.tr"},
	}
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			if a, err := rem.ParseAddress(c.written); !errors.Is(err, rem.ErrAddress) || !a.IsZero() {
				t.Errorf("got %q, %v; want ErrAddress", a.String(), err)
			}
		})
	}
}

func TestTheLengthOfAnAddressEndsAt254(t *testing.T) {
	root := strings.Repeat(strings.Repeat("c", 49)+".", 5) // 250
	for n, want := range map[int]bool{254: true, 255: false} {
		s := "a@hs01." + root[len(root)-(n-len("a@hs01.")-2):] + "tr"
		if s[7] == '.' {
			s = s[:7] + "d" + s[8:]
		}
		if len(s) != n {
			t.Fatalf("the test made %d octets, not %d", len(s), n)
		}
		if _, err := rem.ParseAddress(s); (err == nil) != want {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

func TestAnAddressIsReadFromItsTextAsItWasWritten(t *testing.T) {
	type record struct{ To, None rem.Address }
	written := record{To: rem.MustAddress("Ali.Yilmaz@firma.hs90.kep.test")}
	b, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	var got record
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got != written {
		t.Errorf("got %v, want %v", got, written)
	}
	for _, bad := range []string{`{"To":"ali@gmail.com"}`, `{"To":"<a@hs90.kep.test>"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestMustAddressPanicsForWhatIsNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	rem.MustAddress("ali@gmail.com")
}

func TestThePseudonymTellsAddressesApartWithoutSayingThem(t *testing.T) {
	a, b := rem.MustAddress("ali@hs90.kep.test"), rem.MustAddress("ali@hs91.kep.test")
	if a.Pseudonym() == b.Pseudonym() || a.Pseudonym() != rem.MustAddress("ALI@HS90.kep.test").Pseudonym() {
		t.Errorf("%s, %s", a.Pseudonym(), b.Pseudonym())
	}
	if strings.Contains(a.Pseudonym(), "ali") || !strings.HasSuffix(a.Pseudonym(), "@hs90") {
		t.Error(a.Pseudonym())
	}
	if got := (rem.Address{}).Pseudonym(); got != "none" {
		t.Errorf("no address is %q", got)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"ali.yilmaz@hs01.kep.tr", "EGE@Ege.HS03.kep.tr", "a@kep.tr", "a@hs01", "@", "", "a..b@hs01.kep.tr", "ALİ@hs01.kep.tr",
		"a@hs01.hs02.kep.tr", "a_b@hs99.kep.test", strings.Repeat("a", 65) + "@hs01.kep.tr", "a@b@hs01.kep.tr", "a\u212a@hs01.kep.tr",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := rem.ParseAddress(s)
		if err != nil {
			if !errors.Is(err, rem.ErrAddress) || !a.IsZero() {
				t.Fatalf("%q: %v, %q", s, err, a.String())
			}
			return
		}
		written := a.String()
		if written != rem.FoldASCII(s) || len(written) > 254 || len(a.Local()) > 64 {
			t.Fatalf("%q became %q", s, written)
		}
		if i := strings.IndexFunc(written, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_.@", r)
		}); i >= 0 {
			t.Fatalf("%q holds something else at %d", written, i)
		}
		if strings.Contains(written, "..") || strings.ContainsAny(a.Domain(), "@_") {
			t.Fatalf("%q", written)
		}
		if len(a.HSCode()) != 4 || !strings.HasPrefix(a.Provider(), a.HSCode()+".") || !strings.HasSuffix(a.Domain(), a.Provider()) {
			t.Fatalf("%q has code %q and provider %q", written, a.HSCode(), a.Provider())
		}
		again, err := rem.ParseAddress(written)
		if err != nil || again != a {
			t.Fatalf("%q read again: %v, %v", written, again, err)
		}
	})
}
