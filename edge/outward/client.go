package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rem"
)

// Errors of a question, beside ErrResidency and ErrGarbage.
var (
	// ErrAway: nobody answered, or the service said that it cannot now. The same
	// question may be asked again later, under the same key.
	ErrAway = errors.New("the service does not answer now")
	// ErrRefused: the service refused the question; asking again is of no use.
	ErrRefused = errors.New("the service refused the question")
	// ErrSimulator: a simulator answered, and this is production.
	ErrSimulator = errors.New("a simulator answered; production takes none")
)

// Marker is the value of MarkHeader, and of the field "simulator", in everything
// that a simulator answers; MarkHeader is that header's name. The organisation in
// its certificate begins with MarkedName.
const (
	Marker     = "SIMULATOR/BENZETIM"
	MarkHeader = "Rem-Simulator"
	MarkedName = "SIMULATOR"
)

// Bounds.
const (
	// DefaultTimeout bounds one question, from the look-up of the name to the
	// last byte of the answer. A person waits before a page.
	DefaultTimeout = 10 * time.Second
	// DefaultAnswer bounds an answer, in octets: a registry's entry with all its
	// representatives takes a few thousand.
	DefaultAnswer = 256 << 10
	maxHeader     = 16 << 10
	maxIdle       = 8
	idleTimeout   = 45 * time.Second
)

// pauses between the attempts of one question; there is one more attempt than
// pauses.
var pauses = []time.Duration{200 * time.Millisecond, time.Second}

// Options say whom a Client asks, and how.
type Options struct {
	// Name is what records and logs call the service; it holds nothing personal.
	Name string
	// URL under which the service is; https, with a path or without.
	URL string
	// Guard is the residency list. It is needed.
	Guard *Guard
	// Anchors are the certificates that the service's has to lead to. They are
	// needed: the machine's list is for browsers.
	Anchors []*x509.Certificate
	// Pins, when not empty, are digests of the certificates that the service may
	// show, beside the anchors.
	Pins []rem.Digest
	// Certificate shows who we are; nil: the service asks for none.
	Certificate *tls.Certificate
	// Header is added to each question: services that want a token have a field
	// for it.
	Header http.Header
	Clock  rem.Clock
	// Timeout of one attempt; 0 is DefaultTimeout. Limit of an answer in octets;
	// 0 is DefaultAnswer.
	Timeout time.Duration
	Limit   int64
	// Production refuses what a simulator answers.
	Production bool
	// Pauses between attempts, for tests; nil is two.
	Pauses []time.Duration
}

// A Client asks one service. It may be used from many goroutines.
type Client struct {
	o    Options
	base *url.URL
	http *http.Client
}

