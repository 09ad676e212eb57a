package xades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"regexp"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
	"rem/trust/c14n"
	"rem/trust/strictxml"
	"rem/trust/tsp"
	"rem/trust/xades"
)

func TestASignedDocumentVerifies(t *testing.T) {
	for _, s := range signings {
		t.Run(s.name, func(t *testing.T) {
			h := holder(t, s.key)
			src := sign(t, stamped(t, s), evidence(t))
			v := verify(t, src)
			if !v.Certificate.Equal(h.Leaf()) {
				t.Errorf("signing certificate of %v, want %v", v.Certificate.Subject, h.Leaf().Subject)
			}
			if len(v.Chain) != 2 || !v.Chain[1].Equal(h.Chain[1]) {
				t.Errorf("chain of %d, want the leaf and its issuer, without the root", len(v.Chain))
			}
			if !v.SigningTime.Equal(signingTime) {
				t.Errorf("signing time %v, want %v", v.SigningTime, signingTime)
			}
			if v.Level != "B-T" || len(v.Tokens) != 1 {
				t.Errorf("level %s with %d tokens, want B-T with one", v.Level, len(v.Tokens))
			}
			if want := (algorithm.Signature{Key: h.Leaf().PublicKeyAlgorithm, Hash: s.hash, PSS: s.pss}); v.Algorithm != want {
				t.Errorf("algorithm %v, want %v", v.Algorithm, want)
			}
			if !bytes.Equal(v.Document.Source, evidence(t)) {
				t.Errorf("verified bytes are not those that were signed")
			}
			if _, err := v.Tokens[0].Verify(v.Tokens[0].Hash, v.Tokens[0].Imprint, tsp.VerifyOptions{}); err != nil {
				t.Errorf("token: %v", err)
			}
		})
	}
}

func TestASignatureWithoutAuthorityIsBB(t *testing.T) {
	v := verify(t, sign(t, signer(t, signings[0], nil), evidence(t)))
	if v.Level != "B-B" || len(v.Tokens) != 0 {
		t.Errorf("level %s with %d tokens, want B-B with none", v.Level, len(v.Tokens))
	}
}

func TestTheSignaturePolicyIsNamed(t *testing.T) {
	policies := map[string]xades.SignaturePolicy{
		"oid":     {Identifier: "urn:oid:2.16.792.1.2.1", Hash: crypto.SHA256, Digest: bytes.Repeat([]byte{7}, 32)},
		"address": {Identifier: "http://hs90.kep.test/policy", Hash: crypto.SHA512, Digest: bytes.Repeat([]byte{8}, 64), URI: "http://hs90.kep.test/policy.pdf"},
	}
	for name, want := range policies {
		t.Run(name, func(t *testing.T) {
			src := sign(t, signer(t, signings[0], func(o *xades.SignerOptions) { o.Policy = &want }), evidence(t))
			testkit.ValidateXML(t, testkit.SchemaREM, src)
			got := verify(t, src).Policy
			if got == nil || got.Identifier != want.Identifier || got.URI != want.URI || got.Hash != want.Hash || !bytes.Equal(got.Digest, want.Digest) {
				t.Errorf("policy %+v, want %+v", got, want)
			}
		})
	}
}

func TestSignedEvidenceFollowsTheSchema(t *testing.T) {
	testkit.ValidateXML(t, testkit.SchemaREM, sign(t, stamped(t, signings[0]), evidence(t)))
}

// What is written is canonical by construction; here a tree is built and every
// element that is hashed is canonicalised.
func TestWhatIsHashedIsItsOwnCanonicalForm(t *testing.T) {
	src := sign(t, stamped(t, signings[0]), evidence(t))
	d, err := strictxml.Parse(src, strictxml.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	const ds, x = "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/v1.3.2#"
	signature := d.Root.Child(ds, "Signature")
	elements := []*strictxml.Element{
		signature.Child(ds, "SignedInfo"), signature.Child(ds, "SignatureValue"),
		signature.Child(ds, "Object").Child(x, "QualifyingProperties").Child(x, "SignedProperties"),
	}
	for _, e := range elements {
		if !c14n.IsCanonical(d, e, c14n.Exclusive, c14n.Options{}) {
			t.Errorf("%s is not canonical", e.Local)
		}
	}
	omit := c14n.Options{Omit: func(e *strictxml.Element) bool { return e == signature }}
	if !c14n.IsCanonical(d, d.Root, c14n.Exclusive, omit) {
		t.Errorf("the document without its signature is not canonical")
	}
}

// xmlsec1 has no RSASSA-PSS before version 1.3; openssl checks those below.
func TestXmlsec1VerifiesWhatIsSigned(t *testing.T) {
	for _, s := range signings {
		if s.pss {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			src := sign(t, stamped(t, s), evidence(t))
			out, err := run(t, "xmlsec1", "xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem", rootFile(t),
				"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", file(t, "signed.xml", src))
			if err != nil || !bytes.Contains(out, []byte("SignedInfo References (ok/all): 2/2")) {
				t.Errorf("xmlsec1: %v\n%s", err, out)
			}
		})
	}
}

func TestOpensslVerifiesTheSignedBytes(t *testing.T) {
	for _, s := range signings {
		if !s.pss {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			src := sign(t, signer(t, s, nil), evidence(t))
			info := regexp.MustCompile(`(?s)<ds:SignedInfo .*</ds:SignedInfo>`).Find(src)
			value := between(t, src, `<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`, `</ds:SignatureValue>`)
			certificates, _ := holder(t, s.key).WritePEM(t, t.TempDir(), "signer")
			public, err := run(t, "openssl", "openssl", "x509", "-in", certificates, "-noout", "-pubkey")
			if err != nil {
				t.Fatalf("openssl: %v\n%s", err, public)
			}
			digest := strings.ToLower(strings.ReplaceAll(algorithm.DigestName(s.hash), "-", ""))
			out, err := run(t, "openssl", "openssl", "dgst", "-"+digest, "-verify", file(t, "public.pem", public),
				"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest",
				"-signature", file(t, "value", unbase64(t, value)), file(t, "info", info))
			if err != nil {
				t.Errorf("openssl: %v\n%s", err, out)
			}
		})
	}
}

