package html

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"rem"
)

// Safe makes a page that can be looked at. It takes any text and never fails:
// what cannot be shown is left out and said.
func Safe(source string, o Options) *Page {
	w := newWalker(source, o)
	w.run()
	p := &Page{Body: w.out.String(), Text: w.text.finish(), Findings: w.findings(), Pictures: w.pictures}
	p.Document = document(p.Body, o.Language)
	return p
}

// Text gives the readable text of a page, with hidden text in brackets. It is
// for search, and for those who would rather read plain text.
func Text(source string, l Limits) string {
	w := newWalker(source, Options{Limits: l})
	w.textOnly = true
	w.run()
	return w.text.finish()
}

// A Composed is what a person wrote, fit to be sent.
type Composed struct {
	HTML     string // for text/html: elements that every mail program shows, no styles but alignment
	Plain    string // for text/plain
	Findings []Finding
}

// ForCompose keeps of rich text what is sent: paragraphs, emphasis, lists, tables,
// quotations and links. Pictures are kept where o.Picture knows their Content-ID,
// and then written as cid: again. Text that its reader would not see is left out
// and found.
func ForCompose(source string, o Options) Composed {
	w := newWalker(source, o)
	w.compose, w.o.Links = true, true
	w.run()
	return Composed{HTML: w.out.String(), Plain: w.text.finish(), Findings: w.findings()}
}

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

// An open element. name is as read, out what was written, "" for nothing.
type open struct {
	name, out string
	theirs    look // as their reader would see it, with their style sheets
	ours      look // as ours does
	shown     bool // inside of a mark of ours
	font      float64
	foreign   bool
}

type walker struct {
	o    Options
	l    Limits
	src  string
	z    *html.Tokenizer
	out  strings.Builder
	text plain
	css  sheet

	stack      []open
	suppressed map[string]int
	roots      int // html and body among them that are not written: they do not count as deep
	written    int // elements
	full       bool

	textOnly, compose bool

	skip string // a raw element whose text is not shown

	spaces, lines int  // of what draws nothing, since something was drawn
	fresh         bool // a block began, and nothing stands in it

	anchor   *anchor
	images   int
	found    map[Kind]*Finding
	order    []Kind
	pictures []string
	hiding   strings.Builder // the hidden text that is being read
}

// An anchor is the link that is being read.
type anchor struct {
	depth int
	to    target
	text  strings.Builder
}

func newWalker(source string, o Options) *walker {
	w := &walker{o: o, l: o.Limits.orDefault(), found: map[Kind]*Finding{}, suppressed: map[string]int{}}
	if len(source) > w.l.Input {
		cut := w.l.Input
		for cut > 0 && !utf8.RuneStart(source[cut]) {
			cut--
		}
		source = source[:cut]
		w.find(Cut, "")
	}
	w.src = strings.ToValidUTF8(source, "\uFFFD")
	w.text.turkish = o.Language != "en"
	return w
}

// find counts a finding.
func (w *walker) find(k Kind, sample string) {
	f := w.found[k]
	if f == nil {
		f = &Finding{Kind: k}
		w.found[k] = f
		w.order = append(w.order, k)
	}
	f.Count++
	if sample = Sample(sample, 120); sample != "" && len(f.Samples) < w.l.Samples && !slices.Contains(f.Samples, sample) {
		f.Samples = append(f.Samples, sample)
	}
}

func (w *walker) findings() []Finding {
	var list []Finding
	for _, k := range w.order {
		list = append(list, *w.found[k])
	}
	return list
}

