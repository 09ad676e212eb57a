package xades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
	"rem/trust/xades"
)

var signingTime = time.Date(2026, 11, 23, 9, 30, 15, 0, time.UTC)

// A signing is one way to sign.
type signing struct {
	name string
	key  string
	hash crypto.Hash
	pss  bool
}

var signings = []signing{
	{"p256", derkit.P256, crypto.SHA256, false},
	{"p256-sha512", derkit.P256, crypto.SHA512, false},
	{"p384", derkit.P384, crypto.SHA384, false},
	{"rsa2048", derkit.RSA2048, crypto.SHA256, false},
	{"rsa3072", derkit.RSA3072, crypto.SHA384, false},
	{"rsa4096", "rsa4096", crypto.SHA512, false},
	{"rsa2048-pss", derkit.RSA2048, crypto.SHA256, true},
	{"rsa3072-pss", derkit.RSA3072, crypto.SHA512, true},
}

// The world of these tests: one root, one authority below it that issues, one
// holder for each kind of key, one time-stamping authority. Keys are made once,
// as RSA keys take seconds.
var world struct {
	sync.Mutex
	root, issuer, stamper *derkit.Holder
	holders               map[string]*derkit.Holder
}

// holder gives the holder with a key of the kind; its chain ends in the root.
func holder(t testing.TB, kind string) *derkit.Holder {
	t.Helper()
	world.Lock()
	defer world.Unlock()
	if world.root == nil {
		world.root = derkit.Root(t, derkit.P256, "Root")
		world.issuer = derkit.Issue(t, world.root, derkit.P256, "Issuer & <others>", derkit.Authority)
		world.stamper = derkit.Issue(t, world.root, derkit.P256, "Authority of time", derkit.Stamping)
		world.holders = make(map[string]*derkit.Holder)
	}
	if world.holders[kind] == nil {
		if kind == "rsa4096" {
			world.holders[kind] = large(t, world.issuer)
		} else {
			world.holders[kind] = derkit.Issue(t, world.issuer, kind, "Operation "+kind, derkit.Mailing)
		}
	}
	return world.holders[kind]
}

// large makes a holder of an RSA key of 4096 bits.
func large(t testing.TB, issuer *derkit.Holder) *derkit.Holder {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4096), Subject: pkix.Name{CommonName: "Operation rsa4096"},
		NotBefore: derkit.From, NotAfter: derkit.Until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Leaf(), key.Public(), issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &derkit.Holder{Key: key, Chain: append([]*x509.Certificate{leaf}, issuer.Chain...)}
}

func authority(t testing.TB) tsp.Authority {
	t.Helper()
	holder(t, derkit.P256)
	r, err := tsp.NewResponder(tsp.ResponderOptions{
		Key: world.stamper.Key, Chain: world.stamper.Chain[:1], Hash: crypto.SHA256,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Accuracy: time.Second,
		Clock: testkit.NewClock(signingTime),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// signer makes a signer of level B-B, changed as change says.
func signer(t testing.TB, s signing, change func(*xades.SignerOptions)) *xades.Signer {
	t.Helper()
	h := holder(t, s.key)
	o := xades.SignerOptions{Key: h.Key, Chain: h.Chain, Hash: s.hash, PSS: s.pss}
	if change != nil {
		change(&o)
	}
	made, err := xades.NewSigner(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// stamped makes a signer of level B-T.
func stamped(t testing.TB, s signing) *xades.Signer {
	t.Helper()
	return signer(t, s, func(o *xades.SignerOptions) { o.Authority = authority(t) })
}

func sign(t testing.TB, s *xades.Signer, root []byte) []byte {
	t.Helper()
	signed, err := s.Sign(context.Background(), root, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	return signed.XML
}

// evidence gives an evidence in exclusive canonical form.
func evidence(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/nondelivery.xml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func verify(t testing.TB, src []byte) *xades.Verified {
	t.Helper()
	v, err := xades.Verify(src, xades.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// run runs another program and gives what it said.
func run(t testing.TB, name, debianPackage string, args ...string) ([]byte, error) {
	t.Helper()
	return exec.Command(testkit.Tool(t, name, debianPackage), args...).CombinedOutput()
}

func file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rootFile writes the certificate of the root for other programs.
func rootFile(t testing.TB) string {
	t.Helper()
	certificates, _ := (&derkit.Holder{Key: world.root.Key, Chain: world.root.Chain}).WritePEM(t, t.TempDir(), "root")
	return certificates
}

// weak makes a holder whose key is too short to be used.
func weak(t testing.TB) *derkit.Holder {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1024), NotBefore: derkit.From, NotAfter: derkit.Until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &derkit.Holder{Key: key, Chain: []*x509.Certificate{leaf}}
}

func between(t testing.TB, src []byte, before, after string) []byte {
	t.Helper()
	_, rest, ok := bytes.Cut(src, []byte(before))
	inner, _, ok2 := bytes.Cut(rest, []byte(after))
	if !ok || !ok2 {
		t.Fatalf("no %s … %s", before, after)
	}
	return inner
}

func unbase64(t testing.TB, text []byte) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
