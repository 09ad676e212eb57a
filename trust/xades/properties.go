package xades

import (
	"crypto"
	"math/big"
	"time"

	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// readSignedProperties reads xades:SignedProperties (EN 319 132-1 5.2). Baseline
// B-B asks for the signing time and the signing certificate; a property that
// nobody here knows is refused, as it was signed to be understood.
func (r *foreignReader) readSignedProperties() error {
	parts, err := children(r.properties, "Id")
	if err != nil {
		return err
	}
	if len(parts) == 0 || len(parts) > 2 || !parts[0].Is(nsXAdES, "SignedSignatureProperties") ||
		len(parts) == 2 && !parts[1].Is(nsXAdES, "SignedDataObjectProperties") {
		return malformed("unknown signed properties")
	}
	if err := r.readSignatureProperties(parts[0]); err != nil {
		return err
	}
	if len(parts) == 1 {
		return nil
	}
	return r.readDataObjectProperties(parts[1])
}

func (r *foreignReader) readSignatureProperties(e *strictxml.Element) error {
	parts, err := children(e, "Id")
	if err != nil {
		return err
	}
	seen := make(map[string]bool)
	for _, p := range parts {
		if p.Space != nsXAdES || seen[p.Local] {
			return malformed("an unknown or repeated signed property")
		}
		seen[p.Local] = true
		switch p.Local {
		case "SigningTime":
			err = r.readSigningTime(p)
		case "SigningCertificateV2":
			err = r.readCertificateReferences(p, readIssuerSerialV2)
		case "SigningCertificate":
			err = r.readCertificateReferences(p, readIssuerSerial)
		case "SignaturePolicyIdentifier":
			err = r.readPolicy(p)
		case "SignatureProductionPlace", "SignatureProductionPlaceV2", "SignerRole", "SignerRoleV2":
			r.claim.beside = append(r.claim.beside, p.Local)
		default:
			return malformed("an unknown signed property")
		}
		if err != nil {
			return err
		}
	}
	if !seen["SigningTime"] {
		return malformed("no signing time")
	}
	if seen["SigningCertificateV2"] == seen["SigningCertificate"] {
		return malformed("not one reference to the signing certificate")
	}
	return nil
}

func (r *foreignReader) readSigningTime(e *strictxml.Element) error {
	text, err := textOf(e)
	if err != nil {
		return err
	}
	r.claim.signingTime, err = parseTime(text)
	return err
}

// parseTime reads an xsd:dateTime that names its zone. Without one it would be
// no time at all.
func parseTime[T string | []byte](text T) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, malformed("a signing time that is not a date and time with a zone")
	}
	return t.UTC(), nil
}

// readCertificateReferences reads the list of Cert of SigningCertificateV2 and
// of its predecessor, which differ in how they name issuer and serial number
// only. A digest that is not on the list, SHA-1 above all, is refused.
func (r *foreignReader) readCertificateReferences(e *strictxml.Element, serial func(*strictxml.Element, *certificateReference) error) error {
	parts, err := children(e)
	if err != nil {
		return err
	}
	if len(parts) == 0 || len(parts) > maxCertificates {
		return malformed("no signing certificate, or more than the limit")
	}
	for _, cert := range parts {
		fields, err := children(cert, "URI")
		if err != nil {
			return err
		}
		if !cert.Is(nsXAdES, "Cert") || len(fields) == 0 || len(fields) > 2 || !fields[0].Is(nsXAdES, "CertDigest") {
			return malformed("a reference to a certificate that does not hold what it should")
		}
		var reference certificateReference
		if reference.hash, reference.digest, err = digestOf(fields[0]); err != nil {
			return err
		}
		if len(fields) == 2 {
			if err := serial(fields[1], &reference); err != nil {
				return err
			}
		}
		r.claim.references = append(r.claim.references, reference)
	}
	return nil
}

// digestOf reads an element of type DigestAlgAndValueType.
func digestOf(e *strictxml.Element) (crypto.Hash, []byte, error) {
	parts, err := children(e)
	if err != nil {
		return 0, nil, err
	}
	if len(parts) != 2 {
		return 0, nil, malformed("no digest where one belongs")
	}
	return readDigest(parts[0], parts[1])
}

func readIssuerSerialV2(e *strictxml.Element, into *certificateReference) (err error) {
	if !e.Is(nsXAdES, "IssuerSerialV2") {
		return malformed("unknown part of a reference to a certificate")
	}
	into.issuerSerial, err = base64Of(e)
	return err
}

