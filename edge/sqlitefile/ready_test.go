package sqlitefile_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"rem/edge/sqlitefile"
)

// A statement that was read once serves every step, also after one that failed in the
// middle of it, and one that answers with rows.
func TestStatementsThatWereReadServeEveryStep(t *testing.T) {
	f, err := sqlitefile.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), sqlitefile.Options{
		Migrations: fstest.MapFS{"0001.sql": {Data: []byte("CREATE TABLE number (n INTEGER PRIMARY KEY, twice INTEGER NOT NULL) STRICT;")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ready, err := f.Ready(t.Context(), map[string]string{
		"add": "INSERT INTO number (n, twice) VALUES (?1, ?1 * 2) RETURNING twice", "change": "UPDATE number SET twice = twice + 1 WHERE n = ?1",
	})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("on purpose")
	for n := range 10 {
		err := f.Update(t.Context(), func(tx *sql.Tx) error {
			if ready.In(tx, "none") != nil {
				t.Error("there is a statement of no name")
			}
			var twice int
			if err := ready.In(tx, "add").QueryRow(n).Scan(&twice); err != nil || twice != 2*n {
				t.Errorf("adding %d: %d (%v)", n, twice, err)
			}
			if n%3 == 1 {
				return failed
			}
			_, err := ready.In(tx, "change").Exec(n)
			return err
		})
		if n%3 == 1 != errors.Is(err, failed) {
			t.Fatalf("step %d: %v", n, err)
		}
	}
	var count, sum int
	if err := f.Read.QueryRow("SELECT count(*), sum(twice - 2 * n) FROM number").Scan(&count, &sum); err != nil || count != 7 || sum != 7 {
		t.Errorf("%d numbers, changed %d times (%v), want 7 and 7", count, sum, err)
	}
	if _, err := f.Ready(t.Context(), map[string]string{"wrong": "UPDATE nothing SET n = 1"}); err == nil {
		t.Error("a statement about no table was read")
	}
}
