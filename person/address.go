package person

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"rem"
)

// A Kind is one of the three kinds of applicants and holders (REQ-8).
type Kind string

// The kinds.
const (
	Natural Kind = "natural"
	Private Kind = "private-legal"
	Public  Kind = "public-body"
)

// Kinds lists them in the order in which pages offer them.
func Kinds() []Kind { return []Kind{Natural, Private, Public} }

// Valid reports whether it is one of the three.
func (k Kind) Valid() bool { return k == Natural || k == Private || k == Public }

// Legal reports whether it is not a natural person.
func (k Kind) Legal() bool { return k == Private || k == Public }

// Forms says which addresses may be given. What the directory communique says of
// legal persons (MERSİS number or name, a suffix, a domain of their own) is in
// the code; what is only known from practice is a setting here, and stands in
// the practice statement (REQ-25).
type Forms struct {
	// Provider is our domain: hs90.kep.test.
	Provider string
	// OneName lets a natural person whose documents show a single name have an
	// address of that name alone. No text that was read speaks of it.
	OneName bool
	// FamilyFirst also takes family.given. No text that was read speaks of it.
	FamilyFirst bool
	// MaxSuffix is the longest suffix; 0 stands for 16.
	MaxSuffix int
}

const (
	usualSuffix = 16
	maxUser     = 64 // RFC 5321 4.5.3.1.1
	maxLabel    = 63 // RFC 1035 2.3.4
)

// A Naming is what an applicant's address is made of.
type Naming struct {
	Kind          Kind
	Given, Family Name   // of a natural person; Given is empty where there is one name
	Title         Title  // of the others
	Short         Title  // by which they are known, where they have such a name
	MERSIS        MERSIS // of a private legal person that has one
	// Company is the legal person that applies for a natural person, in a
	// corporate application: the domain bears its name (REQ-21).
	Company Title
	// OwnDomain asks for a domain of the legal person's own. In a corporate
	// application it is the rule.
	OwnDomain bool
}

// label writes words in the letters of addresses, joined by sep. Letters that
// have no plain form give nothing.
func label(s, sep string) string {
	var b strings.Builder
	gap := false
	// FoldName leaves accents that Turkish does not know; taken apart, they are
	// marks that are left out.
	for _, r := range norm.NFD.String(rem.FoldName(s)) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteString(sep)
			}
			gap = false
			b.WriteRune(r)
		case r == '\'', r == '’', 0x300 <= r && r <= 0x36F:
		default:
			if plain, ok := plainLetters[r]; ok {
				if gap && b.Len() > 0 {
					b.WriteString(sep)
				}
				gap = false
				b.WriteString(plain)
				continue
			}
			gap = true
		}
	}
	return b.String()
}

// plainLetters are letters that do not come apart into a plain one and a mark.
var plainLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'œ': "oe", 'ħ': "h", 'ə': "e", 'ŋ': "n", 'ŧ': "t",
}

