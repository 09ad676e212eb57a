package world

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"rem/internal/testkit/broken"
)

// ErrMade is what an effect fails with when it was made to.
var ErrMade = errors.New("made to fail")

// After is what happens to the process when an effect has failed.
type After uint8

// What may happen. The index of the ledger is synced at its own pace, so that
// after a power cut it may be as old as it likes, or not be there.
const (
	Crash     After = iota // the process stops; the folder is as it was left
	PowerCut               // the power goes; what was not synced is there in part
	OldIndex               // the power goes, and the index is that of the start
	NoIndex                // the process stops, and the index is lost
	LivesOn                // the process goes on, and tries again later
	afters                 // how many there are
	LastAfter = LivesOn
)

// String names it.
func (a After) String() string {
	return [...]string{"crash", "power cut", "power cut with an old index", "crash without index", "lives on"}[a]
}

// A Plan says which effect fails, and how.
type Plan struct {
	At    int // counted from 1, or from the effect that failed before
	Way   broken.Way
	After After
}

// String tells the plan in a failure's message.
func (p Plan) String() string { return fmt.Sprintf("effect %d, %s, %s", p.At, p.Way, p.After) }

// Faults counts effects and makes some of them fail.
type Faults struct {
	// When, when not nil, is asked about every effect by its name and provider,
	// apart from the plans; it is set while nothing runs. The names are those of
	// the changes of a folder ("write", "sync", "create" ...), "index begin",
	// "index commit", "index committed", "sign", "stamp" and "connection".
	When func(p *Provider, effect string) (Plan, bool)

	mu    sync.Mutex
	on    bool     // guarded by mu
	count int      // guarded by mu: since the start or the last failure
	total int      // guarded by mu
	plans []Plan   // guarded by mu: the next one first
	fired []string // guarded by mu
}

// Begin counts from here and fails as the plans say, one after another.
func (f *Faults) Begin(plans ...Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on, f.count, f.total, f.plans, f.fired = true, 0, 0, slices.Clone(plans), nil
}

// End lets everything succeed from here, and returns how many effects there
// were and which of them failed.
func (f *Faults) End() (effects int, failed []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = false
	return f.total, f.fired
}

// ask is called before an effect.
func (f *Faults) ask(p *Provider, effect string) (Plan, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.When != nil {
		if plan, hit := f.When(p, effect); hit {
			p.struck(plan)
			return plan, true
		}
	}
	if !f.on {
		return Plan{}, false
	}
	f.count++
	f.total++
	if len(f.plans) == 0 || f.count != f.plans[0].At {
		return Plan{}, false
	}
	plan := f.plans[0]
	f.plans, f.count = f.plans[1:], 0
	f.fired = append(f.fired, fmt.Sprintf("%s at %s: %s, %s", effect, p.Domain, plan.Way, plan.After))
	p.struck(plan)
	return plan, true
}

// effect carries out an effect that is not one of the folder.
func (p *Provider) effect(name string, do func() error) error {
	if p.dead.Load() {
		return broken.ErrCrashed
	}
	plan, hit := p.w.Faults.ask(p, name)
	if !hit {
		return do()
	}
	err := fmt.Errorf("%s: %w", name, ErrMade)
	if plan.Way == broken.Done || plan.Way == broken.KillAfter {
		err = errors.Join(err, do())
	}
	if plan.Way == broken.Kill || plan.Way == broken.KillAfter {
		p.kill()
	}
	return err
}

// mishap is the error that a disk gives.
const mishap = syscall.EIO
