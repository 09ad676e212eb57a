package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"rem"
	"rem/trust/tsp"
)

var _ tsp.Authority = (*Client)(nil)

const (
	requestType  = "application/timestamp-query" // RFC 3161 3.4
	responseType = "application/timestamp-reply"

	// defaultTimeout bounds one question to one authority. Authorities answer
	// within a second; the submission that waits has minutes.
	defaultTimeout = 5 * time.Second
	// defaultSkew is how far the time of a token may be from our clock. TSAs
	// promise a second, and machines with NTP a fraction of one.
	defaultSkew = 5 * time.Second
	// maxIdle bounds the connections kept to one authority: as many as stamp
	// at the same time on a busy machine.
	maxIdle = 64
	// idleTimeout is shorter than the keep-alive of common servers.
	idleTimeout = 45 * time.Second
	// maxHeader bounds the header of an answer.
	maxHeader = 16 << 10
	// maxUnread bounds what is read of an answer only to keep its connection.
	maxUnread = 4 << 10
)

// ErrUnavailable says that no authority gave a token. The errors of those that
// were asked are wrapped beside it. The same may be asked again later.
var ErrUnavailable = errors.New("no time-stamping authority answers")

// An Endpoint is one authority outside, as configuration names it.
type Endpoint struct {
	// URL to post to, http or https. Tokens are signed, so https adds only
	// that nobody counts our mail.
	URL string
	// Certificates are those that may sign, or those of issuers all of whose
	// authorities may.
	Certificates []*x509.Certificate
	// Known holds further certificates that tokens carry or leave out, such as
	// intermediate ones.
	Known []*x509.Certificate
	// Policy is asked for and has to be in the token; nil asks for none.
	Policy asn1.ObjectIdentifier
	// Policies are acceptable when Policy is nil; empty accepts any.
	Policies []asn1.ObjectIdentifier
	// Header is added to each request: authorities that want an account have
	// headers for it.
	Header http.Header
}

// ClientOptions says how a Client asks.
type ClientOptions struct {
	// Endpoints in order of preference: a later one is asked when those before
	// it fail.
	Endpoints []Endpoint
	Clock     rem.Clock
	// Timeout bounds one question to one endpoint; 0 is 5 seconds.
	Timeout time.Duration
	// Skew bounds how far a token's time may be from Clock, its accuracy
	// apart; 0 is 5 seconds.
	Skew time.Duration
	// Dial opens connections; nil dials as the machine does. The guard of
	// residency stands here.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for https; nil takes the machine's authorities.
	TLS *tls.Config
	Log *slog.Logger // nil logs nothing
}

// A Client asks time-stamping authorities over HTTP. It may be used
// concurrently.
type Client struct {
	clock     rem.Clock
	timeout   time.Duration
	skew      time.Duration
	transport *http.Transport
	log       *slog.Logger
	endpoints []*endpoint
}

type endpoint struct {
	Endpoint
	expectation tsp.Expectation
	breaker     breaker
}

// NewClient checks the endpoints and prepares a client. It connects to nobody.
func NewClient(o ClientOptions) (*Client, error) {
	if len(o.Endpoints) == 0 || o.Clock == nil {
		return nil, errors.New("preparing time-stamp client: no authority or no clock")
	}
	c := &Client{
		clock: o.Clock, timeout: o.Timeout, skew: o.Skew, log: o.Log,
		transport: &http.Transport{
			DialContext:            o.Dial,
			TLSClientConfig:        o.TLS,
			Proxy:                  nil, // never the environment's
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
		},
	}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.skew <= 0 {
		c.skew = defaultSkew
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if o.Dial == nil {
		c.transport.DialContext = (&net.Dialer{Timeout: c.timeout}).DialContext
	}
	for _, e := range o.Endpoints {
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("preparing time-stamp client: address %q", e.URL)
		}
		if len(e.Certificates) == 0 {
			return nil, fmt.Errorf("preparing time-stamp client: no certificate for %q", e.URL)
		}
		c.endpoints = append(c.endpoints, &endpoint{
			Endpoint:    e,
			expectation: tsp.Expectation{Authorities: e.Certificates, Known: e.Known, Policies: e.Policies},
		})
	}
	return c, nil
}

