package broken

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"rem/edge/blobstore"
)

// ErrCrashed is what a folder answers after its process was stopped.
var ErrCrashed = errors.New("the process is gone")

// sector is the unit that a disk writes whole.
const sector = 512

// An FS is a folder in memory. It is a blobstore.FS.
type FS struct {
	mu      sync.Mutex
	entries map[string]*inode // guarded by mu: what a running process sees
	durable map[string]*inode // guarded by mu: what names the disk has
	folders map[string]bool   // guarded by mu
	plan    Plan              // guarded by mu
	changes int               // guarded by mu
	gone    bool              // guarded by mu
	free    int64             // guarded by mu
	trace   []string          // guarded by mu
}

type inode struct {
	data    []byte
	durable []byte
	dirty   [][2]int // ranges of data that the next sync makes durable
	lost    [][2]int // ranges that a failed sync dropped: readable, and on the disk perhaps
}

// A Plan says which change fails, and how. The zero Plan fails nothing.
type Plan struct {
	At    int // the change that fails, from 1; 0 for none
	Way   Way
	Err   error // what it fails with; EIO when nil
	After bool  // every change from At on fails, as on a disk that turned read-only
}

// A Way is how a change fails.
type Way uint8

// The ways. Torn is a write of which half reached the file; other changes fail
// undone. Kill stops the process before the change, KillAfter after it.
const (
	Undone Way = iota
	Done
	Torn
	Kill
	KillAfter
)

// Ways lists them all.
var Ways = []Way{Undone, Done, Torn, Kill, KillAfter}

// String names the way.
func (w Way) String() string {
	return [...]string{"not done", "done but reported failed", "torn", "killed before", "killed after"}[w]
}

// NewFS returns an empty folder with a gigabyte of room.
func NewFS() *FS {
	return &FS{entries: map[string]*inode{}, durable: map[string]*inode{}, folders: map[string]bool{".": true}, free: 1 << 30}
}

// Break sets the plan and counts changes from here.
func (f *FS) Break(p Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Err == nil {
		p.Err = syscall.EIO
	}
	f.plan, f.changes, f.trace = p, 0, nil
}

// Changes returns how many changes were asked for since Break.
func (f *FS) Changes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changes
}

// Trace lists the changes since Break, for a failure's message.
func (f *FS) Trace() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.trace)
}

// SetFree sets the room that is left. Allocate and writes that make a file
// longer fail with ENOSPC when it is used up.
func (f *FS) SetFree(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = n
}

// Killed returns the folder as a killed process leaves it: all that it did is
// there.
func (f *FS) Killed() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	g := NewFS()
	g.free, g.folders = f.free, maps.Clone(f.folders)
	copies := map[*inode]*inode{}
	dup := func(n *inode) *inode {
		if copies[n] == nil {
			copies[n] = &inode{slices.Clone(n.data), slices.Clone(n.durable), slices.Clone(n.dirty), slices.Clone(n.lost)}
		}
		return copies[n]
	}
	for name, n := range f.entries {
		g.entries[name] = dup(n)
	}
	for name, n := range f.durable {
		g.durable[name] = dup(n)
	}
	return g
}