func (w *walker) run() {
	w.sheets()
	w.z = html.NewTokenizer(strings.NewReader(w.src))
	for !w.full {
		switch t := w.z.Next(); t {
		case html.ErrorToken:
			if w.z.Err() != io.EOF {
				w.find(Cut, "")
			}
			w.finish()
			return
		case html.TextToken:
			w.readText(string(w.z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(t == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := w.z.TagName()
			w.end(rem.FoldASCII(string(name)))
		case html.CommentToken:
			w.comment(string(w.z.Text()))
		}
	}
	w.find(Cut, "")
	w.finish()
}

// sheets reads the style sheets of the page before its text, which they hide.
func (w *walker) sheets() {
	if !strings.Contains(rem.FoldASCII(w.src), "<style") {
		return
	}
	z := html.NewTokenizer(strings.NewReader(w.src))
	in := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			in = string(name) == "style"
		case html.TextToken:
			if in {
				text := string(z.Raw())
				w.css.add(text)
				w.remoteStyle(text)
			}
			in = false
		default:
			in = false
		}
	}
}

func (w *walker) finish() {
	for len(w.stack) > 0 {
		w.pop()
	}
	w.endHiding()
}

func (w *walker) top() open {
	if len(w.stack) == 0 {
		return open{theirs: plainLook, ours: plainLook, font: 16}
	}
	return w.stack[len(w.stack)-1]
}

func (w *walker) pop() {
	e := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	if e.out == "" && (e.name == "html" || e.name == "body") {
		w.roots--
	}
	if w.anchor != nil && w.anchor.depth == len(w.stack) {
		w.endLink()
	}
	if e.out != "" {
		w.write("</", e.out, ">")
		w.text.end(e.out)
	}
}

func (w *walker) write(parts ...string) {
	if w.textOnly {
		return
	}
	for _, p := range parts {
		w.out.WriteString(p)
	}
	if w.out.Len() > w.l.Output {
		w.full = true
	}
}

func (w *walker) comment(s string) {
	folded := rem.FoldASCII(s)
	if i := strings.Index(folded, "[if"); i >= 0 && i < 10 {
		_, rest, _ := strings.Cut(s, "]>")
		if i := strings.LastIndex(rest, "<!["); i >= 0 {
			rest = rest[:i]
		}
		sample := ""
		if len(rest) < 64<<10 { // enough for a sample, and no reading within reading beyond it
			sample = tagless(rest)
		}
		if strings.TrimSpace(sample) != "" {
			w.find(Comment, sample)
		}
	}
}

// tagless gives the text of markup for a sample.
func tagless(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	raw := false
	for b.Len() < 400 {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !raw {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			raw = string(name) == "style" || string(name) == "script" || string(name) == "xml"
		case html.EndTagToken:
			raw = false
		}
	}
	return b.String()
}

func (w *walker) end(name string) {
	if name == w.skip {
		w.skip = ""
		return
	}
	if name == "br" || name == "p" && !w.isOpen("p") { // as in browsers
		if name == "br" {
			w.lineBreak()
		}
		return
	}
	if w.suppressed[name] > 0 {
		w.suppressed[name]--
		return
	}
	for i := len(w.stack) - 1; i >= 0; i-- {
		e := w.stack[i]
		if e.name == name {
			w.closeTo(i)
			return
		}
		if e.out == "table" || (e.out == "td" || e.out == "th" || e.out == "caption") && !tableParts[name] && name != "table" {
			return
		}
	}
}

func (w *walker) isOpen(name string) bool {
	return slices.ContainsFunc(w.stack, func(e open) bool { return e.name == name })
}

func (w *walker) closeTo(i int) {
	for len(w.stack) > i {
		w.pop()
	}
}

// implied ends what the start of an element ends.
func (w *walker) implied(out string) {
	e := elements[out]
	for _, name := range e.ends {
		for i := len(w.stack) - 1; i >= 0; i-- {
			o := w.stack[i].out
			if o == name {
				w.closeTo(i)
				break
			}
			if o == "table" || slices.Contains(e.stops, o) || !tableParts[out] && slices.Contains(barriers, o) {
				break
			}
		}
	}
}

type attrs struct {
	style, id, class                string
	href, src, alt, cid, target     string
	hidden, shown                   bool
	width, height, colspan, rowspan string
	align, valign, bgcolor, color   string
	border, start, kind, dir        string
}

const maxAttrs = 64

// attributes reads what matters of a tag, and finds what matters to its reader.
func (w *walker) attributes(tag string) (a attrs) {
	seen := 0
	for more := true; more && seen < maxAttrs; seen++ {
		var k, v []byte
		k, v, more = w.z.TagAttr()
		if len(k) == 0 {
			continue
		}
		key, value := rem.FoldASCII(string(k)), string(v)
		if strings.HasPrefix(key, "on") && len(key) > 2 {
			w.find(Script, key)
			continue
		}
		set := func(to *string) {
			if *to == "" { // the first one counts, as in browsers
				*to = value
			}
		}
		switch key {
		case "style":
			set(&a.style)
			w.remoteStyle(value)
		case "id":
			set(&a.id)
		case "class":
			set(&a.class)
		case "href":
			set(&a.href)
			if tag != "a" && tag != "area" {
				w.fetches(value)
			}
		case "src":
			set(&a.src)
			if tag != "img" {
				w.fetches(value)
			}
		case "alt":
			set(&a.alt)
		case "data-cid":
			set(&a.cid)
		case "data-target":
			set(&a.target)
		case "data-hidden":
			a.shown = true
		case "hidden":
			a.hidden = true
		case "width":
			set(&a.width)
		case "height":
			set(&a.height)
		case "colspan":
			set(&a.colspan)
		case "rowspan":
			set(&a.rowspan)
		case "align":
			set(&a.align)
		case "valign":
			set(&a.valign)
		case "bgcolor":
			set(&a.bgcolor)
		case "color", "text":
			if key == "color" || tag == "body" {
				set(&a.color)
			}
		case "border":
			set(&a.border)
		case "start":
			set(&a.start)
		case "type":
			set(&a.kind)
		case "dir":
			set(&a.dir)
		case "background", "srcset", "poster", "data", "lowsrc", "dynsrc", "xlink:href", "ping", "manifest", "archive", "codebase", "code", "classid", "icon", "profile", "imagesrcset", "longdesc", "srcdoc", "formaction", "action", "attributionsrc":
			w.fetches(value)
		default:
			if s := scheme(tidyAddress(value)); s == "javascript" || s == "vbscript" {
				w.find(Script, s)
			}
		}
	}
	return a
}

// fetches finds what an address in an attribute would have done.
func (w *walker) fetches(value string) {
	for one := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r <= ' ' }) {
		switch s := scheme(one); {
		case s == "javascript", s == "vbscript", s == "livescript":
			w.find(Script, s)
			return
		case s == "http", s == "https", s == "ftp", s == "ws", s == "wss", strings.HasPrefix(one, "//"), strings.HasPrefix(one, "\\\\"), s == "file":
			w.find(RemoteContent, hostOf(one))
		}
		if strings.HasPrefix(rem.FoldASCII(one), "data:") {
			return // the rest is its data
		}
	}
	if s := scheme(tidyAddress(value)); s == "javascript" || s == "vbscript" {
		w.find(Script, s)
	}
}

