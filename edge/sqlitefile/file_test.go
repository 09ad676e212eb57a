package sqlitefile_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"rem/edge/sqlitefile"
	"rem/internal/testkit"
)

var schema = migrations("CREATE TABLE note (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;")

// migrations makes files 0001.sql and so on.
func migrations(scripts ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, s := range scripts {
		m[fmt.Sprintf("%04d.sql", i+1)] = &fstest.MapFile{Data: []byte(s)}
	}
	return m
}

func open(t testing.TB, name string, o sqlitefile.Options, pragmas ...string) *sqlitefile.File {
	t.Helper()
	if o.Migrations == nil {
		o.Migrations = schema
	}
	f, err := sqlitefile.Open(context.Background(), name, o, pragmas...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func path(t testing.TB) string { return filepath.Join(t.TempDir(), "a file ?#%.sqlite") }

func write(n int, text string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO note (n, text) VALUES ($1, $2)", n, text)
		return err
	}
}

func notes(t testing.TB, f *sqlitefile.File) (list []string) {
	t.Helper()
	rows, err := f.Read.Query("SELECT n || ' ' || text FROM note ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gather makes the writer wait in a step, lets the others queue up behind it, and
// lets go: all of them share one transaction.
func gather(t *testing.T, f *sqlitefile.File, others ...func(*sql.Tx) error) []error {
	t.Helper()
	running, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := f.Update(t.Context(), func(*sql.Tx) error { close(running); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-running
	errs := make([]error, len(others))
	for i, do := range others {
		wg.Go(func() { errs[i] = f.Update(t.Context(), do) })
		for f.Waiting() <= i { // in this order
		}
	}
	close(release)
	wg.Wait()
	return errs
}

func TestWhatWasUpdatedIsSeenByReadersAndAfterOpeningAgain(t *testing.T) {
	name := path(t)
	f := open(t, name, sqlitefile.Options{})
	for n := range 50 {
		must(t, f.Update(t.Context(), write(n, "x")))
		var have int
		must(t, f.Read.QueryRow("SELECT count(*) FROM note").Scan(&have))
		if have != n+1 {
			t.Fatalf("a reader sees %d of %d", have, n+1)
		}
	}
	must(t, f.Close())
	must(t, f.Close())
	if list := notes(t, open(t, name, sqlitefile.Options{})); len(list) != 50 {
		t.Errorf("%d are left of 50", len(list))
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestStepsThatWaitShareATransactionAndNothingElse(t *testing.T) {
	transactions := atomic.Int64{}
	f := open(t, path(t), sqlitefile.Options{Effect: func(point string) error {
		if point == "update" {
			transactions.Add(1)
		}
		return nil
	}})
	refused := errors.New("refused")
	errs := gather(t, f,
		write(1, "one"),
		func(tx *sql.Tx) error { return errors.Join(write(2, "half")(tx), refused) },
		write(3, "three"),
		write(1, "again"),
		write(5, "five"),
	)
	for i, want := range []bool{true, false, true, false, true} {
		if (errs[i] == nil) != want {
			t.Errorf("step %d: %v", i, errs[i])
		}
	}
	if !errors.Is(errs[1], refused) || errors.Is(errs[1], sqlitefile.ErrUnknown) {
		t.Errorf("the step's own fault came back as %v", errs[1])
	}
	same(t, "what is there", []string{"1 one", "3 three", "5 five"}, notes(t, f))
	if n := transactions.Load(); n != 2 {
		t.Errorf("%d transactions", n)
	}
}

// A fault can end the whole transaction, such as a full disk or an interrupt.
// The others do not suffer for it.
func TestAStepThatEndsTheTransactionTakesNobodyWithIt(t *testing.T) {
	f := open(t, path(t), sqlitefile.Options{})
	runs := 0
	end := func(tx *sql.Tx) error {
		if _, err := tx.Exec("ROLLBACK"); err != nil {
			return err
		}
		return errors.New("ended")
	}
	errs := gather(t, f, func(tx *sql.Tx) error { runs++; return write(1, "one")(tx) }, end, write(3, "three"), end, write(5, "five"))
	for i, want := range []bool{true, false, true, false, true} {
		if (errs[i] == nil) != want {
			t.Errorf("step %d: %v", i, errs[i])
		}
	}
	same(t, "what is there", []string{"1 one", "3 three", "5 five"}, notes(t, f))
	if runs != 3 {
		t.Errorf("the first step ran %d times", runs)
	}
	if err := f.Update(t.Context(), end); err == nil || errors.Is(err, sqlitefile.ErrUnknown) {
		t.Errorf("alone: %v", err)
	}
	must(t, f.Update(t.Context(), write(6, "six")))
}

func TestAnInterruptedStatementTakesNobodyWithIt(t *testing.T) {
	f := open(t, path(t), sqlitefile.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	errs := gather(t, f, write(1, "one"), func(tx *sql.Tx) error {
		cancel()
		_, err := tx.ExecContext(ctx, "INSERT INTO note (n, text) WITH RECURSIVE c(x) AS (SELECT 10 UNION ALL SELECT x + 1 FROM c LIMIT 100000000) SELECT x, '' FROM c")
		return err
	}, write(3, "three"))
	if errs[0] != nil || !errors.Is(errs[1], context.Canceled) || errs[2] != nil {
		t.Errorf("%v", errs)
	}
	same(t, "what is there", []string{"1 one", "3 three"}, notes(t, f))
}

func TestACommitThatFailsLeavesTheFileUsable(t *testing.T) {
	child := migrations(string(schema["0001.sql"].Data),
		"CREATE TABLE child (n INTEGER PRIMARY KEY, note INTEGER NOT NULL REFERENCES note (n) DEFERRABLE INITIALLY DEFERRED) STRICT;")
	f := open(t, path(t), sqlitefile.Options{Migrations: child}, "foreign_keys(ON)")
	err := f.Update(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO child (n, note) VALUES (1, 99)")
		return err
	})
	if !errors.Is(err, sqlitefile.ErrUnknown) {
		t.Errorf("the commit failed with %v", err)
	}
	must(t, f.Update(t.Context(), write(1, "one")))
	same(t, "what is there", []string{"1 one"}, notes(t, f))
}

func TestAnEffectThatFailsIsToldAsWhatItIs(t *testing.T) {
	crash := errors.New("crash")
	at := ""
	f := open(t, path(t), sqlitefile.Options{Effect: func(point string) error {
		if point == at {
			return crash
		}
		return nil
	}})
	at = "update"
	if err := f.Update(t.Context(), write(1, "one")); !errors.Is(err, crash) || errors.Is(err, sqlitefile.ErrUnknown) {
		t.Errorf("before the commit: %v", err)
	}
	at = "updated"
	if err := f.Update(t.Context(), write(2, "two")); !errors.Is(err, crash) || !errors.Is(err, sqlitefile.ErrUnknown) {
		t.Errorf("after the commit: %v", err)
	}
	if err := f.Update(t.Context(), func(*sql.Tx) error { return fs.ErrNotExist }); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, crash) {
		t.Errorf("of a step that did nothing: %v", err)
	}
	same(t, "what is there", []string{"2 two"}, notes(t, f))
}

func TestACallerThatGoesLeavesItOpenAndTheResultAlone(t *testing.T) {
	f := open(t, path(t), sqlitefile.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	got, err := sqlitefile.Answer(ctx, f, func(tx *sql.Tx) (string, error) {
		cancel()
		<-left // the caller has his answer
		return "late", write(1, "one")(tx)
	})
	close(left)
	if got != "" || !errors.Is(err, sqlitefile.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", got, err)
	}
	// The writer went on, and the next step comes behind it.
	got, err = sqlitefile.Answer(t.Context(), f, func(tx *sql.Tx) (s string, err error) {
		return s, tx.QueryRow("SELECT text FROM note WHERE n = 1").Scan(&s)
	})
	if got != "one" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := f.Update(ctx, write(2, "two")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that was gone before: %v", err)
	}
	same(t, "what is there", []string{"1 one"}, notes(t, f))
}

func TestCloseMakesWhatWaitsAndRefusesTheRest(t *testing.T) {
	name := path(t)
	f := open(t, name, sqlitefile.Options{})
	const many = 40
	var wg sync.WaitGroup
	var made sync.Map
	for n := range many {
		wg.Go(func() {
			switch err := f.Update(t.Context(), write(n, "x")); {
			case err == nil:
				made.Store(fmt.Sprintf("%d x", n), true)
			case !errors.Is(err, sqlitefile.ErrClosed):
				t.Error(err)
			}
		})
	}
	must(t, f.Close())
	wg.Wait()
	for _, err := range []error{f.Update(t.Context(), write(99, "x")), f.Checkpoint(t.Context())} {
		if !errors.Is(err, sqlitefile.ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
	}
	have := map[string]bool{}
	for _, s := range notes(t, open(t, name, sqlitefile.Options{})) {
		have[s] = true
	}
	made.Range(func(s, _ any) bool {
		if !have[s.(string)] {
			t.Errorf("%s was answered and is not there", s)
		}
		delete(have, s.(string))
		return true
	})
	if len(have) > 0 {
		t.Errorf("refused, and there: %v", have)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	f := open(t, path(t), sqlitefile.Options{})
	if _, err := f.Read.Exec("INSERT INTO note (n, text) VALUES (1, 'x')"); err == nil {
		t.Error("a reader wrote")
	}
	same(t, "what is there", []string(nil), notes(t, f))
}

func TestACheckpointEmptiesTheLog(t *testing.T) {
	name := path(t)
	f := open(t, name, sqlitefile.Options{}, "secure_delete(ON)")
	must(t, f.Update(t.Context(), write(1, "canary-canary")))
	must(t, f.Update(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM note"); return err }))
	inLog := func(suffix string) bool {
		b, err := os.ReadFile(name + suffix)
		must(t, err)
		return strings.Contains(string(b), "canary-canary")
	}
	if !inLog("-wal") {
		t.Error("the log never had it: the test shows nothing")
	}
	must(t, f.Checkpoint(t.Context()))
	if inLog("-wal") || inLog("") {
		t.Error("what was deleted is still there")
	}
}

func TestASchemaMigratesOnceAndInOrder(t *testing.T) {
	name := path(t)
	one := "CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1);"
	two := "ALTER TABLE a ADD COLUMN m INTEGER; UPDATE a SET m = n + 1; INSERT INTO a VALUES (5, 6);"
	for _, m := range []fstest.MapFS{migrations(one), migrations(one), migrations(one, two), migrations(one, two)} {
		must(t, open(t, name, sqlitefile.Options{Migrations: m}).Close())
	}
	f := open(t, name, sqlitefile.Options{Migrations: migrations(one, two)})
	var sum int
	must(t, f.Read.QueryRow("SELECT sum(n * 10 + m) FROM a").Scan(&sum))
	same(t, "sum", 12+56, sum)
	columns, err := f.Columns(t.Context())
	must(t, err)
	same(t, "columns", []string{"a.n", "a.m"}, columns)
	must(t, f.Close())
	if _, err := sqlitefile.Open(t.Context(), name, sqlitefile.Options{Migrations: migrations(one)}); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("an older program: %v", err)
	}
}

func TestAMigrationThatFailsLeavesTheSchemaBefore(t *testing.T) {
	name := path(t)
	one := "CREATE TABLE a (n INTEGER) STRICT;"
	if _, err := sqlitefile.Open(t.Context(), name, sqlitefile.Options{Migrations: migrations(one, "CREATE TABLE b (n INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")}); err == nil {
		t.Fatal("it was taken")
	}
	columns, err := open(t, name, sqlitefile.Options{Migrations: migrations(one, "CREATE TABLE c (n INTEGER) STRICT;")}).Columns(t.Context())
	must(t, err)
	same(t, "columns", []string{"a.n", "c.n"}, columns)
}

func TestMigrationsHaveNumbersOfTheirOwn(t *testing.T) {
	for _, name := range []string{"one.sql", "0000.sql", "-001.sql"} {
		m := fstest.MapFS{name: &fstest.MapFile{Data: []byte("CREATE TABLE a (n INTEGER) STRICT;")}}
		if _, err := sqlitefile.Open(t.Context(), path(t), sqlitefile.Options{Migrations: m}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	same := migrations("CREATE TABLE a (n INTEGER) STRICT;")
	same["001.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE b (n INTEGER) STRICT;")}
	if _, err := sqlitefile.Open(t.Context(), path(t), sqlitefile.Options{Migrations: same}); err == nil {
		t.Error("two with one number were taken")
	}
}

// A migration that comes late, between those that were made, would never be made.
func TestAGapInTheMigrationsIsRefused(t *testing.T) {
	gap := migrations("CREATE TABLE a (n INTEGER) STRICT;", "CREATE TABLE b (n INTEGER) STRICT;", "CREATE TABLE c (n INTEGER) STRICT;")
	delete(gap, "0002.sql")
	if err := sqlitefile.Whole(gap); err == nil {
		t.Error("a gap was taken")
	}
	must(t, sqlitefile.Whole(schema))
}

func TestOpeningNamesTheFileAndSaysWhy(t *testing.T) {
	name := path(t)
	must(t, os.WriteFile(name, []byte(strings.Repeat("this is no database. ", 100)), 0o600))
	if _, err := sqlitefile.Open(t.Context(), name, sqlitefile.Options{Migrations: schema}); err == nil || !strings.Contains(err.Error(), filepath.Base(name)) {
		t.Errorf("%v", err)
	}
	if _, err := sqlitefile.Open(t.Context(), filepath.Join(t.TempDir(), "nowhere", "a"), sqlitefile.Options{Migrations: schema}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestQueriesAreReadByTheirNames(t *testing.T) {
	got := sqlitefile.Queries("-- About the file.\n\n-- name: a.one\nSELECT 1\n\n-- name: a.two\nSELECT 2,\n  3\n")
	same(t, "queries", map[string]string{"a.one": "SELECT 1", "a.two": "SELECT 2,\n  3"}, got)
	defer func() {
		if recover() == nil {
			t.Error("two of one name were taken")
		}
	}()
	sqlitefile.Queries("-- name: a\nSELECT 1\n-- name: a\nSELECT 2\n")
}

// Random steps, some of which fail, from many callers: what was answered is what
// is there.
func TestWhatWasAnsweredIsWhatIsThere(t *testing.T) {
	random := testkit.Rand(t, 11)
	name := path(t)
	var crash atomic.Int64
	f := open(t, name, sqlitefile.Options{Effect: func(point string) error {
		if crash.Add(1)%7 == 0 {
			return fmt.Errorf("crash at %s", point)
		}
		return nil
	}})
	const callers, each = 8, 60
	var fails [callers][each]bool
	for i := range fails {
		for j := range fails[i] {
			fails[i][j] = random.IntN(4) == 0
		}
	}
	var made, unsure sync.Map
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range each {
				n := i*each + j
				err := f.Update(t.Context(), func(tx *sql.Tx) error {
					if err := write(n, "x")(tx); err != nil || !fails[i][j] {
						return err
					}
					return errors.New("refused")
				})
				switch {
				case err == nil:
					made.Store(n, true)
				case errors.Is(err, sqlitefile.ErrUnknown):
					unsure.Store(n, true)
				}
			}
		})
	}
	wg.Wait()
	must(t, f.Close())
	have := map[int]bool{}
	for _, s := range notes(t, open(t, name, sqlitefile.Options{})) {
		var n int
		if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
			t.Fatal(err)
		}
		have[n] = true
	}
	for n := range callers * each {
		_, answered := made.Load(n)
		_, unknown := unsure.Load(n)
		if answered != have[n] && !unknown {
			t.Errorf("%d: answered %t, there %t", n, answered, have[n])
		}
		if unknown && fails[n/each][n%each] && have[n] {
			t.Errorf("%d refused, and is there", n)
		}
	}
	if len(have) < each || len(have) == callers*each {
		t.Errorf("%d are there: the test shows nothing", len(have))
	}
}

// Many callers share a sync; a lone one has it for himself.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 4, 32, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			f := open(b, path(b), sqlitefile.Options{})
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for {
						n := int(next.Add(1))
						if n > b.N {
							return
						}
						if err := f.Update(context.Background(), write(n, "some text of a usual length, and a little more")); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// What stands in several files is one set of names.
func TestQueriesOfAFolderAreReadTogether(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	got := sqlitefile.QueriesIn(fstest.MapFS{"queries/a.sql": file("-- name: a.one\nSELECT 1"), "queries/b.sql": file("-- name: b.one\nSELECT 2\n"), "other/c.sql": file("-- name: c.one\nSELECT 3\n")})
	if want := map[string]string{"a.one": "SELECT 1", "b.one": "SELECT 2"}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, folder := range map[string]fstest.MapFS{
		"a name twice": {"queries/a.sql": file("-- name: a\nSELECT 1"), "queries/b.sql": file("-- name: a\nSELECT 2")},
		"no file":      {},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", name)
				}
			}()
			sqlitefile.QueriesIn(folder)
		}()
	}
}
