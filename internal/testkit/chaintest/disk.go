package chaintest

import (
	"testing"

	"rem/edge/blobstore"
	"rem/edge/chainstore"
	"rem/privacy/chain"
)

// OnDisk is the shelf of stores in a folder of the disk.
var OnDisk = Shelf{"file", func(t testing.TB) func() chain.Store {
	dir := t.TempDir()
	var last *chainstore.Store
	end := func() {
		if last == nil {
			return
		}
		if err := last.Close(); err != nil {
			t.Error(err)
		}
		last = nil
	}
	t.Cleanup(end)
	return func() chain.Store {
		end()
		folder, err := blobstore.Disk(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := chainstore.Open(folder, func(a blobstore.Alarm) { t.Errorf("alarm: %v", a.Err) })
		if err != nil {
			t.Fatal(err)
		}
		last = s
		return s
	}
}}

// Shelves are both kinds.
var Shelves = []Shelf{InMemory, OnDisk}
