package mailstore

import "context"

const (
	// tidied is how many pages of the index of words are written by one Tidy.
	tidied = 256
	// gatherAfter are the new items after which all parts are brought into one again,
	// and gatherShare the part of all items that they have to be: an item's
	// words are then written some ten times over in a large index. After a start it is
	// looked once whether there is more than one part.
	gatherAfter = 256
	gatherShare = 10
)

// Tidy brings parts of the index of words together, and reports whether there is more
// to do: the index grows by a part with each step that adds words, and a search asks
// each of them. One calls it at a time, when nothing else is to be done; a step is
// short, and what it leaves is an index as good as before.
func (s *Store) Tidy(ctx context.Context) (more bool, err error) {
	var all int64
	if _, err := s.read(ctx, "newestItem", nil, &all); err != nil {
		return false, err
	}
	pages := tidied
	if all-s.gathered > max(gatherAfter, s.gathered/gatherShare) {
		pages = -tidied // begins with all parts
	}
	more, err = update(ctx, s, "bringing words together", "", func(t step) (bool, error) {
		var before, after int64
		if err := t.must("changes", nil, &before); err != nil {
			return false, err
		}
		if err := t.do("mergeWords", pages); err != nil {
			return false, err
		}
		err := t.must("changes", nil, &after)
		return after-before >= 2, err // fewer: nothing was merged
	})
	if err == nil && pages < 0 {
		s.gathered = all
	}
	return more, err
}
