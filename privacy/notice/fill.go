package notice

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rem/privacy/canon"
)

// placeholder is where a provider's own words go. A brace has no other use in a
// notice.
var placeholder = regexp.MustCompile(`\{([^{}\n]*)\}`)

// Placeholders returns the names of the places that a notice wants filled, in
// order, each once.
func Placeholders(source []byte) (names []string) {
	for _, m := range placeholder.FindAllSubmatch(source, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// ErrUnfilled is wrapped when a notice still has places to fill.
var ErrUnfilled = errors.New("a place that has to be filled is not")

// Fill puts values into their places and returns the notice's canonical bytes.
// Each place needs a value, each value a place, and a value is one line of
// canonical text without braces, so that it cannot become another field.
func Fill(source []byte, values map[string]string) ([]byte, error) {
	names := Placeholders(source)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("filling a notice: it has no place for %q", name)
		}
		if err := canon.CheckText(values[name]); err != nil {
			return nil, fmt.Errorf("filling a notice: the value of %q: %w", name, err)
		}
		if strings.ContainsAny(values[name], "{}") {
			return nil, fmt.Errorf("filling a notice: the value of %q has braces: %w", name, ErrUnfilled)
		}
	}
	for _, name := range names {
		if values[name] == "" {
			return nil, fmt.Errorf("filling a notice: %w: {%s}", ErrUnfilled, name)
		}
	}
	filled := placeholder.ReplaceAllStringFunc(string(source), func(p string) string { return values[p[1:len(p)-1]] })
	if _, err := Parse([]byte(filled)); err != nil {
		return nil, fmt.Errorf("filling a notice: %w", err)
	}
	return []byte(filled), nil
}
