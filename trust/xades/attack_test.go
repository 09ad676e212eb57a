package xades_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// accepted verifies a document as a relying party does that knows two
// certificates: the signer's, and the authority's of its token. It gives the
// bytes that the party would read.
func accepted(src []byte, o xades.VerifyOptions, leaf *x509.Certificate) ([]byte, error) {
	v, err := xades.Verify(src, o)
	if err != nil {
		return nil, err
	}
	if !v.Certificate.Equal(leaf) {
		return nil, errors.New("signed by another")
	}
	if len(v.Tokens) == 0 {
		return nil, errors.New("not stamped")
	}
	for _, t := range v.Tokens {
		stamper, err := t.Verify(t.Hash, t.Imprint, tsp.VerifyOptions{})
		if err != nil {
			return nil, err
		}
		if !stamper.Equal(world.stamper.Leaf()) {
			return nil, errors.New("stamped by another")
		}
	}
	return v.Document.Source, nil
}

// A part is one signed document taken to pieces.
type parts struct{ open, content, signature, close string }

func takeApart(t testing.TB, src []byte) parts {
	t.Helper()
	s := string(src)
	start := strings.Index(s, "<ds:Signature ")
	end := strings.Index(s, "</ds:Signature>") + len("</ds:Signature>")
	tag := strings.Index(s, ">") + 1
	if start < 0 {
		t.Fatal("no signature")
	}
	return parts{s[:tag], s[tag:start], s[start:end], s[end:]}
}

// forge gives the content that an attacker would like to be read.
func (p parts) forge() string { return strings.Replace(p.content, "MailboxFull", "Other", 1) }

// AT-16: where the signed original, the forged content and the signature can
// stand to each other (nine permutations), each with every way to name the
// original so that the reference still finds it, or finds both.
func TestWrappedSignaturesAreNotAccepted(t *testing.T) {
	leaf := holder(t, derkit.P256).Leaf()
	own := sign(t, stamped(t, signings[0]), evidence(t))
	p := takeApart(t, own)
	if _, err := accepted(own, xades.VerifyOptions{}, leaf); err != nil {
		t.Fatal(err)
	}
	const id = ` Id="_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77"`
	if !strings.Contains(p.open, id) {
		t.Fatal("the document has another identifier")
	}
	type naming struct{ name, forged, original string }
	namings := []naming{
		{"same id", id, id},
		{"other id on the forgery", ` Id="_evil"`, id},
		{"other id on the original", id, ` Id="_evil"`},
		{"no id on the forgery", ``, id},
		{"no id on the original", id, ``},
		{"ID on the forgery", strings.Replace(id, "Id", "ID", 1), id},
		{"id on the original", id, strings.Replace(id, "Id", "id", 1)},
		{"xml:id on the forgery", ` xml:id="_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77"`, id},
		{"id of the signed properties on the forgery", ` Id="` + propertiesID(t, p.signature) + `"`, id},
	}
	reference := map[string]string{
		"whole document": p.signature,
		"by identifier":  strings.Replace(p.signature, `URI=""`, `URI="#_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77"`, 1),
		"by name":        strings.Replace(p.signature, `URI=""`, `URI="#xpointer(/*/*[1])"`, 1),
		"elsewhere":      strings.Replace(p.signature, `URI=""`, `URI="other.xml"`, 1),
	}
	inObject := func(signature, original string) string {
		return strings.Replace(signature, "<ds:Object>", "<ds:Object>"+original, 1)
	}
	n := 0
	for kind, signature := range reference {
		for _, naming := range namings {
			open := strings.Replace(p.open, id, naming.forged, 1)
			original := strings.Replace(p.open, id, naming.original, 1) + p.content + p.close
			signedOriginal := strings.Replace(p.open, id, naming.original, 1) + p.content + signature + p.close
			forged := open + p.forge()
			wrappings := []struct{ name, src string }{
				{"original before the signature", forged + original + signature + p.close},
				{"original after the signature", forged + signature + original + p.close},
				{"original inside the signature", forged + strings.Replace(signature, "</ds:Signature>", original+"</ds:Signature>", 1) + p.close},
				{"original in the object", forged + inObject(signature, original) + p.close},
				{"original in an object of its own", forged + strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+original+"</ds:Object></ds:Signature>", 1) + p.close},
				{"signed original as first child", open + signedOriginal + p.forge() + p.close},
				{"signed original as last child", forged + signedOriginal + p.close},
				{"signed original beside a signature", forged + signedOriginal + signature + p.close},
				{"original around the forgery", strings.Replace(p.open, id, naming.original, 1) + p.content + open + p.forge() + signature + p.close + p.close},
				{"original in an extension", forged + "<Extensions><Extension>" + original + "</Extension></Extensions>" + signature + p.close},
				{"original among the key", forged + strings.Replace(signature, "</ds:X509Data>", "</ds:X509Data>"+original, 1) + p.close},
				{"original among the unsigned properties", forged + strings.Replace(signature, "</xades:UnsignedSignatureProperties>", original+"</xades:UnsignedSignatureProperties>", 1) + p.close},
				{"second signature in the first", forged + strings.Replace(signature, "</xades:UnsignedSignatureProperties>", "<xades:CounterSignature>"+p.signature+"</xades:CounterSignature></xades:UnsignedSignatureProperties>", 1) + p.close},
				{"no original", forged + signature + p.close},
				{"two roots", forged + signature + p.close + original},
			}
			for _, w := range wrappings {
				n++
				if read, err := accepted([]byte(w.src), xades.VerifyOptions{}, leaf); err == nil {
					t.Errorf("%s, %s, %s: accepted, reading %d bytes", w.name, naming.name, kind, len(read))
				}
			}
		}
	}
	t.Logf("%d wrapped documents", n)
}

