package xades_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem/internal/testkit/derkit"
	"rem/trust/c14n"
	"rem/trust/xades"
)

// foreignForms are the forms of others that are read.
var foreignForms = []struct {
	name string
	w    writer
}{
	{"ETSI kit", writer{}},
	{"e-CODEX", writer{takeOut: byXPath}},
	{"enveloped", writer{takeOut: byEnveloped}},
	{"root by identifier", writer{takeOut: byEnveloped, uri: "#_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77"}},
	{"properties first", writer{reversed: true}},
	{"inclusive", writer{method: c14n.Inclusive}},
	{"inclusive with comments", writer{method: c14n.InclusiveWithComments}},
	{"inclusive 1.1", writer{method: c14n.Inclusive11}},
	{"exclusive with comments", writer{method: c14n.ExclusiveWithComments}},
	{"inclusive prefixes", writer{prefixes: "#default ds xs"}},
	{"p384", writer{key: derkit.P384}},
	{"rsa2048", writer{key: derkit.RSA2048}},
}

func TestForeignFormsAreRead(t *testing.T) {
	for _, form := range foreignForms {
		t.Run(form.name, func(t *testing.T) {
			w := form.w
			w.augment = (*written).stampValue
			src := w.sign(t, evidence(t))
			v := verify(t, src)
			if w.key == "" {
				w.key = derkit.P256
			}
			if !v.Certificate.Equal(holder(t, w.key).Leaf()) || v.Level != "B-T" {
				t.Errorf("level %s by %v", v.Level, v.Certificate.Subject)
			}
			if want := time.Date(2026, 11, 23, 9, 30, 15, 250e6, time.UTC); !v.SigningTime.Equal(want) {
				t.Errorf("signing time %v, want %v", v.SigningTime, want)
			}
			// Only the line end after ds:Signature is more than was signed by us.
			if want := strings.Replace(string(evidence(t)), "\n</Delivery", "\n\n</Delivery", 1); string(v.Document.Source) != want && w.method != c14n.Inclusive {
				t.Errorf("read: %s", cmp.Diff(want, string(v.Document.Source)))
			}
			xmlsec1Verifies(t, src)
		})
	}
}

func xmlsec1Verifies(t *testing.T, src []byte) {
	t.Helper()
	out, err := run(t, "xmlsec1", "xmlsec1", "--verify", "--enabled-key-data", "x509",
		"--trusted-pem", rootFile(t), "--untrusted-pem", issuerFile(t),
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
		"--id-attr:Id", "http://uri.etsi.org/02640/v2#:DeliveryNonDeliveryToRecipient", file(t, "signed.xml", src))
	if err != nil || !bytes.Contains(out, []byte("SignedInfo References (ok/all): 2/2")) {
		t.Errorf("xmlsec1: %v\n%s", err, out)
	}
}

func issuerFile(t testing.TB) string {
	t.Helper()
	certificates, _ := (&derkit.Holder{Key: world.issuer.Key, Chain: world.issuer.Chain[:1]}).WritePEM(t, t.TempDir(), "issuer")
	return certificates
}

// The other direction: the digests and the value are those of xmlsec1.
func TestDocumentsSignedByXmlsec1Verify(t *testing.T) {
	for _, form := range foreignForms {
		t.Run(form.name, func(t *testing.T) {
			w := form.w
			template := file(t, "template.xml", w.template(t, evidence(t)))
			if w.key == "" {
				w.key = derkit.P256
			}
			certificates, key := holder(t, w.key).WritePEM(t, t.TempDir(), "signer")
			out, err := run(t, "xmlsec1", "xmlsec1", "--sign", "--privkey-pem", key+","+certificates,
				"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
				"--id-attr:Id", "http://uri.etsi.org/02640/v2#:DeliveryNonDeliveryToRecipient",
				"--output", template+".signed", template)
			if err != nil {
				t.Fatalf("xmlsec1: %v\n%s", err, out)
			}
			src, err := os.ReadFile(template + ".signed")
			if err != nil {
				t.Fatal(err)
			}
			if v := verify(t, src); !v.Certificate.Equal(holder(t, w.key).Leaf()) || v.Level != "B-B" {
				t.Errorf("level %s by %v", v.Level, v.Certificate.Subject)
			}
			changed := bytes.Replace(src, []byte("MailboxFull"), []byte("MailboxFuli"), 1)
			if _, err := xades.Verify(changed, xades.VerifyOptions{}); !errors.Is(err, xades.ErrDigest) {
				t.Errorf("changed: error %v, want %v", err, xades.ErrDigest)
			}
		})
	}
}

