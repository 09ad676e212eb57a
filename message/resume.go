package message

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// An Unfinisher is the part of a ledger that Resume asks.
type Unfinisher interface {
	Unfinished(ctx context.Context, stage Stage) ([]Kept, error)
}

// Resume goes on from the intentions of a stage that have no step. It tries all
// of them: one that cannot be carried out now, as while the time-stamp authority
// is away, keeps neither the others waiting nor the provider from starting. It
// returns those that are left, with what went wrong with each.
//
// Only, when not nil, are the ones to try, as far as they still have no step: so
// that who tries again while new work goes on leaves that alone.
func Resume(ctx context.Context, l Unfinisher, stage Stage, only []Kept, finish func(context.Context, Kept) error) (left []Kept, err error) {
	unfinished, err := l.Unfinished(ctx, stage)
	if err != nil {
		return only, fmt.Errorf("looking for what is unfinished in %s: %w", stage, err)
	}
	for _, k := range unfinished {
		if only != nil && !slices.ContainsFunc(only, func(o Kept) bool { return o.Key == k.Key && o.At.Equal(k.At) }) {
			continue
		}
		if e := finish(ctx, k); e != nil {
			left = append(left, k)
			err = errors.Join(err, fmt.Errorf("resuming %s: %w", k.Key, e))
		}
	}
	return left, err
}
