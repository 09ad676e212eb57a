package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// exchangeCmd measures the whole journey between two providers of ours, beside
// two of Postfix and the ceiling that signing and verifying set.
type exchangeCmd struct {
	shape
	wiring
	Unopened bool `help:"Leave retrieval out: the last evidence is that of delivery."`
	Alone    bool `help:"Leave Postfix out."`
}

// Run has the sides take turns. Every message of ours leaves evidence of
// submission (A), of acceptance by the other provider (B), of delivery (D) and
// of retrieval (F), each stamped, carried in signed envelopes and verified
// where it arrives; a round is over when the last of them is filed at the
// sender's provider.
func (c *exchangeCmd) Run(ctx context.Context, r *report) (err error) {
	dir, w, end, err := c.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	a, err := w.start(ctx, 0)
	if err != nil {
		return err
	}
	var opens []string
	question := "check"
	if !c.Unopened {
		opens, question = append(opens, "--opens"), "check retrieval"
	}
	b, err := w.start(ctx, 1, opens...)
	if err != nil {
		return err
	}
	from, err := w.holders(ctx, a, c.Sessions)
	if err != nil {
		return err
	}
	to, err := w.holders(ctx, b, c.Sessions)
	if err != nil {
		return err
	}
	bags, err := w.bags(ctx, &c.shape, from, to)
	if err != nil {
		return err
	}
	sides := []side{
		{fmt.Sprintf("rem, two providers, %s", c.Key), func(ctx context.Context) ([]float64, error) {
			return w.round(ctx, &c.shape, a, b, bags, question)
		}},
		{"ceiling of the cryptography, " + c.Key, withoutSyncs(func(ctx context.Context) ([]float64, error) { return c.ceiling() })},
	}
	shares := []share{{"through/s ÷ ceiling", 0, 1, 1, 1, 1, c.goal("G4 ≥ 0.35, aim 0.6")},
		{"CPU of the cryptography ÷ ours", 1, 0, 4, 4, 1, ""}}
	if !c.Alone {
		round, stop, err := c.postfix(ctx, dir, true, bags)
		if err != nil {
			return err
		}
		defer stop()
		sides = append(sides, side{c.postfixName(true), withoutSyncs(round)})
		shares = append(shares, share{"through/s ÷ Postfix'", 0, 2, 1, 1, 1, c.goal("G3 ≥ 2, aim 3")},
			share{"Postfix' CPU ÷ ours", 2, 0, 4, 4, 1, ""})
	}
	return takeTurns(ctx, r, fmt.Sprintf("exchange, %d B, %d sessions", c.Size, c.Sessions), c.Rounds, ourColumns, sides, shares)
}

func (c *exchangeCmd) goal(words string) string {
	if c.Size == 5<<10 && c.Key == "p256" && !c.Unopened {
		return words
	}
	return ""
}

// ceiling measures signing and verifying on all cores and gives what they would
// allow, in the columns of the others.
func (c *exchangeCmd) ceiling() ([]float64, error) {
	made, err := schemes()
	if err != nil {
		return nil, err
	}
	of := schemeOf(made, c.Key)
	const long = 500 * time.Millisecond
	signs, err := rate(runtime.GOMAXPROCS(0), long, func() error { _, err := of.sign(); return err })
	if err != nil {
		return nil, err
	}
	verifies, err := rate(runtime.GOMAXPROCS(0), long, of.verify)
	if err != nil {
		return nil, err
	}
	s, v := float64(signsOfExchange), float64(verifiesOfExchange)
	if c.Unopened { // an evidence with its token, and an envelope, less on each side
		s, v = s-3, v-3
	}
	most := 1 / (s/signs + v/verifies)
	return []float64{0, most, 0, 0, 1e6 * float64(runtime.GOMAXPROCS(0)) / most}, nil
}
