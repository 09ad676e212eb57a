package person

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
	"unique"
)

// ErrGuarded answers whoever would write a guarded value with an encoder. It is
// revealed and sealed on purpose, or not at all.
var ErrGuarded = errors.New("a value about a person is not written in the clear")

// redacted is what log lines show of any value about a person.
const redacted = "[kişisel veri]"

// guarded holds a value about a person and how it is shown, with a NUL between.
// The handle keeps both behind a pointer to a string: fmt cannot call the methods
// of a value in another struct's unexported field and prints what it finds there,
// through a pointer to a struct too if the verb does not fit, but never through
// one to a string.
type guarded struct{ h unique.Handle[string] }

func guard(whole, mask string) guarded { return guarded{unique.Make(whole + "\x00" + mask)} }

func (g guarded) parts() (whole, mask string) {
	if g.IsZero() {
		return "", ""
	}
	whole, mask, _ = strings.Cut(g.h.Value(), "\x00")
	return whole, mask
}

// IsZero reports whether there is no value.
func (g guarded) IsZero() bool { return g == guarded{} }

// Reveal gives the value whole. It is for the page of whom it is about, for
// sealing, and for comparing; whoever calls it answers for where it goes.
func (g guarded) Reveal() string {
	whole, _ := g.parts()
	return whole
}

// String gives the masked form.
func (g guarded) String() string {
	_, mask := g.parts()
	return mask
}

// GoString gives the masked form.
func (g guarded) GoString() string { return g.String() }

// Format writes the masked form, whatever the verb.
func (g guarded) Format(s fmt.State, _ rune) { io.WriteString(s, g.String()) }

// LogValue keeps even the masked form out of log lines (P-27, AT-34).
func (g guarded) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses, and so do encoding/json and encoding/xml.
func (g guarded) MarshalText() ([]byte, error) { return nil, ErrGuarded }

// MarshalJSON refuses.
func (g guarded) MarshalJSON() ([]byte, error) { return nil, ErrGuarded }

// MarshalBinary refuses, and so does encoding/gob.
func (g guarded) MarshalBinary() ([]byte, error) { return nil, ErrGuarded }

// maskEnd shows the last two characters and how many there are before them.
func maskEnd(s string) string {
	n := utf8.RuneCountInString(s)
	if n <= 4 {
		return strings.Repeat("*", n)
	}
	end := []rune(s)[n-2:]
	return strings.Repeat("*", n-2) + string(end)
}

// maskWords shows the first letter of each word.
func maskWords(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		_, n := utf8.DecodeRuneInString(w)
		words[i] = w[:n] + "***"
	}
	return strings.Join(words, " ")
}
