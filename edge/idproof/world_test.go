package idproof

import (
	"context"
	"crypto"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/person"
	"rem/person/identity"
	"rem/trust/cades"
	"rem/trust/validation"
)

const back = "https://hs90.kep.test/apply/gate"

// A world has the simulated services over TLS on loopback, on a clock that stands.
type world struct {
	pki      *simulator.PKI
	clock    *testkit.Clock
	services *simulator.Services
	server   *httptest.Server
	// before, when set, may answer in the services' place.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(testkit.Epoch)}
	var err error
	if w.pki, err = simulator.New(simulator.Options{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	id, err := w.pki.TLS("gate.test")
	if err != nil {
		t.Fatal(err)
	}
	w.services = simulator.NewServices(w.clock, back)
	handler := w.services.Handler()
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.before == nil || !w.before(rw, r) {
			handler.ServeHTTP(rw, r)
		}
	}))
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	w.server.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

// hurried is a clock whose pauses are over at once.
type hurried struct{ rem.Clock }

func (hurried) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (w *world) outward(t *testing.T, path string) outward.Options {
	t.Helper()
	g, err := outward.NewGuard([]outward.Host{{Name: "127.0.0.1", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return outward.Options{Name: strings.Trim(path, "/"), URL: w.server.URL + path, Guard: g, Anchors: w.pki.Anchors(), Clock: hurried{w.clock}, Timeout: 5 * time.Second}
}

func (w *world) gate(t *testing.T) *Gate {
	t.Helper()
	g, err := NewGate(GateOptions{Outward: w.outward(t, "/gate"), Page: w.server.URL + "/gate/", Return: back})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// goThere sends a browser to the page, chooses, and gives what it comes back with.
func (w *world) goThere(t *testing.T, link, citizen string) (state, code string) {
	t.Helper()
	c := w.server.Client()
	c.Transport = &http.Transport{TLSClientConfig: outward.TLS(w.clock, w.pki.Anchors(), nil, nil)}
	c.Jar, _ = cookiejar.New(nil)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(page), "SIMULATOR/BENZET") || resp.Header.Get(outward.MarkHeader) == "" {
		t.Fatalf("%d %v %s", resp.StatusCode, err, page)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("citizen", citizen)
	q.Del("return")
	resp, err = c.PostForm(w.server.URL+"/gate/choose", q)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), back+"?") {
		t.Fatalf("%v %s", err, to)
	}
	return to.Query().Get("state"), to.Query().Get("code")
}

func shown(t *testing.T, c simulator.Citizen) identity.Shown {
	t.Helper()
	var s identity.Shown
	var errs [4]error
	s.Identity, errs[0] = person.ParseIdentityNumber(c.IdentityNumber)
	s.Given, errs[1] = person.ParseName(c.GivenName)
	s.Family, errs[2] = person.ParseName(c.FamilyName)
	s.Birth, errs[3] = person.ParseDate(c.Birth.Format(time.DateOnly))
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var form = []byte("KEP-APPLICATION-FORM 1\n")

// complete puts an answer into a record and judges it.
func complete(a *identity.Answer, m identity.Method) error {
	r := a.Into(identity.Record{ID: "a-1.id1", Application: "a-1", Form: rem.DigestOf(form), Kind: person.Natural, Subject: "p-1", Method: m})
	_, err := identity.Complete(r)
	return err
}

func (w *world) judge(t *testing.T) *identity.SignatureJudge {
	t.Helper()
	j, err := identity.NewSignatureJudge(validation.Usual(w.pki.Anchors()), w.clock, w.pki)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (w *world) sign(t *testing.T, who simulator.Subject, form []byte) []byte {
	t.Helper()
	id, err := w.pki.Person(who, "", "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	digest := rem.DigestOf(form)
	der, err := s.Sign(t.Context(), digest[:], w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return der
}
