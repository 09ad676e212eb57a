package node

import (
	"context"
	"sync/atomic"
	"time"

	"rem/message"
)

// How those who follow the journal take turns with those who write it. What is
// accepted, relayed and delivered is durable in the journal and comes first; mailboxes
// and events are views of it.
const (
	// followPace is how long after a look at the journal the next one follows at the
	// earliest. What happened meanwhile is followed together: a store's step and its
	// sync stand for many of the journal's. The first happening after a rest is seen
	// at once.
	followPace = 200 * time.Millisecond
	// busySteps are the steps a second with which the journal is busy: more than a
	// hundred messages. Then it is followed when it rests for followPace, when
	// somebody looks at a mailbox, and after busyPace at the latest.
	busySteps = 400
	busyPace  = 5 * time.Second
	// wordsLate is how long a busy journal keeps new words from the search.
	wordsLate = time.Minute
)

// A feed is the journal as it is read again; sqlstore.Store is one.
type feed interface {
	Steps(ctx context.Context, after string, limit int) (steps []message.Step, next string, err error)
}

// A pace keeps who follows the journal from looking at each step by itself. It is
// between him and the journal, and counts the steps. Steps may be called concurrently,
// the rest belongs to one goroutine.
type pace struct {
	feed
	steps atomic.Int64

	last    time.Time // the last look
	counted time.Time // when steps were last counted
	busy    time.Time // since when the journal is busy; zero: it is not
}

// Steps implements mailbox.Feed and happening.Feed.
func (p *pace) Steps(ctx context.Context, after string, limit int) (steps []message.Step, next string, err error) {
	steps, next, err = p.feed.Steps(ctx, after, limit)
	p.steps.Add(int64(len(steps)))
	return steps, next, err
}

// done tells that the journal was looked at.
func (p *pace) done() {
	p.last = time.Now()
	since := p.last.Sub(p.counted)
	if since < followPace {
		return
	}
	p.counted = p.last
	switch n := p.steps.Swap(0); {
	case float64(n) < busySteps*since.Seconds():
		p.busy = time.Time{}
	case p.busy.IsZero():
		p.busy = p.last
	}
}

// wait waits until the journal may be looked at again, or ctx ends. committed rings
// at each commit, looked when somebody looks at what follows.
func (p *pace) wait(ctx context.Context, committed, looked <-chan struct{}) {
	// sleep reports whether it was for nothing: somebody rang.
	sleep := func(d time.Duration, rings <-chan struct{}) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return false
		case <-ctx.Done():
		case <-rings:
		}
		return true
	}
	if rest := time.Until(p.last.Add(followPace)); rest > 0 {
		sleep(rest, nil)
	}
	for !p.busy.IsZero() && time.Since(p.last) < busyPace {
		select {
		case <-committed:
		default:
		}
		if sleep(followPace, looked) || len(committed) == 0 { // it rests
			return
		}
	}
}

// words reports whether what is new is indexed for the search now.
func (p *pace) words() bool { return p.busy.IsZero() || time.Since(p.busy) > wordsLate }
