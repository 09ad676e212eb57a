package cades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/tsp"
)

const original = "Content-Type: text/plain; charset=utf-8\r\n\r\nSayın ilgili,\r\n"

// digest is what a caller does who streamed the content past.
func digest(h crypto.Hash) []byte {
	d := h.New()
	d.Write([]byte(original))
	return d.Sum(nil)
}

// holder makes a person below a root.
func holder(t testing.TB, kind string) (person, root *derkit.Holder) {
	t.Helper()
	root = derkit.Root(t, derkit.P256, "Root")
	return derkit.Issue(t, root, kind, "Ayşe Işık", derkit.Mailing), root
}

func authority(t testing.TB) (*tsp.Responder, *derkit.Holder) {
	t.Helper()
	tsa := derkit.Issue(t, derkit.Root(t, derkit.P256, "Root of time"), derkit.P256, "Authority of time", derkit.Stamping)
	r, err := tsp.NewResponder(tsp.ResponderOptions{
		Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Clock: testkit.NewClock(testkit.Epoch),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, tsa
}

func sign(t testing.TB, o cades.Options) []byte {
	t.Helper()
	s, err := cades.NewSigner(o)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Sign(context.Background(), digest(s.Hash()), testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func openssl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v (Debian package openssl): %v\n%s", args, err, out)
	}
	return string(out)
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// kinds are the keys and digests that signatures are tried with.
var kinds = []struct {
	name, key string
	hash      crypto.Hash
	pss       bool
}{
	{"p256", derkit.P256, crypto.SHA256, false},
	{"p384 sha384", derkit.P384, crypto.SHA384, false},
	{"p384 sha512", derkit.P384, crypto.SHA512, false},
	{"rsa2048", derkit.RSA2048, crypto.SHA256, false},
	{"rsa2048 sha512", derkit.RSA2048, crypto.SHA512, false},
	{"rsa2048 pss", derkit.RSA2048, crypto.SHA256, true},
	{"rsa3072 pss sha384", derkit.RSA3072, crypto.SHA384, true},
}

// EN 319 122-1 6: what we sign, OpenSSL verifies as CAdES, detached in DER and
// in a multipart/signed of RFC 8551 3.5.3; another library does too.
func TestSignaturesAreVerifiedByOthers(t *testing.T) {
	responder, tsa := authority(t)
	for _, c := range kinds {
		for _, level := range []string{"B-B", "B-T"} {
			t.Run(c.name+"/"+level, func(t *testing.T) {
				person, root := holder(t, c.key)
				o := cades.Options{Key: person.Key, Chain: person.Chain, Hash: c.hash, PSS: c.pss}
				if level == "B-T" {
					o.Authority = responder
				}
				der := sign(t, o)
				v, err := cades.Verify(der, digest, cades.VerifyOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if !v.Certificate.Equal(person.Leaf()) || v.Level != level || !v.SigningTime.Equal(testkit.Epoch) {
					t.Errorf("verified as %v, %s, %v", v.Certificate.Subject, v.Level, v.SigningTime)
				}
				want, err := algorithm.For(person.Key.Public(), c.hash, c.pss)
				if err != nil || v.Algorithm != want {
					t.Errorf("algorithm %v, want %v", v.Algorithm, want)
				}
				for _, token := range v.Tokens {
					if signer, err := token.Verify(token.Hash, token.Imprint, tsp.VerifyOptions{}); err != nil || !signer.Equal(tsa.Leaf()) {
						t.Errorf("token by %v: %v", signer, err)
					}
				}

				dir := t.TempDir()
				anchors, _ := root.WritePEM(t, dir, "root")
				p7s, data := write(t, "smime.p7s", der), write(t, "data", []byte(original))
				out := openssl(t, "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", p7s, "-content", data,
					"-CAfile", anchors, "-purpose", "smimesign", "-out", filepath.Join(dir, "out"))
				if !strings.Contains(out, "successful") {
					t.Error(out)
				}
				openssl(t, "cms", "-verify", "-cades", "-in", write(t, "mail", multipart(der)),
					"-CAfile", anchors, "-purpose", "smimesign", "-out", filepath.Join(dir, "out"))
				if c.pss {
					return // the other library has no PSS
				}
				other, err := pkcs7.Parse(der)
				if err != nil {
					t.Fatal(err)
				}
				other.Content = []byte(original)
				if err := other.VerifyWithChainAtTime(pool(root.Leaf()), testkit.Epoch); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func pool(c *x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c)
	return p
}

// multipart writes a mail that is signed with der.
func multipart(der []byte) []byte {
	var b bytes.Buffer
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=\"border\"\r\n\r\n")
	b.WriteString("--border\r\n" + original + "\r\n--border\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	b.Write(base64Lines(der))
	b.WriteString("\r\n--border--\r\n")
	return b.Bytes()
}

// What OpenSSL signs as CAdES, we verify.
func TestSignaturesOfOpenSSLAreVerified(t *testing.T) {
	for _, c := range []struct {
		name, key string
		args      []string
		want      algorithm.Signature
	}{
		{"p256", derkit.P256, nil, algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256}},
		{"rsa", derkit.RSA2048, nil, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256}},
		{"rsa sha512", derkit.RSA2048, []string{"-md", "sha512"}, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA512}},
		{"rsa pss", derkit.RSA2048, []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"}, algorithm.Signature{Key: x509.RSA, Hash: crypto.SHA256, PSS: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			person, _ := holder(t, c.key)
			dir := t.TempDir()
			certificates, key := person.WritePEM(t, dir, "ayse")
			out := filepath.Join(dir, "out")
			openssl(t, append([]string{"cms", "-sign", "-cades", "-binary", "-md", "sha256", "-outform", "DER", "-out", out, "-in", write(t, "data", []byte(original)),
				"-signer", certificates, "-inkey", key}, c.args...)...)
			der, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			v, err := cades.Verify(der, digest, cades.VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !v.Certificate.Equal(person.Leaf()) || v.Algorithm != c.want || v.Level != "B-B" || time.Since(v.SigningTime).Abs() > time.Hour {
				t.Errorf("verified as %v, %v, %s, %v", v.Certificate.Subject, v.Algorithm, v.Level, v.SigningTime)
			}
		})
	}
}

// The signer by the identifier of its key, RFC 5652 5.3, is read too.
func TestSignerByKeyIdentifierIsVerified(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root")
	person := derkit.Issue(t, root, derkit.P256, "Ayşe", func(c *x509.Certificate) {
		derkit.Mailing(c)
		c.SubjectKeyId = []byte("key of Ayşe")
	})
	dir := t.TempDir()
	certificates, key := person.WritePEM(t, dir, "ayse")
	out := filepath.Join(dir, "out")
	openssl(t, "cms", "-sign", "-cades", "-keyid", "-binary", "-md", "sha256", "-outform", "DER", "-out", out,
		"-in", write(t, "data", []byte(original)), "-signer", certificates, "-inkey", key)
	der, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := cades.Verify(der, digest, cades.VerifyOptions{}); err != nil || !v.Certificate.Equal(person.Leaf()) {
		t.Errorf("verified as %v: %v", v, err)
	}
}

// AT-20: S/MIME without signing-certificate-v2, as most mail programs write it,
// binds no certificate and is refused.
func TestSignaturesOfOldProgramsAreRefused(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	dir := t.TempDir()
	certificates, key := person.WritePEM(t, dir, "ayse")
	second, secondKey := derkit.Issue(t, nil, derkit.P256, "Bora", derkit.Mailing).WritePEM(t, dir, "bora")
	data := write(t, "data", []byte(original))
	for name, args := range map[string][]string{
		"no certificate bound": nil,
		"no attributes":        {"-noattr"},
		"SHA-1":                {"-cades", "-md", "sha1"},
		"content inside":       {"-cades", "-nodetach"},
		"two signers":          {"-cades", "-signer", second, "-inkey", secondKey},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			openssl(t, append([]string{"cms", "-sign", "-binary", "-outform", "DER", "-out", out, "-in", data, "-signer", certificates, "-inkey", key}, args...)...)
			der, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := cades.Verify(der, digest, cades.VerifyOptions{}); err == nil {
				t.Errorf("accepted as signed by %v", v.Certificate.Subject)
			}
		})
	}
}

func TestSignatureOverOtherContentIsRefused(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	der := sign(t, cades.Options{Key: person.Key, Chain: person.Chain})
	_, err := cades.Verify(der, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write([]byte(original + " "))
		return d.Sum(nil)
	}, cades.VerifyOptions{})
	if !errors.Is(err, cms.ErrDigest) {
		t.Errorf("got %v", err)
	}
	for _, wrong := range [][]byte{nil, {}, make([]byte, 31)} {
		if _, err := cades.Verify(der, func(crypto.Hash) []byte { return wrong }, cades.VerifyOptions{}); !errors.Is(err, cms.ErrDigest) {
			t.Errorf("digest of %d bytes: got %v", len(wrong), err)
		}
	}
}

// A signature that carries no certificate names the one that its reader holds.
func TestSignerAmongKnownCertificatesIsFound(t *testing.T) {
	person, root := holder(t, derkit.P256)
	der := sign(t, cades.Options{Key: person.Key, Chain: person.Chain})
	tree := derkit.Parse(t, der)
	tree.At(1, 0).Remove(3)
	bare := tree.Bytes()
	if _, err := cades.Verify(bare, digest, cades.VerifyOptions{}); !errors.Is(err, cms.ErrNoSigner) {
		t.Errorf("without certificates: %v", err)
	}
	v, err := cades.Verify(bare, digest, cades.VerifyOptions{Known: []*x509.Certificate{root.Leaf(), person.Leaf()}})
	if err != nil || !v.Certificate.Equal(person.Leaf()) {
		t.Errorf("verified as %v: %v", v, err)
	}
}

// AT-21: a time stamp over another signature makes the whole refused, and every
// byte of a stamped signature counts.
func TestTimeStampOfAnotherSignatureIsRefused(t *testing.T) {
	responder, _ := authority(t)
	person, _ := holder(t, derkit.P256)
	o := cades.Options{Key: person.Key, Chain: person.Chain, Authority: responder}
	one, other := derkit.Parse(t, sign(t, o)), derkit.Parse(t, sign(t, o))
	const info, unsigned = 0, 6
	one.At(1, 0, 4, info).Children[unsigned] = other.At(1, 0, 4, info, unsigned)
	if _, err := cades.Verify(one.Bytes(), digest, cades.VerifyOptions{}); !errors.Is(err, tsp.ErrImprint) {
		t.Errorf("got %v", err)
	}
}

func TestNoByteOfStampedSignatureCanChange(t *testing.T) {
	responder, tsa := authority(t)
	person, _ := holder(t, derkit.P256)
	// Leaves alone: what bytes cannot tell about roots is told in package cms.
	der := sign(t, cades.Options{Key: person.Key, Chain: person.Chain[:1], Authority: alone{t, responder, tsa}})
	verify := func(der []byte) error {
		v, err := cades.Verify(der, digest, cades.VerifyOptions{})
		if err != nil {
			return err
		}
		for _, token := range v.Tokens {
			if _, err := token.Verify(token.Hash, token.Imprint, tsp.VerifyOptions{}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := verify(der); err != nil {
		t.Fatal(err)
	}
	for i := range der {
		for bit := range 8 {
			mutated := bytes.Clone(der)
			mutated[i] ^= 1 << bit
			if verify(mutated) == nil {
				t.Errorf("byte %d changed from %#x to %#x is accepted", i, der[i], mutated[i])
			}
		}
	}
}

// alone is an authority whose tokens carry its own certificate alone.
type alone struct {
	t   testing.TB
	r   *tsp.Responder
	tsa *derkit.Holder
}

func (a alone) Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (*tsp.Token, error) {
	token, err := a.r.Stamp(ctx, h, imprint)
	if err != nil {
		return nil, err
	}
	return tsp.Parse(withoutRoot(a.t, token.DER, a.tsa))
}

// The attributes that augmentation adds are read, and named where they are not
// verified; none stands without a signature time-stamp.
func TestLevelsAreRead(t *testing.T) {
	responder, _ := authority(t)
	person, root := holder(t, derkit.P256)
	crl := revocationList(t, root)
	certificateValues := attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x17", derkit.Element(0x30, root.Leaf().Raw))
	lists := derkit.Element(0xa0, derkit.Element(0x30, crl))
	basic := derkit.Element(0x30, []byte{0x30, 0})
	answers := derkit.Element(0xa1, derkit.Element(0x30, basic))
	revocationValues := attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x18", derkit.Element(0x30, append(lists, answers...)))
	archive := attribute("\x04\x00\x8d\x45\x02\x04", derkit.Element(0x30, nil))
	for _, c := range []struct {
		name      string
		authority tsp.Authority
		add       [][]byte
		level     string
		crls      int
		ocsp      int
		carried   int
		open      []string
	}{
		{"B-B", nil, nil, "B-B", 0, 0, 0, nil},
		{"B-T", responder, nil, "B-T", 0, 0, 0, nil},
		{"B-LT", responder, [][]byte{certificateValues, revocationValues}, "B-LT", 1, 1, 1, nil},
		{"B-LTA", responder, [][]byte{certificateValues, revocationValues, archive}, "B-LTA", 1, 1, 1, []string{"0.4.0.1733.2.4"}},
		{"values without a time stamp", nil, [][]byte{revocationValues}, "", 0, 0, 0, nil},
		{"archive without a time stamp", nil, [][]byte{archive}, "", 0, 0, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := derkit.Parse(t, sign(t, cades.Options{Key: person.Key, Chain: person.Chain, Authority: c.authority}))
			info := tree.At(1, 0, 4, 0)
			if c.add != nil && c.authority == nil {
				info.Insert(6, &derkit.Node{Tag: 0xa1})
			}
			for _, a := range c.add {
				info.At(6).Insert(0, &derkit.Node{Raw: a})
			}
			if c.add != nil {
				info.At(6).Sort()
			}
			v, err := cades.Verify(tree.Bytes(), digest, cades.VerifyOptions{})
			if c.level == "" {
				if !errors.Is(err, cms.ErrStructure) {
					t.Errorf("got %v, %v", v, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Level != c.level || len(v.CRLs) != c.crls || len(v.OCSP) != c.ocsp || len(v.Carried) != c.carried {
				t.Errorf("level %s, %d lists, %d answers, %d certificates", v.Level, len(v.CRLs), len(v.OCSP), len(v.Carried))
			}
			var open []string
			for _, check := range v.Checks {
				if !check.Passed {
					open = append(open, check.Detail)
				}
			}
			if diff := cmp.Diff(c.open, open); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A time of 2050 is written as RFC 5652 11.3 wants it.
func TestSigningTimeOfEveryCenturyIsWritten(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	s, err := cades.NewSigner(cades.Options{Key: person.Key, Chain: person.Chain})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{
		time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1949, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("TRT", 3*3600)),
	} {
		der, err := s.Sign(context.Background(), digest(crypto.SHA256), at)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := cades.Verify(der, digest, cades.VerifyOptions{}); err != nil || !v.SigningTime.Equal(at) {
			t.Errorf("%v is read as %v: %v", at, v, err)
		}
	}
	if _, err := s.Sign(context.Background(), digest(crypto.SHA256), time.Time{}); err == nil {
		t.Error("signed without a time")
	}
	if _, err := s.Sign(context.Background(), make([]byte, 20), testkit.Epoch); err == nil {
		t.Error("signed a digest of 20 bytes")
	}
}

func TestSignerOfAnotherKeyIsRefused(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	for name, o := range map[string]cades.Options{
		"no key":      {Chain: person.Chain},
		"no chain":    {Key: person.Key},
		"another key": {Key: derkit.Key(t, derkit.P256), Chain: person.Chain},
		"SHA-1":       {Key: person.Key, Chain: person.Chain, Hash: crypto.SHA1},
		"PSS":         {Key: person.Key, Chain: person.Chain, PSS: true},
	} {
		if _, err := cades.NewSigner(o); err == nil {
			t.Errorf("%s: a signer is made", name)
		}
	}
}

// A signature whose time stamp cannot be had does not leave the signer.
func TestSignatureWithoutItsTimeStampIsNotGiven(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	s, err := cades.NewSigner(cades.Options{Key: person.Key, Chain: person.Chain, Authority: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	if der, err := s.Sign(context.Background(), digest(crypto.SHA256), testkit.Epoch); !errors.Is(err, errSilent) || der != nil {
		t.Errorf("got %d bytes, %v", len(der), err)
	}
}

var errSilent = errors.New("no answer")

type silent struct{}

func (silent) Stamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) { return nil, errSilent }
