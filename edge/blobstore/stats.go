package blobstore

import "sync/atomic"

// Stats counts what a store did since it was opened.
type Stats struct {
	Records uint64 // appended
	Commits uint64 // writes to segments; records share them
	Syncs   uint64 // fdatasync of segments and files
	Bytes   uint64 // written to segments
	Files   uint64 // contents in files of their own
	Corrupt uint64 // damage met
}

type counters struct {
	records, commits, syncs, bytes, files, corrupt atomic.Uint64
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	c := &s.stats
	return Stats{c.records.Load(), c.commits.Load(), c.syncs.Load(), c.bytes.Load(), c.files.Load(), c.corrupt.Load()}
}
