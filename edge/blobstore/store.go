package blobstore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rem"
)

// Errors that callers tell apart.
var (
	// ErrCorrupt: the bytes are not those that were kept. A copy was set aside
	// and the alarm raised.
	ErrCorrupt = errors.New("content is damaged")
	// ErrErased: the content was destroyed on purpose.
	ErrErased = errors.New("content was destroyed")
	// ErrFull: there is no room for new contents; promised ones still find some.
	ErrFull = errors.New("no room for new contents")
	// ErrTooLarge: the record is beyond a bound and never fits.
	ErrTooLarge = errors.New("record is too large")
	// ErrClosed: the store was closed, or opened for reading.
	ErrClosed = errors.New("store takes no records")
)

const (
	// DefaultSegment is the length of a segment: a few seconds of full load, so
	// that beginning one costs nothing, and small enough to copy and to check.
	DefaultSegment = 64 << 20
	// minSegment holds any small content; a record that a segment cannot hold is
	// ErrTooLarge.
	minSegment = 256 << 10
	// DefaultMinFree is what other users of the disk need to end in order: the
	// index and its log, and the system's own.
	DefaultMinFree = 512 << 20
	// maxCommit bounds one write, and so what a torn end can hold.
	maxCommit = 2 << 20
	// maxWaiting bounds the requests that wait for the writer.
	maxWaiting = 1024
)

// Options of a store. The zero value of each field is its default.
type Options struct {
	// Window is how long a commit lets others go first who have work to do and
	// may come to join it. It ends as soon as nobody came, so a lone writer
	// never waits, and nobody waits beside an idle core. Zero commits at once.
	Window time.Duration
	// Segment is the length of a segment in octets.
	Segment int64
	// MinFree is the free space below which new contents are refused; -1 for
	// none, so that only a disk that is full refuses.
	MinFree int64
	// Alarm is told of damage, from any goroutine; it must not call the store.
	Alarm func(Alarm)
	// Clock names files in time order; the machine's when nil.
	Clock func() time.Time
	// ReadOnly opens beside a writer, for audits.
	ReadOnly bool
}

// An Alarm is damage that the store met.
type Alarm struct {
	Name   string // of the file
	Offset int64
	Length int64 // 0 when unknown
	// SetAside is the copy under corrupt, or "".
	SetAside string
	Err      error
}

// A Store keeps contents in a folder. Its methods may be called concurrently.
type Store struct {
	fs      FS
	options Options

	queue   chan *request
	waiting atomic.Int64  // requests that were queued and are not committed
	tick    chan struct{} // lazy records may have waited long enough
	closed  chan struct{} // closed when the writer has ended
	ending  sync.RWMutex  // held for reading while a request is queued
	ended   bool          // guarded by ending

	closing  sync.Once
	closeErr error // what the first Close said

	turn   sync.Mutex
	writer writer // guarded by turn

	mu        sync.Mutex
	segments  []segment // guarded by mu: those that hold records, in order
	files     handles
	newest    newest
	stats     counters
	spools    sync.Pool
	folders   sync.Map // of large contents whose names are durable
	recovered Recovery
}

// A Recovery says what Open found behind the last good record.
type Recovery struct {
	Segments int
	// Torn is how many octets of an unanswered commit were left behind.
	Torn int64
}

const (
	segmentDir = "segments"
	largeDir   = "large"
	tmpDir     = "tmp"
	corruptDir = "corrupt"
	reserve    = "reserve"
)

// Open opens the store in a folder and takes the folder over: Close closes it.
func Open(folder FS, o Options) (*Store, error) {
	if o.Segment == 0 {
		o.Segment = DefaultSegment
	}
	if o.MinFree == 0 {
		o.MinFree = DefaultMinFree
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Alarm == nil {
		o.Alarm = func(Alarm) {}
	}
	if o.Segment < minSegment {
		return nil, errors.Join(fmt.Errorf("opening contents: a segment has at least %d octets", minSegment), folder.Close())
	}
	s := &Store{
		fs: folder, options: o,
		queue: make(chan *request, maxWaiting), tick: make(chan struct{}), closed: make(chan struct{}),
	}
	s.spools.New = func() any { return newBuffer() }
	s.files.fs = folder
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening contents: %w", err), s.files.close(), folder.Close())
	}
	if o.ReadOnly {
		s.ended = true
		close(s.closed)
		return s, nil
	}
	go s.run()
	return s, nil
}

