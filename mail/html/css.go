package html

import (
	"strings"

	"rem"
)

// A decl is one declaration of a style, folded, without !important.
type decl struct{ name, value string }

// maxDecls bounds one style: no honest one has more, and what follows is ignored.
const maxDecls = 200

// unescapeCSS undoes escapes and takes comments away, so that nothing is hidden
// from the reading that follows. What is written anew later is made from values
// that were understood, never from this text.
func unescapeCSS(s string) string {
	if !strings.ContainsAny(s, "\\\x00") && !strings.Contains(s, "/*") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == 0:
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return b.String()
			}
			i += 2 + end + 1
		case s[i] == '\\':
			n, digits := rune(0), 0
			for digits < 6 && i+1 < len(s) && hexDigit(s[i+1]) >= 0 {
				n = n<<4 | rune(hexDigit(s[i+1]))
				i, digits = i+1, digits+1
			}
			if digits > 0 {
				if i+1 < len(s) && isSpace(s[i+1]) {
					i++
				}
				b.WriteRune(n)
			} else if i+1 < len(s) && s[i+1] != '\n' {
				i++
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

// declarations splits a style at the semicolons outside of quotes and brackets.
func declarations(s string) (list []decl) {
	s = unescapeCSS(s)
	for s != "" && len(list) < maxDecls {
		one, rest := s, ""
		quote, depth := byte(0), 0
	scan:
		for i := range len(s) {
			switch c := s[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '(':
				depth++
			case c == ')' && depth > 0:
				depth--
			case c == ';' && depth == 0:
				one, rest = s[:i], s[i+1:]
				break scan
			}
		}
		s = rest
		name, value, ok := strings.Cut(one, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(rem.FoldASCII(value))
		if i := strings.IndexByte(value, '!'); i >= 0 {
			value = strings.TrimSpace(value[:i])
		}
		list = append(list, decl{strings.TrimSpace(rem.FoldASCII(name)), value})
	}
	return list
}
