package mime

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"rem"
)

// A Media is the value of a Content-Type or Content-Disposition field.
type Media struct {
	Type   string // folded: "multipart/signed", "attachment"
	Params []Param
	Doubts []Doubt
}

// A Param is one parameter, decoded. Its name is folded.
type Param struct{ Name, Value string }

// Param returns the value of a parameter; ok is false when it is absent.
func (m Media) Param(name string) (value string, ok bool) {
	for _, p := range m.Params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// Is reports whether the type is t, or one of its subtypes when t ends in "/".
func (m Media) Is(t string) bool {
	return m.Type == t || strings.HasSuffix(t, "/") && strings.HasPrefix(m.Type, t)
}

func (m *Media) doubt(d Doubt) {
	if !slices.Contains(m.Doubts, d) {
		m.Doubts = append(m.Doubts, d)
	}
}

// ParseMedia reads an unfolded Content-Type or Content-Disposition. What is not
// the grammar's is read as most readers do and noted as a doubt; a semicolon at
// the end, which the makers of examples write, is not even that. Values in the
// form of RFC 2231 are decoded, their pieces joined. The error is ErrLimit.
func ParseMedia(value string, l Limits) (Media, error) {
	var m Media
	if err := m.parse(value, l, nil); err != nil {
		return Media{}, err
	}
	return m, nil
}

// parse reads a value into m, which is zero. The parameters are put into room
// where that has a place for them.
func (m *Media) parse(value string, l Limits, room *slab[Param]) error {
	s := mediaScanner{rest: value, m: m}
	s.space()
	m.Type = rem.FoldASCII(s.until(&tokenEnds))
	s.space()
	m.Params = room.take(min(strings.Count(s.rest, ";"), 8))
	if !isMediaType(m.Type) {
		m.doubt(MediaSyntax)
	}
	var pieces []piece
	for n := 0; s.rest != ""; n++ {
		if n >= l.Parameters {
			return over("parameters", l.Parameters)
		}
		if s.rest[0] != ';' { // two values without a semicolon between
			m.doubt(MediaSyntax)
			s.until(&valueEnds)
			continue
		}
		s.rest = s.rest[1:]
		s.space()
		if s.rest == "" {
			break
		}
		name := rem.FoldASCII(s.until(&nameEnds))
		s.space()
		if name == "" || s.rest == "" || s.rest[0] != '=' {
			m.doubt(MediaSyntax)
			continue
		}
		s.rest = s.rest[1:]
		s.space()
		value, ok := s.value()
		if !ok {
			m.doubt(MediaSyntax)
		}
		s.space()
		if strings.IndexByte(name, '*') >= 0 {
			pieces = append(pieces, newPiece(name, value))
			continue
		}
		m.set(name, value)
	}
	m.join(pieces)
	return nil
}

// set keeps the first of two values.
func (m *Media) set(name, value string) {
	if _, twice := m.Param(name); twice {
		m.doubt(ParameterTwice)
		return
	}
	m.Params = append(m.Params, Param{name, value})
}

// A piece is a parameter in the form of RFC 2231: name*, name*0 or name*0*.
type piece struct {
	name, value string
	number      int // -1 for name*, -2 for what is none of the three
	encoded     bool
}

func newPiece(name, value string) piece {
	p := piece{value: value, number: -1}
	base, tail, _ := strings.Cut(name, "*")
	p.name = base
	if tail == "" {
		p.encoded = true
		return p
	}
	digits, encoded := strings.CutSuffix(tail, "*")
	p.encoded = encoded
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 999 || strconv.Itoa(n) != digits {
		n = -2
	}
	p.number = n
	return p
}

// join decodes the pieces of RFC 2231 3 and 4. A value in that form replaces a
// plain one of the same name, as the RFC's authors intended.
func (m *Media) join(pieces []piece) {
	slices.SortStableFunc(pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.number, b.number))
	})
	for len(pieces) > 0 {
		name := pieces[0].name
		n := 1
		for n < len(pieces) && pieces[n].name == name {
			n++
		}
		value, ok := joined(pieces[:n])
		if !ok {
			m.doubt(MediaSyntax)
		}
		pieces = pieces[n:]
		if name == "" {
			continue
		}
		if i := slices.IndexFunc(m.Params, func(p Param) bool { return p.Name == name }); i >= 0 {
			if m.Params[i].Value != value {
				m.doubt(ParameterTwice)
			}
			m.Params[i].Value = value
			continue
		}
		m.Params = append(m.Params, Param{name, value})
	}
}

