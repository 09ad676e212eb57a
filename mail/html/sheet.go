package html

import (
	"strings"

	"rem"
)

// A sheet is what style sheets of a page say about text that is not seen. It is
// asked by the last part of a selector alone, and so finds rather more than a
// browser hides. Rules for some media only are not in it.
type sheet struct {
	rules map[string][]rule
	n     int
	used  int // declarations applied, of all elements
}

type rule struct {
	decls  []decl
	hiding bool // colours do not count: the rule is for some ancestors only
}

// maxRules and maxPerKey bound a sheet; each element asks for a few keys.
const (
	maxRules  = 5000
	maxPerKey = 8
	// maxUsed bounds the work of all elements. Beyond it the sheet is not asked,
	// and what it hides is shown as any text.
	maxUsed = 4 << 20
)

// add reads a style sheet.
func (s *sheet) add(text string) {
	text = unescapeCSS(text)
	text = strings.NewReplacer("<!--", " ", "-->", " ").Replace(text)
	for s.n < maxRules {
		open := strings.IndexAny(text, "{;")
		if open < 0 {
			return
		}
		head := strings.TrimSpace(text[:open])
		if text[open] == ';' { // @import and the like, or a stray one
			text = text[open+1:]
			continue
		}
		body := text[open+1:]
		if strings.HasPrefix(head, "@") {
			words := strings.Fields(rem.FoldASCII(head))
			if words[0] == "@media" && (len(words) == 1 || len(words) == 2 && (words[1] == "all" || words[1] == "screen")) ||
				words[0] == "@layer" || words[0] == "@supports" {
				text = body // its rules are taken as any; the bracket that ends it is stepped over below
				continue
			}
			text = body[blockEnd(body):]
			continue
		}
		end := strings.IndexByte(body, '}')
		if end < 0 {
			end = len(body)
		}
		list := declarations(body[:end])
		text = body[min(end+1, len(body)):]
		if !matters(list) {
			continue
		}
		for selector := range strings.SplitSeq(head, ",") {
			key, exact := selectorKey(selector)
			if key == "" || len(s.rules[key]) >= maxPerKey {
				continue
			}
			if s.rules == nil {
				s.rules = map[string][]rule{}
			}
			s.rules[key] = append(s.rules[key], rule{list, !exact})
			s.n++
		}
	}
}

// blockEnd gives the place behind the bracket that ends a block.
func blockEnd(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func matters(list []decl) bool {
	for _, d := range list {
		switch d.name {
		case "display", "visibility", "mso-hide", "content-visibility", "opacity", "filter", "overflow", "overflow-x", "overflow-y", "width", "height", "max-width", "max-height",
			"line-height", "position", "left", "top", "right", "bottom", "inset", "margin-left", "margin-top", "margin", "text-indent", "clip", "clip-path", "transform", "z-index",
			"font-size", "font", "color", "background-color", "background", "-webkit-text-fill-color":
			return true
		}
	}
	return false
}

// selectorKey gives the most telling name of the last part of a selector: #id,
// .class or a tag. exact says that no other elements or classes are asked for.
func selectorKey(s string) (key string, exact bool) {
	s = strings.TrimLeft(strings.TrimSpace(s), "}")
	s = strings.TrimSpace(s)
	last := s
	if i := strings.LastIndexAny(s, " >+~\t\n"); i >= 0 {
		last = s[i+1:]
	}
	if i := strings.IndexAny(last, ":["); i >= 0 {
		if i == 0 || last[i] == ':' {
			return "", false
		}
		last = last[:i]
	}
	exact = last == s
	if i := strings.IndexByte(last, '#'); i >= 0 {
		id, more, _ := strings.Cut(last[i+1:], ".")
		return "#" + id, exact && more == ""
	}
	if i := strings.IndexByte(last, '.'); i >= 0 {
		class, more, _ := strings.Cut(last[i+1:], ".")
		return "." + class, exact && more == ""
	}
	return rem.FoldASCII(last), exact
}

// apply gives the look of an element under the sheet.
func (s *sheet) apply(l look, tag, id, class string) look {
	if s.n == 0 {
		return l
	}
	use := func(key string) {
		for _, r := range s.rules[key] {
			if s.used += len(r.decls); s.used > maxUsed {
				return
			}
			l = l.apply(r.decls, r.hiding)
		}
	}
	use("*")
	use(tag)
	n := 0
	for c := range strings.FieldsSeq(class) {
		if n++; n > 20 {
			break
		}
		use("." + c)
	}
	if id != "" {
		use("#" + id)
	}
	return l
}
