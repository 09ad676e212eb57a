package derkit

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Holder is a certificate with its key and the certificates above it.
type Holder struct {
	Key   crypto.Signer
	Chain []*x509.Certificate // the holder's own first
}

// Leaf gives the holder's own certificate.
func (h *Holder) Leaf() *x509.Certificate { return h.Chain[0] }

// Kinds of keys.
const (
	P256    = "p256"
	P384    = "p384"
	RSA2048 = "rsa2048"
	RSA3072 = "rsa3072"
)

// Key makes a key of one of the kinds.
func Key(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case P256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	default:
		t.Fatalf("no kind of key %q", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Certificates of tests are valid from From to Until.
var (
	From  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	Until = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Issue makes a holder. With no issuer the certificate is self-signed. The
// change, where it is not nil, is made to the template before it is signed.
func Issue(t testing.TB, issuer *Holder, kind, name string, change func(*x509.Certificate)) *Holder {
	t.Helper()
	key := Key(t, kind)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"TR"}, Organization: []string{"rem test"}, CommonName: name},
		NotBefore: From, NotAfter: Until, BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	parent, signer, above := template, key, []*x509.Certificate(nil)
	if issuer != nil {
		parent, signer, above = issuer.Leaf(), issuer.Key, issuer.Chain
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Holder{Key: key, Chain: append([]*x509.Certificate{leaf}, above...)}
}

// Root makes a certification authority.
func Root(t testing.TB, kind, name string) *Holder {
	t.Helper()
	return Issue(t, nil, kind, name, Authority)
}

// Authority makes a template that of a certification authority.
func Authority(c *x509.Certificate) {
	c.IsCA = true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

// Stamping makes a template that of a time-stamping authority: the extended
// key usage timeStamping alone, and critical.
func Stamping(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtraExtensions = append(c.ExtraExtensions, ExtendedUsage(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}))
}

// Mailing makes a template that of a person who signs mail.
func Mailing(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	c.EmailAddresses = []string{"ayse@hs90.kep.test"}
}

// ExtendedUsage writes the extension extKeyUsage.
func ExtendedUsage(critical bool, usages ...asn1.ObjectIdentifier) pkix.Extension {
	value, err := asn1.Marshal(usages)
	if err != nil {
		panic(err) // the tests' own constants
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}
}

// WritePEM writes the certificates and the key to two files for other programs.
func (h *Holder) WritePEM(t testing.TB, dir, name string) (certificates, key string) {
	t.Helper()
	var bundle []byte
	for _, c := range h.Chain {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(h.Key)
	if err != nil {
		t.Fatal(err)
	}
	certificates, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for file, data := range map[string][]byte{
		certificates: bundle,
		key:          pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificates, key
}
