package mobile

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/outward"
	"rem/edge/simulator"
	"rem/edge/telephone"
	"rem/message/signing"
	"rem/person"
	"rem/trust/algorithm"
)

const line = "+905550000001"

// serve runs a service over TLS on loopback, and returns how it is asked.
func serve(t *testing.T, pki *simulator.PKI, h http.Handler) outward.Options {
	t.Helper()
	id, err := pki.TLS("service.test")
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	g, err := outward.NewGuard([]outward.Host{{Name: "127.0.0.1", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return outward.Options{Name: "mobileSignature", URL: s.URL, Guard: g, Anchors: pki.Anchors(), Clock: clock.System{}}
}

func newPKI(t *testing.T) *simulator.PKI {
	t.Helper()
	pki, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	return pki
}

func client(t *testing.T, o outward.Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func phone(t *testing.T, s string) person.Phone {
	t.Helper()
	p, err := person.ParseMobile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// REQ-55: the form reaches a telephone once, however often it is asked, and brings back
// what it signed; what ends otherwise says so.
func TestATelephoneIsAskedByTheForm(t *testing.T) {
	pki := newPKI(t)
	id, err := pki.Person(simulator.People[0], "ayse@hs90.kep.test", simulator.P256)
	if err != nil {
		t.Fatal(err)
	}
	phones := telephone.New(clock.System{})
	if err := phones.Line(line, id); err != nil {
		t.Fatal(err)
	}
	c, ctx := client(t, serve(t, pki, phones.Handler())), t.Context()
	chain, err := c.Certificate(ctx, phone(t, line))
	if err != nil || len(chain) != len(id.Chain) || !bytes.Equal(chain[0], id.Chain[0].Raw) {
		t.Fatalf("%d certificates, %v", len(chain), err)
	}
	_, err = c.Certificate(ctx, phone(t, "+905550000009"))
	if _, refused := errors.AsType[*rem.Refusal](err); !refused {
		t.Errorf("a line without it: %v", err)
	}
	digest := rem.DigestOf([]byte("attributes"))
	r := signing.MobileRequest{Handle: "h1", Number: phone(t, line), Text: "KEP", Digest: digest[:], Until: time.Now().Add(time.Minute)}
	word := func(h signing.MobileHandle) signing.MobileAnswer {
		t.Helper()
		a, err := c.Answer(ctx, h)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for range 3 {
		if err := c.Ask(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if shown := phones.Shows(); len(shown) != 1 || shown[0].Code != signing.MobileCode(digest[:]) || word("h1").Word != signing.WordWaiting {
		t.Fatalf("shown are %+v", shown)
	}
	if _, err := phones.PressAll(line, true); err != nil {
		t.Fatal(err)
	}
	method, err := algorithm.For(id.Key.Public(), crypto.SHA256, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a lost answer is asked for again
		if a := word("h1"); a.Word != signing.WordSigned || method.Verify(id.Chain[0].PublicKey, digest[:], a.Value) != nil {
			t.Errorf("confirmed: %+v", a)
		}
	}
	if r.Handle = "h2"; c.Ask(ctx, r) != nil || c.Withdraw(ctx, "h2") != nil || len(phones.Shows()) != 0 || word("h2").Word != signing.WordExpired {
		t.Errorf("taken back: %+v", phones.Shows())
	}
	if got := word("never asked").Word; got != signing.WordUnknown {
		t.Errorf("one that was never asked: %s", got)
	}
}

// P-15: production takes nothing that a simulator says, and an error has no number.
func TestProductionTakesNoSimulatedTelephone(t *testing.T) {
	o := serve(t, newPKI(t), telephone.New(clock.System{}).Handler())
	o.Production = true
	_, err := client(t, o).Certificate(t.Context(), phone(t, line))
	if !errors.Is(err, outward.ErrSimulator) || strings.Contains(err.Error(), line[3:]) {
		t.Errorf("%v", err)
	}
}

// An answer that is not of the form is a fault, and signs nothing.
func TestAnAnswerIsReadStrictly(t *testing.T) {
	var body string
	c := client(t, serve(t, newPKI(t), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	})))
	calls := map[string]func(context.Context) error{
		"certificate": func(ctx context.Context) error { _, err := c.Certificate(ctx, phone(t, line)); return err },
		"ask": func(ctx context.Context) error {
			return c.Ask(ctx, signing.MobileRequest{Handle: "h", Number: phone(t, line), Until: time.Now()})
		},
		"answer":   func(ctx context.Context) error { _, err := c.Answer(ctx, "h"); return err },
		"withdraw": func(ctx context.Context) error { return c.Withdraw(ctx, "h") },
	}
	for _, body = range []string{
		`{}`, `{"result":"yes"}`, `{"result":"found"}`, `{"result":"found","certificates":["?"]}`, `{"result":"none","certificates":["AAAA"]}`,
		`{"result":"found","certificates":["AAAA","AAAA","AAAA","AAAA","AAAA","AAAA","AAAA","AAAA","AAAA"]}`,
		`{"result":"signed"}`, `{"result":"signed","value":"?"}`, `{"result":"waiting","value":"AAAA"}`, `{"result":"taken","more":1}`, `[]`,
	} {
		for name, call := range calls {
			if err := call(t.Context()); !errors.Is(err, outward.ErrGarbage) {
				t.Errorf("%s answered %s: %v", name, body, err)
			}
		}
	}
}