func (s *Store) open() error {
	if !s.options.ReadOnly {
		for _, dir := range []string{segmentDir, largeDir, tmpDir, corruptDir} {
			if err := s.fs.Mkdir(dir); err != nil {
				return err
			}
		}
		if err := s.fs.SyncDir("."); err != nil {
			return err
		}
		// What was being received when we stopped was never answered.
		names, err := s.fs.List(tmpDir)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := s.fs.Remove(tmpDir + "/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if err := s.findSegments(); err != nil {
		return err
	}
	if !s.options.ReadOnly {
		if err := s.checkReserve(); err != nil {
			return err
		}
		s.keepReserve()
	}
	return nil
}

// Close answers what waits, and ends. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.ending.Lock()
		if !s.ended {
			s.ended = true
			close(s.queue)
		}
		s.ending.Unlock()
		<-s.closed
		s.closeErr = errors.Join(s.files.close(), s.fs.Close())
	})
	return s.closeErr
}

// Recovered says what Open found.
func (s *Store) Recovered() Recovery { return s.recovered }

// Admit returns ErrFull when a new content of the size should be refused
// because the rest of the disk belongs to what was already accepted.
func (s *Store) Admit(size int64) error {
	free, err := s.fs.Free()
	if err != nil {
		return fmt.Errorf("asking for free space: %w", err)
	}
	if free-size < max(s.options.MinFree, 0) {
		return ErrFull
	}
	return nil
}

// full turns an error of a disk without room into ErrFull, keeping the cause.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// A Content is bytes that do not change. Reading is safe from many goroutines.
type Content interface {
	io.ReaderAt
	Size() int64
	Digest() rem.Digest
}

// Open gives a content. One from a segment has been checked against its digest,
// or is still in memory as it was written; one in a file of its own is checked
// for its length here and by Check as a whole. The error is ErrCorrupt,
// ErrErased, or that of the disk.
func (s *Store) Open(ref Ref) (Content, error) {
	if ref.IsZero() {
		return nil, fmt.Errorf("opening a content: %w: none given", ErrRef)
	}
	if ref.file == "" {
		b, own, err := s.readSmall(ref)
		if err != nil {
			return nil, err
		}
		if ref.part {
			return NewContent(b[ref.from : ref.from+ref.length]), nil
		}
		m := memory{*bytes.NewReader(b), ref.digest}
		if own {
			return &lent{m, b}, nil
		}
		return &m, nil
	}
	f, err := s.files.get(largeName(ref.file))
	if err != nil {
		return nil, s.missing(largeName(ref.file), err)
	}
	size, err := f.Size()
	f.release()
	if err != nil {
		return nil, fmt.Errorf("opening a content: %w", err)
	}
	if size != ref.size {
		return nil, s.damaged(largeName(ref.file), 0, size, nil)
	}
	l := &large{s: s, ref: ref, digest: ref.digest}
	if ref.part {
		if l.digest, err = digestOf(io.NewSectionReader(l, 0, ref.length)); err != nil {
			return nil, fmt.Errorf("opening a content: %w", err)
		}
	}
	return l, nil
}

// Bytes reads a content whole, for those that are known to be short. The bytes
// must not be changed: others may be reading them.
func (s *Store) Bytes(ref Ref) ([]byte, error) {
	if ref.file == "" && !ref.IsZero() {
		b, _, err := s.readSmall(ref)
		if err != nil || !ref.part {
			return b, err
		}
		return b[ref.from : ref.from+ref.length], nil
	}
	c, err := s.Open(ref)
	if err != nil {
		return nil, err
	}
	b := make([]byte, c.Size())
	if n, err := c.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("reading a content: %w", err)
	}
	return b, nil
}

