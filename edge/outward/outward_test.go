package outward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/simulator"
	"rem/internal/testkit"
)

var loopback = Host{Name: "127.0.0.1", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

type service struct {
	pki     *simulator.PKI
	own     *simulator.Identity
	server  *httptest.Server
	asked   atomic.Int32
	mu      sync.Mutex
	keys    []string // guarded by mu
	options Options
}

// serve runs a service over TLS on loopback.
func serve(t *testing.T, h http.HandlerFunc) *service {
	t.Helper()
	pki, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := pki.TLS("service.test")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{pki: pki, own: id}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
		s.mu.Unlock()
		h(w, r)
	}))
	s.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(id)}}
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	g, err := NewGuard([]Host{loopback}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.options = Options{Name: "service", URL: s.server.URL, Guard: g, Anchors: pki.Anchors(), Clock: clock.System{},
		Pauses: []time.Duration{time.Millisecond, time.Millisecond}}
	return s
}

func certificate(id *simulator.Identity) tls.Certificate {
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	return c
}

func (s *service) ask(t *testing.T, out any) (*Answer, error) {
	t.Helper()
	c, err := NewClient(s.options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Ask(t.Context(), "v1/thing", "key-1", map[string]string{"a": "b"}, out)
}

type thing struct {
	Name      string `json:"name"`
	Simulator string `json:"simulator"`
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, body)
}

func TestAQuestionIsAskedAgainUnderTheSameKey(t *testing.T) {
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if s.asked.Load() < 3 {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		answer(w, `{"name":"x"}`)
	})
	var out thing
	a, err := s.ask(t, &out)
	if err != nil || out.Name != "x" {
		t.Fatal(out, err)
	}
	if strings.Join(s.keys, ",") != "key-1,key-1,key-1" {
		t.Errorf("keys %v", s.keys)
	}
	if !a.Simulated {
		t.Error("its certificate is simulated and the answer is not marked")
	}
}

func TestASimulatorIsRefusedInProduction(t *testing.T) {
	for _, body := range []string{`{"name":"x"}`, `{"name":"x","simulator":"SIMULATOR/BENZETIM"}`} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, body) })
		s.options.Production = true
		if _, err := s.ask(t, new(thing)); !errors.Is(err, ErrSimulator) || s.asked.Load() != 1 {
			t.Errorf("%s: %v after %d questions", body, err, s.asked.Load())
		}
	}
}

func TestWhatAServiceMayDoWrong(t *testing.T) {
	long := strings.Repeat("x", DefaultAnswer)
	for _, c := range []struct {
		name  string
		do    http.HandlerFunc
		want  error
		asked int
	}{
		{"fault", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", 500) }, ErrAway, 3},
		{"too many", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusTooManyRequests) }, ErrAway, 3},
		{"refusal", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusForbidden) }, ErrRefused, 1},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		}, ErrGarbage, 1},
		{"page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }, ErrGarbage, 1},
		{"garbage", func(w http.ResponseWriter, r *http.Request) { answer(w, "\x00\xff{") }, ErrGarbage, 1},
		{"another shape", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":7}`) }, ErrGarbage, 1},
		{"twice", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":"a","name":"b"}`) }, ErrGarbage, 1},
		{"huge", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":"`+long+`"}`) }, ErrGarbage, 1},
		{"hangs up", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, ErrAway, 3},
		{"slow", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		}, ErrAway, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.do)
			s.options.Timeout = 300 * time.Millisecond
			_, err := s.ask(t, new(thing))
			if !errors.Is(err, c.want) || int(s.asked.Load()) < c.asked {
				t.Errorf("%v after %d questions, want %v after %d", err, s.asked.Load(), c.want, c.asked)
			}
			if err != nil && strings.Contains(err.Error(), "xxx") {
				t.Error("the error quotes the answer")
			}
		})
	}
}

func TestAServiceIsKnownByItsCertificate(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":"x"}`) })
	other, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	good := s.options
	s.options.Pins = []rem.Digest{rem.DigestOf(s.own.Certificate.Raw)}
	if _, err := s.ask(t, new(thing)); err != nil {
		t.Error("its own pin:", err)
	}
	s.options.Pins = []rem.Digest{rem.DigestOf([]byte("another"))}
	if _, err := s.ask(t, new(thing)); !errors.Is(err, ErrAway) {
		t.Error("another's pin:", err)
	}
	s.options = good
	s.options.Anchors = other.Anchors()
	before := s.asked.Load()
	if _, err := s.ask(t, new(thing)); !errors.Is(err, ErrAway) || s.asked.Load() != before {
		t.Error("another anchor:", err)
	}
}

