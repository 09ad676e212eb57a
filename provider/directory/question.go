package directory

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"rem"
	"rem/person"
)

// A Question is one exact thing to ask. Its makers are the only way to one; it does
// not show itself.
type Question struct {
	key Key
	use Use
	// text is the exact text that the index or the central directory is asked by, and
	// for a person's name the number that tells people of one name apart. A function,
	// because fmt looks into strings.
	text func() (value, number string)
	// address of KeyAddress.
	address rem.Address
}

// Key is by what it asks, Use what for.
func (q Question) Key() Key { return q.key }

// Use is what the question is asked for.
func (q Question) Use() Use { return q.use }

// Address is that of a question by address; zero for any other.
func (q Question) Address() rem.Address { return q.address }

// IsZero reports whether nothing is asked.
func (q Question) IsZero() bool { return q.key == "" }

// Reveal gives what is asked by, in its one spelling, and the identity number that
// goes with a name. It is for the central directory.
func (q Question) Reveal() (value, number string) {
	if q.text == nil {
		return "", ""
	}
	return q.text()
}

// Format writes the key alone.
func (q Question) Format(s fmt.State, _ rune) { io.WriteString(s, "question by "+string(q.key)) }

func question(k Key, u Use, value, number string) Question {
	return Question{key: k, use: u, text: func() (string, string) { return value, number }}
}

// ByAddress asks for a KEP address.
func ByAddress(a rem.Address, u Use) Question {
	q := question(KeyAddress, u, a.String(), "")
	q.address = a
	return q
}

// ByIdentity asks for a natural person's identity number.
func ByIdentity(n person.IdentityNumber, u Use) Question {
	return question(KeyIdentity, u, n.Reveal(), "")
}

// ByMERSIS asks for a MERSİS number.
func ByMERSIS(n person.MERSIS, u Use) Question { return question(KeyMERSIS, u, n.Reveal(), "") }

// ByTax asks for a legal person's tax number.
func ByTax(n person.VKN, u Use) Question { return question(KeyTax, u, n.Reveal(), "") }

// ByDETSIS asks for a public body's number.
func ByDETSIS(n person.DETSIS, u Use) Question { return question(KeyDETSIS, u, n.Reveal(), "") }

// ByRegistry asks for a trade registry number of an office.
func ByRegistry(n person.RegistryNumber, office person.Line, u Use) Question {
	return question(KeyRegistry, u, registryKey(n, office), "")
}

// ByName asks for a natural person's whole name. Where several have it, his identity
// number says which one is meant; it may be zero (REQ-79).
func ByName(given, family person.Name, n person.IdentityNumber, u Use) Question {
	return question(KeyName, u, nameKey(given, family), n.Reveal())
}

// ByTitle asks for a legal person by whole words of its title, or all of it.
func ByTitle(t person.Title, u Use) Question { return question(KeyTitle, u, t.Key(), "") }

// ByText asks for whoever has the name or the title: what an address book asks, which
// does not know whether it looks for a person or a company.
func ByText(t person.Title, u Use) Question { return question(KeyText, u, t.Key(), "") }

func nameKey(given, family person.Name) string {
	return strings.TrimSpace(given.Key() + " " + family.Key())
}

// The inputs of a question, by the names that forms have.
const (
	InAddress, InIdentity, InGiven, InFamily, InTitle           = "address", "identity", "given", "family", "title"
	InMERSIS, InTax, InDETSIS, InRegistry, InOffice, InPassport = "mersis", "tax", "detsis", "registry", "office", "passport"
)

// Read makes a question of what somebody typed into the inputs of a key: In… says
// which there are. An identity number may be a passport's, in its own input.
func Read(k Key, u Use, in map[string]string) (Question, person.Problems) {
	var problems person.Problems
	if u != ToSend && u != ToVerify {
		return Question{}, person.Problems{{Field: "use", Code: person.NotAChoice}}
	}
	try := func(field string, err error) {
		if err != nil && problems.Add(field, err) != nil {
			problems = append(problems, &person.Problem{Field: field, Code: person.AddressForm}) // of rem.ParseAddress alone
		}
	}
	identity := func() (n person.IdentityNumber) {
		var err error
		if s := in[InPassport]; s != "" {
			var d person.DocumentNumber
			d, err = person.ParseDocumentNumber(s)
			try(InPassport, err)
			return person.PassportIdentity(d)
		}
		n, err = person.ParseIdentityNumber(in[InIdentity])
		try(InIdentity, err)
		return n
	}
	var q Question
	switch k {
	case KeyAddress:
		a, err := rem.ParseAddress(strings.Trim(in[InAddress], " \t\u00a0"))
		try(InAddress, err)
		q = ByAddress(a, u)
	case KeyIdentity:
		q = ByIdentity(identity(), u)
	case KeyName:
		given, err := person.ParseName(in[InGiven])
		try(InGiven, err)
		family, err := person.ParseName(in[InFamily])
		try(InFamily, err)
		var n person.IdentityNumber
		if in[InIdentity] != "" || in[InPassport] != "" {
			n = identity()
		}
		q = ByName(given, family, n, u)
	case KeyTitle, KeyText:
		t, err := person.ParseTitle(in[InTitle])
		try(InTitle, err)
		if q = ByTitle(t, u); k == KeyText {
			q = ByText(t, u)
		}
	case KeyMERSIS:
		n, err := person.ParseMERSIS(in[InMERSIS])
		try(InMERSIS, err)
		q = ByMERSIS(n, u)
	case KeyTax:
		n, err := person.ParseVKN(in[InTax])
		try(InTax, err)
		q = ByTax(n, u)
	case KeyDETSIS:
		n, err := person.ParseDETSIS(in[InDETSIS])
		try(InDETSIS, err)
		q = ByDETSIS(n, u)
	case KeyRegistry:
		n, err := person.ParseRegistryNumber(in[InRegistry])
		try(InRegistry, err)
		office, err := person.ParseLine(in[InOffice])
		try(InOffice, err)
		q = ByRegistry(n, office, u)
	default:
		return Question{}, person.Problems{{Field: "key", Code: person.NotAChoice}}
	}
	if len(problems) > 0 {
		return Question{}, problems
	}
	return q, nil
}

// maxWords bounds the words of a title that are looked at.
const maxWords = 32

// wordsOf are the words of a folded title, each once.
func wordsOf(key string) []string {
	list := strings.Fields(key)
	if len(list) > maxWords {
		list = list[:maxWords]
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// letters counts what a search goes by.
func letters(words []string) (n int) {
	for _, w := range words {
		n += utf8.RuneCountInString(w)
	}
	return n
}
