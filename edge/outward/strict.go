package outward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// ErrGarbage is wrapped when an answer is not what was agreed: too long, of
// another type, not JSON in one reading, or without what it owes. Asking again is
// of no use before somebody has looked.
var ErrGarbage = errors.New("the answer is not what was agreed")

// maxDepth bounds nesting; the answers that are read here have three levels.
const maxDepth = 8

// Decode reads one JSON value that has one reading: UTF-8, no field twice, no
// field that out does not have, names as they are agreed to the letter (small
// ASCII letters, digits, underscores), nothing after the value. The error holds
// nothing of the input.
func Decode(in []byte, out any) error {
	if !utf8.Valid(in) {
		return fmt.Errorf("%w: not UTF-8", ErrGarbage)
	}
	d := json.NewDecoder(bytes.NewReader(in))
	d.UseNumber()
	if err := oneReading(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the value", ErrGarbage)
	}
	d = json.NewDecoder(bytes.NewReader(in))
	d.DisallowUnknownFields()
	if d.Decode(out) != nil { // its text quotes the input
		return fmt.Errorf("%w: a field has another type or is not known", ErrGarbage)
	}
	return nil
}

// oneReading walks over a value and refuses what programs read differently.
func oneReading(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("%w: not JSON", ErrGarbage)
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("%w: nested deeper than %d", ErrGarbage, maxDepth)
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			name, ok := key.(string)
			if err != nil || !ok || seen[name] || !agreed(name) {
				return fmt.Errorf("%w: a name stands twice or is spelt otherwise", ErrGarbage)
			}
			seen[name] = true
		}
		if err := oneReading(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: not JSON", ErrGarbage)
	}
	return nil
}

// agreed allows names that mean the same to readers that look at case and to
// those that do not.
func agreed(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return name != "" && len(name) <= 64
}