// hostOf gives the host of an address for a sample.
func hostOf(s string) string {
	if strings.HasPrefix(s, "//") || strings.HasPrefix(s, "\\\\") {
		s = "https:" + s
	}
	if t, ok := link(s); ok {
		return t.host
	}
	if i := strings.Index(s, "//"); i >= 0 {
		s = s[i+2:]
	}
	if i := strings.IndexAny(s, "/?#\\"); i >= 0 {
		s = s[:i]
	}
	return s
}

// remoteStyle finds what a style would have fetched or run.
func (w *walker) remoteStyle(s string) {
	s = rem.FoldASCII(unescapeCSS(s))
	for _, f := range []string{"expression(", "-moz-binding", "behavior:", "javascript:", "vbscript:"} {
		if strings.Contains(s, f) {
			w.find(Script, strings.TrimRight(f, "(:"))
		}
	}
	if strings.Contains(s, "unicode-bidi") && (strings.Contains(s, "bidi-override") || strings.Contains(s, "isolate-override")) {
		w.find(TurnedText, "unicode-bidi")
	}
	for range 1000 {
		i := strings.Index(s, "//")
		if i < 0 {
			break
		}
		from := max(0, i-12)
		before := s[from:i]
		s = s[i+2:]
		if !strings.Contains(before, "(") && !strings.Contains(before, "\"") && !strings.Contains(before, "'") && !strings.Contains(before, "@import") {
			continue
		}
		end := strings.IndexAny(s, "/?#\\)\"' ;")
		if end < 0 {
			end = len(s)
		}
		w.find(RemoteContent, s[:end])
	}
}