func TestAServiceMayAskForOurCertificate(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":"x"}`) })
	s.server.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	s.server.TLS.ClientCAs = x509.NewCertPool()
	for _, a := range s.pki.Anchors() {
		s.server.TLS.ClientCAs.AddCert(a)
	}
	if _, err := s.ask(t, new(thing)); !errors.Is(err, ErrAway) {
		t.Error("without one:", err)
	}
	own, err := s.pki.TLS("client.test")
	if err != nil {
		t.Fatal(err)
	}
	c := certificate(own)
	s.options.Certificate = &c
	if _, err := s.ask(t, new(thing)); err != nil {
		t.Error("with one:", err)
	}
}

func TestAClientThatWouldAskCarelesslyIsNotMade(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, bad := range []string{"http://127.0.0.1/", "https://127.0.0.1@elsewhere.test/", "https://u:p@127.0.0.1/", "https://127.0.0.1/?q=1", "//127.0.0.1", "https:127.0.0.1", "https://127.0.0.2/", "https://127.0.0.1.elsewhere.test/", ""} {
		o := s.options
		o.URL = bad
		if _, err := NewClient(o); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	o := s.options
	o.Anchors = nil
	if _, err := NewClient(o); err == nil {
		t.Error("without anchors")
	}
	o = s.options
	o.Guard = nil
	if _, err := NewClient(o); !errors.Is(err, ErrResidency) {
		t.Error("without a list:", err)
	}
}

type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) (list []netip.Addr, err error) {
	for _, a := range n[host] {
		list = append(list, netip.MustParseAddr(a))
	}
	if list == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return list, nil
}

// P-15, S39: of everything that could mean another host, nothing is connected to.
func TestNothingIsConnectedToThatIsNotOnTheList(t *testing.T) {
	g, err := NewGuard([]Host{
		{Name: "gate.test", Country: "TR"},
		{Name: "inner.test", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
		{Name: "203.0.113.7", Country: "TR"},
	}, names{
		"gate.test": {"203.0.113.8"}, "inner.test": {"10.1.2.3"}, "elsewhere.test": {"203.0.113.9"}, "gate.test.": {"203.0.113.8"},
	})
	if err != nil {
		t.Fatal(err)
	}
	reached := ""
	g.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		reached = address
		return nil, errors.New("reached")
	}
	for _, ok := range []struct{ ask, at string }{{"gate.test:443", "203.0.113.8:443"}, {"inner.test:8443", "10.1.2.3:8443"}, {"203.0.113.7:443", "203.0.113.7:443"}} {
		if _, err := g.DialContext(t.Context(), "tcp", ok.ask); err == nil || reached != ok.at {
			t.Errorf("%s reached %q: %v", ok.ask, reached, err)
		}
	}
	spellings := []string{
		"gate.test.", "GATE.test", "gate.test\x00", "gate.test%00.elsewhere.test", "gate.test#.elsewhere.test", "gate.test@elsewhere.test", "gate%2etest", " gate.test", "gate.test ",
		"gаte.test", "ɡate.test", "gate。test", "gate．test", "gate.teſt", "xn--gte-hoa.test", "sub.gate.test", "agate.test", "test", "", ".", "*", "*.test", "gate.test/", "gate.test?",
		"203.0.113.07", "203.0.113.7.", "203.0.113.007", "0xcb.0.113.7", "0xcb007107", "3405803783", "0313.0.0161.07", "203.0.28935", "203.28935", "::ffff:203.0.113.7", "::ffff:cb00:7107", "0:0:0:0:0:ffff:203.0.113.7",
		"64:ff9b::203.0.113.7", "2002:cb00:7107::", "::203.0.113.7", "203.0.113.7%1", "203.0.113.6", "203.0.113.70", "203.0.113.8",
		"127.0.0.1", "127.1", "0.0.0.0", "0", "::1", "::", "::ffff:127.0.0.1", "localhost", "localhost.", "localhost.localdomain", "169.254.169.254", "fe80::1", "fe80::1%eth0", "10.1.2.3", "10.1.0.1", "192.168.0.1", "172.16.0.1", "fd00::1", "224.0.0.1", "ff02::1",
		"metadata.google.internal", "elsewhere.test", "s3.eu-central-1.amazonaws.com", "bucket.s3.amazonaws.com", "storage.googleapis.com", "fonts.gstatic.com", "inner.test.", "INNER.TEST", "inner-test", "inner.tes", "inner.testt",
	}
	for i := range 64 { // every letter of two names in capitals, and every digit of the address moved
		for _, of := range []string{"gate.test", "inner.test", "203.0.113.7"} {
			if i < len(of) {
				b := []byte(of)
				switch c := b[i]; {
				case 'a' <= c && c <= 'z':
					b[i] -= 32
				case '0' <= c && c < '9':
					b[i]++
				default:
					b[i] = '-'
				}
				spellings = append(spellings, string(b), of[:i], of+of[i:], of[i:]+"."+of, of+"\u200b"[:min(3, i+1)])
			}
		}
	}
	tried := 0
	for _, s := range spellings {
		if s == "gate.test" || s == "inner.test" || s == "203.0.113.7" {
			continue
		}
		tried++
		reached = ""
		if _, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort(s, "443")); err == nil || reached != "" {
			t.Errorf("%q reached %s", s, reached)
		}
		if g.Check(s) == nil {
			t.Errorf("%q is said to be on the list", s)
		}
		if u, err := url.Parse("https://" + s + "/"); err == nil {
			if _, err := NewClient(Options{Name: "x", URL: "https://" + s + "/", Guard: g, Anchors: []*x509.Certificate{{}}, Clock: clock.System{}}); err == nil && hostOf(u.Hostname()) != "gate.test" && hostOf(u.Hostname()) != "inner.test" && u.Hostname() != "203.0.113.7" {
				t.Errorf("a client for %q was made", s)
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d spellings", tried)
	}
	for _, network := range []string{"udp", "unix", "tcp4", ""} {
		if _, err := g.DialContext(t.Context(), network, "gate.test:443"); !errors.Is(err, ErrResidency) {
			t.Errorf("by %q: %v", network, err)
		}
	}
}

// P-15: a name that suddenly leads elsewhere is not followed, not even to the
// address that would do.
func TestANameThatLeadsElsewhereIsNotFollowed(t *testing.T) {
	n := names{}
	g, err := NewGuard([]Host{{Name: "gate.test", Country: "TR"}, {Name: "inner.test", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}}, n)
	if err != nil {
		t.Fatal(err)
	}
	g.dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("reached")
		return nil, errors.New("")
	}
	for _, a := range []string{"127.0.0.1", "10.2.0.1", "192.168.1.1", "::1", "::ffff:127.0.0.1", "fe80::1", "0.0.0.0", "224.0.0.1"} {
		n["gate.test"] = []string{"203.0.113.8", a}
		n["inner.test"] = []string{"10.1.0.1", a}
		for _, h := range []string{"gate.test:1", "inner.test:1"} {
			if _, err := g.DialContext(t.Context(), "tcp", h); !errors.Is(err, ErrResidency) {
				t.Errorf("%s at %s: %v", h, a, err)
			}
		}
	}
}

