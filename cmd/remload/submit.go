package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// submitCmd measures registered submission beside Postfix.
type submitCmd struct {
	shape
	wiring
	Hold  bool `help:"Submission alone: nothing is delivered. Postfix delivers all the same."`
	Alone bool `help:"Leave Postfix out."`
}

// The last column is what a provider does when its doors rest: mailboxes and events
// follow the journal, and words are indexed. What is done meanwhile is in the fifth.
var ourColumns = []string{"accepted/s", "through/s", "p50 ms", "p99 ms", "CPU µs/msg", "syncs/msg", "later CPU µs/msg"}

// Run has a provider of ours and Postfix take turns. Ours gives the 250 when
// evidence of submission is signed, stamped and durable, and delivers to a
// mailbox of its own with evidence, as Postfix delivers to its maildir.
func (c *submitCmd) Run(ctx context.Context, r *report) (err error) {
	dir, w, end, err := c.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	question, name := "check", "rem, evidence durable before 250, delivery with evidence"
	var how []string
	if c.Hold {
		question, name, how = "check submission", "rem, evidence durable before 250, delivery held", []string{"--hold"}
	}
	p, err := w.start(ctx, 0, how...)
	if err != nil {
		return err
	}
	people, err := w.holders(ctx, p, c.Sessions)
	if err != nil {
		return err
	}
	bags, err := w.bags(ctx, &c.shape, people, people)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("registered submission, %d B, %d sessions", c.Size, c.Sessions)
	sides := []side{{name + ", " + c.Key, func(ctx context.Context) ([]float64, error) {
		return w.round(ctx, &c.shape, p, p, bags, question)
	}}}
	if c.Alone {
		return takeTurns(ctx, r, title, c.Rounds, ourColumns, sides, nil)
	}
	round, stop, err := c.postfix(ctx, dir, false, bags)
	if err != nil {
		return err
	}
	defer stop()
	return takeTurns(ctx, r, title, c.Rounds, ourColumns, append(sides, side{c.postfixName(false), withoutSyncs(round)}), []share{
		{"accepted/s ÷ Postfix'", 0, 1, 0, 0, 1, c.goal("G1 ≥ 4, aim 7", "G14 ≥ 1.5, aim 2.5")},
		{"through/s ÷ Postfix'", 0, 1, 1, 1, 1, ""},
		{"Postfix' CPU ÷ ours", 1, 0, 4, 4, 1, ""},
		{"p99 ÷ Postfix'", 0, 1, 3, 3, 1, c.goal("G10 ≤ 0.25, aim 0.125", "")},
	})
}

// goal names a goal where the shape is the goal's.
func (s *shape) goal(small, large string) string {
	switch {
	case s.Size == 5<<10 && s.Sessions == 16:
		return small
	case s.Size >= 1<<20:
		return large
	}
	return ""
}

// withoutSyncs adds the columns that Postfix does not tell.
func withoutSyncs(round func(context.Context) ([]float64, error)) func(context.Context) ([]float64, error) {
	return func(ctx context.Context) ([]float64, error) {
		figures, err := round(ctx)
		return append(figures, 0, 0), err
	}
}

// round sends for a while, waits until the last evidence is filed where the
// messages were sent, checks every message, waits until the providers rest, so that
// nobody else's round is disturbed, and gives the figures of ourColumns.
func (w *world) round(ctx context.Context, s *shape, from, to *provider, bags []*mailbag, question string) ([]float64, error) {
	nodes := []*provider{from}
	if to != from {
		nodes = append(nodes, to)
	}
	syncs := func() (n uint64, err error) {
		for _, p := range nodes {
			a, err := p.tells("stats")
			if err != nil {
				return 0, err
			}
			n += a.Syncs
		}
		return n, nil
	}
	before, err := from.tells(question)
	if err != nil {
		return nil, err
	}
	var syncsBefore uint64
	var m *meter
	l := w.load(s, from, bags)
	l.opened = func() (err error) {
		if syncsBefore, err = syncs(); err == nil {
			m, err = newMeter()
		}
		return err
	}
	sent, err := l.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, from.log)
	}
	end, used, err := settled(ctx, m, from, to, before.Finished+sent.accepted, question)
	if err != nil {
		return nil, err
	}
	syncsAfter, err := syncs()
	if err != nil {
		return nil, err
	}
	m, err = newMeter()
	if err != nil {
		return nil, err
	}
	var roots []int
	for _, p := range nodes {
		roots = append(roots, p.process.Process.Pid)
	}
	if err := rests(ctx, roots...); err != nil {
		return nil, err
	}
	later, _, err := m.read()
	if err != nil {
		return nil, err
	}
	n := float64(sent.accepted)
	return []float64{sent.rate(), n / end.Sub(sent.start).Seconds(), micro(sent.latency.quantile(0.5)) / 1000,
		micro(sent.latency.quantile(0.99)) / 1000, used / n * 1e6, float64(syncsAfter-syncsBefore) / n, later / n * 1e6}, nil
}

// settleEvery is how often it is looked whether anything still moves. Looking
// costs a slow round more than a fast one.
const settleEvery = 40 * time.Millisecond

// settled waits until nothing moves any more, sees that every message has every
// evidence, and says when the last thing moved and what was used until then:
// looking at every message is our own work.
func settled(ctx context.Context, m *meter, from, to *provider, want int64, question string) (moved time.Time, used float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	var last uint64
	checking := 0.0
	for {
		a, err := from.tells("stats")
		if err != nil {
			return moved, 0, err
		}
		b, err := to.tells("stats")
		if err != nil {
			return moved, 0, err
		}
		if now := a.Records + b.Records; now != last {
			last, moved = now, time.Now()
		} else if time.Since(moved) > 300*time.Millisecond {
			before, _, err := m.read()
			if err != nil {
				return moved, 0, err
			}
			if a, err = from.tells(question); err != nil {
				return moved, 0, err
			}
			if a.Finished == want && a.Pending == "" {
				return moved, before - checking, nil
			}
			if a.Finished > want {
				return moved, 0, fmt.Errorf("%d messages were accepted and %d are there", want, a.Finished)
			}
			after, _, err := m.read()
			if err != nil {
				return moved, 0, err
			}
			checking += after - before
		}
		select {
		case <-ctx.Done():
			return moved, 0, fmt.Errorf("%d of %d messages have all evidence (%s): %w", a.Finished, want, a.Pending, ctx.Err())
		case <-time.After(settleEvery):
		}
	}
}