// unsafe are elements that are found for what they are.
var unsafe = map[string]Kind{
	"script": Script, "iframe": Embedded, "frame": Embedded, "frameset": Embedded, "object": Embedded, "embed": Embedded, "applet": Embedded, "portal": Embedded, "fencedframe": Embedded,
	"audio": Embedded, "video": Embedded, "svg": Embedded, "math": Embedded, "canvas": Embedded, "source": Embedded, "track": Embedded,
	"form": Form, "input": Form, "button": Form, "textarea": Form, "select": Form, "keygen": Form, "isindex": Form,
}

func (w *walker) start(selfClosing bool) {
	b, more := w.z.TagName()
	tag := rem.FoldASCII(string(b))
	if tag == "image" {
		tag = "img"
	}
	var a attrs
	if more {
		a = w.attributes(tag)
	}
	if k, ok := unsafe[tag]; ok {
		w.find(k, tag)
	}
	parent := w.top()
	switch tag {
	case "script", "style", "iframe", "noembed", "noframes":
		if parent.foreign { // markup there, in browsers
			w.z.NextIsNotRawText()
		} else {
			w.skip = tag
		}
		return
	case "title":
		if parent.foreign {
			w.z.NextIsNotRawText()
		} else if !selfClosing {
			w.skip = tag
			return
		}
	case "noscript":
		w.z.NextIsNotRawText()
	case "textarea", "xmp", "plaintext":
		if parent.foreign {
			w.z.NextIsNotRawText()
		}
	case "meta":
		if a.hasRefresh(w.z) {
			w.find(Redirect, "")
		}
		return
	case "base":
		w.find(Redirect, "base")
		return
	case "link", "param", "col", "colgroup", "wbr", "input", "embed", "source", "track", "frame", "area", "keygen", "bgsound", "basefont", "command":
		return
	case "br":
		w.lineBreak()
		return
	case "img":
		w.picture(a)
		return
	}
	if a.dir != "" && tag == "bdo" {
		w.find(TurnedText, "bdo")
	}

	out := tag
	e, known := elements[tag]
	if !known {
		out = instead[tag]
		e = elements[out]
	}
	list := declarations(a.style)
	list = append(a.declarations(tag, out), list...)
	style, size := "", 0.0
	if w.compose {
		if !e.rich || out == "div" && tag != "div" && tag != "section" && tag != "article" {
			out = ""
		}
		for _, d := range list {
			if d.name == "text-align" && e.block && (d.value == "center" || d.value == "right") {
				style = "text-align:" + d.value
			}
		}
	} else if !parent.shown {
		style, size = written(list, parent.font)
	}
	if out == "" && style != "" && !w.compose {
		out = "span"
	}
	if onlyStyled[tag] && style == "" || out == "mark" && !a.shown || out == "mark" && w.compose {
		out = ""
	}

	if out != "" {
		w.implied(out)
	}
	if out == "hr" {
		w.write("<hr>")
		w.text.block()
		return
	}
	// What may stand in a table alone is nothing elsewhere.
	if tableParts[out] && !slices.ContainsFunc(w.stack, func(e open) bool { return e.out == "table" }) {
		out = ""
	}
	parent = w.top()
	root := (tag == "html" || tag == "body") && out == ""
	if root && w.isOpen(tag) {
		w.suppressed[tag]++
		return
	}
	if len(w.stack) >= w.l.Depth+w.roots || w.written >= w.l.Elements {
		if w.written >= w.l.Elements {
			w.full = true
		}
		if !selfClosing || out != "" {
			w.suppressed[tag]++
		}
		return
	}

	n := open{name: tag, out: out, shown: parent.shown, font: parent.font, foreign: parent.foreign || tag == "svg" || tag == "math"}
	if tag == "foreignobject" || tag == "desc" || tag == "annotation-xml" {
		n.foreign = false
	}
	if size > 0 && out != "" {
		n.font = size
	}
	if out == "mark" {
		n.shown, n.theirs, n.ours, n.font = true, plainLook, plainLook, 16
		style = ""
	} else if parent.shown {
		n.theirs, n.ours = plainLook, plainLook
	} else {
		n.theirs, n.ours = parent.theirs, parent.ours
		n.theirs.opacity = parent.theirs.opacity
		if tag == "a" && (a.href != "" || a.target != "") {
			n.theirs.ink, n.ours.ink = linkBlue, linkBlue
		}
		n.theirs = w.css.apply(n.theirs, tag, a.id, a.class)
		n.theirs = n.theirs.apply(list, false)
		if a.hidden || tag == "template" || tag == "datalist" || tag == "dialog" {
			n.theirs.gone = true
		}
		if style != "" && out != "" {
			n.ours = n.ours.apply(declarations(style), false)
		}
	}
	if foreignVoid := n.foreign && selfClosing; foreignVoid {
		return
	}

	extra := w.tagAttrs(out, a)
	if tag == "a" {
		if extra = w.beginLink(a, &n); n.out == "" {
			n.ours, n.font = parent.ours, parent.font
		}
	}
	if n.out != "" {
		w.written++
		w.write("<", n.out)
		if style != "" {
			w.write(` style="`, style, `"`)
		}
		w.write(extra, ">")
		w.text.start(n.out, e.block || elements[n.out].block)
		w.fresh = w.fresh || e.block || elements[n.out].block
	}
	if w.stack = append(w.stack, n); root {
		w.roots++
	}
}

