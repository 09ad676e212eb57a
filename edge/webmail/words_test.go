package webmail

import (
	"testing"

	"rem/edge/web"
)

// No word of a page stands outside of the catalogue.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	for _, s := range web.MustViews(templates, "templates").Untranslated() {
		t.Error(s)
	}
	for name, d := range deeds {
		if d.says.Turkish == "" || d.says.English == "" || d.says.Turkish == d.says.English {
			t.Errorf("%s: %q", name, d.says)
		}
	}
}
