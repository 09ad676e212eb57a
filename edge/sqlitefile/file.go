package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// maxGroup bounds how many steps share a transaction.
const maxGroup = 256

// ErrClosed: the file was closed.
var ErrClosed = errors.New("the store is closed")

// ErrUnknown is wrapped when a step's transaction failed at its end, so that
// nobody can know whether the step was made. Making it again is harmless when
// the step is idempotent, which every one is.
var ErrUnknown = errors.New("the outcome is not known")

// Options of a file.
type Options struct {
	// Migrations holds the files NNNN.sql.
	Migrations fs.FS
	// Mapped is how many octets of the file readers have in their address space, beyond
	// their own caches; 0: none. A page that is there is found without a call to the
	// system, which matters where the file is much larger than a cache. The memory is the
	// system's cache of files, which it takes back when it needs it. A disk that fails to
	// read a mapped page ends the process.
	Mapped int64
	// Effect, for tests, is called before each durable effect, "update" before a
	// transaction ends and "updated" after it; an error takes the effect's place,
	// or its answer's.
	Effect func(point string) error
}

// A File is one SQLite file. It may be used from many goroutines.
type File struct {
	// Read is for queries: it sees every step whose Update has returned.
	Read *sql.DB

	write  *sql.DB
	effect func(string) error
	steps  chan *step
	ended  chan struct{} // closed when the writer has ended

	mu     sync.RWMutex // held for reading while a step is handed over
	closed bool         // guarded by mu
}

type step struct {
	ctx  context.Context
	do   func(*sql.Tx) error
	err  error
	done chan error
}

// Open opens the file, makes it when it is missing, and migrates it. A pragma is
// one more for the connection that writes, such as "secure_delete(ON)".
func Open(ctx context.Context, name string, o Options, pragmas ...string) (_ *File, err error) {
	f := &File{effect: o.Effect, steps: make(chan *step, maxGroup), ended: make(chan struct{})}
	if f.effect == nil {
		f.effect = func(string) error { return nil }
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening %s: %w", path.Base(name), errors.Join(err, f.closeDBs()))
		}
	}()
	// Its log takes the file's mode.
	made, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := made.Close(); err != nil {
		return nil, err
	}
	// FULL: what was answered is on the disk.
	// MEMORY: what a step needs to take itself back is no file.
	pragmas = append([]string{"journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "busy_timeout(10000)", "trusted_schema(OFF)", "foreign_keys(OFF)"}, pragmas...)
	if f.write, err = sql.Open("sqlite", dsn(name, "rwc", pragmas...)); err != nil {
		return nil, err
	}
	f.write.SetMaxOpenConns(1)
	if err = f.migrate(ctx, o.Migrations); err != nil {
		return nil, err
	}
	if f.Read, err = sql.Open("sqlite", dsn(name, "ro", "query_only(ON)", "busy_timeout(10000)", "trusted_schema(OFF)", fmt.Sprintf("mmap_size(%d)", o.Mapped))); err != nil {
		return nil, err
	}
	f.Read.SetMaxOpenConns(4)
	f.Read.SetMaxIdleConns(4)
	go f.run()
	return f, nil
}

func dsn(name, mode string, pragmas ...string) string {
	v := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	for _, p := range pragmas {
		v.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: name, RawQuery: v.Encode()}).String()
}

func (f *File) migrate(ctx context.Context, migrations fs.FS) error {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := f.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	newest := 0
	for _, name := range names {
		n, err := number(name, newest)
		if err != nil {
			return err
		}
		if newest = n; n <= have {
			continue
		}
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", text, n)
		if _, err := f.write.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	if have > newest {
		return fmt.Errorf("the schema has version %d; this program knows %d", have, newest)
	}
	return nil
}

// number is that of a migration, which is greater than the one before.
func number(name string, before int) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(name, ".sql"))
	if err != nil || n <= before {
		return 0, fmt.Errorf("the migration %s has no number of its own", name)
	}
	return n, nil
}

// Whole checks that the migrations are numbered from 1 without a gap. A store
// that was migrated beyond a gap never gets what fills it, so that a release has
// none; a store's tests ask this.
func Whole(migrations fs.FS) error {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return err
	}
	for i, name := range names {
		switch n, err := number(name, i); {
		case err != nil:
			return err
		case n != i+1:
			return fmt.Errorf("there is no migration %d before %s", i+1, name)
		}
	}
	return nil
}

