package rem_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"rem"
)

// AT-27: every code point, at every place of an identifier, keeps to itself;
// only A to Z meet a to z.
func TestOnlyASCIILettersFold(t *testing.T) {
	places := []struct{ name, before, after string }{{"first", "", "li@x"}, {"middle", "a", "i"}, {"last", "al", ""}}
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			seen := make(map[string]rune, utf8.MaxRune)
			for r := rune(0); r <= utf8.MaxRune; r++ {
				if 0xd800 <= r && r <= 0xdfff {
					continue // surrogates are no characters
				}
				written := p.before + string(r) + p.after
				key := rem.FoldASCII(written)
				other, met := seen[key]
				upper := 'A' <= r && r <= 'Z'
				lower := 'a' <= r && r <= 'z'
				switch {
				case upper && key != p.before+string(r+'a'-'A')+p.after:
					t.Fatalf("%q folds to %q", written, key)
				case !upper && key != written:
					t.Fatalf("%q folds to %q", written, key)
				case met && (!lower || other != r-'a'+'A'):
					t.Fatalf("%U and %U have the key %q", other, r, key)
				case lower && !met:
					t.Fatalf("%U does not meet its upper case", r)
				}
				seen[key] = r
			}
		})
	}
}

func TestFoldingKeepsBytesThatAreNoText(t *testing.T) {
	for _, c := range []struct{ written, want string }{
		{"", ""}, {"abc", "abc"}, {"ABC", "abc"}, {"aB\xffC\x00", "ab\xffc\x00"}, {"\xc4\xb0X", "\xc4\xb0x"}, {"[@`{Z", "[@`{z"},
	} {
		if got := rem.FoldASCII(c.written); got != c.want {
			t.Errorf("%q: got %q, want %q", c.written, got, c.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { rem.FoldASCII("already.folded@hs90.kep.test") }); n != 0 {
		t.Errorf("folding what is folded allocates %v times", n)
	}
}

func TestNamesMeetHoweverTheyAreWritten(t *testing.T) {
	same := [][]string{
		{"Işıl Öğütçü", "IŞIL ÖĞÜTÇÜ", "ışıl öğütçü", "Isil Ogutcu", "İSİL OGUTCU", "  Işıl\t Öğütçü "},
		{"İbrahim", "IBRAHIM", "ibrahim", "i\u0307brahim", "ıbrahım"},
		{"Kâmil", "KAMİL", "kamil", "KÂMİL"},
		{"", "   "},
	}
	keys := map[string]string{}
	for _, names := range same {
		want := rem.FoldName(names[0])
		for _, n := range names {
			if got := rem.FoldName(n); got != want {
				t.Errorf("%q: got %q, want %q", n, got, want)
			}
		}
		if other, met := keys[want]; met {
			t.Errorf("%q and %q meet", other, names[0])
		}
		keys[want] = names[0]
		if rem.FoldName(want) != want {
			t.Errorf("the key %q is not its own key", want)
		}
		if strings.ContainsAny(want, "ıİşğçöü") {
			t.Errorf("the key %q holds a Turkish letter", want)
		}
	}
}
