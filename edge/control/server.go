package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"rem"
	"rem/message"
	"rem/person/account"
	"rem/privacy/notice"
	"rem/provider/partner"
	"rem/provider/publication"
	"rem/provider/staff"
)

// maxRequest bounds a request's body.
const maxRequest = 64 << 10

// listed bounds how many lines one answer has. Clients ask for those after the
// last one (?after): an account, a message or a UID.
const listed = 1000

// maxPath is how long the path of a Unix socket may be (sun_path of Linux, with
// its NUL).
const maxPath = 107

// errRequest: the request is not one that the route takes.
var errRequest = errors.New("reading the request")

// A Server answers on the socket. Close it before the provider stops.
type Server struct {
	http    *http.Server
	path    string
	stop    context.CancelFunc // ends what may take long
	serving sync.WaitGroup
}

// Listen opens the socket in the folder, for the owner of the process alone. An
// old one that nobody answers on is replaced.
func Listen(folder string, p Provider, log *slog.Logger) (*Server, error) {
	l, path, err := open(folder)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	stopping, stop := context.WithCancel(context.Background())
	h := handler{p, log, stopping}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /accounts", h.addAccount)
	mux.HandleFunc("GET /accounts", h.accounts)
	mux.HandleFunc("PUT /accounts/{address}/password", h.setPassword)
	mux.HandleFunc("PUT /accounts/{address}/state", h.setState)
	mux.HandleFunc("POST /accounts/{address}/names", h.accountNames)
	mux.HandleFunc("GET /accounts/{address}/sent", h.sent)
	mux.HandleFunc("GET /messages/{id}", h.timeline)
	mux.HandleFunc("POST /messages/{id}/dispatch", h.dispatch)
	mux.HandleFunc("GET /evidence/{id}", h.evidence)
	mux.HandleFunc("GET /mailbox", h.mailbox)
	mux.HandleFunc("POST /mailbox/{uid}/open", h.open)
	mux.HandleFunc("GET /queue/{stage}", h.queue)
	mux.HandleFunc("GET /trustlist", h.trustList)
	mux.HandleFunc("POST /notices", h.publishNotice)
	mux.HandleFunc("GET /notices", h.notices)
	mux.HandleFunc("POST /documents", h.publishDocument)
	mux.HandleFunc("GET /documents", h.documents)
	mux.HandleFunc("GET /audit", h.audit)
	mux.HandleFunc("POST /directory/reconcile", h.reconcile)
	h.staffRoutes(mux)
	s := &Server{path: path, stop: stop, http: &http.Server{Handler: h.named(mux), ReadHeaderTimeout: 10 * time.Second}}
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control", "err", err)
		}
	})
	return s, nil
}

