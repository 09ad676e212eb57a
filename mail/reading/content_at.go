package reading

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"

	"rem/mail/mime"
)

// errIrregular says that a body cannot be read from the middle.
var errIrregular = errors.New("the body's lines are not of one length")

// keep is how much of an irregular body is held in memory to be looked into.
const keep = 4 << 20

// contentAt gives the decoded content of a part of n bytes for reading at any
// place. Base64 in lines of one length, as all programs write it, is decoded where
// it lies; what is irregular is held in memory up to keep bytes.
func contentAt(src mime.Source, p *mime.Part, n int64) (io.ReaderAt, error) {
	switch p.Encoding {
	case "7bit", "8bit", "binary":
		if p.Body.Len() == n {
			return p.Body.Reader(src), nil
		}
	case "base64":
		if b := newLines(src, p.Body); b != nil {
			if b.check(n) {
				return b, nil
			}
		}
	}
	if n > keep {
		return nil, errIrregular
	}
	b, _, err := p.Bytes(src, int(n))
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(b), nil
}

// lines reads base64 in lines of width characters and a line end of end bytes.
type lines struct {
	src        *io.SectionReader
	width, end int64
	size       int64
}

func newLines(src mime.Source, body mime.Span) *lines {
	r := body.Reader(src)
	head := make([]byte, 1024)
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	i := bytes.IndexByte(head, '\n')
	if i < 0 {
		return &lines{src: r, width: body.Len() + 1}
	}
	end := int64(1)
	if i > 0 && head[i-1] == '\r' {
		i, end = i-1, 2
	}
	if i == 0 || i%4 != 0 {
		return nil
	}
	return &lines{src: r, width: int64(i), end: end}
}

// check reads the body once, and reports whether its content has n bytes.
func (l *lines) check(n int64) bool {
	l.size = n
	total := (n + 2) / 3 * 4
	raw := l.src.Size()
	want := total + (total-1)/l.width*l.end
	if total == 0 || raw < want || raw > want+l.end {
		return false
	}
	buf := make([]byte, 32<<10)
	at := int64(0)
	for at < want {
		k, err := l.src.ReadAt(buf[:min(int64(len(buf)), want-at)], at)
		if k == 0 {
			return err == nil
		}
		for _, c := range buf[:k] {
			in := at % (l.width + l.end)
			at++
			if in >= l.width {
				if c != '\r' && c != '\n' {
					return false
				}
				continue
			}
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=' && at > want-3:
			default:
				return false
			}
		}
	}
	return true
}

// ReadAt implements io.ReaderAt.
func (l *lines) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		if off >= l.size {
			return done, io.EOF
		}
		// A run of whole groups of four characters, at most a few kilobytes.
		group := off / 3
		count := min((int64(len(p)-done)+off%3+2)/3, 1024, (l.size+2)/3-group)
		first, last := group*4, (group+count)*4 // characters
		from, to := first+first/l.width*l.end, last+(last-1)/l.width*l.end
		raw := make([]byte, to-from)
		if n, err := l.src.ReadAt(raw, from); n < len(raw) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
		chars := raw[:0]
		for _, c := range raw {
			if c != '\r' && c != '\n' {
				chars = append(chars, c)
			}
		}
		out := make([]byte, base64.StdEncoding.DecodedLen(len(chars)))
		n, err := base64.StdEncoding.Decode(out, chars)
		if err != nil {
			return done, errIrregular
		}
		out = out[min(off%3, int64(n)):n]
		k := copy(p[done:], out)
		if k == 0 {
			return done, io.EOF
		}
		done += k
		off += int64(k)
	}
	return done, nil
}
