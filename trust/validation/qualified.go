package validation

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3} // RFC 3739 3.2.6
	oidQCCompliance = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}       // EN 319 412-5
	oidQCSSCD       = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 4}
)

// maxStatements bounds the statements read from one certificate.
const maxStatements = 32

// Statements are what a certificate says of being qualified (RFC 3739 3.2.6,
// EN 319 412-5).
type Statements struct {
	Compliance bool // it is a qualified certificate
	SSCD       bool // its key lies in a qualified device
	// Others are the statements that have no field here.
	Others []asn1.ObjectIdentifier
}

// ReadStatements reads the qualified certificate statements; a certificate
// without the extension has none. The reading is strict DER.
func ReadStatements(cert *x509.Certificate) (Statements, error) {
	var s Statements
	for _, e := range cert.Extensions {
		if !e.Id.Equal(oidQCStatements) {
			continue
		}
		in := cryptobyte.String(e.Value)
		var list cryptobyte.String
		if !in.ReadASN1(&list, tag.SEQUENCE) || !in.Empty() {
			return Statements{}, errors.New("reading qualified statements: not a sequence")
		}
		for n := 0; !list.Empty(); n++ {
			var one cryptobyte.String
			var id asn1.ObjectIdentifier
			if n >= maxStatements {
				return Statements{}, fmt.Errorf("reading qualified statements: more than %d", maxStatements)
			}
			if !list.ReadASN1(&one, tag.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&id) {
				return Statements{}, errors.New("reading qualified statements: a statement without its name")
			}
			switch {
			case id.Equal(oidQCCompliance):
				s.Compliance = true
			case id.Equal(oidQCSSCD):
				s.SSCD = true
			default:
				s.Others = append(s.Others, id)
			}
		}
	}
	return s, nil
}

// withoutStatements returns the certificate with the statements' extension
// counted as understood, which it is here; x509 itself does not know it and
// would refuse a critical one. The certificate given is not changed.
func withoutStatements(cert *x509.Certificate) *x509.Certificate {
	for i, id := range cert.UnhandledCriticalExtensions {
		if id.Equal(oidQCStatements) {
			c := *cert
			rest := make([]asn1.ObjectIdentifier, 0, len(cert.UnhandledCriticalExtensions)-1)
			rest = append(rest, cert.UnhandledCriticalExtensions[:i]...)
			c.UnhandledCriticalExtensions = append(rest, cert.UnhandledCriticalExtensions[i+1:]...)
			return &c
		}
	}
	return cert
}
