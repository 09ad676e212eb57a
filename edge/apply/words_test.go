package apply

import (
	"testing"

	"rem/edge/web"
)

// Every word of a page comes in both languages.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	if words := web.MustViews(templates, "templates").Untranslated(); len(words) > 0 {
		t.Errorf("outside of t and say: %q", words)
	}
	for m, about := range aboutMethods {
		if about.Turkish == "" || about.English == "" || !m.Valid() {
			t.Errorf("%s has no sentence in both languages", m)
		}
	}
}
