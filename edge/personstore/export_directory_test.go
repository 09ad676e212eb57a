package personstore

import (
	"context"
	"database/sql"

	"rem/provider/directory"
)

// Empty empties the log of the file.
func (s *Store) Empty(ctx context.Context) error { return s.file.Checkpoint(ctx) }

// FillDirectory puts listings into the directory, many in a step and without their
// versions, for measuring.
func (s *Store) FillDirectory(ctx context.Context, n int, listing func(i int) directory.Listing) error {
	const part = 10_000
	for from := 0; from < n; from += part {
		err := s.file.Update(ctx, func(tx *sql.Tx) error {
			for i := from; i < min(n, from+part); i++ {
				l := listing(i)
				body, err := l.Body()
				if err != nil {
					return err
				}
				if err := addListing(tx, &l, body); err != nil {
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
