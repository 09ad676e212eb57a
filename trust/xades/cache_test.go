package xades

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"

	"rem/internal/testkit/derkit"
)

// Strangers choose what they carry. Neither many certificates nor large ones
// make the cache larger than it was made.
func TestCacheIsBounded(t *testing.T) {
	key := derkit.Key(t, derkit.P256)
	c := NewCache(3)
	for i := range 12 {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: fmt.Sprint(i)}}
		large := i%2 == 1
		if large {
			template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, maxKept)}}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString(der)
		for range 2 {
			got, err := c.decode([]byte(text))
			if err != nil || string(got.Raw) != string(der) {
				t.Fatalf("certificate %d: %v", i, err)
			}
		}
		if kept := c.text[text] != nil; kept == large {
			t.Errorf("certificate %d of %d bytes is kept: %v", i, len(der), kept)
		}
	}
	if len(c.text) > 3 || len(c.kept) > 3 {
		t.Errorf("%d texts and %d certificates, want 3 at most", len(c.text), len(c.kept))
	}
}
