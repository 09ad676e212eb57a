package notice

import (
	"unicode"
	"unicode/utf8"

	"rem"
	"rem/privacy"
)

// Say gives the name and the value of a fact as people read them, the name as it
// stands at the beginning of a line; ok is false for
// a fact that says nothing beyond the words beside it, and for one that is in the
// other language.
func (f Fact) Say(l privacy.Language) (name rem.Text, value string, ok bool) {
	name, ok = factNames[f.Name]
	other := f.Name == factNameTR && l != privacy.Turkish || f.Name == factNameEN && l != privacy.English
	if !ok || other || f.Value == none {
		return rem.Text{}, "", false
	}
	if f.Name == factAsked || f.Name == factUsed {
		return rem.Text{}, "", false // the paragraphs beside say it
	}
	return rem.Text{Turkish: begins(name.Turkish, turkishUpper), English: begins(name.English, asciiUpper)}, valueIn(f.Name, f.Value, l), true
}

func turkishUpper(r rune) rune { return unicode.TurkishCase.ToUpper(r) }

func asciiUpper(r rune) rune {
	if 'a' <= r && r <= 'z' {
		r -= 'a' - 'A'
	}
	return r
}

func begins(s string, upper func(rune) rune) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(upper(first)) + s[n:]
}

// NameOf gives the name of an item of a section, by the list that the section is
// about.
func (s *Section) NameOf(it *Item) rem.Text { return nameOfItem(s.ID, it.ID) }
