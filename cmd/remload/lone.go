package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// loneCmd measures what somebody waits who is alone: the answer to one message
// beside one durable write, in turns so short that what else the machine does
// makes both dearer.
type loneCmd struct {
	wiring
	Size   int           `help:"Octets of an original." default:"5120"`
	Time   time.Duration `help:"How long a round takes." default:"4s"`
	Rounds int           `help:"Undisturbed rounds." default:"5"`
	Dir    string        `help:"Folder for all that is stored. Default: the folder for temporary files." type:"path" placeholder:"DIR"`
	Other  string        `help:"Another build of this program, of the same configuration, whose provider takes turns with ours." type:"existingfile" placeholder:"FILE"`
}

// turn is how many messages or writes one side has before the next one's turn.
const turn = 16

// Run holds what follows a submission, as submit does with --hold.
func (c *loneCmd) Run(ctx context.Context, r *report) (err error) {
	s := shape{Sessions: 1, Size: c.Size, Dir: c.Dir}
	dir, w, end, err := s.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	names, programs := []string{"append 512 B + fdatasync", "append 8192 B + fdatasync", "a message, evidence durable before 250, " + c.Key}, []string{self}
	if c.Other != "" {
		names, programs = append(names, "the same, "+filepath.Base(c.Other)), append(programs, c.Other)
	}
	var parts []func() error // one write or message of each side
	var renew []func() error // a provider bounds what comes over one connection
	for _, size := range []int{512, 8 << 10} {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint("log-", size)))
		if err != nil {
			return fmt.Errorf("appending: %w", err)
		}
		defer f.Close()
		g := &grouped{file: f, size: size}
		parts = append(parts, func() error { return g.write(1) })
	}
	for i, program := range programs {
		p, err := w.startProgram(ctx, program, i, "--hold")
		if err != nil {
			return err
		}
		people, err := w.holders(ctx, p, 1)
		if err != nil {
			return err
		}
		bags, err := w.bags(ctx, &s, people, people)
		if err != nil {
			return err
		}
		session, err := w.load(&s, p, bags).dial(ctx, 0)
		if err != nil {
			return err
		}
		defer func() { session.close() }()
		renew = append(renew, func() error {
			next, err := w.load(&s, p, bags).dial(ctx, 0)
			if err == nil {
				session.close()
				session = next
			}
			return err
		})
		parts = append(parts, func() error { return session.send(bags[0].take()) })
	}

	figures := func() ([]float64, error) {
		for _, again := range renew {
			if err := again(); err != nil {
				return nil, err
			}
		}
		took := make([]histogram, len(parts))
		for start := time.Now(); time.Since(start) < c.Time && ctx.Err() == nil; {
			for i, do := range parts {
				for range turn {
					began := time.Now()
					if err := do(); err != nil {
						return nil, fmt.Errorf("%s: %w", names[i], err)
					}
					took[i].add(time.Since(began))
				}
			}
		}
		var out []float64
		for i := range took {
			out = append(out, micro(took[i].quantile(0.1)), micro(took[i].quantile(0.5)), micro(took[i].quantile(0.99)))
		}
		return out, ctx.Err()
	}
	if _, err := figures(); err != nil { // the first messages find everything cold
		return err
	}
	// The sides take their turns within a round: one round gives the figures of all.
	var last []float64
	asked := 0
	sides := make([]side, len(parts))
	for i := range sides {
		sides[i] = side{names[i], func(context.Context) (_ []float64, err error) {
			if asked++; asked%len(parts) == 1 {
				if last, err = figures(); err != nil {
					return nil, err
				}
			}
			return last[3*i : 3*i+3], nil
		}}
	}
	shares := []share{
		{"p50 ÷ that of 512 B [G11 ≤ 3, aim 2]", 2, 0, 1, 1, 1, ""},
		{"p50 ÷ that of 8192 B", 2, 1, 1, 1, 1, ""},
	}
	shares = append(shares, share{"p10 ÷ that of 512 B", 2, 0, 0, 0, 1, ""})
	if c.Other != "" {
		shares = append(shares, share{"p10 of the other ÷ ours", 3, 2, 0, 0, 1, ""}, share{"p50 of the other ÷ ours", 3, 2, 1, 1, 1, ""}, share{"the other's p50 ÷ that of 512 B", 3, 0, 1, 1, 1, ""})
	}
	return takeTurns(ctx, r, fmt.Sprintf("one session, %d B", c.Size), c.Rounds, []string{"p10 µs", "p50 µs", "p99 µs"}, sides, shares)
}