func propertiesID(t testing.TB, signature string) string {
	t.Helper()
	return "p-" + string(between(t, []byte(signature), `Id="p-`, `"`))
}

// AT-16, AT-19: parts of two genuine signatures, of one signer or of two, do
// not make a third.
func TestPartsOfTwoSignaturesDoNotMakeOne(t *testing.T) {
	leaf := holder(t, derkit.P256).Leaf()
	first := string(sign(t, stamped(t, signings[0]), evidence(t)))
	second := string(sign(t, stamped(t, signings[0]), bytes.Replace(evidence(t), []byte("Konu"), []byte("Kona"), 1)))
	third := string(sign(t, stamped(t, signings[2]), evidence(t)))
	elements := []struct{ open, close string }{
		{"<ds:SignedInfo ", "</ds:SignedInfo>"},
		{"<ds:SignatureValue ", "</ds:SignatureValue>"},
		{"<ds:KeyInfo>", "</ds:KeyInfo>"},
		{"<ds:Object>", "</ds:Object>"},
		{"<xades:SignedProperties ", "</xades:SignedProperties>"},
		{"<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>"},
		{"<xades:UnsignedProperties>", "</xades:UnsignedProperties>"},
		{"<SenderMessageDetails ", "</SenderMessageDetails>"},
	}
	cut := func(s string, open, close string) (int, int) {
		i := strings.Index(s, open)
		return i, i + strings.Index(s[i:], close) + len(close)
	}
	for _, other := range []string{second, third} {
		for _, e := range elements {
			i, j := cut(first, e.open, e.close)
			k, l := cut(other, e.open, e.close)
			mixed := first[:i] + other[k:l] + first[j:]
			if mixed == first {
				continue
			}
			if _, err := accepted([]byte(mixed), xades.VerifyOptions{}, leaf); err == nil {
				t.Errorf("%s of another signature was accepted", e.open)
			}
		}
	}
}

// AT-17: what two readers may read differently is not read at all.
func TestAmbiguousMarkupIsNotAccepted(t *testing.T) {
	leaf := holder(t, derkit.P256).Leaf()
	own := string(sign(t, stamped(t, signings[0]), evidence(t)))
	replacements := []struct{ name, old, new string }{
		{"comment in an address", "b@hs02.example", "b@hs02<!-- -->.example"},
		{"comment in a digest", "</ds:DigestValue>", "<!-- --></ds:DigestValue>"},
		{"comment before the root", "<Delivery", "<!-- --><Delivery"},
		{"processing instruction", "b@hs02.example", "b@hs02<?x y?>.example"},
		{"attribute twice", `version="2.1.1"`, `version="2.1.1" version="2.1.1"`},
		{"attribute twice by namespace", `version="2.1.1"`, `xmlns:a="urn:x" xmlns:b="urn:x" a:v="1" b:v="2" version="2.1.1"`},
		{"namespace twice", ` Id="_6f1c`, ` xmlns="http://uri.etsi.org/02640/v2#" Id="_6f1c`},
		{"character outside NFC in a name", "<EventTime>", "<EventTime x\u0327=\"\">"},
		{"not UTF-8", "Konu", "Kon\xff"},
		{"zero", "Konu", "Kon\x00"},
		{"reference to zero", "Konu", "Kon&#0;"},
		{"text after the signature", "</ds:Signature>", "</ds:Signature>x"},
		{"element after the signature", "</ds:Signature>", "</ds:Signature><x></x>"},
		{"text in the signature", "<ds:KeyInfo>", "<ds:KeyInfo>x"},
		{"attribute on the signature", "<ds:Signature ", `<ds:Signature Foo="" `},
		{"xmlns:xml on the root", ` Id="_6f1c`, ` xmlns:xml="urn:x" Id="_6f1c`},
	}
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			src := strings.Replace(own, r.old, r.new, 1)
			if src == own {
				t.Fatal("nothing was replaced")
			}
			if _, err := accepted([]byte(src), xades.VerifyOptions{}, leaf); err == nil {
				t.Errorf("accepted")
			}
		})
	}
}

