package signing

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/message/signing"
)

// Prefix is where remsign asks with a one-time code.
const Prefix = "/api/v1/signing/"

// Limits of the door for programs.
const (
	maxBody            = 1 << 20 // 200 values of RSA, or a chain
	failuresPerNetwork = 30
	failureWindow      = 15 * time.Minute
)

// Programs is the door for remsign where it is not beside the browser: who has the
// code that a page showed gets the request, once. It may be used from many
// goroutines.
type Programs struct {
	desk     Desk
	clock    rem.Clock
	log      *slog.Logger
	failures *throttle.Throttle
	mux      *http.ServeMux
}

// NewPrograms returns the door.
func NewPrograms(d Desk, clock rem.Clock, log *slog.Logger) *Programs {
	p := &Programs{desk: d, clock: clock, log: log, failures: throttle.New(failureWindow), mux: http.NewServeMux()}
	p.mux.HandleFunc("POST "+Prefix+"redeem", p.redeem)
	p.mux.HandleFunc("POST "+Prefix+"certificate", p.certificate)
	p.mux.HandleFunc("POST "+Prefix+"signatures", p.signatures)
	p.mux.HandleFunc("GET "+Prefix+"original/{n}", p.original)
	return p
}

// ServeHTTP answers one request.
func (p *Programs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		p.problem(w, http.StatusForbidden, "browser", text("Bu kapı tarayıcılar için değildir.", "This door is not for browsers."))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if _, pattern := p.mux.Handler(r); pattern == "" {
		p.problem(w, http.StatusNotFound, "absent", text("Böyle bir adres yok.", "There is no such address."))
		return
	}
	p.mux.ServeHTTP(w, r)
}

func (p *Programs) problem(w http.ResponseWriter, status int, code string, t rem.Text) {
	p.write(w, status, Problem{code, Words(t)})
}

func (p *Programs) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.log.Debug("signing: the asker is gone", "err", err)
	}
}

// fail answers an error.
func (p *Programs) fail(w http.ResponseWriter, err error) {
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case refused:
		p.problem(w, http.StatusUnprocessableEntity, string(refusal.Reason), refusal.Detail)
	case errors.Is(err, signing.ErrNotFound):
		p.problem(w, http.StatusNotFound, "absent", text("İmza isteği bulunamadı: süresi dolmuş, kullanılmış ya da iptal edilmiş olabilir. Sayfadan yeni bir kod alın.", "There is no such request for a signature: it may have expired, been used or cancelled. Get a new code from the page."))
	case errors.Is(err, signing.ErrBusy), errors.Is(err, signing.ErrFull):
		p.problem(w, http.StatusServiceUnavailable, "busy", text("Şu anda yoğunuz; biraz sonra yeniden deneyin.", "We are busy at the moment; try again in a while."))
	default:
		p.log.Error("signing for a program failed", "err", err)
		p.problem(w, http.StatusInternalServerError, "fault", text("Bizden kaynaklanan bir sorun oldu; biraz sonra yeniden deneyin.", "Something went wrong on our side; try again in a while."))
	}
}

var unreadable = text("Gönderilen okunamadı.", "What was sent cannot be read.")

// read decodes a question, strictly.
func read[T any](p *Programs, w http.ResponseWriter, r *http.Request) (q T, ok bool) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		p.problem(w, http.StatusBadRequest, "form", unreadable)
		return q, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		p.problem(w, http.StatusBadRequest, "form", unreadable)
		return q, false
	}
	return q, true
}

// Redeem is the question with a code.
type Redeem struct {
	Code string `json:"code"`
}

// Redeemed is its answer: the ticket by which the request is asked for, and what it
// shows.
type Redeemed struct {
	Ticket  string `json:"ticket"`
	Request Shown  `json:"request"`
}

func (p *Programs) redeem(w http.ResponseWriter, r *http.Request) {
	q, ok := read[Redeem](p, w, r)
	if !ok {
		return
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		p.problem(w, http.StatusBadRequest, "form", unreadable)
		return
	}
	key := throttle.AddressKey(from.Addr())
	if !p.failures.Take(p.clock.Now(), key, failuresPerNetwork) {
		p.problem(w, http.StatusTooManyRequests, "many", text("Çok fazla yanlış kod denendi; biraz bekleyin.", "Too many wrong codes were tried; wait a while."))
		return
	}
	if len(q.Code) > 64 {
		p.fail(w, signing.ErrNotFound)
		return
	}
	v, ticket, err := p.desk.Redeem(q.Code)
	if err != nil {
		p.fail(w, err)
		return
	}
	p.failures.GiveBack(key)
	p.write(w, http.StatusOK, Redeemed{ticket, Show(v)})
}

// ticket is how a program asks.
func ticket(r *http.Request) signing.Access {
	t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || t == "" || len(t) > 64 {
		t = "-" // the ticket of nobody: without one an Access is that of a session
	}
	return signing.Access{Ticket: t}
}

// Chain is the question with a certificate: its chain in DER, leaf first.
type Chain struct {
	Chain []string `json:"chain"`
}

func (p *Programs) certificate(w http.ResponseWriter, r *http.Request) {
	q, ok := read[Chain](p, w, r)
	if !ok {
		return
	}
	chain, err := decode(q.Chain)
	if err != nil {
		p.problem(w, http.StatusBadRequest, "form", unreadable)
		return
	}
	c, err := p.desk.Choose(r.Context(), ticket(r), chain)
	if err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, http.StatusOK, ChoiceOf(c))
}

// Values is the question with what was signed, in the request's order.
type Values struct {
	Values []string `json:"values"`
}

func (p *Programs) signatures(w http.ResponseWriter, r *http.Request) {
	q, ok := read[Values](p, w, r)
	if !ok {
		return
	}
	values, err := decode(q.Values)
	if err != nil {
		p.problem(w, http.StatusBadRequest, "form", unreadable)
		return
	}
	v, err := p.desk.Complete(r.Context(), ticket(r), values)
	if err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, http.StatusOK, ResultsOf(v))
}

// original gives an unsigned message, so that the program shows what it read itself.
func (p *Programs) original(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 {
		p.fail(w, signing.ErrNotFound)
		return
	}
	src, err := p.desk.Unsigned(ticket(r), n)
	if err != nil {
		p.fail(w, err)
		return
	}
	defer src.Close()
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Length", strconv.FormatInt(src.Size(), 10))
	if _, err := io.Copy(w, io.NewSectionReader(src, 0, src.Size())); err != nil {
		p.log.Debug("signing: the asker is gone", "err", err)
	}
}

var _ http.Handler = (*Programs)(nil)
