package mime

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"rem"
)

// maxCharset is more than any character set's name that is known here.
const maxCharset = 20

// DecodeText gives the text of an unstructured field for people: encoded words
// of RFC 2047 are decoded, a neighbour's half letter is joined with its other
// half, and what could end a line or hide text becomes U+FFFD, so that the
// result is one line wherever it is put (AT-04). odd says that something was
// not in its character set.
func DecodeText(value string) (text string, odd bool) {
	if !strings.Contains(value, "=?") {
		if utf8.ValidString(value) {
			return clean(value), false
		}
		s, _ := charmap.Windows1254.NewDecoder().String(value)
		return clean(s), true
	}
	var out strings.Builder
	var pending []byte // decoded bytes of adjacent words in one character set
	charset, afterWord := "", false
	flush := func() {
		if len(pending) > 0 {
			s, known := toUTF8(charset, pending)
			out.WriteString(s)
			odd = odd || !known
			pending = pending[:0]
		}
	}
	for rest := value; rest != ""; {
		i := strings.Index(rest, "=?")
		if i < 0 {
			flush()
			out.WriteString(rest)
			break
		}
		set, b, n := encodedWord(rest[i:])
		if n == 0 {
			flush()
			out.WriteString(rest[:i+2])
			rest, afterWord = rest[i+2:], false
			continue
		}
		// White space between two encoded words is no text. RFC 2047 6.2.
		if !afterWord || strings.Trim(rest[:i], " \t") != "" {
			flush()
			out.WriteString(rest[:i])
		}
		if set != charset {
			flush()
			charset = set
		}
		pending = append(pending, b...)
		rest, afterWord = rest[i+n:], true
	}
	flush()
	text = out.String()
	if !utf8.ValidString(text) {
		text, odd = strings.ToValidUTF8(text, "\uFFFD"), true
	}
	return clean(text), odd
}

// encodedWord reads the encoded word that s begins with; n is its length, 0
// when there is none. It looks no further than a word may be long, so that
// many beginnings cost no more than their number.
func encodedWord(s string) (charset string, b []byte, n int) {
	const longest = 512 // RFC 2047 2 allows 75; some writers do not fold
	s = s[:min(len(s), longest)]
	set, _, ok := strings.Cut(s[2:min(len(s), 2+maxCharset+10)], "?")
	if !ok || set == "" {
		return "", nil, 0
	}
	charset, _, _ = strings.Cut(set, "*") // RFC 2231 5
	rest := s[2+len(set)+1:]
	if len(charset) > maxCharset || len(rest) < 2 || rest[1] != '?' {
		return "", nil, 0
	}
	encoding := rest[0]
	text, tail, ok := strings.Cut(rest[2:], "?")
	if !ok || !strings.HasPrefix(tail, "=") || strings.ContainsAny(text, " \t") {
		return "", nil, 0
	}
	n = 2 + len(set) + 1 + 2 + len(text) + 2
	switch encoding {
	case 'B', 'b':
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil {
			return "", nil, 0
		}
		return rem.FoldASCII(charset), b, n
	case 'Q', 'q':
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '_':
				b = append(b, ' ')
			case c != '=':
				b = append(b, c)
			case i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0:
				b = append(b, byte(hex(text[i+1])<<4|hex(text[i+2])))
				i += 2
			default:
				return "", nil, 0
			}
		}
		return rem.FoldASCII(charset), b, n
	}
	return "", nil, 0
}

// toUTF8 knows the character sets that Turkish mail is written in. known is
// false for another set, or for bytes that are not in the set: they are then
// read as ASCII, with U+FFFD for the rest.
func toUTF8(charset string, b []byte) (s string, known bool) {
	var m *charmap.Charmap
	switch rem.FoldASCII(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.Valid(b) {
			return string(b), true
		}
		return strings.ToValidUTF8(string(b), "\uFFFD"), false
	case "iso-8859-9", "latin5":
		m = charmap.ISO8859_9
	case "windows-1254", "cp1254":
		m = charmap.Windows1254
	case "iso-8859-1", "latin1":
		m = charmap.ISO8859_1
	case "iso-8859-15":
		m = charmap.ISO8859_15
	case "windows-1252", "cp1252":
		m = charmap.Windows1252
	default:
		return strings.Map(func(r rune) rune {
			if r >= utf8.RuneSelf {
				return utf8.RuneError
			}
			return r
		}, string(b)), false
	}
	out, err := m.NewDecoder().Bytes(b)
	return string(out), err == nil
}

// cleanText is clean of any bytes: what is no UTF-8 becomes U+FFFD.
func cleanText(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return clean(strings.ToValidUTF8(s, "\uFFFD"))
		}
	}
	return s // as most values are
}

// clean makes a text one harmless line: a tab becomes a space, and whatever
// ends a line, controls a terminal or turns the direction of writing becomes
// U+FFFD.
func clean(s string) string {
	if strings.IndexFunc(s, dangerous) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case dangerous(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

func dangerous(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r < 0xa0: // C0, DEL, C1 with NEL
		return true
	case r == 0x2028, r == 0x2029: // line and paragraph separator
		return true
	case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069: // bidi embedding, override, isolate
		return true
	}
	return false
}
