package sqlstore

import "context"

// ForgetViews makes the next answers come from SQLite, and returns how many
// messages were answered from memory until now.
func (s *Store) ForgetViews() int {
	_ = s.catchUp(context.Background()) // without an end it has no error
	s.views.mu.Lock()
	n := len(s.views.young)
	for id := range s.views.old {
		if s.views.young[id] == nil {
			n++
		}
	}
	s.views.mu.Unlock()
	s.views.clear()
	return n
}
