package algorithm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"testing"
	"time"

	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
)

var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

func known() (all []algorithm.Signature) {
	for _, h := range hashes {
		all = append(all, algorithm.Signature{Key: x509.RSA, Hash: h}, algorithm.Signature{Key: x509.RSA, Hash: h, PSS: true},
			algorithm.Signature{Key: x509.ECDSA, Hash: h})
	}
	return all
}

func TestNamesLeadBackToTheAlgorithm(t *testing.T) {
	for _, h := range hashes {
		byURI, ok := algorithm.DigestByURI(algorithm.DigestURI(h))
		byOID, ok2 := algorithm.DigestByOID(algorithm.DigestOID(h))
		byDER, err := algorithm.ParseDigestIdentifier(algorithm.DigestIdentifier(h))
		if byURI != h || byOID != h || byDER != h || !ok || !ok2 || err != nil {
			t.Errorf("%v: got %v by URI, %v by OID, %v by DER", h, byURI, byOID, byDER)
		}
	}
	for _, s := range known() {
		byURI, err := algorithm.SignatureByURI(s.URI())
		byDER, err2 := algorithm.ParseIdentifier(s.Identifier(), s.Hash)
		if byURI != s || byDER != s || err != nil || err2 != nil {
			t.Errorf("%v: got %v by URI (%v), %v by DER (%v)", s, byURI, err, byDER, err2)
		}
	}
}

// AT-23.
func TestWeakAlgorithmsHaveNoName(t *testing.T) {
	for _, h := range []crypto.Hash{0, crypto.MD5, crypto.SHA1, crypto.SHA224, crypto.SHA3_256} {
		if algorithm.KnownDigest(h) || algorithm.DigestURI(h) != "" || algorithm.DigestOID(h) != nil || algorithm.DigestIdentifier(h) != nil || algorithm.DigestName(h) != "" {
			t.Errorf("%d has a name", h)
		}
		for _, key := range []x509.PublicKeyAlgorithm{x509.RSA, x509.ECDSA} {
			if s := (algorithm.Signature{Key: key, Hash: h}); s.URI() != "" || s.Identifier() != nil || s.Known() {
				t.Errorf("%v with digest %d has a name", key, h)
			}
		}
	}
	for _, uri := range []string{
		"", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
		"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
		"http://www.w3.org/2007/05/xmldsig-more#rsa-pss", "HTTP://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	} {
		if s, err := algorithm.SignatureByURI(uri); !errors.Is(err, algorithm.ErrUnknown) || s != (algorithm.Signature{}) {
			t.Errorf("%q: %v, error %v", uri, s, err)
		}
	}
	if _, ok := algorithm.DigestByURI("http://www.w3.org/2000/09/xmldsig#sha1"); ok {
		t.Error("SHA-1 was found by its URI")
	}
	if _, ok := algorithm.DigestByOID(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}); ok {
		t.Error("SHA-1 was found by its OID")
	}
}

// The standard library writes the same identifiers into certificates.
func TestIdentifiersAreThoseOfCertificates(t *testing.T) {
	methods := map[x509.SignatureAlgorithm]algorithm.Signature{
		x509.SHA256WithRSA: {Key: x509.RSA, Hash: crypto.SHA256}, x509.SHA384WithRSA: {Key: x509.RSA, Hash: crypto.SHA384}, x509.SHA512WithRSA: {Key: x509.RSA, Hash: crypto.SHA512},
		x509.SHA256WithRSAPSS: {Key: x509.RSA, Hash: crypto.SHA256, PSS: true}, x509.SHA384WithRSAPSS: {Key: x509.RSA, Hash: crypto.SHA384, PSS: true}, x509.SHA512WithRSAPSS: {Key: x509.RSA, Hash: crypto.SHA512, PSS: true},
		x509.ECDSAWithSHA256: {Key: x509.ECDSA, Hash: crypto.SHA256}, x509.ECDSAWithSHA384: {Key: x509.ECDSA, Hash: crypto.SHA384}, x509.ECDSAWithSHA512: {Key: x509.ECDSA, Hash: crypto.SHA512},
	}
	rsaKey, ecKey := derkit.Key(t, derkit.RSA2048), derkit.Key(t, derkit.P256)
	for method, s := range methods {
		key := rsaKey
		if s.Key == x509.ECDSA {
			key = ecKey
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), SignatureAlgorithm: method}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(der, s.Identifier()) {
			t.Errorf("%v: no %x in the certificate", method, s.Identifier())
		}
	}
}

