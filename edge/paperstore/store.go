package paperstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"crypto/rand"

	"rem"
	"rem/edge/blobstore"
	"rem/person"
	"rem/person/enrolment"
)

// magic begins a file; the last octet is the version.
const magic = "rem paper\x00\x00\x01"

// maxFile bounds a file that is read: the largest paper, sealed.
const maxFile = enrolment.MaxPaper + 1<<20

// The folders. What is in new when a process ends is nobody's.
const (
	newFolder    = "new"
	papersFolder = "papers"
)

// A Store keeps papers in a folder. It may be used from many goroutines.
type Store struct {
	disk blobstore.FS
	mu   sync.Mutex // held while folders are made and names are moved
}

var _ enrolment.Papers = (*Store)(nil)

// Open opens the folder, and takes away what an earlier process was writing.
func Open(disk blobstore.FS) (*Store, error) {
	s := &Store{disk: disk}
	fail := func(err error) (*Store, error) { return nil, fmt.Errorf("opening the papers: %w", err) }
	for _, name := range []string{newFolder, papersFolder} {
		if err := disk.Mkdir(name); err != nil {
			return fail(err)
		}
	}
	left, err := disk.List(newFolder)
	if err != nil {
		return fail(err)
	}
	for _, name := range left {
		if err := disk.Remove(newFolder + "/" + name); err != nil {
			return fail(err)
		}
	}
	for _, name := range []string{newFolder, "."} {
		if err := disk.SyncDir(name); err != nil {
			return fail(err)
		}
	}
	return s, nil
}

// Close gives the folder back to others.
func (s *Store) Close() error { return s.disk.Close() }

// errName: no application of ours is called so (AT-11).
var errName = errors.New("not the name of an application")

func folder(a person.ApplicationID) (string, error) {
	for i := range len(a) {
		if c := a[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' {
			return "", errName
		}
	}
	if len(a) < 8 || len(a) > 64 {
		return "", errName
	}
	return papersFolder + "/" + string(a), nil
}

// Put implements enrolment.Papers.
func (s *Store) Put(ctx context.Context, a person.ApplicationID, d rem.Digest, sealed [][]byte) error {
	if err := s.put(ctx, a, d, sealed); err != nil {
		return fmt.Errorf("keeping a paper: %w", err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, a person.ApplicationID, d rem.Digest, sealed [][]byte) (err error) {
	dir, err := folder(a)
	if err != nil {
		return err
	}
	if d.IsZero() || len(sealed) == 0 {
		return errors.New("there is nothing to keep")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	name := dir + "/" + d.String()
	if _, err := s.read(name); err == nil {
		// It may have been renamed by a process that ended before the folder was
		// synced: whoever is answered finds it after the loss of power.
		return s.settle(dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b := []byte(magic)
	for _, chunk := range sealed {
		b = binary.BigEndian.AppendUint32(b, uint32(len(chunk)))
		b = append(b, chunk...)
	}
	if len(b) > maxFile {
		return errors.New("it is larger than a paper")
	}
	token, err := rem.NewToken(time.Unix(0, 0), rand.Reader) // a name for a moment; its time says nothing
	if err != nil {
		return err
	}
	temporary := newFolder + "/" + token
	f, err := s.disk.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, s.disk.Remove(temporary))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.disk.Mkdir(dir); err != nil {
		return err
	}
	if err := s.disk.Rename(temporary, name); err != nil {
		return err
	}
	return s.settle(dir)
}

// settle makes the names in the folder, and the folder's own, durable.
func (s *Store) settle(dir string) error {
	return errors.Join(s.disk.SyncDir(dir), s.disk.SyncDir(papersFolder))
}

// errForm: a file is not one of ours.
var errForm = errors.New("the file is not of its form")

func (s *Store) read(name string) (sealed [][]byte, err error) {
	f, err := s.disk.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > maxFile {
		return nil, errForm
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	b, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, errForm
	}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errForm
		}
		n := int64(binary.BigEndian.Uint32(b))
		if b = b[4:]; n == 0 || n > int64(len(b)) {
			return nil, errForm
		}
		sealed, b = append(sealed, b[:n:n]), b[n:]
	}
	if len(sealed) == 0 {
		return nil, errForm
	}
	return sealed, nil
}

// Get implements enrolment.Papers.
func (s *Store) Get(_ context.Context, a person.ApplicationID, d rem.Digest) ([][]byte, error) {
	dir, err := folder(a)
	if err == nil {
		var sealed [][]byte
		if sealed, err = s.read(dir + "/" + d.String()); err == nil {
			return sealed, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = enrolment.ErrNoPaper
	}
	return nil, fmt.Errorf("reading a paper: %w", err)
}