// NewClient checks what it is told and prepares a client; it connects to nobody.
func NewClient(o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	switch {
	case o.Name == "" || o.Clock == nil:
		return nil, errors.New("preparing to ask a service: it has no name, or there is no clock")
	case err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" || base.Opaque != "":
		return nil, fmt.Errorf("preparing to ask %s: its URL is not https with a host and a path", o.Name)
	case len(o.Anchors) == 0:
		return nil, fmt.Errorf("preparing to ask %s: no certificate is named that its own has to lead to", o.Name)
	}
	if err := o.Guard.Check(hostOf(base.Hostname())); err != nil {
		return nil, fmt.Errorf("preparing to ask %s: %w", o.Name, err)
	}
	base.Host = hostOf(base.Host)
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Limit == 0 {
		o.Limit = DefaultAnswer
	}
	if o.Pauses == nil {
		o.Pauses = pauses
	}
	return &Client{o, base, &http.Client{
		Transport: &http.Transport{
			DialContext:            o.Guard.DialContext,
			TLSClientConfig:        TLS(o.Clock, o.Anchors, o.Pins, o.Certificate),
			TLSHandshakeTimeout:    o.Timeout,
			Proxy:                  nil, // never the environment's
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// TLS gives the settings by which a service is known: its certificate leads to an
// anchor, names the host, and is one of the pinned ones when there are any. It is
// the standard library's verification with one more check.
func TLS(clock rem.Clock, anchors []*x509.Certificate, pins []rem.Digest, own *tls.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, c := range anchors {
		pool.AddCert(c)
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Time: clock.Now}
	if own != nil {
		t.Certificates = []tls.Certificate{*own}
	}
	if len(pins) > 0 {
		t.VerifyConnection = func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !slices.Contains(pins, rem.DigestOf(s.PeerCertificates[0].Raw)) {
				return errors.New("the certificate is not one of the pinned ones")
			}
			return nil
		}
	}
	return t
}

// Simulated reports whether a TLS peer's certificate is of a simulated authority,
// whatever the peer says of itself.
func Simulated(s *tls.ConnectionState) bool {
	return s != nil && slices.ContainsFunc(s.PeerCertificates, func(c *x509.Certificate) bool {
		return slices.ContainsFunc(append(slices.Clone(c.Subject.Organization), c.Issuer.Organization...), func(o string) bool { return strings.HasPrefix(o, MarkedName) })
	})
}

// Name is what records call the service.
func (c *Client) Name() string { return c.o.Name }

// Close gives idle connections up.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// An Answer is what a service said.
type Answer struct {
	Body []byte
	// Simulated: a simulator said it.
	Simulated bool
}

// Ask posts a question as JSON and reads the answer into out by [Decode]. path is
// a constant of the caller's, so that a URL holds nothing about anybody. key names
// the question: it is the same in every attempt, here and after a restart, and the
// service answers it once. An attempt that found nobody is made again, twice.
//
// The error wraps ErrAway, ErrRefused, ErrGarbage, ErrSimulator or ErrResidency.
func (c *Client) Ask(ctx context.Context, path, key string, question, out any) (*Answer, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("asking %s: writing the question failed", c.o.Name) // its text may quote a value
	}
	for i := 0; ; i++ {
		a, err := c.once(ctx, path, key, body)
		if err == nil {
			if err = Decode(a.Body, out); err != nil {
				return nil, fmt.Errorf("asking %s: %w", c.o.Name, err)
			}
			return a, nil
		}
		if !errors.Is(err, ErrAway) || i >= len(c.o.Pauses) || ctx.Err() != nil {
			return nil, fmt.Errorf("asking %s: %w", c.o.Name, err)
		}
		if werr := c.o.Clock.Wait(ctx, c.o.Pauses[i]); werr != nil {
			return nil, fmt.Errorf("asking %s: %w", c.o.Name, err)
		}
	}
}

func (c *Client) once(ctx context.Context, path, key string, body []byte) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: the path is no path", ErrRefused)
	}
	for name, values := range c.o.Header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("User-Agent", "rem")
	resp, err := c.http.Do(req)
	if err != nil {
		if errors.Is(err, ErrResidency) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, c.o.Limit+1))
	switch {
	// When our time ends, TLS says so before the connection closes, and a peer may
	// then end an answer properly that it had only begun.
	case err != nil || ctx.Err() != nil:
		return nil, fmt.Errorf("%w: reading the answer: %w", ErrAway, errors.Join(err, ctx.Err()))
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout:
		return nil, fmt.Errorf("%w: status %d", ErrAway, resp.StatusCode)
	case resp.StatusCode != http.StatusOK && resp.StatusCode >= 400:
		return nil, fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: status %d", ErrGarbage, resp.StatusCode)
	case int64(len(got)) > c.o.Limit:
		return nil, fmt.Errorf("%w: it has more than %d octets", ErrGarbage, c.o.Limit)
	}
	if t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, fmt.Errorf("%w: it is not JSON by its type", ErrGarbage)
	}
	a := &Answer{Body: got, Simulated: resp.Header.Get(MarkHeader) != "" || Simulated(resp.TLS) || marked(got)}
	if a.Simulated && c.o.Production {
		return nil, ErrSimulator
	}
	return a, nil
}

// marked looks for the mark in the answer itself.
func marked(body []byte) bool {
	var mark struct {
		Simulator string `json:"simulator"`
	}
	return json.Unmarshal(body, &mark) == nil && mark.Simulator != ""
}
