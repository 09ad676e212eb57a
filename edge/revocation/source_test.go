package revocation_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rem/edge/revocation"
	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/trust/algorithm"
	"rem/trust/validation"
)

// A world served over HTTP, whose handler a test may put something before.
func served(t *testing.T, before func(http.Handler) http.Handler) *pki.World {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	w := pki.New(t, simulator.Options{BaseURL: "http://" + server.Listener.Addr().String()})
	server.Config.Handler = before(w.Handler())
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func judge(t *testing.T, w *pki.World, id *simulator.Identity) *validation.Report {
	t.Helper()
	policy := validation.Usual(w.Anchors())
	policy.Operation.TokenRequired = false
	v, err := validation.New(policy, w.Clock, revocation.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	return v.Judge(t.Context(), validation.Signature{
		Role: validation.Operation, Certificate: id.Certificate, Carried: id.Chain,
		Algorithm: algorithm.Signature{Key: x509.ECDSA, Hash: crypto.SHA256},
	})
}

func TestAuthoritiesAreAskedOverHTTP(t *testing.T) {
	only := func(prefix string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, prefix) {
					http.Error(w, "down", http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	for _, c := range []struct {
		name   string
		before func(http.Handler) http.Handler
		revoke bool
		want   validation.SubIndication
	}{
		{"good by OCSP", only("/ocsp/"), false, ""},
		{"revoked by OCSP", only("/ocsp/"), true, validation.RevokedNoPOE},
		{"good by CRL when the responder is down", only("/crl/"), false, ""},
		{"revoked by CRL when the responder is down", only("/crl/"), true, validation.RevokedNoPOE},
		{"nobody answers", only("/none/"), false, validation.TryLater},
		{"redirected", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if path, ok := strings.CutPrefix(r.URL.Path, "/elsewhere"); ok {
					r.URL.Path = path
					next.ServeHTTP(w, r)
					return
				}
				http.Redirect(w, r, "/elsewhere"+r.URL.Path, http.StatusTemporaryRedirect)
			})
		}, false, validation.TryLater},
		{"an answer without end", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.CopyN(w, zeros{}, 17<<20) // ends when the asker hangs up
			})
		}, false, validation.TryLater},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := served(t, c.before)
			id := w.REMMD("hs90.kep.test")
			if c.revoke {
				if err := w.Revoke(id.Certificate, w.Clock.Now().Add(-time.Minute), simulator.Superseded); err != nil {
					t.Fatal(err)
				}
			}
			if r := judge(t, w, id); r.Sub != c.want {
				t.Errorf("got %v, want %q", r, c.want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestACertificateWithoutAddressesHasNoSource(t *testing.T) {
	s := revocation.New(nil)
	w := pki.New(t, simulator.Options{})
	cert := *w.REMMD("hs90.kep.test").Certificate
	issuer := w.Authority(simulator.Operation).Certificate
	cert.OCSPServer = []string{"ldap://directory.test/", "http://", ":"}
	if _, err := s.OCSP(t.Context(), &cert, issuer); !errors.Is(err, validation.ErrNoSource) {
		t.Errorf("OCSP: %v, want %v", err, validation.ErrNoSource)
	}
	if _, err := s.CRL(t.Context(), &cert, issuer); !errors.Is(err, validation.ErrNoSource) {
		t.Errorf("CRL: %v, want %v", err, validation.ErrNoSource)
	}
}
