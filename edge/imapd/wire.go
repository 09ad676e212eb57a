package imapd

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// outSize is how much is gathered before it is written: two TLS records.
	outSize = 32 << 10
	// outAge is how long an answer waits for more of it.
	outAge = 300 * time.Millisecond
)

var (
	errFrame = errors.New("the client sent what no command has")
	outs     = sync.Pool{New: func() any { b := make([]byte, 0, outSize); return &b }}
)

// A wire is a connection between TLS and the library. It gathers what the library
// writes line by line until there is nothing more to answer, and counts what comes.
type wire struct {
	net.Conn
	srv   *Server
	frame frame  // used by the goroutine that runs commands
	deaf  bool   // used by the same: what is written are contents, and no answers
	held  []byte // used by the same: what came and was not given to the library
	began time.Time

	mu      sync.Mutex
	out     *[]byte   // guarded by mu; nil while there is nothing
	since   time.Time // guarded by mu: when the first of out came
	reading bool      // guarded by mu: the library waits for the client
	ending  bool      // guarded by mu: nothing more is read
	err     error     // guarded by mu: of writing
	closed  bool      // guarded by mu
	known   bool      // guarded by mu: somebody logged in

	released func() // given back when the connection is closed
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	err := w.flush()
	if w.ending {
		err = io.EOF
	}
	w.reading = err == nil
	w.mu.Unlock()
	if err != nil {
		return 0, err
	}
	var n int
	if len(w.held) > 0 {
		n = copy(p, w.held)
		w.held = w.held[n:]
	} else {
		n, err = w.Conn.Read(p)
	}
	w.mu.Lock()
	w.reading = false
	w.mu.Unlock()
	if i := bytes.IndexByte(p[:n], '\n'); !w.frame.known && i >= 0 && i+1 < n {
		// What follows a log-in is judged when that has been answered.
		w.held = append(bytes.Clone(p[i+1:n]), w.held...)
		n, err = i+1, nil
	}
	if n > 0 {
		if refused := w.frame.scan(p[:n]); refused != "" {
			w.srv.stats.Floods.Add(1)
			_, _ = w.Write([]byte("* BYE " + refused + "\r\n"))
			_ = w.Close()
			return 0, errFrame
		}
	}
	return n, err
}

// Write implements net.Conn. What is written leaves when the client is waited for.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	if len(p) > 0 && p[0] != '*' && !w.deaf { // news to an idle client have the star
		w.frame.wrote(p)
	}
	if w.out == nil {
		w.out = outs.Get().(*[]byte)
		w.since = time.Now()
	}
	for rest := p; len(rest) > 0; {
		n := min(len(rest), outSize-len(*w.out))
		*w.out = append(*w.out, rest[:n]...)
		if rest = rest[n:]; len(*w.out) == outSize {
			if err := w.send(); err != nil {
				return 0, err
			}
		}
	}
	if w.reading || time.Since(w.since) > outAge {
		return len(p), w.flush()
	}
	return len(p), nil
}

// send writes what was gathered; flush gives its room back too. mu is held.
func (w *wire) send() error {
	if w.err != nil {
		return w.err
	}
	_ = w.Conn.SetWriteDeadline(time.Now().Add(w.srv.limits.Write))
	_, w.err = w.Conn.Write(*w.out)
	*w.out = (*w.out)[:0]
	w.since = time.Now()
	return w.err
}

func (w *wire) flush() error {
	if w.out == nil {
		return w.err
	}
	err := w.err
	if len(*w.out) > 0 && err == nil {
		err = w.send()
	}
	*w.out = (*w.out)[:0]
	outs.Put(w.out)
	w.out = nil
	return err
}

// SetReadDeadline implements net.Conn: who has not logged in does not get the
// library's times for each line.
func (w *wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	last := w.began.Add(w.srv.limits.Stranger)
	if !w.known && (t.IsZero() || t.After(last)) {
		t = last
	}
	w.mu.Unlock()
	return w.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn: send has its own.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// end lets the client read what was answered, and hears nothing more.
func (w *wire) end() {
	w.mu.Lock()
	w.ending = true
	w.mu.Unlock()
}

// Close implements net.Conn.
func (w *wire) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	_ = w.flush()
	w.err = net.ErrClosed
	w.mu.Unlock()
	err := w.Conn.Close()
	w.released()
	return err
}
