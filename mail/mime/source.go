package mime

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// A Source is a message that lies somewhere, with its CRLF line ends. It does
// not change while it is read. *bytes.Reader and *io.SectionReader are Sources.
type Source interface {
	io.ReaderAt
	// Size returns the number of bytes.
	Size() int64
}

// Memory is a Source in memory. Reading from it copies nothing, so what is
// returned shares its bytes.
type Memory []byte

// ReadAt implements io.ReaderAt.
func (m Memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size implements Source.
func (m Memory) Size() int64 { return int64(len(m)) }

// A Span is a range of bytes of a Source: Start is in it, End is not. The zero
// Span is none.
type Span struct{ Start, End int64 }

// Len returns the number of bytes.
func (s Span) Len() int64 { return s.End - s.Start }

// IsZero reports whether the span is none at all.
func (s Span) IsZero() bool { return s == Span{} }

// Reader returns a reader of the span, which may be read again and by ranges:
// it is a Source too.
func (s Span) Reader(src Source) *io.SectionReader {
	return io.NewSectionReader(src, s.Start, s.Len())
}

// Bytes returns the bytes of the span, which are at most limit. Those of a
// Memory are shared with it.
func (s Span) Bytes(src Source, limit int) ([]byte, error) {
	if err := s.inside(src); err != nil {
		return nil, err
	}
	if s.Len() > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes where %d are allowed", ErrLimit, s.Len(), limit)
	}
	if m, ok := src.(Memory); ok {
		return m[s.Start:s.End:s.End], nil
	}
	return s.into(make([]byte, s.Len()), src)
}

func (s Span) inside(src Source) error {
	if s.Start < 0 || s.End < s.Start || s.End > src.Size() {
		return fmt.Errorf("reading bytes %d to %d of %d: outside", s.Start, s.End, src.Size())
	}
	return nil
}

// into reads the bytes of the span into b, which is large enough.
func (s Span) into(b []byte, src Source) ([]byte, error) {
	b = b[:s.Len()]
	if n, err := src.ReadAt(b, s.Start); n < len(b) {
		return nil, fmt.Errorf("reading %d bytes at %d: %w", len(b), s.Start, err)
	}
	return b, nil
}

// Copy writes the bytes of the span to dst. Those of a Memory are written at
// once and not copied.
func (s Span) Copy(dst io.Writer, src Source) error {
	if err := s.inside(src); err != nil {
		return err
	}
	if m, ok := src.(Memory); ok {
		_, err := dst.Write(m[s.Start:s.End])
		return err
	}
	if s.Len() == 0 {
		return nil
	}
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	for pos := s.Start; pos < s.End; {
		b := room[:min(windowSize, s.End-pos)]
		if n, err := src.ReadAt(b, pos); n < len(b) {
			return fmt.Errorf("reading %d bytes at %d: %w", len(b), pos, err)
		}
		if _, err := dst.Write(b); err != nil {
			return err
		}
		pos += int64(len(b))
	}
	return nil
}

// Append appends the bytes of the span to dst.
func (s Span) Append(dst []byte, src Source) ([]byte, error) {
	if err := s.inside(src); err != nil {
		return dst, err
	}
	n := len(dst)
	dst = slices.Grow(dst, int(s.Len()))
	if _, err := s.into(dst[n:cap(dst)], src); err != nil {
		return dst, err
	}
	return dst[:n+int(s.Len())], nil
}

// windowSize is how much of a large message is in memory while it is read.
const windowSize = 64 << 10

// A room is lent to who looks through a message. Nothing that is returned to
// a caller lies in it.
type room [windowSize]byte

var rooms = sync.Pool{New: func() any { return new(room) }}

// look is the least that a window holds ahead of a position: more than any
// boundary line that is recognised.
const look = 512

// A window shows a Source piece by piece; a Memory is one piece. It is closed
// when nobody looks through it any more.
type window struct {
	src  Source
	size int64
	buf  []byte
	base int64 // where buf[0] lies in src
	room *room // where buf lies, unless that is a Memory
}

func newWindow(src Source) window {
	if m, ok := src.(Memory); ok {
		return window{src: src, size: int64(len(m)), buf: m}
	}
	return window{src: src, size: src.Size()}
}

func (w *window) close() {
	if w.room != nil {
		rooms.Put(w.room)
		w.room, w.buf = nil, nil
	}
}

// from returns bytes from off on: at least look of them, or all to the end.
func (w *window) from(off int64) ([]byte, error) {
	have := w.base + int64(len(w.buf))
	if off >= w.base && off <= have && (have-off >= look || have == w.size) {
		return w.buf[off-w.base:], nil
	}
	if w.room == nil {
		w.room = rooms.Get().(*room)
	}
	n, err := w.src.ReadAt(w.room[:min(windowSize, w.size-off)], off)
	w.base, w.buf = off, w.room[:n]
	if int64(n) < look && off+int64(n) < w.size {
		return nil, fmt.Errorf("reading the message at %d: %w", off, err)
	}
	return w.buf, nil
}

// text returns the bytes of the span, which are at most limit, as a text.
func (w *window) text(s Span, limit int, t *texts) (string, error) {
	if w.base <= s.Start && s.Start <= s.End && s.End <= w.base+int64(len(w.buf)) && s.Len() <= int64(limit) {
		return t.of(w.buf[s.Start-w.base : s.End-w.base]), nil
	}
	b, err := s.Bytes(w.src, limit)
	return string(b), err
}

// texts puts small texts together. A nil one makes each alone.
type texts struct{ strings.Builder }

const (
	smallText = 512
	manyTexts = 1024
)

func (t *texts) of(b []byte) string {
	if t == nil || len(b) > smallText {
		return string(b)
	}
	start := t.room(len(b))
	t.Write(b)
	return t.String()[start:]
}

// without gives s without the CRLFs in it.
func (t *texts) without(s string) string {
	if len(s) > smallText {
		return strings.ReplaceAll(s, "\r\n", "")
	}
	start := t.room(len(s))
	for {
		line, rest, more := strings.Cut(s, "\r\n")
		t.WriteString(line)
		if !more {
			return t.String()[start:]
		}
		s = rest
	}
}

// room makes room for n bytes, and tells where they begin.
func (t *texts) room(n int) int {
	if t.Cap()-t.Len() < n {
		t.Reset()
		t.Grow(manyTexts)
	}
	return t.Len()
}

// lineEnd returns where the line that begins at off ends, its LF included, or
// the end of the source. It does not look further than limit bytes; over says
// that the line goes on there.
func (w *window) lineEnd(off, limit int64) (end int64, over bool, err error) {
	for pos := off; pos < w.size; {
		b, err := w.from(pos)
		if err != nil {
			return 0, false, err
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			end = pos + int64(i) + 1
			return end, end-off > limit, nil
		}
		pos += int64(len(b))
		if pos-off > limit {
			return pos, true, nil
		}
	}
	return w.size, false, nil
}

// A slab makes many small slices out of few. A nil slab makes each alone.
type slab[T any] struct {
	room []T
	next int // the least that is made at once
}

// take returns an empty slice with room for n.
func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if s == nil {
		return make([]T, 0, n)
	}
	if len(s.room) < n {
		s.room = make([]T, max(n, s.next))
	}
	out := s.room[:0:n]
	s.room = s.room[n:]
	return out
}
