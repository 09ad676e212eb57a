package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks are those of /proc: USER_HZ, which Linux shows to programs as 100.
const ticks = 100

// A meter says how much processor time this program and all that it started
// used since it was made, and how much others used: rounds in which neighbours
// took more than disturbance are not counted as clean.
type meter struct {
	start        time.Time
	busy, family float64 // seconds
}

// disturbance is how many cores others may use in a clean round.
const disturbance = 0.25

func newMeter() (*meter, error) {
	busy, family, err := used()
	return &meter{time.Now(), busy, family}, err
}

// read gives seconds that we used, and the cores that others kept busy.
func (m *meter) read() (ours, foreign float64, err error) {
	busy, family, err := used()
	if err != nil {
		return 0, 0, err
	}
	ours = family - m.family
	return ours, max(0, (busy-m.busy-ours)/time.Since(m.start).Seconds()), nil
}

// used gives the time spent by all programs, kernel threads left out, and by this
// process with its descendants.
func used() (all, family float64, err error) {
	list, err := processes()
	if err != nil {
		return 0, 0, err
	}
	self := os.Getpid()
	for pid, p := range list {
		switch {
		case list.descends(pid, kthreadd):
		case list.descends(pid, self):
			family += p.used
			all += p.used
		case pid != 1: // its children's time would be counted with it
			all += p.used
		}
	}
	return all, family, nil
}

// usedBy gives the seconds that one process and its descendants used, those that
// ended included.
func usedBy(root int) (seconds float64, err error) {
	list, err := processes()
	if err != nil {
		return 0, err
	}
	for pid, p := range list {
		if list.descends(pid, root) {
			seconds += p.used
		}
	}
	return seconds, nil
}

const kthreadd = 2

// A process is what /proc says of one: its own time, and that of its children that
// ended.
type process struct {
	parent int
	used   float64
}

type processTable map[int]process

// descends reports whether a process is root or came of it.
func (t processTable) descends(pid, root int) bool {
	for hops := 0; pid > 1 && hops < 64; hops++ {
		if pid == root {
			return true
		}
		pid = t[pid].parent
	}
	return false
}

func processes() (processTable, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("reading what processors did: %w", err)
	}
	list := processTable{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it ended
		}
		// The name is in parentheses and may hold anything; fields count from there.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 15 {
			return nil, fmt.Errorf("reading what process %d did: %d fields", pid, len(fields))
		}
		p := process{}
		p.parent, _ = strconv.Atoi(fields[1])
		for _, f := range fields[11:15] { // utime stime cutime cstime
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return nil, fmt.Errorf("reading what process %d did: %w", pid, err)
			}
			p.used += n / ticks
		}
		list[pid] = p
	}
	return list, nil
}

// rests waits until programs do nothing by themselves any more: for longer than ours
// pause at most between two looks at their journals.
func rests(ctx context.Context, roots ...int) error {
	const look, little, quiet = time.Second, 0.03, 6 // of a core, so many looks
	all := func() (sum float64, err error) {
		for _, root := range roots {
			one, err := usedBy(root)
			if err != nil {
				return 0, err
			}
			sum += one
		}
		return sum, nil
	}
	before, err := all()
	looks := 0
	for deadline := time.Now().Add(10 * time.Minute); err == nil && looks < quiet; {
		if time.Now().After(deadline) {
			return errors.New("the providers do not come to rest")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		var after float64
		after, err = all()
		if looks++; after-before > little*look.Seconds() {
			looks = 0
		}
		before = after
	}
	return err
}