// PowerLost returns the folder as it is when the power comes back: what was
// synced, and of the rest what random lets through.
func (f *FS) PowerLost(random *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	g := NewFS()
	g.free, g.folders = f.free, maps.Clone(f.folders)
	names := map[string]*inode{}
	maps.Copy(names, f.durable)
	for _, name := range slices.Sorted(maps.Keys(f.entries)) {
		if f.durable[name] != f.entries[name] && random.IntN(2) == 0 {
			names[name] = f.entries[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.durable)) {
		if f.entries[name] == nil && random.IntN(2) == 0 {
			delete(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		n := names[name]
		data := slices.Clone(n.durable)
		if len(n.data) > len(data) && random.IntN(2) == 0 {
			data = append(data, make([]byte, len(n.data)-len(data))...)
		}
		all := random.IntN(4) == 0
		for _, r := range slices.Concat(n.lost, n.dirty) {
			for at := r[0] / sector * sector; at < r[1]; at += sector {
				from, to := max(at, r[0]), min(at+sector, r[1], len(data))
				if from < to && (all || random.IntN(2) == 0) {
					copy(data[from:to], n.data[from:to])
				}
			}
		}
		m := &inode{data: data, durable: slices.Clone(data)}
		g.entries[name], g.durable[name] = m, m
	}
	return g
}

// Flip changes one bit of a file, as a disk that ages does.
func (f *FS) Flip(name string, offset int64, bit uint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.entries[name]
	if n == nil || offset >= int64(len(n.data)) {
		return fmt.Errorf("flipping a bit: nothing at %s:%d", name, offset)
	}
	n.data[offset] ^= 1 << bit
	if offset < int64(len(n.durable)) {
		n.durable[offset] ^= 1 << bit
	}
	return nil
}

// Bytes returns what a file holds, or nil.
func (f *FS) Bytes(name string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.entries[name]; n != nil {
		return slices.Clone(n.data)
	}
	return nil
}

// change counts a change and carries it out unless it is to fail; half is its
// torn form. The caller holds mu.
func (f *FS) change(what string, do, half func() error) error {
	if f.gone {
		return ErrCrashed
	}
	f.changes++
	f.trace = append(f.trace, what)
	failing := f.plan.At > 0 && (f.changes == f.plan.At || f.plan.After && f.changes > f.plan.At)
	if !failing {
		return do()
	}
	switch f.plan.Way {
	case Kill:
		f.gone = true
		return ErrCrashed
	case KillAfter:
		_ = do()
		f.gone = true
		return ErrCrashed
	case Done:
		_ = do()
	case Torn:
		if half != nil {
			_ = half()
		}
	}
	return fmt.Errorf("%s: %w", what, f.plan.Err)
}

func (f *FS) Mkdir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.folders[name] {
		return nil
	}
	return f.change("mkdir "+name, func() error { f.folders[name] = true; return nil }, nil)
}

func (f *FS) Create(name string) (blobstore.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &inode{}
	err := f.change("create "+name, func() error {
		if f.entries[name] != nil {
			return fs.ErrExist
		}
		if !f.folders[path.Dir(name)] {
			return fs.ErrNotExist
		}
		f.entries[name] = n
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	return &file{f, n, name}, nil
}

func (f *FS) Open(name string) (blobstore.File, error) { return f.Update(name) }

func (f *FS) Update(name string) (blobstore.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, ErrCrashed
	}
	n := f.entries[name]
	if n == nil {
		return nil, fmt.Errorf("opening %s: %w", name, fs.ErrNotExist)
	}
	return &file{f, n, name}, nil
}

func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change("rename "+from+" "+to, func() error {
		n := f.entries[from]
		if n == nil || !f.folders[path.Dir(to)] {
			return fs.ErrNotExist
		}
		delete(f.entries, from)
		f.entries[to] = n
		return nil
	}, nil)
}

func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change("remove "+name, func() error {
		if f.entries[name] == nil {
			return fs.ErrNotExist
		}
		delete(f.entries, name)
		return nil
	}, nil)
}

func (f *FS) List(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, ErrCrashed
	}
	var names []string
	for name := range f.entries {
		if path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change("syncdir "+dir, func() error {
		for name := range f.durable {
			if path.Dir(name) == dir && f.entries[name] == nil {
				delete(f.durable, name)
			}
		}
		for name, n := range f.entries {
			if path.Dir(name) == dir {
				f.durable[name] = n
			}
		}
		return nil
	}, nil)
}

func (f *FS) Free() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return 0, ErrCrashed
	}
	return f.free, nil
}

func (f *FS) Close() error { return nil }

type file struct {
	fs   *FS
	n    *inode
	name string
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.gone {
		return 0, ErrCrashed
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	write := func(p []byte) error {
		end := int(off) + len(p)
		if err := f.grow(end); err != nil {
			return err
		}
		copy(f.n.data[off:], p)
		f.n.dirty = append(f.n.dirty, [2]int{int(off), end})
		return nil
	}
	err := f.fs.change("write "+f.name, func() error { return write(p) }, func() error { return write(p[:len(p)/2]) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// grow makes the file at least size octets long; the caller holds mu.
func (f *file) grow(size int) error {
	more := size - len(f.n.data)
	if more <= 0 {
		return nil
	}
	if int64(more) > f.fs.free {
		return syscall.ENOSPC
	}
	f.fs.free -= int64(more)
	f.n.data = append(f.n.data, make([]byte, more)...)
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.fs.change("sync "+f.name, func() error {
		n := f.n
		if len(n.durable) > len(n.data) {
			n.durable = n.durable[:len(n.data)]
		}
		n.durable = append(n.durable, make([]byte, len(n.data)-len(n.durable))...)
		for _, r := range n.dirty {
			from, to := min(r[0], len(n.data)), min(r[1], len(n.data))
			copy(n.durable[from:to], n.data[from:to])
		}
		n.dirty = nil
		return nil
	}, nil)
	if err != nil && f.n.dirty != nil {
		// As Linux does: the pages stay readable and count as clean.
		f.n.lost = append(f.n.lost, f.n.dirty...)
		f.n.dirty = nil
	}
	return err
}

func (f *file) Allocate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.fs.change("allocate "+f.name, func() error { return f.grow(int(size)) }, nil)
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.fs.change("truncate "+f.name, func() error {
		if less := len(f.n.data) - int(size); less > 0 {
			f.fs.free += int64(less)
			f.n.data = f.n.data[:size:size]
		}
		return nil
	}, nil)
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.gone {
		return 0, ErrCrashed
	}
	return int64(len(f.n.data)), nil
}

func (f *file) Close() error { return nil }

var _ blobstore.FS = (*FS)(nil)

// String lists the files and their lengths, for a failure's message.
func (f *FS) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.entries)) {
		fmt.Fprintf(&b, "%s %d\n", name, len(f.entries[name].data))
	}
	return b.String()
}
