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

// Multiply copies two applications, one that is over and one that waits, to n of
// them: every hundredth waits. Identifiers and addresses are numbered as those of
// package personledgertest.
func (s *Store) Multiply(ctx context.Context, over, waits string, n int) error {
	const part = 10_000
	for from := 0; from < n; from += part {
		err := s.file.Update(ctx, func(tx *sql.Tx) error {
			for _, statement := range []string{
				`INSERT INTO application (id, kind, applicant, state, since, due, steps, method, reviewer, view)
				SELECT printf('01jd%022d', i), kind, 'per-' || i, state, since + i, due + i, steps, method, reviewer, view
				FROM numbers JOIN application ON id = iif(i % 100 = 0, $2, $1)`,
				`INSERT INTO application_step (application, number, body)
				SELECT a.n, number, body FROM numbers JOIN application a ON a.id = printf('01jd%022d', i)
				JOIN application m ON m.id = iif(i % 100 = 0, $2, $1) JOIN application_step s ON s.application = m.n`,
				`INSERT INTO application_person (person, application) SELECT 'per-' || i, printf('01jd%022d', i) FROM numbers`,
				`INSERT INTO address (address, application, wanted_by, until, reserved, account, holder, closed, since)
				SELECT 'isil.ogutcu.' || i || '@hs90.kep.test', iif(i % 100 = 0, printf('01jd%022d', i), NULL), '', NULL, 1,
				iif(i % 100 = 0, '', 'acc-' || i), iif(i % 100 = 0, '', 'per-' || i), 0, 1 FROM numbers`,
				`UPDATE application_count SET n = n + iif(state = 'activated', $4 - $3 - ($4 - $3) / 100, iif(state = 'identification-pending', ($4 - $3) / 100, 0))`,
			} {
				numbers := "WITH RECURSIVE numbers (i) AS (SELECT $3 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < $4), unused AS (SELECT $1, $2) "
				if _, err := tx.Exec(numbers+statement, over, waits, from, min(n, from+part)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
