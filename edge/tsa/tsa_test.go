package tsa_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rem/edge/tsa"
	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}

// A world has one simulated authority and one clock for everybody.
type world struct {
	clock     *testkit.Clock
	holder    *derkit.Holder
	responder *tsp.Responder
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Time{})}
	w.holder = derkit.Issue(t, derkit.Root(t, derkit.P256, "Root of time"), derkit.P256, "Authority of time", derkit.Stamping)
	var err error
	w.responder, err = tsp.NewResponder(tsp.ResponderOptions{
		Key: w.holder.Key, Chain: w.holder.Chain[:1], Hash: crypto.SHA256, Policy: policy, Accuracy: time.Second, Clock: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve runs a handler until the test ends and gives its address.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config = tsa.NewServer(h)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// client makes a client that expects the world's authority at each address.
func (w *world) client(t testing.TB, change func(*tsa.ClientOptions), urls ...string) *tsa.Client {
	t.Helper()
	o := tsa.ClientOptions{Clock: w.clock}
	for _, url := range urls {
		o.Endpoints = append(o.Endpoints, tsa.Endpoint{URL: url, Certificates: w.holder.Chain, Policy: policy})
	}
	if change != nil {
		change(&o)
	}
	c, err := tsa.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func imprint(message string) []byte {
	sum := sha256.Sum256([]byte(message))
	return sum[:]
}

// RFC 3161 3.4: a token over HTTP, and many at the same time, each over its own
// imprint.
func TestTokensComeOverHTTP(t *testing.T) {
	w := newWorld(t)
	c := w.client(t, nil, serve(t, tsa.NewHandler(w.responder, nil)))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 5 {
				sum := imprint(fmt.Sprint(i, j))
				token, err := c.Stamp(t.Context(), crypto.SHA256, sum)
				if err != nil {
					t.Error(err)
					return
				}
				if err := token.Matches(crypto.SHA256, sum); err != nil || !token.Time.Equal(testkit.Epoch) || token.Nonce == nil {
					t.Errorf("token %+v: %v", token, err)
				}
			}
		})
	}
	wg.Wait()
}

// Each failure of an authority leads to the next one, and a token that is not
// the answer to our question is a failure (AT-21).
func TestNextAuthorityIsAskedWhenOneFails(t *testing.T) {
	w := newWorld(t)
	stranger := newWorld(t)
	good := tsa.NewHandler(w.responder, nil)
	var replayed atomic.Pointer[[]byte]
	for name, h := range map[string]http.HandlerFunc{
		"status 500":   func(a http.ResponseWriter, _ *http.Request) { a.WriteHeader(500) },
		"another type": func(a http.ResponseWriter, q *http.Request) { good.ServeHTTP(retyped{a}, q) },
		"redirect": func(a http.ResponseWriter, q *http.Request) {
			http.Redirect(a, q, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"connection closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"nothing":           func(a http.ResponseWriter, _ *http.Request) { reply(a, nil) },
		"text":              func(a http.ResponseWriter, _ *http.Request) { reply(a, []byte("a token")) },
		"rejection": func(a http.ResponseWriter, q *http.Request) {
			answer, _ := w.responder.Respond(q.Context(), nil)
			reply(a, answer)
		},
		"another authority": tsa.NewHandler(stranger.responder, nil).ServeHTTP,
		"answer to an earlier question": func(a http.ResponseWriter, q *http.Request) {
			if old := replayed.Load(); old != nil {
				reply(a, *old)
				return
			}
			b, _ := io.ReadAll(q.Body)
			answer, err := w.responder.Respond(q.Context(), b)
			if err != nil {
				t.Error(err)
			}
			replayed.Store(&answer)
			reply(a, answer[:len(answer)-1])
		},
		"too long": func(a http.ResponseWriter, _ *http.Request) { reply(a, make([]byte, tsp.MaxToken+1)) },
		"too long in pieces": func(a http.ResponseWriter, _ *http.Request) {
			a.Header().Set("Content-Type", "application/timestamp-reply")
			for range tsp.MaxToken/1024 + 2 {
				_, _ = a.Write(make([]byte, 1024))
				a.(http.Flusher).Flush()
			}
		},
		"cut short": func(a http.ResponseWriter, _ *http.Request) {
			a.Header().Set("Content-Length", "100")
			reply(a, []byte("0"))
		},
		"long header": func(a http.ResponseWriter, q *http.Request) {
			a.Header().Set("X", strings.Repeat("x", 64<<10))
			good.ServeHTTP(a, q)
		},
		"silence": func(_ http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body) // so that the server notices who goes
			<-q.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			short := func(o *tsa.ClientOptions) { o.Timeout = 500 * time.Millisecond }
			bad, other := serve(t, h), serve(t, good)
			alone := w.client(t, short, bad)
			for range 2 {
				if token, err := alone.Stamp(t.Context(), crypto.SHA256, imprint("hello")); !errors.Is(err, tsa.ErrUnavailable) {
					t.Errorf("alone: %v, %v", token, err)
				}
			}
			if _, err := w.client(t, short, bad, other).Stamp(t.Context(), crypto.SHA256, imprint("hello")); err != nil {
				t.Errorf("with another: %v", err)
			}
		})
	}
}

