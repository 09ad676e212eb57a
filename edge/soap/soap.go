package soap

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/message/mailbox"
	"rem/person/token"
	"rem/provider/directory"
)

// Path is where the door is.
const Path = "/eyServis"

// Tokens finds out who shows a token; token.Service does.
type Tokens interface {
	Authenticate(ctx context.Context, secret string) (token.Bearer, error)
}

// A Directory answers questions; directory.Directory does.
type Directory interface {
	Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error)
	Check(ctx context.Context, who directory.Asker, use directory.Use, addresses []rem.Address) ([]directory.Status, error)
}

// Services are what the door asks.
type Services struct {
	Tokens    Tokens
	Box       *mailbox.Box
	Accounts  mailbox.Accounts
	Directory Directory
	// MaxSize is that of a message, and of all attachments of a request together,
	// in octets.
	MaxSize int64
	// Base is the provider's address, such as https://kep.example.
	Base string
}

// Bounds of the door.
const (
	// maxEnvelope is that of the XML of a request, with what stands in it as base64.
	// Larger contents come by MTOM.
	maxEnvelope = 4 << 20
	// maxParts are the attachments of a request: as many as a draft may have.
	maxParts = mailbox.MaxFiles
	// smallEnvelope is read of anybody. What is longer takes one of the maxLarge places,
	// since it stands in memory before anybody knows who sends it (AT-07): 32 of 4 MiB
	// with their trees are some 300 MB.
	smallEnvelope = 64 << 10
	maxLarge      = 32
	// envelopeTime is how long the XML may take to come, bodyTime how long attachments
	// may, and an answer to leave.
	envelopeTime = 2 * time.Minute
	bodyTime     = 10 * time.Minute
	// maxListed are the lines of one answer; more are asked for by a shorter time.
	maxListed = 2000
	// The same as at edge/api, counted apart.
	failuresPerNetwork = 30
	failureWindow      = 15 * time.Minute
	requestsPerKey     = 3000
)

// A Handler serves the door. It may be used from many goroutines.
type Handler struct {
	Services
	clock    rem.Clock
	log      *slog.Logger
	failures *throttle.Throttle
	requests *throttle.Throttle
	sessions cipher.AEAD
	wsdl     []byte
	large    chan struct{} // the places of large envelopes that are taken
}

// New returns the door. Sessions that it gives end with it.
func New(s Services, clock rem.Clock, log *slog.Logger) (*Handler, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a key for sessions: %w", err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making a key for sessions: %w", err)
	}
	return &Handler{
		Services: s, clock: clock, log: log, failures: throttle.New(failureWindow), requests: throttle.New(time.Minute), sessions: sealer, wsdl: describe(s.Base),
		large: make(chan struct{}, maxLarge),
	}, nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	head.Set("X-KEP-Interface", "compatibility")
	head.Set("Link", `</api/v1/docs>; rel="successor-version"`) // RFC 5829 3.4
	switch {
	case r.URL.Path != Path:
		http.NotFound(w, r)
	case r.Method == http.MethodGet && rem.FoldASCII(r.URL.RawQuery) == "wsdl":
		head.Set("Content-Type", "text/xml; charset=utf-8")
		h.put(w, h.wsdl)
	case r.Method == http.MethodGet && r.URL.RawQuery == "":
		http.Redirect(w, r, Path+"?wsdl", http.StatusFound)
	case r.Method != http.MethodPost || r.URL.RawQuery != "":
		head.Set("Allow", "GET, POST")
		http.Error(w, "POST "+Path+", GET "+Path+"?wsdl", http.StatusMethodNotAllowed)
	default:
		h.post(w, r)
	}
}

// put writes the end of an answer.
func (h *Handler) put(w http.ResponseWriter, b []byte) {
	if _, err := w.Write(b); err != nil {
		h.log.Debug("soap: the asker is gone", "err", err)
	}
}

// A call is one request that was understood.
type call struct {
	op    *operation
	in    value
	who   mailbox.Visitor
	by    token.Bearer
	shown string // the token itself, for the session that Giris gives
	parts map[string]mailbox.Spool
	// owned are contents that are closed after the answer has left.
	owned []func() error
}

func (c *call) close() (err error) {
	for _, f := range c.owned {
		err = errors.Join(err, f())
	}
	return err
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	// Where the connection has no deadlines, nothing changes.
	_ = control.SetReadDeadline(time.Now().Add(envelopeTime))
	_ = control.SetWriteDeadline(time.Now().Add(2 * bodyTime))
	p := &post{h: h, r: r, form: soap11, limit: h.MaxSize}
	c := &call{parts: map[string]mailbox.Spool{}}
	defer func() {
		if err := c.close(); err != nil {
			h.log.Error("soap: closing what a request held", "err", err)
		}
	}()
	answer, err := h.answer(w, p, c)
	if err != nil {
		h.fault(w, r, p.form, h.told(err))
		return
	}
	switch err := p.write(w, c.op, answer); {
	case errors.Is(err, errContent):
		h.log.Error("soap: an answer was cut", "err", err)
	case err != nil:
		h.log.Debug("soap: the asker is gone", "err", err)
	}
}

// answer reads a request, finds out who asks, and does what it asks.
func (h *Handler) answer(w http.ResponseWriter, p *post, c *call) ([]node, error) {
	body, err := p.open(w)
	if err != nil {
		return nil, err
	}
	xml, err := p.whole(body, c)
	if err != nil {
		return nil, err
	}
	if c.op, c.in, err = p.read(xml); err != nil {
		return nil, err
	}
	if err := h.authenticate(p.r, c); err != nil {
		return nil, err
	}
	if c.op.do == nil {
		return nil, &fault{code: receiver, text: c.op.not}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
	if err := p.attachments(h.Box.Spool, c); err != nil {
		return nil, err
	}
	answer, err := c.op.do(h, p.r.Context(), c)
	if f := h.told(err); err != nil && f.own && stated(c.op.out) {
		// What the mailbox says is told in the answer's own fields, where programs
		// look for it.
		return []node{{name: "durum", text: f.status()}, {name: "hataaciklama", text: inLanguage(p.r, f.text)}}, nil
	}
	return answer, err
}

// stated reports whether an answer can say that something was not done.
func stated(out string) bool {
	for _, e := range typed(out) {
		if e.name == "durum" {
			return true
		}
	}
	return false
}
