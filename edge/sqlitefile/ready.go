package sqlitefile

import (
	"context"
	"database/sql"
	"fmt"
)

// Ready are statements of steps that the writer's connection read once: for a small
// step SQLite's reading of a statement costs more than its doing. They end with the
// file.
type Ready struct {
	statements map[string]*sql.Stmt
}

// Ready reads statements for steps, before the first [File.Update].
func (f *File) Ready(ctx context.Context, queries map[string]string) (*Ready, error) {
	r := &Ready{make(map[string]*sql.Stmt, len(queries))}
	for name, query := range queries {
		s, err := f.write.PrepareContext(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("reading the statement %s: %w", name, err)
		}
		r.statements[name] = s
	}
	return r, nil
}

// In gives a statement in a step's transaction, nil for a name that is not there. It
// serves until the transaction ends.
func (r *Ready) In(tx *sql.Tx, name string) *sql.Stmt {
	if s := r.statements[name]; s != nil {
		return tx.Stmt(s)
	}
	return nil
}
