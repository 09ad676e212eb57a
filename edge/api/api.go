package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/person"
	"rem/person/token"
	"rem/privacy"
	"rem/provider/directory"
)

// Prefix is where the door is.
const Prefix = "/api/v1/"

// Limits of a request and of guessing.
const (
	maxBody            = 64 << 10
	maxBatch           = 1000 // addresses that are read; the directory's own bound is lower
	failuresPerNetwork = 30
	failuresPerAccount = 20
	failureWindow      = 15 * time.Minute
)

// ErrCredentials is wrapped when the address or the password is not right.
var ErrCredentials = errors.New("wrong user or password")

// A Backend answers.
type Backend interface {
	// Login tells whose address and application password these are, or wraps
	// ErrCredentials. It takes the same time for an address that it does not know.
	Login(ctx context.Context, user, password string) (rem.Actor, error)
	Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error)
	Check(ctx context.Context, who directory.Asker, use directory.Use, addresses []rem.Address) ([]directory.Status, error)
}

// A Handler serves the door. It may be used from many goroutines.
type Handler struct {
	backend  Backend
	log      *slog.Logger
	clock    rem.Clock
	failures *throttle.Throttle
	mux      *http.ServeMux
	programs *programs // nil: only the directory is served
}

// New returns the door.
func New(b Backend, clock rem.Clock, log *slog.Logger) *Handler {
	h := &Handler{backend: b, log: log, clock: clock, failures: throttle.New(failureWindow), mux: http.NewServeMux()}
	h.mux.HandleFunc("POST "+Prefix+"directory/query", h.query)
	h.mux.HandleFunc("POST "+Prefix+"directory/check", h.check)
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if _, pattern := h.mux.Handler(r); pattern == "" {
		h.problem(w, r, http.StatusNotFound, text("Böyle bir adres yok; POST "+Prefix+"directory/query ve check vardır.", "There is no such address; there are POST "+Prefix+"directory/query and check."))
		return
	}
	h.mux.ServeHTTP(w, r)
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// problem writes RFC 9457 in the language that is asked for, Turkish otherwise.
func (h *Handler) problem(w http.ResponseWriter, r *http.Request, status int, t rem.Text) {
	language := privacy.Turkish
	if strings.HasPrefix(rem.FoldASCII(r.Header.Get("Accept-Language")), "en") {
		language = privacy.English
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Language", string(language))
	w.WriteHeader(status)
	h.write(w, struct {
		Status int    `json:"status"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}{status, http.StatusText(status), language.In(t)})
}

func (h *Handler) write(w io.Writer, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.log.Debug("api: the asker is gone", "err", err)
	}
}

// asker finds out who asks.
func (h *Handler) asker(w http.ResponseWriter, r *http.Request) (directory.Asker, bool) {
	if h.programs != nil && strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		b, pr := h.programs.bearer(r.Context(), r.Header.Get("Authorization"), r.RemoteAddr, token.Directory)
		if pr != nil {
			h.problem(w, r, pr.Status, text(pr.TitleTR, pr.TitleEN))
			return directory.Asker{}, false
		}
		return directory.Asker{Actor: b.Actor, Door: directory.ByREST}, true
	}
	user, password, ok := r.BasicAuth()
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		h.problem(w, r, http.StatusBadRequest, text("Bağlantı tanınmadı.", "The connection is not one."))
		return directory.Asker{}, false
	}
	refuse := func(status int, t rem.Text) (directory.Asker, bool) {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="KEP", charset="UTF-8"`)
		}
		h.problem(w, r, status, t)
		return directory.Asker{}, false
	}
	wrong := text("KEP adresi veya uygulama parolası yanlış.", "The registered address or the application password is wrong.")
	if !ok || user == "" || len(user) > 254 || password == "" || len(password) > 256 {
		return refuse(http.StatusUnauthorized, wrong)
	}
	network, account, now := "network "+throttle.AddressKey(from.Addr()), "account "+rem.FoldASCII(user), h.clock.Now()
	if !h.failures.Take(now, network, failuresPerNetwork) {
		return refuse(http.StatusTooManyRequests, text("Çok fazla yanlış deneme yapıldı.", "Too many wrong attempts."))
	}
	if !h.failures.Take(now, account, failuresPerAccount) {
		h.failures.GiveBack(network)
		return refuse(http.StatusTooManyRequests, text("Çok fazla yanlış deneme yapıldı.", "Too many wrong attempts."))
	}
	actor, err := h.backend.Login(r.Context(), user, password)
	if errors.Is(err, ErrCredentials) {
		return refuse(http.StatusUnauthorized, wrong)
	}
	h.failures.GiveBack(network)
	h.failures.GiveBack(account)
	if err != nil {
		h.fault(w, r, err)
		return directory.Asker{}, false
	}
	return directory.Asker{Actor: actor, Door: directory.ByREST}, true
}

// fault says nothing about it but that it is ours.
func (h *Handler) fault(w http.ResponseWriter, r *http.Request, err error) {
	h.log.Error("api", "err", err)
	h.problem(w, r, http.StatusServiceUnavailable, text("Şu anda yanıt verilemiyor; daha sonra yeniden deneyiniz.", "No answer can be given now; please try again later."))
}

// read reads a body strictly: one object, no unknown field, nothing behind.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, v any) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		h.problem(w, r, http.StatusUnsupportedMediaType, text("Gövde application/json olmalıdır.", "The body has to be application/json."))
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows")
		}
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		h.problem(w, r, http.StatusRequestEntityTooLarge, text("Gövde çok büyük.", "The body is too large."))
		return false
	}
	if err != nil {
		h.problem(w, r, http.StatusBadRequest, text("Gövde okunamadı.", "The body cannot be read."))
		return false
	}
	return true
}