// What is equal in canonical form and written otherwise verifies, and what is
// read is the canonical form.
func TestEqualDocumentsOfOthersReadTheSame(t *testing.T) {
	src := string(writer{}.sign(t, evidence(t)))
	want := verify(t, []byte(src)).Document.Source
	replacements := []struct{ name, old, new string }{
		{"XML declaration", "<Delivery", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delivery"},
		{"other quotes", `version="2.1.1"`, `version='2.1.1'`},
		{"attributes in another order", ` Id="_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77" version="2.1.1"`, ` version="2.1.1" Id="_6f1c7d0e-6a0b-4f0a-9d8e-0c6f5b1f2a77"`},
		{"space in a tag", "</EventTime>", "</EventTime >"},
		{"CDATA", "<MessageSubject>Konu<", "<MessageSubject><![CDATA[Ko]]>nu<"},
		{"character reference", ">Konu<", ">K&#x6F;nu<"},
		{"namespace that is not used", ` Id="_6f1c`, ` xmlns:unused="urn:x" Id="_6f1c`},
		{"white space at the end", "</DeliveryNonDeliveryToRecipient>", "</DeliveryNonDeliveryToRecipient>\n"},
	}
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			changed := strings.Replace(src, r.old, r.new, 1)
			if changed == src {
				t.Fatal("nothing was replaced")
			}
			if got := verify(t, []byte(changed)).Document.Source; !bytes.Equal(got, want) {
				t.Errorf("read: %s", cmp.Diff(string(want), string(got)))
			}
		})
	}
}

// certV1 writes SigningCertificate, the first edition.
func certV1(t testing.TB, method string, sum []byte, serial string) string {
	t.Helper()
	return `<xades:SigningCertificate><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="` + method + `"/><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(sum) + `</ds:DigestValue></xades:CertDigest><xades:IssuerSerial><ds:X509IssuerName>CN=Whoever, O=however written</ds:X509IssuerName><ds:X509SerialNumber>` +
		serial + `</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert></xades:SigningCertificate>`
}

func TestTheFirstEditionOfSigningCertificateIsRead(t *testing.T) {
	leaf := holder(t, derkit.P256).Leaf()
	good, weak := sha256.Sum256(leaf.Raw), sha1.Sum(leaf.Raw)
	const strong = "http://www.w3.org/2001/04/xmlenc#sha256"
	tests := []struct {
		name, element string
		want          error
	}{
		{"SHA-256", certV1(t, strong, good[:], leaf.SerialNumber.String()), nil},
		{"SHA-1", certV1(t, "http://www.w3.org/2000/09/xmldsig#sha1", weak[:], leaf.SerialNumber.String()), xades.ErrAlgorithm},
		{"another serial number", certV1(t, strong, good[:], "12345"), xades.ErrCertificate},
		{"another digest", certV1(t, strong, make([]byte, 32), leaf.SerialNumber.String()), xades.ErrCertificate},
		{"no number", certV1(t, strong, good[:], "x"), xades.ErrForm},
		{"both editions", certV1(t, strong, good[:], leaf.SerialNumber.String()) + strings.NewReplacer("SigningCertificate>", "SigningCertificateV2>").Replace(certV1(t, strong, good[:], "1")), xades.ErrForm},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := xades.Verify(writer{certificate: test.element}.sign(t, evidence(t)), xades.VerifyOptions{})
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestForeignFormsThatAreNotRead(t *testing.T) {
	tests := []struct {
		name string
		w    writer
	}{
		{"another XPath", writer{takeOut: strings.Replace(byXPath, "ancestor-or-self::ds:Signature", "ancestor-or-self::ds:Signature or true()", 1)}},
		{"another filter", writer{takeOut: strings.Replace(byFilter2, "subtract", "intersect", 1)}},
		{"another path in the filter", writer{takeOut: strings.Replace(byFilter2, "/descendant::ds:Signature", "/descendant::ds:*", 1)}},
		{"prefix ds bound to something else", writer{takeOut: strings.Replace(byFilter2, "<dsig-xpath:XPath ", `<dsig-xpath:XPath xmlns:ds="urn:x" `, 1)}},
		{"XSLT", writer{takeOut: `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`}},
		{"two filters", writer{takeOut: byFilter2 + byXPath}},
		{"nothing taken out", writer{takeOut: "\n"}},
		{"another document", writer{uri: "http://hs90.kep.test/evidence.xml"}},
		{"another element", writer{uri: "#value-1"}},
		{"no such element", writer{uri: "#nothing"}},
		{"unknown signed property", writer{qualifying: "<xades:Unheard/>"}},
		{"signing time twice", writer{qualifying: "<xades:SigningTime>2026-11-23T12:30:15Z</xades:SigningTime>"}},
		{"format of something else", writer{objects: `<xades:DataObjectFormat ObjectReference="#value-1"/>`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := xades.Verify(test.w.sign(t, evidence(t)), xades.VerifyOptions{})
			if !errors.Is(err, xades.ErrForm) {
				t.Errorf("error %v, want %v", err, xades.ErrForm)
			}
		})
	}
}

func TestLevelsAreRead(t *testing.T) {
	all := func(steps ...func(*written)) func(*written) {
		return func(f *written) {
			for _, step := range steps {
				step(f)
			}
		}
	}
	stamp, values, archive := (*written).stampValue, (*written).values, (*written).archive
	tests := []struct {
		level   string
		augment func(*written)
		archive int
	}{
		{"B-B", nil, 0},
		{"B-T", stamp, 0},
		{"B-LT", all(stamp, values), 0},
		{"B-LTA", all(stamp, values, archive), 1},
		{"B-LTA", all(stamp, values, archive, archive), 2},
	}
	for _, test := range tests {
		for _, method := range []c14n.Method{c14n.Exclusive, c14n.Inclusive} {
			t.Run(fmt.Sprintf("%s/%d/%s", test.level, test.archive, filepath.Base(string(method))), func(t *testing.T) {
				src := writer{method: method, augment: test.augment}.sign(t, evidence(t))
				v := verify(t, src)
				if v.Level != test.level || len(v.Archive) != test.archive {
					t.Errorf("level %s with %d archive tokens, want %s with %d", v.Level, len(v.Archive), test.level, test.archive)
				}
				if test.level >= "B-L" && test.level != "B-T" && (len(v.Carried) != 1 || len(v.CRLs) != 1 || len(v.OCSP) != 1) {
					t.Errorf("carried %d certificates, %d lists, %d answers, want one each", len(v.Carried), len(v.CRLs), len(v.OCSP))
				}
				for _, c := range v.Checks {
					if !c.Passed {
						t.Errorf("check %+v", c)
					}
				}
				if test.archive > 0 {
					changed := bytes.Replace(src, []byte(base64.StdEncoding.EncodeToString([]byte("an answer"))), []byte(base64.StdEncoding.EncodeToString([]byte("no answer"))), 1)
					if _, err := xades.Verify(changed, xades.VerifyOptions{}); !errors.Is(err, xades.ErrStamp) {
						t.Errorf("archived value changed: error %v, want %v", err, xades.ErrStamp)
					}
				}
			})
		}
	}
}

func TestPropertiesThatAreNotVerifiedAreNamed(t *testing.T) {
	src := writer{
		qualifying: "<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>judge</xades:ClaimedRole></xades:ClaimedRoles></xades:SignerRoleV2>",
		augment:    func(f *written) { f.add("<xades:CompleteCertificateRefs/>") },
	}.sign(t, evidence(t))
	var got []string
	for _, c := range verify(t, src).Checks {
		if c.Name == xades.CheckProperty && !c.Passed {
			got = append(got, c.Detail)
		}
	}
	want := []string{"SignerRoleV2 is present and not verified", "CompleteCertificateRefs is present and not verified"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Our own form is read twice as fast by a reader of its own. Both have to find
// the same.
func TestBothReadersFindTheSame(t *testing.T) {
	for _, s := range signings {
		src := sign(t, stamped(t, s), evidence(t))
		// The identifier is not ours, so that the general reader accepts it.
		id := string(between(t, src, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="`, `"`))
		foreign := strings.ReplaceAll(strings.ReplaceAll(string(src), `Id="`+id+`"`, `Id="other"`), `Target="#`+id+`"`, `Target="#other"`)
		a, b := verify(t, src), verify(t, []byte(foreign))
		if !bytes.Equal(a.Document.Source, b.Document.Source) || !a.Certificate.Equal(b.Certificate) || len(a.Chain) != len(b.Chain) ||
			!a.SigningTime.Equal(b.SigningTime) || a.Algorithm != b.Algorithm || a.Level != b.Level ||
			!bytes.Equal(a.Tokens[0].DER, b.Tokens[0].DER) || cmp.Diff(a.Checks, b.Checks) != "" || cmp.Diff(a.Digests, b.Digests) != "" {
			t.Errorf("%s: the readers differ", s.name)
		}
	}
}