func TestIdentifiersAreReadStrictly(t *testing.T) {
	pss := algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256, PSS: true}.Identifier()
	replace := func(old, new string) string {
		a, _ := hex.DecodeString(old)
		b, _ := hex.DecodeString(new)
		if !bytes.Contains(pss, a) {
			t.Fatalf("no %s in %x", old, pss)
		}
		return hex.EncodeToString(bytes.Replace(pss, a, b, 1))
	}
	tests := []struct {
		name   string
		der    string
		digest crypto.Hash
		want   algorithm.Signature
		ok     bool
	}{
		{"rsaEncryption takes the digest given", "300d06092a864886f70d0101010500", crypto.SHA384, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA384}, true},
		{"rsaEncryption without a digest", "300d06092a864886f70d0101010500", 0, algorithm.Signature{}, false},
		{"rsaEncryption with SHA-1", "300d06092a864886f70d0101010500", crypto.SHA1, algorithm.Signature{}, false},
		{"rsaEncryption without NULL", "300b06092a864886f70d010101", crypto.SHA256, algorithm.Signature{}, false},
		{"sha256WithRSA", "300d06092a864886f70d01010b0500", 0, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256}, true},
		{"sha256WithRSA beside SHA-512", "300d06092a864886f70d01010b0500", crypto.SHA512, algorithm.Signature{}, false},
		{"sha1WithRSA", "300d06092a864886f70d0101050500", 0, algorithm.Signature{}, false},
		{"ecdsa-with-SHA256", "300a06082a8648ce3d040302", crypto.SHA256, algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256}, true},
		{"ecdsa-with-SHA256 and NULL", "300c06082a8648ce3d0403020500", crypto.SHA256, algorithm.Signature{}, false},
		{"bytes after it", "300a06082a8648ce3d04030200", crypto.SHA256, algorithm.Signature{}, false},
		{"indefinite length", "308006082a8648ce3d0403020000", crypto.SHA256, algorithm.Signature{}, false},
		{"PSS", hex.EncodeToString(pss), crypto.SHA256, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256, PSS: true}, true},
		{"PSS with a salt of 20", replace("a203020120", "a203020114"), crypto.SHA256, algorithm.Signature{}, false},
		{"PSS without its salt", "300b06092a864886f70d01010a", crypto.SHA256, algorithm.Signature{}, false},
		{"PSS with two digests", replace("0609608648016503040201", "0609608648016503040203"), 0, algorithm.Signature{}, false},
		{"PSS with defaults", "300d06092a864886f70d01010a3000", 0, algorithm.Signature{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			der, err := hex.DecodeString(test.der)
			if err != nil {
				t.Fatal(err)
			}
			got, err := algorithm.ParseIdentifier(der, test.digest)
			if got != test.want || (err == nil) != test.ok || err != nil && !errors.Is(err, algorithm.ErrUnknown) {
				t.Errorf("got %v, error %v", got, err)
			}
		})
	}
	// RFC 4055 2.1: absent and NULL are both legal for the digest of PSS.
	absent, _ := hex.DecodeString("303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d010108300b0609608648016503040201a203020120")
	if s, err := algorithm.ParseIdentifier(absent, 0); err != nil || !s.PSS {
		t.Errorf("PSS with absent parameters of its digest: %v, %v", s, err)
	}
}

func TestValuesVerifyInBothForms(t *testing.T) {
	for _, kind := range []string{derkit.P256, derkit.P384, derkit.RSA2048} {
		key := derkit.Key(t, kind)
		for _, h := range hashes {
			for _, pss := range []bool{false, true} {
				s, err := algorithm.For(key.Public(), h, pss)
				if err != nil {
					if pss && kind != derkit.RSA2048 {
						continue
					}
					t.Fatal(err)
				}
				digest := make([]byte, h.Size())
				rand.Read(digest)
				for form, verbs := range map[string]struct {
					sign   func(crypto.Signer, []byte) ([]byte, error)
					verify func(crypto.PublicKey, []byte, []byte) error
				}{"CMS": {s.Sign, s.Verify}, "XML": {s.SignXML, s.VerifyXML}} {
					t.Run(fmt.Sprintf("%s/%v/%s", kind, s, form), func(t *testing.T) {
						value, err := verbs.sign(key, digest)
						if err != nil {
							t.Fatal(err)
						}
						if err := verbs.verify(key.Public(), digest, value); err != nil {
							t.Error(err)
						}
						for i := 0; i < len(value); i += 5 {
							changed := slices.Clone(value)
							changed[i] ^= 4
							if err := verbs.verify(key.Public(), digest, changed); !errors.Is(err, algorithm.ErrSignature) {
								t.Errorf("byte %d changed: %v", i, err)
							}
						}
						for _, other := range [][]byte{nil, value[1:], value[:len(value)-1], append(slices.Clone(value), 0), append([]byte{0}, value...)} {
							if err := verbs.verify(key.Public(), digest, other); !errors.Is(err, algorithm.ErrSignature) {
								t.Errorf("value of %d bytes: %v", len(other), err)
							}
						}
						digest[0]++
						if err := verbs.verify(key.Public(), digest, value); !errors.Is(err, algorithm.ErrSignature) {
							t.Errorf("another digest: %v", err)
						}
						if err := verbs.verify(key.Public(), digest[1:], value); !errors.Is(err, algorithm.ErrUnknown) {
							t.Errorf("a digest too short: %v", err)
						}
						if _, err := verbs.sign(key, digest[1:]); err == nil {
							t.Error("a digest too short was signed")
						}
					})
				}
			}
		}
	}
}

// A fixedSigner answers with one value: a device that is wrong.
type fixedSigner struct {
	crypto.Signer
	value []byte
}

func (f fixedSigner) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return f.value, nil
}

