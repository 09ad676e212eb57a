package sqlstore

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"rem"
)

const (
	// maxNewest bounds the identifiers of one part, some 60 octets each.
	maxNewest = 32_768
	// maxParts bounds the parts; identifiers begin with the time, so those of one
	// provider share one for a generation.
	maxParts = 64
)

// newest says of nearly all new messages that they are new, without asking the
// index: identifiers grow with time. Of each part, those that begin with the same
// two octets, it knows all that are greater than the floor.
type newest struct{ parts map[string]*newestPart }

type newestPart struct {
	floor rem.MessageID
	ids   map[rem.MessageID]struct{}
}

func partOf(id rem.MessageID) string { return string(id[:min(2, len(id))]) }

// absent reports whether neither the state nor the index has anything of a
// message; known is false when that cannot be told here.
func (n *newest) absent(id rem.MessageID) (absent, known bool) {
	p := n.parts[partOf(id)]
	if p == nil {
		return false, false
	}
	if id <= p.floor {
		return false, true // it may be there
	}
	_, there := p.ids[id]
	return !there, true
}

// add takes an identifier in.
func (n *newest) add(id rem.MessageID) {
	p := n.parts[partOf(id)]
	if p == nil || id <= p.floor {
		return
	}
	p.ids[id] = struct{}{}
	if len(p.ids) < maxNewest {
		return
	}
	all := slices.Sorted(maps.Keys(p.ids))
	p.floor = all[len(all)/2]
	for _, id := range all[:len(all)/2+1] {
		delete(p.ids, id)
	}
}

// isNew reports whether the ledger certainly has nothing of a message.
func (s *Store) isNew(ctx context.Context, id rem.MessageID) (bool, error) {
	l := &s.live
	l.mu.Lock()
	defer l.mu.Unlock()
	absent, known := l.newest.absent(id)
	if known || id == "" || len(l.newest.parts) >= maxParts {
		return absent, nil
	}
	part := partOf(id)
	p := &newestPart{ids: make(map[rem.MessageID]struct{})}
	err := s.readers.rows(ctx, "newest", []any{part, part + "\xff"}, func(rows *sql.Rows) error {
		var id sql.NullString
		err := rows.Scan(&id)
		p.floor = max(p.floor, rem.MessageID(id.String))
		return err
	})
	if err != nil {
		return false, err
	}
	if l.newest.parts == nil {
		l.newest.parts = make(map[string]*newestPart)
	}
	l.newest.parts[part] = p
	for _, c := range []*changes{&l.flushing, &l.changes} { // the index may not have them
		for id := range c.changed {
			l.newest.add(id)
		}
	}
	absent, _ = l.newest.absent(id)
	return absent, nil
}
