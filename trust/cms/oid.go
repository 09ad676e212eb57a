package cms

import (
	"encoding/asn1"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// An OID is an object identifier as DER has it: the bytes behind tag and
// length. OIDs compare with ==.
type OID string

// Content types, attributes and formats that the module speaks of.
const (
	Data       OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"         // 1.2.840.113549.1.7.1, RFC 5652 4
	signedData OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"         // 1.2.840.113549.1.7.2, RFC 5652 5.1
	TSTInfo    OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04" // 1.2.840.113549.1.9.16.1.4, RFC 3161 2.4.2

	ContentType          OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"         // 1.2.840.113549.1.9.3, RFC 5652 11.1
	MessageDigest        OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"         // 1.2.840.113549.1.9.4, RFC 5652 11.2
	SigningTime          OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"         // 1.2.840.113549.1.9.5, RFC 5652 11.3
	AlgorithmProtection  OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34"         // 1.2.840.113549.1.9.52, RFC 6211 2
	SigningCertificateV2 OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" // 1.2.840.113549.1.9.16.2.47, RFC 5035 3
	SignatureTimeStamp   OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e" // 1.2.840.113549.1.9.16.2.14, RFC 5126 6.1.1
	CertificateValues    OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x17" // 1.2.840.113549.1.9.16.2.23, RFC 5126 6.3.3
	RevocationValues     OID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x18" // 1.2.840.113549.1.9.16.2.24, RFC 5126 6.3.4
	ArchiveTimeStampV3   OID = "\x04\x00\x8d\x45\x02\x04"                     // 0.4.0.1733.2.4, EN 319 122-1

	OCSPResponse OID = "\x2b\x06\x01\x05\x05\x07\x10\x02" // 1.3.6.1.5.5.7.16.2, RFC 5940 2.1
)

// String gives the dotted form.
func (o OID) String() string {
	in := cryptobyte.String(appendTLV(nil, tagOID, []byte(o)))
	var id asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&id) {
		return "malformed object identifier"
	}
	return id.String()
}

// valid tells whether every arc is written in its shortest form.
func (o OID) valid() bool {
	if o == "" || len(o) > maxOID || o[len(o)-1]&0x80 != 0 {
		return false
	}
	start := true
	for i := range len(o) {
		if start && o[i] == 0x80 {
			return false
		}
		start = o[i]&0x80 == 0
	}
	return !strings.HasPrefix(string(o), "\x80")
}

// named gives the bytes of an object identifier as one. Those that signed
// attributes have cost no memory.
func named(der []byte) OID {
	switch OID(der) {
	case ContentType:
		return ContentType
	case MessageDigest:
		return MessageDigest
	case SigningTime:
		return SigningTime
	case AlgorithmProtection:
		return AlgorithmProtection
	case SigningCertificateV2:
		return SigningCertificateV2
	case TSTInfo:
		return TSTInfo
	case Data:
		return Data
	}
	return OID(der)
}
