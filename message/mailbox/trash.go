package mailbox

import (
	"context"
	"fmt"
	"time"
)

// TrashKept is how long an item lies in the trash before the mailbox gives it up: as
// long as who moved it there by mistake has to notice, and as other mail services
// keep it. The message and its evidence stay in the journal (REQ-87).
const TrashKept = 30 * 24 * time.Hour

// trashAtOnce is how many items one step takes out of the trash.
const trashAtOnce = 200

// EmptyTrash takes out what lies in the trash for longer than [TrashKept] at the
// time, of all accounts, and returns how many items that were. A message that was
// never opened stays, since nobody would ever have read it, and so does one that was
// opened lately. It is harmless when made again.
func EmptyTrash(ctx context.Context, s Store, now time.Time) (gone int, err error) {
	for {
		old, err := s.Trashed(ctx, now.Add(-TrashKept), trashAtOnce)
		if err != nil {
			return gone, err
		}
		if len(old) == 0 {
			return gone, nil
		}
		for a, ids := range old {
			if err := s.Remove(ctx, a, ids); err != nil {
				return gone, fmt.Errorf("emptying the trash: %w", err)
			}
			gone += len(ids)
		}
	}
}
