package main

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ports are where remsign listens, the first that is free. Pages know them; they are
// registered to nobody.
var ports = []int{47811, 47812, 47813}

const (
	maxQuestion = 4 << 20 // a request of 200 messages with many recipients
	maxNonces   = 1 << 14
)

// A door is what pages meet on this computer.
type door struct {
	p        *program
	pairings *pairings
	// open: further sites may be paired. Without --pair the first one closes it.
	open atomic.Bool
	host string // 127.0.0.1:port: what a browser says in Host

	work sync.Mutex // one question to the person at a time

	mu     sync.Mutex
	nonces map[string]bool // guarded by mu: those that were used
}

// serve is the command.
func (p *program) serve(ctx context.Context) error {
	if err := p.open(); err != nil {
		return err
	}
	defer p.keys.close()
	paired, err := p.readPairings()
	if err != nil {
		return err
	}
	l, err := listen()
	if err != nil {
		return err
	}
	d := newDoor(p, paired, l.Addr().String())
	p.say(text("remsign hazır: "+d.host, "remsign is ready: "+d.host))
	for _, m := range p.keys.modules {
		p.say(text("kart sürücüsü: "+m.Path(), "card module: "+m.Path()))
	}
	if d.open.Load() {
		p.say(text("Eşleştirme açık: sayfada “remsign ile imzala” düğmesine basın.", "Pairing is open: press “Sign with remsign” on the page."))
	}
	p.say(text("Durdurmak için Ctrl+C.", "Ctrl+C stops it."))
	s := &http.Server{
		Handler: d, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- s.Close() // whoever waits for an answer of the person does not get one
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return <-stopped
}

func newDoor(p *program, paired *pairings, host string) *door {
	d := &door{p: p, pairings: paired, host: host, nonces: map[string]bool{}}
	d.open.Store(p.Serve.Pair || paired.empty())
	return d
}

// listen takes the first free port. Nobody but this computer reaches 127.0.0.1.
func listen() (net.Listener, error) {
	var last error
	for _, port := range ports {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, &problem{"port", text("remsign'ın kapıları başka programlarca kullanılıyor. remsign zaten çalışıyor olabilir.", "Other programs use remsign's ports. It may be running already."), last}
}

// ServeHTTP answers a page. Who is no page of a paired site learns nothing, not even
// that this is remsign: without the fields of CORS a browser shows the page nothing.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Origin")
	// A name that leads here is not ours: this is how a page of another site would
	// pretend to be of ours (DNS rebinding).
	if r.Host != d.host {
		http.Error(w, "", http.StatusMisdirectedRequest)
		return
	}
	origin := r.Header.Get("Origin")
	known := d.pairings.knows(origin)
	if len(r.Header.Values("Origin")) != 1 || !isOrigin(origin) || !known && !d.open.Load() {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Remsign-Mac")
	// A page of the site can read our answers, and nobody can embed them.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		h.Set("Access-Control-Allow-Headers", "Content-Type, Remsign-Pairing, Remsign-Nonce, Remsign-Mac")
		if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
			h.Set("Access-Control-Allow-Private-Network", "true")
		}
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method != http.MethodPost || err != nil || t != "application/json" {
		// Nothing but JSON: a form of HTML cannot send it.
		http.Error(w, "", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	if err != nil {
		http.Error(w, "", http.StatusRequestEntityTooLarge)
		return
	}
	switch r.URL.Path {
	case "/v1/hello":
		d.send(w, nil, "", "", http.StatusOK, map[string]any{"remsign": 1})
	case "/v1/pair":
		d.answer(w, r, nil, "", func() (any, error) { return d.pair(origin) })
	case "/v1/pair/code":
		d.answer(w, r, nil, "", func() (any, error) { return d.pairCode(origin, body) })
	case "/v1/certificates":
		d.paired(w, r, origin, body, func() (any, error) { return d.certificates() })
	case "/v1/sign":
		d.paired(w, r, origin, body, func() (any, error) { return d.sign(r.Context(), origin, body) })
	default:
		http.Error(w, "", http.StatusNotFound)
	}
}

// paired answers who shows that he has the key of a pairing with his origin.
func (d *door) paired(w http.ResponseWriter, r *http.Request, origin string, body []byte, do func() (any, error)) {
	key, ok := d.pairings.find(r.Header.Get("Remsign-Pairing"), origin)
	nonce := r.Header.Get("Remsign-Nonce")
	if raw, err := hex.DecodeString(nonce); ok && (err != nil || len(raw) != 16) {
		ok = false
	}
	if ok {
		want, given := mac(key, "question", r.URL.Path, nonce, body), r.Header.Get("Remsign-Mac")
		ok = hmac.Equal([]byte(want), []byte(given)) && d.fresh(nonce)
	}
	if !ok {
		d.send(w, nil, "", "", http.StatusForbidden, wire(problemOf("unpaired", "Bu tarayıcı remsign ile eşleşmemiş.", "This browser is not paired with remsign.")))
		return
	}
	d.answer(w, r, key, nonce, do)
}

// fresh reports whether a nonce is used for the first time.
func (d *door) fresh(nonce string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.nonces[nonce] || len(d.nonces) >= maxNonces {
		return false // a run of so many questions is ended by starting again
	}
	d.nonces[nonce] = true
	return true
}

type wireProblem struct {
	Code string            `json:"code"`
	Text map[string]string `json:"text"`
}

func wire(p *problem) wireProblem {
	return wireProblem{p.code, map[string]string{"Turkish": p.Turkish, "English": p.English}}
}

func (d *door) answer(w http.ResponseWriter, r *http.Request, key []byte, nonce string, do func() (any, error)) {
	v, err := do()
	if err != nil {
		p, ok := errors.AsType[*problem](err)
		if !ok {
			p = &problem{"fault", text("remsign'da bir sorun oldu; penceresine bakın.", "Something went wrong in remsign; look at its window."), err}
		}
		fmt.Fprintln(d.p.terminal, d.p.words(p))
		d.send(w, key, r.URL.Path, nonce, http.StatusUnprocessableEntity, wire(p))
		return
	}
	d.send(w, key, r.URL.Path, nonce, http.StatusOK, v)
}

// send writes an answer, with its HMAC where there is a key: a page believes no
// other program that took this port.
func (d *door) send(w http.ResponseWriter, key []byte, path, nonce string, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if key != nil {
		w.Header().Set("Remsign-Mac", mac(key, "answer", path, nonce, b))
	}
	w.WriteHeader(status)
	_, _ = w.Write(b) // the page may be gone
}

// pair shows a code, for whoever looks at both.
func (d *door) pair(origin string) (any, error) {
	if !d.open.Load() {
		return nil, problemOf("closed", "Yeni eşleştirme kapalı. remsign'ı “remsign serve --pair” ile başlatın.", "Pairing is closed. Start remsign as “remsign serve --pair”.")
	}
	code, err := d.pairings.begin(origin, d.p.now())
	if err != nil {
		return nil, err
	}
	d.p.say(text(
		"\nEşleştirmek isteyen site: "+visible(origin)+"\nAdres doğruysa bu kodu sayfaya yazın: "+code[:3]+" "+code[3:]+"\nBu siteyi siz açmadıysanız hiçbir şey yapmayın.",
		"\nA site wants to be paired: "+visible(origin)+"\nIf that address is right, type this code into the page: "+code[:3]+" "+code[3:]+"\nIf you did not open this site, do nothing."))
	return struct{}{}, nil
}

func (d *door) pairCode(origin string, body []byte) (any, error) {
	var q struct {
		Code string `json:"code"`
	}
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	made, err := d.pairings.finish(origin, q.Code, d.p.now())
	if err != nil {
		return nil, err
	}
	d.open.Store(d.p.Serve.Pair)
	d.p.say(text("Eşleştirildi: "+visible(origin), "Paired: "+visible(origin)))
	return map[string]string{"id": made.ID, "key": made.Key}, nil
}

// strictly decodes a question: unknown fields and what follows are refused.
func strictly(body []byte, q any) error {
	if err := decodeStrictly(body, q); err != nil {
		return &problem{"form", text("Sayfanın gönderdiği okunamadı.", "What the page sent cannot be read."), err}
	}
	return nil
}

type wireCertificate struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Issuer string   `json:"issuer"`
	Until  string   `json:"until"`
	Chain  []string `json:"chain"`
}

func wireCertificates(list []*identity) []wireCertificate {
	out := []wireCertificate{}
	for _, i := range list {
		c := wireCertificate{ID: i.id, Name: i.name(), Issuer: issuerName(i.chain[0]), Until: i.until().In(zone).Format("02.01.2006")}
		for _, x := range i.chain {
			c.Chain = append(c.Chain, base64.StdEncoding.EncodeToString(x.Raw))
		}
		out = append(out, c)
	}
	return out
}

func (d *door) certificates() (any, error) {
	if !d.work.TryLock() {
		return nil, busy
	}
	defer d.work.Unlock()
	list, err := d.p.keys.list(d.p.now())
	if err != nil {
		return nil, err
	}
	return map[string]any{"certificates": wireCertificates(list)}, nil
}

var busy = problemOf("busy", "remsign başka bir istekle meşgul; penceresine bakın.", "remsign is busy with something else; look at its window.")

type signQuestion struct {
	Certificate string `json:"certificate"`
	Request     shown  `json:"request"`
	choice
}

func (d *door) sign(ctx context.Context, origin string, body []byte) (any, error) {
	var q signQuestion
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	if !d.work.TryLock() {
		return nil, busy
	}
	defer d.work.Unlock()
	list, err := d.p.keys.list(d.p.now())
	if err != nil {
		return nil, err
	}
	var by *identity
	for _, i := range list {
		if i.id == q.Certificate {
			by = i
		}
	}
	if by == nil {
		return nil, problemOf("none", "Seçilen sertifikanın kartı artık takılı değil.", "The card of the chosen certificate is not there any more.")
	}
	j, err := prepare(q.Request, q.choice, by, d.p.now())
	if err != nil {
		return nil, err
	}
	values, err := d.p.sign(ctx, j, origin)
	if err != nil {
		return nil, err
	}
	return map[string]any{"values": encode(values)}, nil
}

func encode(values [][]byte) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = base64.StdEncoding.EncodeToString(v)
	}
	return out
}
