package tsp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

// What OpenSSL and another library say of our tokens: RFC 3161 2.4.2.
func TestTokensAreVerifiedByOthers(t *testing.T) {
	for _, kind := range []string{derkit.P256, derkit.P384, derkit.RSA2048, "rsa2048 pss"} {
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			t.Run(kind+"/"+hash.String(), func(t *testing.T) {
				key := kind
				if kind == "rsa2048 pss" {
					key = derkit.RSA2048
				}
				r, holder := authority(t, key, func(o *tsp.ResponderOptions) {
					o.Hash, o.Named, o.PSS = hash, true, kind != key
				})
				token := stamp(t, r, "hello")
				if err := verify(token.DER, "hello", holder.Chain[1]); err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				root, _ := (&derkit.Holder{Key: holder.Key, Chain: holder.Chain[1:]}).WritePEM(t, dir, "root")
				// OpenSSL judges the chain at the machine's clock: the certificates outlive it.
				if kind == "rsa2048 pss" {
					// openssl ts knows no PSS, and the other library neither.
					contains(t, openssl(t, "cms", "-verify", "-cades", "-inform", "DER", "-in", write(t, "token", token.DER),
						"-CAfile", root, "-purpose", "timestampsign", "-out", filepath.Join(dir, "info")), "successful")
					return
				}
				contains(t, openssl(t, "ts", "-verify", "-token_in", "-in", write(t, "token", token.DER),
					"-data", write(t, "data", []byte("hello")), "-CAfile", root), "Verification: OK")
				other, err := timestamp.Parse(token.DER)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(other.HashedMessage, imprint("hello")) || !other.Time.Equal(token.Time) || other.SerialNumber.Cmp(token.Serial) != 0 {
					t.Errorf("the other library reads %+v", other)
				}
			})
		}
	}
}

// RFC 3161 2.4.1 and 2.4.2: OpenSSL asks, we answer, OpenSSL verifies.
func TestRequestsOfOpenSSLAreAnswered(t *testing.T) {
	r, holder := authority(t, derkit.P256, nil)
	dir := t.TempDir()
	data, query := write(t, "data", []byte("hello")), filepath.Join(dir, "query")
	root, _ := (&derkit.Holder{Key: holder.Key, Chain: holder.Chain[1:]}).WritePEM(t, dir, "root")
	leaf, _ := holder.WritePEM(t, dir, "leaf")
	for _, args := range [][]string{{"-cert"}, {}, {"-cert", "-no_nonce"}, {"-cert", "-tspolicy", policy.String()}} {
		openssl(t, append([]string{"ts", "-query", "-data", data, "-sha256", "-out", query}, args...)...)
		request, err := os.ReadFile(query)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := r.Respond(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		contains(t, openssl(t, "ts", "-verify", "-in", write(t, "answer", answer), "-queryfile", query,
			"-CAfile", root, "-untrusted", leaf), "Verification: OK")
	}
}

// OpenSSL answers our requests; we verify its tokens.
func TestTokensOfOpenSSLAreVerified(t *testing.T) {
	for _, kind := range []string{derkit.P256, derkit.RSA2048} {
		t.Run(kind, func(t *testing.T) {
			root := derkit.Root(t, derkit.P256, "Root of time")
			holder := derkit.Issue(t, root, kind, "OpenSSL's authority", derkit.Stamping)
			dir := t.TempDir()
			certificates, key := holder.WritePEM(t, dir, "tsa")
			above, _ := root.WritePEM(t, dir, "root")
			config := write(t, "tsa.cnf", fmt.Appendf(nil, `
[tsa]
default_tsa = one
[one]
serial = %s/serial
signer_cert = %s
certs = %s
signer_key = %s
signer_digest = sha256
default_policy = %v
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
clock_precision_digits = 3
`, dir, certificates, above, key, policy))
			request := &tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Nonce: nonce(), Certificates: true}
			der, err := request.DER()
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "answer")
			openssl(t, "ts", "-reply", "-config", config, "-queryfile", write(t, "query", der), "-out", out)
			answer, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			token, err := request.Check(answer, tsp.Expectation{Authorities: []*x509.Certificate{root.Leaf()}})
			if err != nil {
				t.Fatal(err)
			}
			if token.Accuracy != 1500*time.Millisecond+100*time.Microsecond || !token.Ordering || token.Name == nil || !token.Policy.Equal(policy) {
				t.Errorf("token read as %+v", token)
			}
			if err := verify(token.DER, "hello", root.Leaf()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Another library answers our request; we verify its tokens. For RSA it leaves
// out the parameters of the signature algorithm, which RFC 5754 3.2 makes
// readers accept.
func TestTokensOfAnotherLibraryAreVerified(t *testing.T) {
	for _, kind := range []string{derkit.P256, derkit.RSA2048} {
		root := derkit.Root(t, derkit.P256, "Root of time")
		holder := derkit.Issue(t, root, kind, "The library's authority", derkit.Stamping)
		request := &tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Nonce: nonce(), Certificates: true}
		answer, err := (&timestamp.Timestamp{
			HashAlgorithm: request.Hash, HashedMessage: request.Imprint, Time: testkit.Epoch, Policy: policy,
			Nonce: request.Nonce, AddTSACertificate: true, Accuracy: time.Second,
		}).CreateResponseWithOpts(holder.Leaf(), holder.Key, crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		token, err := request.Check(answer, tsp.Expectation{Authorities: []*x509.Certificate{root.Leaf()}})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if !token.Time.Equal(testkit.Epoch) || token.Accuracy != time.Second {
			t.Errorf("%s: read as %+v", kind, token)
		}
	}
}