// use reads what somebody asks for; "" is sending.
func use(s string) (directory.Use, bool) {
	switch u := directory.Use(s); u {
	case "", directory.ToSend:
		return directory.ToSend, true
	case directory.ToVerify:
		return u, true
	}
	return "", false
}

// answered gives an error of the directory: a refusal with its text, or a fault.
func (h *Handler) answered(w http.ResponseWriter, r *http.Request, err error) bool {
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case err == nil:
		return true
	case errors.Is(err, directory.ErrQuota):
		h.problem(w, r, http.StatusTooManyRequests, refusalText(refusal))
	case refused:
		h.problem(w, r, http.StatusForbidden, refusal.Detail)
	default:
		h.fault(w, r, err)
	}
	return false
}

func refusalText(r *rem.Refusal) rem.Text {
	if r == nil {
		return text("Sorgu sınırı doldu.", "The limit of questions is reached.")
	}
	return r.Detail
}

// A value of an answer.
type value struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

type result struct {
	Kind      string          `json:"kind"`
	Address   string          `json:"address"`
	Values    []value         `json:"values"`
	Operators []entryOperator `json:"operators,omitempty"`
	Central   bool            `json:"central"`
}

type entryOperator struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
}

func (h *Handler) query(w http.ResponseWriter, r *http.Request) {
	who, ok := h.asker(w, r)
	if !ok {
		return
	}
	var asked struct {
		By    string `json:"by"`
		Value string `json:"value"`
		Use   string `json:"use"`
	}
	if !h.read(w, r, &asked) {
		return
	}
	u, ok := use(asked.Use)
	q, err := question(directory.Key(asked.By), asked.Value, u)
	if !ok || err != nil {
		h.problem(w, r, http.StatusUnprocessableEntity, text("“by” address, title, mersis, tax, detsis veya identity; “value” onun tam yazılışı; “use” sending veya verifying olmalıdır.",
			"“by” is address, title, mersis, tax, detsis or identity; “value” is written exactly; “use” is sending or verifying."))
		return
	}
	a, err := h.backend.Query(r.Context(), who, q)
	if !h.answered(w, r, err) {
		return
	}
	out := struct {
		Outcome string   `json:"outcome"`
		Text    string   `json:"text"`
		TextEN  string   `json:"textEN"`
		Partial bool     `json:"partial"`
		Results []result `json:"results"`
	}{string(a.Outcome), a.Text.Turkish, a.Text.English, a.Partial, []result{}}
	for i := range a.Results {
		x := &a.Results[i]
		one := result{Kind: string(x.Kind), Address: x.Address.String(), Values: []value{}, Central: x.Central}
		for _, v := range x.Values {
			one.Values = append(one.Values, value{string(v.Field), v.Text})
		}
		for _, o := range x.Operators {
			one.Operators = append(one.Operators, entryOperator{o.Name, o.Title})
		}
		out.Results = append(out.Results, one)
	}
	w.Header().Set("Content-Type", "application/json")
	h.write(w, out)
}

// question makes the one exact thing that is asked.
func question(by directory.Key, s string, u directory.Use) (directory.Question, error) {
	switch by {
	case directory.KeyAddress:
		a, err := rem.ParseAddress(s)
		return directory.ByAddress(a, u), err
	case directory.KeyTitle:
		t, err := person.ParseTitle(s)
		return directory.ByTitle(t, u), err
	case directory.KeyMERSIS:
		n, err := person.ParseMERSIS(s)
		return directory.ByMERSIS(n, u), err
	case directory.KeyTax:
		n, err := person.ParseVKN(s)
		return directory.ByTax(n, u), err
	case directory.KeyDETSIS:
		n, err := person.ParseDETSIS(s)
		return directory.ByDETSIS(n, u), err
	case directory.KeyIdentity:
		n, err := person.ParseIdentityNumber(s)
		return directory.ByIdentity(n, u), err
	}
	return directory.Question{}, errors.New("by what to look is not said")
}

func (h *Handler) check(w http.ResponseWriter, r *http.Request) {
	who, ok := h.asker(w, r)
	if !ok {
		return
	}
	var asked struct {
		Addresses []string `json:"addresses"`
		Use       string   `json:"use"`
	}
	if !h.read(w, r, &asked) {
		return
	}
	u, ok := use(asked.Use)
	var addresses []rem.Address
	for _, s := range asked.Addresses {
		a, err := rem.ParseAddress(s)
		ok = ok && err == nil
		addresses = append(addresses, a)
	}
	if !ok || len(addresses) == 0 || len(addresses) > maxBatch {
		h.problem(w, r, http.StatusUnprocessableEntity, text("“addresses” KEP adreslerinin listesi, “use” sending veya verifying olmalıdır.", "“addresses” is a list of registered addresses, “use” is sending or verifying."))
		return
	}
	list, err := h.backend.Check(r.Context(), who, u, addresses)
	if !h.answered(w, r, err) {
		return
	}
	type status struct {
		Address string `json:"address"`
		Status  string `json:"status"`
		Text    string `json:"text"`
		TextEN  string `json:"textEN"`
	}
	out := make([]status, len(list))
	for i, s := range list {
		t := s.Text()
		out[i] = status{addresses[i].String(), string(s), t.Turkish, t.English}
	}
	w.Header().Set("Content-Type", "application/json")
	h.write(w, map[string]any{"results": out})
}
