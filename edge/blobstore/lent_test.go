package blobstore_test

import (
	"bytes"
	"testing"

	"rem/edge/blobstore"
	"rem/internal/testkit/broken"
)

// What was read from the disk is given without a copy to who opened it. What was
// written a moment ago is not: whoever keeps it would keep the memory of many.
func TestOnlyWhatWasReadFromTheDiskIsLent(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	want := content(1, 1000)
	ref := keep(t, s, want)
	bytesOf := func(r blobstore.Ref) []byte {
		c, err := s.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, c.Size())
		if n, err := c.ReadAt(got, 0); n < len(got) {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[:len(got)]) {
			t.Error("other octets were read")
		}
		if whole, ok := c.(interface{ Bytes() []byte }); ok {
			return whole.Bytes()
		}
		return nil
	}
	if bytesOf(ref) != nil {
		t.Error("a content in the memory of many is lent")
	}
	s.Close()
	s = open(t, f, small)
	if !bytes.Equal(bytesOf(ref), want) {
		t.Error("a content that was read for its reader is not lent")
	}
	if bytesOf(ref.Part(0, 20)) != nil {
		t.Error("a part is lent with all of its content")
	}
}
