package tsa

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"rem/trust/tsp"
)

// A Responder answers requests, as *tsp.Responder does: the answer is always to
// be sent, the error says why it holds no token.
type Responder interface {
	Respond(ctx context.Context, request []byte) ([]byte, error)
}

// NewHandler is the door of a simulated authority: it answers POST requests of
// at most tsp.MaxRequest bytes (RFC 3161 3.4). It is for tests and rehearsals;
// production mode asks an authority outside. A nil log logs nothing.
func NewHandler(r Responder, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &handler{r, log}
}

type handler struct {
	responder Responder
	log       *slog.Logger
}

func (h *handler) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	header := w.Header()
	if q.Method != http.MethodPost {
		header.Set("Allow", http.MethodPost)
		http.Error(w, "ask with POST", http.StatusMethodNotAllowed)
		return
	}
	if q.Header.Get("Content-Type") != requestType {
		http.Error(w, "send "+requestType, http.StatusUnsupportedMediaType)
		return
	}
	if q.ContentLength > tsp.MaxRequest {
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
		return
	}
	var space [tsp.MaxRequest + 1]byte
	n, err := io.ReadFull(q.Body, space[:])
	switch {
	case err == nil:
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
		return
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return // who asked went
	}
	answer, err := h.responder.Respond(q.Context(), space[:n])
	if _, rejected := errors.AsType[*tsp.Rejection](err); err != nil && !rejected {
		h.log.LogAttrs(q.Context(), slog.LevelError, "no time was stamped", slog.String("error", err.Error()))
	}
	header["Content-Type"] = replyHeader
	header["Content-Length"] = []string{strconv.Itoa(len(answer))}
	header["Date"] = nil // the token says when
	_, _ = w.Write(answer)
}

var replyHeader = []string{responseType}

// NewServer gives a server for a handler of this package, with bounds on
// everything that a client can make it wait for or keep.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    8 << 10,
	}
}
