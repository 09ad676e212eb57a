package blobstore

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"time"

	"rem"
)

// lazyDelay is how long lazy records wait for a sync that others ask for. It
// bounds what a power cut can take of them.
const lazyDelay = 50 * time.Millisecond

// A Position is a place between two records. Positions of later records are
// greater; the zero Position is before all.
type Position struct {
	Segment uint64
	Offset  int64
}

// Before reports whether p comes before q.
func (p Position) Before(q Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// Appended says where records stand.
type Appended struct {
	Refs     []Ref    // of each record's content; zero where it has none
	From, To Position // of the first record, and after the last
}

// A request is what waits for the writer.
type request struct {
	records  []Record
	files    []string // the token of each record's own file, or ""
	need     int64    // octets in the segment
	promised bool
	lazy     bool
	watch    Watch
}

// A Watch follows records on their way to the disk. The writer calls its
// functions, in the order of the records on the disk; they must not block. The
// writer may be who submits: then they are called before Submit returns.
type Watch struct {
	// Within, when not nil, is called first when the writer is who submits.
	Within func()
	// Check, when not nil, is called before the records are written, when the
	// fate of everything that was written before is known. With an error they
	// are not written, and Then gets it.
	Check func() error
	// Written, when not nil, is called when the records have their place and
	// may already be read.
	Written func(Appended)
	// Then is called once they are durable, or with an error; after Written
	// the places are given with the error as well.
	Then func(Appended, error)
}

// A writer is the state of who appends.
type writer struct {
	file    File    // nil when the next record needs a new segment
	at      segment // whose end is what is synced
	end     int64   // after what is written
	zeroed  int64   // up to where blocks were written, if only with zeros
	size    int64
	next    uint64 // number of the next segment
	reserve bool   // the segment is the one that was held in reserve
	held    *request
	pending []pending // written and not yet synced
	slab    []byte    // what was encoded last lies at its end; free behind it
	alone   int       // commits in a row with one request that nobody came beside
	oldest  time.Time // when the oldest record was written that waits for a sync of others
	armed   bool      // the tick comes
}

// pending is a request that waits for the sync.
type pending struct {
	watch    Watch
	appended Appended
}

// Append keeps records, all in one commit, and returns when they are durable.
// An ErrFull, ErrTooLarge or ErrClosed means that nothing was kept; after
// another error the records may or may not come back in a replay. A ctx that
// has ended is noticed before the records are queued, and not after.
func (s *Store) Append(ctx context.Context, records ...Record) (Appended, error) {
	type answer struct {
		appended Appended
		err      error
	}
	done := make(chan answer, 1)
	lazy := len(records) > 0 && records[0].Lazy
	w := Watch{Then: func(a Appended, err error) {
		if !lazy || a.Refs == nil {
			done <- answer{a, err}
		}
	}}
	if lazy {
		w.Written = func(a Appended) { done <- answer{a, nil} }
	}
	if err := s.Submit(ctx, records, w); err != nil {
		return Appended{}, err
	}
	a := <-done
	return a.appended, a.err
}

// Submit is Append without the wait. When it returns an error, nothing of w is
// called. Contents and spools must stay as they are until w was told that the
// records are written.
func (s *Store) Submit(ctx context.Context, records []Record, w Watch) error {
	r := &request{records: records, files: make([]string, len(records)), promised: true, watch: w}
	var fresh int64 // octets of new contents
	for i := range records {
		r.lazy = records[i].Lazy
		if !records[i].Promised {
			r.promised = false
			fresh += int64(len(records[i].Content))
		}
	}
	if !r.promised {
		if err := s.Admit(fresh); err != nil {
			return err
		}
	}
	for i := range records {
		need, err := s.prepare(r, i)
		if err != nil {
			return fmt.Errorf("appending a record: %w", err)
		}
		r.need += need
	}
	if r.need > s.options.Segment-headerSize {
		return fmt.Errorf("appending records: %w", ErrTooLarge)
	}
	s.ending.RLock()
	defer s.ending.RUnlock()
	if s.ended {
		return ErrClosed
	}
	if s.commitAlone(r) {
		return nil
	}
	s.waiting.Add(1)
	select {
	case s.queue <- r:
		return nil
	case <-ctx.Done():
		s.waiting.Add(-1)
		return ctx.Err()
	}
}

// aloneFrom is how many commits in a row must have had one request each before
// who submits commits himself: where several submit, a commit for all of them is
// worth more than the two hand-overs that this saves, each of which may have to
// wake a processor.
const aloneFrom = 4

// commitAlone commits a request in the goroutine that submits it, when there was
// nobody else for a while and is nobody now. What was queued before is never
// overtaken.
func (s *Store) commitAlone(r *request) bool {
	if !s.turn.TryLock() {
		return false
	}
	defer s.turn.Unlock()
	if s.writer.alone < aloneFrom || s.waiting.Load() != 0 {
		return false
	}
	if r.watch.Within != nil {
		r.watch.Within()
	}
	s.commit([]*request{r})
	return true
}

// prepare does in the caller's goroutine what the writer need not: hashing, and
// the file of a large content. It returns the octets needed in the segment.
func (s *Store) prepare(r *request, i int) (int64, error) {
	rec := &r.records[i]
	switch {
	case rec.Kind == 0 || rec.Content != nil && rec.Spool != nil:
		return 0, errors.New("a record has a kind, and a content or a spool")
	case len(rec.Meta) > MaxMeta:
		return 0, ErrTooLarge
	case rec.Spool != nil:
		if err := rec.Spool.Seal(); err != nil {
			return 0, err
		}
	case len(rec.Content) > SmallContent && (!rec.Inline || len(rec.Content) > MaxInline):
		spool := s.Spool()
		defer spool.Close()
		if _, err := spool.Write(rec.Content); err != nil {
			return 0, err
		}
		if err := spool.Seal(); err != nil {
			return 0, err
		}
		token, err := spool.keep()
		r.files[i], rec.Digest = token, spool.digest
		return align(frameSize + tokenLength + int64(len(rec.Meta))), err
	case len(rec.Content) == 0:
		rec.Digest = emptyDigest
	case rec.Digest.IsZero():
		rec.Digest = rem.DigestOf(rec.Content)
	}
	content := int64(len(rec.Content))
	if rec.Spool != nil {
		rec.Digest = rec.Spool.digest
		if content = rec.Spool.size; rec.Spool.file != nil {
			var err error
			if r.files[i], err = rec.Spool.keep(); err != nil {
				return 0, err
			}
			content = tokenLength
		}
	}
	return align(frameSize + content + int64(len(rec.Meta))), nil
}

// run commits until the queue is closed and empty, all but what they who submit
// commit themselves.
func (s *Store) run() {
	defer close(s.closed)
	var batch []*request
	for {
		select {
		case first, ok := <-s.queue:
			s.turn.Lock()
			if !ok {
				s.end()
				s.turn.Unlock()
				return
			}
			batch = s.gather(append(batch[:0], first))
			s.serve(batch)
			s.turn.Unlock()
			clear(batch)
		case <-s.tick:
			s.turn.Lock()
			s.ticked()
			s.turn.Unlock()
		}
	}
}

// serve commits a batch, and one that it had no room for.
func (s *Store) serve(batch []*request) {
	w := &s.writer
	for {
		s.waiting.Add(-int64(len(batch))) // nobody comes before them: the turn is ours
		s.commit(batch)
		if w.held == nil {
			return
		}
		held := w.held
		w.held = nil
		batch = s.gather([]*request{held})
	}
}

// end makes what was written durable and leaves the last segment.
func (s *Store) end() {
	s.sync()
	if w := &s.writer; w.file != nil {
		// What is behind the last record was only reserved. Leaving it there
		// would be harmless, so an error is not worth a word.
		_ = w.file.Truncate(w.at.end)
		_ = w.file.Close()
		w.file = nil
	}
}

// arm sees to it that lazy records are synced in time, if no others ask for it.
func (s *Store) arm() {
	w := &s.writer
	if w.oldest.IsZero() {
		w.oldest = time.Now()
	}
	if !w.armed {
		w.armed = true
		s.after(lazyDelay)
	}
}

// after has the writer's goroutine look at what is not synced.
func (s *Store) after(d time.Duration) {
	time.AfterFunc(d, func() {
		select {
		case s.tick <- struct{}{}:
		case <-s.closed:
		}
	})
}

// ticked syncs lazy records that have waited long enough.
func (s *Store) ticked() {
	w := &s.writer
	w.armed = false
	switch {
	case w.file == nil || w.end == w.at.end:
	case time.Since(w.oldest) >= lazyDelay:
		s.sync()
	default:
		w.armed = true
		s.after(lazyDelay - time.Since(w.oldest))
	}
}

// gather takes those that wait with the first, at most as much as one commit
// writes.
func (s *Store) gather(batch []*request) []*request {
	w := &s.writer
	need, lazy := batch[0].need, batch[0].lazy
	take := func(r *request) bool {
		if need+r.need > min(maxCommit, s.options.Segment/2) {
			w.held = r
			return false
		}
		batch = append(batch, r)
		need += r.need
		lazy = lazy && r.lazy
		return true
	}
	for {
		select {
		case r, ok := <-s.queue:
			if !ok || !take(r) {
				return batch
			}
			continue
		default:
		}
		break
	}
	if s.options.Window <= 0 || lazy {
		return batch
	}
	// Others who are on their way to us are let through first: those whom the
	// last commit woke, and those who sign meanwhile. When nobody else has
	// anything to do, or nobody of them came, waiting longer only costs.
	until := time.Now().Add(s.options.Window)
	for {
		waiting := len(batch)
		runtime.Gosched()
		for {
			select {
			case r, ok := <-s.queue:
				if !ok || !take(r) {
					return batch
				}
				continue
			default:
			}
			break
		}
		if len(batch) == waiting || time.Now().After(until) {
			return batch
		}
	}
}

// commit writes a batch with one write and one sync, and answers it. A batch
// of lazy records alone is not synced.
func (s *Store) commit(batch []*request) {
	w := &s.writer
	if w.reserve && s.Admit(s.options.Segment) == nil {
		s.leave() // there is room again
	}
	batch = s.refuse(batch)
	var need int64
	lazy := true
	for _, r := range batch {
		need += r.need
		lazy = lazy && r.lazy
	}
	if w.file != nil && w.end+need > w.size {
		s.leave()
	}
	if w.file == nil && len(batch) > 0 {
		err := s.begin()
		if errors.Is(err, ErrFull) {
			if err = s.beginReserve(batch, err); err == nil {
				batch = s.refuse(batch)
			}
		}
		if err != nil {
			s.answer(batch, fmt.Errorf("beginning a segment: %w", err))
			return
		}
	}
	if len(batch) == 0 {
		return
	}
	answers, b := s.encode(batch, need)
	if _, err := w.file.WriteAt(b, w.end); err != nil {
		err = fmt.Errorf("writing records: %w", full(err))
		s.abandon(err)
		s.answer(batch, err)
		return
	}
	s.newest.add(w.at, w.end, b)
	w.end += int64(len(b))
	s.stats.commits.Add(1)
	s.stats.bytes.Add(uint64(len(b)))
	if w.alone++; len(batch) > 1 || s.waiting.Load() > 0 {
		w.alone = 0
	}
	for i, r := range batch {
		s.stats.records.Add(uint64(len(r.records)))
		w.pending = append(w.pending, pending{r.watch, answers[i]})
		if r.watch.Written != nil {
			r.watch.Written(answers[i])
		}
	}
	if lazy {
		s.arm()
		return
	}
	s.writeAhead(len(b))
	s.sync()
}

// writeAhead writes zeros behind the records before blocks run out that were
// written once. Blocks that were only reserved cost an entry in the journal of
// the file system at the sync of each commit, half of its time. Zeros are synced
// with the commit before anything is written over them, and read as what was
// not written. Commits that fill as much themselves gain nothing.
func (s *Store) writeAhead(commit int) {
	w := &s.writer
	if commit > len(zeros)/8 || w.end+int64(commit) <= w.zeroed {
		return
	}
	from := max(w.end, w.zeroed)
	n := min(int64(len(zeros)), w.size-from)
	if n <= 0 {
		return
	}
	if _, err := w.file.WriteAt(zeros[:n], from); err != nil {
		return // the records are written; what is wrong with the disk their sync tells
	}
	w.zeroed = from + n
}

// zeros is never written to, so it takes no memory.
var zeros [1 << 20]byte

// sync makes what was written durable, if anything is not, and answers it.
func (s *Store) sync() bool {
	w := &s.writer
	if w.file == nil || w.end == w.at.end {
		return true
	}
	s.stats.syncs.Add(1)
	if err := w.file.Sync(); err != nil {
		s.abandon(fmt.Errorf("syncing records: %w", full(err)))
		return false
	}
	w.at.end, w.oldest = w.end, time.Time{}
	s.mu.Lock()
	s.segments[len(s.segments)-1].end = w.at.end
	s.mu.Unlock()
	if s.waiting.Load() > 0 {
		w.alone = 0
	}
	s.settle(nil)
	return true
}

// settle answers what waited for a sync.
func (s *Store) settle(err error) {
	w := &s.writer
	for _, p := range w.pending {
		p.watch.Then(p.appended, err)
	}
	clear(w.pending)
	w.pending = w.pending[:0]
}

// refuse answers what must not be written: what its Check says, and what may
// not use the reserve while it is in use.
func (s *Store) refuse(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		var err error
		if s.writer.reserve && !r.promised {
			err = ErrFull
		}
		if err == nil && r.watch.Check != nil {
			err = r.watch.Check()
		}
		if err != nil {
			r.watch.Then(Appended{}, err)
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// answer tells requests that were not written why.
func (s *Store) answer(batch []*request, err error) {
	for _, r := range batch {
		r.watch.Then(Appended{}, err)
	}
}

// encode lays the batch out, which takes need octets. Its memory is not used
// again: newest lends it to readers.
func (s *Store) encode(batch []*request, need int64) ([]Appended, []byte) {
	w := &s.writer
	answers := make([]Appended, len(batch))
	if int64(cap(w.slab)-len(w.slab)) < need {
		w.slab = make([]byte, 0, max(slabSize, need))
	}
	b := w.slab[len(w.slab):]
	start, commit := w.end, w.at.end
	for i, r := range batch {
		a := &answers[i]
		a.Refs = make([]Ref, len(r.records))
		a.From = Position{w.at.number, start + int64(len(b))}
		for j := range r.records {
			rec := &r.records[j]
			f := frame{
				kind: rec.Kind, meta: int64(len(rec.Meta)), content: int64(len(rec.Content)),
				offset: start + int64(len(b)), commit: commit, digest: rec.Digest,
				metaChecksum: crc32.Checksum(rec.Meta, castagnoli),
			}
			if rec.Spool != nil {
				f.content = rec.Spool.size
			}
			ref := Ref{size: f.content, digest: f.digest}
			if r.files[j] != "" {
				f.flags = flagFile
				ref.file = r.files[j]
			} else {
				ref.segment, ref.offset = w.at.number, f.offset+frameSize
			}
			b = appendFrame(b, w.at.salt, w.at.number, &f)
			switch {
			case r.files[j] != "":
				b = append(b, r.files[j]...)
			case rec.Spool != nil:
				b = append(b, rec.Spool.buf...)
			default:
				b = append(b, rec.Content...)
			}
			b = append(b, rec.Meta...)
			for len(b)%alignment != 0 {
				b = append(b, 0)
			}
			if rec.Content != nil || rec.Spool != nil {
				a.Refs[j] = ref
			}
		}
		a.To = Position{w.at.number, start + int64(len(b))}
	}
	w.slab = w.slab[:len(w.slab)+len(b)]
	return answers, b
}

// End returns the position after the last synced record.
func (s *Store) End() Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) == 0 {
		return Position{}
	}
	last := s.segments[len(s.segments)-1]
	return Position{last.number, last.end}
}
