package xades

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificates bounds the certificates that one signature carries. A path
// has two or three; signatures of level B-LT carry those of their tokens too.
const maxCertificates = 32

// issuerSerial gives the DER of IssuerSerial (RFC 5035 5), the contents of
// IssuerSerialV2: the issuer's name as the one GeneralName, and the number.
func issuerSerial(c *x509.Certificate) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddBytes(c.RawIssuer)
			})
		})
		b.AddASN1BigInt(c.SerialNumber)
	})
	return b.BytesOrPanic() // a certificate that was parsed is far from any length limit
}
