package sqlstore_test

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/edge/sqlstore"
)

// P-01: what the live schema says is what the migrations wrote, read here in
// another way.
func TestColumnsAreThoseOfTheMigrations(t *testing.T) {
	got, err := open(t, sqlstore.Options{MinFree: -1}).Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		f, err := os.Open("migrations/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		table := ""
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if m := regexp.MustCompile(`^CREATE TABLE (\w+) \(`).FindStringSubmatch(lines.Text()); m != nil {
				table = m[1]
			} else if m := regexp.MustCompile(`^    (\w+) +(?:INTEGER|TEXT|BLOB)\b`).FindStringSubmatch(lines.Text()); m != nil {
				want = append(want, table+"."+m[1])
			} else if m := regexp.MustCompile(`^ALTER TABLE (\w+) ADD COLUMN (\w+)`).FindStringSubmatch(lines.Text()); m != nil {
				want = append(want, m[1]+"."+m[2])
			}
		}
		f.Close()
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 60 {
		t.Errorf("%d columns (-migrations +schema):\n%s", len(got), diff)
	}
}
