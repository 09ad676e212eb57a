package personstore

import (
	"context"
	"database/sql"

	"rem/provider/directory"
)

// Empty empties the log of the file.
func (s *Store) Empty(ctx context.Context) error { return s.file.Checkpoint(ctx) }

// FillDirectory puts listings into the directory, many in a step and without their
// versions, for measuring. Statements are read once a step, and the file's upper
// pages stay in memory meanwhile: a million takes minutes.
func (s *Store) FillDirectory(ctx context.Context, n int, listing func(i int) directory.Listing) error {
	const part, cache, usual = 50_000, "PRAGMA cache_size = -524288", "PRAGMA cache_size = -2000"
	for from := 0; from < n; from += part {
		err := s.file.Update(ctx, func(tx *sql.Tx) error {
			if _, err := tx.Exec(cache); err != nil {
				return err
			}
			prepared := map[string]*sql.Stmt{}
			run := func(name string, args ...any) (_ sql.Result, err error) {
				st := prepared[name]
				if st == nil {
					if st, err = tx.Prepare(queries[name]); err != nil {
						return nil, err
					}
					prepared[name] = st
				}
				return st.Exec(args...)
			}
			for i := from; i < min(n, from+part); i++ {
				l := listing(i)
				body, err := l.Body()
				if err != nil {
					return err
				}
				if err := addListing(run, &l, body); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.file.Update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(usual)
		return err
	})
}
