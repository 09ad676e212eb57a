package tsp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

var policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}

// authority makes a responder below a root of its own.
func authority(t testing.TB, kind string, change func(*tsp.ResponderOptions)) (*tsp.Responder, *derkit.Holder) {
	t.Helper()
	root := derkit.Root(t, derkit.P256, "Root of time")
	holder := derkit.Issue(t, root, kind, "Authority of time", derkit.Stamping)
	return responder(t, holder, change), holder
}

func responder(t testing.TB, holder *derkit.Holder, change func(*tsp.ResponderOptions)) *tsp.Responder {
	t.Helper()
	o := tsp.ResponderOptions{
		Key: holder.Key, Chain: holder.Chain, Hash: crypto.SHA256, Policy: policy,
		Accuracy: time.Second, Clock: testkit.NewClock(time.Time{}),
	}
	if change != nil {
		change(&o)
	}
	r, err := tsp.NewResponder(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func imprint(message string) []byte {
	sum := sha256.Sum256([]byte(message))
	return sum[:]
}

func stamp(t testing.TB, r *tsp.Responder, message string) *tsp.Token {
	t.Helper()
	token, err := r.Stamp(context.Background(), crypto.SHA256, imprint(message))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// verify reads and verifies a token as a stranger with one root would: the
// structure, the signature and the chain at the token's time.
func verify(der []byte, message string, root *x509.Certificate) error {
	token, err := tsp.Parse(der)
	if err != nil {
		return err
	}
	signer, err := token.Verify(crypto.SHA256, imprint(message), tsp.VerifyOptions{})
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	_, err = signer.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: token.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	return err
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

func contains(t testing.TB, out, want string) {
	t.Helper()
	if !bytes.Contains([]byte(out), []byte(want)) {
		t.Errorf("output lacks %q:\n%s", want, out)
	}
}

// nonce gives a number that needs a zero in front in DER.
func nonce() *big.Int { return new(big.Int).SetBytes([]byte{0xf1, 2, 3, 4, 5, 6, 7, 8}) }