// open makes the socket in a folder that only the owner can enter, and moves it
// to its place when its mode is set: nobody else can connect at any moment.
func open(folder string) (_ net.Listener, path string, err error) {
	path = filepath.Join(folder, Socket)
	made, err := os.MkdirTemp(folder, ".c")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(made)
	first := filepath.Join(made, "s")
	if longest := max(len(path), len(first)); longest > maxPath {
		return nil, "", fmt.Errorf("its path has %d bytes and may have %d: give the data folder a shorter one", longest, maxPath)
	}
	if other, err := net.Dial("unix", path); err == nil {
		other.Close()
		return nil, "", fmt.Errorf("another program answers on %s", path)
	}
	l, err := net.Listen("unix", first)
	if err != nil {
		return nil, "", err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // it has moved by then
	if err := errors.Join(os.Chmod(first, 0o600), os.Rename(first, path)); err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	return l, path, nil
}

// Close stops answering and waits for what is being answered. An audit, which
// may take hours, is broken off.
func (s *Server) Close(ctx context.Context) error {
	s.stop()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.serving.Wait()
	if removed := os.Remove(s.path); !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	if err != nil {
		return fmt.Errorf("closing the control socket: %w", err)
	}
	return nil
}

type handler struct {
	p        Provider
	log      *slog.Logger
	stopping context.Context // ends when the server is being closed
}

// named refuses a request that names nobody (rule: every record names who
// acted), and logs the rest by its route: a path holds addresses.
func (h handler) named(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := r.Header.Get(PersonHeader)
		if by == "" {
			http.Error(w, "say who asks: header "+PersonHeader, http.StatusBadRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		_, route := mux.Handler(r)
		h.log.Info("control", "route", route, "by", by)
		mux.ServeHTTP(w, r)
	})
}

// answer is the one place where this door translates errors.
func (h handler) answer(w http.ResponseWriter, r *http.Request, value any, err error) {
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			h.log.Warn("control: answering", "err", err)
		}
	case refused:
		http.Error(w, refusal.Detail.String(), http.StatusForbidden)
	case errors.Is(err, message.ErrNotFound), errors.Is(err, account.ErrNotFound):
		http.Error(w, "not found: there is no such message, evidence, account or entry here; remctl sent, account list and mailbox list show what there is", http.StatusNotFound)
	case errors.Is(err, staff.ErrNotFound), errors.Is(err, partner.ErrNotFound):
		http.Error(w, "not found: there is no such person or institution; remctl staff list and partner list show what there is", http.StatusNotFound)
	case errors.Is(err, account.ErrTaken), errors.Is(err, partner.ErrTaken):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, ErrDenied):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, rem.ErrAddress), errors.Is(err, errRequest), errors.Is(err, notice.ErrRefused), errors.Is(err, notice.ErrBackdated),
		errors.Is(err, publication.ErrRefused), errors.Is(err, publication.ErrBackdated):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		h.log.Error("control", "route", r.Pattern, "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError) // the socket is the operator's own
	}
}

func read[T any](r *http.Request) (v T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("%w: %w", errRequest, err)
	}
	return v, nil
}

func (h handler) addAccount(w http.ResponseWriter, r *http.Request) {
	var id rem.AccountID
	a, err := read[NewAccount](r)
	if err == nil {
		id, err = h.p.AddAccount(r.Context(), r.Header.Get(PersonHeader), a)
	}
	h.answer(w, r, map[string]rem.AccountID{"id": id}, err)
}

func (h handler) accounts(w http.ResponseWriter, r *http.Request) {
	list, err := h.p.Accounts(r.Context(), rem.AccountID(r.URL.Query().Get("after")), listed)
	h.answer(w, r, list, err)
}

// A source is what is published, in its canonical form.
type source struct {
	Source string `json:"source"`
}

func (h handler) publishNotice(w http.ResponseWriter, r *http.Request) {
	var published *Notice
	v, err := read[source](r)
	if err == nil {
		published, err = h.p.PublishNotice(r.Context(), r.Header.Get(PersonHeader), v.Source)
	}
	h.answer(w, r, published, err)
}

func (h handler) publishDocument(w http.ResponseWriter, r *http.Request) {
	var published *Document
	v, err := read[source](r)
	if err == nil {
		published, err = h.p.PublishDocument(r.Context(), r.Header.Get(PersonHeader), v.Source)
	}
	h.answer(w, r, published, err)
}

func (h handler) documents(w http.ResponseWriter, r *http.Request) {
	list, err := h.p.Documents(r.Context())
	h.answer(w, r, list, err)
}

func (h handler) notices(w http.ResponseWriter, r *http.Request) {
	list, err := h.p.Notices(r.Context())
	h.answer(w, r, list, err)
}

func (h handler) setPassword(w http.ResponseWriter, r *http.Request) {
	v, err := read[struct {
		Password string `json:"password"`
	}](r)
	if err == nil {
		err = h.p.SetPassword(r.Context(), r.Header.Get(PersonHeader), r.PathValue("address"), v.Password)
	}
	h.answer(w, r, struct{}{}, err)
}

func (h handler) setState(w http.ResponseWriter, r *http.Request) {
	v, err := read[struct {
		State  account.State  `json:"state"`
		Reason account.Reason `json:"reason"`
	}](r)
	if err == nil {
		err = h.p.SetState(r.Context(), r.Header.Get(PersonHeader), r.PathValue("address"), v.State, v.Reason)
	}
	h.answer(w, r, struct{}{}, err)
}

