package tsp_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"rem/trust/tsp"
)

// samples gives the committed samples of one kind. They were made in our first
// release over the message "hello"; openssl.der by OpenSSL 3.0.
func samples(f *testing.F, pattern string) [][]byte {
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	var all [][]byte
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, der)
		f.Add(der)
	}
	return all
}

// AT-20: of all bytes, only the samples themselves are good tokens over hello.
// The samples carry their signer's certificate alone.
func FuzzParseToken(f *testing.F) {
	good := samples(f, "token-*.der")
	for _, der := range good {
		token, err := tsp.Parse(der)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := token.Verify(crypto.SHA256, imprint("hello"), tsp.VerifyOptions{}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := tsp.Parse(der)
		if err != nil {
			return
		}
		if token.Serial == nil || token.Policy == nil || len(token.Imprint) != token.Hash.Size() || token.Accuracy < 0 {
			t.Fatalf("read as %+v", token)
		}
		if _, err := token.Verify(crypto.SHA256, imprint("hello"), tsp.VerifyOptions{}); err != nil {
			return
		}
		for _, sample := range good {
			if bytes.Equal(sample, der) {
				return
			}
		}
		t.Error("accepted though it is none of the samples")
	})
}

// What is read can be written, and is read the same again.
func FuzzParseRequest(f *testing.F) {
	samples(f, "request-*.der")
	f.Fuzz(func(t *testing.T, der []byte) {
		request, err := tsp.ParseRequest(der)
		if err != nil {
			if _, ok := errors.AsType[*tsp.Rejection](err); !ok {
				t.Fatalf("refused without an answer: %v", err)
			}
			return
		}
		written, err := request.DER()
		if err != nil {
			t.Fatal(err)
		}
		again, err := tsp.ParseRequest(written)
		if err != nil || !reflect.DeepEqual(again, request) {
			t.Errorf("read as %+v, then as %+v: %v", request, again, err)
		}
	})
}

// An answer never gives a token that nobody was expected to sign.
func FuzzCheckAnswer(f *testing.F) {
	samples(f, "answer-*.der")
	f.Fuzz(func(t *testing.T, answer []byte) {
		request := &tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Certificates: true}
		if token, err := request.Check(answer, tsp.Expectation{Authorities: []*x509.Certificate{}}); err == nil {
			t.Errorf("accepted %v", token)
		}
	})
}
