package privacy

import (
	"slices"
	"sync"
	"time"
)

// A Sitting names what somebody opens again and again while he sits over it, such as a
// draft that is saved while it is typed. It is in memory alone and stands in no entry.
type Sitting string

// SittingLasts is for how long one entry stands for what the same person opens of the
// same fields in one sitting.
const SittingLasts = time.Hour

// maxSittings bounds what is remembered, some 300 octets each; what is forgotten is
// recorded once more.
const maxSittings = 1 << 15

// sat is what one entry of a sitting says, but for its fields.
type sat struct {
	sitting Sitting
	access  Access
	entry   string // whom the values are about, and with which act
}

// sittings remember which entries are durable. They are empty after a start. The zero
// value is ready; it may be used concurrently.
type sittings struct {
	mu       sync.Mutex
	now, old map[sat]map[FieldID]time.Time // guarded by mu; old gives way when now is half of maxSittings
}

func satOf(a *Access, e *AccessEntry) sat {
	return sat{a.Sitting, *a, string(e.Act) + "\x00" + string(e.Person)}
}

// missing are the entries that no durable one stands for at t.
func (s *sittings) missing(a *Access, entries []AccessEntry, t time.Time) []AccessEntry {
	if a.Sitting == "" || a.Role.Staff() {
		return entries // of staff each look is said
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(entries), func(e AccessEntry) bool {
		k := satOf(a, &e)
		said := s.now[k]
		if said == nil {
			said = s.old[k]
		}
		return !slices.ContainsFunc(e.Fields, func(f FieldID) bool {
			at, ok := said[f]
			since := t.Sub(at)
			return !ok || since < 0 || since >= SittingLasts
		})
	})
}

// add remembers entries that are durable since t.
func (s *sittings) add(a *Access, entries []AccessEntry, t time.Time) {
	if a.Sitting == "" || a.Role.Staff() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range entries {
		k := satOf(a, &entries[i])
		said := s.now[k]
		if said == nil {
			if len(s.now) >= maxSittings/2 {
				s.old, s.now = s.now, nil
			}
			if s.now == nil {
				s.now = map[sat]map[FieldID]time.Time{}
			}
			said = map[FieldID]time.Time{}
			s.now[k] = said
		}
		for _, f := range entries[i].Fields {
			said[f] = t
		}
	}
}
