package login

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rem"
	"rem/person/account"
)

// commonWords are what people make passwords of: words, names, places and clubs
// of Türkiye, keyboard rows, and what stands first in lists of stolen ones. The
// list is our own.
//
//go:embed common.txt
var commonText string

var common = readCommon(commonText)

func readCommon(text string) map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			m[plain(word)] = true
		}
	}
	return m
}

// A Weak says what is wrong with a new password. It does not hold it.
type Weak struct{ Why Weakness }

// A Weakness is a reason for which a password is not taken.
type Weakness string

// The weaknesses.
const (
	TooShort    Weakness = "too-short"
	TooLong     Weakness = "too-long"
	NotText     Weakness = "not-text"
	TooUniform  Weakness = "too-uniform"
	TooCommon   Weakness = "too-common"
	AboutPerson Weakness = "about-the-person"
)

var weaknesses = map[Weakness]rem.Text{
	TooShort:    {Turkish: "Parola en az 12 karakter olmalıdır.", English: "A password has 12 characters at least."},
	TooLong:     {Turkish: "Parola çok uzun.", English: "The password is too long."},
	NotText:     {Turkish: "Parolada kullanılamayan bir karakter var.", English: "There is a character in it that cannot be used."},
	TooUniform:  {Turkish: "Parolada yeterince farklı karakter yok.", English: "It has too few different characters."},
	TooCommon:   {Turkish: "Bu parola çok bilinen sözcük, sayı veya tuş sıralarından oluşuyor. Birbiriyle ilgisiz üç dört sözcük seçebilirsiniz.", English: "It is made of well-known words, numbers or rows of keys. You could choose three or four words that have nothing to do with each other."},
	AboutPerson: {Turkish: "Parola adresinizi veya adınızı içermemelidir.", English: "It must not hold your address or your name."},
}

func (w *Weak) Error() string { return "the password is weak: " + string(w.Why) }

// Text is what stands beside the field.
func (w *Weak) Text() rem.Text { return weaknesses[w.Why] }

// normal is a password in its one spelling: keyboards differ in how they write ğ.
func normal(password string) string { return norm.NFC.String(password) }

// plain is a text as a guesser would spell it: small, without accents, with the
// letters that digits and signs stand for left as they are.
func plain(text string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(rem.FoldASCII(text)) {
		switch {
		case r == 'ı' || r == 'İ':
			b.WriteByte('i')
		case r >= 0x300 && r < 0x370: // an accent
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r == 'Ç', r == 'Ğ', r == 'Ö', r == 'Ş', r == 'Ü': // taken apart above
		default:
			b.WriteRune(r)
		}
	}
	return rem.FoldASCII(b.String())
}

// leet gives what digits and signs stand for in the middle of words.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g", "@", "a", "$", "s", "!", "i", "€", "e", "+", "t")

// minDifferent is how many different characters a password has at least.
const minDifferent = 5

// maxCommon is of how many common words a password may not be made. Three or more
// make a phrase that lists do not have.
const maxCommon = 2

// CheckPassword returns a *[Weak] for a password that is too short, that lists
// would have, or that holds one of the words about the person. Its length and
// what it is made of decide; classes of characters do not.
func CheckPassword(password string, about ...string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7F }):
		return &Weak{NotText}
	case n < account.MinPassword:
		return &Weak{TooShort}
	case len(password) > account.MaxPassword:
		return &Weak{TooLong}
	}
	text := plain(password)
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	if len(different) < minDifferent {
		return &Weak{TooUniform}
	}
	for _, a := range about {
		a = plain(a)
		local, _, _ := strings.Cut(a, "@")
		for _, part := range append(strings.FieldsFunc(local, func(r rune) bool { return !isLetter(r) && !isDigit(r) }), a, local) {
			if utf8.RuneCountInString(part) >= 4 && (strings.Contains(text, part) || strings.Contains(leet.Replace(text), part)) {
				return &Weak{AboutPerson}
			}
		}
	}
	if made(text) || made(leet.Replace(text)) || made(leetInside(text)) {
		return &Weak{TooCommon}
	}
	return nil
}

// leetInside turns digits and signs only between letters, so that the year at the
// end stays a year.
func leetInside(text string) string {
	end := strings.LastIndexFunc(text, isLetter)
	start := strings.IndexFunc(text, isLetter)
	if start < 0 {
		return text
	}
	return text[:start] + leet.Replace(text[start:end+1]) + text[end+1:]
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= utf8.RuneSelf }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }

// made reports whether a text is made of common words, at most maxCommon of them,
// however often repeated, with digits, signs and rows of keys between.
func made(text string) bool {
	var words []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !isLetter(r) }) {
		parts, ok := cut(w)
		if !ok {
			return false
		}
		words = append(words, parts...)
	}
	different := map[string]bool{}
	for _, w := range words {
		different[w] = true
	}
	return len(different) <= maxCommon
}

// cut cuts letters into as few common words as it can.
func cut(letters string) ([]string, bool) {
	best := make([][]string, len(letters)+1)
	done := make([]bool, len(letters)+1)
	done[0] = true
	for i := range len(letters) {
		if !done[i] {
			continue
		}
		for j := i + 1; j <= len(letters); j++ {
			part := letters[i:j]
			if !common[part] && !row(part) {
				continue
			}
			if !done[j] || len(best[i])+1 < len(best[j]) {
				best[j], done[j] = append(best[i][:len(best[i]):len(best[i])], part), true
			}
		}
	}
	return best[len(letters)], done[len(letters)]
}

// rows are how keys and letters lie.
var rows = []string{
	"qwertyuiopgu", "asdfghjklsi", "zxcvbnmoc", "fgiodrnhpqw", "uieautkmlyx", "jovcbzs",
	"abcdefghijklmnopqrstuvwxyz", "abccdefgghiijklmnooprssttuuvyz",
	"qazwsxedcrfvtgbyhnujmikolp", "qweasdzxc",
}

// row reports whether letters lie in a row, in either direction, or are one letter
// repeated.
func row(s string) bool {
	if strings.Count(s, s[:1]) == len(s) {
		return true
	}
	if len(s) < 3 {
		return false
	}
	back := make([]byte, len(s))
	for i := range len(s) {
		back[len(s)-1-i] = s[i]
	}
	for _, r := range rows {
		if strings.Contains(r, s) || strings.Contains(r, string(back)) {
			return true
		}
	}
	return false
}
