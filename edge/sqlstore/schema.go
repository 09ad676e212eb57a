package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// Columns returns every column of the live schema as "table.column", those of
// views and generated ones too, in order. The provider compares them with the
// inventory of personal data before it works (P-01).
func (s *Store) Columns(ctx context.Context) (columns []string, err error) {
	err = s.readers.rows(ctx, "columns", nil, func(rows *sql.Rows) error {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		columns = append(columns, table+"."+column)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return columns, nil
}
