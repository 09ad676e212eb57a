package mrtd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rem/person"
)

// ErrZone is wrapped when a text is no machine-readable zone. The error holds
// nothing of it.
var ErrZone = errors.New("not a machine-readable zone")

// A Form is how large the document is, and so how its zone is laid out.
type Form uint8

// The forms that are read.
const (
	TD1 Form = iota + 1 // a card: three lines of 30
	TD3                 // a passport: two lines of 44
)

// A Zone is a machine-readable zone whose check digits are right.
type Zone struct {
	Form Form
	// Code says what the document is: P for passports, I, A or C for cards, with
	// a second letter of the state's choice or none.
	Code string
	// Issuer and Nationality are three letters (or D), as the state writes them.
	Issuer, Nationality string
	Number              person.DocumentNumber
	// Birth is zero where the document does not know the whole day.
	Birth person.Date
	Until time.Time // the end of the last day, in Türkiye
	Names Names

	optional [2]string
}

// ParseZone reads a zone as the chip has it: 90 or 88 characters without ends of
// lines. now tells the centuries apart: nobody is born in the future, and no
// document is valid for half a century.
func ParseZone(s string, now time.Time) (*Zone, error) {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '<' {
			return nil, zoneFault("a character of another alphabet")
		}
	}
	switch len(s) {
	case 90:
		return parseTD1(s[:30], s[30:60], s[60:], now)
	case 88:
		return parseTD3(s[:44], s[44:], now)
	}
	return nil, zoneFault("another length than 88 or 90")
}

func zoneFault(what string) error { return fmt.Errorf("%w: %s", ErrZone, what) }

func parseTD1(one, two, three string, now time.Time) (*Zone, error) {
	z := &Zone{Form: TD1}
	number, optional := one[5:14], one[15:30]
	switch {
	case one[0] != 'I' && one[0] != 'A' && one[0] != 'C':
		return nil, zoneFault("not the code of a card")
	case one[14] == '<':
		// A number that is longer goes on in the optional part, its check digit last.
		rest, after, ok := strings.Cut(optional, "<")
		if !ok || len(rest) < 2 {
			return nil, zoneFault("a long number without its end")
		}
		number, optional = number+rest[:len(rest)-1], after
		if !checks(number, rest[len(rest)-1]) {
			return nil, zoneFault("check digit of the number")
		}
	case !checks(number, one[14]):
		return nil, zoneFault("check digit of the number")
	}
	if !checks(one[5:]+two[:7]+two[8:15]+two[18:29], two[29]) {
		return nil, zoneFault("check digit of the whole")
	}
	z.optional = [2]string{optional, two[18:29]}
	return z, z.read(one[:2], one[2:5], number, two[15:18], two[:7], two[8:15], three, now)
}

func parseTD3(one, two string, now time.Time) (*Zone, error) {
	z := &Zone{Form: TD3}
	switch {
	case one[0] != 'P':
		return nil, zoneFault("not the code of a passport")
	case !checks(two[:9], two[9]):
		return nil, zoneFault("check digit of the number")
	case !checks(two[28:42], two[42]) && (two[42] != '<' || strings.Trim(two[28:42], "<") != ""):
		return nil, zoneFault("check digit of the optional part")
	case !checks(two[:10]+two[13:20]+two[21:43], two[43]):
		return nil, zoneFault("check digit of the whole")
	}
	z.optional[0] = two[28:42]
	return z, z.read(one[:2], one[2:5], two[:9], two[10:13], two[13:20], two[21:28], one[5:], now)
}

// read takes the fields that both forms have; birth and until with their check
// digits.
func (z *Zone) read(code, issuer, number, nationality, birth, until, names string, now time.Time) (err error) {
	if !checks(birth[:6], birth[6]) || !checks(until[:6], until[6]) {
		return zoneFault("check digit of a date")
	}
	z.Code = strings.TrimRight(code, "<")
	var ok bool
	if z.Issuer, ok = state(issuer); !ok {
		return zoneFault("the issuer")
	}
	if z.Nationality, ok = state(nationality); !ok {
		return zoneFault("the nationality")
	}
	if z.Number, err = person.ParseDocumentNumber(strings.ReplaceAll(number, "<", "")); err != nil || strings.Contains(strings.TrimRight(number, "<"), "<<") {
		return zoneFault("the number of the document")
	}
	if !strings.Contains(birth[:6], "<") {
		if z.Birth, ok = birthDay(birth, now); !ok {
			return zoneFault("no such date of birth")
		}
	}
	if z.Until, ok = lastDay(until, now); !ok {
		return zoneFault("no such last day")
	}
	if z.Names, ok = parseNames(names); !ok {
		return zoneFault("the names")
	}
	return nil
}

func state(s string) (string, bool) {
	s = strings.TrimRight(s, "<")
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return "", false
		}
	}
	return s, s != ""
}

// checks computes a check digit: weights 7, 3, 1; a letter counts from 10, the
// filler 0.
func checks(s string, digit byte) bool {
	sum := 0
	for i := range len(s) {
		v := 0
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			v = int(c - '0')
		case 'A' <= c && c <= 'Z':
			v = int(c-'A') + 10
		}
		sum += v * [3]int{7, 3, 1}[i%3]
	}
	return digit == byte('0'+sum%10)
}

// istanbul is where the days of this program's law are.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

func day(century int, s string) (time.Time, bool) {
	for i := range 6 {
		if s[i] < '0' || s[i] > '9' {
			return time.Time{}, false
		}
	}
	n := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	t := time.Date(century+n(0), time.Month(n(2)), n(4), 0, 0, 0, 0, istanbul)
	return t, int(t.Month()) == n(2) && t.Day() == n(4)
}

func birthDay(s string, now time.Time) (person.Date, bool) {
	century := now.In(istanbul).Year() / 100 * 100
	t, ok := day(century, s)
	if !ok || t.After(now) {
		// 29 February is a day of one century and not of the other.
		if t, ok = day(century-100, s); !ok {
			return person.Date{}, false
		}
	}
	d, err := person.ParseDate(t.Format(time.DateOnly))
	return d, err == nil
}

// halfCentury is longer than any document is valid.
const halfCentury = 50

func lastDay(s string, now time.Time) (time.Time, bool) {
	century := now.In(istanbul).Year() / 100 * 100
	for _, c := range []int{century, century + 100, century - 100} {
		t, ok := day(c, s)
		if ok && t.After(now.AddDate(-halfCentury, 0, 0)) && !t.After(now.AddDate(halfCentury, 0, 0)) {
			return t.AddDate(0, 0, 1), true
		}
	}
	return time.Time{}, false
}

// Identity finds the identity number in the optional part, where documents of
// Türkiye have it; that they do is usage, and in no text that was read. Of
// documents of other states it finds none.
func (z *Zone) Identity() (person.IdentityNumber, bool) {
	if z.Issuer != "TUR" {
		return person.IdentityNumber{}, false
	}
	for _, part := range z.optional {
		if n, err := person.ParseIdentityNumber(strings.Trim(part, "<")); err == nil {
			return n, true
		}
	}
	return person.IdentityNumber{}, false
}
