package ldapd

import (
	"encoding/base64"
	"slices"
	"strings"

	"rem"
	"rem/provider/directory"
)

// An attribute of an entry, with its values.
type attribute struct {
	name   string
	values []string
}

// An entry is what is given of a result.
type entry struct {
	dn         string
	attributes []attribute
}

// Of an entry, by the field of the directory that an attribute has its value from.
// The names are those of RFC 4519, RFC 4524 and RFC 2798 where these have one.
var (
	naturalAttributes = []struct {
		name  string
		field directory.Field
	}{
		{"cn", directory.Name}, {"displayName", directory.Name}, {"sn", directory.Name}, {"mail", directory.Address}, {"title", directory.Title},
		{"telephoneNumber", directory.Phone}, {"postalAddress", directory.Postal}, {"userCertificate;binary", directory.Signature}, {"kepService", directory.Service},
	}
	legalAttributes = []struct {
		name  string
		field directory.Field
	}{
		{"o", directory.Name}, {"cn", directory.Name}, {"displayName", directory.Name}, {"mail", directory.Address}, {"businessCategory", directory.Activity}, {"st", directory.Province},
		{"postalAddress", directory.Postal}, {"mersisNumber", directory.MERSIS}, {"tradeRegistryNumber", directory.Registry}, {"detsisNumber", directory.DETSIS},
	}
)

// The attributes that no single field makes.
const (
	classAttribute    = "objectClass"
	operatorAttribute = "kepOperator"
)

// Attributes names everything that an entry can have, for the inventory of personal
// data (P-01).
func Attributes() (names []string) {
	names = []string{operatorAttribute}
	for _, a := range append(slices.Clone(naturalAttributes), legalAttributes...) {
		if !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
	}
	return names
}

// classes of entries. A legal person's is of the organisation's class, which has no
// address of mail in RFC 4519; extensibleObject allows it (RFC 4512 4.3).
var (
	naturalClasses = []string{"top", "person", "organizationalPerson", "inetOrgPerson", "extensibleObject"}
	legalClasses   = []string{"top", "organization", "extensibleObject"}
)

// entryOf makes the entry of a result.
func (s *Server) entryOf(r *directory.Result) entry {
	e := entry{dn: "mail=" + r.Address.String() + "," + s.suffix}
	classes, list := naturalClasses, naturalAttributes
	if r.Kind.Legal() {
		classes, list = legalClasses, legalAttributes
	}
	e.attributes = append(e.attributes, attribute{classAttribute, classes})
	for _, a := range list {
		v := r.Value(a.field)
		switch {
		case v == "":
			continue
		case a.name == "sn":
			words := strings.Fields(v)
			v = words[len(words)-1]
		case a.field == directory.Postal: // RFC 4517 3.3.28: lines, with $ between
			v = strings.NewReplacer(`\`, `\5C`, "$", `\24`, ", ", "$").Replace(v)
		case a.field == directory.Signature:
			der, err := base64.StdEncoding.DecodeString(v)
			if err != nil {
				continue
			}
			v = string(der)
		}
		e.attributes = append(e.attributes, attribute{a.name, []string{v}})
	}
	var operators []string
	for _, o := range r.Operators {
		name := o.Name
		if o.Title != "" {
			name += ", " + o.Title
		}
		operators = append(operators, name)
	}
	if len(operators) > 0 {
		e.attributes = append(e.attributes, attribute{operatorAttribute, operators})
	}
	return e
}

// chosen leaves the attributes that were asked for (RFC 4511 4.5.1.8). Operational
// ones (+) there are none.
func (e *entry) chosen(want []string, typesOnly bool) entry {
	c := entry{dn: e.dn}
	all := len(want) == 0 || slices.Contains(want, "*")
	for _, a := range e.attributes {
		if !all && !slices.ContainsFunc(want, func(w string) bool { return sameAttribute(w, a.name) }) {
			continue
		}
		if typesOnly {
			a.values = nil
		}
		c.attributes = append(c.attributes, a)
	}
	return c
}

// sameAttribute: names fold as ASCII, and an attribute is asked for without its
// options too (RFC 4512 2.5).
func sameAttribute(asked, has string) bool {
	asked, has = rem.FoldASCII(asked), rem.FoldASCII(has)
	base, _, _ := strings.Cut(has, ";")
	return asked == has || asked == base
}

// write makes the message that gives an entry.
func (e *entry) write(id int) []byte {
	var list []byte
	for _, a := range e.attributes {
		var values []byte
		for _, v := range a.values {
			values = octets(values, v)
		}
		list = element(list, tagSequence, element(octets(nil, a.name), tagSet, values))
	}
	return envelope(id, opEntry, element(octets(nil, e.dn), tagSequence, list))
}
