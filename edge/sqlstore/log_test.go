package sqlstore_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rem/edge/sqlstore"
	"rem/internal/testkit/ledgertest"
	"rem/message"
)

// SQLite's log is copied back as it grows, and old fingerprints are forgotten.
func TestIndexTendsToItself(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlstore.Options{Dir: dir, MinFree: -1, Alarm: func(err error) { t.Errorf("alarm: %v", err) }})
	old := ledgertest.Submission(0, 1)
	old.At = ledgertest.At.Add(-30 * 24 * time.Hour)
	if err := s.Commit(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for n := range 2500 {
		step := message.Step{Message: ledgertest.Record(0, 1, "").ID, At: ledgertest.At, Note: "a line"}
		if n == 0 {
			step = ledgertest.Submission(1, 1)
		}
		if err := s.Hint(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		if n%4 == 0 { // the index catches up
			if _, _, err := s.Messages(t.Context(), 0, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	info, err := os.Stat(filepath.Join(dir, "index.sqlite-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Size(), int64(4*2048*4200); got > want {
		t.Errorf("the log has %d octets, want at most %d", got, want)
	}
	main, err := os.Stat(filepath.Join(dir, "index.sqlite"))
	if err != nil || main.Size() < 20_000 {
		t.Errorf("nothing was copied back: %v, %v", main, err)
	}
	if id, err := s.Submitted(t.Context(), old.Fingerprint, old.At); err == nil {
		t.Errorf("after a month the fingerprint of %s is still there", id)
	}
	if _, err := s.Submitted(t.Context(), ledgertest.Submission(1, 1).Fingerprint, ledgertest.At); err != nil {
		t.Errorf("a fingerprint of today: %v", err)
	}
}