func TestAListWithAHostAbroadIsRefused(t *testing.T) {
	for _, h := range []Host{
		{Name: "a.test", Country: "DE"}, {Name: "a.test"}, {Name: "a.test", Country: "tr"}, {Name: "A.test", Country: "TR"}, {Name: "a.test.", Country: "TR"}, {Name: "127.1", Country: "TR"},
		{Name: "::ffff:1.2.3.4", Country: "TR"}, {Name: "", Country: "TR"}, {Name: "a.test", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}},
	} {
		if _, err := NewGuard([]Host{h}, nil); !errors.Is(err, ErrResidency) {
			t.Errorf("%+v: %v", h, err)
		}
	}
	if _, err := NewGuard([]Host{loopback, loopback}, nil); !errors.Is(err, ErrResidency) {
		t.Error("twice:", err)
	}
}

// The proxy that the environment names is not asked.
func TestTheEnvironmentsProxyIsNotAsked(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:1")
	t.Setenv("ALL_PROXY", "http://192.0.2.1:1")
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, `{"name":"x"}`) })
	if _, err := s.ask(t, new(thing)); err != nil {
		t.Error(err)
	}
}

func TestPausesAreTheClocks(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", 500) })
	c := testkit.NewClock(time.Time{})
	s.options.Clock, s.options.Pauses = c, nil
	done := make(chan error, 1)
	go func() { _, err := s.ask(t, new(thing)); done <- err }()
	for _, p := range pauses {
		c.AwaitWaiters(1)
		c.Advance(p)
	}
	if err := <-done; !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"name":"x","simulator":""}`, `{"name":"a","name":"b"}`, `{"Name":"a"}`, `[]`, `{"name":{"a":[[[[[[[[[[]]]]]]]]]]}}`, `{} {}`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var a thing
		if Decode(in, &a) != nil {
			return
		}
		var b thing
		// Another reader, which does not look at case or at names twice, sees the same.
		if err := decodeLoosely(in, &b); err != nil || a != b {
			t.Errorf("%q: %+v and %+v, %v", in, a, b, err)
		}
	})
}