func reply(a http.ResponseWriter, body []byte) {
	a.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = a.Write(body)
}

// retyped answers with another content type.
type retyped struct{ http.ResponseWriter }

func (r retyped) Write(b []byte) (int, error) {
	r.Header().Set("Content-Type", "text/html")
	return r.ResponseWriter.Write(b)
}

// AT-25: a token is refused when its time and our clock are apart, whichever of
// them is wrong; then there is no token at all.
func TestTokensOfAnotherTimeAreRefused(t *testing.T) {
	for _, c := range []struct {
		step    time.Duration
		allowed bool
	}{
		{0, true}, {4 * time.Second, true}, {-4 * time.Second, true}, {7 * time.Second, false}, {-7 * time.Second, false},
		{time.Hour, false}, {-time.Hour, false}, {5 * 365 * 24 * time.Hour, false},
	} {
		w := newWorld(t)
		ours := testkit.NewClock(testkit.Epoch.Add(c.step))
		client := w.client(t, func(o *tsa.ClientOptions) { o.Clock = ours }, serve(t, tsa.NewHandler(w.responder, nil)))
		_, err := client.Stamp(t.Context(), crypto.SHA256, imprint("hello"))
		if c.allowed != (err == nil) || err != nil && !errors.Is(err, tsp.ErrAnswer) {
			t.Errorf("clock away by %v: %v", c.step, err)
		}
	}
}

// A failing authority is left alone after three failures, tried by one question
// at a time after five seconds, and asked by all again when it answers.
func TestFailingAuthorityIsLeftAloneForAWhile(t *testing.T) {
	w := newWorld(t)
	var asked atomic.Int32
	var broken atomic.Bool
	broken.Store(true)
	h := tsa.NewHandler(w.responder, nil)
	c := w.client(t, nil, serve(t, http.HandlerFunc(func(a http.ResponseWriter, q *http.Request) {
		asked.Add(1)
		if broken.Load() {
			a.WriteHeader(http.StatusBadGateway)
			return
		}
		h.ServeHTTP(a, q)
	})))
	stamp := func() error {
		_, err := c.Stamp(t.Context(), crypto.SHA256, imprint("hello"))
		return err
	}
	expect := func(when string, want int32, fails bool) {
		t.Helper()
		if err := stamp(); fails != (err != nil) || err != nil && !errors.Is(err, tsa.ErrUnavailable) {
			t.Errorf("%s: %v", when, err)
		}
		if got := asked.Load(); got != want {
			t.Errorf("%s: asked %d times, want %d", when, got, want)
		}
	}
	for i := range 3 {
		expect("at first", int32(i+1), true)
	}
	expect("left alone", 3, true)
	if s := c.States()[0]; s.Failures != 3 || s.Last == nil || !s.LeftUntil.Equal(testkit.Epoch.Add(5*time.Second)) {
		t.Errorf("state %+v", s)
	}
	w.clock.Advance(4 * time.Second)
	expect("left alone still", 3, true)
	w.clock.Advance(time.Second)
	expect("tried", 4, true)
	expect("left alone again", 4, true)
	broken.Store(false)
	w.clock.Advance(5 * time.Second)
	expect("tried again", 5, false)
	expect("asked again", 6, false)
	if s := c.States()[0]; s.Failures != 0 || s.Last != nil {
		t.Errorf("state %+v", s)
	}
}

