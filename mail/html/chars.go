package html

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// turns reports whether a character turns the direction of what follows.
func turns(r rune) bool { return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 }

// unseen reports whether a character is not drawn at all. The joiners that
// scripts and emoji need are not among them, nor is the soft hyphen.
func unseen(r rune) bool {
	switch {
	case r == 0x200b, 0x2060 <= r && r <= 0x2065, 0x206a <= r && r <= 0x206f, r == 0xfeff, r == 0x180e, r == 0x034f,
		r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xffa0, r == 0x2800, 0xfff0 <= r && r <= 0xfffb,
		0xe0000 <= r && r <= 0xe0fff, 0x1d173 <= r && r <= 0x1d17a:
		return true
	}
	return false
}

// joins are the characters that draw nothing and join or part their neighbours.
// They stay, and are found where they stand in Latin text, which needs none.
func joins(r rune) bool { return r == 0x200c || r == 0x200d }

// blank reports whether a character takes room and draws nothing, other than the
// white space that is folded.
func blank(r rune) bool { return r != ' ' && unicode.Is(unicode.Zs, r) }

func isBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !blank(r) && !unseen(r) && !joins(r) && r != 0xad {
			return false
		}
	}
	return true
}

// Sample makes a text one short line that is safe wherever it is shown.
func Sample(s string, runes int) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || blank(r):
			gap = b.Len() > 0
			continue
		case r < ' ', 0x7f <= r && r < 0xa0, turns(r), r == 0x2028, r == 0x2029:
			r = utf8.RuneError
		case unseen(r):
			continue
		}
		if gap {
			b.WriteByte(' ')
			n, gap = n+1, false
		}
		if n++; n > runes {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
