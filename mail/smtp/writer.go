package smtp

import (
	"bytes"
	"errors"
	"io"
)

// ErrNotClean is told of a message that SMTP cannot carry unchanged: it holds a
// bare CR, a bare LF or a NUL, or its last line has no CRLF. Sending it would
// mean altering it, and another server might find another end in it (AT-01).
var ErrNotClean = errors.New("the message has lines that do not end in CRLF")

// Writer writes a message behind DATA: it stuffs the dots and writes the end
// (RFC 5321 4.5.2). Every other byte goes through as it is, in slices of what it
// was given. The zero Writer is not ready; use [NewWriter].
type Writer struct {
	to    io.Writer
	state dataState
	err   error
}

// NewWriter returns a Writer to w, which should be buffered: a stuffed dot is a
// write of its own.
func NewWriter(w io.Writer) *Writer { return &Writer{to: w} }

var stuffed = []byte(".")

// Write sends p. It fails with [ErrNotClean] before it would write a byte that
// makes the message unclean; nothing more can be written then, and the
// connection has to be dropped, since the message was begun.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if bytes.IndexByte(p, 0) >= 0 {
		w.err = ErrNotClean
		return 0, w.err
	}
	start, i := 0, 0
	for i < len(p) {
		if w.state == atStart && p[i] == '.' {
			if err := w.pass(p[start:i], stuffed); err != nil {
				return start, err
			}
			start = i
		}
		if w.state == afterCR {
			if p[i] != '\n' {
				w.err = ErrNotClean
				return start, w.err
			}
			w.state = atStart
			i++
			continue
		}
		rest := p[i:]
		end := bytes.IndexByte(rest, '\r')
		line := rest
		if end >= 0 {
			line = rest[:end]
		}
		if bytes.IndexByte(line, '\n') >= 0 {
			w.err = ErrNotClean
			return start, w.err
		}
		if end < 0 {
			w.state = inText
			break
		}
		w.state = afterCR
		i += end + 1
	}
	if err := w.pass(p[start:]); err != nil {
		return start, err
	}
	return len(p), nil
}

func (w *Writer) pass(slices ...[]byte) error {
	for _, b := range slices {
		if len(b) == 0 {
			continue
		}
		if _, err := w.to.Write(b); err != nil {
			w.err = err
			return err
		}
	}
	return nil
}

var endOfData = []byte(".\r\n")

// End writes the end of the message. It fails with [ErrNotClean], and writes
// nothing, when the last line has no CRLF: the receiver would get a CRLF more
// than the sender has. A message of no bytes may end.
func (w *Writer) End() error {
	if w.err != nil {
		return w.err
	}
	if w.state != atStart {
		w.err = ErrNotClean
		return w.err
	}
	if err := w.pass(endOfData); err != nil {
		return err
	}
	w.err = errors.New("the message has ended")
	return nil
}
