package personstore

import (
	"io/fs"
	"testing"

	"rem/edge/sqlitefile"
)

// A store that was migrated beyond a gap would never get what fills it.
func TestMigrationsHaveNoGap(t *testing.T) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitefile.Whole(folder); err != nil {
		t.Error(err)
	}
}
