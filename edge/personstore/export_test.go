package personstore

import (
	"context"
	"database/sql"
)

// The form of steps and views, for tests.
var (
	WriteStep = writeStep
	ReadStep  = readStep
	WriteView = writeView
	ReadView  = readView
)

// Statements are the named queries.
var Statements = queries

// Migrations are the files of the schema.
var Migrations = migrations

// Plan asks how a named query is made, with as many arguments as it has.
func (s *Store) Plan(name string, args ...any) (lines []string, err error) {
	rows, err := s.file.Read.Query("EXPLAIN QUERY PLAN "+queries[name], args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// Spoil puts bytes in the place of an application's view.
func (s *Store) Spoil(id string, view []byte) error {
	return s.file.Update(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE application SET view = $2 WHERE id = $1", id, view)
		return err
	})
}
