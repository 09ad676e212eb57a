package canon

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The limits of a record. A notice is the largest one; those that were looked
// at have some 30 KiB in two languages.
const (
	MaxBytes = 512 << 10 // of a record
	MaxLine  = 16 << 10  // of a line
	maxName  = 32        // of a field's name
	maxWord  = 128       // of an identifier
)

// ErrForm is wrapped by everything that is not in canonical form.
var ErrForm = errors.New("not in canonical form")

// CheckText says whether a value may stand in a line: UTF-8 in NFC, visible
// characters and single spaces that are not at its ends, up to MaxLine octets.
// Characters that nobody sees or that turn the direction of writing are
// refused, because what a person agreed to has to be what he saw.
func CheckText(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: an empty value", ErrForm)
	case len(s) > MaxLine:
		return fmt.Errorf("%w: a line of more than %d octets", ErrForm, MaxLine)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: not UTF-8", ErrForm)
	case s[0] == ' ' || s[len(s)-1] == ' ' || strings.Contains(s, "  "):
		return fmt.Errorf("%w: spaces at an end, or more than one", ErrForm)
	case !norm.NFC.IsNormalString(s):
		return fmt.Errorf("%w: not in NFC", ErrForm)
	}
	for _, r := range s {
		if r != ' ' && !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) || r == '\uFFFD' {
			return fmt.Errorf("%w: the character %U", ErrForm, r)
		}
	}
	return nil
}

// CheckWord says whether a value is an identifier: 1 to 128 of the ASCII
// letters and digits, '-', '.' and '_'. No name of a person and no address is
// one (P-27).
func CheckWord(s string) error {
	if s == "" || len(s) > maxWord {
		return fmt.Errorf("%w: an identifier has 1 to %d characters", ErrForm, maxWord)
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return fmt.Errorf("%w: %q in an identifier", ErrForm, c)
		}
	}
	return nil
}

// checkName says whether a field may be called so.
func checkName(s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("%w: a field's name has 1 to %d characters", ErrForm, maxName)
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: %q in a field's name", ErrForm, c)
		}
	}
	return nil
}
