package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/message"
	"rem/message/happening"
)

// Header fields of a delivery.
const (
	TimestampHeader = "X-REM-Timestamp"
	SignatureHeader = "X-REM-Signature"
	DeliveryHeader  = "X-REM-Delivery"
)

// Bounds.
const (
	// usualTimeout bounds one delivery.
	usualTimeout = 15 * time.Second
	// atOnce is how many hooks are served at the same time, so that a slow receiver
	// is in few people's way.
	atOnce = 8
	// due is how many hooks one round takes.
	due = 64
	// maxAnswer is how much of an answer is read, so that its connection can be used
	// again.
	maxAnswer = 4 << 10
	maxHeader = 16 << 10
)

// Options of a Deliverer.
type Options struct {
	Events   happening.Store
	Hooks    happening.HookStore
	Accounts happening.Accounts
	Sealer   Sealer
	Clock    rem.Clock
	// Guard is the residency list. It is needed.
	Guard *outward.Guard
	// Anchors are what the certificates of receivers lead to; nil: the machine's list.
	Anchors *x509.CertPool
	// Timeout of one delivery; 0 is a quarter of a minute.
	Timeout time.Duration
}

// A Deliverer serves hooks. One works on a store at a time.
type Deliverer struct {
	o    Options
	http *http.Client
}

