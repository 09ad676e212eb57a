package mailstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"rem"
)

// Statements are read once and kept: for a small question SQLite's reading of it costs
// more than the answer. Those of searches are composed; beyond the bound they are read
// each time.
const statementsKept = 256

// statements are those that stay ready, by their text.
type statements struct {
	mu    sync.Mutex
	ready map[string]*sql.Stmt // guarded by mu
}

// get gives a statement, and what the caller calls when done.
func (k *statements) get(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, func() error, error) {
	keep := func() error { return nil }
	k.mu.Lock()
	ready, full := k.ready[text], len(k.ready) >= statementsKept
	k.mu.Unlock()
	if ready != nil {
		return ready, keep, nil
	}
	made, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	if full {
		return made, made.Close, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if other := k.ready[text]; other != nil { // somebody was faster
		return made, made.Close, nil
	}
	if k.ready == nil {
		k.ready = map[string]*sql.Stmt{}
	}
	k.ready[text] = made
	return made, keep, nil
}

func (k *statements) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, s := range k.ready {
		errs = append(errs, s.Close())
	}
	k.ready = nil
	return errors.Join(errs...)
}

// numbersKept is how many accounts' numbers stay in memory; then all are asked again.
const numbersKept = 50_000

// numbers are those of accounts. An account keeps its own for good.
type numbers struct {
	mu    sync.Mutex
	known map[rem.AccountID]int64 // guarded by mu
}

func (k *numbers) get(a rem.AccountID) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[a]
}

func (k *numbers) put(a rem.AccountID, n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= numbersKept {
		k.known = map[rem.AccountID]int64{}
	}
	k.known[a] = n
}
