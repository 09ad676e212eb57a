package personstore_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/privacy"
)

// P-03: what an applicant answered is in no file of the store, but for the KEP
// address that he asked for and what the law's own records name.
func TestNoAnswerLiesInTheFilesInClear(t *testing.T) {
	dir := t.TempDir()
	k, s := personledgertest.NewKit(t), open(t, dir, personstore.Options{})
	index, err := privacy.NewBlindIndexer(t.Context(), k.Vault.Keys, privacy.BlindIndex{Name: "application.identity", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	scanned := map[string]bool{}
	for n, kind := range person.Kinds() {
		input := personledgertest.Input(n, kind, kind == person.Natural)
		for _, m := range k.Journey(n, kind, kind == person.Natural) {
			if err := m.Do(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Tag(t.Context(), personledgertest.ID(n), index.Token(input["identity-number"])); err != nil {
			t.Fatal(err)
		}
		for name, answer := range input {
			if name != "kep-address" && name != "service" && len(answer) > 3 { // the number of a province is two digits
				scanned[answer] = true
			}
		}
	}
	// As the form keeps them.
	for _, spelt := range []string{"5321234567", "+905321234567", "1990-10-29", "1980-02-01", "2015-10-29"} {
		scanned[spelt] = true
	}
	check := func() {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		seen := false
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			seen = seen || bytes.Contains(b, []byte("ogutcu.1@ogutcu."+personledgertest.Forms.Provider))
			for answer := range scanned {
				for _, spelt := range []string{answer, rem.FoldASCII(answer), rem.FoldName(answer)} {
					if spelt != "ogutcu" && bytes.Contains(b, []byte(spelt)) { // the address has it
						t.Errorf("%s has %q", filepath.Base(file), spelt)
					}
				}
			}
		}
		if !seen {
			t.Error("not even the address is there: the scan shows nothing")
		}
	}
	check() // with the log
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check()
}
