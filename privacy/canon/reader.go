package canon

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
)

// A Reader reads one record, field by field in their order. Its first error
// stays, with the number of its line; after it every value is empty. Nothing
// that it gave is to be used before Done returned nil.
type Reader struct {
	rest string
	line int // of the one that was read last
	err  error
}

// NewReader begins to read a record, which has to be of the kind and version.
func NewReader(b []byte, kind string, version int) *Reader {
	r := &Reader{rest: string(b)}
	if len(b) > MaxBytes {
		r.rest = ""
		r.Fail("more than %d octets", MaxBytes)
		return r
	}
	if first := r.next(); r.err == nil && first != kind+" "+strconv.Itoa(version) {
		r.Fail("it is no %s of version %d", kind, version)
	}
	return r
}

// Fail makes the first error, about the line that was read last.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("line %d: %w: %s", r.line, ErrForm, fmt.Sprintf(format, args...))
	}
}

func (r *Reader) wrap(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("line %d: %w", r.line, err)
	}
}

// next takes a line.
func (r *Reader) next() string {
	if r.err != nil {
		return ""
	}
	r.line++
	line, rest, ok := strings.Cut(r.rest, "\n")
	if !ok {
		r.Fail("it ends before its end, or its last line has none")
		return ""
	}
	r.rest = rest
	return line
}

// More reports whether there is a further line, and no error.
func (r *Reader) More() bool { return r.err == nil && r.rest != "" }

// Next returns the name of the field that comes next; "" for an empty line, at
// the end and after an error.
func (r *Reader) Next() string {
	if r.err != nil {
		return ""
	}
	line, _, _ := strings.Cut(r.rest, "\n")
	name, _, ok := strings.Cut(line, ":")
	if !ok {
		return ""
	}
	return name
}

// raw takes the field of the name; its value may be empty.
func (r *Reader) raw(name string) string {
	r.wrap(checkName(name)) // a reader of free fields asks for what it finds
	line := r.next()
	if r.err != nil {
		return ""
	}
	got, value, ok := strings.Cut(line, ":")
	if !ok || got != name {
		r.Fail("the field %s is not here", name)
		return ""
	}
	if value == "" {
		return ""
	}
	value, ok = strings.CutPrefix(value, " ")
	if !ok || value == "" {
		r.Fail("there is one space between a field's name and its value")
		return ""
	}
	r.wrap(CheckText(value))
	return value
}

// Field takes the next field, which has to be of the name and have a value.
func (r *Reader) Field(name string) string {
	value := r.raw(name)
	if value == "" {
		r.Fail("the field %s has no value", name)
	}
	return value
}

// Maybe takes the next field if it is of the name, and gives "" otherwise.
func (r *Reader) Maybe(name string) string {
	if r.Next() != name {
		return ""
	}
	return r.Field(name)
}

// Word takes a field whose value is an identifier.
func (r *Reader) Word(name string) string {
	value := r.Field(name)
	if r.err == nil {
		r.wrap(CheckWord(value))
	}
	return value
}

// Number takes a field with a number.
func (r *Reader) Number(name string) uint64 {
	value := r.Field(name)
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != value {
		r.Fail("the field %s is no number", name)
		return 0
	}
	return n
}

// Digest takes a field with a digest.
func (r *Reader) Digest(name string) (d rem.Digest) {
	value := r.Field(name)
	if n, err := hex.Decode(d[:], []byte(value[:min(len(value), 2*len(d))])); err != nil || n != len(d) || d.String() != value {
		r.Fail("the field %s is no SHA-256 digest", name)
		return rem.Digest{}
	}
	return d
}

// Time takes a field with a time.
func (r *Reader) Time(name string) time.Time {
	value := r.Field(name)
	t, err := time.Parse(timeLayout, value)
	if err != nil || t.Format(timeLayout) != value {
		r.Fail("the field %s is no time in UTC with microseconds", name)
		return time.Time{}
	}
	return t
}

// Lines takes all fields of the name that come next, as one text of at least
// one line.
func (r *Reader) Lines(name string) string {
	var b strings.Builder
	b.WriteString(r.raw(name))
	for r.Next() == name {
		b.WriteByte('\n')
		b.WriteString(r.raw(name))
	}
	if r.err == nil && b.Len() == 0 {
		r.Fail("the text %s is empty", name)
	}
	return b.String()
}

// Blank takes an empty line.
func (r *Reader) Blank() {
	if line := r.next(); line != "" {
		r.Fail("an empty line is missing")
	}
}

// Rest takes everything that is left.
func (r *Reader) Rest() string {
	if r.err != nil {
		return ""
	}
	rest := r.rest
	r.rest = ""
	return rest
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Done ends the reading: nothing may be left. It returns the first error.
func (r *Reader) Done() error {
	if r.err == nil && r.rest != "" {
		r.line++
		r.Fail("something stands behind the end")
	}
	return r.err
}
