package node

import (
	"context"
	"time"

	"rem"
	"rem/edge/hook"
	"rem/edge/outward"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/mailbox"
	"rem/provider/directory"
)

// happenings tell programs what happened, and send in bulk.
type happenings struct {
	follower  *happening.Follower
	pace      pace
	hooks     *happening.Hooks
	deliverer *hook.Deliverer
	bulk      *bulk.Service
}

// Alarms of events and bulk sending.
const (
	alarmEvents = "events could not be told"
	alarmHooks  = "events could not be sent"
	alarmBulk   = "a bulk sending does not go on"
)

// How often events and bulk sending are looked after where nothing rings.
const (
	happeningPause = 5 * time.Second
	hookPause      = 2 * time.Second
	forgetEvery    = time.Hour
)

// openHappenings makes them, over the store of programs.
func (n *Node) openHappenings(guard *outward.Guard) (err error) {
	h, store := &n.People.happenings, n.People.programs
	sealer := hook.Sealer{Keys: n.Records.Keys}
	h.pace.feed = n.Store
	h.follower = &happening.Follower{Feed: &h.pace, Ledger: n.Store, Store: store, Clock: n.clock, Keep: time.Duration(n.Config.Programs.EventDays) * 24 * time.Hour}
	h.hooks = &happening.Hooks{Store: store, Events: store, Accounts: n.Store, Sealer: sealer, Clock: n.clock, Check: guard.Check}
	h.deliverer, err = hook.New(hook.Options{Events: store, Hooks: store, Accounts: n.Store, Sealer: sealer, Clock: n.clock, Guard: guard})
	if err != nil {
		return err
	}
	h.bulk = &bulk.Service{
		Box: n.Mailbox, Accounts: n.Store, Store: store.Bulk(), Events: store, Ledger: n.Store, Vault: n.Records.Vault, Clock: n.clock,
		MaxSize: n.Practice.MaxPackage, Rate: n.Config.Programs.BulkPerMinute,
	}
	if n.People.Directory != nil {
		h.bulk.Directory = n.listed
	}
	return nil
}

// listed says which addresses the directory knows to be there.
func (n *Node) listed(ctx context.Context, who mailbox.Visitor, addresses []rem.Address) (map[rem.Address]bool, error) {
	all, err := n.People.Directory.Check(ctx, directory.Asker{Actor: who.Actor, Door: directory.ByREST}, directory.ToSend, addresses)
	if err != nil {
		return nil, err
	}
	known := map[rem.Address]bool{}
	for i, s := range all {
		known[addresses[i]] = s != directory.NotListed
	}
	return known, nil
}

// tellHappenings brings events and bulk sending up to what happens until ctx ends.
func (n *Node) tellHappenings(ctx context.Context) {
	h := &n.People.happenings
	committed, stop := n.Store.Committed()
	defer stop()
	pause, forget := time.NewTicker(happeningPause), time.NewTicker(forgetEvery)
	defer pause.Stop()
	defer forget.Stop()
	alarm := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			n.alarmOf(what)(err)
		}
	}
	pace := &h.pace
	for ctx.Err() == nil {
		_, err := h.follower.Follow(ctx)
		pace.done()
		alarm(alarmEvents, err)
		wake := committed
		if err != nil {
			wake = nil // not at each commit again
		}
		select {
		case <-ctx.Done():
		case <-wake:
			pace.wait(ctx, committed, nil)
		case <-pause.C:
			alarm(alarmBulk, h.bulk.Round(ctx))
		case <-forget.C:
			alarm(alarmEvents, h.follower.Forget(ctx))
		}
	}
}

// sendHappenings sends events to the addresses of people's programs until ctx ends.
func (n *Node) sendHappenings(ctx context.Context) {
	h := &n.People.happenings
	defer h.deliverer.Close()
	pause := time.NewTicker(hookPause)
	defer pause.Stop()
	for {
		more, err := h.deliverer.Round(ctx)
		if err != nil && ctx.Err() == nil {
			n.alarmOf(alarmHooks)(err)
		}
		if more && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}
