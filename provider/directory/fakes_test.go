package directory_test

import (
	"context"
	"time"

	"rem"
	"rem/privacy"
	"rem/provider/directory"
)

func (c *counter) note(name string) { c.calls = append(c.calls, name) }

func (c *counter) ByAddress(ctx context.Context, a rem.Address) ([]directory.Listing, error) {
	c.note("ByAddress")
	return c.Store.ByAddress(ctx, a)
}

func (c *counter) ByToken(ctx context.Context, t privacy.IndexToken, limit int) ([]directory.Listing, error) {
	c.note("ByToken")
	return c.Store.ByToken(ctx, t, limit)
}

func (c *counter) At(ctx context.Context, a rem.Address, at time.Time) (directory.Version, error) {
	c.note("At")
	return c.Store.At(ctx, a, at)
}

func (c *counter) Newest(ctx context.Context, a rem.AccountID) (directory.Version, error) {
	c.note("Newest")
	return c.Store.Newest(ctx, a)
}

func (c *counter) Ask(ctx context.Context, l directory.Lookup, day int64, weight, limit int) error {
	c.note("Ask")
	return c.Store.Ask(ctx, l, day, weight, limit)
}

// fixed is a store whose look-ups somebody has edited.
type fixed struct {
	directory.Store
	entries [][]byte
}

func (f *fixed) LookupChain(_ context.Context, visit func([]byte) error) error {
	for _, b := range f.entries {
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}
