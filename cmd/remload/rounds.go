package main

import (
	"context"
	"fmt"
)

// A side is one of those that take turns. Its round gives figures, in the order
// of the columns of the table that they are for.
type side struct {
	name  string
	round func(ctx context.Context) ([]float64, error)
}

// A share is a ratio of figures of two sides: numerator side and column over
// denominator side and column, times a factor.
type share struct {
	name                    string
	over, under             int // sides
	overColumn, underColumn int
	factor                  float64
	goal                    string
}

// takeTurns runs every side once a round, in an order that turns, and reports
// the median of each figure and of each ratio, the ratios taken within a round.
// Rounds in which others were busy are left out while there are as many clean
// ones as wanted; more are run to find them, up to twice as many.
func takeTurns(ctx context.Context, r *report, title string, rounds int, columns []string, sides []side, shares []share) error {
	type round [][]float64
	var clean, disturbed []round
	for n := 0; len(clean) < rounds && n < 2*rounds; n++ {
		m, err := newMeter()
		if err != nil {
			return err
		}
		figures := make(round, len(sides))
		for i := range sides {
			at := (i + n) % len(sides)
			if figures[at], err = sides[at].round(ctx); err != nil {
				return fmt.Errorf("%s: %w", sides[at].name, err)
			}
		}
		_, foreign, err := m.read()
		if err != nil {
			return err
		}
		note := ""
		if foreign > disturbance {
			note = fmt.Sprintf(", disturbed: others used %.2f cores", foreign)
			disturbed = append(disturbed, figures)
		} else {
			clean = append(clean, figures)
		}
		for i, s := range sides {
			line := ""
			for j, c := range columns {
				line += fmt.Sprintf(" %s %s;", figure(figures[i][j]), c)
			}
			r.say("round %d, %s:%s%s", n+1, s.name, line, note)
		}
	}
	counted := clean
	if len(clean) < rounds {
		counted = append(clean, disturbed...)
		r.note("%s: others kept more than %.2f cores busy in %d of %d rounds, and these count too.", title, disturbance, len(disturbed), len(counted))
	} else if len(disturbed) > 0 {
		r.note("%s: %d disturbed rounds are left out.", title, len(disturbed))
	}
	t := r.table(title, "", columns...)
	for i, s := range sides {
		figures := make([]float64, len(columns))
		for j := range columns {
			var all []float64
			for _, one := range counted {
				all = append(all, one[i][j])
			}
			figures[j] = median(all)
		}
		t.add(s.name, figures...)
	}
	if len(shares) == 0 {
		return nil
	}
	ratios := r.table(title+": ratios", "", "median", "least", "most")
	for _, s := range shares {
		var all []float64
		for _, one := range counted {
			if under := one[s.under][s.underColumn]; under > 0 {
				all = append(all, s.factor*one[s.over][s.overColumn]/under)
			}
		}
		if len(all) == 0 {
			return fmt.Errorf("%s: nothing to compare with", s.name)
		}
		least, most := all[0], all[0]
		for _, f := range all {
			least, most = min(least, f), max(most, f)
		}
		name := s.name
		if s.goal != "" {
			name += " [" + s.goal + "]"
		}
		ratios.add(name, median(all), least, most)
	}
	return nil
}
