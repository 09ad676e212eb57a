package paperstore

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"rem"
	"rem/edge/blobstore"
	"rem/internal/testkit/broken"
	"rem/person"
	"rem/person/enrolment"
)

const app = person.ApplicationID("06h0ed2ng2zhe9hd6xnqr1hj94")

var (
	sealed = [][]byte{[]byte("first piece"), bytes.Repeat([]byte("second"), 1000), {7}}
	digest = rem.DigestOf([]byte("clear"))
)

func open(t *testing.T, f blobstore.FS) *Store {
	t.Helper()
	s, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(a, b [][]byte) bool {
	return bytes.Equal(bytes.Join(a, []byte{0xff, 0}), bytes.Join(b, []byte{0xff, 0}))
}

func TestAPaperComesBackAsItWasPut(t *testing.T) {
	disk, err := blobstore.Disk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, disk)
	for range 2 {
		if err := s.Put(t.Context(), app, digest, sealed); err != nil {
			t.Fatal(err)
		}
	}
	// Sealed again it has other bytes; the first ones stand.
	if err := s.Put(t.Context(), app, digest, [][]byte{[]byte("other")}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), app, digest)
	if err != nil || !same(got, sealed) {
		t.Errorf("%d pieces, %v", len(got), err)
	}
	for name, get := range map[string]func() ([][]byte, error){
		"another digest":      func() ([][]byte, error) { return s.Get(t.Context(), app, rem.DigestOf(nil)) },
		"another application": func() ([][]byte, error) { return s.Get(t.Context(), app+"x", digest) },
	} {
		if _, err := get(); !errors.Is(err, enrolment.ErrNoPaper) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// AT-11: no name reaches the disk that is not one of ours.
func TestNoNameLeadsOutOfTheFolder(t *testing.T) {
	s := open(t, broken.NewFS())
	for _, name := range []person.ApplicationID{"", "..", "../../etc", "a/b", "short", "UPPERCASE", "nul\x00nulnul", person.ApplicationID(strings.Repeat("x", 65)), "dotted.name"} {
		if err := s.Put(t.Context(), name, digest, sealed); err == nil {
			t.Errorf("%q was taken", name)
		}
		if _, err := s.Get(t.Context(), name, digest); err == nil || errors.Is(err, enrolment.ErrNoPaper) {
			t.Errorf("%q was looked for: %v", name, err)
		}
	}
	for _, s2 := range [][][]byte{nil, {}} {
		if err := s.Put(t.Context(), app, digest, s2); err == nil {
			t.Error("nothing was kept")
		}
	}
}

// Every change of the disk fails in every way, or the power goes. What was answered
// is there; what was not is there whole or not at all, and putting it again works.
func TestAPaperSurvivesEveryFailureWholeOrNotAtAll(t *testing.T) {
	answered := false
	random := rand.New(rand.NewPCG(1, 2))
	runs := broken.Each(t, func(t *testing.T, f *broken.FS) {
		answered = false
		s, err := Open(f)
		if err != nil {
			return
		}
		answered = s.Put(t.Context(), app, digest, sealed) == nil
	}, func(t *testing.T, f *broken.FS, p broken.Plan) {
		for name, left := range map[string]*broken.FS{"killed": f.Killed(), "without power": f.PowerLost(random)} {
			s := open(t, left)
			got, err := s.Get(t.Context(), app, digest)
			switch {
			case err == nil && same(got, sealed):
			case answered, !errors.Is(err, enrolment.ErrNoPaper):
				t.Errorf("%s: answered %t, %d pieces, %v", name, answered, len(got), err)
			}
			if err := s.Put(t.Context(), app, digest, sealed); err != nil {
				t.Errorf("%s: again: %v", name, err)
			}
			if got, err = s.Get(t.Context(), app, digest); err != nil || !same(got, sealed) {
				t.Errorf("%s: then: %v", name, err)
			}
			if n, err := left.List(newFolder); err != nil || len(n) > 0 {
				t.Errorf("%s: left %v, %v", name, n, err)
			}
		}
	})
	if runs < 20 {
		t.Errorf("only %d runs", runs)
	}
}

func TestAFileThatIsNotOfItsFormIsAFault(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f)
	if err := s.Put(t.Context(), app, digest, sealed); err != nil {
		t.Fatal(err)
	}
	name := papersFolder + "/" + string(app) + "/" + digest.String()
	whole := f.Bytes(name)
	for i := range len(magic) + 4 {
		if err := f.Flip(name, int64(i), 7); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), app, digest); !errors.Is(err, errForm) {
			t.Errorf("octet %d: %v", i, err)
		}
		if err := f.Flip(name, int64(i), 7); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(whole, f.Bytes(name)) {
		t.Error("the file changed")
	}
}
