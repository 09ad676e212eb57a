package validation_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"rem/edge/simulator"
	"rem/trust/tsp"
	"rem/trust/validation"
)

// A counter counts what is asked, and answers as its parts do; a nil part has
// no answer.
type counter struct {
	ocsp, crl func(cert, issuer *x509.Certificate) ([]byte, error)
	asked     atomic.Int64
}

func (c *counter) OCSP(_ context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	c.asked.Add(1)
	if c.ocsp == nil {
		return nil, validation.ErrNoSource
	}
	return c.ocsp(cert, issuer)
}

func (c *counter) CRL(_ context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	c.asked.Add(1)
	if c.crl == nil {
		return nil, validation.ErrNoSource
	}
	return c.crl(cert, issuer)
}

// Answers that must not be taken for an answer, and those that must.
func TestAnswersAboutRevocation(t *testing.T) {
	type world struct {
		*scene
		ca *simulator.Authority
	}
	// response makes an OCSP response by the given signer.
	response := func(w world, cert *x509.Certificate, issuer *x509.Certificate, by *simulator.Identity, change func(*ocsp.Response)) []byte {
		now := w.Clock.Now()
		r := ocsp.Response{Status: ocsp.Good, SerialNumber: cert.SerialNumber, ThisUpdate: now, NextUpdate: now.Add(time.Hour),
			IssuerHash: crypto.SHA256, Certificate: by.Certificate}
		if change != nil {
			change(&r)
		}
		der, err := ocsp.CreateResponse(issuer, by.Certificate, r, by.Key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	list := func(w world, change func(*x509.RevocationList)) []byte {
		now := w.Clock.Now()
		l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
		if change != nil {
			change(l)
		}
		der, err := x509.CreateRevocationList(rand.Reader, l, w.ca.Certificate, w.ca.Key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	responder := func(w world, change func(*x509.Certificate)) *simulator.Identity {
		return w.Must(w.ca.Issue(simulator.Request{Subject: pkix.Name{CommonName: "responder"}, Change: change}))
	}
	answering := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }

	for _, c := range []struct {
		name string
		ocsp func(w world, leaf, issuer *x509.Certificate) []byte
		crl  func(w world) []byte
		want validation.SubIndication
	}{
		{"by the authority itself", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, &w.ca.Identity, nil)
		}, nil, ""},
		{"by a delegated responder", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, answering), nil)
		}, nil, ""},
		{"by another customer of the authority", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, operational), nil)
		}, nil, validation.TryLater},
		{"by a responder whose term is over", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, func(c *x509.Certificate) {
				answering(c)
				c.NotAfter = w.Clock.Now().Add(-time.Minute)
			}), nil)
		}, nil, validation.TryLater},
		{"by a responder of another authority", func(w world, leaf, issuer *x509.Certificate) []byte {
			other := w.Authority(simulator.TLS)
			return response(w, leaf, issuer, w.Must(other.Issue(simulator.Request{Change: answering})), nil)
		}, nil, validation.TryLater},
		{"about another authority's certificate", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, w.Authority(simulator.TLS).Certificate, responder(w, answering), nil)
		}, nil, validation.TryLater},
		{"about another serial number", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, w.ca.Certificate, issuer, responder(w, answering), nil)
		}, nil, validation.TryLater},
		{"the certificate is not known", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, answering), func(r *ocsp.Response) { r.Status = ocsp.Unknown })
		}, nil, validation.TryLater},
		{"too old", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, answering), func(r *ocsp.Response) {
				r.ThisUpdate, r.NextUpdate = w.Clock.Now().Add(-48*time.Hour), w.Clock.Now().Add(-24*time.Hour)
			})
		}, nil, validation.TryLater},
		{"from the future", func(w world, leaf, issuer *x509.Certificate) []byte {
			return response(w, leaf, issuer, responder(w, answering), func(r *ocsp.Response) {
				r.ThisUpdate = w.Clock.Now().Add(time.Hour)
				r.NextUpdate = w.Clock.Now().Add(2 * time.Hour)
			})
		}, nil, validation.TryLater},
		{"a byte changed", func(w world, leaf, issuer *x509.Certificate) []byte {
			der := response(w, leaf, issuer, responder(w, answering), nil)
			i := bytes.Index(der, leaf.SerialNumber.Bytes())
			der[i+20] ^= 1
			return der
		}, nil, validation.TryLater},
		{"not an answer", func(world, *x509.Certificate, *x509.Certificate) []byte { return []byte("no") }, nil, validation.TryLater},
		{"too long", func(world, *x509.Certificate, *x509.Certificate) []byte { return make([]byte, 1<<20) }, nil, validation.TryLater},

		{"a list without it", nil, func(w world) []byte { return list(w, nil) }, ""},
		{"a list with it", nil, func(w world) []byte {
			return list(w, func(l *x509.RevocationList) {
				l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: w.id.Certificate.SerialNumber, RevocationTime: w.Clock.Now()}}
			})
		}, validation.RevokedNoPOE},
		{"a list that says since when the key was lost", nil, func(w world) []byte {
			return list(w, func(l *x509.RevocationList) {
				since := w.Clock.Now().Add(-time.Hour).Format("20060102150405Z")
				l.RevokedCertificateEntries = []x509.RevocationListEntry{{
					SerialNumber: w.id.Certificate.SerialNumber, RevocationTime: w.Clock.Now().Add(time.Second),
					ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 24}, Value: append([]byte{24, 15}, since...)}},
				}}
			})
		}, validation.RevokedNoPOE},
		{"a list of a part", nil, func(w world) []byte {
			return list(w, func(l *x509.RevocationList) {
				l.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}}
			})
		}, validation.TryLater},
		{"a list of another authority", nil, func(w world) []byte {
			w.ca = w.Authority(simulator.TLS)
			return list(w, nil)
		}, validation.TryLater},
		{"a list that is too old", nil, func(w world) []byte {
			return list(w, func(l *x509.RevocationList) {
				l.ThisUpdate, l.NextUpdate = w.Clock.Now().Add(-48*time.Hour), w.Clock.Now().Add(-24*time.Hour)
			})
		}, validation.TryLater},
		{"a list where the response is no good", func(world, *x509.Certificate, *x509.Certificate) []byte { return []byte("no") },
			func(w world) []byte { return list(w, nil) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			w := world{s, s.Authority(simulator.Operation)}
			sig := s.signature()
			// The answers are about the signer alone; the world answers about others.
			about := func(cert *x509.Certificate) bool { return bytes.Equal(cert.Raw, s.id.Certificate.Raw) }
			s.source = &counter{
				ocsp: func(cert, issuer *x509.Certificate) ([]byte, error) {
					if !about(cert) {
						return s.OCSP(t.Context(), cert, issuer)
					}
					if c.ocsp == nil {
						return nil, validation.ErrNoSource
					}
					return c.ocsp(w, cert, issuer), nil
				},
				crl: func(cert, issuer *x509.Certificate) ([]byte, error) {
					if c.crl == nil || !about(cert) {
						return nil, validation.ErrNoSource
					}
					return c.crl(w), nil
				},
			}
			if r := s.validator().Judge(t.Context(), sig); r.Sub != c.want {
				t.Errorf("got %v, want %q", r, c.want)
			}

			// The same bytes, carried by the document, weigh the same.
			s.source = silent{errors.New("offline")}
			s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
			ocsps, crls := s.carry(s.id)
			sig.OCSP, sig.CRLs = ocsps[1:], crls[1:]
			if c.ocsp != nil {
				sig.OCSP = append(sig.OCSP, c.ocsp(w, s.id.Certificate, s.Authority(simulator.Operation).Certificate))
			}
			if c.crl != nil {
				sig.CRLs = append(sig.CRLs, c.crl(w))
			}
			if r := s.validator().Judge(t.Context(), sig); r.Sub != c.want {
				t.Errorf("carried: got %v, want %q", r, c.want)
			}
		})
	}
}