// hasRefresh reports whether a meta element leads elsewhere. Its attributes were
// read by attributes; what it says stands in the raw tag.
func (a attrs) hasRefresh(z *html.Tokenizer) bool {
	raw := rem.FoldASCII(string(z.Raw()))
	return strings.Contains(raw, "refresh") || strings.Contains(raw, "set-cookie")
}

// declarations gives the attributes that are styles as declarations.
func (a attrs) declarations(tag, out string) (list []decl) {
	put := func(name, value string) {
		if value = strings.TrimSpace(rem.FoldASCII(value)); value != "" {
			list = append(list, decl{name, value})
		}
	}
	put("background-color", a.bgcolor)
	put("color", a.color)
	switch rem.FoldASCII(strings.TrimSpace(a.align)) {
	case "left", "right", "center", "justify":
		put("text-align", a.align)
	}
	put("vertical-align", a.valign)
	if tag == "center" {
		put("text-align", "center")
	}
	if (out == "table" || out == "td" || out == "th") && a.width != "" && !strings.HasSuffix(a.width, "%") {
		if px, ok := length(rem.FoldASCII(a.width), 0); ok && px >= smallest {
			put("width", strconv.Itoa(int(math.Min(px, 1200)))+"px")
		}
	}
	if n, err := strconv.Atoi(a.border); err == nil && n > 0 && (out == "table" || out == "td") {
		put("border", "1px solid")
	}
	return list
}

func count(s string, most int) string {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 {
		return ""
	}
	return strconv.Itoa(min(n, most))
}

// tagAttrs writes the attributes of structure.
func (w *walker) tagAttrs(out string, a attrs) string {
	s := ""
	put := func(name, value string) {
		if value != "" {
			s += " " + name + `="` + value + `"`
		}
	}
	switch out {
	case "td", "th":
		put("colspan", count(a.colspan, 100))
		put("rowspan", count(a.rowspan, 100))
	case "ol":
		put("start", count(a.start, 1000000))
		switch a.kind {
		case "a", "A", "i", "I", "1":
			put("type", a.kind)
		}
	case "mark":
		put("data-hidden", "1")
	}
	return s
}

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

