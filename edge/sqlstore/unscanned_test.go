package sqlstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/mail/archive"
)

// Only a step that says what was not scanned has the second version: all others are, to
// the octet, what earlier versions of this program wrote and read.
func TestWhatWasNotScannedHasAVersionOfItsOwn(t *testing.T) {
	s := seedStep()
	before, _ := encodeStep(&s)
	s.New.Unscanned = []archive.Kind{archive.Overlap, archive.TooDense}
	after, _ := encodeStep(&s)
	if before[0] != 1 || after[0] != 2 || len(after) != len(before)+1+len("\x07overlap")+len("\x09too-dense") {
		t.Errorf("versions %d and %d, %d and %d octets", before[0], after[0], len(before), len(after))
	}
	got, err := decodeStep(after, whole)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.New, got.New, compare); diff != "" {
		t.Error(diff)
	}
	r, err := readCard(card(s.New))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.New, r, compare); diff != "" {
		t.Error(diff)
	}
	if _, err := decodeStep(append([]byte{3}, after[1:]...), whole); err == nil {
		t.Error("a later version is read")
	}
}