// Close closes the connections that are kept.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Stamp asks the authorities in their order until one gives a token. An
// authority that failed thrice in a row is left out for a short while. The
// error wraps ErrUnavailable and the reason of each that was asked.
func (c *Client) Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (*tsp.Token, error) {
	errs := []error{ErrUnavailable}
	for _, e := range c.endpoints {
		if !e.breaker.allow(c.clock.Now()) {
			errs = append(errs, fmt.Errorf("%s is left alone for a while", e.URL))
			continue
		}
		token, err := c.ask(ctx, e, h, imprint)
		if err != nil && ctx.Err() != nil {
			e.breaker.forget() // our caller went, which says nothing of e
			return nil, fmt.Errorf("asking %s for a time stamp: %w", e.URL, err)
		}
		opened := e.breaker.report(c.clock.Now(), err)
		if err == nil {
			return token, nil
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "time-stamping authority failed",
			slog.String("authority", e.URL), slog.Bool("left_alone", opened), slog.String("error", err.Error()))
		errs = append(errs, fmt.Errorf("asking %s for a time stamp: %w", e.URL, err))
	}
	return nil, errors.Join(errs...)
}

// ask puts one question to one authority and checks the answer.
func (c *Client) ask(ctx context.Context, e *endpoint, h crypto.Hash, imprint []byte) (*tsp.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request := &tsp.Request{Hash: h, Imprint: imprint, Policy: e.Policy, Certificates: true}
	var err error
	if request.Nonce, err = newNonce(); err != nil {
		return nil, err
	}
	der, err := request.DER()
	if err != nil {
		return nil, err
	}
	sent := c.clock.Now()
	answer, err := c.post(ctx, e, der)
	if err != nil {
		return nil, err
	}
	expectation := e.expectation
	expectation.From, expectation.Until = sent.Add(-c.skew), c.clock.Now().Add(c.skew)
	return request.Check(answer, expectation)
}

// newNonce gives 64 random bits, RFC 3161 2.4.1, never zero.
func newNonce() (*big.Int, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	b[0] |= 1
	return new(big.Int).SetBytes(b[:]), nil
}

// post sends a request in one segment and gives the body of the answer.
func (c *Client) post(ctx context.Context, e *endpoint, der []byte) ([]byte, error) {
	// A reader of bytes has a known length: header and body share a write.
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(der))
	if err != nil {
		return nil, err
	}
	for name, values := range e.Header {
		q.Header[name] = values
	}
	q.Header.Set("Content-Type", requestType)
	q.Header.Set("Accept", responseType)
	// Present and empty, it is not sent, and lets the transport repeat a
	// request that met a connection just closed. Asking twice is harmless.
	q.Header["Idempotency-Key"] = nil
	a, err := c.transport.RoundTrip(q) // which follows no redirect
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, a.Body, maxUnread) // only to keep the connection
		return nil, fmt.Errorf("answer with status %d", a.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || kind != responseType {
		return nil, fmt.Errorf("answer of type %.64q", a.Header.Get("Content-Type"))
	}
	body, err := readAll(a.Body, a.ContentLength)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return body, nil
}

// readAll reads at most tsp.MaxToken bytes.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length > tsp.MaxToken {
		return nil, fmt.Errorf("%d bytes are too many", length)
	}
	if length >= 0 {
		body := make([]byte, length)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r, tsp.MaxToken+1))
	if err == nil && len(body) > tsp.MaxToken {
		err = fmt.Errorf("more than %d bytes", tsp.MaxToken)
	}
	return body, err
}

// A State says how an authority does, for operators.
type State struct {
	URL       string
	Failures  int       // in a row
	LeftUntil time.Time // zero while it is asked
	Last      error     // of the last failure; nil after a success
}

// States gives the state of every authority, in their order.
func (c *Client) States() []State {
	states := make([]State, len(c.endpoints))
	for i, e := range c.endpoints {
		states[i] = e.breaker.state()
		states[i].URL = e.URL
	}
	return states
}
