package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A load is what the generator does in one round: sessions send until time or
// count are over, whichever is first.
type load struct {
	sessions int
	time     time.Duration
	count    int64
	// dial opens the i-th session, write gives its next message.
	dial  func(ctx context.Context, i int) (*session, error)
	write func(i int) *original
	// opened, when not nil, is called once when all sessions are open: what
	// logins cost is not what messages cost.
	opened func() error
}

// A sent is what a round of load came to.
type sent struct {
	start    time.Time // of the first message
	accepted int64
	took     time.Duration // until the last one was accepted
	latency  histogram     // from MAIL to the answer after the data
}

func (s *sent) rate() float64 { return float64(s.accepted) / s.took.Seconds() }

// openingAtOnce bounds how many sessions log in at the same time: servers take
// a crowd of logins under way for somebody who guesses passwords.
const openingAtOnce = 8

// run opens the sessions, then sends from all of them. The first message that
// is not accepted ends it with an error.
func (l *load) run(ctx context.Context) (*sent, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sessions := make([]*session, l.sessions)
	var opening sync.WaitGroup
	turns := make(chan struct{}, openingAtOnce)
	for i := range sessions {
		opening.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			s, err := l.dial(ctx, i)
			if err != nil {
				cancel(err)
				return
			}
			sessions[i] = s
		})
	}
	opening.Wait()
	defer func() {
		var closing sync.WaitGroup
		for _, s := range sessions {
			if s != nil {
				closing.Go(s.close)
			}
		}
		closing.Wait()
	}()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if l.opened != nil {
		if err := l.opened(); err != nil {
			return nil, err
		}
	}
	parts := make([]histogram, l.sessions)
	var begun atomic.Int64
	var sending sync.WaitGroup
	out := &sent{start: time.Now()}
	for i, s := range sessions {
		sending.Go(func() {
			for ctx.Err() == nil && time.Since(out.start) < l.time && begun.Add(1) <= l.count {
				m := l.write(i)
				began := time.Now()
				if err := s.send(m); err != nil {
					cancel(fmt.Errorf("sending %s: %w", m.id, err))
					return
				}
				parts[i].add(time.Since(began))
			}
		})
	}
	sending.Wait()
	out.took = time.Since(out.start)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for i := range parts {
		out.latency.merge(&parts[i])
	}
	out.accepted = int64(out.latency.total)
	if out.accepted == 0 {
		return nil, fmt.Errorf("no message was sent in %v", l.time)
	}
	return out, nil
}
