package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// memoryCmd measures how a provider grows while large messages come in at once.
type memoryCmd struct {
	wiring
	Sessions int    `help:"Submissions at once." default:"16"`
	Size     int    `help:"Octets of an original." default:"25000000"`
	Dir      string `help:"Folder for all that is stored. Default: the folder for temporary files." type:"path" placeholder:"DIR"`
}

// Run has each session submit one message, all at the same time.
func (c *memoryCmd) Run(ctx context.Context, r *report) (err error) {
	s := &shape{Sessions: c.Sessions, Size: c.Size, Time: time.Minute, Count: int64(c.Sessions), Dir: c.Dir}
	_, w, end, err := s.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	p, err := w.start(ctx, 0)
	if err != nil {
		return err
	}
	idle, err := p.memory()
	if err != nil {
		return err
	}
	people, err := w.holders(ctx, p, c.Sessions)
	if err != nil {
		return err
	}
	bags, err := w.bags(ctx, s, people, people)
	if err != nil {
		return err
	}
	var opened, peak float64
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watcher sync.WaitGroup
	var fault error
	l := w.load(s, p, bags)
	l.opened = func() (err error) {
		if opened, err = p.memory(); err != nil {
			return err
		}
		watcher.Go(func() {
			for ticks := time.NewTicker(5 * time.Millisecond); ; {
				now, err := p.memory()
				if err != nil {
					fault = err
					return
				}
				peak = max(peak, now)
				select {
				case <-ticks.C:
				case <-watching.Done():
					ticks.Stop()
					return
				}
			}
		})
		return nil
	}
	sent, err := l.run(ctx)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.log)
	}
	m, err := newMeter()
	if err != nil {
		return err
	}
	if _, _, err := settled(ctx, m, p, p, sent.accepted, "check"); err != nil {
		return err
	}
	stop()
	watcher.Wait()
	if fault != nil {
		return fault
	}
	t := r.table(fmt.Sprintf("memory, %d submissions of %d B at once", c.Sessions, c.Size), "MB", "idle", "logged in", "most", "growth over idle [G13 ≤ 64, aim 24]")
	t.add("rem", idle, opened, peak, peak-idle)
	return nil
}

// memory reads the proportional set size of a provider, in MB.
func (p *provider) memory() (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", p.process.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading memory: %w", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			var kb float64
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				return 0, fmt.Errorf("reading memory: %w", err)
			}
			return kb / 1000, nil
		}
	}
	return 0, errors.New("reading memory: the kernel does not say")
}