func (h handler) accountNames(w http.ResponseWriter, r *http.Request) {
	var names *AccountNames
	v, err := read[struct {
		Case string `json:"case"`
	}](r)
	if err == nil {
		names, err = h.p.AccountNames(r.Context(), r.Header.Get(PersonHeader), r.PathValue("address"), v.Case)
	}
	h.answer(w, r, names, err)
}

func (h handler) sent(w http.ResponseWriter, r *http.Request) {
	list, err := h.p.Sent(r.Context(), r.PathValue("address"), rem.MessageID(r.URL.Query().Get("after")), limit(r))
	h.answer(w, r, list, err)
}

func limit(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 1 || n > listed {
		return listed
	}
	return n
}

func (h handler) timeline(w http.ResponseWriter, r *http.Request) {
	t, err := h.p.Timeline(r.Context(), rem.MessageID(r.PathValue("id")))
	h.answer(w, r, t, err)
}

func (h handler) dispatch(w http.ResponseWriter, r *http.Request) {
	address, password, _ := r.BasicAuth()
	c, err := h.p.Dispatch(r.Context(), r.Header.Get(PersonHeader), address, password, rem.MessageID(r.PathValue("id")))
	h.content(w, r, c, "message/rfc822", err)
}

func (h handler) evidence(w http.ResponseWriter, r *http.Request) {
	f, err := h.p.Evidence(r.Context(), rem.EvidenceID(r.PathValue("id")))
	if err != nil {
		h.answer(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	if _, err := w.Write(f.XML); err != nil {
		h.log.Warn("control: answering", "err", err)
	}
}

func (h handler) content(w http.ResponseWriter, r *http.Request, c message.Content, kind string, err error) {
	if err != nil {
		h.answer(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.FormatInt(c.Size(), 10))
	if _, err := io.Copy(w, io.NewSectionReader(c, 0, c.Size())); err != nil {
		h.log.Warn("control: answering", "err", err)
	}
}

func (h handler) mailbox(w http.ResponseWriter, r *http.Request) {
	address, password, _ := r.BasicAuth()
	var list []Entry
	after, err := uid(r.URL.Query().Get("after"))
	if err == nil {
		list, err = h.p.Mailbox(r.Context(), address, password, after, limit(r))
	}
	h.answer(w, r, list, err)
}

// uid reads a place in a mailbox; nothing is the place before the first.
func uid(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the uid is a number", errRequest)
	}
	return n, nil
}

func (h handler) open(w http.ResponseWriter, r *http.Request) {
	address, password, _ := r.BasicAuth()
	n, err := uid(r.PathValue("uid"))
	if err != nil {
		h.answer(w, r, nil, err)
		return
	}
	c, err := h.p.Open(r.Context(), address, password, n)
	h.content(w, r, c, "message/rfc822", err)
}

func (h handler) queue(w http.ResponseWriter, r *http.Request) {
	for _, stage := range []message.Stage{message.RelayStage, message.DeliveryStage, message.RetrievalStage, message.ReturnStage} {
		if stage.String() == r.PathValue("stage") {
			tasks, err := h.p.Queue(r.Context(), stage, limit(r))
			h.answer(w, r, tasks, err)
			return
		}
	}
	http.Error(w, "the stages with a queue are relay, delivery, retrieval and return", http.StatusNotFound)
}

func (h handler) trustList(w http.ResponseWriter, r *http.Request) {
	t, err := h.p.TrustList(r.Context())
	h.answer(w, r, t, err)
}

func (h handler) audit(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	err := h.p.Audit(ctx, func(f Finding) error {
		if err := out.Encode(f); err != nil {
			return err
		}
		return flush.Flush()
	})
	if err != nil {
		h.log.Error("control: audit", "err", err)
		if err := out.Encode(Finding{Problem: "the audit stopped: " + err.Error()}); err != nil {
			h.log.Warn("control: answering", "err", err)
		}
	}
}
