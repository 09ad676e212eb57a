package mailstore

import (
	"testing"

	"rem/message/mailbox"
)

func TestTheShelfHoldsNoMoreThanItsBound(t *testing.T) {
	var k shelf
	third := make([]mailbox.Line, linesKept/3)
	for _, f := range []mailbox.FolderID{"a", "b", "c"} {
		k.put(shelved{"acc", f}, 1, third)
	}
	if _, there := k.get(shelved{"acc", "a"}, 1); !there {
		t.Error("a was dropped though there is room")
	}
	k.put(shelved{"acc", "d"}, 1, third)
	k.put(shelved{"acc", "large"}, 1, make([]mailbox.Line, linesKept+1))
	k.put(shelved{"acc", "d"}, 2, third[:1])
	for f, want := range map[mailbox.FolderID]int{"a": len(third), "b": 0, "c": len(third), "d": 1, "large": 0} {
		changed := int64(1)
		if f == "d" {
			changed = 2
		}
		if lines, _ := k.get(shelved{"acc", f}, changed); len(lines) != want {
			t.Errorf("%s has %d lines, want %d", f, len(lines), want)
		}
	}
	if want := 2*len(third) + 1; k.total != want {
		t.Errorf("the shelf counts %d lines, want %d", k.total, want)
	}
}
