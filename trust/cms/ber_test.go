package cms_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"rem/internal/testkit/derkit"
	"rem/trust/cms"
)

func TestBERBecomesDER(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 200)
	for _, c := range []struct{ name, ber, der string }{
		{"as it is", "\x30\x03\x02\x01\x01", "\x30\x03\x02\x01\x01"},
		{"indefinite", "\x30\x80\x02\x01\x01\x00\x00", "\x30\x03\x02\x01\x01"},
		{"indefinite twice", "\x30\x80\x30\x80\x00\x00\x00\x00", "\x30\x02\x30\x00"},
		{"long length", "\x30\x82\x00\x04\x02\x81\x01\x01", "\x30\x03\x02\x01\x01"},
		{"pieces", "\x24\x80\x04\x01a\x04\x02bc\x00\x00", "\x04\x03abc"},
		{"pieces of pieces", "\x24\x80\x24\x06\x04\x01a\x04\x01b\x04\x01c\x00\x00", "\x04\x03abc"},
		{"no pieces", "\x24\x80\x00\x00", "\x04\x00"},
		{"long pieces", "\x24\x80\x04\x81\xc8" + string(long) + "\x04\x01x\x00\x00", "\x04\x81\xc9" + string(long) + "x"},
		{"empty end inside", "\x30\x02\x00\x00", "\x30\x02\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := cms.ToDER([]byte(c.ber))
			if err != nil || string(got) != c.der {
				t.Errorf("got %x, %v, want %x", got, err, c.der)
			}
		})
	}
	for _, c := range []struct{ name, ber string }{
		{"nothing", ""},
		{"cut short", "\x30\x03\x02\x01"},
		{"no end", "\x30\x80\x02\x01\x01"},
		{"primitive of indefinite length", "\x04\x80\x00\x00"},
		{"pieces of another type", "\x24\x03\x02\x01\x01"},
		{"something behind", "\x30\x00\x00"},
		{"tag of several bytes", "\x3f\x81\x01\x00"},
		{"length of nine bytes", "\x30\x89\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"length beyond all", "\x30\x84\xff\xff\xff\xff"},
		{"too deep", string(bytes.Repeat([]byte{0x30, 0x80}, 60)) + string(make([]byte, 120))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := cms.ToDER([]byte(c.ber)); !errors.Is(err, cms.ErrStructure) {
				t.Errorf("got %x, %v", got, err)
			}
		})
	}
}

// Foreign mail programs send indefinite lengths: refused as they are, accepted
// when they were rewritten, and DER is not touched.
func TestSignedDataInBERIsRewritten(t *testing.T) {
	for _, s := range subjects(t, derkit.P256) {
		same, err := cms.ToDER(s.der)
		if err != nil || !bytes.Equal(same, s.der) {
			t.Fatalf("%s in DER is changed: %v", s.name, err)
		}
		tree := derkit.Parse(t, s.der)
		body := tree.At(1, 0)
		body.Raw = body.Indefinite()
		tree.At(1).Raw = tree.At(1).Indefinite()
		ber := tree.Indefinite()
		if _, err := s.verify(ber); err == nil {
			t.Errorf("%s in BER is accepted", s.name)
		}
		der, err := cms.ToDER(ber)
		if err != nil || !bytes.Equal(der, s.der) {
			t.Errorf("%s in BER becomes something else: %v", s.name, err)
		}
	}
}

// What OpenSSL streams is BER.
func TestSignedDataStreamedByOpenSSLIsRewritten(t *testing.T) {
	holder := derkit.Issue(t, derkit.Root(t, derkit.P256, "Root"), derkit.RSA2048, "Ayşe", derkit.Mailing)
	dir := t.TempDir()
	certificates, key := holder.WritePEM(t, dir, "ayse")
	out := exec.Command("openssl", "cms", "-sign", "-cades", "-binary", "-stream", "-nodetach", "-md", "sha256",
		"-signer", certificates, "-inkey", key, "-outform", "DER", "-in", certificates)
	ber, err := out.Output()
	if err != nil {
		t.Fatalf("openssl (Debian package openssl) in %s: %v", filepath.Base(dir), err)
	}
	if !slices.Equal(ber[:2], []byte{0x30, 0x80}) {
		t.Fatal("not an indefinite length")
	}
	if _, err := cms.Parse(ber); !errors.Is(err, cms.ErrStructure) {
		t.Errorf("BER is read: %v", err)
	}
	der, err := cms.ToDER(ber)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	carried, err := signed.ParseCertificates(cms.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := signed.Signer.Digest.New()
	d.Write(signed.Content)
	if c, err := signed.Verify(d.Sum(nil), carried, cms.VerifyOptions{}); err != nil || !c.Equal(holder.Leaf()) {
		t.Errorf("verified as %v: %v", c, err)
	}
}
