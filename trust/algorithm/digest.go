package algorithm

import (
	"crypto"
	_ "crypto/sha256" // SHA-256 behind crypto.Hash
	_ "crypto/sha512" // SHA-384 and SHA-512 behind crypto.Hash
	"encoding/asn1"
)

// A digest is one line of the table of digests.
type digest struct {
	hash crypto.Hash
	name string
	uri  string // RFC 6931 2.1.3 and XML Encryption for the other two
	oid  asn1.ObjectIdentifier
}

var digests = []digest{
	{crypto.SHA256, "SHA-256", "http://www.w3.org/2001/04/xmlenc#sha256", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{crypto.SHA384, "SHA-384", "http://www.w3.org/2001/04/xmldsig-more#sha384", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{crypto.SHA512, "SHA-512", "http://www.w3.org/2001/04/xmlenc#sha512", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

// KnownDigest tells whether h is one of the digests of the list.
func KnownDigest(h crypto.Hash) bool {
	for i := range digests {
		if digests[i].hash == h {
			return true
		}
	}
	return false
}

// DigestName gives the name that people read, such as "SHA-256", and "" for a
// digest that is not on the list.
func DigestName(h crypto.Hash) string {
	for i := range digests {
		if digests[i].hash == h {
			return digests[i].name
		}
	}
	return ""
}

// DigestURI gives the name of h in XML, and "" for a digest that is not on the
// list.
func DigestURI(h crypto.Hash) string {
	for i := range digests {
		if digests[i].hash == h {
			return digests[i].uri
		}
	}
	return ""
}

// DigestByURI finds a digest by its name in XML. The name must be spelled as
// the table spells it.
func DigestByURI(uri string) (crypto.Hash, bool) {
	for i := range digests {
		if digests[i].uri == uri {
			return digests[i].hash, true
		}
	}
	return 0, false
}

// DigestOID gives the object identifier of h (RFC 5754 2), and nil for a
// digest that is not on the list. The caller must not change it.
func DigestOID(h crypto.Hash) asn1.ObjectIdentifier {
	for i := range digests {
		if digests[i].hash == h {
			return digests[i].oid
		}
	}
	return nil
}

// DigestByOID finds a digest by its object identifier.
func DigestByOID(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	for i := range digests {
		if digests[i].oid.Equal(oid) {
			return digests[i].hash, true
		}
	}
	return 0, false
}