// readIssuerSerial reads the number. The name beside it is text, of which
// every writer has its own form, and is not compared.
func readIssuerSerial(e *strictxml.Element, into *certificateReference) error {
	parts, err := children(e)
	if err != nil {
		return err
	}
	if !e.Is(nsXAdES, "IssuerSerial") || len(parts) != 2 || !parts[0].Is(nsDS, "X509IssuerName") || !parts[1].Is(nsDS, "X509SerialNumber") {
		return malformed("unknown part of a reference to a certificate")
	}
	text, err := textOf(parts[1])
	if err != nil {
		return err
	}
	number, ok := new(big.Int), len(text) < 60 // 20 octets are 49 digits (RFC 5280 4.1.2.2)
	if ok {
		number, ok = number.SetString(text, 10)
	}
	if !ok {
		return malformed("a serial number that is not a number")
	}
	into.serial = number
	return nil
}

// readPolicy reads SignaturePolicyIdentifier.
func (r *foreignReader) readPolicy(e *strictxml.Element) error {
	parts, err := children(e)
	if err != nil {
		return err
	}
	if len(parts) == 1 && parts[0].Is(nsXAdES, "SignaturePolicyImplied") {
		return nil
	}
	if len(parts) != 1 || !parts[0].Is(nsXAdES, "SignaturePolicyId") {
		return malformed("unknown form of a signature policy")
	}
	if parts, err = children(parts[0]); err != nil {
		return err
	}
	policy := new(SignaturePolicy)
	for _, p := range parts {
		switch {
		case p.Is(nsXAdES, "SigPolicyId") && policy.Identifier == "":
			identifier := p.Child(nsXAdES, "Identifier")
			if identifier == nil {
				return malformed("a signature policy without a name")
			}
			policy.Identifier, err = textOf(identifier, "Qualifier")
		case p.Is(nsXAdES, "SigPolicyHash") && policy.Hash == 0:
			policy.Hash, policy.Digest, err = digestOf(p)
		case p.Is(nsXAdES, "SigPolicyQualifiers"):
			err = readQualifiers(p, policy)
		case p.Is(nsDS, "Transforms"):
			r.claim.beside = append(r.claim.beside, "Transforms of the signature policy")
		default:
			err = malformed("unknown part of a signature policy")
		}
		if err != nil {
			return err
		}
	}
	if policy.Identifier == "" || policy.Hash == 0 {
		return malformed("a signature policy without a name or a digest")
	}
	r.claim.policy = policy
	return nil
}

