package person

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestNamesAreReadInTurkish(t *testing.T) {
	readings(t, []reading{
		{"name", "  Işıl   Çağrı ", "Işıl Çağrı", ""},
		{"name", "İbrahim Şükrü", "İbrahim Şükrü", ""},
		{"name", "Ümit-Can", "Ümit-Can", ""},
		{"name", "O’Neil", "O’Neil", ""},
		{"name", "Ğ", "Ğ", ""},
		{"name", "I\u0307brahim", "İbrahim", ""}, // taken apart, as macOS gives it
		{"name", "Əli", "Əli", ""},
		{"name", "Nguyễn", "Nguyễn", ""},
		{"name", "А\u043bи", "", WrongCharacters},  // Cyrillic А and л
		{"name", "\uff21li", "", WrongCharacters},  // full width
		{"name", "Ali\u200d", "", WrongCharacters}, // joined by nothing that is seen
		{"name", "Ali\u202eveli", "", WrongCharacters},
		{"name", "Ali\nVeli", "", WrongCharacters},
		{"name", "Ali2", "", WrongCharacters},
		{"name", "<b>", "", WrongCharacters},
		{"name", "Ali\xff", "", WrongCharacters},
		{"name", "-", "", NoLetter},
		{"name", "", "", Missing},
		{"name", strings.Repeat("ğ", 101), "", TooLong},
		{"name", strings.Repeat("ğ", 100), strings.Repeat("ğ", 100), ""},
		{"title", "Öğütçü & Oğulları 1923 A. Ş.", "Öğütçü & Oğulları 1923 A. Ş.", ""},
		{"title", "&", "", NoLetter},
		{"line", "Büyükdere Cad. No:5/A, Maslak", "Büyükdere Cad. No:5/A, Maslak", ""},
		{"line", "a\x00b", "", WrongCharacters},
	})
}

func mustName(t testing.TB, s string) Name {
	t.Helper()
	n, err := ParseName(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

func mustTitle(t testing.TB, s string) Title {
	t.Helper()
	n, err := ParseTitle(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

func TestNamesMeetByTurkishRules(t *testing.T) {
	for _, other := range []string{"IŞIK", "ışık", "Isik", "İsik", "I\u015eIK"} {
		if !mustName(t, "Işık").Same(mustName(t, other)) {
			t.Errorf("%s does not meet Işık", other)
		}
	}
	if mustName(t, "Işık").Same(mustName(t, "Işıl")) || (Name{}).Same(Name{}) {
		t.Error("different names meet")
	}
	for _, other := range []string{"ÖĞÜTÇÜ GIDA SANAYİ VE TİCARET ANONİM ŞİRKETİ", "Öğütçü Gıda San. ve Tic. A.Ş.", "öğütçü gıda san. & tic. a. ş."} {
		if !mustTitle(t, "Öğütçü Gıda Sanayi ve Ticaret A.Ş.").Same(mustTitle(t, other)) {
			t.Errorf("%s does not meet the title", other)
		}
	}
	if mustTitle(t, "Öğütçü Gıda A.Ş.").Same(mustTitle(t, "Öğütçü Gıda Ltd. Şti.")) {
		t.Error("two kinds of companies meet")
	}
}

// AT-27: whatever single character a name holds, it is refused or it is one of
// the letters of the Latin script, composed; none is a styled copy of an ASCII
// letter.
func TestNoLookAlikeComesIntoAName(t *testing.T) {
	taken := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		n, err := ParseName("a" + string(r) + "b")
		if err != nil || r < utf8.RuneSelf {
			continue
		}
		taken++
		if got := n.Reveal(); got == "akb" || got == "aKb" || got == "a b" || got == "aÅb" && r != 'Å' {
			continue // one that Unicode itself says is the same letter, or a space
		}
		if !unicode.Is(unicode.Latin, r) && r != '’' && !unicode.Is(unicode.Mn, r) {
			t.Errorf("U+%04X was taken", r)
		}
		for _, bad := range []rune{0x17F, 0xFF41, 0x1D400, 0x212A, 0x131A} {
			if r == bad {
				t.Errorf("U+%04X was taken", r)
			}
		}
	}
	if taken < 500 {
		t.Errorf("only %d characters beyond ASCII were taken", taken)
	}
}

func day(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, istanbul)
	if err != nil {
		panic(err)
	}
	return t
}

// REQ-10, REQ-19.
func TestDatesAreReadAndCounted(t *testing.T) {
	readings(t, []reading{
		{"date", "29.10.1990", "1990-10-29", ""},
		{"date", "29/10/1990", "1990-10-29", ""},
		{"date", "1990-10-29", "1990-10-29", ""},
		{"date", "29.02.2024", "2024-02-29", ""},
		{"date", "29.02.2023", "", NoSuchDate},
		{"date", "31.04.2023", "", NoSuchDate},
		{"date", "29.10/1990", "", NotADate},
		{"date", "29.10.90", "", NotADate},
		{"date", "1.1.1990", "", NotADate},
		{"date", "00.00.0000", "", NoSuchDate},
		{"date", "", "", Missing},
	})
	now := day("2026-11-23 10:00")
	for in, want := range map[string]Code{"24.11.2026": InTheFuture, "23.11.2026": "", "01.01.1890": TooLongAgo, "01.01.1900": ""} {
		if _, err := ParseBirthDate(in, now); CodeOf(err) != want {
			t.Errorf("born %s: %v, want %q", in, err, want)
		}
	}
	for _, c := range []struct {
		born, at string
		adult    bool
	}{
		{"2008-11-23", "2026-11-23 00:00", true},
		{"2008-11-24", "2026-11-23 23:59", false},
		{"2008-02-29", "2026-02-28 23:59", false},
		{"2008-02-29", "2026-03-01 00:00", true},
	} {
		d, err := ParseDate(c.born)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Adult(day(c.at).UTC()); got != c.adult {
			t.Errorf("born %s, at %s: adult %t", c.born, c.at, got)
		}
	}
	if (Date{}).Adult(now) || (Date{}).Covers(now) {
		t.Error("no date is a date")
	}
	until, err := ParseValidity("23.11.2026", day("2026-11-23 23:59").UTC())
	if err != nil || until.Page() != "23.11.2026" {
		t.Errorf("on its last day a document is valid: %v", err)
	}
	if _, err := ParseValidity("23.11.2026", day("2026-11-24 00:00").UTC()); CodeOf(err) != Expired {
		t.Errorf("a day later: %v", err)
	}
}
