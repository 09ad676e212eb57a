package person

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rem"
)

// Bounds on names, in characters.
const (
	maxName  = 100
	maxTitle = 300 // of a legal person: registered titles are long
	maxLine  = 200 // of an address, an activity, an office
)

// A Name is one or more given names, or a family name, of a natural person, in
// the letters and the case in which it was written.
type Name struct{ guarded }

// A Title is the name of a legal person or a public body.
type Title struct{ guarded }

// A Line is a short text: a street, an activity, a registry office.
type Line struct{ guarded }

// ParseName reads a name: Latin letters of every language that has them,
// composed (NFC), with spaces, hyphens, apostrophes and dots between. Letters
// of other scripts that look like Latin ones are refused, and so are styled
// letters (AT-27).
func ParseName(s string) (Name, error) {
	s, err := words(s, maxName)
	if err != nil {
		return Name{}, err
	}
	letter := false
	for _, r := range s {
		switch {
		case latin(r):
			letter = true
		case strings.ContainsRune(" -'’.", r):
		default:
			return Name{}, problem(WrongCharacters)
		}
	}
	if !letter {
		return Name{}, problem(NoLetter)
	}
	return Name{guard(s, maskWords(s))}, nil
}

// Same reports whether two names are one by Turkish rules: IŞIK, ışık, Isik and
// İsik meet. It is for comparing a person with a document, never an address.
func (n Name) Same(o Name) bool {
	return !n.IsZero() && nameKey(n.Reveal()) == nameKey(o.Reveal())
}

func nameKey(s string) string {
	return strings.Join(strings.Fields(punctuation.Replace(rem.FoldName(s))), " ")
}

// punctuation is what one register writes and another leaves out.
var punctuation = strings.NewReplacer("-", " ", ".", " ", "'", " ", "’", " ", ",", " ", "\"", " ")

// ParseTitle reads a legal person's name: what a name takes, digits, and the
// signs that registered titles hold.
func ParseTitle(s string) (Title, error) {
	s, err := text(s, maxTitle, "&.,-'’()/+\":")
	if err != nil {
		return Title{}, err
	}
	return Title{guard(s, maskWords(s))}, nil
}

// Same reports whether two titles are one: by Turkish rules, without
// punctuation, and with the usual abbreviations of the kinds of companies
// written out ("A. Ş." and "Anonim Şirketi").
func (t Title) Same(o Title) bool {
	return !t.IsZero() && titleKey(t.Reveal()) == titleKey(o.Reveal())
}

// abbreviations of titles, folded, as whole words.
var abbreviations = map[string]string{
	"as": "anonim sirketi", "ltd": "limited", "sti": "sirketi", "san": "sanayi", "tic": "ticaret",
	"ins": "insaat", "paz": "pazarlama", "koop": "kooperatifi", "ve": "ve", "&": "ve",
}

func titleKey(s string) string {
	folded := strings.NewReplacer("&", " & ", "(", " ", ")", " ", "/", " ", "+", " ", ":", " ").Replace(rem.FoldName(s))
	// "a. s." and "a.s." are one abbreviation.
	folded = strings.ReplaceAll(strings.ReplaceAll(folded, "a. s.", " as "), "a.s.", " as ")
	list := strings.Fields(punctuation.Replace(folded))
	for i, w := range list {
		if long, ok := abbreviations[w]; ok {
			list[i] = long
		}
	}
	return strings.Join(list, " ")
}

// ParseLine reads a short text.
func ParseLine(s string) (Line, error) {
	s, err := text(s, maxLine, "&.,-'’()/+\":;#%*_@!?=<>[]ºª°²")
	if err != nil {
		return Line{}, err
	}
	return Line{guard(s, "***")}, nil
}

// text reads words of Latin letters, digits and the given signs.
func text(s string, most int, signs string) (string, error) {
	s, err := words(s, most)
	if err != nil {
		return "", err
	}
	some := false
	for _, r := range s {
		switch {
		case latin(r), '0' <= r && r <= '9':
			some = true
		case r == ' ', strings.ContainsRune(signs, r):
		default:
			return "", problem(WrongCharacters)
		}
	}
	if !some {
		return "", problem(NoLetter)
	}
	return s, nil
}

// words composes what was typed (some systems give letters and accents apart),
// makes single spaces of all kinds of them, and bounds the length.
func words(s string, most int) (string, error) {
	if len(s) > maxTyped {
		return "", problem(TooLong)
	}
	if !utf8.ValidString(s) {
		return "", problem(WrongCharacters)
	}
	s = strings.Join(strings.FieldsFunc(norm.NFC.String(s), func(r rune) bool { return r == '\t' || unicode.Is(unicode.Zs, r) }), " ")
	switch {
	case s == "":
		return "", problem(Missing)
	case utf8.RuneCountInString(s) > most:
		return "", problem(TooLong)
	}
	return s, nil
}

// latin reports whether a composed character is a letter that a name in the
// Latin script is written with. Styled and compatibility letters (full width,
// long s, digraphs in one character) are not.
func latin(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return true
	case 0xC0 <= r && r <= 0x24F:
		// × ÷ ŉ ſ, and the digraphs and clicks between U+01BB and U+01CC.
		return r != 0xD7 && r != 0xF7 && r != 0x149 && r != 0x17F && (r < 0x1BB || r > 0x1CC) && (r < 0x1F1 || r > 0x1F3)
	case r == 'ə':
		return true
	case 0x1E00 <= r && r <= 0x1EF9:
		return r < 0x1E9A || r > 0x1E9D
	}
	return false
}
