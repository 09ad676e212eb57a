package accesslog

import (
	"testing"
	"time"

	"rem/edge/blobstore"
	"rem/privacy"
)

// Whatever a record of the journal holds, reading ends, and what does not hold
// is a problem and never an entry twice.
func FuzzRecord(f *testing.F) {
	e := privacy.AccessEntry{Number: 1, Time: time.Unix(1, 0), Act: privacy.Opened, Actor: "s", Role: privacy.AsOfficer, Purpose: "p", Case: "c", Person: "p-1", Fields: []privacy.FieldID{"f"}}
	id := "00112233445566778899aabbccddeeff"
	first, end := appendLink(nil, privacy.ChainEnd{Hash: privacy.BeginChain(id)}, &e)
	e.Number = 2
	second, _ := appendLink(nil, end, &e)
	f.Add(byte(kindOpened), opened(id, 0), byte(kindEntries), append(first, second...))
	f.Add(byte(kindEntries), second, byte(kindEntries), first)
	f.Add(byte(kindMark), mark(1<<63), byte(kindEntries), first[:40])
	f.Add(byte(kindOpened), opened("not a name", 3), byte('X'), []byte{0xff})
	f.Fuzz(func(t *testing.T, k1 byte, m1 []byte, k2 byte, m2 []byte) {
		r := &reading{}
		last := uint64(0)
		r.visit = func(e *privacy.AccessEntry, _ blobstore.Position, _ int) {
			if e.Number <= last || e.Check() != nil {
				t.Fatalf("entry %d after entry %d", e.Number, last)
			}
			last = e.Number
		}
		for range 2 { // the same again is no chain
			r.record(blobstore.Entry{Kind: k1, Meta: m1})
			r.record(blobstore.Entry{Kind: k2, Meta: m2})
		}
		if len(r.problems) > maxProblems {
			t.Fatal("problems without end")
		}
		if r.entries > 0 && len(r.problems) == 0 {
			t.Fatal("the same entries twice are no problem")
		}
	})
}
