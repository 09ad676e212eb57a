package node

import (
	"database/sql"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rem/internal/setup"
	"rem/privacy"
	"rem/privacy/inventory"
)

// P-01, S05: a column that nobody classified keeps the provider from starting,
// and starting is possible again when it is gone.
func TestAStrayColumnKeepsTheProviderFromStarting(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	c := s.config(here)
	start := func() error {
		n, err := Open(t.Context(), c, Options{})
		if err != nil {
			return err
		}
		return n.Close()
	}
	if err := start(); err != nil {
		t.Fatal(err)
	}
	for name, stray := range map[string]struct{ add, remove, column string }{
		"a column": {"ALTER TABLE account ADD COLUMN blood_group TEXT", "ALTER TABLE account DROP COLUMN blood_group", "account.blood_group"},
		"a table":  {"CREATE TABLE visit (place TEXT)", "DROP TABLE visit", "visit.place"},
		"a view":   {"CREATE VIEW people AS SELECT address AS who FROM account", "DROP VIEW people", "people.who"},
		"a computed column": {"ALTER TABLE account ADD COLUMN half TEXT AS (substr(address, 2)) VIRTUAL",
			"ALTER TABLE account DROP COLUMN half", "account.half"},
	} {
		t.Run(name, func(t *testing.T) {
			change(t, c.Data, stray.add)
			err := start()
			if !errors.Is(err, privacy.ErrUnregistered) || !strings.Contains(err.Error(), stray.column) {
				t.Errorf("got %v, want the column %s", err, stray.column)
			}
			change(t, c.Data, stray.remove)
			if err := start(); err != nil {
				t.Error(err)
			}
		})
	}
}

// AT-11, P-01: a provider that runs leaves no file in its folder whose name
// nobody classified.
func TestTheDataFolderHoldsFilesOfKnownNamesOnly(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	patterns, seen := inventory.Today().Names(privacy.File), 0
	folder := s.config(here).Data
	err := filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		seen++
		if !slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, filepath.ToSlash(name)); return ok }) {
			t.Errorf("nobody classified the file %s", name)
		}
		return nil
	})
	if err != nil || seen < 6 {
		t.Errorf("%d files were seen: %v", seen, err)
	}
}

// change runs a statement on the index of a provider that does not run.
func change(t *testing.T, folder, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "index.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
