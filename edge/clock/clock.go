// Package clock is the machine's clock behind rem.Clock.
package clock

import (
	"context"
	"time"
)

// System is the machine's clock. The zero value is ready.
type System struct{}

// Now returns the present time in UTC, in milliseconds: finer digits are not
// carried by evidence, and two places must not disagree about them.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Wait returns when d has passed or ctx has ended.
func (System) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
