package blobstore_test

import (
	"bytes"
	"testing"

	"rem/edge/blobstore"
	"rem/internal/testkit/broken"
)

func FuzzParseRef(f *testing.F) {
	f.Add("")
	f.Add("s1.144.5.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg")
	f.Add("s1.144.50.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg.10.40")
	f.Add("f06h0gyaxjyg30frvpret5ez2t4.81920.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := blobstore.ParseRef(s)
		if err == nil && r.String() != s {
			t.Errorf("%q became %q", s, r.String())
		}
	})
}

// A segment of any bytes is opened, replayed and appended to without a panic,
// and what is appended afterwards is there.
func FuzzSegment(f *testing.F) {
	disk := broken.NewFS()
	s, err := blobstore.Open(disk, small)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		if _, err := s.Append(f.Context(), blobstore.Record{Kind: 'C', Meta: []byte("m"), Content: content(i, 100)}); err != nil {
			f.Fatal(err)
		}
	}
	whole := disk.Bytes("segments/0000000001")
	f.Add(whole[:1024], 0, byte(0))
	f.Add(whole[:500], 70, byte(1))
	f.Add(whole[:100], 10, byte(255))
	f.Add([]byte{}, 0, byte(0))
	s.Close()
	f.Fuzz(func(t *testing.T, b []byte, at int, bit byte) {
		disk := broken.NewFS()
		if err := disk.Mkdir("segments"); err != nil {
			t.Fatal(err)
		}
		file, err := disk.Create("segments/0000000001")
		if err != nil {
			t.Fatal(err)
		}
		if b = bytes.Clone(b); at >= 0 && at < len(b) {
			b[at] ^= bit
		}
		if _, err := file.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
		s, err := blobstore.Open(disk, small)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'Z', Content: []byte("after")}); err != nil {
			t.Fatal(err)
		}
		last := byte(0)
		s.Replay(blobstore.Position{}, func(e blobstore.Entry) error { last = e.Kind; return nil })
		if last != 'Z' {
			t.Errorf("the last record is %q", last)
		}
	})
}
