package node

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rem/message"
)

// steps is a journal that grows by so many steps with each look.
type steps int

func (n *steps) Steps(context.Context, string, int) ([]message.Step, string, error) {
	return make([]message.Step, *n), "", nil
}

// How long who follows waits: by how fast the journal grows, whether it rests, and
// whether somebody looks.
func TestPaceOfFollowing(t *testing.T) {
	const every = 50 * time.Millisecond
	for name, c := range map[string]struct {
		grown   steps         // within the second before
		rings   time.Duration // until when commits ring
		looks   time.Duration // when somebody looks; 0: nobody
		want    time.Duration
		between bool // want is what it lasts at least, and a little more at most
		words   bool
	}{
		"a journal that is not busy":    {grown: 10, rings: time.Hour, want: followPace, words: true},
		"a busy one that goes on":       {grown: 1000, rings: time.Hour, want: busyPace, between: true},
		"a busy one that rests":         {grown: 1000, rings: time.Second, want: time.Second, between: true},
		"a busy one at which one looks": {grown: 1000, rings: time.Hour, looks: 700 * time.Millisecond, want: 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				p := &pace{feed: &c.grown}
				p.done() // the first look
				time.Sleep(time.Second)
				if _, _, err := p.Steps(ctx, "", 0); err != nil {
					t.Fatal(err)
				}
				p.done()
				if got := p.words(); got != c.words {
					t.Errorf("words are indexed: %t, want %t", got, c.words)
				}
				committed, looked, start := make(chan struct{}, 1), make(chan struct{}, 1), time.Now()
				var others sync.WaitGroup
				others.Go(func() {
					for ctx.Err() == nil && time.Since(start) < c.rings {
						select {
						case committed <- struct{}{}:
						default:
						}
						time.Sleep(every)
					}
				})
				if c.looks > 0 {
					others.Go(func() {
						time.Sleep(c.looks)
						looked <- struct{}{}
					})
				}
				p.wait(ctx, committed, looked)
				got := time.Since(start)
				if got < c.want || got > c.want && !c.between || got > c.want+2*followPace {
					t.Errorf("it waits for %s, want %s", got, c.want)
				}
				stop()
				others.Wait()
			})
		})
	}
}

// Words of a journal that is never quiet come in the end.
func TestWordsAreNotPutOffForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		grown := steps(1000)
		p := &pace{feed: &grown}
		p.done()
		for start := time.Now(); time.Since(start) < wordsLate+2*time.Second; {
			time.Sleep(time.Second)
			if _, _, err := p.Steps(t.Context(), "", 0); err != nil {
				t.Fatal(err)
			}
			p.done()
		}
		if !p.words() {
			t.Errorf("after more than %s words are still put off", wordsLate)
		}
	})
}