// Who stops waiting does not make an authority a failing one.
func TestCallerWhoGoesIsNoFailure(t *testing.T) {
	w := newWorld(t)
	arrived := make(chan struct{})
	c := w.client(t, nil, serve(t, http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		arrived <- struct{}{}
		<-q.Context().Done()
	})))
	for range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		if _, err := c.Stamp(ctx, crypto.SHA256, imprint("hello")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if s := c.States()[0]; s.Failures != 0 {
		t.Errorf("state %+v", s)
	}
}

// A request leaves in one write, so in one segment.
func TestRequestLeavesInOneWrite(t *testing.T) {
	w := newWorld(t)
	var writes, dials atomic.Int32
	c := w.client(t, func(o *tsa.ClientOptions) {
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return counted{conn, &writes}, err
		}
	}, serve(t, tsa.NewHandler(w.responder, nil)))
	for range 10 {
		if _, err := c.Stamp(t.Context(), crypto.SHA256, imprint("hello")); err != nil {
			t.Fatal(err)
		}
	}
	if writes.Load() != 10 || dials.Load() != 1 {
		t.Errorf("%d writes on %d connections for 10 requests", writes.Load(), dials.Load())
	}
}

type counted struct {
	net.Conn
	writes *atomic.Int32
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// A connection that the authority closed meanwhile costs no token.
func TestClosedConnectionIsReplaced(t *testing.T) {
	w := newWorld(t)
	h := tsa.NewHandler(w.responder, nil)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := w.client(t, nil, s.URL)
	for range 5 {
		if _, err := c.Stamp(t.Context(), crypto.SHA256, imprint("hello")); err != nil {
			t.Fatal(err)
		}
		s.CloseClientConnections()
	}
}

// The door answers only what RFC 3161 3.4 describes, and at most 1 KB of it.
func TestDoorRefusesOtherRequests(t *testing.T) {
	w := newWorld(t)
	url := serve(t, tsa.NewHandler(w.responder, nil))
	request, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello")}).DER()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, method, kind string
		body               io.Reader
		want               int
	}{
		{"a request", "POST", "application/timestamp-query", bytes.NewReader(request), 200},
		{"a request in pieces", "POST", "application/timestamp-query", io.MultiReader(bytes.NewReader(request)), 200},
		{"GET", "GET", "", nil, 405},
		{"PUT", "PUT", "application/timestamp-query", bytes.NewReader(request), 405},
		{"another type", "POST", "application/ocsp-request", bytes.NewReader(request), 415},
		{"no type", "POST", "", bytes.NewReader(request), 415},
		{"too long", "POST", "application/timestamp-query", bytes.NewReader(make([]byte, tsp.MaxRequest+1)), 413},
		{"too long in pieces", "POST", "application/timestamp-query", io.MultiReader(bytes.NewReader(make([]byte, tsp.MaxRequest+1))), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := http.NewRequestWithContext(t.Context(), c.method, url, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if c.kind != "" {
				q.Header.Set("Content-Type", c.kind)
			}
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			a, err := transport.RoundTrip(q)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			if a.StatusCode != c.want {
				t.Errorf("status %d, want %d", a.StatusCode, c.want)
			}
		})
	}
}

func TestClientOfNobodyIsNotMade(t *testing.T) {
	w := newWorld(t)
	for name, o := range map[string]tsa.ClientOptions{
		"no authority":   {Clock: w.clock},
		"no clock":       {Endpoints: []tsa.Endpoint{{URL: "http://tsa.test", Certificates: w.holder.Chain}}},
		"no address":     {Clock: w.clock, Endpoints: []tsa.Endpoint{{Certificates: w.holder.Chain}}},
		"no certificate": {Clock: w.clock, Endpoints: []tsa.Endpoint{{URL: "http://tsa.test"}}},
		"another scheme": {Clock: w.clock, Endpoints: []tsa.Endpoint{{URL: "file:///tsa", Certificates: []*x509.Certificate{w.holder.Leaf()}}}},
	} {
		if _, err := tsa.NewClient(o); err == nil {
			t.Errorf("%s: a client is made", name)
		}
	}
}
