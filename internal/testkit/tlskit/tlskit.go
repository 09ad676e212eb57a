// Package tlskit makes TLS identities for tests: self-signed certificates that
// live for the length of a test.
package tlskit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"rem"
)

// Identity makes a certificate for a host, a day old and a day to live, for
// both sides of TLS. It is valid for 127.0.0.1 too.
func Identity(t testing.TB, host string) tls.Certificate {
	t.Helper()
	now := time.Now()
	return Between(t, host, now.AddDate(0, 0, -1), now.AddDate(0, 0, 1))
}

// Between makes a certificate that is valid from one time to another.
func Between(t testing.TB, host string, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(from.UnixNano()), Subject: pkix.Name{CommonName: host},
		NotBefore: from, NotAfter: to, DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Pin is the digest by which a certificate is pinned.
func Pin(c tls.Certificate) rem.Digest { return rem.DigestOf(c.Certificate[0]) }
