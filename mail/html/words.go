package html

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (w *walker) lineBreak() {
	if w.lines++; w.lines > maxLines && !w.compose {
		w.find(PushedText, "")
		return
	}
	w.write("<br>")
	w.text.line()
	w.spaces = 0
}

// What is pushed further than this is pushed away.
const (
	maxLines  = 25
	maxSpaces = 24
)

// readText takes a run of text.
func (w *walker) readText(s string) {
	if w.skip != "" {
		return
	}
	e := w.top()
	hidden := !e.shown && !(e.theirs.seen() && e.ours.seen())
	if w.compose { // colours and sizes are not sent
		hidden = e.theirs.gone || e.theirs.invisible
	}
	s = w.characters(s)
	if s == "" {
		return
	}
	if isBlank(s) {
		if hidden && w.hiding.Len() > 0 {
			w.hiding.WriteByte(' ')
		}
		if !(hidden && w.compose) {
			w.writeText(s, false)
		}
		return
	}
	if hidden {
		if w.hiding.Len() < 2000 {
			w.hiding.WriteString(s)
		}
		if w.compose {
			w.find(HiddenText, s)
			w.hiding.Reset()
			return
		}
	} else {
		w.endHiding()
	}
	if w.anchor != nil && w.anchor.text.Len() < 4096 {
		w.anchor.text.WriteString(s)
	}
	w.writeText(s, hidden)
}

// endHiding finds the hidden text that was read.
func (w *walker) endHiding() {
	if w.hiding.Len() > 0 {
		w.find(HiddenText, w.hiding.String())
		w.hiding.Reset()
	}
}

func (w *walker) writeText(s string, hidden bool) {
	if hidden {
		w.write(`<mark data-hidden="1">`, escape(s), "</mark>")
		w.text.hidden(s)
		return
	}
	w.write(escape(s))
	w.text.write(s, w.preformatted())
}

func (w *walker) preformatted() bool {
	return slices.ContainsFunc(w.stack, func(e open) bool { return e.out == "pre" })
}

// characters takes away what deceives in a text, and counts what pushes it away.
func (w *walker) characters(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		if strings.TrimSpace(s) != "" {
			w.lines, w.spaces, w.fresh = 0, 0, false
		}
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	before := rune(0)
	for _, r := range s {
		switch {
		case r == '\r':
			r = '\n'
		case r == '\f' || r == '\v':
			r = ' '
		case r < ' ' && r != '\n' && r != '\t', 0x7f <= r && r < 0xa0, 0xfdd0 <= r && r <= 0xfdef, r&0xfffe == 0xfffe:
			r = utf8.RuneError
		case turns(r):
			w.find(TurnedText, "")
			r = utf8.RuneError
		case unseen(r):
			w.find(InvisibleChars, "U+"+strings.ToValidUTF8(strconv.FormatInt(int64(r), 16), ""))
			continue
		case joins(r) && before < 0x250:
			w.find(InvisibleChars, "U+"+strconv.FormatInt(int64(r), 16))
		case r == 0x2028 || r == 0x2029:
			r = '\n'
		}
		switch {
		case blank(r) && !w.compose:
			if w.fresh {
				w.fresh = false
				if w.lines++; w.lines == maxLines+1 {
					w.find(PushedText, "")
				}
			}
			if w.lines > maxLines {
				r = ' '
			} else if w.spaces++; w.spaces > maxSpaces {
				w.find(PushedText, "")
				continue
			}
		case !unicode.IsSpace(r) && !joins(r) && r != 0xad:
			w.lines, w.spaces, w.fresh = 0, 0, false
		}
		before = r
		b.WriteRune(r)
	}
	return b.String()
}
