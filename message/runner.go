package message

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rem"
)

// A Queue is the part of a ledger that a Runner works on.
type Queue interface {
	Due(ctx context.Context, stage Stage, now time.Time, limit int) ([]Task, time.Time, error)
	Wake(stage Stage) <-chan struct{}
	Hint(ctx context.Context, s Step) error
}

// A Runner keeps one stage going: it takes what is due from the queue and gives
// it to Do, a message at a time, with a bounded number of messages at once. The
// queue is durable and leases live in memory, so a restart begins again with
// everything that is due; every Do is made for that.
//
// What a wrong clock put off is looked at again once the clock is right: when it
// has gone back, within a minute and the time that is needed to end what is under
// way; see [Hindsight].
type Runner struct {
	Stage Stage
	Queue Queue
	// Do carries out tasks that are all of one message. It takes them out of
	// the queue or puts them back itself. After an error they come back later:
	// those that an *Unfinished names, or all.
	Do func(ctx context.Context, tasks []Task) error
	// Parallel is how many messages are worked on at once.
	Parallel int
	// Pause is how long a task waits after its n-th fault.
	Pause func(faults int) time.Duration
	// Longest is how far ahead a task is put at most; see [Longest].
	Longest time.Duration
	Clock   rem.Clock
	Log     *slog.Logger
}

// batch is how many tasks are read ahead of each worker.
const batch = 8

type group struct {
	id    rem.MessageID
	tasks []Task
	// behind says that further tasks of the message wait until it ends. Owned
	// by the goroutine of Run.
	behind bool
}

// at reports whether a task, as it stands in the queue, is the one at work.
func (g *group) at(t Task) bool {
	return slices.ContainsFunc(g.tasks, func(o Task) bool {
		return o.Target == t.Target && o.Attempts == t.Attempts && o.Due.Equal(t.Due)
	})
}

// done tells that a message ended, when, and whether its tasks may still be due.
type done struct {
	id     rem.MessageID
	at     time.Time
	failed bool
}

// Run works until ctx ends, then waits for what is under way. It returns nil
// after a clean end.
func (r *Runner) Run(ctx context.Context) error {
	var (
		work    = make(chan group)
		ended   = make(chan done)
		workers sync.WaitGroup
		busy    = map[rem.MessageID]*group{} // owned by this goroutine
	)
	for range r.Parallel {
		workers.Go(func() {
			for g := range work {
				failed := r.do(ctx, g)
				ended <- done{g.id, r.Clock.Now(), failed}
			}
		})
	}
	defer func() {
		close(work)
		go func() { workers.Wait(); close(ended) }()
		for range ended { // workers may still want to tell
		}
	}()

	var (
		ready []group
		next  time.Time
		// The queue is read again when it may hold something that was not
		// there, or could not be begun, at the last reading; each message that
		// ends would otherwise cost a reading that finds nothing.
		stale     = true
		hindsight = Hindsight{Queue: r.Queue, Stage: r.Stage, Longest: r.Longest}
	)
	for {
		now, err := r.Clock.Now(), error(nil)
		owed := hindsight.Seen(now)
		if owed {
			ready, stale = nil, true // what was not begun is still in the queue
			if len(busy) == 0 {
				var tasks []Task
				tasks, err = hindsight.PutOff(ctx, now)
				ready, owed = groups(tasks, busy), false
			}
		}
		stale = stale || !next.IsZero() && !next.After(now)
		if len(ready) == 0 && stale && !owed && err == nil {
			ready, next, stale, err = r.due(ctx, busy)
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			r.Log.Error("reading the queue", "stage", r.Stage.String(), "err", err)
			// By the clock's running, not by what it shows: that may be wrong. The
			// wait ends early with ctx only.
			_ = r.Clock.Wait(ctx, r.Pause(1))
			continue
		}
		var out chan group
		var first group
		if len(ready) > 0 {
			out, first = work, ready[0]
		}
		wait, stop := r.until(ctx, next, len(ready) == 0 && !owed)
		select {
		case out <- first:
			busy[first.id] = &first
			ready = ready[1:]
		case d := <-ended:
			stale = stale || d.failed || busy[d.id].behind
			delete(busy, d.id)
		case <-r.Queue.Wake(r.Stage):
			stale = true
		case <-wait: // the clock is looked at
		case <-ctx.Done():
			stop()
			return nil
		}
		stop()
	}
}