// RFC 6931 2.3.6: both numbers have the width of the field, however small.
func TestECDSAValuesInXMLHaveAFixedWidth(t *testing.T) {
	key := derkit.Key(t, derkit.P256)
	s := algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(1), new(big.Int).Lsh(big.NewInt(0x81), 240)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.SignXML(fixedSigner{key, der}, make([]byte, 32))
	want := make([]byte, 64)
	want[31], want[33] = 1, 0x81
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x (%v)", got, want, err)
	}
	for _, wrong := range [][]byte{nil, {0x30, 0}, der[:8], append(slices.Clone(der), 0)} {
		if _, err := s.SignXML(fixedSigner{key, wrong}, make([]byte, 32)); err == nil {
			t.Errorf("%x was taken for a value", wrong)
		}
	}
	digest := make([]byte, 32)
	value, _ := s.Sign(key, digest)
	if err := s.VerifyXML(key.Public(), digest, value); !errors.Is(err, algorithm.ErrSignature) {
		t.Errorf("DER in XML: %v", err)
	}
}

func TestKeysOutsideTheListAreRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024+512)
	if err != nil {
		t.Fatal(err)
	}
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8191), E: 65537}
	for name, public := range map[string]crypto.PublicKey{"RSA-1536": small.Public(), "RSA-8192": huge, "P-521": p521.Public(), "Ed25519": ed, "nothing": nil} {
		if s, err := algorithm.For(public, crypto.SHA256, false); !errors.Is(err, algorithm.ErrUnknown) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
		for _, s := range known() {
			if err := s.Verify(public, make([]byte, s.Hash.Size()), make([]byte, 64)); !errors.Is(err, algorithm.ErrUnknown) {
				t.Errorf("%s with %v: %v", name, s, err)
			}
			if err := s.VerifyXML(public, make([]byte, s.Hash.Size()), make([]byte, 64)); !errors.Is(err, algorithm.ErrUnknown) {
				t.Errorf("%s with %v in XML: %v", name, s, err)
			}
		}
	}
}

func TestAcceptableDependsOnTheDate(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	rsa := algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256}
	ec := algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256}
	tests := []struct {
		name string
		s    algorithm.Signature
		bits int
		at   time.Time
		want bool
	}{
		{"RSA-2048 today", rsa, 2048, day(2026, 11, 23), true},
		{"RSA-2048 on its last day", rsa, 2048, day(2030, 12, 31), true},
		{"RSA-2048 after it", rsa, 2048, day(2031, 1, 1), false},
		{"RSA-3072 after that", rsa, 3072, day(2031, 1, 1), true},
		{"RSA-2047", rsa, 2047, day(2026, 11, 23), false},
		{"RSA-4097", rsa, 4097, day(2026, 11, 23), false},
		{"P-256 today", ec, 256, day(2026, 11, 23), true},
		{"P-384 today", ec, 384, day(2026, 11, 23), true},
		{"P-521 today", ec, 521, day(2026, 11, 23), false},
		{"P-256 at the end of the list", ec, 256, day(2036, 1, 1), false},
		{"before the list", ec, 256, day(2004, 12, 31), false},
		{"SHA-1", algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA1}, 2048, day(2006, 1, 1), false},
	}
	for _, test := range tests {
		if got := algorithm.Acceptable(test.s, test.bits, test.at); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if err := (algorithm.Policy{}).Signature(ec, 256, day(2026, 11, 23)); err == nil {
		t.Error("an empty policy accepts something")
	}
}

func FuzzParseIdentifier(f *testing.F) {
	for _, s := range known() {
		f.Add(s.Identifier(), uint8(s.Hash))
	}
	f.Add([]byte{0x30, 0x80}, uint8(0))
	f.Fuzz(func(t *testing.T, der []byte, digest uint8) {
		s, err := algorithm.ParseIdentifier(der, crypto.Hash(digest))
		if err != nil {
			return
		}
		again, err := algorithm.ParseIdentifier(s.Identifier(), s.Hash)
		if err != nil || again != s {
			t.Fatalf("%v became %v: %v", s, again, err)
		}
	})
}

// RFC 5754 3.2: writers put NULL behind an RSA algorithm that names its digest,
// readers accept it left out. rsaEncryption has NULL in every case, and nothing
// else is accepted in its place.
func TestParametersOfRSAMayBeLeftOut(t *testing.T) {
	const sha256WithRSA, rsaEncryption = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	for _, c := range []struct {
		name, der string
		known     bool
	}{
		{"sha256WithRSA with NULL", "\x30\x0d" + sha256WithRSA + "\x05\x00", true},
		{"sha256WithRSA alone", "\x30\x0b" + sha256WithRSA, true},
		{"sha256WithRSA with another parameter", "\x30\x0d" + sha256WithRSA + "\x04\x00", false},
		{"rsaEncryption with NULL", "\x30\x0d" + rsaEncryption + "\x05\x00", true},
		{"rsaEncryption alone", "\x30\x0b" + rsaEncryption, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := algorithm.ParseIdentifier([]byte(c.der), crypto.SHA256)
			if want := (algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256}); c.known != (err == nil) || c.known && s != want {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}