func TestOpensslVerifiesTheStamp(t *testing.T) {
	src := sign(t, stamped(t, signings[0]), evidence(t))
	element := regexp.MustCompile(`<ds:SignatureValue .*</ds:SignatureValue>`).Find(src)
	token := unbase64(t, between(t, src, "<xades:EncapsulatedTimeStamp>", "</xades:EncapsulatedTimeStamp>"))
	out, err := run(t, "openssl", "openssl", "ts", "-verify", "-data", file(t, "value", element),
		"-in", file(t, "token", token), "-token_in", "-CAfile", rootFile(t))
	if err != nil {
		t.Errorf("openssl ts: %v\n%s", err, out)
	}
}

func TestEqualDocumentsHaveEqualSignedInfo(t *testing.T) {
	info := regexp.MustCompile(`(?s)<ds:SignedInfo .*</ds:SignedInfo>`)
	properties := regexp.MustCompile(`(?s)<xades:SignedProperties .*</xades:SignedProperties>`)
	a := sign(t, stamped(t, signings[0]), evidence(t))
	b := sign(t, stamped(t, signings[0]), evidence(t))
	if !bytes.Equal(info.Find(a), info.Find(b)) || !bytes.Equal(properties.Find(a), properties.Find(b)) {
		t.Errorf("two signatures of one document differ in what they sign")
	}
	rsa := signer(t, signings[3], nil)
	if !bytes.Equal(sign(t, rsa, evidence(t)), sign(t, rsa, evidence(t))) {
		t.Errorf("two RSA signatures of one document differ")
	}
}

func TestOneSignerSignsConcurrently(t *testing.T) {
	s := stamped(t, signings[0])
	const workers = 8
	results := make(chan []byte, workers)
	for i := range workers {
		go func() {
			root := bytes.Replace(evidence(t), []byte("Konu"), []byte{'K', byte('a' + i)}, 1)
			signed, err := s.Sign(context.Background(), root, signingTime)
			if err != nil {
				t.Error(err)
			}
			if v, err := xades.Verify(signed.XML, xades.VerifyOptions{}); err != nil || !bytes.Equal(v.Document.Source, root) {
				t.Errorf("signature %d: %v, or another's document", i, err)
			}
			results <- signed.XML
		}()
	}
	seen := make(map[string]bool)
	for range workers {
		seen[string(<-results)] = true
	}
	if len(seen) != workers {
		t.Errorf("%d different documents, want %d", len(seen), workers)
	}
}

func TestSignerRefusesWhatItIsMadeOf(t *testing.T) {
	h, other := holder(t, derkit.P256), holder(t, derkit.P384)
	small := weak(t)
	good := xades.SignerOptions{Key: h.Key, Chain: h.Chain}
	tests := []struct {
		name   string
		change func(*xades.SignerOptions)
	}{
		{"no key", func(o *xades.SignerOptions) { o.Key = nil }},
		{"no certificate", func(o *xades.SignerOptions) { o.Chain = nil }},
		{"another's key", func(o *xades.SignerOptions) { o.Key = other.Key }},
		{"chain in another order", func(o *xades.SignerOptions) { o.Chain = []*x509.Certificate{h.Chain[0], h.Chain[2]} }},
		{"SHA-1", func(o *xades.SignerOptions) { o.Hash = crypto.SHA1 }},
		{"PSS with ECDSA", func(o *xades.SignerOptions) { o.PSS = true }},
		{"RSA of 1024 bits", func(o *xades.SignerOptions) { o.Key, o.Chain = small.Key, small.Chain }},
		{"policy without digest", func(o *xades.SignerOptions) {
			o.Policy = &xades.SignaturePolicy{Identifier: "urn:oid:1.2", Hash: crypto.SHA256}
		}},
		{"policy with markup", func(o *xades.SignerOptions) {
			o.Policy = &xades.SignaturePolicy{Identifier: "urn:<x>", Hash: crypto.SHA256, Digest: make([]byte, 32)}
		}},
		{"MIME type with markup", func(o *xades.SignerOptions) { o.MimeType = "a<b" }},
	}
	if _, err := xades.NewSigner(good); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := good
			test.change(&o)
			if _, err := xades.NewSigner(o); err == nil {
				t.Errorf("a signer was made")
			}
		})
	}
}

func TestSignRefusesWhatIsNotOneElement(t *testing.T) {
	s := signer(t, signings[0], nil)
	for _, root := range []string{"", "<", "</a>", "text", "<a/>", "<a></b>", "<ab></a>", "<a></a> ", " <a></a>", "</>"} {
		if _, err := s.Sign(context.Background(), []byte(root), signingTime); err == nil {
			t.Errorf("%q was signed", root)
		}
	}
}

var errBroken = errors.New("broken")

type brokenAuthority struct{}

func (brokenAuthority) Stamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) {
	return nil, errBroken
}

func TestAFailingAuthorityGivesNoSignature(t *testing.T) {
	s := signer(t, signings[0], func(o *xades.SignerOptions) { o.Authority = brokenAuthority{} })
	signed, err := s.Sign(context.Background(), evidence(t), signingTime)
	if !errors.Is(err, errBroken) || signed.XML != nil {
		t.Errorf("error %v and %d bytes, want %v and none", err, len(signed.XML), errBroken)
	}
}
