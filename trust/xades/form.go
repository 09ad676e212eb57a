package xades

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
)

// Namespaces and identifiers of XML signatures (XMLDSig 1.1 6, 7) and of XAdES.
const (
	nsDS    = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES = "http://uri.etsi.org/01903/v1.3.2#"
	nsV141  = "http://uri.etsi.org/01903/v1.4.1#"

	exclusive  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped  = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	signedType = "http://uri.etsi.org/01903#SignedProperties"
)

// The form that we write, in exclusive canonical form: attributes sorted, no
// empty-element tags, each namespace declared where it is first used.
//
// ds:SignedInfo, ds:SignatureValue and xades:SignedProperties are hashed apart
// from what surrounds them, and exclusive canonicalisation gives such an
// element the namespaces it uses visibly. They carry their own declarations,
// so that the bytes written are the bytes hashed. Elements of ds inside
// xades:SignedProperties declare ds again for the same reason.
//
// What is signed can be read from here:
//
//	ds:Signature s-ID, last child of the root
//	  ds:SignedInfo
//	    ds:Reference r-ID: the document without ds:Signature
//	    ds:Reference: xades:SignedProperties p-ID
//	  ds:SignatureValue                  the imprint of SignatureTimeStamp
//	  ds:KeyInfo                         not signed; its certificates are named in
//	  ds:Object                            SigningCertificateV2, and that is
//	    xades:QualifyingProperties
//	      xades:SignedProperties p-ID
//	      xades:UnsignedProperties       SignatureTimeStamp
//
// ID is the beginning of the document's digest in hexadecimal.
const (
	declDS    = ` xmlns:ds="` + nsDS + `"`
	declXAdES = ` xmlns:xades="` + nsXAdES + `"`

	signatureOpen  = `<ds:Signature` + declDS + ` Id="s-`
	signatureClose = `</ds:Signature>`

	infoOpen       = `<ds:SignedInfo` + declDS + `><ds:CanonicalizationMethod Algorithm="` + exclusive + `"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="`
	infoReference  = `"></ds:SignatureMethod><ds:Reference Id="r-`
	infoTransforms = `" URI=""><ds:Transforms><ds:Transform Algorithm="` + enveloped + `"></ds:Transform><ds:Transform Algorithm="` + exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="`
	infoDigest     = `"></ds:DigestMethod><ds:DigestValue>`
	infoProperties = `</ds:DigestValue></ds:Reference><ds:Reference Type="` + signedType + `" URI="#p-`
	infoTransform  = `"><ds:Transforms><ds:Transform Algorithm="` + exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="`
	infoClose      = `</ds:DigestValue></ds:Reference></ds:SignedInfo>`

	valueOpen  = `<ds:SignatureValue` + declDS + `>`
	valueClose = `</ds:SignatureValue>`

	keyOpen          = `<ds:KeyInfo><ds:X509Data>`
	certificateOpen  = `<ds:X509Certificate>`
	certificateClose = `</ds:X509Certificate>`
	keyClose         = `</ds:X509Data></ds:KeyInfo>`

	objectOpen  = `<ds:Object><xades:QualifyingProperties` + declXAdES + ` Target="#s-`
	objectClose = `</xades:QualifyingProperties></ds:Object>`

	propertiesOpen   = `<xades:SignedProperties` + declXAdES + ` Id="p-`
	propertiesTime   = `"><xades:SignedSignatureProperties><xades:SigningTime>`
	propertiesCerts  = `</xades:SigningTime><xades:SigningCertificateV2>`
	propertiesCert   = `<xades:Cert><xades:CertDigest><ds:DigestMethod` + declDS + ` Algorithm="`
	propertiesDigest = `"></ds:DigestMethod><ds:DigestValue` + declDS + `>`
	propertiesSerial = `</ds:DigestValue></xades:CertDigest><xades:IssuerSerialV2>`
	propertiesNext   = `</xades:IssuerSerialV2></xades:Cert>`
	propertiesPolicy = `</xades:SigningCertificateV2>`
	propertiesFormat = `</xades:SignedSignatureProperties><xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#r-`
	propertiesMime   = `"><xades:MimeType>`
	propertiesClose  = `</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>`

	policyOpen       = `<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier`
	policyOID        = ` Qualifier="OIDAsURN"`
	policyHash       = `</xades:Identifier></xades:SigPolicyId><xades:SigPolicyHash><ds:DigestMethod` + declDS + ` Algorithm="`
	policyDigestEnd  = `</ds:DigestValue></xades:SigPolicyHash>`
	policyQualifier  = `<xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>`
	policyQualifiers = `</xades:SPURI></xades:SigPolicyQualifier></xades:SigPolicyQualifiers>`
	policyClose      = `</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>`

	stampOpen  = `<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm="` + exclusive + `"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>`
	stampClose = `</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>`
)

// timeForm is the form of SigningTime that we write: UTC, whole seconds.
const timeForm = "2006-01-02T15:04:05Z"

// idBytes is how much of a digest makes the identifiers of a signature.
const idBytes = 16

// plain tells whether a value can stand in text and in attributes as it is,
// whatever the form: printable ASCII without spaces, quotes, '&', '<' and '>'.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c > '~', c == '&', c == '<', c == '>', c == '"', c == '\'':
			return false
		}
	}
	return true
}

// appendSum appends the digest of data. It is one of the list's.
func appendSum(dst []byte, h crypto.Hash, data []byte) []byte {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256(data)
		return append(dst, d[:]...)
	case crypto.SHA384:
		d := sha512.Sum384(data)
		return append(dst, d[:]...)
	}
	d := sha512.Sum512(data)
	return append(dst, d[:]...)
}

// appendSums appends the digest of two pieces.
func appendSums(dst []byte, h crypto.Hash, data, rest []byte) []byte {
	if h == crypto.SHA256 {
		sum := sha256.New() // it stays on the stack
		sum.Write(data)
		sum.Write(rest)
		return sum.Sum(dst)
	}
	sum := h.New()
	sum.Write(data)
	sum.Write(rest)
	return sum.Sum(dst)
}
