package html

import (
	"strings"
	"unicode"
)

// plain writes readable text: paragraphs apart, lists with their signs, links
// with their targets.
type plain struct {
	b       strings.Builder
	turkish bool
	gap     bool // white space is due
	newline int  // line ends are due
	lists   []int
	quote   int
	quoted  int // of the last line written
}

func (p *plain) flush() {
	if p.newline > 0 {
		if p.b.Len() > 0 {
			p.b.WriteByte('\n')
			if p.newline > 1 {
				p.b.WriteString(strings.TrimRight(signs[:2*min(p.quote, p.quoted)], " "))
				p.b.WriteByte('\n')
			}
		}
		p.b.WriteString(signs[:2*p.quote])
		p.newline, p.gap, p.quoted = 0, false, p.quote
		return
	}
	if p.gap {
		if p.b.Len() > 0 {
			p.b.WriteByte(' ')
		}
		p.gap = false
	}
}

// maxQuote bounds the signs before a quoted line: each line carries them.
const maxQuote = 5

const signs = "> > > > > "

func (p *plain) line()  { p.newline = min(p.newline+1, 2) }
func (p *plain) block() { p.newline = max(p.newline, 1) }
func (p *plain) para()  { p.newline = 2 }

func (p *plain) start(tag string, block bool) {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre":
		p.para()
	case "blockquote":
		p.para()
		p.quote = min(p.quote+1, maxQuote)
	case "ul":
		p.block()
		p.lists = append(p.lists, 0)
	case "ol":
		p.block()
		p.lists = append(p.lists, 1)
	case "li":
		p.block()
		sign := "- "
		if n := len(p.lists); n > 0 {
			if k := p.lists[n-1]; k > 0 {
				p.lists[n-1]++
				sign = itoa(k) + ". "
			}
		}
		p.word(sign)
		p.gap = false
	case "td", "th":
		if p.newline == 0 && p.b.Len() > 0 {
			p.flush()
			p.b.WriteByte('\t')
		}
	default:
		if block {
			p.block()
		}
	}
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

func (p *plain) end(tag string) {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre":
		p.para()
	case "blockquote":
		p.quote = max(0, p.quote-1)
		p.para()
	case "ul", "ol":
		if len(p.lists) > 0 {
			p.lists = p.lists[:len(p.lists)-1]
		}
		p.block()
	case "div", "li", "tr", "dt", "dd", "caption":
		p.block()
	}
}

func (p *plain) word(s string) {
	p.flush()
	p.b.WriteString(s)
}

// write folds white space as a page does.
func (p *plain) write(s string, pre bool) {
	if pre {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				p.line()
			}
			if l != "" {
				p.word(l)
			}
		}
		return
	}
	for s != "" {
		i := strings.IndexFunc(s, unicode.IsSpace)
		switch {
		case i == 0:
			p.gap = true
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
		case i < 0:
			p.word(s)
			return
		default:
			p.word(s[:i])
			s = s[i:]
		}
	}
}

func (p *plain) hidden(s string) {
	label := "[gizli metin: "
	if !p.turkish {
		label = "[hidden text: "
	}
	p.word(label)
	p.write(strings.TrimSpace(s), false)
	p.gap = false
	p.b.WriteString("]")
}

// link writes where a link leads, unless its text says so already.
func (p *plain) link(t target, text string) {
	shown := t.href
	if t.mail != "" {
		shown = t.mail
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.Contains(text, strings.TrimSuffix(shown, "/")) {
		return
	}
	p.gap = true
	p.word("<" + shown + ">")
}

// finish returns the text, with one line end at its end where there is any.
func (p *plain) finish() string {
	s := strings.TrimRight(p.b.String(), " \t\n")
	if s == "" {
		return ""
	}
	return s + "\n"
}