// users are the user parts that the naming allows without a suffix, the plainest
// first.
func (f Forms) users(n Naming) []string {
	var list []string
	add := func(parts ...string) {
		u := strings.Join(parts, ".")
		for _, p := range parts {
			if p == "" {
				return
			}
		}
		if len(u) > maxUser {
			return
		}
		if !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	if n.Kind == Natural {
		family := label(n.Family.Reveal(), "-")
		given := strings.Split(label(n.Given.Reveal(), "."), ".")
		if n.Given.IsZero() || n.Family.IsZero() {
			if f.OneName {
				add(label(n.Given.Reveal()+" "+n.Family.Reveal(), "-"))
			}
			return list
		}
		add(append(given, family)...)
		for _, g := range given {
			add(g, family)
		}
		if f.FamilyFirst {
			add(append([]string{family}, given...)...)
		}
		return list
	}
	for _, t := range []Title{n.Short, n.Title} {
		add(label(t.Reveal(), ""))
		add(label(t.Reveal(), "-"))
	}
	if n.Kind == Private {
		add(n.MERSIS.Reveal())
	}
	return list
}

// domains are those that the naming allows, the one asked for first.
func (f Forms) domains(n Naming) []string {
	titles := []Title{n.Short, n.Title}
	switch {
	case n.Kind == Natural && !n.Company.IsZero():
		titles = []Title{n.Company}
	case n.Kind == Natural || !n.OwnDomain:
		return []string{f.Provider}
	}
	var list []string
	for _, t := range titles {
		for _, sep := range []string{"", "-"} {
			if l := label(t.Reveal(), sep); l != "" && len(l) <= maxLabel && !isHS(l) {
				list = append(list, l+"."+f.Provider)
			}
		}
	}
	if n.Kind == Natural && len(list) > 0 {
		return list
	}
	return append(list, f.Provider)
}

// isHS: a label that reads as a provider's code would make the address that of
// another provider.
func isHS(l string) bool { return len(l) == 4 && l[:2] == "hs" && allDigits(l[2:]) }

// Check reads an address that the applicant wishes and holds it against the
// grammar and against who he is: user part from his name, title or number, at
// most one suffix, our domain or one that bears his own title.
func (f Forms) Check(wish string, n Naming) (rem.Address, error) {
	if len(wish) > maxTyped {
		return rem.Address{}, problem(AddressTooLong)
	}
	wish = strings.Trim(wish, " \t\u00a0")
	switch {
	case wish == "":
		return rem.Address{}, problem(Missing)
	case len(wish) > 254:
		return rem.Address{}, problem(AddressTooLong)
	}
	a, err := rem.ParseAddress(wish)
	if err != nil {
		if user, _, ok := strings.Cut(wish, "@"); ok && len(user) > maxUser {
			return rem.Address{}, problem(AddressTooLong)
		}
		return rem.Address{}, problem(AddressForm)
	}
	if strings.Contains(a.Local(), "_") {
		return rem.Address{}, problem(AddressForm)
	}
	if a.Provider() != f.Provider {
		return rem.Address{}, problem(AddressProvider)
	}
	own := n
	own.OwnDomain = n.Kind.Legal()
	if !slices.Contains(f.domains(own), a.Domain()) {
		return rem.Address{}, problem(AddressNotTheirs)
	}
	for _, u := range f.users(n) {
		if a.Local() == u {
			return a, nil
		}
		if suffix, ok := strings.CutPrefix(a.Local(), u+"."); ok && f.suffix(suffix) {
			return a, nil
		}
	}
	return rem.Address{}, problem(AddressNotTheirs)
}

// suffix: letters and digits, one or more.
func (f Forms) suffix(s string) bool {
	most := f.MaxSuffix
	if most == 0 {
		most = usualSuffix
	}
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) {
			return false
		}
	}
	return true
}

// MaxProposals bounds what Proposals gives.
const MaxProposals = 200

// Proposals lists addresses for the naming, always the same ones in the same
// order: every plain form, then the plainest with the suffixes 1, 2, 3 and so
// on. Nothing else of the applicant than his name, title or number is in them:
// no year of birth, no place. Each passes Check.
func (f Forms) Proposals(n Naming, most int) ([]rem.Address, error) {
	if !n.Kind.Valid() {
		return nil, fmt.Errorf("proposing an address: %q is no kind of applicant", n.Kind)
	}
	most = min(most, MaxProposals)
	var list []rem.Address
	users, domains := f.users(n), f.domains(n)
	if len(users) == 0 {
		return nil, problem(AddressTooLong)
	}
	add := func(user, domain string) error {
		if len(list) >= most || len(user) > maxUser || len(user)+1+len(domain) > 254 {
			return nil
		}
		a, err := rem.ParseAddress(user + "@" + domain)
		if err != nil {
			return fmt.Errorf("proposing an address: %w", err)
		}
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
		return nil
	}
	for _, u := range users {
		if err := add(u, domains[0]); err != nil {
			return nil, err
		}
	}
	for i := 1; i <= most && len(list) < most; i++ {
		before := len(list)
		for _, u := range users[:min(2, len(users))] {
			if err := add(u+"."+strconv.Itoa(i), domains[0]); err != nil {
				return nil, err
			}
		}
		if len(list) == before {
			break // too long with any suffix
		}
	}
	if len(list) == 0 {
		return nil, problem(AddressTooLong)
	}
	return list, nil
}
