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
	template := server(host, from, to)
	template.IsCA = true // its own authority
	return sign(t, template, nil, nil)
}

// Issued makes a certificate for a host and the authority that gave it, for clients
// that take no server's certificate as an authority.
func Issued(t testing.TB, host string) (authority *x509.Certificate, leaf tls.Certificate) {
	t.Helper()
	now := time.Now()
	from, to := now.AddDate(0, 0, -1), now.AddDate(0, 0, 1)
	root := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(from.UnixNano()), Subject: pkix.Name{CommonName: "authority of " + host}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}, nil, nil)
	return root.Leaf, sign(t, server(host, from, to), root.Leaf, root.PrivateKey)
}

func server(host string, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(from.UnixNano() + 1), Subject: pkix.Name{CommonName: host},
		NotBefore: from, NotAfter: to, DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
}

// sign makes a key and its certificate, signed by an authority or, without one, by itself.
func sign(t testing.TB, template, by *x509.Certificate, with any) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if with == nil {
		by, with = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, with)
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
