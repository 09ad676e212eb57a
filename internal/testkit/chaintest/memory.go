package chaintest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"rem/privacy/chain"
)

// A Memory is a chain.Store in memory, which a test can make fail and tamper
// with. It may be used from many goroutines.
type Memory struct {
	mu      sync.Mutex
	entries [][]byte // guarded by mu
	fail    error    // guarded by mu; of the next Append
	keep    bool     // guarded by mu; the failing Append keeps its entry
}

// FailNext makes the next Append fail with err, having kept the entry or not.
func (m *Memory) FailNext(err error, kept bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail, m.keep = err, kept
}

// Append keeps an entry.
func (m *Memory) Append(ctx context.Context, entry []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", chain.ErrNothingKept, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.fail
	m.fail = nil
	if err == nil || m.keep {
		m.entries = append(m.entries, bytes.Clone(entry))
	}
	return err
}

// Entry returns an entry.
func (m *Memory) Entry(_ context.Context, number uint64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if number == 0 || number > uint64(len(m.entries)) {
		return nil, fmt.Errorf("entry %d: %w", number, chain.ErrNotFound)
	}
	return bytes.Clone(m.entries[number-1]), nil
}

// Replay visits all entries.
func (m *Memory) Replay(ctx context.Context, visit func([]byte) error) error {
	for _, e := range m.Entries() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// Entries returns a copy of all entries.
func (m *Memory) Entries() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([][]byte, len(m.entries))
	for i, e := range m.entries {
		list[i] = bytes.Clone(e)
	}
	return list
}

// With returns a store with other entries, as somebody with access to the disk
// would leave it.
func With(entries ...[]byte) *Memory { return &Memory{entries: entries} }
