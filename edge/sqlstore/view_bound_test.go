package sqlstore

import (
	"fmt"
	"testing"

	"rem"
	"rem/message"
)

// What is kept is bounded by messages and by the lines in them, and the newest
// are there.
func TestViewsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name             string
		recipients, most int
	}{
		{"small messages", 1, maxViews},
		{"large messages", 200, maxLines/200 + 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := views{limit: maxViews}
			of := &view{standings: make([]message.Standing, c.recipients)}
			id := func(n int) rem.MessageID { return rem.MessageID(fmt.Sprint(n)) }
			for n := range 3 * maxViews {
				v.put(id(n), of)
				v.drop(id(n)) // a step changes it
				v.put(id(n), of)
				if got := len(v.young) + len(v.old); got > c.most {
					t.Fatalf("%d messages are kept, want at most %d", got, c.most)
				}
				if n%7 == 0 && n > 100 && v.get(id(n-100)) == nil {
					t.Fatalf("message %d of %d is not there any more", n-100, n)
				}
			}
		})
	}
}
