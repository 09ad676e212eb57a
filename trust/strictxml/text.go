package strictxml

import (
	"strings"
	"unicode/utf8"
)

const (
	cdataStart = "<![CDATA["
	cdataEnd   = "]]>"
)

// readText reads text up to the next tag or comment and makes one node of it,
// none if it is empty. References are replaced, line ends normalised, and CDATA
// sections joined to the text around them.
func (p *parser) readText() error {
	rest := p.s[p.at:]
	n := strings.IndexByte(rest, '<')
	if n < 0 {
		p.at = p.open[len(p.open)-1].element.Start
		return p.fail(Unclosed)
	}
	raw := rest[:n]
	if p.plain(raw) && !strings.HasPrefix(rest[n:], cdataStart) {
		if n > 0 {
			p.nodes = append(p.nodes, Node{Text: raw, Kind: TextNode})
			p.at += n
		}
		return nil
	}

	p.text = p.text[:0]
	for {
		if err := p.rewriteText(raw); err != nil {
			return err
		}
		if !p.skip(cdataStart) {
			break
		}
		n := strings.Index(p.s[p.at:], cdataEnd)
		if n < 0 {
			return p.fail(BadCDATA)
		}
		p.text = appendLines(p.text, p.s[p.at:p.at+n])
		p.at += n + len(cdataEnd)
		if n = strings.IndexByte(p.s[p.at:], '<'); n < 0 {
			p.at = p.open[len(p.open)-1].element.Start
			return p.fail(Unclosed)
		}
		raw = p.s[p.at : p.at+n]
	}
	if len(p.text) > 0 {
		p.nodes = append(p.nodes, Node{Text: string(p.text), Kind: TextNode})
	}
	return nil
}

// plain reports whether a text is already what it stands for.
func (p *parser) plain(raw string) bool {
	return !(p.references && strings.IndexByte(raw, '&') >= 0 ||
		p.returns && strings.IndexByte(raw, '\r') >= 0 ||
		p.cdataEnds && strings.Contains(raw, cdataEnd))
}

// rewriteText appends what a text without tags stands for, and goes past it.
func (p *parser) rewriteText(raw string) error {
	if n := strings.Index(raw, cdataEnd); n >= 0 {
		p.at += n
		return p.fail(CDATAEndInText)
	}
	end := p.at + len(raw)
	for p.at < end {
		n := strings.IndexByte(p.s[p.at:end], '&')
		if n < 0 {
			n = end - p.at
		}
		p.text = appendLines(p.text, p.s[p.at:p.at+n])
		p.at += n
		if p.at < end {
			if err := p.reference(); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendLines appends s with its line ends normalised: CR LF and a lone CR
// become LF (XML 1.0 2.11).
func appendLines(dst []byte, s string) []byte {
	for {
		n := strings.IndexByte(s, '\r')
		if n < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:n]...), '\n')
		s = strings.TrimPrefix(s[n+1:], "\n")
	}
}

// reference reads a character reference or one of the five predefined entities
// (XML 1.0 4.1 and 4.6) and appends the character. Characters by reference are
// exempt from the normalising of line ends and values.
func (p *parser) reference() error {
	rest := p.s[p.at+1:]
	for _, e := range predefined {
		if strings.HasPrefix(rest, e.name) {
			p.text = append(p.text, e.char)
			p.at += 1 + len(e.name)
			return nil
		}
	}
	if !strings.HasPrefix(rest, "#") {
		return p.fail(BadReference)
	}
	rest = rest[1:]
	n := strings.IndexByte(rest, ';')
	if n < 0 {
		return p.fail(BadReference)
	}
	base, digits := rune(10), rest[:n]
	if strings.HasPrefix(digits, "x") {
		base, digits = 16, digits[1:]
	}
	var r rune
	for i := range len(digits) {
		c := digits[i]
		var v rune
		switch {
		case '0' <= c && c <= '9':
			v = rune(c - '0')
		case base == 16 && 'a' <= c && c <= 'f':
			v = rune(c-'a') + 10
		case base == 16 && 'A' <= c && c <= 'F':
			v = rune(c-'A') + 10
		default:
			return p.fail(BadReference)
		}
		if r = r*base + v; r > utf8.MaxRune {
			return p.fail(BadReference)
		}
	}
	if digits == "" || !isChar(r) {
		return p.fail(BadReference)
	}
	p.text = utf8.AppendRune(p.text, r)
	p.at += len("&#") + n + len(";")
	return nil
}

var predefined = [...]struct {
	name string
	char byte
}{{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}}

// value reads a quoted attribute value and normalises it: each of tab, LF and
// CR, and CR LF as one, becomes a space (XML 1.0 2.11 and 3.3.3).
func (p *parser) value() (string, error) {
	if p.at == len(p.s) || p.s[p.at] != '"' && p.s[p.at] != '\'' {
		return "", p.fail(BadAttribute)
	}
	quote := p.s[p.at]
	p.at++
	from := p.at // what was not copied yet begins here
	rewritten := false
	for p.at < len(p.s) {
		c := p.s[p.at]
		if class[c]&special == 0 {
			p.at++
			continue
		}
		switch c {
		case quote:
			raw := p.s[from:p.at]
			p.at++
			if !rewritten {
				return raw, nil
			}
			p.text = append(p.text, raw...)
			return string(p.text), nil
		case '"', '\'':
			p.at++
			continue
		case '<':
			return "", p.fail(BadAttribute)
		}
		if !rewritten {
			p.text, rewritten = p.text[:0], true
		}
		p.text = append(p.text, p.s[from:p.at]...)
		switch c {
		case '&':
			if err := p.reference(); err != nil {
				return "", err
			}
		case '\r':
			p.text = append(p.text, ' ')
			p.at++
			p.skip("\n")
		default:
			p.text = append(p.text, ' ')
			p.at++
		}
		from = p.at
	}
	return "", p.fail(BadAttribute)
}

// comment reads a comment (XML 1.0 2.5), or refuses what only begins like one.
func (p *parser) comment() (string, error) {
	switch {
	case p.skip("<!--"):
	case p.has("<!DOCTYPE"):
		return "", p.fail(Doctype)
	default:
		return "", p.fail(BadMarkup)
	}
	n := strings.Index(p.s[p.at:], "--")
	if n < 0 {
		return "", p.fail(BadComment)
	}
	text := p.s[p.at : p.at+n]
	p.at += n
	if !p.skip("-->") {
		return "", p.fail(BadComment)
	}
	if p.returns {
		text = string(appendLines(nil, text))
	}
	p.doc.Comments++
	return text, nil
}
