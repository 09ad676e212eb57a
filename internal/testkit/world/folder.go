package world

import (
	"sync"

	"rem/edge/blobstore"
	"rem/internal/testkit/broken"
)

// A folder is the folder of one running process: each change is an effect.
type folder struct {
	*broken.FS
	p  *Provider
	mu sync.Mutex // one change at a time, so that the one that fails is the one that was counted
}

func (f *folder) change(name string, do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	plan, hit := f.p.w.Faults.ask(f.p, name)
	if !hit {
		return do()
	}
	f.FS.Break(broken.Plan{At: 1, Way: plan.Way, Err: mishap})
	err := do()
	f.FS.Break(broken.Plan{})
	if plan.Way == broken.Kill || plan.Way == broken.KillAfter {
		f.p.kill()
	}
	return err
}

func (f *folder) Create(name string) (file blobstore.File, err error) {
	err = f.change("create", func() (err error) { file, err = f.FS.Create(name); return err })
	return f.wrap(file, err)
}

func (f *folder) Open(name string) (blobstore.File, error) { return f.wrap(f.FS.Open(name)) }

func (f *folder) Update(name string) (blobstore.File, error) { return f.wrap(f.FS.Update(name)) }

func (f *folder) wrap(file blobstore.File, err error) (blobstore.File, error) {
	if err != nil {
		return nil, err
	}
	return &handle{file, f}, nil
}

func (f *folder) Rename(from, to string) error {
	return f.change("rename", func() error { return f.FS.Rename(from, to) })
}

func (f *folder) Remove(name string) error {
	return f.change("remove", func() error { return f.FS.Remove(name) })
}

func (f *folder) SyncDir(dir string) error {
	return f.change("sync folder", func() error { return f.FS.SyncDir(dir) })
}

type handle struct {
	blobstore.File
	f *folder
}

func (h *handle) WriteAt(p []byte, off int64) (n int, err error) {
	err = h.f.change("write", func() (err error) { n, err = h.File.WriteAt(p, off); return err })
	return n, err
}

func (h *handle) Sync() error { return h.f.change("sync", h.File.Sync) }

func (h *handle) Allocate(size int64) error {
	return h.f.change("allocate", func() error { return h.File.Allocate(size) })
}

func (h *handle) Truncate(size int64) error {
	return h.f.change("truncate", func() error { return h.File.Truncate(size) })
}

var _ blobstore.FS = (*folder)(nil)
