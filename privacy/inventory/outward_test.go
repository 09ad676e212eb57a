package inventory_test

import (
	"strings"
	"testing"

	"rem/privacy"
	"rem/privacy/inventory"
)

// P-15, S39: each field of each question that leaves for identification and for
// telling people is listed, and nothing else of them.
func TestEveryQuestionOutsideIsClassified(t *testing.T) {
	code := readTree(t)
	var f found
	for _, pkg := range []string{"idproof", "notify", "mobile"} {
		for _, name := range code.jsonFields("edge/" + pkg).names {
			if strings.Contains(name, "Question.") {
				f.add(pkg + "." + name)
			}
		}
	}
	if len(f.names) < 6 {
		t.Errorf("only %v were found", f.names)
	}
	for _, name := range inventory.Today().Names(privacy.Outgoing) {
		if !strings.Contains(name, "Question.") {
			f.add(name)
		}
	}
	same(t, privacy.Outgoing, f)
}