func (w *walker) picture(a attrs) {
	alt := Sample(a.alt, 200)
	instead := func() {
		if alt != "" {
			w.readText("[" + alt + "]")
		}
	}
	src := tidyAddress(a.src)
	cid := a.cid
	folded := rem.FoldASCII(src[:min(len(src), 8)])
	if cid == "" && strings.HasPrefix(folded, "cid:") {
		cid = src[4:]
		if un := unpercent(cid); un != "" {
			cid = un
		}
	}
	switch {
	case cid != "":
		path, ok := "", false
		if w.o.Picture != nil {
			path, ok = w.o.Picture(cid)
		}
		if ok && w.compose {
			src = "cid:" + percent(cid, "")
		} else if ok && local(path) {
			src = path
		} else {
			w.find(OddImage, "cid")
			instead()
			return
		}
		if !slices.Contains(w.pictures, cid) && len(w.pictures) < 1000 {
			w.pictures = append(w.pictures, cid)
		}
	case strings.HasPrefix(folded, "data:"):
		if w.compose {
			w.find(OddImage, "data")
			instead()
			return
		}
		at := strings.Index(rem.FoldASCII(src[:8]), "data:")
		out, n, ok := dataImage(src[at:], min(w.l.Image, w.l.Images-w.images), w.l.Pixels)
		if !ok {
			w.find(OddImage, "data")
			instead()
			return
		}
		src, w.images = out, w.images+n
	default:
		s := scheme(src)
		switch {
		case s == "javascript" || s == "vbscript":
			w.find(Script, s)
		case s == "http" || s == "https" || strings.HasPrefix(src, "//") || strings.HasPrefix(src, "\\\\") || s == "ftp":
			w.find(RemoteContent, hostOf(src))
		case src != "":
			w.find(OddImage, s)
		}
		instead()
		return
	}
	if w.written++; w.written > w.l.Elements {
		w.full = true
		return
	}
	w.write(`<img src="`, escape(src), `"`)
	if cid != "" && !w.compose {
		w.write(` data-cid="`, escape(cid), `"`)
	}
	w.write(` alt="`, escape(alt), `"`)
	if n := count(strings.TrimSuffix(a.width, "px"), 2000); n != "" {
		w.write(` width="`, n, `"`)
	}
	if n := count(strings.TrimSuffix(a.height, "px"), 2000); n != "" {
		w.write(` height="`, n, `"`)
	}
	w.write(">")
	w.lines, w.spaces = 0, 0
	if alt != "" {
		w.text.word("[" + alt + "]")
	}
}

// local reports whether an address is a path on our own server.
func local(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\"'<> \t\r\n")
}

func unpercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0 {
			b = append(b, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// beginLink writes the attributes of a link and remembers it.
func (w *walker) beginLink(a attrs, n *open) string {
	address := a.href
	if address == "" {
		address = a.target
	}
	if strings.TrimSpace(address) == "" {
		n.out = ""
		return ""
	}
	if strings.HasPrefix(address, "#") { // within the page, whose names are not kept
		n.out = ""
		return ""
	}
	t, ok := link(address)
	if !ok {
		switch s := scheme(tidyAddress(address)); s {
		case "javascript", "vbscript", "livescript":
			w.find(Script, s)
		default:
			w.find(OddLink, address)
		}
		n.out = ""
		return ""
	}
	if t.odd {
		w.find(OddHost, t.host+t.mail)
	}
	if t.user {
		w.find(DeceptiveLink, address)
	}
	w.anchor = &anchor{depth: len(w.stack), to: t}
	if w.compose {
		return ` href="` + escape(t.href) + `"`
	}
	s := ""
	if w.o.Links {
		s = ` href="` + escape(t.href) + `" target="_blank" rel="noopener noreferrer nofollow"`
	}
	return s + ` data-target="` + escape(t.href) + `"`
}

// endLink compares what a link says with where it leads.
func (w *walker) endLink() {
	a := w.anchor
	w.anchor = nil
	host, mail := named(a.text.String())
	switch {
	case mail != "" && a.to.mail != "":
		if rem.FoldASCII(mail) != rem.FoldASCII(a.to.mail) {
			w.find(DeceptiveLink, mail+" → "+a.to.mail)
		}
	case host != "" && a.to.host != "":
		if !sameSite(host, a.to.host) {
			w.find(DeceptiveLink, host+" → "+a.to.host)
		}
	case host != "" && mail == "" && a.to.mail != "":
		w.find(DeceptiveLink, host+" → "+a.to.mail)
	}
	w.text.link(a.to, a.text.String())
}

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

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\x00", "\uFFFD", "`", "&#96;")

func escape(s string) string { return escaper.Replace(s) }
