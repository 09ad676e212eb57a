package html

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"rem"
)

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
