package blobstore

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io/fs"
	"time"
)

// abandon leaves a segment after a failed write or sync. The system may have
// dropped the pages and call them written at the next sync, so the segment
// ends at its last synced record and is not touched again.
func (s *Store) abandon(err error) {
	_ = s.writer.file.Close()
	s.writer.file, s.writer.reserve, s.writer.oldest = nil, false, time.Time{}
	s.newest.clear() // nobody knows which of it is on the disk
	s.settle(err)
}

// leave ends the current segment, which holds good records only.
func (s *Store) leave() {
	w := &s.writer
	if !s.sync() {
		return
	}
	_ = w.file.Truncate(w.at.end) // gives blocks back; the next segment fixes the end
	_ = w.file.Close()
	w.file, w.reserve = nil, false
}

// begin makes the next segment. Records go into it only when its header and
// its name are durable, so a segment without a header holds none.
func (s *Store) begin() error {
	number := s.writer.next
	s.writer.next++ // a number is never tried twice: the first try may have left something
	name := segmentName(number)
	f, err := s.fs.Create(name)
	if err != nil {
		return full(err)
	}
	if err := f.Allocate(s.options.Segment); err != nil {
		_ = f.Close()
		_ = s.fs.Remove(name) // else it is found without a header and passed over
		return full(err)
	}
	if err := s.enter(f, number); err != nil {
		return full(err)
	}
	s.writer.reserve = false
	s.keepReserve()
	return nil
}

// beginReserve makes the reserve the next segment when something in the batch
// is owed; cause is what kept us from an ordinary one.
func (s *Store) beginReserve(batch []*request, cause error) error {
	owed := false
	for _, r := range batch {
		owed = owed || r.promised
	}
	if !owed {
		return cause
	}
	number := s.writer.next
	s.writer.next++
	if err := s.fs.Rename(reserve, segmentName(number)); err != nil {
		return errors.Join(cause, err)
	}
	f, err := s.fs.Update(segmentName(number))
	if err != nil {
		return errors.Join(cause, err)
	}
	if err := s.fs.SyncDir("."); err != nil {
		_ = f.Close()
		return errors.Join(cause, err)
	}
	if err := s.enter(f, number); err != nil {
		return errors.Join(cause, err)
	}
	s.writer.reserve = true
	return nil
}

// enter writes the header of an allocated segment and makes it the current one.
func (s *Store) enter(f File, number uint64) error {
	var salt [8]byte
	rand.Read(salt[:])
	h := segmentHeader{number: number, salt: binary.BigEndian.Uint64(salt[:])}
	s.mu.Lock()
	if n := len(s.segments); n > 0 {
		last := s.segments[n-1]
		h.prior, h.priorEnd, h.priorSalt = last.number, last.end, last.salt
	}
	s.mu.Unlock()
	_, err := f.WriteAt(h.encode(), 0)
	if err == nil {
		err = f.Sync()
		s.stats.syncs.Add(1)
	}
	if err == nil {
		err = s.fs.SyncDir(segmentDir)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	w := &s.writer
	w.file, w.size = f, s.options.Segment
	w.at = segment{number: number, end: headerSize, salt: h.salt}
	w.end, w.zeroed = headerSize, headerSize
	s.mu.Lock()
	s.segments = append(s.segments, w.at)
	s.mu.Unlock()
	return nil
}

// checkReserve drops a reserve that was not allocated to its end.
func (s *Store) checkReserve() error {
	f, err := s.fs.Open(reserve)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if size != s.options.Segment {
		return s.fs.Remove(reserve)
	}
	return nil
}

// keepReserve holds a segment back for the day when the disk is full. That it
// could not is no reason to stop: Admit refuses earlier.
func (s *Store) keepReserve() {
	if s.Admit(s.options.Segment) != nil {
		return
	}
	f, err := s.fs.Create(reserve)
	if err != nil {
		return // it is there already, or will be tried again with the next segment
	}
	err = f.Allocate(s.options.Segment)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = s.fs.Remove(reserve)
		return
	}
	_ = s.fs.SyncDir(".")
}
