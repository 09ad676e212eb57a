package evidence

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// A world is a simulated PKI with one signer whose clock shows the moment after
// the samples' event.
type world struct {
	*simulator.PKI
	operation *simulator.Identity
	authority *tsp.Responder
	clock     *testkit.Clock
	signer    *Signer
}

func newWorld(t testing.TB, hs string) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(sampleDraft(RelayREMMDFailure, Negative).EventTime.Add(time.Second))}
	var err error
	if w.PKI, err = simulator.New(simulator.Options{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	if w.operation, err = w.Operation("Örnek KEPHS", hs+".kep.test", simulator.P256); err != nil {
		t.Fatal(err)
	}
	tsa, err := w.TSA("Damga")
	if err != nil {
		t.Fatal(err)
	}
	w.authority, err = tsp.NewResponder(tsp.ResponderOptions{
		Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, Clock: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: w.operation.Key, Chain: w.operation.Chain, Authority: w.authority})
	if err != nil {
		t.Fatal(err)
	}
	if w.signer, err = NewSigner(x, hs, w.clock); err != nil {
		t.Fatal(err)
	}
	return w
}

// REQ-58, REQ-59, REQ-60: with tools that nobody here wrote.
func TestEverySignedEvidenceStandsBeforeStrangers(t *testing.T) {
	xmlsec := testkit.Tool(t, "xmlsec1", "xmlsec1")
	openssl := testkit.Tool(t, "openssl", "openssl")
	worlds := map[string]*world{"hs90": newWorld(t, "hs90"), "hs91": newWorld(t, "hs91")}
	samples(t, func(t *testing.T, d Draft) {
		w := worlds[d.Issuer.Address.HSCode()]
		signed, err := prepare(t, d).Sign(t.Context(), w.signer)
		if err != nil {
			t.Fatal(err)
		}
		testkit.ValidateXML(t, testkit.SchemaREM, signed.XML)

		e, v, err := Verify(signed.XML, xades.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != d.ID || e.Kind != d.Kind || e.Outcome != d.Outcome || v.Level != "B-T" || !signed.Time.Equal(v.Tokens[0].Time) {
			t.Errorf("read %s %s %s, level %s, time %s and token %s", e.ID, e.Kind, e.Outcome, v.Level, signed.Time, v.Tokens[0].Time)
		}

		dir := t.TempDir()
		root := filepath.Join(dir, "root.pem")
		write(t, root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Root().Certificate.Raw}))
		file := filepath.Join(dir, "evidence.xml")
		write(t, file, signed.XML)
		tool(t, exec.Command(xmlsec, "--verify", "--trusted-pem", root, "--verification-gmt-time", "2026-11-23 09:31:00", "--enabled-reference-uris", "empty,same-doc",
			"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", file))

		token := filepath.Join(dir, "token.der")
		write(t, token, v.Tokens[0].DER)
		value := canonicalSignatureValue(t, signed.XML)
		data := filepath.Join(dir, "value")
		write(t, data, value)
		tool(t, exec.Command(openssl, "ts", "-verify", "-in", token, "-token_in", "-data", data, "-CAfile", root, "-attime", "1795426260"))
	})
}

func write(t testing.TB, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func tool(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args[:2], " "), err, out)
	}
}

// canonicalSignatureValue cuts out what the token is over. Our documents hold
// it in its canonical form (EN 319 132-1 SignatureTimeStamp).
func canonicalSignatureValue(t testing.TB, signed []byte) []byte {
	t.Helper()
	s := string(signed)
	i := strings.Index(s, "<ds:SignatureValue")
	j := strings.Index(s, "</ds:SignatureValue>")
	if i < 0 || j < i {
		t.Fatalf("no signature value in %s", s)
	}
	return []byte(s[i : j+len("</ds:SignatureValue>")])
}

func TestPreparedSignsOnce(t *testing.T) {
	w := newWorld(t, "hs91")
	p := prepare(t, sampleDraft(DeliveryNonDeliveryToRecipient, Positive))
	if _, err := p.Sign(t.Context(), w.signer); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Sign(t.Context(), w.signer); !errors.Is(err, ErrUsed) {
		t.Errorf("signing again: %v, want ErrUsed", err)
	}
}

func TestSignerRefusesTheEvidenceOfAnotherREMMD(t *testing.T) {
	w := newWorld(t, "hs90")
	if s, err := prepare(t, sampleDraft(DeliveryNonDeliveryToRecipient, Positive)).Sign(t.Context(), w.signer); err == nil {
		t.Errorf("hs90 signed an evidence of hs91:\n%s", s.XML)
	}
}

// AT-25.
func TestNothingIsSignedWhenTheTokenIsOlderThanTheEvent(t *testing.T) {
	for name, test := range map[string]struct {
		clock time.Duration
		want  bool
	}{
		"within the bound": {-maxSkew, true},
		"beyond the bound": {-maxSkew - time.Second, false},
		"years later":      {3 * 365 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "hs91")
			d := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
			w.clock.Set(d.EventTime.Truncate(time.Second).Add(test.clock))
			d.EventTime = d.EventTime.Truncate(time.Second)
			d.Log = nil
			if _, err := prepare(t, d).Sign(t.Context(), w.signer); (err == nil) != test.want {
				t.Errorf("signed %v (%v), want %v", err == nil, err, test.want)
			}
		})
	}
}

// A signer that only claims a time has no token to show.
func TestFailingAuthorityIsAFault(t *testing.T) {
	w := newWorld(t, "hs91")
	down := errors.New("connection refused")
	x, err := xades.NewSigner(xades.SignerOptions{Key: w.operation.Key, Chain: w.operation.Chain, Authority: authorityFunc(func() (*tsp.Token, error) { return nil, down })})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(x, "hs91", w.clock)
	if err != nil {
		t.Fatal(err)
	}
	_, err = prepare(t, sampleDraft(DeliveryNonDeliveryToRecipient, Positive)).Sign(t.Context(), s)
	var refusal *rem.Refusal
	if !errors.Is(err, down) || errors.As(err, &refusal) {
		t.Errorf("error %v, want the authority's own, as a fault", err)
	}
}

type authorityFunc func() (*tsp.Token, error)

func (f authorityFunc) Stamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) { return f() }

// A frozen sample is read for as long as evidence is kept (REQ-64).
func TestSignedEvidenceOfTheFirstVersionIsRead(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("testdata", "v1", "evidence.xml"))
	if err != nil {
		t.Fatal(err)
	}
	got, v, err := Verify(src, xades.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := sampleDraft(RetrievalNonRetrievalByRecipient, Positive)
	if diff := cmp.Diff(got.Draft, want, compareDrafts); diff != "" {
		t.Errorf("draft of the frozen sample (-got +want):\n%s", diff)
	}
	if v.Level != "B-T" {
		t.Errorf("level %s, want B-T", v.Level)
	}
}

// One signature and one token, against two bare signatures of the same key.
func BenchmarkSign(b *testing.B) {
	w := newWorld(b, "hs91")
	b.Run("raw/p256", func(b *testing.B) {
		key := w.operation.Key.(*ecdsa.PrivateKey)
		sum := rem.DigestOf([]byte("evidence"))
		for b.Loop() {
			for range 2 {
				if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("evidence-t/p256", func(b *testing.B) {
		d := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
		b.ReportAllocs()
		for b.Loop() {
			p, err := Prepare(d)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := p.Sign(b.Context(), w.signer); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prepare", func(b *testing.B) {
		d := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Prepare(d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("marshal", func(b *testing.B) {
		d := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := UnmarshalDraft(MarshalDraft(d)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
