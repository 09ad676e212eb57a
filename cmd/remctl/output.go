package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// show writes an answer: as JSON for programs, or by people.
func (s *session) show(v any, people func(*table)) error {
	if s.json {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		return nil
	}
	t := &table{w: tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)}
	people(t)
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// cut keeps the first lines of a list, and says aside when there are more.
func cut[T any](s *session, list []T, limit int) []T {
	if limit <= 0 || len(list) <= limit {
		return list
	}
	fmt.Fprintln(s.side, s.words.say("more", limit))
	return list[:limit]
}

// A table lines columns up.
type table struct{ w *tabwriter.Writer }

// row writes one line. Errors come with Flush.
func (t *table) row(cells ...any) {
	text := make([]string, len(cells))
	for i, c := range cells {
		text[i] = printable(fmt.Sprint(c))
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(text, "\t"), "\t"))
}

// printable keeps what others wrote from painting the terminal (AT-17).
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsGraphic(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// moment is a time as people in Türkiye read it; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(time.FixedZone("TRT", 3*60*60)).Format("02.01.2006 15:04:05")
}

// keep gives a writer's bytes to a file that is new, or to the answer when
// there is no name.
func (s *session) keep(file string, write func(io.Writer) error) (err error) {
	if file == "" {
		return write(s.out)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: give a name that is free", err)
	}
	if err := write(f); err != nil {
		f.Close()
		os.Remove(file)
		return err
	}
	return f.Close()
}
