package blobstore

import "io"

// An FS is the folder of a store and everything that the store does to it.
// Names use slashes and are the store's own. Its methods may be called
// concurrently. The errors wrap those of package syscall (ENOSPC, EROFS, EIO)
// and io/fs (ErrNotExist, ErrExist).
type FS interface {
	// Mkdir makes a folder; one that is there already is no error.
	Mkdir(name string) error
	// Create makes a file for reading and writing; the name must be free.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Update opens a file for reading and writing.
	Update(name string) (File, error)
	// Rename moves a file, replacing another of the new name. It is durable
	// after SyncDir of both folders.
	Rename(from, to string) error
	// Remove takes a file away, durably after SyncDir.
	Remove(name string) error
	// List returns the names in a folder, sorted.
	List(dir string) ([]string, error)
	// SyncDir makes the names of a folder durable.
	SyncDir(dir string) error
	// Free returns the octets that a file may still take.
	Free() (int64, error)
	// Close gives the folder back to others.
	Close() error
}

// A File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Sync makes content and length durable (fdatasync).
	Sync() error
	// Allocate reserves blocks for size octets and makes the file that long;
	// what was not written reads as zero.
	Allocate(size int64) error
	// Truncate cuts the file to size.
	Truncate(size int64) error
	// Size returns the length in octets.
	Size() (int64, error)
	Close() error
}
