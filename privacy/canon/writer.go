package canon

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
)

// timeLayout has microseconds, always, and UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Instant gives the time as a record can hold it: in UTC, in whole
// microseconds, towards the past.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// A Writer makes one record. Its first error stays, and Bytes returns it, so
// that fields can be written one after the other without looking.
type Writer struct {
	b   []byte
	err error
}

// NewWriter begins a record of a kind and version: its first line.
func NewWriter(kind string, version int) *Writer {
	w := &Writer{b: make([]byte, 0, 1024)}
	w.fail(checkName(kind), "kind")
	w.b = append(w.b, kind...)
	w.b = append(w.b, ' ')
	w.b = strconv.AppendInt(w.b, int64(version), 10)
	w.b = append(w.b, '\n')
	return w
}

func (w *Writer) fail(err error, name string) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("field %s: %w", name, err)
	}
}

// Field writes a field with a value that is one line of text.
func (w *Writer) Field(name, value string) {
	w.fail(checkName(name), name)
	w.fail(CheckText(value), name)
	w.line(name, value)
}

func (w *Writer) line(name, value string) {
	w.b = append(w.b, name...)
	w.b = append(w.b, ':')
	if value != "" {
		w.b = append(w.b, ' ')
		w.b = append(w.b, value...)
	}
	w.b = append(w.b, '\n')
}

// Maybe writes a field unless its value is empty.
func (w *Writer) Maybe(name, value string) {
	if value != "" {
		w.Field(name, value)
	}
}

// Word writes a field whose value is an identifier.
func (w *Writer) Word(name, value string) {
	w.fail(CheckWord(value), name)
	w.Field(name, value)
}

// Number writes a field with a number.
func (w *Writer) Number(name string, n uint64) { w.Field(name, strconv.FormatUint(n, 10)) }

// Digest writes a field with a digest.
func (w *Writer) Digest(name string, d rem.Digest) { w.Field(name, d.String()) }

// Time writes a field with a time, which has to be in UTC and whole
// microseconds ([Instant]).
func (w *Writer) Time(name string, t time.Time) {
	if t != Instant(t) || t.Year() < 1 || t.Year() > 9999 {
		w.fail(fmt.Errorf("%w: a time that is not in UTC and whole microseconds", ErrForm), name)
	}
	w.Field(name, t.Format(timeLayout))
}

// Lines writes a text of several lines, one field for each of them; empty lines
// are kept.
func (w *Writer) Lines(name, text string) {
	w.fail(checkName(name), name)
	if text == "" {
		w.fail(fmt.Errorf("%w: an empty text", ErrForm), name)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			w.fail(CheckText(line), name)
		}
		w.line(name, line)
	}
}

// Blank writes an empty line.
func (w *Writer) Blank() { w.b = append(w.b, '\n') }

// Bytes returns the record.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err == nil && len(w.b) > MaxBytes {
		w.err = fmt.Errorf("%w: more than %d octets", ErrForm, MaxBytes)
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.b, nil
}
