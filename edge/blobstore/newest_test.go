package blobstore_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rem"
	"rem/edge/blobstore"
	"rem/internal/testkit/broken"
)

// flip damages a content on the disk.
func flip(t *testing.T, f *broken.FS, ref blobstore.Ref) {
	t.Helper()
	var number, offset int64
	fmt.Sscanf(ref.String(), "s%d.%d", &number, &offset)
	if err := f.Flip(fmt.Sprintf("segments/%010d", number), offset+5, 3); err != nil {
		t.Fatal(err)
	}
}

func TestNewestContentComesFromMemoryAndIsCheckedOnTheDisk(t *testing.T) {
	f := broken.NewFS()
	alarms := 0
	o := small
	o.Alarm = func(blobstore.Alarm) { alarms++ }
	s := open(t, f, o)
	want := content(1, 1000)
	ref := keep(t, s, want)
	keep(t, s, content(2, 1000))
	flip(t, f, ref)
	if got, err := s.Bytes(ref); err != nil || !bytes.Equal(got, want) {
		t.Errorf("from memory: %v", err)
	}
	if got, err := s.Bytes(ref.Part(10, 20)); err != nil || !bytes.Equal(got, want[10:30]) {
		t.Errorf("a part from memory: %v", err)
	}
	if err := s.Check(ref); !errors.Is(err, blobstore.ErrCorrupt) || alarms != 1 {
		t.Errorf("Check: %v and %d alarms, want %v and one", err, alarms, blobstore.ErrCorrupt)
	}
	if err := s.Check(ref.Part(10, 20)); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("Check of a part: %v, want %v", err, blobstore.ErrCorrupt)
	}
	s.Close()
	s = open(t, f, o)
	if _, err := s.Bytes(ref); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("after a restart: %v, want %v", err, blobstore.ErrCorrupt)
	}
}

func TestOldContentIsReadFromTheDisk(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, blobstore.Options{Segment: 4 << 20, MinFree: -1})
	first := keep(t, s, content(0, 1000))
	for range 18 {
		r := blobstore.Record{Kind: 'C', Content: make([]byte, 1<<20), Inline: true}
		if _, err := s.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	flip(t, f, first)
	if _, err := s.Bytes(first); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, blobstore.ErrCorrupt)
	}
	if err := s.CheckMemory(); err != nil {
		t.Error(err)
	}
}

func TestReferenceToOtherBytesFindsNothingInMemory(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	ref := keep(t, s, content(1, 1000)).String()
	keep(t, s, content(2, 1000))
	other := rem.DigestOf([]byte("other"))
	for name, wrong := range map[string]string{
		"digest": ref[:strings.LastIndexByte(ref, '.')+1] + base64.RawURLEncoding.EncodeToString(other[:]),
		"length": strings.Replace(ref, ".1000.", ".999.", 1),
		"place":  strings.Replace(ref, "s1.144.", "s1.152.", 1),
	} {
		r, err := blobstore.ParseRef(wrong)
		if err != nil || wrong == ref {
			t.Fatalf("%s: %s: %v", name, wrong, err)
		}
		if _, err := s.Bytes(r); !errors.Is(err, blobstore.ErrCorrupt) {
			t.Errorf("another %s: %v, want %v", name, err, blobstore.ErrCorrupt)
		}
	}
}

func TestChangedMemoryIsFound(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	ref := keep(t, s, content(1, 1000))
	keep(t, s, content(2, 1000))
	b, err := s.Bytes(ref)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(b, "behind"...) // has no room in what others read
	if err := s.CheckMemory(); err != nil {
		t.Errorf("before a change: %v", err)
	}
	b[7] ^= 1
	if err := s.CheckMemory(); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("after it: %v, want %v", err, blobstore.ErrCorrupt)
	}
}
