package xades

import (
	"encoding/hex"
	"fmt"
	"strings"

	"rem/trust/algorithm"
	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// What one signature may carry beside its certificates.
const (
	maxTokens      = 16 // every renewal over twenty years adds one
	maxRevocations = 64
)

// A foreignReader reads the signature of anybody, our own included, from a
// tree. What it does not know it refuses, where the signature rests on it.
type foreignReader struct {
	options  VerifyOptions
	document *strictxml.Document
	claim    *claim

	signature  *strictxml.Element
	info       *strictxml.Element
	value      *strictxml.Element
	keyInfo    *strictxml.Element // nil when there is none
	properties *strictxml.Element // xades:SignedProperties
	unsigned   *strictxml.Element // xades:UnsignedSignatureProperties; nil when there is none

	documentReference string   // the Id of the reference to the document; may be empty
	covered           [][]byte // what the references cover, in their order
}

// readForeign reads a signature into c. Its errors are of the kinds that
// [Failure] has.
func readForeign(src []byte, o VerifyOptions, c *claim) error {
	document, err := strictxml.Parse(src, o.Limits)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if document.Comments > 0 {
		return malformed("a comment in a signed document") // AT-17
	}
	r := &foreignReader{options: o, document: document, claim: c}
	for _, step := range []func() error{
		r.findSignature, r.readSignature, r.readObject, r.readInfo, r.readValue, r.readKeyInfo,
		r.readSignedProperties, r.readUnsignedProperties, r.refuseOurs,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// refuseOurs refuses a signature that [Signer.Sign] wrote, going by its
// identifier, and that is not in its form any more. XML leaves room for
// changes that its canonical form does not show, white space in tags and
// declarations that nothing uses among them. Others may use that room. What we
// write leaves the house in one form, and a byte that is different tells of a
// hand that had no business there.
func (r *foreignReader) refuseOurs() error {
	id, _ := r.signature.Attr("", "Id")
	if id == "s-"+hex.EncodeToString(r.claim.root.computed()[:idBytes]) {
		return malformed("it was written in the form of this software and was changed")
	}
	return nil
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrForm, what) }

// findSignature finds the one ds:Signature, which is the last child of the
// root. There is no other anywhere, neither beside it nor in it.
func (r *foreignReader) findSignature() error {
	if n := countSignatures(r.document.Root); n != 1 {
		return malformed(fmt.Sprintf("%d signatures in the document", n))
	}
	var last *strictxml.Element
	for e := range r.document.Root.ChildElements() {
		last = e
	}
	if last == nil || !last.Is(nsDS, "Signature") {
		return malformed("the signature is not the last child of the root")
	}
	if n := r.document.Root.Children; n[len(n)-1].Element != last && !blank(n[len(n)-1].Text) {
		return malformed("text after the signature")
	}
	r.signature = last
	return nil
}

func countSignatures(e *strictxml.Element) int {
	n := 0
	if e.Is(nsDS, "Signature") {
		n++
	}
	for c := range e.ChildElements() {
		n += countSignatures(c)
	}
	return n
}

// readSignature finds the parts of ds:Signature (XMLDSig 1.1 4.2). There is one
// ds:Object, the one with the qualifying properties.
func (r *foreignReader) readSignature() error {
	parts, err := children(r.signature, "Id")
	if err != nil {
		return err
	}
	if len(parts) == 4 && parts[2].Is(nsDS, "KeyInfo") {
		r.keyInfo = parts[2]
		parts = append(parts[:2:2], parts[3])
	}
	if len(parts) != 3 || !parts[0].Is(nsDS, "SignedInfo") || !parts[1].Is(nsDS, "SignatureValue") || !parts[2].Is(nsDS, "Object") {
		return malformed("ds:Signature does not hold what it should")
	}
	r.info, r.value = parts[0], parts[1]
	return nil
}

// readObject finds the signed and the unsigned properties (EN 319 132-1 4.3).
func (r *foreignReader) readObject() error {
	parts, err := children(r.signature.Child(nsDS, "Object"), "Id", "MimeType", "Encoding")
	if err != nil {
		return err
	}
	if len(parts) != 1 || !parts[0].Is(nsXAdES, "QualifyingProperties") {
		return malformed("ds:Object holds something other than qualifying properties")
	}
	qualifying := parts[0]
	if parts, err = children(qualifying, "Id", "Target"); err != nil {
		return err
	}
	id, _ := r.signature.Attr("", "Id")
	if target, _ := qualifying.Attr("", "Target"); id == "" || target != "#"+id {
		return malformed("the properties are those of another signature")
	}
	if len(parts) == 0 || len(parts) > 2 || !parts[0].Is(nsXAdES, "SignedProperties") {
		return malformed("no signed properties")
	}
	r.properties = parts[0]
	if len(parts) == 1 {
		return nil
	}
	if !parts[1].Is(nsXAdES, "UnsignedProperties") {
		return malformed("unknown qualifying properties")
	}
	if parts, err = children(parts[1], "Id"); err != nil {
		return err
	}
	for _, p := range parts {
		switch {
		case r.unsigned == nil && p.Is(nsXAdES, "UnsignedSignatureProperties"):
			r.unsigned = p
		case p.Is(nsXAdES, "UnsignedDataObjectProperties"):
			r.claim.beside = append(r.claim.beside, p.Local)
		default:
			return malformed("unknown unsigned properties")
		}
	}
	return nil
}

// readInfo reads ds:SignedInfo: two references, one to the document and one to
// the signed properties, in either order.
func (r *foreignReader) readInfo() error {
	parts, err := children(r.info, "Id")
	if err != nil {
		return err
	}
	if len(parts) != 4 || !parts[0].Is(nsDS, "CanonicalizationMethod") || !parts[1].Is(nsDS, "SignatureMethod") ||
		!parts[2].Is(nsDS, "Reference") || !parts[3].Is(nsDS, "Reference") {
		return malformed("ds:SignedInfo does not hold two references")
	}
	method, options, err := readMethod(parts[0])
	if err != nil {
		return err
	}
	if r.claim.info, err = r.canonical(r.info, 0, method, options); err != nil {
		return err
	}
	uri, err := onlyAlgorithm(parts[1])
	if err != nil {
		return err
	}
	if r.claim.algorithm, err = algorithm.SignatureByURI(uri); err != nil {
		return fmt.Errorf("%w: %w", ErrAlgorithm, err)
	}
	var document, properties bool
	for _, reference := range parts[2:] {
		if kind, _ := reference.Attr("", "Type"); kind == signedType {
			properties = true
			err = r.readPropertiesReference(reference)
		} else {
			document = true
			err = r.readDocumentReference(reference)
		}
		if err != nil {
			return err
		}
	}
	if !document || !properties {
		return malformed("the references are not to the document and to the signed properties")
	}
	return nil
}

// readReference reads what every ds:Reference has (XMLDSig 1.1 4.4.3).
func (r *foreignReader) readReference(e *strictxml.Element, into *reference) (transforms []*strictxml.Element, err error) {
	parts, err := children(e, "Id", "URI", "Type")
	if err != nil {
		return nil, err
	}
	if len(parts) == 3 && parts[0].Is(nsDS, "Transforms") {
		if transforms, err = children(parts[0]); err != nil {
			return nil, err
		}
		parts = parts[1:]
	}
	if len(parts) != 2 {
		return nil, malformed("a reference does not hold what it should")
	}
	into.hash, into.digest, err = readDigest(parts[0], parts[1])
	return transforms, err
}

// readDocumentReference reads the reference to the document: to the whole of
// it, or to its root element by identifier, which is the same without
// comments. One transform takes the signature out; each of the three that are
// known gives the same when there is one signature.
func (r *foreignReader) readDocumentReference(e *strictxml.Element) error {
	transforms, err := r.readReference(e, &r.claim.root)
	if err != nil {
		return err
	}
	if uri, ok := e.Attr("", "URI"); !ok || uri != "" && r.document.ByID(strings.TrimPrefix(uri, "#")) != r.document.Root ||
		uri != "" && uri[0] != '#' {
		return malformed("a reference to something other than the document")
	}
	if len(transforms) == 0 || len(transforms) > 2 || !r.takesOut(transforms[0]) {
		return malformed("the transforms of the document do not take the signature out")
	}
	method, options, err := lastMethod(transforms[1:])
	if err != nil {
		return err
	}
	options.Omit = func(e *strictxml.Element) bool { return e == r.signature }
	r.claim.root.data, err = r.canonical(r.document.Root, r.signature.End-r.signature.Start, method, options)
	r.documentReference, _ = e.Attr("", "Id")
	r.covered = append(r.covered, r.claim.root.data)
	return err
}

func (r *foreignReader) readPropertiesReference(e *strictxml.Element) error {
	transforms, err := r.readReference(e, &r.claim.properties)
	if err != nil {
		return err
	}
	uri, _ := e.Attr("", "URI")
	id, ok := strings.CutPrefix(uri, "#")
	if !ok || r.document.ByID(id) != r.properties {
		return malformed("a reference to the properties of another signature")
	}
	method, options, err := lastMethod(transforms)
	if err != nil {
		return err
	}
	r.claim.properties.data, err = r.canonical(r.properties, 0, method, options)
	r.covered = append(r.covered, r.claim.properties.data)
	return err
}

// The transforms that take the signature out, and the only expressions of the
// two general ones that are understood, letter by letter.
const (
	xpathFilter2     = "http://www.w3.org/2002/06/xmldsig-filter2"
	xpathSubtract    = "/descendant::ds:Signature"
	xpath1           = "http://www.w3.org/TR/1999/REC-xpath-19991116"
	xpathNotAncestor = "not(ancestor-or-self::ds:Signature)"
)

// takesOut tells whether a transform takes the signature out of the document.
func (r *foreignReader) takesOut(transform *strictxml.Element) bool {
	parts, err := children(transform, "Algorithm")
	if err != nil || !transform.Is(nsDS, "Transform") {
		return false
	}
	switch a, _ := transform.Attr("", "Algorithm"); a {
	case enveloped:
		return len(parts) == 0
	case xpathFilter2:
		if len(parts) != 1 || !parts[0].Is(xpathFilter2, "XPath") || len(parts[0].Attrs) != 1 {
			return false
		}
		filter, _ := parts[0].Attr("", "Filter")
		text, err := parts[0].Text()
		return err == nil && filter == "subtract" && text == xpathSubtract && boundToDS(parts[0])
	case xpath1:
		if len(parts) != 1 || !parts[0].Is(nsDS, "XPath") || len(parts[0].Attrs) != 0 {
			return false
		}
		text, err := parts[0].Text()
		return err == nil && text == xpathNotAncestor && boundToDS(parts[0])
	}
	return false
}

// boundToDS tells whether the prefix ds means XML signatures here.
func boundToDS(e *strictxml.Element) bool {
	for ; e != nil; e = e.Parent {
		for _, d := range e.Decls {
			if d.Prefix == "ds" {
				return d.URI == nsDS
			}
		}
	}
	return false
}

// lastMethod reads the canonicalisation at the end of the transforms. Where
// there is none it is Canonical XML 1.0 (XMLDSig 1.1 4.4.3.2).
func lastMethod(transforms []*strictxml.Element) (c14n.Method, c14n.Options, error) {
	switch {
	case len(transforms) == 0:
		return c14n.Inclusive, c14n.Options{}, nil
	case len(transforms) > 1 || !transforms[0].Is(nsDS, "Transform"):
		return "", c14n.Options{}, malformed("a transform that is not accepted")
	}
	return readMethod(transforms[0])
}

// readMethod reads a canonicalisation method. Its comments and that of the
// document never meet: a document with comments was refused.
func readMethod(e *strictxml.Element) (c14n.Method, c14n.Options, error) {
	parts, err := children(e, "Algorithm")
	if err != nil {
		return "", c14n.Options{}, err
	}
	a, _ := e.Attr("", "Algorithm")
	method := c14n.Method(a)
	switch method {
	case c14n.Inclusive, c14n.InclusiveWithComments, c14n.Inclusive11, c14n.Inclusive11WithComments:
		if len(parts) == 0 {
			return method, c14n.Options{}, nil
		}
	case c14n.Exclusive, c14n.ExclusiveWithComments:
		if len(parts) == 0 {
			return method, c14n.Options{}, nil
		}
		inner, err := children(parts[0], "PrefixList")
		list, ok := parts[0].Attr("", "PrefixList")
		if err == nil && ok && len(parts) == 1 && len(inner) == 0 && parts[0].Is(exclusive, "InclusiveNamespaces") {
			return method, c14n.Options{Prefixes: strings.Fields(list)}, nil
		}
	}
	return "", c14n.Options{}, malformed("a canonicalisation that is not accepted")
}

// canonical gives the canonical form of an element, of which so many bytes of
// the source are left out.
func (r *foreignReader) canonical(e *strictxml.Element, omitted int, m c14n.Method, o c14n.Options) ([]byte, error) {
	out, err := c14n.Append(make([]byte, 0, e.End-e.Start-omitted+256), e, m, o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return out, nil
}

func (r *foreignReader) readValue() error {
	var err error
	r.claim.value, err = base64Of(r.value, "Id")
	return err
}

// readKeyInfo reads the certificates. Everything else in ds:KeyInfo is left
// alone: no key is taken from there (AT-19).
func (r *foreignReader) readKeyInfo() error {
	if r.keyInfo == nil {
		return nil
	}
	parts, err := children(r.keyInfo, "Id")
	if err != nil {
		return err
	}
	for _, data := range parts {
		if !data.Is(nsDS, "X509Data") {
			continue
		}
		entries, err := children(data)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Is(nsDS, "X509Certificate") {
				continue
			}
			if r.claim.keyInfo, err = r.addCertificate(r.claim.keyInfo, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *foreignReader) addCertificate(to []*certificate, e *strictxml.Element) ([]*certificate, error) {
	if len(to) == maxCertificates {
		return to, malformed("more certificates than the limit")
	}
	text, err := unbroken(e, "Id", "Encoding")
	if err != nil {
		return to, err
	}
	c, err := r.options.Cache.decode(text)
	if err != nil {
		return to, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return append(to, c), nil
}