// due reads what can be begun. Everything busy is still in the queue, and one
// message may have a task for each of its recipients, so it looks past all of
// it: else a large message would keep the others waiting, and this goroutine
// asking. more says that a part of the queue was not looked at.
func (r *Runner) due(ctx context.Context, busy map[rem.MessageID]*group) (ready []group, next time.Time, more bool, err error) {
	for limit := r.Parallel * batch; ; limit *= 2 {
		tasks, next, err := r.Queue.Due(ctx, r.Stage, r.Clock.Now(), limit)
		if err != nil {
			return nil, time.Time{}, true, err
		}
		more = len(tasks) >= limit
		if ready := groups(tasks, busy); len(ready) > 0 || !more {
			return ready, next, more, nil
		}
	}
}

// glance is how often the clock is looked at while nothing is due. A clock that
// is put right wakes nobody.
const glance = time.Minute

// until gives a channel that closes when the next task is due, or when it is time
// for a glance at the clock.
func (r *Runner) until(ctx context.Context, next time.Time, idle bool) (<-chan struct{}, func()) {
	if !idle || next.IsZero() {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		if r.Clock.Wait(ctx, min(next.Sub(r.Clock.Now()), glance)) == nil {
			close(done)
		}
	}()
	return done, cancel
}

// groups puts tasks of one message together, leaving out those at work.
func groups(tasks []Task, busy map[rem.MessageID]*group) []group {
	var out []group
	at := map[rem.MessageID]int{}
	for _, t := range tasks {
		if g := busy[t.Message]; g != nil {
			g.behind = g.behind || !g.at(t)
			continue
		}
		i, ok := at[t.Message]
		if !ok {
			i = len(out)
			at[t.Message] = i
			out = append(out, group{id: t.Message})
		}
		out[i].tasks = append(out[i].tasks, t)
	}
	return out
}

// do carries a group out. It reports a failure, after which the queue's word on
// its tasks is not known here.
func (r *Runner) do(ctx context.Context, g group) (failed bool) {
	err := r.Do(ctx, g.tasks)
	if err == nil || ctx.Err() != nil {
		return false // after a stop everything is due again
	}
	r.Log.Error("carrying out a stage", "stage", r.Stage.String(), "message", string(g.id), "err", err)
	left := g.tasks
	if u, ok := errors.AsType[*Unfinished](err); ok {
		left = u.Tasks // the others are out of the queue and stay out
	}
	now := r.Clock.Now()
	again := make([]Task, len(left))
	for i, t := range left {
		t.Due = now.Add(r.Pause(t.Attempts + 1))
		again[i] = t
	}
	if err := r.Queue.Hint(ctx, Step{Message: g.id, At: now, Again: again}); err != nil {
		r.Log.Error("putting tasks back", "stage", r.Stage.String(), "message", string(g.id), "err", err)
		// They are still due at once, so the message stays busy for the pause.
		// The wait ends early with ctx only, and then nothing is left to do.
		_ = r.Clock.Wait(ctx, r.Pause(1))
	}
	return true
}

// An Unfinished is the error of a Do that carried out some of its tasks.
type Unfinished struct {
	Tasks []Task // those that were not carried out
	Err   error
}

// Error gives what went wrong.
func (u *Unfinished) Error() string { return u.Err.Error() }

// Unwrap returns what went wrong.
func (u *Unfinished) Unwrap() error { return u.Err }

// EachTask makes a Runner's Do of a function for one task. Every task is tried:
// a fault with one recipient does not keep the others waiting.
func EachTask(do func(ctx context.Context, t Task) error) func(ctx context.Context, tasks []Task) error {
	return func(ctx context.Context, tasks []Task) error {
		var left []Task
		var faults error
		for _, t := range tasks {
			if err := do(ctx, t); err != nil {
				left = append(left, t)
				faults = errors.Join(faults, fmt.Errorf("task %s %s: %w", t.Stage, t.Target, err))
			}
		}
		if left == nil {
			return nil
		}
		return &Unfinished{left, faults}
	}
}
