package export

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"rem"
)

// quoter writes a message in the quoting of mboxrd: a line of any number of ">"
// and "From " gets one ">" more. Nothing else is touched, line ends least of all.
type quoter struct {
	w    *bufio.Writer
	at   place
	n    int64 // octets written
	last byte  // of them
}

// place is where in a line a byte stands: among its first ">", so many octets
// into "From ", or past them.
type place int8

const inside place = -1 // the beginning of the line is known

const from = "From "

// next moves on by a byte and reports whether it completes "From ".
func (p *place) next(b byte) (complete bool) {
	switch {
	case b == '\n':
		*p = 0
	case *p == inside, *p == 0 && b == '>':
	case b != from[*p]:
		*p = inside
	case int(*p) == len(from)-1:
		*p = inside
		return true
	default:
		*p++
	}
	return false
}

func newQuoter(w io.Writer) *quoter { return &quoter{w: bufio.NewWriter(w)} }

// Write implements io.Writer. What may begin "From " is held back, as the place
// says, and a ">" more or less among several is the same wherever it stands.
func (q *quoter) Write(p []byte) (int, error) {
	for i, b := range p {
		held := q.at
		switch complete := q.at.next(b); {
		case complete:
			q.put(">" + from)
		case q.at > 0:
		default:
			if held > 0 {
				q.put(from[:held])
			}
			q.n++
			q.last = b
			if err := q.w.WriteByte(b); err != nil {
				return i, err
			}
		}
	}
	return len(p), nil
}

func (q *quoter) put(s string) {
	q.n += int64(len(s))
	q.last = s[len(s)-1]
	q.w.WriteString(s) // its error is the next one's
}

// Close writes what is held back.
func (q *quoter) Close() error {
	if q.at > 0 {
		q.put(from[:q.at])
	}
	return q.w.Flush()
}

// An unquoter reads what a quoter wrote.
type unquoter struct {
	r      io.ByteReader
	at     place
	quoted bool // a ">" of this line is held back
	held   []byte
}

// unquoted reads a message out of its span in a mailbox file.
func unquoted(r io.ByteReader) io.Reader { return &unquoter{r: r} }

// Read implements io.Reader.
func (u *unquoter) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(u.held) > 0 {
			k := copy(p[n:], u.held)
			u.held = u.held[k:]
			n += k
			continue
		}
		b, err := u.r.ReadByte()
		if err != nil {
			if u.held = u.rest(); err == io.EOF && len(u.held) > 0 {
				u.at, u.quoted = inside, false
				continue
			}
			return n, err
		}
		held := u.rest()
		first := u.at == 0 && b == '>' && !u.quoted
		switch complete := u.at.next(b); {
		case complete:
			u.held, u.quoted = []byte(from), false
		case first:
			u.quoted = true
		case u.at > 0 || u.at == 0 && b == '>':
			if b == '>' { // one is held back, and the others are as good
				p[n] = b
				n++
			}
		default:
			u.held, u.quoted = append(held, b), false
		}
	}
	return n, nil
}

// rest is what is held back.
func (u *unquoter) rest() []byte {
	var b []byte
	if u.quoted {
		b = append(b, '>')
	}
	if u.at > 0 {
		b = append(b, from[:u.at]...)
	}
	return b
}

// separator is the line before a message. The address is ASCII by its grammar.
func separator(sender string, at time.Time) string {
	if sender == "" {
		sender = "MAILER-DAEMON"
	}
	clean := make([]byte, 0, len(sender))
	for _, b := range []byte(sender) {
		if b > ' ' && b < 0x7f {
			clean = append(clean, b)
		}
	}
	return fmt.Sprintf("From %s %s\n", rem.FoldASCII(string(clean)), at.UTC().Format(time.ANSIC))
}
