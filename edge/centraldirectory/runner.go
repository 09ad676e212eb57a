package centraldirectory

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rem"
	"rem/provider/directory"
)

// A Deliverer tells what is due; *directory.Directory is one.
type Deliverer interface {
	Deliver(ctx context.Context) (told int, err error)
	Lag(ctx context.Context) (lag time.Duration, waiting int, err error)
}

// A Runner tells the central directory every change as it is made (REQ-77). Its
// fields are set before its first use.
type Runner struct {
	Directory Deliverer
	Clock     rem.Clock
	Log       *slog.Logger
	// Every is how often it looks without being woken: changes that were put off, and
	// those of before a start. 0 is [DefaultEvery].
	Every time.Duration
	// Alarm is told when something has waited for longer than Patience (0: an hour),
	// once for each time that it begins; nil: nobody is.
	Alarm    func(lag time.Duration, waiting int)
	Patience time.Duration

	wake     chan struct{}
	compared atomic.Pointer[directory.Report] // the newest; nil: none since the start
}

// The defaults of a Runner.
const (
	DefaultEvery    = 2 * time.Second
	DefaultPatience = time.Hour
)

// Prepare makes the runner ready to be woken. It is called before Wake and Run.
func (r *Runner) Prepare() {
	r.wake = make(chan struct{}, 1)
	if r.Every <= 0 {
		r.Every = DefaultEvery
	}
	if r.Patience <= 0 {
		r.Patience = DefaultPatience
	}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
}

// Wake says that something changed. It never waits; it is what
// directory.Config.Wake wants.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends, and returns then. A fault is logged and tried again.
func (r *Runner) Run(ctx context.Context) {
	late := false
	for ctx.Err() == nil {
		if _, err := r.Directory.Deliver(ctx); err != nil && ctx.Err() == nil {
			r.Log.LogAttrs(ctx, slog.LevelError, "the central directory was not told", slog.String("err", err.Error()))
		}
		if lag, waiting, err := r.Directory.Lag(ctx); err == nil {
			if now := lag > r.Patience; now != late {
				if late = now; late && r.Alarm != nil {
					r.Alarm(lag, waiting)
				}
			}
		}
		r.wait(ctx)
	}
}

// Compared says what came of the newest comparison, for the metrics.
func (r *Runner) Compared(report directory.Report) { r.compared.Store(&report) }

// wait returns when something changed, Every has passed, or ctx has ended.
func (r *Runner) wait(ctx context.Context) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := make(chan struct{})
	go func() {
		defer close(timer)
		_ = r.Clock.Wait(waiting, r.Every) // it has passed, or nobody waits any more
	}()
	select {
	case <-r.wake:
		cancel()
		<-timer
	case <-timer:
	}
}

// lagTimeout bounds the look at the backlog that a scrape of the metrics waits for.
const lagTimeout = 2 * time.Second

// Register adds the lag, what waits, and what the newest comparison found to a
// registry of metrics.
func (r *Runner) Register(metrics prometheus.Registerer) error {
	look := func() (time.Duration, int) {
		ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
		defer cancel()
		lag, waiting, err := r.Directory.Lag(ctx)
		if err != nil {
			return -time.Second, -1 // no number of the real ones
		}
		return lag, waiting
	}
	return errors.Join(
		metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rem_central_directory_lag_seconds", Help: "How long the oldest change has waited for the central directory; -1: not known."},
			func() float64 { lag, _ := look(); return lag.Seconds() })),
		metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rem_central_directory_waiting", Help: "Changes that the central directory was not told yet; -1: not known."},
			func() float64 { _, waiting := look(); return float64(waiting) })),
		metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rem_central_directory_faults", Help: "Accounts that the newest comparison found missing, extra or different; -1: none was made since the start."},
			func() float64 {
				if c := r.compared.Load(); c != nil {
					return float64(c.Faults)
				}
				return -1
			})),
		metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rem_central_directory_compared_seconds", Help: "Unix time of the end of the newest comparison; 0: none was made since the start."},
			func() float64 {
				if c := r.compared.Load(); c != nil {
					return float64(c.Ended.Unix())
				}
				return 0
			})))
}
