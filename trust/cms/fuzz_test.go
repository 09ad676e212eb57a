package cms_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rem/trust/cms"
)

// seed adds the committed samples of testdata.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
}

// What is read is in DER: rewriting it changes nothing.
func FuzzParseSignedData(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, der []byte) {
		signed, err := cms.Parse(der)
		if err != nil {
			return
		}
		carried, err := signed.ParseCertificates(cms.VerifyOptions{})
		if err != nil {
			return
		}
		// Certificates, revocations and what stands unsigned are read by others.
		foreign := len(signed.Revocations)+len(signed.Signer.Unsigned) > 0
		for _, c := range signed.Certificates {
			_, err := cms.ToDER(c)
			foreign = foreign || err != nil
		}
		if !foreign {
			same, err := cms.ToDER(der)
			if err != nil || !bytes.Equal(same, der) {
				t.Fatalf("read though it is not DER: %v", err)
			}
		}
		if _, err := signed.Verify(signed.Signer.ContentDigest, carried, cms.VerifyOptions{}); err == nil && len(carried) == 0 {
			t.Fatal("verified without a certificate")
		}
	})
}

// Rewriting ends, stays within its bounds and is done once.
func FuzzToDER(f *testing.F) {
	seed(f)
	f.Add([]byte("\x24\x80\x24\x06\x04\x01a\x04\x01b\x04\x01c\x00\x00"))
	f.Fuzz(func(t *testing.T, ber []byte) {
		der, err := cms.ToDER(ber)
		if err != nil {
			return
		}
		if len(der) > len(ber) {
			t.Fatalf("%d bytes became %d", len(ber), len(der))
		}
		again, err := cms.ToDER(der)
		if err != nil || !bytes.Equal(again, der) {
			t.Fatalf("rewritten twice: %x, then %x: %v", der, again, err)
		}
	})
}
