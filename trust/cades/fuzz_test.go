package cades_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rem/trust/cades"
	"rem/trust/tsp"
)

// AT-20: of all bytes, only the samples themselves are signatures over the
// original with good time stamps. The samples of testdata are of our first
// release, over the original of these tests.
func FuzzVerify(f *testing.F) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	var samples [][]byte
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := cades.Verify(der, digest, cades.VerifyOptions{}); err != nil {
			f.Fatalf("%s: %v", file, err)
		}
		samples = append(samples, der)
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		v, err := cades.Verify(der, digest, cades.VerifyOptions{})
		if err != nil {
			return
		}
		for _, token := range v.Tokens {
			if _, err := token.Verify(token.Hash, token.Imprint, tsp.VerifyOptions{}); err != nil {
				return
			}
		}
		// A stamped signature without its stamp is one of level B-B.
		if !slices.ContainsFunc(samples, func(s []byte) bool { return bytes.Equal(s, der) }) && v.Level != "B-B" {
			t.Error("accepted though it is none of the samples")
		}
	})
}
