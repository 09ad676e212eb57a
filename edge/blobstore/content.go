package blobstore

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"sync"

	"rem"
)

// memory is a content that was read whole.
type memory struct {
	bytes.Reader
	digest rem.Digest
}

func (m *memory) Digest() rem.Digest { return m.digest }

// lent is a content that was read for whoever opened it: nothing else is held by it,
// as a slab of many is by what was written a moment ago.
type lent struct {
	memory
	b []byte
}

// Bytes gives the whole content without a copy. It must not be changed.
func (l *lent) Bytes() []byte { return l.b }

// NewContent makes a content of bytes, which must not change any more.
func NewContent(b []byte) Content { return &memory{*bytes.NewReader(b), rem.DigestOf(b)} }

// large is a content in a file of its own. It holds no file open between reads.
type large struct {
	s      *Store
	ref    Ref
	digest rem.Digest
}

func (l *large) Size() int64 { return l.ref.Size() }

func (l *large) Digest() rem.Digest { return l.digest }

func (l *large) ReadAt(p []byte, off int64) (int, error) {
	size := l.Size()
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	short := int64(len(p)) > size-off
	if short {
		p = p[:size-off]
	}
	f, err := l.s.files.get(largeName(l.ref.file))
	if err != nil {
		return 0, l.s.missing(largeName(l.ref.file), err)
	}
	defer f.release()
	n, err := f.ReadAt(p, l.ref.from+off)
	if err == io.EOF && n == len(p) {
		err = nil
	}
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// chunk is what is read at once when a large content is hashed or copied.
const chunk = 64 << 10

func digestOf(r io.Reader) (rem.Digest, error) {
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{r}, make([]byte, chunk)); err != nil {
		return rem.Digest{}, err
	}
	return rem.Digest(h.Sum(nil)), nil
}

// maxHandles bounds the files that are kept open for reading.
const maxHandles = 64

// handles keeps files open for reading, each closed when nobody uses it any
// more and others took its place.
type handles struct {
	fs FS

	mu    sync.Mutex
	open  map[string]*handle // guarded by mu
	clock uint64             // guarded by mu
}

type handle struct {
	File
	owner *handles
	users int    // guarded by owner.mu
	used  uint64 // guarded by owner.mu
	gone  bool   // guarded by owner.mu; no longer in open
}

func (h *handles) get(name string) (*handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	if f := h.open[name]; f != nil {
		f.users++
		f.used = h.clock
		return f, nil
	}
	file, err := h.fs.Open(name)
	if err != nil {
		return nil, err
	}
	if h.open == nil {
		h.open = make(map[string]*handle)
	}
	for len(h.open) >= maxHandles {
		var oldest string
		for n, f := range h.open {
			if oldest == "" || f.used < h.open[oldest].used {
				oldest = n
			}
		}
		h.drop(oldest)
	}
	f := &handle{File: file, owner: h, users: 1, used: h.clock}
	h.open[name] = f
	return f, nil
}

// drop takes a file out; the caller holds mu.
func (h *handles) drop(name string) {
	f := h.open[name]
	if f == nil {
		return
	}
	delete(h.open, name)
	f.gone = true
	if f.users == 0 {
		_ = f.Close() // read only: nothing can be lost
	}
}

func (h *handles) forget(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(name)
}

func (h *handles) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	for name, f := range h.open {
		delete(h.open, name)
		f.gone = true
		if f.users == 0 {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func (f *handle) release() {
	f.owner.mu.Lock()
	defer f.owner.mu.Unlock()
	f.users--
	if f.gone && f.users == 0 {
		_ = f.Close()
	}
}
