package personstore

import (
	"context"
	"embed"
	"io/fs"

	"rem/edge/sqlitefile"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries/*.sql
var queryFiles embed.FS

// queries holds the statements of the folder queries by their names.
var queries = sqlitefile.QueriesIn(queryFiles)

// Options of a store.
type Options struct {
	// Effect is for tests; see sqlitefile.Options.
	Effect func(point string) error
}

// mapped is the most that SQLite maps of a file: all of a million accounts.
const mapped = 2 << 30

// A Store keeps the person's journey. It may be used from many goroutines.
type Store struct{ file *sqlitefile.File }

// Open opens the store in the file path, and makes it when it is missing.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	file, err := sqlitefile.Open(ctx, path, sqlitefile.Options{Migrations: folder, Effect: o.Effect, Mapped: mapped}, "secure_delete(ON)") // what is withdrawn goes from the file too
	if err != nil {
		return nil, err
	}
	return &Store{file}, nil
}

// Columns names every column, for the inventory of personal data (P-01).
func (s *Store) Columns(ctx context.Context) ([]string, error) { return s.file.Columns(ctx) }

// Close ends the store. Closing again does nothing.
func (s *Store) Close() error { return s.file.Close() }
