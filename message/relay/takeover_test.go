package relay

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/message"
)

func aTakeover() *takeover {
	return &takeover{
		Record:     message.Record{ID: "m1@hs90.kep.test", Origin: "hs90.kep.test", Subject: "Örnek\n", Size: 3, Recipients: []message.Recipient{{Leg: message.Inbound}}},
		Recipients: []int{1},
		Refusal:    rem.Refuse(rem.PolicyViolation, "Olmaz.", "No."),
		Received:   []message.Filed{{ID: "_a", XML: []byte("<a>\n</a>")}, {ID: "_b", XML: []byte{}}, {ID: "_c", XML: []byte("<c/>\n")}},
		At:         time.Date(2026, 11, 23, 9, 30, 0, 123456789, time.UTC),
	}
}

func TestATakeoverComesBackWhole(t *testing.T) {
	want := aTakeover()
	b, err := want.marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := unmarshalTakeover(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for n := range b {
		if got, err := unmarshalTakeover(b[:n]); err == nil && n < len(b)-1 {
			t.Fatalf("the first %d of %d octets are read as %+v", n, len(b), got)
		}
	}
}

// An intention that a version before this one left is finished by this one.
func TestATakeoverOfVersionOneIsRead(t *testing.T) {
	want := aTakeover()
	want.Version = 1
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unmarshalTakeover(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(rem.Address{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := unmarshalTakeover(bytes.Replace(b, []byte(`"Version":1`), []byte(`"Version":3`), 1)); err == nil {
		t.Error("a version of the future is read")
	}
}
