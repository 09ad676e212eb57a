package smtp

import (
	"bytes"
	"fmt"
	"io"
)

// The bounds of a message where the configuration names none.
const (
	// DefaultMessageSize is 35 MB: 25 MB of attachments after base64.
	DefaultMessageSize = 35 << 20
	// DefaultTextLine bounds one line of a message, CRLF included. RFC 5321
	// 4.5.3.1.6 lets a client write 1,000 octets; many write more, and the
	// original has to be kept as it came, so only lines that no program for
	// mail writes are refused.
	DefaultTextLine = 64 << 10
)

// The answers to messages that were read to their end and are refused.
var (
	ErrBareCR      = &Reply{550, "5.6.11", "Message refused: it holds a CR without LF"}
	ErrBareLF      = &Reply{550, "5.6.11", "Message refused: it holds an LF without CR"}
	ErrNUL         = &Reply{550, "5.6.11", "Message refused: it holds a NUL"}
	ErrTooLarge    = &Reply{552, "5.3.4", "Message refused: it is larger than the SIZE offered"}
	ErrTextTooLong = &Reply{554, "5.6.0", "Message refused: a line is too long"}
)

// Data takes the bytes that follow DATA, finds their end, takes the stuffed
// dots out and hands the message on (RFC 5321 4.5.2). It keeps no bytes: what it
// hands to the writer are slices of what it was given.
//
// A Data belongs to one message; make one with [NewData].
type Data struct {
	to    io.Writer
	size  int64
	line  int64
	state dataState

	written int64 // octets handed on
	octets  int64 // octets taken, dots and end included
	inLine  int64 // octets of the present line so far
	fault   *Reply
	sinkErr error
}

type dataState uint8

const (
	atStart  dataState = iota // after CRLF, or at the very beginning
	atDot                     // after a dot at the start of a line
	atDotCR                   // after that and a CR
	inText                    // inside a line
	afterCR                   // after a CR inside a line
	finished                  // after CRLF "." CRLF
)

// NewData returns a Data that writes to w. A size or line of 0 stands for the
// default; size counts the octets of RFC 1870 4: CRLF counts, stuffed dots do not.
func NewData(w io.Writer, size, line int64) *Data {
	d := &Data{}
	d.Reset(w, size, line)
	return d
}

// Reset makes d ready for another message, as NewData does.
func (d *Data) Reset(w io.Writer, size, line int64) {
	if size <= 0 {
		size = DefaultMessageSize
	}
	if line <= 0 {
		line = DefaultTextLine
	}
	*d = Data{to: w, size: size, line: line}
}

// Take reads p and returns how many octets belonged to the message, its end
// included, and whether the end was among them. Until then all of p is taken.
// It never fails: what is wrong with the message, or with the writer, is told
// by [Data.Err] when the end has come, and the writer is left alone from then on.
func (d *Data) Take(p []byte) (n int, done bool) {
	start := 0 // what of p is still to be handed on begins here
	i := 0
	for i < len(p) {
		switch d.state {
		case atStart:
			if p[i] == '.' {
				d.emit(p[start:i])
				i++
				start = i
				d.state = atDot
				continue
			}
			i = d.text(p, i)
		case atDot:
			if p[i] == '\r' {
				d.state = atDotCR
				i++
				continue
			}
			// The dot is dropped whatever follows (RFC 5321 4.5.2).
			i = d.text(p, i)
		case atDotCR:
			if p[i] == '\n' {
				i++
				d.state = finished
				d.octets += int64(i)
				return i, true
			}
			d.blame(ErrBareCR)
			i = d.text(p, i)
		case inText:
			i = d.text(p, i)
		case afterCR:
			if p[i] == '\n' {
				i++
				d.endLine(1)
				continue
			}
			d.blame(ErrBareCR)
			i = d.text(p, i)
		case finished:
			return i, true
		}
	}
	// A dot, or a dot and CR, may be the end: they were never content.
	if d.state != atDotCR {
		d.emit(p[start:])
	}
	d.octets += int64(len(p))
	return len(p), false
}

// text goes on from p[i], which is inside a line, to behind its LF or to the
// end of p. It leaves the state that follows.
func (d *Data) text(p []byte, i int) int {
	rest := p[i:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		d.inLine += int64(len(rest))
		d.state = inText
		if last := len(rest) - 1; rest[last] == '\r' {
			d.state = afterCR
			rest = rest[:last]
		}
		if bytes.IndexByte(rest, '\r') >= 0 {
			d.blame(ErrBareCR)
		}
		return len(p)
	}
	cr := bytes.IndexByte(rest[:end], '\r')
	if cr >= 0 && cr == end-1 {
		d.endLine(int64(end) + 1)
		return i + end + 1
	}
	// The slow road of a message that is refused: some CR or LF is bare, and
	// the line goes on behind it unless the LF has its own CR.
	if cr >= 0 {
		d.blame(ErrBareCR)
	}
	if end > 0 && rest[end-1] == '\r' {
		d.endLine(int64(end) + 1)
		return i + end + 1
	}
	d.blame(ErrBareLF)
	d.inLine += int64(end) + 1
	d.state = inText
	return i + end + 1
}

func (d *Data) endLine(octets int64) {
	if d.inLine+octets > d.line {
		d.blame(ErrTextTooLong)
	}
	d.inLine = 0
	d.state = atStart
}

// blame keeps the first thing that is wrong.
func (d *Data) blame(r *Reply) {
	if d.fault == nil {
		d.fault = r
	}
}

// emit hands b on unless the message is lost already.
func (d *Data) emit(b []byte) {
	if len(b) == 0 || d.fault != nil || d.sinkErr != nil {
		return
	}
	if d.inLine > d.line {
		d.blame(ErrTextTooLong)
		return
	}
	if bytes.IndexByte(b, 0) >= 0 {
		d.blame(ErrNUL)
		return
	}
	if int64(len(b)) > d.size-d.written {
		d.blame(ErrTooLarge)
		return
	}
	n, err := d.to.Write(b)
	d.written += int64(n)
	switch {
	case err != nil:
		d.sinkErr = err
	case n != len(b):
		d.sinkErr = fmt.Errorf("writing a message: %w", io.ErrShortWrite)
	}
}

// Err tells why the message cannot be taken: a *[Reply] when its bytes are to
// blame, the writer's own error when that failed, nil when it is whole.
func (d *Data) Err() error {
	switch {
	case d.fault != nil:
		return d.fault
	case d.sinkErr != nil:
		return d.sinkErr
	case d.state != finished:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// Size returns the octets handed on, Octets those taken from the wire.
func (d *Data) Size() int64   { return d.written }
func (d *Data) Octets() int64 { return d.octets }
