package blobstore

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strconv"

	"rem"
)

// A segment is a file of records as this process knows it.
type segment struct {
	number uint64
	salt   uint64
	end    int64 // after the last good record
}

// segment finds one by its number.
func (s *Store) segment(number uint64) (segment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := slices.BinarySearchFunc(s.segments, number, func(seg segment, n uint64) int {
		switch {
		case seg.number < n:
			return -1
		case seg.number > n:
			return 1
		}
		return 0
	})
	if !ok {
		return segment{}, false
	}
	return s.segments[i], true
}

// findSegments follows the chain from the newest segment back. A file that no
// later segment names was never more than begun: it holds nothing answered.
func (s *Store) findSegments() error {
	names, err := s.fs.List(segmentDir)
	if err != nil {
		return err
	}
	var numbers []uint64
	for _, name := range names {
		n, err := strconv.ParseUint(name, 10, 64)
		if err != nil || n == 0 || segmentName(n) != segmentDir+"/"+name {
			return fmt.Errorf("a file that is not ours among the segments: %q", name)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	s.writer.next = 1
	if n := len(numbers); n > 0 {
		s.writer.next = numbers[n-1] + 1
	}

	var found []segment
	newest := true // no later segment has fixed the end of the one we look at
	var want segment
	for len(numbers) > 0 {
		n := numbers[len(numbers)-1]
		numbers = numbers[:len(numbers)-1]
		if !newest && n > want.number {
			continue // begun and left
		}
		if !newest && n < want.number {
			s.missing(segmentName(want.number), fs.ErrNotExist)
			newest = true
		}
		h, err := s.readHeader(n)
		seg := segment{number: n, salt: h.salt, end: want.end}
		switch {
		case err != nil && !errors.Is(err, errBadFrame):
			return err
		case err != nil && newest:
			// Without its salt nothing in it can be told from a stranger's
			// bytes. It is passed over when nothing stands behind the header.
			if err := s.passOver(n); err != nil {
				return err
			}
			continue
		case err != nil:
			s.damaged(segmentName(n), 0, headerSize, nil)
			seg.salt = want.salt
			found = append(found, seg)
			newest = true
			continue
		case newest:
			if seg.end, err = s.findEnd(seg); err != nil {
				return err
			}
			if seg.end == headerSize {
				continue // begun, perhaps without a durable name, and empty
			}
		}
		found = append(found, seg)
		if h.prior == 0 {
			break
		}
		newest = false
		want = segment{number: h.prior, salt: h.priorSalt, end: h.priorEnd}
	}
	slices.Reverse(found)
	s.segments = found
	s.recovered.Segments = len(found)
	return nil
}

func (s *Store) readHeader(number uint64) (segmentHeader, error) {
	f, err := s.fs.Open(segmentName(number))
	if err != nil {
		return segmentHeader{}, err
	}
	b := make([]byte, headerSize)
	_, err = f.ReadAt(b, 0)
	if err := errors.Join(ignoreEOF(err), f.Close()); err != nil {
		return segmentHeader{}, err
	}
	return parseSegmentHeader(b, number)
}

// passOver leaves a segment without a header out, loudly if it holds anything.
func (s *Store) passOver(number uint64) error {
	f, err := s.fs.Open(segmentName(number))
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, chunk)
	n, err := f.ReadAt(b, headerSize)
	if ignoreEOF(err) != nil {
		return err
	}
	if bytes.Count(b[:n], []byte{0}) != n {
		s.damaged(segmentName(number), 0, 0, nil)
	}
	return nil
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// findEnd finds where the good records of the newest segment end. The last
// commit may be torn anywhere, since a disk writes its sectors in any order;
// nothing of a torn commit was answered.
func (s *Store) findEnd(seg segment) (int64, error) {
	f, err := s.fs.Open(segmentName(seg.number))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	seg.end = size
	var last []frame // those of the last commit
	end, err := s.walk(f, seg, headerSize, true, func(fr frame, _ []byte) error {
		if len(last) > 0 && last[0].commit != fr.commit {
			last = last[:0]
		}
		last = append(last, fr)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, fr := range last {
		whole, err := readWhole(f, fr)
		if err != nil {
			return 0, err
		}
		if !whole {
			end = fr.offset // what stands behind it was not answered either
			break
		}
	}
	if len(last) > 0 && last[0].offset < end && !s.options.ReadOnly {
		if err := s.affirm(seg, last[0].offset, end); err != nil {
			return 0, err
		}
	}
	b := make([]byte, chunk)
	for off := end; off < size; off += chunk {
		n, err := f.ReadAt(b[:min(chunk, size-off)], off)
		if ignoreEOF(err) != nil {
			return 0, err
		}
		if n -= bytes.Count(b[:n], []byte{0}); n > 0 {
			s.recovered.Torn += int64(n)
		}
	}
	return end, nil
}

// affirm writes the last commit once more and syncs it. We may be reading it
// from the memory of the system, after a sync that failed or was never asked
// for; the pages count as clean then, and only a new write brings them out.
func (s *Store) affirm(seg segment, from, to int64) error {
	f, err := s.fs.Update(segmentName(seg.number))
	if err != nil {
		return err
	}
	b := make([]byte, to-from)
	if _, err = f.ReadAt(b, from); ignoreEOF(err) == nil {
		_, err = f.WriteAt(b, from)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// readWhole reports whether the content of a record is as it was written.
func readWhole(f File, fr frame) (bool, error) {
	b := make([]byte, fr.stored())
	if _, err := f.ReadAt(b, fr.offset+frameSize); ignoreEOF(err) != nil {
		return false, err
	}
	if fr.flags&flagFile != 0 {
		return isToken(string(b)) || erased(b), nil
	}
	return rem.DigestOf(b) == fr.digest || erased(b), nil
}

// walk visits the good records from an offset up to seg.end and returns where
// it stopped. In a segment whose end is open, the first record that is not
// whole is the torn end unless a later commit stands behind it: a commit is
// written only when the one before was synced. Everything else that cannot be
// read is damage: it is set aside and passed over.
func (s *Store) walk(f File, seg segment, from int64, open bool, visit func(frame, []byte) error) (int64, error) {
	window := &window{f: f}
	off := from
	for off < seg.end {
		fr, meta, err := window.record(seg, off)
		if err == nil {
			if err := visit(fr, meta); err != nil {
				return off, err
			}
			off = fr.end()
			continue
		}
		if !errors.Is(err, errBadFrame) {
			return off, err
		}
		next, proven, err := s.resync(f, seg, off)
		if err != nil {
			return off, err
		}
		if open && !proven {
			return off, nil
		}
		s.damaged(segmentName(seg.number), off, next-off, window.copy(off, next))
		off = next
	}
	return off, nil
}

// resync finds the next whole record header after a bad place, or seg.end, and
// whether a record of a later commit stands anywhere behind it.
func (s *Store) resync(f File, seg segment, bad int64) (next int64, proven bool, err error) {
	next = seg.end
	b := make([]byte, 1<<20)
	for at := align(bad + 1); at+frameSize <= seg.end; at += int64(len(b)) - frameSize {
		n, err := f.ReadAt(b[:min(int64(len(b)), seg.end-at)], at)
		if ignoreEOF(err) != nil {
			return 0, false, err
		}
		for i := 0; ; i++ {
			j := bytes.Index(b[i:n], []byte(magic))
			if j < 0 {
				break
			}
			i += j
			if i%alignment != 0 || i+frameSize > n {
				continue
			}
			fr, err := parseFrame(b[i:n], seg.salt, seg.number, at+int64(i))
			if err != nil {
				continue
			}
			next = min(next, fr.offset)
			if fr.commit > bad {
				return next, true, nil
			}
		}
	}
	return next, false, nil
}

// A window reads a segment forward, many records a read.
type window struct {
	f    File
	b    []byte
	from int64
}

// bytes returns n octets at off, fewer at the end of the file. They are valid
// until the next call.
func (w *window) bytes(off, n int64) ([]byte, error) {
	if off < w.from || off+n > w.from+int64(len(w.b)) {
		size := max(n, 256<<10)
		if int64(cap(w.b)) < size {
			w.b = make([]byte, size)
		}
		got, err := w.f.ReadAt(w.b[:size], off)
		if ignoreEOF(err) != nil {
			w.b = w.b[:0]
			return nil, err
		}
		w.b, w.from = w.b[:got], off
	}
	b := w.b[off-w.from:]
	return b[:min(n, int64(len(b)))], nil
}

// record reads the header and the meaning of the record at off.
func (w *window) record(seg segment, off int64) (frame, []byte, error) {
	b, err := w.bytes(off, frameSize)
	if err != nil {
		return frame{}, nil, err
	}
	fr, err := parseFrame(b, seg.salt, seg.number, off)
	if err != nil {
		return frame{}, nil, err
	}
	if fr.end() > seg.end {
		return frame{}, nil, fmt.Errorf("%w: longer than the segment", errBadFrame)
	}
	meta, err := w.bytes(off+frameSize+fr.stored(), fr.meta)
	if err != nil {
		return frame{}, nil, err
	}
	if int64(len(meta)) < fr.meta || crc32.Checksum(meta, castagnoli) != fr.metaChecksum && !erased(meta) {
		return frame{}, nil, fmt.Errorf("%w: wrong checksum", errBadFrame)
	}
	return fr, meta, nil
}

// copy returns what stands between two offsets, for the copy set aside; nil
// when it is too long or cannot be read.
func (w *window) copy(from, to int64) []byte {
	if to-from > maxCommit {
		to = from + maxCommit
	}
	b, err := w.bytes(from, to-from)
	if err != nil {
		return nil
	}
	return bytes.Clone(b)
}

// An Entry is a record as Replay gives it back.
type Entry struct {
	Kind     byte
	Meta     []byte // valid during the call
	Ref      Ref    // zero where the record has no content
	At, Next Position
}

// Replay visits the records from a position on, in order, up to the last one
// that was durable when it began. Destroyed records are left out. A damaged one
// is set aside, alarmed and passed over, and ErrCorrupt is returned after the
// last was visited. An error of fn ends the replay and is returned as it is.
func (s *Store) Replay(from Position, fn func(Entry) error) error {
	s.mu.Lock()
	segments := slices.Clone(s.segments)
	s.mu.Unlock()
	damage := s.stats.corrupt.Load()
	for _, seg := range segments {
		if seg.number < from.Segment {
			continue
		}
		start := int64(headerSize)
		if seg.number == from.Segment {
			start = max(start, from.Offset)
		}
		if err := s.replaySegment(seg, start, fn); err != nil {
			return err
		}
	}
	if s.stats.corrupt.Load() != damage {
		return fmt.Errorf("replaying records: %w", ErrCorrupt)
	}
	return nil
}

func (s *Store) replaySegment(seg segment, start int64, fn func(Entry) error) error {
	f, err := s.fs.Open(segmentName(seg.number))
	if err != nil {
		return s.missing(segmentName(seg.number), err)
	}
	defer f.Close()
	_, err = s.walk(f, seg, start, false, func(fr frame, meta []byte) error {
		if len(meta) > 0 && erased(meta) {
			return nil
		}
		e := Entry{Kind: fr.kind, Meta: meta, At: Position{seg.number, fr.offset}, Next: Position{seg.number, fr.end()}}
		switch {
		case fr.flags&flagFile != 0:
			token := make([]byte, tokenLength)
			if _, err := f.ReadAt(token, fr.offset+frameSize); err != nil {
				return fmt.Errorf("reading a record: %w", err)
			}
			if !isToken(string(token)) {
				s.damaged(segmentName(seg.number), fr.offset, fr.end()-fr.offset, token)
				return nil
			}
			e.Ref = Ref{file: string(token), size: fr.content, digest: fr.digest}
		case fr.content > 0 || fr.digest != emptyDigest:
			e.Ref = Ref{segment: seg.number, offset: fr.offset + frameSize, size: fr.content, digest: fr.digest}
		}
		return fn(e)
	})
	return err
}

// emptyDigest is that of a record without content.
var emptyDigest = rem.DigestOf(nil)