// Check reads a content from the disk, whatever memory holds, and compares it
// with its digest: audits ask here. The error is as Open's.
func (s *Store) Check(ref Ref) error {
	ref.part, ref.from, ref.length = false, 0, 0
	if ref.file == "" && !ref.IsZero() {
		_, err := s.readDisk(ref)
		return err
	}
	c, err := s.Open(ref)
	if err != nil {
		return err
	}
	got, err := digestOf(io.NewSectionReader(c, 0, ref.size))
	if err != nil {
		return fmt.Errorf("checking a content: %w", err)
	}
	if got != ref.digest {
		return s.damaged(largeName(ref.file), 0, ref.size, nil)
	}
	return nil
}

// readSmall returns a content in a segment, from memory or checked, and whether its
// memory is the content's own.
func (s *Store) readSmall(ref Ref) (b []byte, own bool, err error) {
	if ref.size > MaxInline || ref.part && (ref.from < 0 || ref.length < 0 || ref.from > ref.size-ref.length) {
		return nil, false, fmt.Errorf("opening a content: %w: too long", ErrRef)
	}
	if b := s.newest.get(ref); b != nil {
		return b, false, nil
	}
	b, err = s.readDisk(ref)
	return b, err == nil, err
}

// readDisk reads a content in a segment and checks it.
func (s *Store) readDisk(ref Ref) ([]byte, error) {
	if ref.size > MaxInline {
		return nil, fmt.Errorf("opening a content: %w: too long", ErrRef)
	}
	name := segmentName(ref.segment)
	f, err := s.files.get(name)
	if err != nil {
		return nil, s.missing(name, err)
	}
	defer f.release()
	b := make([]byte, ref.size)
	n, err := f.ReadAt(b, ref.offset)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading a content: %w", err)
	}
	if n == len(b) && rem.DigestOf(b) == ref.digest {
		return b, nil
	}
	if n == len(b) && erased(b) {
		return nil, fmt.Errorf("opening %s: %w", ref, ErrErased)
	}
	return nil, s.damaged(name, ref.offset, ref.size, b[:n])
}

// missing reports a file that should be there.
func (s *Store) missing(name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening a content: %w", err)
	}
	err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	s.options.Alarm(Alarm{Name: name, Err: err})
	return err
}

// damaged sets the bytes aside, raises the alarm, and returns ErrCorrupt. The
// original stays where it is: the copy is for those who look into it.
func (s *Store) damaged(name string, offset, length int64, b []byte) error {
	err := fmt.Errorf("%s at %d: %w", name, offset, ErrCorrupt)
	s.stats.corrupt.Add(1)
	alarm := Alarm{Name: name, Offset: offset, Length: length, Err: err}
	if len(b) > 0 && !s.options.ReadOnly {
		copied := corruptDir + "/" + strings.ReplaceAll(name, "/", "-") + "-" + strconv.FormatInt(offset, 10)
		switch e := s.copyAside(copied, b); {
		case e == nil || errors.Is(e, fs.ErrExist):
			alarm.SetAside = copied
		default:
			alarm.Err = errors.Join(err, fmt.Errorf("setting it aside: %w", e))
		}
	}
	s.options.Alarm(alarm)
	return err
}

func (s *Store) copyAside(name string, b []byte) error {
	f, err := s.fs.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return s.fs.SyncDir(corruptDir)
}

func segmentName(number uint64) string { return fmt.Sprintf("%s/%010d", segmentDir, number) }

// largeFolder spreads large files so that no folder grows without bound: the
// first four characters of a token change every three days.
func largeFolder(token string) string { return largeDir + "/" + token[:4] }

func largeName(token string) string { return largeFolder(token) + "/" + token }

// newToken names a file; rand.Reader never fails.
func (s *Store) newToken() (string, error) { return rem.NewToken(s.options.Clock(), rand.Reader) }
