package verification

import (
	"testing"

	"rem/message/evidence"
)

// Every word that can stand in a report has both languages.
func TestCatalogueIsComplete(t *testing.T) {
	for key, w := range words {
		if w.Turkish == "" || w.English == "" {
			t.Errorf("%q lacks a language", key)
		}
	}
	for k := evidence.SubmissionAcceptanceRejection; k.Valid(); k++ {
		if _, ok := Word(k.String()); !ok {
			t.Errorf("%s is not in the catalogue", k)
		}
	}
}
