package main

import (
	"context"
	"errors"
	"fmt"
)

// growthCmd measures whether a message costs more the more there are.
type growthCmd struct {
	shape
	wiring
	Until int64 `help:"Messages that are stored in the end." default:"20000"`
}

// Run submits and delivers until enough are stored. Each line is one round.
func (c *growthCmd) Run(ctx context.Context, r *report) (err error) {
	_, w, end, err := c.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	p, err := w.start(ctx, 0)
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
	t := r.table(fmt.Sprintf("growth, %d B, %d sessions", c.Size, c.Sessions), "", ourColumns...)
	for stored := int64(0); stored < c.Until; {
		m, err := newMeter()
		if err != nil {
			return err
		}
		figures, err := w.round(ctx, &c.shape, p, p, bags, "check")
		if err != nil {
			return err
		}
		_, foreign, err := m.read()
		if err != nil {
			return err
		}
		a, err := p.tells("stats")
		if err != nil {
			return err
		}
		t.add(fmt.Sprintf("%d to %d, others used %.2f cores", stored, a.Finished, foreign), figures...)
		stored = a.Finished
		r.say("%d messages: %s accepted/s, %s CPU µs/msg", stored, figure(figures[0]), figure(figures[4]))
	}
	return nil
}