// AT-18.
func TestEntitiesAndDepthAreNotAccepted(t *testing.T) {
	own := string(sign(t, stamped(t, signings[0]), evidence(t)))
	sources := map[string]string{
		"external entity": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + strings.Replace(own, "Konu", "&e;", 1),
		"entity bomb":     `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>` + strings.Replace(own, "Konu", "&b;", 1),
		"plain doctype":   `<!DOCTYPE DeliveryNonDeliveryToRecipient>` + own,
		"unknown entity":  strings.Replace(own, "Konu", "&nbsp;", 1),
		"depth":           strings.Replace(own, "Konu", strings.Repeat("<a>", 200_000)+strings.Repeat("</a>", 200_000), 1),
		"size":            strings.Replace(own, "Konu", strings.Repeat("K", 5<<20), 1),
	}
	for name, src := range sources {
		_, err := xades.Verify([]byte(src), xades.VerifyOptions{})
		if !errors.Is(err, xades.ErrForm) {
			t.Errorf("%s: error %v, want %v", name, err, xades.ErrForm)
		}
	}
}

// AT-19: an attacker's signature is his, whatever certificate lies beside it.
func TestTheKeyIsNotTakenFromTheDocument(t *testing.T) {
	genuine := holder(t, derkit.P256)
	attacker := derkit.Issue(t, nil, derkit.P256, "Operation p256", nil)
	forged := string(sign(t, signer(t, signings[0], func(o *xades.SignerOptions) {
		o.Key, o.Chain, o.Authority = attacker.Key, attacker.Chain, authority(t)
	}), evidence(t)))
	v := verify(t, []byte(forged))
	if v.Certificate.Equal(genuine.Leaf()) {
		t.Fatal("the attacker's signature is taken for the genuine one")
	}
	own := string(sign(t, stamped(t, signings[0]), evidence(t)))
	info := func(s string) string { return string(between(t, []byte(s), "<ds:KeyInfo>", "</ds:KeyInfo>")) }
	keyValue := "<ds:KeyValue><ds:ECKeyValue xmlns:ds=\"http://www.w3.org/2009/xmldsig11#\"></ds:ECKeyValue></ds:KeyValue>"
	swaps := map[string]string{
		"genuine certificate in place of his":  strings.Replace(forged, info(forged), info(own), 1),
		"genuine certificate before his":       strings.Replace(forged, "<ds:X509Data>", "<ds:X509Data>"+strings.TrimSuffix(strings.TrimPrefix(info(own), "<ds:X509Data>"), "</ds:X509Data>"), 1),
		"his certificate in the genuine":       strings.Replace(own, info(own), info(forged), 1),
		"his certificate added to the genuine": strings.Replace(own, "</ds:X509Data>", strings.TrimPrefix(info(forged), "<ds:X509Data>"), 1),
		"no certificate in the genuine":        strings.Replace(own, info(own), keyValue, 1),
		"his certificate named in the genuine": strings.Replace(strings.Replace(own, info(own), info(forged), 1), string(between(t, []byte(own), "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")), string(between(t, []byte(forged), "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")), 1),
		"genuine certificate named in the his": strings.Replace(strings.Replace(forged, info(forged), info(own), 1), string(between(t, []byte(forged), "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")), string(between(t, []byte(own), "<xades:SigningCertificateV2>", "</xades:SigningCertificateV2>")), 1),
	}
	for name, src := range swaps {
		v, err := xades.Verify([]byte(src), xades.VerifyOptions{})
		if err == nil && v.Certificate.Equal(genuine.Leaf()) {
			t.Errorf("%s: taken for genuine", name)
		}
		if name != "genuine certificate before his" && err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// Without any certificate in it, a signature is for those who know it.
	other := string(writer{}.sign(t, evidence(t)))
	bare := strings.Replace(other, info(other), "", 1)
	if _, err := xades.Verify([]byte(bare), xades.VerifyOptions{}); !errors.Is(err, xades.ErrCertificate) {
		t.Errorf("without a certificate: error %v, want %v", err, xades.ErrCertificate)
	}
	v, err := xades.Verify([]byte(bare), xades.VerifyOptions{Known: []*x509.Certificate{attacker.Leaf(), genuine.Leaf()}})
	if err != nil || !v.Certificate.Equal(genuine.Leaf()) {
		t.Errorf("with a known certificate: %v", err)
	}
}

// Every byte of a signed document counts: there is none that can change and
// leave it accepted. Every byte of a P-256 document is changed in a few ways
// here, the others are sampled.
func TestNoByteCanChange(t *testing.T) {
	random := testkit.Rand(t, 16)
	for _, s := range signings {
		t.Run(s.name, func(t *testing.T) {
			leaf := holder(t, s.key).Leaf()
			src := sign(t, stamped(t, s), evidence(t))
			o := xades.VerifyOptions{Cache: xades.NewCache(8)}
			if _, err := accepted(src, o, leaf); err != nil {
				t.Fatal(err)
			}
			step := 1
			if s.name != "p256" && !testkit.Long() {
				step = 23
			}
			tried := 0
			for i := random.IntN(step); i < len(src); i += step {
				for _, b := range []byte{src[i] ^ 1, src[i] ^ 0x20, ' ', '\n', byte(random.IntN(256))} {
					if b == src[i] {
						continue
					}
					changed := slices.Clone(src)
					changed[i] = b
					tried++
					if _, err := accepted(changed, o, leaf); err == nil {
						t.Errorf("byte %d changed from %q to %q: accepted, near %q", i, src[i], b, src[max(0, i-40):min(len(src), i+20)])
					}
				}
			}
			t.Logf("%d changes", tried)
		})
	}
}

func TestNoByteCanGoOrCome(t *testing.T) {
	leaf := holder(t, derkit.P256).Leaf()
	src := sign(t, stamped(t, signings[0]), evidence(t))
	for i := 0; i < len(src); i += 7 {
		if _, err := accepted(slices.Delete(slices.Clone(src), i, i+1), xades.VerifyOptions{}, leaf); err == nil {
			// White space that no canonical form has may be all that went.
			t.Errorf("byte %d removed: accepted, near %q", i, src[max(0, i-40):min(len(src), i+20)])
		}
		if _, err := accepted(src[:i], xades.VerifyOptions{}, leaf); err == nil {
			t.Errorf("cut at %d: accepted", i)
		}
	}
}

func TestFailuresSayWhy(t *testing.T) {
	own := string(sign(t, stamped(t, signings[0]), evidence(t)))
	other := string(sign(t, stamped(t, signings[0]), bytes.Replace(evidence(t), []byte("Konu"), []byte("Kona"), 1)))
	stamp := func(s string) string {
		return string(between(t, []byte(s), "<xades:EncapsulatedTimeStamp>", "</xades:EncapsulatedTimeStamp>"))
	}
	value := func(s string) string {
		return string(between(t, []byte(s), `<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`, "</ds:SignatureValue>"))
	}
	tests := []struct {
		name, src string
		want      error
		check     string
	}{
		{"document", strings.Replace(own, "Konu", "Kona", 1), xades.ErrDigest, xades.CheckDocument},
		{"signed properties", strings.Replace(own, "<xades:SigningTime>2026", "<xades:SigningTime>2025", 1), xades.ErrDigest, xades.CheckProperties},
		{"value", strings.Replace(own, value(own), value(other), 1), xades.ErrValue, xades.CheckValue},
		{"stamp", strings.Replace(own, stamp(own), stamp(other), 1), xades.ErrStamp, xades.CheckStamp},
		{"algorithm", strings.Replace(own, "ecdsa-sha256", "ecdsa-sha1", 1), xades.ErrAlgorithm, xades.CheckForm},
		{"digest", strings.Replace(own, `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">`, `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1">`, 1), xades.ErrAlgorithm, xades.CheckForm},
		{"no signature", string(evidence(t)), xades.ErrForm, xades.CheckForm},
		{"key of another kind", strings.Replace(own, "ecdsa-sha256", "rsa-sha256", 1), xades.ErrAlgorithm, xades.CheckValue},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := xades.Verify([]byte(test.src), xades.VerifyOptions{})
			failure, ok := errors.AsType[*xades.Failure](err)
			if !ok || !errors.Is(err, test.want) || v != nil {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			last := failure.Checks[len(failure.Checks)-1]
			if last.Name != test.check || last.Passed {
				t.Errorf("last check %+v, want a failed %q", last, test.check)
			}
			for _, c := range failure.Checks[:len(failure.Checks)-1] {
				if !c.Passed {
					t.Errorf("check %q failed before the last", c.Name)
				}
			}
		})
	}
}
