package bulk

import (
	"html"
	"strconv"
	"strings"
)

func number(n int) string { return strconv.Itoa(n) }

// A Template is a text with places for cells: {{column}}.
type Template struct{ parts []part }

// A part is a text, or a column where it has a name.
type part struct {
	text   string
	column string
}

// ParseTemplate reads a template. What begins with {{ and is no place is a refusal.
func ParseTemplate(s string) (*Template, error) {
	t := &Template{}
	for {
		before, rest, more := strings.Cut(s, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !more {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if name = strings.TrimSpace(name); !closed || name == "" || len(name) > 200 || strings.ContainsAny(name, "{}\r\n<>") {
			return nil, refuse("Şablonda kapanmamış veya adsız bir {{ }} var.", "The template has a {{ }} that is not closed or has no name.")
		}
		t.parts = append(t.parts, part{column: name})
		s = after
	}
}

// Columns are the names that the template uses.
func (t *Template) Columns() (names []string) {
	for _, p := range t.parts {
		if p.column != "" {
			names = append(names, p.column)
		}
	}
	return names
}

// Text puts the cells in as they are.
func (t *Template) Text(cell func(column string) string) string { return t.render(cell) }

// HTML puts the cells in so that none is markup; a line end is a line break.
func (t *Template) HTML(cell func(column string) string) string {
	return t.render(func(column string) string {
		return strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(cell(column), "\r\n", "\n")), "\n", "<br>")
	})
}

func (t *Template) render(cell func(string) string) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.column == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(cell(p.column))
		}
	}
	return b.String()
}
