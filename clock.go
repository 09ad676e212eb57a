package rem

import (
	"context"
	"time"
)

// A Clock says what to do next. It never says when something happened: only a
// time-stamp token has that weight. Times are UTC. A Clock may be used from
// many goroutines.
type Clock interface {
	// Now returns the present time in UTC.
	Now() time.Time
	// Wait returns when d has passed or ctx has ended, with ctx's error in the
	// second case. A d of zero or less returns at once.
	Wait(ctx context.Context, d time.Duration) error
}