// A goal of docs/performance.md: chains and tokens already verified are not
// verified again, and nobody is asked twice.
func TestWhatWasJudgedIsRemembered(t *testing.T) {
	s := newScene(t)
	source := &counter{ocsp: func(cert, issuer *x509.Certificate) ([]byte, error) { return s.OCSP(t.Context(), cert, issuer) }}
	s.source = source
	sig := s.signature()
	v := s.validator()
	first := v.Judge(t.Context(), sig)
	asked := source.asked.Load()
	second := v.Judge(t.Context(), sig)
	if !first.Passed() || !second.Passed() {
		t.Fatalf("got %v, %v", first, second)
	}
	if got := source.asked.Load(); got != asked {
		t.Errorf("%d more questions", got-asked)
	}
	if first.Tokens[0] != second.Tokens[0] {
		t.Error("the token was judged again")
	}

	// Memory ends: a certificate revoked meanwhile is noticed.
	s.revoke(s.id.Certificate, time.Second, simulator.KeyCompromise)
	s.Clock.Advance(11 * time.Minute)
	sig.Tokens = []*tsp.Token{s.token(s.stamp)}
	if r := v.Judge(t.Context(), sig); r.Sub != validation.RevokedNoPOE {
		t.Errorf("after the memory's end: got %v", r)
	}
	if source.asked.Load() == asked {
		t.Error("nobody was asked again")
	}

	// A clock that goes back finds nothing remembered from the future (AT-25).
	asked = source.asked.Load()
	s.Clock.Advance(-24 * time.Hour)
	v.Judge(t.Context(), sig)
	if source.asked.Load() == asked {
		t.Error("after a step back nobody was asked again")
	}
}