func readQualifiers(e *strictxml.Element, policy *SignaturePolicy) error {
	for q := range e.ChildElements() {
		if uri := q.Child(nsXAdES, "SPURI"); uri != nil {
			var err error
			if policy.URI, err = textOf(uri); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDataObjectProperties looks at what is said of the document: each is said
// of the reference to it.
func (r *foreignReader) readDataObjectProperties(e *strictxml.Element) error {
	parts, err := children(e, "Id")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.Space != nsXAdES {
			return malformed("an unknown signed property")
		}
		switch p.Local {
		case "DataObjectFormat":
			if of, _ := p.Attr("", "ObjectReference"); r.documentReference == "" || of != "#"+r.documentReference {
				return malformed("the format of something that was not signed")
			}
		case "CommitmentTypeIndication", "AllDataObjectsTimeStamp", "IndividualDataObjectsTimeStamp":
			r.claim.beside = append(r.claim.beside, p.Local)
		default:
			return malformed("an unknown signed property")
		}
	}
	return nil
}

// readUnsignedProperties reads what was added after signing (EN 319 132-1 5.3
// to 5.5). Anybody may add to it; what is not known is named in a check.
func (r *foreignReader) readUnsignedProperties() error {
	if r.unsigned == nil {
		return nil
	}
	parts, err := children(r.unsigned, "Id")
	if err != nil {
		return err
	}
	for i, p := range parts {
		switch {
		case p.Is(nsXAdES, "SignatureTimeStamp"):
			err = r.readStamps(p, &r.claim.stamps, r.overValue)
		case p.Is(nsV141, "ArchiveTimeStamp"):
			err = r.readStamps(p, &r.claim.archive, func(m c14n.Method, o c14n.Options) func(crypto.Hash) []byte {
				return r.overArchived(parts[:i], m, o)
			})
		case p.Is(nsXAdES, "CertificateValues"):
			err = r.readCertificateValues(p)
		case p.Is(nsXAdES, "RevocationValues"):
			err = r.readRevocationValues(p)
		case p.Is(nsV141, "TimeStampValidationData"):
			err = r.readValidationData(p)
		default:
			r.claim.beside = append(r.claim.beside, p.Local)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *foreignReader) readValidationData(e *strictxml.Element) error {
	parts, err := children(e, "Id", "URI")
	for _, p := range parts {
		switch {
		case err != nil:
		case p.Is(nsXAdES, "CertificateValues"):
			err = r.readCertificateValues(p)
		case p.Is(nsXAdES, "RevocationValues"):
			err = r.readRevocationValues(p)
		default:
			r.claim.beside = append(r.claim.beside, p.Local)
		}
	}
	return err
}

func (r *foreignReader) readCertificateValues(e *strictxml.Element) error {
	parts, err := children(e, "Id")
	for _, p := range parts {
		switch {
		case err != nil:
		case p.Is(nsXAdES, "EncapsulatedX509Certificate"):
			r.claim.carried, err = r.addCertificate(r.claim.carried, p)
		default:
			r.claim.beside = append(r.claim.beside, p.Local)
		}
	}
	return err
}

func (r *foreignReader) readRevocationValues(e *strictxml.Element) error {
	r.claim.revoked = true
	kinds, err := children(e, "Id")
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		values, err := children(kind, "Id")
		if err != nil {
			return err
		}
		for _, p := range values {
			var into *[][]byte
			switch {
			case kind.Is(nsXAdES, "CRLValues") && p.Is(nsXAdES, "EncapsulatedCRLValue"):
				into = &r.claim.crls
			case kind.Is(nsXAdES, "OCSPValues") && p.Is(nsXAdES, "EncapsulatedOCSPValue"):
				into = &r.claim.ocsp
			default:
				r.claim.beside = append(r.claim.beside, p.Local)
				continue
			}
			if len(*into) == maxRevocations {
				return malformed("more revocation data than the limit")
			}
			der, err := base64Of(p, "Id", "Encoding")
			if err != nil {
				return err
			}
			*into = append(*into, der)
		}
	}
	return nil
}

// readStamps reads the tokens of an element of type XAdESTimeStampType. They
// are over what over gives for the canonicalisation that it names.
func (r *foreignReader) readStamps(e *strictxml.Element, into *[]stamp, over func(c14n.Method, c14n.Options) func(crypto.Hash) []byte) error {
	parts, err := children(e, "Id")
	if err != nil {
		return err
	}
	method, options := c14n.Inclusive, c14n.Options{} // when none is named: XMLDSig 1.1 4.4.3.2
	if len(parts) > 0 && parts[0].Is(nsDS, "CanonicalizationMethod") {
		if method, options, err = readMethod(parts[0]); err != nil {
			return err
		}
		parts = parts[1:]
	}
	if len(parts) == 0 {
		return malformed("a time-stamp without a token")
	}
	for _, p := range parts {
		if p.Is(nsXAdES, "XMLTimeStamp") {
			r.claim.beside = append(r.claim.beside, p.Local)
			continue
		}
		if !p.Is(nsXAdES, "EncapsulatedTimeStamp") {
			return malformed("unknown part of " + e.Local)
		}
		if encoding, ok := p.Attr("", "Encoding"); ok && encoding != encodingDER {
			return malformed("a token that is not in DER")
		}
		if len(r.claim.stamps)+len(r.claim.archive) == maxTokens {
			return malformed("more time-stamp tokens than the limit")
		}
		der, err := base64Of(p, "Id", "Encoding")
		if err != nil {
			return err
		}
		*into = append(*into, stamp{der: der, over: over(method, options)})
	}
	return nil
}

// encodingDER names DER where the encoding of a token is named at all.
const encodingDER = "http://uri.etsi.org/01903/v1.2.2#DER"

// overValue is the imprint of SignatureTimeStamp: the signature value with its
// tags (EN 319 132-1 5.3).
func (r *foreignReader) overValue(m c14n.Method, o c14n.Options) func(crypto.Hash) []byte {
	return func(h crypto.Hash) []byte {
		data, err := r.canonical(r.value, 0, m, o)
		if err != nil {
			return nil
		}
		return appendSum(nil, h, data)
	}
}

// overArchived is the imprint of ArchiveTimeStamp over a signature that is not
// distributed (EN 319 132-1 5.5.2): what the references cover, the signature's
// own elements, the unsigned properties before it. The one ds:Object that
// there is holds those properties and is not covered again.
func (r *foreignReader) overArchived(before []*strictxml.Element, m c14n.Method, o c14n.Options) func(crypto.Hash) []byte {
	elements := []*strictxml.Element{r.info, r.value}
	if r.keyInfo != nil {
		elements = append(elements, r.keyInfo)
	}
	elements = append(elements, before...)
	return func(h crypto.Hash) []byte {
		var data []byte
		for _, c := range r.covered {
			data = append(data, c...)
		}
		for _, e := range elements {
			var err error
			if data, err = c14n.Append(data, e, m, o); err != nil {
				return nil
			}
		}
		return appendSum(nil, h, data)
	}
}