// Update makes a step: do runs in a transaction, alone among writers, and must
// use nothing but it. When do returns an error nothing of it happens and that
// error is returned; the step is durable when Update returns nil. A ctx that ends
// while the step waits or runs leaves it open whether it was made ([ErrUnknown]).
//
// do may run more than once, of which the last counts. It runs for others too
// that share the transaction, so it asks the transaction without a context
// (tx.Exec, tx.QueryRow): a statement that is interrupted takes the transaction
// with it. What it finds out, a caller gets from [Answer].
func (f *File) Update(ctx context.Context, do func(*sql.Tx) error) error {
	s := &step{ctx: ctx, do: do, done: make(chan error, 1)}
	f.mu.RLock()
	if f.closed {
		f.mu.RUnlock()
		return ErrClosed
	}
	select {
	case f.steps <- s:
		f.mu.RUnlock()
	case <-ctx.Done():
		f.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

// Answer is [File.Update] with a result. The result is zero when there is an
// error: a step whose caller has gone may still be running.
func Answer[T any](ctx context.Context, f *File, do func(*sql.Tx) (T, error)) (T, error) {
	found := new(T) // the step's own until Update returns nil
	err := f.Update(ctx, func(tx *sql.Tx) error {
		v, err := do(tx)
		*found = v
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return *found, nil
}

// run is the writer: it takes what waits, in order, into one transaction.
func (f *File) run() {
	defer close(f.ended)
	for s := range f.steps {
		group := []*step{s}
		for len(group) < maxGroup && len(f.steps) > 0 {
			group = append(group, <-f.steps)
		}
		fault := f.commit(group)
		for _, s := range group {
			if s.err == nil {
				s.err = fault
			}
			s.done <- s.err
		}
	}
}

// commit makes the steps of a group. A step's own fault is left in it; what is
// returned is that of all the others.
func (f *File) commit(group []*step) error {
	for {
		culprit, err := f.attempt(group)
		if culprit == nil {
			return err
		}
		// Some faults of a statement end the whole transaction. The others begin
		// again without it.
		rest := make([]*step, 0, len(group)-1)
		for _, s := range group {
			if s != culprit {
				rest = append(rest, s)
			}
		}
		if group = rest; len(group) == 0 {
			return nil
		}
	}
}

// attempt makes the steps in one transaction. Where one of them ended it, that
// one is returned and nothing was made.
func (f *File) attempt(group []*step) (culprit *step, err error) {
	ctx := context.Background() // one caller's end must not end the others' steps
	tx, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if len(group) == 1 { // it is taken back with its transaction
		s := group[0]
		if s.err = s.ctx.Err(); s.err == nil {
			s.err = s.do(tx)
		}
		if s.err != nil {
			f.rollBack(tx)
			return nil, nil
		}
		return nil, f.end(tx)
	}
	made := 0
	for _, s := range group {
		if s.err = s.ctx.Err(); s.err != nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		if s.err = s.do(tx); s.err != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				s.err = errors.Join(s.err, err)
				f.rollBack(tx)
				return s, nil
			}
		} else {
			made++
		}
		if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
	}
	if made == 0 {
		return nil, tx.Rollback()
	}
	return nil, f.end(tx)
}

// end makes a transaction durable.
func (f *File) end(tx *sql.Tx) error {
	if err := f.effect("update"); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		f.rollBack(tx)
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if err := f.effect("updated"); err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return nil
}

// rollBack ends whatever is left of a transaction that failed. A commit that
// fails can leave it open on the one connection, and then no other would begin;
// mostly it is gone already, and that there is none is no fault.
func (f *File) rollBack(tx *sql.Tx) {
	_ = tx.Rollback()
	_, _ = f.write.ExecContext(context.Background(), "ROLLBACK")
}

// Checkpoint brings what the log has into the file and empties the log, so that
// nothing of what was overwritten is left in it. A reader that is not done makes
// it fail after ten seconds; what was updated is durable nevertheless.
func (f *File) Checkpoint(ctx context.Context) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return ErrClosed
	}
	var busy, pages, done int
	err := f.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done)
	if err == nil && busy != 0 {
		err = errors.New("somebody reads it")
	}
	if err != nil {
		return fmt.Errorf("emptying the log: %w", err)
	}
	return nil
}

// Columns names every column of the live schema, for the inventory of personal
// data (P-01).
func (f *File) Columns(ctx context.Context) (names []string, err error) {
	const query = "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid"
	rows, err := f.Read.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("reading the schema: %w", err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// Close makes the steps that wait, and ends the file. Closing again does nothing.
func (f *File) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	close(f.steps)
	f.mu.Unlock()
	<-f.ended
	return f.closeDBs()
}

func (f *File) closeDBs() error {
	var errs []error
	for _, db := range []*sql.DB{f.Read, f.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Queries reads a text of statements, each under a line "-- name: X". Two of one
// name are a fault of the program, and it panics.
func Queries(text string) map[string]string {
	m := map[string]string{}
	for i, block := range strings.Split(text, "-- name: ") {
		name, query, ok := strings.Cut(block, "\n")
		if name = strings.TrimSpace(name); i == 0 || !ok {
			continue // what stands before the first
		}
		if _, twice := m[name]; twice {
			panic("two statements are named " + name)
		}
		m[name] = strings.TrimSpace(query)
	}
	return m
}

// QueriesIn reads the statements of every file queries/*.sql of a folder that is in
// the program.
func QueriesIn(folder fs.FS) map[string]string {
	names, err := fs.Glob(folder, "queries/*.sql")
	var all strings.Builder
	for _, name := range names {
		text, fault := fs.ReadFile(folder, name)
		err = errors.Join(err, fault)
		all.Write(text)
		all.WriteString("\n")
	}
	if err != nil || len(names) == 0 {
		panic(fmt.Sprintf("the statements of a store are not in the program: %v", err))
	}
	return Queries(all.String())
}
