package apistore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"time"

	"rem/edge/sqlitefile"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries/*.sql
var queryFiles embed.FS

var queries = sqlitefile.QueriesIn(queryFiles)

// Options of a store.
type Options struct {
	// Effect is for tests; see sqlitefile.Options.
	Effect func(point string) error
}

// A Store keeps what programs need. It may be used from many goroutines.
type Store struct {
	file    *sqlitefile.File
	events  *sqlitefile.Ready // what Append says, for each step of the journal
	watches watches
}

// Open opens the store in the file path, and makes it when it is missing.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	file, err := sqlitefile.Open(ctx, path, sqlitefile.Options{Migrations: folder, Effect: o.Effect}, "secure_delete(ON)")
	if err != nil {
		return nil, err
	}
	said := map[string]string{}
	for _, name := range []string{eventMove, eventNumber, eventAdd} {
		said[name] = queries[name]
	}
	events, err := file.Ready(ctx, said)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Store{file: file, events: events}, nil
}

// Columns names every column, for the inventory of personal data (P-01).
func (s *Store) Columns(ctx context.Context) ([]string, error) { return s.file.Columns(ctx) }

// Close ends the store. Closing again does nothing.
func (s *Store) Close() error { return s.file.Close() }

func exec(tx *sql.Tx, name string, args ...any) error {
	_, err := tx.Exec(queries[name], args...)
	return err
}

func micros(t time.Time) int64     { return t.UnixMicro() }
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func fromOptional(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicros(n.Int64)
}

// answer makes a step of one statement and returns how many rows it changed.
func answer(ctx context.Context, s *Store, query string, args ...any) (int64, error) {
	return sqlitefile.Answer(ctx, s.file, func(tx *sql.Tx) (int64, error) {
		did, err := tx.Exec(queries[query], args...)
		if err != nil {
			return 0, err
		}
		return did.RowsAffected()
	})
}
