package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// ErrLocked is returned by Disk when another process holds the folder.
var ErrLocked = errors.New("another process has this store open")

// disk is the FS of a real folder. os.Root keeps even a wrong name inside it.
type disk struct {
	root *os.Root
	dir  *os.File // the folder itself, to ask for free space
	lock *os.File // nil when opened for reading
}

// Disk opens dir, making it with mode 0700 when it is missing, and holds it
// against other processes until Close.
func Disk(dir string) (FS, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of contents: %w", err)
	}
	d, err := openDisk(dir)
	if err != nil {
		return nil, err
	}
	d.lock, err = d.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = lock(d.lock)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the folder of contents: %w", err), d.Close())
	}
	return d, nil
}

// DiskForReading opens dir beside the process that writes it, for audits.
func DiskForReading(dir string) (FS, error) { return openDisk(dir) }

func openDisk(dir string) (*disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of contents: %w", err)
	}
	here, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the folder of contents: %w", err), root.Close())
	}
	return &disk{root: root, dir: here}, nil
}

func (d *disk) Mkdir(name string) error {
	if err := d.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (d *disk) Create(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *disk) Open(name string) (File, error) { return d.open(name, os.O_RDONLY) }

func (d *disk) Update(name string) (File, error) { return d.open(name, os.O_RDWR) }

func (d *disk) open(name string, flag int) (File, error) {
	f, err := d.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d *disk) Rename(from, to string) error { return d.root.Rename(from, to) }

func (d *disk) Remove(name string) error { return d.root.Remove(name) }

func (d *disk) List(dir string) ([]string, error) {
	f, err := d.root.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, errors.Join(err, f.Close())
}

func (d *disk) SyncDir(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *disk) Close() error {
	var err error
	if d.lock != nil {
		err = d.lock.Close() // closing releases the lock
	}
	return errors.Join(err, d.dir.Close(), d.root.Close())
}

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
