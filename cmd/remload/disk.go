package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// disk measures what durability costs: appending to one file alone, in groups
// that share a sync, and a new file for each.
func (c *limitsCmd) disk(r *report) error {
	dir, err := os.MkdirTemp(c.Dir, "remload-limits-")
	if err != nil {
		return fmt.Errorf("making a folder to measure in: %w", err)
	}
	defer os.RemoveAll(dir)
	table := r.table("disk", "", "commits/s", "p50 µs", "p99 µs")
	for _, size := range []int{512, 8 << 10} {
		for _, writers := range []int{1, 8, 64} {
			n, h, err := appending(dir, size, writers, c.Time)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("append %d B + fdatasync, %d writers in groups", size, writers)
			if writers == 1 {
				name = fmt.Sprintf("append %d B + fdatasync, 1 writer", size)
			}
			table.add(name, n, micro(h.quantile(0.5)), micro(h.quantile(0.99)))
		}
	}
	for _, size := range []int{512, 8 << 10} {
		n, h, err := creating(dir, size, c.Time)
		if err != nil {
			return err
		}
		table.add(fmt.Sprintf("file of %d B + fsync + fsync of its folder", size), n, micro(h.quantile(0.5)), micro(h.quantile(0.99)))
	}
	return nil
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// appending has writers append blocks to one file. Whoever finds nobody at work
// writes and syncs for all that wait.
func appending(dir string, size, writers int, d time.Duration) (perSecond float64, h *histogram, err error) {
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, nil, fmt.Errorf("appending: %w", err)
	}
	defer f.Close()
	g := &grouped{file: f, size: size}
	g.turn.L = &g.mu
	var group sync.WaitGroup
	parts := make([]histogram, writers)
	start := time.Now()
	for i := range parts {
		group.Go(func() {
			for time.Since(start) < d {
				began := time.Now()
				if g.commit() != nil {
					return
				}
				parts[i].add(time.Since(began))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(start)
	h = new(histogram)
	for i := range parts {
		h.merge(&parts[i])
	}
	return float64(h.total) / elapsed.Seconds(), h, g.err
}

// grouped is the barest group commit.
type grouped struct {
	file *os.File
	size int

	mu      sync.Mutex
	turn    sync.Cond
	waiting int    // guarded by mu; in the group that forms
	forming uint64 // guarded by mu; its number
	durable uint64 // guarded by mu; groups below it are on the disk
	busy    bool   // guarded by mu
	err     error  // guarded by mu
	buffer  []byte // owned by who set busy
}

func (g *grouped) commit() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	mine := g.forming
	g.waiting++
	for g.durable <= mine && g.err == nil {
		if g.busy {
			g.turn.Wait()
			continue
		}
		n := g.waiting
		g.waiting, g.busy = 0, true
		g.forming++
		g.mu.Unlock()
		err := g.write(n)
		g.mu.Lock()
		g.busy, g.durable = false, g.forming
		if err != nil {
			g.err = err
		}
		g.turn.Broadcast()
	}
	return g.err
}

func (g *grouped) write(n int) error {
	if need := n * g.size; len(g.buffer) < need {
		g.buffer = make([]byte, need)
	}
	if _, err := g.file.Write(g.buffer[:n*g.size]); err != nil {
		return err
	}
	return unix.Fdatasync(int(g.file.Fd()))
}

// creating makes a file for each block, as a maildir does.
func creating(dir string, size int, d time.Duration) (perSecond float64, h *histogram, err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return 0, nil, fmt.Errorf("creating files: %w", err)
	}
	defer folder.Close()
	h = new(histogram)
	block := make([]byte, size)
	start := time.Now()
	for i := 0; time.Since(start) < d; i++ {
		began := time.Now()
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.eml", i)))
		if err != nil {
			return 0, nil, fmt.Errorf("creating files: %w", err)
		}
		_, err = f.Write(block)
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = folder.Sync()
		}
		if err != nil {
			return 0, nil, fmt.Errorf("creating files: %w", err)
		}
		h.add(time.Since(began))
	}
	return float64(h.total) / time.Since(start).Seconds(), h, nil
}
