package sqlstore

import (
	"fmt"
	"testing"

	"rem"
	"rem/internal/testkit"
)

// Whatever order identifiers come in, what was added is never called new, and
// most of what was not is.
func TestNewestNeverCallsAKnownMessageNew(t *testing.T) {
	random := testkit.Rand(t, 71)
	n := newest{parts: map[string]*newestPart{"06": {floor: "06a", ids: map[rem.MessageID]struct{}{}}}}
	known := map[rem.MessageID]bool{}
	called := 0
	const ids = 3 * maxNewest
	for i := range ids {
		at := i
		if random.IntN(10) == 0 {
			at = random.IntN(ids)
		}
		id := rem.MessageID(fmt.Sprintf("06b%08d@hs90.kep.test", at))
		absent, ok := n.absent(id)
		if !ok || absent && known[id] {
			t.Fatalf("%s, the %d. one: absent %v, known %v", id, i, absent, ok)
		}
		if absent {
			called++
		}
		known[id] = true
		n.add(id)
	}
	for id := range known {
		if absent, _ := n.absent(id); absent {
			t.Fatalf("%s is called new", id)
		}
	}
	if called < ids/2 {
		t.Errorf("%d of %d new ones are called new", called, ids)
	}
	if got := len(n.parts["06"].ids); got > maxNewest {
		t.Errorf("%d identifiers are kept, want at most %d", got, maxNewest)
	}
	if _, ok := n.absent("zz@elsewhere.test"); ok {
		t.Error("a part that was never read is known")
	}
}