// New makes a deliverer.
func New(o Options) (*Deliverer, error) {
	if o.Guard == nil {
		return nil, errors.New("making the deliverer of events: there is no residency list")
	}
	if o.Timeout <= 0 {
		o.Timeout = usualTimeout
	}
	return &Deliverer{o, &http.Client{
		Transport: &http.Transport{
			DialContext:            o.Guard.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Anchors, Time: o.Clock.Now},
			TLSHandshakeTimeout:    o.Timeout,
			Proxy:                  nil, // never the environment's
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close gives idle connections up.
func (d *Deliverer) Close() { d.http.CloseIdleConnections() }

// An Event is one as receivers and programs get it.
type Event struct {
	Number    int64     `json:"number" doc:"Hesaptaki sıra numarası; boşluksuz artar / rises by one on the account"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind" enum:"arrived,opened,submitted,refused,evidence"`
	Message   string    `json:"message"`
	Recipient int       `json:"recipient,omitempty" doc:"Kaçıncı alıcı hakkında; yoksa hepsi / the number of the recipient; none: all"`
	Evidence  string    `json:"evidence,omitempty"`
	Of        string    `json:"evidenceKind,omitempty" example:"DeliveryNonDeliveryToRecipient"`
	Positive  *bool     `json:"positive,omitempty" doc:"Delilin sonucu / the outcome of the evidence"`
}

// EventOf is an event as receivers and programs get it.
func EventOf(e *happening.Event) Event {
	out := Event{Number: e.Number, At: e.At, Kind: string(e.Kind), Message: string(e.Message), Recipient: e.Recipient, Evidence: string(e.Evidence)}
	if e.Kind == happening.Filed {
		positive := e.Outcome == message.Positive
		out.Of, out.Positive = e.Of.String(), &positive
	}
	return out
}

// A Batch is the body of a delivery.
type Batch struct {
	Version int     `json:"version"`
	Hook    string  `json:"hook"`
	Account string  `json:"account"`
	Events  []Event `json:"events"`
}

// Round serves hooks that are due, and reports whether there may be more. It returns
// the last fault of our own; those of receivers are kept with their hooks.
func (d *Deliverer) Round(ctx context.Context) (more bool, err error) {
	hooks, err := d.o.Hooks.DueHooks(ctx, d.o.Clock.Now().UTC(), due)
	if err != nil {
		return false, err
	}
	faults := make([]error, len(hooks))
	var workers sync.WaitGroup
	for w := range min(atOnce, len(hooks)) {
		workers.Go(func() {
			for i := w; i < len(hooks); i += atOnce {
				faults[i] = d.serve(ctx, &hooks[i])
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	for i, fault := range faults {
		if fault != nil {
			err = fmt.Errorf("serving hook %s: %w", hooks[i].ID, fault)
		}
	}
	return len(hooks) > 0 && err == nil, err
}

// serve sends one batch.
func (d *Deliverer) serve(ctx context.Context, h *happening.Hook) error {
	a, err := d.o.Accounts.Account(ctx, h.Account)
	if err != nil {
		return err
	}
	now := d.o.Clock.Now().UTC()
	limit := happening.MaxBatch
	if len(h.Kinds) > 0 {
		limit = happening.MaxPage // many of them may not be wanted
	}
	if h.Upto > h.Cursor {
		limit = int(min(h.Upto-h.Cursor, happening.MaxPage)) // as it was tried before
	}
	events, newest, err := d.o.Events.After(ctx, h.Account, h.Cursor, limit)
	if err != nil {
		return err
	}
	for h.Upto > h.Cursor && len(events) > 0 && events[len(events)-1].Number > h.Upto {
		events = events[:len(events)-1] // older ones of the batch are not kept any more
	}
	if len(events) == 0 { // they are not kept any more
		if h.Upto > h.Cursor {
			newest = h.Upto // what came after the batch is still there
		}
		return d.o.Hooks.Skip(ctx, h.ID, h.Cursor, newest, now)
	}
	batch := happening.Delivery{After: h.Cursor, Upto: events[len(events)-1].Number}
	var wanted []happening.Event
	for i := range events {
		if !h.Sends(events[i].Kind) {
			continue
		}
		if len(wanted) == happening.MaxBatch {
			batch.Upto = events[i].Number - 1
			break
		}
		wanted = append(wanted, events[i])
	}
	if batch.Events = len(wanted); batch.Events == 0 {
		return d.o.Hooks.Skip(ctx, h.ID, h.Cursor, batch.Upto, now)
	}
	if !happening.MaySee(&a, h.Person, now) {
		batch.At, batch.Fault = now, happening.Nobody
		return d.o.Hooks.Fail(ctx, h.ID, batch, happening.GivenUp, now, now)
	}
	fault, err := d.send(ctx, h, wanted, now)
	batch.At, batch.Fault = d.o.Clock.Now().UTC(), fault
	switch {
	case err != nil || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	case fault == happening.NoFault:
		return d.o.Hooks.Confirm(ctx, h.ID, batch)
	}
	now = batch.At
	since, state := h.Failing, happening.Running
	if since.IsZero() {
		since = now
	}
	if now.Sub(since) >= happening.GiveUp {
		state = happening.GivenUp
	}
	return d.o.Hooks.Fail(ctx, h.ID, batch, state, since, now.Add(happening.Pause(h.Attempts+1)))
}

// send makes one attempt. err is of our own.
func (d *Deliverer) send(ctx context.Context, h *happening.Hook, events []happening.Event, now time.Time) (fault happening.Fault, err error) {
	sealed, err := d.o.Hooks.HookSecret(ctx, h.ID)
	if errors.Is(err, happening.ErrNotFound) {
		return happening.NoFault, nil // it was removed meanwhile, and confirming it changes nothing
	}
	if err != nil {
		return "", err
	}
	secret, err := d.o.Sealer.open(ctx, h.ID, sealed)
	if err != nil {
		return "", err
	}
	b := Batch{Version: 1, Hook: string(h.ID), Account: string(h.Account)}
	for i := range events {
		b.Events = append(b.Events, EventOf(&events[i]))
	}
	body, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return happening.Residency, nil // no URL that ParseURL takes
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "rem")
	q.Header.Set(TimestampHeader, strconv.FormatInt(now.Unix(), 10))
	q.Header.Set(SignatureHeader, happening.Sign(secret, now, body))
	q.Header.Set(DeliveryHeader, fmt.Sprintf("%s.%d-%d", h.ID, events[0].Number, events[len(events)-1].Number))
	r, err := d.http.Do(q)
	if err != nil {
		return class(err), nil
	}
	defer r.Body.Close()
	// What it says beside its status is nothing to us.
	_, _ = io.CopyN(io.Discard, r.Body, maxAnswer)
	switch {
	case r.StatusCode >= 200 && r.StatusCode < 300:
		return happening.NoFault, nil
	case r.StatusCode >= 300 && r.StatusCode < 400:
		return happening.Redirected, nil
	}
	return happening.Answered, nil
}

// class is what kind of failure it was. The error itself may quote the address, and
// goes nowhere.
func class(err error) happening.Fault {
	var certificate *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.Is(err, outward.ErrResidency):
		return happening.Residency
	case errors.As(err, &certificate):
		return happening.Certificate
	case errors.As(err, &op) && op.Op == "remote error":
		return happening.Certificate
	}
	return happening.Away
}