// A source that fails is left alone for a moment, and asked again later.
func TestASourceThatFailsIsAskedAgain(t *testing.T) {
	s := newScene(t)
	var down atomic.Bool
	source := &counter{ocsp: func(cert, issuer *x509.Certificate) ([]byte, error) {
		if down.Load() {
			return nil, errors.New("timeout")
		}
		return s.OCSP(t.Context(), cert, issuer)
	}}
	s.source = source
	sig := s.signature()
	v := s.validator()
	down.Store(true)
	if r := v.Judge(t.Context(), sig); r.Sub != validation.TryLater {
		t.Fatalf("got %v", r)
	}
	asked := source.asked.Load()
	v.Judge(t.Context(), sig)
	if got := source.asked.Load(); got != asked {
		t.Errorf("%d questions within the pause", got-asked)
	}
	down.Store(false)
	s.Clock.Advance(6 * time.Second)
	if r := v.Judge(t.Context(), sig); !r.Passed() {
		t.Errorf("after the pause: got %v", r)
	}
}

// Many who ask at once cause one question for each certificate.
func TestAskersShareOneQuestion(t *testing.T) {
	s := newScene(t)
	release := make(chan struct{})
	source := &counter{ocsp: func(cert, issuer *x509.Certificate) ([]byte, error) {
		<-release
		return s.OCSP(t.Context(), cert, issuer)
	}}
	s.source = source
	sig := s.signature()
	sig.Tokens = nil
	s.policy.Operation.TokenRequired = false
	v := s.validator()
	var wg sync.WaitGroup
	var passed atomic.Int64
	for range 16 {
		wg.Go(func() {
			if v.Judge(t.Context(), sig).Passed() {
				passed.Add(1)
			}
		})
	}
	for source.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	if passed.Load() != 16 {
		t.Errorf("%d of 16 passed", passed.Load())
	}
	if got := source.asked.Load(); got != 2 {
		t.Errorf("%d questions about two certificates", got)
	}
}

// An answer that came while a caller waited is his too, although it was asked
// for after he looked at the clock.
func TestAnAnswerServesThoseWhoCameBeforeItWasAskedFor(t *testing.T) {
	s := newScene(t)
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.source = &counter{ocsp: func(cert, issuer *x509.Certificate) ([]byte, error) {
		once.Do(func() { close(asked) })
		<-release
		return s.OCSP(t.Context(), cert, issuer)
	}}
	sig := s.signature()
	sig.Tokens = nil
	s.policy.Operation.TokenRequired = false
	clock := &backwards{at: s.Clock.Now()}
	v, err := validation.New(s.policy, clock, s.source)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var passed atomic.Int64
	judge := func() {
		if r := v.Judge(t.Context(), sig); r.Passed() {
			passed.Add(1)
		} else {
			t.Error(r)
		}
	}
	wg.Go(judge)
	<-asked
	for range 8 {
		wg.Go(judge)
	}
	for clock.looked.Load() < 9 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	if passed.Load() != 9 {
		t.Errorf("%d of 9 passed", passed.Load())
	}
}

// backwards is a clock that shows a millisecond less each time.
type backwards struct {
	at     time.Time
	looked atomic.Int64
}

func (c *backwards) Now() time.Time {
	return c.at.Add(-time.Duration(c.looked.Add(1)) * time.Millisecond)
}
func (c *backwards) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// A caller that gives up leaves nothing remembered.
func TestGivingUpIsNotRemembered(t *testing.T) {
	s := newScene(t)
	s.source = sourceOf(func(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return s.OCSP(ctx, cert, issuer)
	})
	sig := s.signature()
	v := s.validator()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := v.Judge(ctx, sig); r.Sub != validation.TryLater {
		t.Errorf("given up: got %v", r)
	}
	if r := v.Judge(t.Context(), sig); !r.Passed() {
		t.Errorf("asked again: got %v", r)
	}
}

type sourceOf func(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error)

func (f sourceOf) OCSP(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	return f(ctx, cert, issuer)
}
func (f sourceOf) CRL(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error) {
	return nil, validation.ErrNoSource
}

func FuzzReadStatements(f *testing.F) {
	f.Add([]byte{0x30, 0x0a, 0x30, 0x08, 0x06, 0x06, 0x04, 0x00, 0x8e, 0x46, 0x01, 0x01})
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := validation.ReadStatements(&x509.Certificate{Extensions: []pkix.Extension{{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 3}, Value: der}}})
		if err != nil && (s.Compliance || s.SSCD) {
			t.Error("an unreadable extension says something")
		}
		if len(s.Others) > 32 {
			t.Errorf("%d statements", len(s.Others))
		}
	})
}
