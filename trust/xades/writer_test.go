package xades_test

import (
	"context"
	"crypto"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// A writer signs as others do: it knows every form that is read and none that
// is written. What it leaves empty has the form of the ETSI kits. It builds the
// document with empty digests, canonicalises what each reference covers with a
// tree, and fills them in.
type writer struct {
	takeOut     string           // the transform that takes the signature out
	method      c14n.Method      // of every canonicalisation
	prefixes    string           // of InclusiveNamespaces
	uri         string           // of the reference to the document
	certificate string           // the element with the reference to the certificate
	qualifying  string           // more signed signature properties
	objects     string           // more signed data object properties
	augment     func(f *written) // adds unsigned properties
	reversed    bool             // the reference to the properties stands first
	key         string
}

// A written document, for those who add to it.
type written struct {
	t    testing.TB
	src  string
	w    writer
	a    algorithm.Signature
	info string // the canonical data of the references, in their order
}

const (
	dsNS    = "http://www.w3.org/2000/09/xmldsig#"
	xadesNS = "http://uri.etsi.org/01903/v1.3.2#"
	v141NS  = "http://uri.etsi.org/01903/v1.4.1#"

	byEnveloped = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	// The literal form of the ETSI EN 319 532-4 kit.
	byFilter2 = `<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><dsig-xpath:XPath xmlns:dsig-xpath="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">/descendant::ds:Signature</dsig-xpath:XPath></ds:Transform>`
	// The form of e-CODEX.
	byXPath = `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>`
)

// begin writes everything but the digests and the value.
func (w writer) begin(t testing.TB, root []byte) *written {
	t.Helper()
	if w.takeOut == "" {
		w.takeOut = byFilter2
	}
	if w.method == "" {
		w.method = c14n.Exclusive
	}
	if w.key == "" {
		w.key = derkit.P256
	}
	h := holder(t, w.key)
	if w.certificate == "" {
		sum := sha512.Sum512(h.Leaf().Raw)
		w.certificate = `<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><ds:DigestValue>` +
			base64.StdEncoding.EncodeToString(sum[:]) + "</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
	}
	a, err := algorithm.For(h.Key.Public(), crypto.SHA256, false)
	if err != nil {
		t.Fatal(err)
	}
	canonicalisation := string(w.method) + `"/>`
	if w.prefixes != "" {
		canonicalisation = string(w.method) + `"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="` + w.prefixes + `"/></`
	}
	method := func(element string) string {
		if w.prefixes != "" {
			return "<ds:" + element + ` Algorithm="` + canonicalisation + "ds:" + element + ">"
		}
		return "<ds:" + element + ` Algorithm="` + canonicalisation
	}
	const digest = "</ds:Transforms>\n<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n<ds:DigestValue>%s</ds:DigestValue>\n</ds:Reference>\n"
	references := []string{
		`<ds:Reference Id="reference-1" URI="` + w.uri + `"><ds:Transforms>` + w.takeOut + method("Transform") + strings.Replace(digest, "%s", "@document@", 1),
		`<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-1"><ds:Transforms>` + method("Transform") + strings.Replace(digest, "%s", "@properties@", 1),
	}
	if w.reversed {
		references[0], references[1] = references[1], references[0]
	}
	signature := `<ds:Signature xmlns:ds="` + dsNS + `" Id="id-1">` + "\n<ds:SignedInfo>\n" + method("CanonicalizationMethod") +
		"\n<ds:SignatureMethod Algorithm=\"" + a.URI() + "\"/>\n" + references[0] + references[1] +
		"</ds:SignedInfo>\n<ds:SignatureValue Id=\"value-1\">@value@</ds:SignatureValue>\n<ds:KeyInfo>\n<ds:KeyName>no name</ds:KeyName><ds:X509Data>\n<ds:X509Certificate>\n" +
		lines(base64.StdEncoding.EncodeToString(h.Leaf().Raw)) + "\n</ds:X509Certificate>\n</ds:X509Data>\n</ds:KeyInfo>\n" +
		`<ds:Object><xades:QualifyingProperties xmlns:xades="` + xadesNS + `" Target="#id-1">` + "\n" +
		`<xades:SignedProperties Id="xades-1"><xades:SignedSignatureProperties><xades:SigningTime>2026-11-23T12:30:15.250+03:00</xades:SigningTime>` +
		w.certificate + w.qualifying + "</xades:SignedSignatureProperties>\n" +
		`<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#reference-1"><xades:MimeType>application/octet-stream</xades:MimeType></xades:DataObjectFormat>` +
		w.objects + "</xades:SignedDataObjectProperties></xades:SignedProperties>@unsigned@\n</xades:QualifyingProperties></ds:Object></ds:Signature>\n"
	cut := strings.LastIndex(string(root), "</")
	return &written{t: t, w: w, a: a, src: string(root[:cut]) + signature + string(root[cut:])}
}

func (w writer) sign(t testing.TB, root []byte) []byte {
	t.Helper()
	f := w.begin(t, root)
	w = f.w
	sum := func(data string) []byte {
		d := crypto.SHA256.New()
		d.Write([]byte(data))
		return d.Sum(nil)
	}
	document := f.canonical(func(d *strictxml.Document) *strictxml.Element { return d.Root }, true)
	properties := f.element("SignedProperties")
	f.fill("@document@", sum(document))
	f.fill("@properties@", sum(properties))
	if f.info = document + properties; w.reversed {
		f.info = properties + document
	}
	value, err := f.a.SignXML(holder(t, w.key).Key, sum(f.element("SignedInfo")))
	if err != nil {
		t.Fatal(err)
	}
	f.fill("@value@", value)
	if w.augment != nil {
		w.augment(f)
	}
	return f.done()
}

// template writes a document whose digests and value another program fills in.
func (w writer) template(t testing.TB, root []byte) []byte {
	t.Helper()
	return w.begin(t, root).done()
}

func (f *written) done() []byte {
	return []byte(strings.NewReplacer("@unsigned@", "", "@document@", "", "@properties@", "", "@value@", "").Replace(f.src))
}

func (f *written) fill(place string, value []byte) {
	f.src = strings.Replace(f.src, place, base64.StdEncoding.EncodeToString(value), 1)
}

// element gives the canonical form of the first element with a local name.
func (f *written) element(local string) string {
	return f.canonical(func(d *strictxml.Document) *strictxml.Element { return find(d.Root, local) }, false)
}

func (f *written) canonical(apex func(*strictxml.Document) *strictxml.Element, takeOut bool) string {
	f.t.Helper()
	d, err := strictxml.Parse([]byte(f.src), strictxml.DefaultLimits)
	if err != nil {
		f.t.Fatal(err)
	}
	o := c14n.Options{Prefixes: strings.Fields(f.w.prefixes)}
	if takeOut {
		o.Omit = func(e *strictxml.Element) bool { return e.Local == "Signature" }
	}
	out, err := c14n.Append(nil, apex(d), f.w.method, o)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(out)
}

// stamp makes an element with a token over data.
func (f *written) stamp(element, data string) string {
	f.t.Helper()
	d := crypto.SHA256.New()
	d.Write([]byte(data))
	token, err := authority(f.t).Stamp(context.Background(), crypto.SHA256, d.Sum(nil))
	if err != nil {
		f.t.Fatal(err)
	}
	name, _, _ := strings.Cut(element, " ")
	prefixes := ""
	if f.w.prefixes != "" {
		prefixes = `<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="` + f.w.prefixes + `"/>`
	}
	return fmt.Sprintf(`<%s Id="stamp-%d"><ds:CanonicalizationMethod Algorithm="%s">%s</ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp Encoding="http://uri.etsi.org/01903/v1.2.2#DER">%s</xades:EncapsulatedTimeStamp></%s>`,
		element, len(data), f.w.method, prefixes, base64.StdEncoding.EncodeToString(token.DER), name)
}

// add puts an unsigned property where the last ones are, so that the next can
// be made over it.
func (f *written) add(property string) {
	const open, close = "\n<xades:UnsignedProperties>\n<xades:UnsignedSignatureProperties>", "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
	if !strings.Contains(f.src, open) {
		f.src = strings.Replace(f.src, "@unsigned@", open+"@unsigned@"+close, 1)
	}
	f.src = strings.Replace(f.src, "@unsigned@", property+"@unsigned@", 1)
}

func find(e *strictxml.Element, local string) *strictxml.Element {
	if e.Local == local {
		return e
	}
	for c := range e.ChildElements() {
		if found := find(c, local); found != nil {
			return found
		}
	}
	return nil
}

// lines breaks base64 into lines of 76 characters.
func lines(text string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return b.String() + text
}

// stampValue adds a SignatureTimeStamp.
func (f *written) stampValue() {
	f.add(f.stamp("xades:SignatureTimeStamp", f.element("SignatureValue")))
}

// values adds CertificateValues and RevocationValues.
func (f *written) values() {
	encoded := base64.StdEncoding.EncodeToString
	f.add("<xades:CertificateValues><xades:EncapsulatedX509Certificate>" + encoded(world.issuer.Leaf().Raw) +
		"</xades:EncapsulatedX509Certificate></xades:CertificateValues>")
	f.add("<xades:RevocationValues><xades:CRLValues><xades:EncapsulatedCRLValue>" + encoded([]byte("a list")) +
		"</xades:EncapsulatedCRLValue></xades:CRLValues><xades:OCSPValues><xades:EncapsulatedOCSPValue>" + encoded([]byte("an answer")) +
		"</xades:EncapsulatedOCSPValue></xades:OCSPValues></xades:RevocationValues>")
}

// archive adds an ArchiveTimeStamp over everything before it.
func (f *written) archive() {
	data := f.info + f.element("SignedInfo") + f.element("SignatureValue") + f.element("KeyInfo")
	d, err := strictxml.Parse([]byte(strings.Replace(f.src, "@unsigned@", "", 1)), strictxml.DefaultLimits)
	if err != nil {
		f.t.Fatal(err)
	}
	for p := range find(d.Root, "UnsignedSignatureProperties").ChildElements() {
		out, err := c14n.Append(nil, p, f.w.method, c14n.Options{Prefixes: strings.Fields(f.w.prefixes)})
		if err != nil {
			f.t.Fatal(err)
		}
		data += string(out)
	}
	f.add(f.stamp(`xadesv141:ArchiveTimeStamp xmlns:xadesv141="`+v141NS+`"`, data))
}
