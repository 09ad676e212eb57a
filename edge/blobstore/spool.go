package blobstore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"rem"
)

// errSealed is a write after the content was complete.
var errSealed = errors.New("the spool is complete")

// A Spool takes a content as it arrives: it is hashed on the way, stays in
// memory while it is small and goes to a file when it is not. It belongs to
// one goroutine until Seal; then it is a [Content], and reading is safe from
// many. Close frees it in any case.
type Spool struct {
	s       *Store
	borrow  *buffer
	buf     []byte // what is not in the file; the whole content while file is nil
	file    File
	token   string
	written int64 // octets in the file
	size    int64
	digest  rem.Digest
	sealed  bool
	placed  bool // the file has the name under which it is kept
	kept    bool // the file belongs to the store
	err     error
}

// A buffer is what a spool borrows: one of them is all the memory that a
// content takes, however large it is.
type buffer struct {
	hash  hash.Hash
	bytes []byte
}

func newBuffer() *buffer {
	return &buffer{sha256.New(), make([]byte, 0, SmallContent)}
}

var (
	_ io.Writer = (*Spool)(nil)
	_ Content   = (*Spool)(nil)
)

// Spool begins a content.
func (s *Store) Spool() *Spool {
	b := s.spools.Get().(*buffer)
	b.hash.Reset()
	return &Spool{s: s, borrow: b, buf: b.bytes[:0]}
}

// Write takes the next bytes. The first error stays.
func (p *Spool) Write(b []byte) (int, error) {
	if p.err == nil && p.sealed {
		p.err = errSealed
	}
	if p.err != nil {
		return 0, p.err
	}
	p.borrow.hash.Write(b)
	taken := 0
	for taken < len(b) {
		if len(p.buf) == cap(p.buf) {
			if p.err = p.flush(); p.err != nil {
				return taken, p.err
			}
		}
		n := min(len(b)-taken, cap(p.buf)-len(p.buf))
		p.buf = append(p.buf, b[taken:taken+n]...)
		taken += n
		p.size += int64(n)
	}
	return taken, nil
}

// flush moves the buffer into the file.
func (p *Spool) flush() error {
	if p.file == nil {
		if err := p.s.Admit(p.size); err != nil {
			return err
		}
		token, err := p.s.newToken()
		if err != nil {
			return err
		}
		if p.file, err = p.s.fs.Create(tmpDir + "/" + token); err != nil {
			return fmt.Errorf("receiving a content: %w", full(err))
		}
		p.token = token
	}
	if _, err := p.file.WriteAt(p.buf, p.written); err != nil {
		return fmt.Errorf("receiving a content: %w", full(err))
	}
	p.written += int64(len(p.buf))
	p.buf = p.buf[:0]
	return nil
}

// Seal says that the content is complete. Repeating it is harmless.
func (p *Spool) Seal() error {
	if p.sealed || p.err != nil {
		return p.err
	}
	if p.file != nil {
		if p.err = p.flush(); p.err != nil {
			return p.err
		}
	}
	p.borrow.hash.Sum(p.digest[:0])
	p.sealed = true
	return nil
}

// Size returns how many octets were written.
func (p *Spool) Size() int64 { return p.size }

// Digest returns the SHA-256 value of the sealed content.
func (p *Spool) Digest() rem.Digest { return p.digest }

// ReadAt reads the sealed content.
func (p *Spool) ReadAt(b []byte, off int64) (int, error) {
	switch {
	case p.err != nil:
		return 0, p.err
	case !p.sealed:
		return 0, errors.New("reading a spool that is not complete")
	case off < 0 || off >= p.size:
		return 0, io.EOF
	case p.file != nil:
		return p.file.ReadAt(b, off)
	}
	n := copy(b, p.buf[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// keep gives the file of a sealed content its place, durably, and returns its
// token. A second call returns the same.
func (p *Spool) keep() (string, error) {
	if p.kept {
		return p.token, nil
	}
	s := p.s
	folder := largeFolder(p.token)
	if err := s.fs.Mkdir(folder); err != nil {
		return "", fmt.Errorf("keeping a content: %w", full(err))
	}
	if _, known := s.folders.Load(folder); !known {
		if err := s.fs.SyncDir(largeDir); err != nil {
			return "", fmt.Errorf("keeping a content: %w", err)
		}
		s.folders.Store(folder, true)
	}
	// The name comes before the sync, so that one commit of the file system has
	// both and the folder's sync finds little to do. No record names the file yet.
	if err := s.fs.Rename(tmpDir+"/"+p.token, largeName(p.token)); err != nil {
		return "", fmt.Errorf("keeping a content: %w", full(err))
	}
	p.placed = true
	if err := p.file.Sync(); err != nil {
		p.err = fmt.Errorf("keeping a content: %w", full(err)) // never trusted again
		return "", p.err
	}
	s.stats.syncs.Add(1)
	if err := s.fs.SyncDir(folder); err != nil {
		return "", fmt.Errorf("keeping a content: %w", err)
	}
	s.stats.files.Add(1)
	p.kept = true
	return p.token, nil
}

// Close frees the spool, and drops the content unless it was appended.
func (p *Spool) Close() error {
	if p.borrow == nil {
		return nil
	}
	p.s.spools.Put(p.borrow)
	p.borrow, p.buf = nil, nil
	if p.err == nil {
		p.err = errSealed
	}
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	if p.kept {
		return err
	}
	name := tmpDir + "/" + p.token // where it cannot be removed now, the next Open does
	if p.placed {
		name = largeName(p.token) // no record names it
	}
	if e := p.s.fs.Remove(name); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}