func TestUnparsedFindsTheSameAndDoesNotRead(t *testing.T) {
	src := sign(t, stamped(t, signings[0]), evidence(t))
	v, err := xades.Verify(src, xades.VerifyOptions{Unparsed: true})
	if err != nil {
		t.Fatal(err)
	}
	if v.Document != nil || !bytes.Equal(v.Bytes(), evidence(t)) || v.Level != "B-T" {
		t.Errorf("level %s, document %v, %d bytes signed", v.Level, v.Document, len(v.Bytes()))
	}
	if _, err := xades.Verify(bytes.Replace(src, []byte("Konu"), []byte("Kona"), 1), xades.VerifyOptions{Unparsed: true}); !errors.Is(err, xades.ErrDigest) {
		t.Errorf("changed: error %v, want %v", err, xades.ErrDigest)
	}
	// Where a signature stands is part of its form, parsed or not.
	inner := bytes.Replace(src, []byte("</ds:Signature>"), []byte("</ds:Signature></Inner>"), 1)
	if _, err := xades.Verify(inner, xades.VerifyOptions{Unparsed: true}); !errors.Is(err, xades.ErrForm) {
		t.Errorf("inside another element: error %v, want %v", err, xades.ErrForm)
	}
	other := writer{}.sign(t, evidence(t))
	if v, err := xades.Verify(other, xades.VerifyOptions{Unparsed: true}); err != nil || v.Document == nil {
		t.Errorf("another's form: %v, or not read", err)
	}
}
