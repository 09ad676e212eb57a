package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queryText string

// queries holds the statements of queries.sql by their names.
var queries = parseQueries(queryText)

func parseQueries(text string) map[string]string {
	m := make(map[string]string)
	for block := range strings.SplitSeq(text, "-- name: ") {
		name, query, ok := strings.Cut(block, "\n")
		if ok {
			m[strings.TrimSpace(name)] = strings.TrimSpace(query)
		}
	}
	return m
}

// An index is one connection to SQLite with its prepared statements. It is for
// one goroutine at a time.
type index struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// openIndex opens the one connection that writes, and migrates.
func openIndex(ctx context.Context, path string) (*index, error) {
	// The journal is what is durable; the index is synced at a checkpoint, and
	// may lose its last transactions with the power, in their order.
	db, err := sql.Open("sqlite", dsn(path, "rwc",
		"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(10000)", "wal_autocheckpoint(0)",
		"temp_store(MEMORY)", "cache_size(-32768)", "foreign_keys(OFF)", "trusted_schema(OFF)"))
	if err != nil {
		return nil, fmt.Errorf("opening the index: %w", err)
	}
	x := &index{db: db, stmts: make(map[string]*sql.Stmt)}
	if x.conn, err = db.Conn(ctx); err == nil {
		err = x.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the index: %w", err), x.close())
	}
	return x, nil
}

func dsn(path, mode string, pragmas ...string) string {
	v := url.Values{"mode": {mode}}
	for _, p := range pragmas {
		v.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: v.Encode()}).String()
}

func (x *index) close() error {
	var err error
	for _, stmt := range x.stmts {
		err = errors.Join(err, stmt.Close())
	}
	if x.conn != nil {
		err = errors.Join(err, x.conn.Close())
	}
	return errors.Join(err, x.db.Close())
}

// migrate brings the schema forward, each step in its transaction.
func (x *index) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := x.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(names) {
		return fmt.Errorf("the index has schema %d, this program knows %d: it is older than the data", have, len(names))
	}
	for i := have; i < len(names); i++ {
		text, err := migrations.ReadFile(names[i])
		if err != nil {
			return err
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", text, i+1)
		if _, err := x.conn.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("migrating with %s: %w", names[i], err)
		}
	}
	return nil
}

// stmt returns the prepared statement of a name in queries.sql.
func (x *index) stmt(ctx context.Context, name string) (*sql.Stmt, error) {
	if stmt := x.stmts[name]; stmt != nil {
		return stmt, nil
	}
	stmt, err := x.conn.PrepareContext(ctx, queries[name])
	if err != nil {
		return nil, fmt.Errorf("preparing %s: %w", name, err)
	}
	x.stmts[name] = stmt
	return stmt, nil
}

// exec runs a statement and returns how many rows it changed.
func (x *index) exec(ctx context.Context, name string, args ...any) (int64, error) {
	stmt, err := x.stmt(ctx, name)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(uninterrupted(ctx), args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return result.RowsAffected()
}

// row runs a query for one row; ok is false when there is none.
func (x *index) row(ctx context.Context, name string, args []any, dest ...any) (ok bool, err error) {
	stmt, err := x.stmt(ctx, name)
	if err != nil {
		return false, err
	}
	switch err := stmt.QueryRowContext(uninterrupted(ctx), args...).Scan(dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// rows runs a query and calls scan for each row.
func (x *index) rows(ctx context.Context, name string, args []any, scan func(*sql.Rows) error) (err error) {
	stmt, err := x.stmt(ctx, name)
	if err != nil {
		return err
	}
	return eachRow(ctx, stmt, name, args, scan)
}

// uninterrupted takes the end out of a context. database/sql starts a goroutine
// for each query that could be cancelled, which costs as much as the query: all
// of ours are bounded and take microseconds.
func uninterrupted(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// errEnough is what a scan returns when it wants no further row. It ends the
// reading without a fault.
var errEnough = errors.New("no further row is wanted")

func eachRow(ctx context.Context, stmt *sql.Stmt, name string, args []any, scan func(*sql.Rows) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	rows, err := stmt.QueryContext(uninterrupted(ctx), args...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for rows.Next() {
		err := scan(rows)
		if errors.Is(err, errEnough) {
			break
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", name, err), rows.Close())
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// maxReaders bounds the connections that read at once.
const maxReaders = 4

// readers are connections that cannot write.
type readers struct {
	db    *sql.DB
	stmts map[string]*sql.Stmt // prepared at open, so it is read only
}

func openReaders(ctx context.Context, path string) (*readers, error) {
	db, err := sql.Open("sqlite", dsn(path, "ro", "query_only(ON)", "busy_timeout(10000)", "cache_size(-8192)", "trusted_schema(OFF)"))
	if err != nil {
		return nil, fmt.Errorf("opening the index for reading: %w", err)
	}
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	r := &readers{db: db, stmts: make(map[string]*sql.Stmt)}
	for name, query := range queries {
		if !strings.HasPrefix(query, "SELECT") {
			continue
		}
		if r.stmts[name], err = db.PrepareContext(ctx, query); err != nil {
			return nil, errors.Join(fmt.Errorf("preparing %s: %w", name, err), r.close())
		}
	}
	return r, nil
}

func (r *readers) close() error {
	var err error
	for _, stmt := range r.stmts {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	return errors.Join(err, r.db.Close())
}

func (r *readers) row(ctx context.Context, name string, args []any, dest ...any) (ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	switch err := r.stmts[name].QueryRowContext(uninterrupted(ctx), args...).Scan(dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

func (r *readers) rows(ctx context.Context, name string, args []any, scan func(*sql.Rows) error) error {
	return eachRow(ctx, r.stmts[name], name, args, scan)
}
