package rem

import (
	"strings"
	"unicode"
)

// FoldASCII folds an identifier, an address or a protocol word: A to Z become
// a to z and every other byte stays. It is the only folding that identifiers
// meet. strings.ToLower would also map U+0130 and U+212A to ASCII letters, and
// so give one man's address to another (AT-27).
func FoldASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + ('a' - 'A')
				}
			}
			return string(b)
		}
	}
	return s
}

// turkish maps the letters that a Turkish name may be written with or without.
var turkish = strings.NewReplacer(
	"İ", "i", "I", "i", "ı", "i", "i̇", "i", "î", "i", "Î", "i",
	"Ş", "s", "ş", "s", "Ğ", "g", "ğ", "g", "Ç", "c", "ç", "c",
	"Ö", "o", "ö", "o", "Ü", "u", "ü", "u", "Â", "a", "â", "a", "Û", "u", "û", "u",
)

// FoldName gives the key under which a person's name is compared and searched:
// IŞIK, ışık, Isik and İsik meet. It is for names alone, never for addresses.
func FoldName(s string) string {
	folded := turkish.Replace(s)
	return strings.Join(strings.Fields(strings.ToLowerSpecial(unicode.TurkishCase, folded)), " ")
}
