package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/edge/hook"
	"rem/message/happening"
	"rem/person/token"
)

// Bounds of waiting.
const (
	// maxWait is how long a request for events may wait, in seconds: shorter than what
	// proxies on the way endure.
	maxWait = 60
	// maxWaiters are requests that wait at the same time; one more is answered at once.
	maxWaiters = 2000
	// maxWaitersOfKey are those of one token.
	maxWaitersOfKey = 4
)

// wait takes a place among those who wait; false: there is none.
func (p *programs) wait(key string) (leave func(), ok bool) {
	p.waiting.Lock()
	defer p.waiting.Unlock()
	if p.waiters >= maxWaiters || p.waitersOf[key] >= maxWaitersOfKey {
		return nil, false
	}
	p.waiters++
	p.waitersOf[key]++
	return func() {
		p.waiting.Lock()
		defer p.waiting.Unlock()
		p.waiters--
		if p.waitersOf[key]--; p.waitersOf[key] == 0 {
			delete(p.waitersOf, key)
		}
	}, true
}

// mayFollow fails unless the token's person may be told the account's events.
func (p *programs) mayFollow(ctx context.Context) (rem.Actor, error) {
	by := bearer(ctx).Actor
	a, err := p.Accounts.Account(ctx, by.Account)
	if err != nil {
		return by, err
	}
	if !happening.MaySee(&a, by.Person, p.h.clock.Now()) {
		return by, problem(http.StatusForbidden, "refused", text("Bu hesapta bu işlem için yetkiniz yok.", "You have no authority for this on this account."))
	}
	return by, nil
}

func (p *programs) events() {
	if p.Events == nil {
		return
	}
	const tag = "Olaylar / events"
	type in struct {
		Spoken
		After int64 `query:"after" minimum:"0" doc:"Bu numaradan sonrakiler / those after this number"`
		Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Wait  int   `query:"wait" minimum:"0" maximum:"60" doc:"Yeni olay yoksa beklenecek saniye / seconds to wait where there is none"`
	}
	type out struct {
		Body struct {
			Events []hook.Event `json:"events"`
			Newest int64        `json:"newest" doc:"Hesabın en yeni olay numarası / the newest number of the account"`
		}
	}
	huma.Register(p.api, on(http.MethodGet, "events", "listEvents", token.List, tag, "Hesapta olanları sırayla verir; wait ile yeni olayı bekler", "Gives what happened on the account, in order; waits for something new with wait"),
		func(ctx context.Context, q *in) (*out, error) {
			by, err := p.mayFollow(ctx)
			if err != nil {
				return nil, p.told(q.Language, err)
			}
			if q.Limit == 0 {
				q.Limit = 100
			}
			changed, stop := p.Events.Watch(by.Account) // before it is read, so that nothing falls between
			defer stop()
			events, newest, err := p.Events.After(ctx, by.Account, q.After, q.Limit)
			if leave, ok := p.wait(string(bearer(ctx).Key)); err == nil && len(events) == 0 && q.Wait > 0 && ok {
				p.await(ctx, changed, time.Duration(min(q.Wait, maxWait))*time.Second)
				leave()
				if _, err = p.mayFollow(ctx); err == nil { // he may have lost the right while he waited
					events, newest, err = p.Events.After(ctx, by.Account, q.After, q.Limit)
				}
			} else if ok {
				leave()
			}
			if err != nil {
				return nil, p.told(q.Language, err)
			}
			o := &out{}
			o.Body.Events, o.Body.Newest = []hook.Event{}, newest
			for i := range events {
				o.Body.Events = append(o.Body.Events, hook.EventOf(&events[i]))
			}
			return o, nil
		})
}

// await waits until something changed, the time is over or the request has gone.
func (p *programs) await(ctx context.Context, changed <-chan struct{}, most time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = p.h.clock.Wait(ctx, most) // ended either way
	}()
	select {
	case <-changed:
	case <-over:
	case <-ctx.Done():
	}
	cancel()
	<-over
}
