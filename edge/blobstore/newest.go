package blobstore

import (
	"fmt"
	"slices"
	"sync"

	"rem"
)

const (
	// newestSize bounds what is kept in memory of the records written last:
	// most contents are read again within a second of being written, and at
	// full load this is about that second. The collector lets the heap grow to
	// a multiple of it, so it is not larger.
	newestSize = 16 << 20
	// slabSize is how much memory is taken at once. Whoever holds one content
	// holds its slab, so it is not much more than one.
	slabSize = 256 << 10
)

// newest is the end of the journal as it was written, in memory. A content in
// it needs no disk and no second hash: its bytes are those that were hashed and
// written by this process. What an earlier process wrote is not in it.
type newest struct {
	mu    sync.RWMutex
	slabs []slab // guarded by mu, in the order of the journal
	size  int64  // guarded by mu: octets in slabs
}

// A slab is whole records that stand one behind the other in a segment. What
// is in it never changes, and its memory is never used again for others: readers
// hold parts of it.
type slab struct {
	segment, salt uint64
	from          int64
	b             []byte
}

// add takes records in that were written at an offset. The bytes must not
// change any more.
func (n *newest) add(at segment, from int64, b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.size += int64(len(b))
	if i := len(n.slabs) - 1; i >= 0 && n.slabs[i].continues(at.number, from, b) {
		n.slabs[i].b = n.slabs[i].b[:len(n.slabs[i].b)+len(b)]
	} else {
		n.slabs = append(n.slabs, slab{at.number, at.salt, from, b})
	}
	drop := 0
	for ; n.size > newestSize && drop < len(n.slabs)-1; drop++ {
		n.size -= int64(len(n.slabs[drop].b))
	}
	n.slabs = slices.Delete(n.slabs, 0, drop)
}

// continues reports whether b stands behind s, in the journal and in memory.
func (s *slab) continues(segment uint64, from int64, b []byte) bool {
	n := len(s.b)
	return len(b) > 0 && s.segment == segment && s.from+int64(n) == from && cap(s.b)-n >= len(b) && &s.b[:n+1][n] == &b[0]
}

// find returns the index of the slab in which a position is, or -1. The caller
// holds mu.
func (n *newest) find(segment uint64, offset int64) int {
	i, exact := slices.BinarySearchFunc(n.slabs, Position{segment, offset}, func(s slab, p Position) int {
		switch at := (Position{s.segment, s.from}); {
		case at == p:
			return 0
		case at.Before(p):
			return -1
		}
		return 1
	})
	if !exact {
		i--
	}
	if i < 0 || n.slabs[i].segment != segment || offset-n.slabs[i].from >= int64(len(n.slabs[i].b)) {
		return -1
	}
	return i
}

// get returns the content of a record that is still here, nil otherwise. That
// the reference means this record is seen by its header: offset, length and
// digest are those under which the content was written.
func (n *newest) get(ref Ref) []byte {
	n.mu.RLock()
	defer n.mu.RUnlock()
	offset := ref.offset - frameSize
	i := n.find(ref.segment, offset)
	if i < 0 {
		return nil
	}
	s := &n.slabs[i]
	b := s.b[offset-s.from:]
	fr, err := parseFrame(b, s.salt, s.segment, offset)
	if err != nil || fr.flags != 0 || fr.content != ref.size || fr.digest != ref.digest || int64(len(b)) < frameSize+ref.size {
		return nil
	}
	return b[frameSize : frameSize+ref.size : frameSize+ref.size]
}

// forget drops the memory in which a record stands.
func (n *newest) forget(ref Ref) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := n.find(ref.segment, ref.offset-frameSize); i >= 0 {
		n.size -= int64(len(n.slabs[i].b))
		n.slabs = slices.Delete(n.slabs, i, i+1)
	}
}

// clear drops everything.
func (n *newest) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.slabs)
	n.slabs, n.size = nil, 0
}

// CheckMemory hashes what is kept in memory of the newest contents and compares
// it with the digests under which it was written. A difference means that a
// caller changed bytes which were only lent to him.
func (s *Store) CheckMemory() error {
	s.newest.mu.RLock()
	slabs := slices.Clone(s.newest.slabs)
	s.newest.mu.RUnlock()
	for _, m := range slabs {
		for at := m.from; at < m.from+int64(len(m.b)); {
			b := m.b[at-m.from:]
			fr, err := parseFrame(b, m.salt, m.segment, at)
			if err != nil {
				return fmt.Errorf("checking memory of %s at %d: %w", segmentName(m.segment), at, err)
			}
			if fr.flags == 0 && rem.DigestOf(b[frameSize:frameSize+fr.content]) != fr.digest {
				return fmt.Errorf("checking memory of %s at %d: %w", segmentName(m.segment), at, ErrCorrupt)
			}
			at = fr.end()
		}
	}
	return nil
}
