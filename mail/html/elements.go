package html

// An element that we write.
type element struct {
	block bool     // begins a line
	void  bool     // has no end tag
	ends  []string // elements that its start ends, up to a barrier
	stops []string // barriers, beside those of every element
	rich  bool     // ForCompose keeps it
}

var cells = []string{"td", "th"}

var elements = map[string]element{
	"a": {rich: true, ends: []string{"a"}}, "b": {rich: true}, "strong": {rich: true}, "i": {rich: true}, "em": {rich: true}, "u": {rich: true}, "s": {rich: true},
	"strike": {}, "del": {rich: true}, "ins": {rich: true}, "sub": {rich: true}, "sup": {rich: true}, "small": {}, "big": {}, "code": {rich: true}, "kbd": {}, "samp": {},
	"var": {}, "span": {}, "mark": {}, "q": {rich: true}, "cite": {}, "abbr": {}, "dfn": {}, "br": {void: true, rich: true},
	"hr": {block: true, void: true, rich: true, ends: []string{"p"}}, "img": {void: true, rich: true},
	"p": {block: true, rich: true, ends: []string{"p"}}, "div": {block: true, rich: true, ends: []string{"p"}},
	"blockquote": {block: true, rich: true, ends: []string{"p"}}, "pre": {block: true, rich: true, ends: []string{"p"}},
	"h1": {block: true, rich: true, ends: []string{"p"}}, "h2": {block: true, rich: true, ends: []string{"p"}}, "h3": {block: true, rich: true, ends: []string{"p"}},
	"h4": {block: true, ends: []string{"p"}}, "h5": {block: true, ends: []string{"p"}}, "h6": {block: true, ends: []string{"p"}},
	"ul": {block: true, rich: true, ends: []string{"p"}}, "ol": {block: true, rich: true, ends: []string{"p"}},
	"li": {block: true, rich: true, ends: []string{"p", "li"}, stops: []string{"ul", "ol"}},
	"dl": {block: true, rich: true, ends: []string{"p"}}, "dt": {block: true, rich: true, ends: []string{"p", "dt", "dd"}, stops: []string{"dl"}},
	"dd":    {block: true, rich: true, ends: []string{"p", "dt", "dd"}, stops: []string{"dl"}},
	"table": {block: true, rich: true, ends: []string{"p"}}, "caption": {block: true, rich: true, ends: []string{"caption"}},
	"thead": {rich: true, ends: []string{"thead", "tbody", "tfoot", "tr", "td", "th", "caption"}}, "tbody": {rich: true, ends: []string{"thead", "tbody", "tfoot", "tr", "td", "th", "caption"}},
	"tfoot": {rich: true, ends: []string{"thead", "tbody", "tfoot", "tr", "td", "th", "caption"}},
	"tr":    {block: true, rich: true, ends: []string{"tr", "td", "th", "caption"}}, "td": {rich: true, ends: cells}, "th": {rich: true, ends: cells},
}

// instead are elements for which another one is written. What is in neither table
// loses its tags and keeps its text: what was sent can be read.
var instead = map[string]string{
	"body": "div", "html": "div", "center": "div", "font": "span", "tt": "code", "address": "div", "article": "div", "aside": "div", "section": "div", "header": "div",
	"footer": "div", "main": "div", "nav": "div", "figure": "div", "figcaption": "div", "fieldset": "div", "form": "div", "details": "div", "summary": "div", "dialog": "div",
	"legend": "div", "dir": "ul", "menu": "ul", "xmp": "pre", "listing": "pre", "plaintext": "pre", "textarea": "pre", "acronym": "abbr", "bdo": "span", "bdi": "span",
	"label": "span", "time": "span", "marquee": "div", "option": "div", "noscript": "div", "title": "div", "o:p": "span", "hgroup": "div", "search": "div",
}

// onlyStyled are written only where they carry a style: as div or span they would
// otherwise only deepen the page.
var onlyStyled = map[string]bool{"body": true, "html": true, "span": true, "o:p": true, "font": true, "bdo": true, "bdi": true, "label": true, "time": true, "form": true}

// barriers end the search for an open element, as in browsers.
var barriers = []string{"table", "td", "th", "caption"}

// tableParts look for each other through cells, and not through a table.
var tableParts = map[string]bool{"thead": true, "tbody": true, "tfoot": true, "tr": true, "td": true, "th": true, "caption": true}
