package mrtd

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rem"
	"rem/person"
)

// Names are those of a zone: capital letters without accents, and cut where the
// zone is full. They are compared and never shown, so they print as nothing.
type Names struct {
	held func() (family, given string, cut bool)
}

// parseNames reads family name, two fillers, given names. A document may have
// only one name; whose it is, the zone does not say.
func parseNames(s string) (Names, bool) {
	cut := s[len(s)-1] != '<'
	s = strings.TrimRight(s, "<")
	family, given, two := strings.Cut(s, "<<")
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			return Names{}, false
		}
	}
	if family == "" || two && given == "" || strings.Contains(given, "<<") || s[0] == '<' || strings.HasPrefix(given, "<") {
		return Names{}, false
	}
	return Names{func() (string, string, bool) { return family, given, cut }}, true
}

// Match compares the names with those of an application. The zone's spelling
// decides nothing: Ö is O or OE, a hyphen a filler or nothing. Where the zone was
// full, what is left of the last name has to begin the other.
func (n Names) Match(given, family person.Name) (sameGiven, sameFamily bool) {
	if n.held == nil || given.IsZero() || family.IsZero() {
		return false, false
	}
	f, g, cut := n.held()
	return sameName(g, given.Reveal(), cut), sameName(f, family.Reveal(), cut && g == "")
}

func sameName(zone, name string, cut bool) bool {
	zone, name = plain(zone), plain(name)
	if zone == "" {
		return false
	}
	return zone == name || cut && strings.HasPrefix(name, zone)
}

// doubles are the pairs by which zones write letters that have no place in them.
// Both sides lose them, so that every spelling of a name has one form; that some
// other name has the same form is a risk that the number takes away.
var doubles = strings.NewReplacer("oe", "o", "ue", "u", "ae", "a", "aa", "a", "ss", "s", "ij", "y", "th", "t")

// letters that come apart into no base letter and accent.
var letters = strings.NewReplacer("ß", "s", "ø", "o", "æ", "a", "œ", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "t", "ə", "a", "ħ", "h", "ŋ", "n", "ŧ", "t", "ĸ", "k")

// plain gives a name as letters a to z.
func plain(s string) string {
	s = letters.Replace(rem.FoldName(s))
	s = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		if unicode.Is(unicode.Mn, r) || !unicode.IsLetter(r) {
			return -1
		}
		return r // of a letter that no rule knows: the names differ, and a person looks
	}, norm.NFD.String(s))
	return doubles.Replace(s)
}
