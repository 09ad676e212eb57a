package canon

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// placeholder is where somebody's own words go. A brace has no other use in a
// document that people write.
var placeholder = regexp.MustCompile(`\{([^{}\n]*)\}`)

// Placeholders returns the names of the places that a document wants filled, in
// order, each once.
func Placeholders(source []byte) (names []string) {
	for _, m := range placeholder.FindAllSubmatch(source, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// StrayBrace reports whether a brace stands alone, outside of every place.
func StrayBrace(source []byte) bool {
	return bytes.ContainsAny(placeholder.ReplaceAll(source, nil), "{}")
}

// ErrUnfilled is wrapped when a document still has places to fill.
var ErrUnfilled = errors.New("a place that has to be filled is not")

// Fill puts values into their places. Each place needs a value, each value a
// place, and a value is one line of canonical text without braces, so that it
// cannot become another field.
func Fill(source []byte, values map[string]string) ([]byte, error) {
	names := Placeholders(source)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("it has no place for %q", name)
		}
		if err := CheckText(values[name]); err != nil {
			return nil, fmt.Errorf("the value of %q: %w", name, err)
		}
		if strings.ContainsAny(values[name], "{}") {
			return nil, fmt.Errorf("the value of %q has braces: %w", name, ErrUnfilled)
		}
	}
	for _, name := range names {
		if values[name] == "" {
			return nil, fmt.Errorf("%w: {%s}", ErrUnfilled, name)
		}
	}
	return []byte(placeholder.ReplaceAllStringFunc(string(source), func(p string) string { return values[p[1:len(p)-1]] })), nil
}
