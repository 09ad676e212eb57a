package centraldirectory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"rem"
	"rem/edge/clock"
	"rem/edge/outward"
	"rem/edge/personstore"
	"rem/edge/simulator"
	w "rem/internal/testkit/directorytest"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A central directory behind mutual TLS, simulated or not.
type service struct {
	server *httptest.Server
	pki    *simulator.PKI
	asked  atomic.Int32
	mu     sync.Mutex
	urls   []string // guarded by mu
	bodies []string // guarded by mu
}

func certificate(t testing.TB, pki *simulator.PKI, host string) tls.Certificate {
	t.Helper()
	id, err := pki.TLS(host)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Certificate{PrivateKey: id.Key}
	for _, x := range id.Chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	return c
}

func serve(t testing.TB, h http.Handler) *service {
	t.Helper()
	pki, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{pki: pki}
	pool := x509.NewCertPool()
	for _, c := range pki.Anchors() {
		pool.AddCert(c)
	}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.urls, s.bodies = append(s.urls, r.URL.String()), append(s.bodies, string(body))
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		h.ServeHTTP(w, r)
	}))
	s.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, pki, "rehber.test")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	return s
}

// hurried is a clock whose pauses are over at once.
type hurried struct{ rem.Clock }

func (hurried) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (s *service) options(t testing.TB, host string) outward.Options {
	t.Helper()
	g, err := outward.NewGuard([]outward.Host{{Name: "127.0.0.1", Country: "TR", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	own := certificate(t, s.pki, host)
	return outward.Options{Name: "central directory", URL: s.server.URL, Guard: g, Anchors: s.pki.Anchors(), Certificate: &own, Clock: hurried{clock.System{}}, Timeout: 5 * time.Second}
}

func (s *service) client(t testing.TB, o outward.Options, provider string) *Client {
	t.Helper()
	c, err := New(o, provider)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// world is a directory on a file, with the simulated central directory behind mutual
// TLS.
func world(t *testing.T, s *service) *w.World {
	t.Helper()
	store, err := personstore.Open(t.Context(), filepath.Join(t.TempDir(), "persons.sqlite"), personstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	c := s.client(t, s.options(t, w.Provider), w.Provider)
	return w.New(t, store.Directory(), func(config *directory.Config) { config.Central = c })
}

// REQ-76, REQ-77: the simulated central directory and ours say the same; nothing of
// an account stands in a URL.
func TestEveryChangeReachesTheCentralDirectory(t *testing.T) {
	s := serve(t, simulator.NewCentralDirectory().Handler())
	world := world(t, s)
	p := w.Person(1, "Işıl Çağrı", "Öğütçü")
	world.Consents.Give(w.Holder(1), directory.ConsentsOf(person.Natural)...)
	world.Enter(t, 1, p, true)
	company := w.Company(2, "Öğütçü & Oğulları A.Ş.")
	world.Consents.Give(w.Holder(1), privacy.DirectoryOperator)
	company.Operators = []directory.Operator{{Person: w.Holder(1), Given: p.Given, Family: p.Family}}
	world.Enter(t, 2, company, false)
	world.Enter(t, 3, w.Body(3, "Ege Üniversitesi"), false)
	told := func(want int) {
		t.Helper()
		if n, err := world.Deliver(t.Context()); err != nil || n != want {
			t.Errorf("told %d, %v; want %d", n, err, want)
		}
	}
	told(3)
	world.Consents.Withdraw(w.Holder(1), privacy.DirectoryEntry, privacy.DirectoryPhone, privacy.DirectoryOperator)
	for _, n := range []int{1, 2} {
		if _, err := world.Settle(t.Context(), w.Account(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := world.Close(t.Context(), w.By(3), w.Account(3)); err != nil {
		t.Fatal(err)
	}
	told(3)
	report, err := world.Reconcile(t.Context(), "p-staff")
	if err != nil || report.Ours != 3 || report.Theirs != 3 || report.Faults+report.Pending != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.urls {
		if !slices.Contains([]string{"/v1/record", "/v1/list"}, u) {
			t.Errorf("asked under %s", u)
		}
	}
	if last := s.bodies[3]; !strings.Contains(last, `"open":false`) || strings.Contains(last, `"phone"`) || !strings.Contains(last, p.Identity.Reveal()) {
		t.Error("the withdrawal was told as something else")
	}
}

// REQ-79: what it finds of other providers comes as an entry, without the identity
// number.
func TestAccountsOfOthersAreFound(t *testing.T) {
	s := serve(t, simulator.NewCentralDirectory().Handler())
	other := s.client(t, s.options(t, "hs91.kep.test"), "hs91.kep.test")
	put := func(n uint64, open bool) error {
		return other.Put(t.Context(), fmt.Sprint("key-", n), directory.Record{Account: "a-other", Number: n, State: directory.Live, Open: open, Kind: person.Natural, Values: []directory.Value{
			{Field: directory.Address, Text: "bora.can@hs91.kep.test"}, {Field: directory.Identity, Text: "10000000146"}, {Field: directory.Name, Text: "Bora Can"}}})
	}
	if err := put(1, true); err != nil {
		t.Fatal(err)
	}
	world := world(t, s)
	a, err := world.Query(t.Context(), w.Asker(9), directory.ByAddress(rem.MustAddress("bora.can@hs91.kep.test"), directory.ToSend))
	if err != nil || a.Outcome != directory.Found || len(a.Results) != 1 || !a.Results[0].Central || a.Results[0].Value(directory.Name) != "Bora Can" || a.Results[0].Value(directory.Identity) != "" {
		t.Errorf("%s, %v", a.Outcome, err)
	}
	if err := put(2, false); err != nil {
		t.Fatal(err)
	}
	if err := put(1, true); err != nil { // the first one again
		t.Fatal(err)
	}
	if a, err := world.Query(t.Context(), w.Asker(9), directory.ByAddress(rem.MustAddress("bora.can@hs91.kep.test"), directory.ToSend)); err != nil || a.Outcome != directory.None {
		t.Errorf("closed to query: %s, %v", a.Outcome, err)
	}
	// Nobody tells it for another provider.
	thief := s.client(t, s.options(t, "hs90.kep.test"), "hs91.kep.test")
	if err := thief.Put(t.Context(), "key-3", directory.Record{Account: "a-other", Number: 3}); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("for another: %v", err)
	}
	if _, err := thief.List(t.Context(), "key-4", "", 10); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("another's list: %v", err)
	}
}

func TestAnAnswerThatIsNoneIsNotBelieved(t *testing.T) {
	const anEntry = `{"kind":"natural","fields":[{"name":"kep-address","value":"a.b@hs91.kep.test"}]}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"a fault":                     {500, "{}", directory.ErrAway},
		"a refusal":                   {403, "{}", directory.ErrRefused},
		"no JSON":                     {200, "ok", outward.ErrGarbage},
		"a field that nobody agreed":  {200, `{"entries":[],"taken":true,"records":[],"more":1}`, outward.ErrGarbage},
		"an entry without an address": {200, `{"entries":[{"kind":"natural","fields":[]}]}`, outward.ErrGarbage},
		"an entry of no kind":         {200, `{"entries":[{"kind":"robot","fields":[]}]}`, outward.ErrGarbage},
		"a field of another kind":     {200, `{"entries":[{"kind":"natural","fields":[{"name":"mersis","value":"1"}]}]}`, outward.ErrGarbage},
		"an address that is none":     {200, `{"entries":[{"kind":"natural","fields":[{"name":"kep-address","value":"a@gmail.com"}]}]}`, outward.ErrGarbage},
		"too many entries":            {200, `{"entries":[` + strings.Repeat(anEntry+",", maxFound) + anEntry + `]}`, outward.ErrGarbage},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			client := s.client(t, s.options(t, w.Provider), w.Provider)
			_, err := client.Find(t.Context(), "key", directory.ByAddress(rem.MustAddress("a.b@hs91.kep.test"), directory.ToSend))
			if !errors.Is(err, c.want) || strings.Contains(fmt.Sprint(err), "a.b@") {
				t.Errorf("finding: %v", err)
			}
			if !strings.HasPrefix(c.body, `{"entries":[{`) {
				if err := client.Put(t.Context(), "key", directory.Record{Account: "a"}); !errors.Is(err, c.want) {
					t.Errorf("putting: %v", err)
				}
				if _, err := client.List(t.Context(), "key", "", 1); !errors.Is(err, c.want) {
					t.Errorf("listing: %v", err)
				}
			}
		})
	}
	// That nothing was taken is no success.
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"taken":false}`)
	}))
	if err := s.client(t, s.options(t, w.Provider), w.Provider).Put(t.Context(), "key", directory.Record{Account: "a"}); !errors.Is(err, outward.ErrGarbage) {
		t.Errorf("not taken: %v", err)
	}
}

func TestProductionTellsNoSimulator(t *testing.T) {
	s := serve(t, simulator.NewCentralDirectory().Handler())
	o := s.options(t, w.Provider)
	o.Production = true
	if err := s.client(t, o, w.Provider).Put(t.Context(), "key", directory.Record{Account: "a", Values: []directory.Value{{Field: directory.Address, Text: "a@" + w.Provider}}}); !errors.Is(err, outward.ErrSimulator) {
		t.Errorf("%v", err)
	}
	o.Certificate = nil
	if _, err := New(o, w.Provider); err == nil {
		t.Error("without a certificate of ours")
	}
}

// REQ-77: a change is told as soon as it is made, what was put off is told later, and
// the alarm comes once.
func TestTheRunnerTellsAtOnceAndGoesOn(t *testing.T) {
	// Its clock is that of the world, which the test moves.
	var r Runner
	world := w.New(t, nil, func(c *directory.Config) { c.Wake = func() { r.Wake() } })
	alarms := make(chan time.Duration, 8)
	r = Runner{Directory: world, Clock: world.Clock, Every: time.Minute, Patience: 10 * time.Minute, Alarm: func(lag time.Duration, _ int) { alarms <- lag }}
	r.Prepare()
	told := make(chan uint64, 8)
	world.Central.Took = func(rec directory.Record) { told <- rec.Number }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	world.Enter(t, 1, w.Company(1, "Bir A.Ş."), false)
	if n := <-told; n != 1 {
		t.Errorf("told version %d", n)
	}
	world.Central.Fail(directory.ErrAway, nil)
	if _, err := world.Close(t.Context(), w.By(1), w.Account(1)); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		world.Clock.AwaitWaiters(1)
		world.Clock.Advance(time.Minute)
	}
	if lag := <-alarms; lag <= 10*time.Minute {
		t.Errorf("alarm after %v", lag)
	}
	world.Central.Fail(nil, nil)
	for range 12 {
		world.Clock.AwaitWaiters(1)
		world.Clock.Advance(time.Minute)
	}
	if n := <-told; n != 2 {
		t.Errorf("told version %d", n)
	}
	cancel()
	<-done
	if len(alarms) != 0 {
		t.Errorf("%d further alarms", len(alarms))
	}
	metrics := prometheus.NewRegistry()
	if err := r.Register(metrics); err != nil {
		t.Fatal(err)
	}
	families, err := metrics.Gather()
	if err != nil || len(families) != 4 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		want := 0.0
		if f.GetName() == "rem_central_directory_faults" {
			want = -1 // nothing was compared yet
		}
		if v := f.GetMetric()[0].GetGauge().GetValue(); v != want {
			t.Errorf("%s is %v", f.GetName(), v)
		}
	}
	r.Compared(directory.Report{Faults: 7, Ended: time.Unix(1_800_000_000, 0)})
	if families, err = metrics.Gather(); err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		want := map[string]float64{"rem_central_directory_faults": 7, "rem_central_directory_compared_seconds": 1_800_000_000}[f.GetName()]
		if v := f.GetMetric()[0].GetGauge().GetValue(); v != want {
			t.Errorf("after a comparison %s is %v", f.GetName(), v)
		}
	}
}
