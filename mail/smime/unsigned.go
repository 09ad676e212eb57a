package smime

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"

	"rem"
	"rem/mail/mime"
)

// An Unsigned is an original message that waits for its signature: what will be
// signed is laid out, and hashed where it lies. It is made by [Prepare] and may
// be used concurrently.
type Unsigned struct {
	header   []byte // complete fields, those of MIME aside
	entity   joined // fields of MIME, an empty line, the body
	boundary string
}

// Prepare takes an unsigned message apart: the fields of MIME go with the body
// into the part that is signed, the others stay before it, all byte for byte. The
// message is in CRLF form; its header has MIME-Version. The boundary is the
// caller's, random, and must not occur in the body. The error is ErrForm, or
// ErrSource.
func Prepare(src mime.Source, boundary string) (*Unsigned, error) {
	m, err := mime.Parse(src, mime.Options{})
	switch {
	case errors.Is(err, mime.ErrSyntax), errors.Is(err, mime.ErrLimit):
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	if t := m.Part.Type; t.Is("multipart/signed") || t.Is("application/pkcs7-mime") || isSignature(t.Type) {
		return nil, fmt.Errorf("%w: the message is signed already", ErrForm)
	}
	if boundary == "" || len(boundary) > 70 || strings.ContainsFunc(boundary, func(c rune) bool { return (c < '0' || '9' < c) && (c < 'a' || 'z' < c) }) {
		return nil, fmt.Errorf("%w: the boundary %q", ErrForm, boundary)
	}
	block, err := mime.Span{Start: m.Part.Whole.Start, End: m.Part.Body.Start}.Bytes(src, maxHeader)
	if err != nil {
		return nil, fmt.Errorf("%w: its header: %w", ErrForm, err)
	}
	u := &Unsigned{boundary: boundary}
	var fields []byte
	inner, version := false, false
	for line := range bytes.Lines(block) {
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return nil, fmt.Errorf("%w: a line of the header does not end in CRLF", ErrForm)
		}
		if len(line) == 2 { // the end of the header
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := bytes.Cut(line, []byte(":"))
			if !ok {
				return nil, fmt.Errorf("%w: a line of the header is no field", ErrForm)
			}
			folded := rem.FoldASCII(string(bytes.TrimRight(name, " \t")))
			inner = strings.HasPrefix(folded, "content-")
			if folded == "mime-version" {
				version = true
				continue // the new header has its own
			}
		}
		if inner {
			fields = append(fields, line...)
		} else {
			u.header = append(u.header, line...)
		}
	}
	if !version && len(fields) > 0 {
		return nil, fmt.Errorf("%w: fields of MIME without MIME-Version", ErrForm)
	}
	if len(fields) == 0 {
		fields = []byte("Content-Type: text/plain; charset=us-ascii\r\n")
	}
	u.entity = joined{memory(append(fields, "\r\n"...)), section{src, m.Part.Body}}
	return u, u.check()
}

const maxHeader = 1 << 20

// check goes once through the entity: other programs sign and verify in CRLF
// form, so that a lone CR or LF would be signed as one thing and read as another.
func (u *Unsigned) check() error {
	w := &lines{boundary: []byte("--" + u.boundary)}
	if _, err := io.Copy(w, u.entity.reader()); err != nil {
		if errors.Is(err, ErrForm) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	if w.cr {
		return fmt.Errorf("%w: a lone CR at the end", ErrForm)
	}
	return nil
}

// lines looks at bytes that pass.
type lines struct {
	boundary []byte
	tail     []byte // the end of what passed, as long as the boundary lacks a byte
	cr       bool
}

func (l *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if l.cr != (c == '\n') {
			return 0, fmt.Errorf("%w: a lone CR or LF", ErrForm)
		}
		l.cr = c == '\r'
	}
	l.tail = append(l.tail, p...)
	if bytes.Contains(l.tail, l.boundary) {
		return 0, fmt.Errorf("%w: the boundary occurs in it", ErrForm)
	}
	l.tail = append(l.tail[:0], l.tail[max(0, len(l.tail)-len(l.boundary)+1):]...)
	return len(p), nil
}

// Digest is that of the part that will be signed: what [rem/trust/cades.Remote]
// begins with.
func (u *Unsigned) Digest(h crypto.Hash) ([]byte, error) {
	sum := h.New()
	if _, err := io.Copy(sum, u.entity.reader()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	return sum.Sum(nil), nil
}

// Complete gives the message with its signature, detached and in DER, over the
// digest h of the part. Nothing of the body is copied: the result reads from the
// source that Prepare was given. The signature is not verified here.
func (u *Unsigned) Complete(h crypto.Hash, der []byte) (mime.Source, error) {
	if Micalg(h) == "" {
		return nil, fmt.Errorf("completing a message: no name is known for the digest %s", h)
	}
	before := mime.NewBuilder(make([]byte, 0, len(u.header)+512))
	before.Raw(u.header...)
	Before(before, u.boundary, Micalg(h))
	head, err := before.Bytes()
	if err != nil {
		return nil, fmt.Errorf("completing a message: %w", err)
	}
	after := mime.NewBuilder(make([]byte, 0, 2*len(der)+512))
	After(after, u.boundary, der)
	tail, err := after.Bytes()
	if err != nil {
		return nil, fmt.Errorf("completing a message: %w", err)
	}
	return append(append(joined{memory(head)}, u.entity...), memory(tail)), nil
}

// joined is several sources one after the other.
type joined []mime.Source

func memory(b []byte) mime.Source { return mime.Memory(b) }

func (j joined) Size() (n int64) {
	for _, s := range j {
		n += s.Size()
	}
	return n
}

func (j joined) reader() io.Reader { return io.NewSectionReader(j, 0, j.Size()) }

// ReadAt implements io.ReaderAt.
func (j joined) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("reading before the beginning")
	}
	for _, s := range j {
		size := s.Size()
		if off >= size {
			off -= size
			continue
		}
		want := min(int64(len(p)-n), size-off)
		got, err := s.ReadAt(p[n:n+int(want)], off)
		n += got
		if int64(got) < want {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
		if off = 0; n == len(p) {
			return n, nil
		}
	}
	return n, io.EOF
}

// section is a part of a source.
type section struct {
	src  mime.Source
	span mime.Span
}

func (s section) Size() int64 { return s.span.Len() }

// ReadAt implements io.ReaderAt.
func (s section) ReadAt(p []byte, off int64) (int, error) { return s.span.Reader(s.src).ReadAt(p, off) }
