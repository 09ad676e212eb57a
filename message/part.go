package message

import (
	"crypto/sha256"
	"fmt"
	"io"

	"rem"
)

// OriginalIn returns the original message of a record inside the content that
// holds it: the whole of it for our own sender, a part of the dispatch for
// another's.
func OriginalIn(whole Content, r *Record) Content {
	if r.From == 0 && r.Length == whole.Size() {
		return whole
	}
	return &part{io.NewSectionReader(whole, r.From, r.Length), r.Digest}
}

type part struct {
	*io.SectionReader
	digest rem.Digest
}

func (p *part) Digest() rem.Digest { return p.digest }

// Memory is a Content in memory.
type Memory struct {
	bytes  []byte
	digest rem.Digest
}

// InMemory makes a content of b, which nobody changes from now on.
func InMemory(b []byte) *Memory { return &Memory{b, sha256.Sum256(b)} }

// ReadAt implements io.ReaderAt.
func (m *Memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading at %d", off)
	}
	if off >= int64(len(m.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, m.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size returns the number of bytes.
func (m *Memory) Size() int64 { return int64(len(m.bytes)) }

// Digest returns the SHA-256 of the bytes.
func (m *Memory) Digest() rem.Digest { return m.digest }

// Bytes returns them; the caller does not change them.
func (m *Memory) Bytes() []byte { return m.bytes }
