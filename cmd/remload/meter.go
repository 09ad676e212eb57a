package main

import (
	"bytes"
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

// used reads /proc: time spent by all programs, kernel threads left out, and by
// this process with its descendants. The time of children that ended is their
// parent's.
func used() (all, family float64, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, 0, fmt.Errorf("reading what processors did: %w", err)
	}
	type process struct {
		parent int
		used   float64
	}
	processes := map[int]process{}
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
			return 0, 0, fmt.Errorf("reading what process %d did: %d fields", pid, len(fields))
		}
		p := process{}
		p.parent, _ = strconv.Atoi(fields[1])
		for _, f := range fields[11:15] { // utime stime cutime cstime
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return 0, 0, fmt.Errorf("reading what process %d did: %w", pid, err)
			}
			p.used += n / ticks
		}
		processes[pid] = p
	}
	const kthreadd = 2
	self := os.Getpid()
	for pid, p := range processes {
		at := pid
		for hops := 0; at > 1 && at != self && at != kthreadd && hops < 64; hops++ {
			at = processes[at].parent
		}
		switch {
		case at == kthreadd:
		case at == self:
			family += p.used
			all += p.used
		case pid != 1: // its children's time would be counted with it
			all += p.used
		}
	}
	return all, family, nil
}