func joined(pieces []piece) (value string, ok bool) {
	ok = true
	if pieces[0].number == -1 {
		charset, text := charsetOf(pieces[0].value)
		raw, fine := unpercent(text)
		s, known := toUTF8(charset, raw)
		return clean(s), fine && known && len(pieces) == 1
	}
	var b []byte
	charset := ""
	for i, p := range pieces {
		if p.number != i { // a gap, a double or no number: what came before stands
			ok = false
			break
		}
		text := p.value
		if p.encoded {
			if i == 0 {
				charset, text = charsetOf(text)
			}
			raw, fine := unpercent(text)
			ok = ok && fine
			b = append(b, raw...)
			continue
		}
		b = append(b, text...)
	}
	s, known := toUTF8(charset, b)
	return clean(s), ok && known
}

// charsetOf splits charset'language'text.
func charsetOf(s string) (charset, text string) {
	charset, rest, ok := strings.Cut(s, "'")
	if !ok {
		return "", s
	}
	_, text, ok = strings.Cut(rest, "'")
	if !ok {
		return "", s
	}
	return charset, text
}

func unpercent(s string) (b []byte, ok bool) {
	b, ok = make([]byte, 0, len(s)), true
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			b = append(b, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
			continue
		}
		b, ok = append(b, '%'), false
	}
	return b, ok
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// A mediaScanner takes a field value from the left.
type mediaScanner struct {
	rest string
	m    *Media
}

// space skips white space and comments; a comment is a doubt.
func (s *mediaScanner) space() {
	for {
		for s.rest != "" && (s.rest[0] == ' ' || s.rest[0] == '\t') {
			s.rest = s.rest[1:]
		}
		if s.rest == "" || s.rest[0] != '(' {
			return
		}
		s.m.doubt(MediaComment)
		s.rest = afterComment(s.rest)
	}
}

// afterComment returns what follows the comment that s begins with. RFC 5322 3.2.2.
func afterComment(s string) string {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

func (s *mediaScanner) until(stop *octets) string {
	i := 0
	for i < len(s.rest) && !stop[s.rest[i]] {
		i++
	}
	v := s.rest[:i]
	s.rest = s.rest[i:]
	return v
}

// value takes a token or a quoted string; ok is false when it is neither.
func (s *mediaScanner) value() (v string, ok bool) {
	if s.rest == "" || s.rest[0] != '"' {
		v = s.until(&tokenEnds)
		return v, isToken(v)
	}
	v, s.rest, ok = quoted(s.rest)
	return v, ok
}

// quoted takes a quoted string from s, which begins with one.
func quoted(s string) (v, rest string, ok bool) {
	for i := 1; i < len(s) && s[i] != '\\'; i++ {
		if s[i] == '"' { // as nearly all do: nothing is escaped
			return s[1:i], s[i+1:], true
		}
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", false
}

// octets is a set of them.
type octets [256]bool

func octetsOf(s string) (t octets) {
	for i := range len(s) {
		t[s[i]] = true
	}
	return t
}

// What ends a token, a parameter's name, and what is passed over.
var (
	tokenEnds = octetsOf("; \t(")
	nameEnds  = octetsOf("=; \t(")
	valueEnds = octetsOf(";")
)

// tokenOctets are those of a token. RFC 2045 5.1.
var tokenOctets = func() (t octets) {
	for c := '!'; c <= '~'; c++ {
		t[c] = strings.IndexByte(`()<>@,;:\"/[]?=`, byte(c)) < 0
	}
	return t
}()

// isToken: RFC 2045 5.1.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenOctets[s[i]] {
			return false
		}
	}
	return s != ""
}

// isMediaType accepts type/subtype, and a bare token as dispositions are.
func isMediaType(s string) bool {
	t, sub, ok := strings.Cut(s, "/")
	return isToken(t) && (!ok || isToken(sub))
}
