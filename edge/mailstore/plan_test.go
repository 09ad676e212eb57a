package mailstore

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rem/edge/blobstore"
)

// What happens to one item costs the same however many the account has: each statement
// about one finds it by an index that names it.
func TestOneItemIsFoundByItsIndex(t *testing.T) {
	dir := t.TempDir()
	files, err := blobstore.Disk(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{Path: filepath.Join(dir, "mailbox.db"), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const about = "INDEX item_about (account=? AND message=? AND kind=? AND recipient=? AND evidence=?)"
	for name, index := range map[string]string{
		"known":        about,
		"setProgress":  about,
		"setOpened":    about,
		"place":        "INDEX item_id (account=? AND id=?)",
		"flag":         "(account=? AND id=?",
		"flagCounts":   "(account=? AND id=?",
		"draftItem":    "INDEX item_draft (account=? AND draft=?)",
		"draftItemID":  "INDEX item_draft (account=? AND draft=?)",
		"folderItems":  "INDEX folder_id (account=? AND id=?)",
		"folderLines":  "INDEX folder_id (account=? AND id=?)",
		"setIndexed":   "INTEGER PRIMARY KEY (rowid=?)",
		"move":         "INTEGER PRIMARY KEY (rowid=?)",
		"removeItem":   "INTEGER PRIMARY KEY (rowid=?)",
		"count":        "INTEGER PRIMARY KEY (rowid=?)",
		"draft":        "(account=? AND id=?)",
		"draftVersion": "(account=? AND id=?)",
		"file":         "(account=? AND draft=? AND id=?)",
		"lines":        "INDEX item_line (folder=? AND uid>?)",
	} {
		text, there := queries[name]
		if !there {
			t.Errorf("there is no statement %s", name)
			continue
		}
		args := []any{}
		for strings.Contains(text, "?"+strconv.Itoa(len(args)+1)) {
			args = append(args, 1)
		}
		rows, err := s.file.Read.Query("EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plan := ""
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				t.Fatal(err)
			}
			plan += line + "; "
		}
		if err := rows.Err(); err != nil || rows.Close() != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index) {
			t.Errorf("%s: %s, want %s", name, plan, index)
		}
	}
}
