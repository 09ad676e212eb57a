package ldapd

import (
	"slices"
	"strings"

	"rem"
	"rem/person"
	"rem/provider/directory"
)

// A meaning is what a filter asks the directory.
type meaning uint8

// The meanings.
const (
	refusedFilter meaning = iota // nothing that the directory answers
	everything                   // no condition but that there is an entry
	nobody                       // nothing that anybody could have
	oneQuestion
)

// A wanted is a condition on one attribute.
type wanted struct {
	attribute string // in small letters
	value     string
	exact     bool
}

// keys are the attributes that are one exact question, with its input.
var keys = map[string]struct {
	key   directory.Key
	input string
}{
	"mail": {directory.KeyAddress, directory.InAddress}, "uid": {directory.KeyAddress, directory.InAddress}, "rfc822mailbox": {directory.KeyAddress, directory.InAddress},
	"identitynumber": {directory.KeyIdentity, directory.InIdentity}, "mersisnumber": {directory.KeyMERSIS, directory.InMERSIS},
	"taxnumber": {directory.KeyTax, directory.InTax}, "detsisnumber": {directory.KeyDETSIS, directory.InDETSIS},
}

// names are the attributes in which address books look for a name.
var names = []string{"cn", "commonname", "displayname", "name", "o", "organizationname", "sn", "surname", "givenname", "mozillanickname", "nickname", "fileas", "company"}

// classNames are those that a filter may ask for without changing what is meant.
var classNames = append(append([]string{"kepaccount"}, foldAll(naturalClasses)...), foldAll(legalClasses)...)

func foldAll(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = rem.FoldASCII(list[i])
	}
	return list
}

// mean turns a filter into a question.
func (f *filter) mean() (meaning, directory.Question) {
	list, m := f.wants()
	if m != oneQuestion {
		return m, directory.Question{}
	}
	return question(list)
}

// wants gives the conditions of a filter that are alternatives of one text, or that
// hold together.
func (f *filter) wants() ([]wanted, meaning) {
	attribute := rem.FoldASCII(f.attribute)
	switch f.kind {
	case filterPresent: // of what every entry has, or might have
		if attribute == rem.FoldASCII(classAttribute) || known(attribute) {
			return nil, everything
		}
		return nil, nobody
	case filterEqual, filterApprox, filterSub:
		if attribute == rem.FoldASCII(classAttribute) {
			if f.kind == filterEqual && slices.Contains(classNames, rem.FoldASCII(f.value)) {
				return nil, everything
			}
			return nil, nobody
		}
		return []wanted{{attribute, f.value, f.kind == filterEqual}}, oneQuestion
	case filterAnd:
		return together(f.parts)
	case filterOr:
		return alternatives(f.parts)
	}
	return nil, refusedFilter
}

// maxTogether bounds the conditions that are looked at together: the words that
// somebody typed.
const maxTogether = 8

// together: conditions that hold at once, beside those that say nothing.
func together(parts []filter) ([]wanted, meaning) {
	var list []wanted
	for i := range parts {
		w, m := parts[i].wants()
		if m == refusedFilter || m == nobody {
			return nil, m
		}
		if list = append(list, w...); len(list) > maxTogether {
			return nil, refusedFilter
		}
	}
	if len(list) == 0 {
		return nil, everything
	}
	return list, oneQuestion
}

// alternatives of one text, in whatever attributes: what an address book writes for
// what somebody typed. Attributes that nobody has are left out (RFC 4511 4.5.1.7:
// they are undefined, and change nothing).
func alternatives(parts []filter) ([]wanted, meaning) {
	var list []wanted
	for i := range parts {
		w, m := parts[i].wants()
		switch {
		case m == refusedFilter || m == everything:
			return nil, m
		case m == oneQuestion && len(w) != 1:
			return nil, refusedFilter
		case m == oneQuestion && known(w[0].attribute):
			list = append(list, w[0])
		}
	}
	if len(list) == 0 {
		return nil, nobody
	}
	one := list[0]
	for _, w := range list[1:] {
		if strings.TrimSpace(w.value) != strings.TrimSpace(one.value) {
			return nil, refusedFilter
		}
		if w.attribute != one.attribute {
			one.attribute, one.exact = "cn", false
		}
	}
	return []wanted{one}, oneQuestion
}

// known reports whether an entry can have the attribute.
func known(attribute string) bool {
	_, key := keys[attribute]
	return key || slices.Contains(names, attribute)
}

// question makes the one question of what is wanted.
func question(list []wanted) (meaning, directory.Question) {
	made := func(q directory.Question, problems person.Problems) (meaning, directory.Question) {
		if len(problems) > 0 {
			return nobody, directory.Question{} // no value of the kind: nobody has it
		}
		return oneQuestion, q
	}
	find := func(attributes ...string) string {
		for _, w := range list {
			if slices.Contains(attributes, w.attribute) {
				return w.value
			}
		}
		return ""
	}
	if len(list) == 2 {
		given, family, number := find("givenname"), find("sn", "surname"), find("identitynumber")
		whole := strings.TrimSpace(find("cn", "commonname", "displayname", "name"))
		switch i := strings.LastIndexByte(whole, ' '); {
		case given != "" && family != "":
			return made(directory.Read(directory.KeyName, directory.ToSend, map[string]string{directory.InGiven: given, directory.InFamily: family}))
		case number != "" && i > 0:
			return made(directory.Read(directory.KeyName, directory.ToSend, map[string]string{directory.InGiven: whole[:i], directory.InFamily: whole[i+1:], directory.InIdentity: number}))
		}
	}
	if len(list) > 1 { // words of one text, each in its condition
		text := ""
		for _, w := range list {
			if !slices.Contains(names, w.attribute) {
				return refusedFilter, directory.Question{}
			}
			text += " " + strings.TrimSpace(w.value)
		}
		list = []wanted{{"cn", text, false}}
	}
	w := list[0]
	if k, ok := keys[w.attribute]; ok {
		if !w.exact && k.key != directory.KeyAddress {
			return refusedFilter, directory.Question{} // a part of a number is no question
		}
		return made(directory.Read(k.key, directory.ToSend, map[string]string{k.input: w.value}))
	}
	if !slices.Contains(names, w.attribute) {
		return nobody, directory.Question{}
	}
	text := strings.TrimSpace(w.value)
	if strings.Contains(text, "@") {
		return made(directory.Read(directory.KeyAddress, directory.ToSend, map[string]string{directory.InAddress: text}))
	}
	return made(directory.Read(directory.KeyText, directory.ToSend, map[string]string{directory.InTitle: text}))
}
