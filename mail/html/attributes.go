package html

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"rem"
)

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
