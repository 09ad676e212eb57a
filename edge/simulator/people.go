package simulator

import (
	"crypto/x509/pkix"
	"fmt"
	"slices"
)

// A Subject is a synthetic natural person.
type Subject struct {
	GivenName, FamilyName string
	// IdentityNumber is written in the certificate's subject as serialNumber,
	// as qualified certificates in Türkiye do (REQ-48).
	IdentityNumber string
}

// People are all the persons there are here. Their identity numbers are the
// marked synthetic set that satisfies the check digits and belongs to nobody
// (docs/requirements, KEP 7.1); their names hold the letters that programs
// get wrong (KEP 7.7).
var People = []Subject{
	{"Işıl Çağrı", "Öğütçü", "10000000146"},
	{"İbrahim Şükrü", "Ünlü", "12345678950"},
	{"Ümit-Can", "Doğan", "11111111110"},
	{"Ayşe", "Yılmaz", "90000000032"},
	{"Bora", "Ağaoğlu", "99999999990"},
}

// ErrNotSynthetic answers a request for anybody else's certificate.
var ErrNotSynthetic = fmt.Errorf("the simulator certifies the persons of its synthetic set alone")

// Person makes a qualified-like certificate for signing originals. address is
// the person's KEP address, written as rfc822Name; key "" is the world's kind.
func (p *PKI) Person(who Subject, address string, key KeyKind) (*Identity, error) {
	if !slices.ContainsFunc(People, func(s Subject) bool { return s.IdentityNumber == who.IdentityNumber }) {
		return nil, ErrNotSynthetic
	}
	r := Request{
		Subject: pkix.Name{
			CommonName:   who.GivenName + " " + who.FamilyName,
			SerialNumber: who.IdentityNumber,
		},
		Key: key,
	}
	if address != "" {
		r.Addresses = []string{address}
	}
	return p.Issue(Personal, r)
}
