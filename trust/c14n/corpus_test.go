package c14n_test

import (
	"fmt"
	"maps"
	"strings"

	"rem/internal/testkit"
)

// A writer makes documents that say little in every way that XML allows:
// namespaces declared, bound anew, shadowed and taken away; attributes in any
// order and quotes; line ends, references and CDATA of all kinds; characters
// from the edges of UTF-8; attributes of the xml namespace at every depth.
type writer struct {
	r   *testkit.Random
	b   strings.Builder
	ids []string // the xml:ids given, in document order

	// where, in the children of the root, the signature goes
	signature string
}

var (
	prefixes = []string{"", "p", "q", "r", "ab", "x-1", "ş"}
	// None with an ampersand: libxml2 writes it into the canonical form of a
	// declaration without escaping it, or as &#38;, against Canonical XML 1.0, 2.3.
	uris   = []string{"urn:a", "urn:b", "urn:c", "http://x.test/ns#", "http://x.test/?a='1'", "urn:&#x61;", "URN:A"}
	locals = []string{"a", "b", "B", "a.b", "a-b", "_", "ünvan", "ı", "Id2", "𐐀"}
	// None that ends in a dot segment, or is an authority alone: there libxml2
	// departs from the joining of Canonical XML 1.1, 2.4 ("/a" and ".." give
	// nothing). TestBasesAreJoined has those.
	bases  = []string{"http://x.test/a/b/", "http://x.test/c", "d/", "../e/", "f/g", "/h/i", "j/../k/", "l/./m", "http://y.test/n/?o=p", "//z.test/q", "./r"}
	pieces = []string{
		"x", "kayıtlı", "İĞŞ", "📧", "\u007F", "\u0080", "\u0085", "\u00A0", "\u07FF", "\u0800", "\u2028", "\u2029",
		"\uD7FF", "\uE000", "\uFEFF", "\uFFFD", "\U00010000", "\U0010FFFF", "e\u0301",
		" ", "  ", "\t", "\n", "\r\n", "\r", "\n\r", "\r\r\n",
		"&#9;", "&#10;", "&#13;", "&#xD;", "&#xd;&#xA;", "&#32;", "&#x85;", "&#x2028;", "&#x1F4E7;",
		"&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&amp;lt;", "&#38;#60;", "]]&gt;", "]] ", "/>", ">",
	}
)

func pick[T any](w *writer, from []T) T { return from[w.r.IntN(len(from))] }

func (w *writer) chance(percent int) bool { return w.r.IntN(100) < percent }

func (w *writer) put(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
}

// document writes one document, with the signature, if there is one, among the
// children of its root.
func (w *writer) document(signature string) string {
	w.b.Reset()
	w.ids = nil
	w.signature = signature
	if w.chance(10) {
		w.put("\uFEFF")
	}
	if w.chance(60) {
		w.put(pick(w, []string{`<?xml version="1.0"?>`, `<?xml version='1.0' encoding='utf-8'?>`, "<?xml version=\"1.0\"\r\n encoding=\"UTF-8\" standalone=\"yes\" ?>\r\n"}))
	}
	w.misc()
	w.element(0, map[string]string{"xml": "http://www.w3.org/XML/1998/namespace", "": ""})
	w.misc()
	return w.b.String()
}

func (w *writer) misc() {
	for w.chance(40) {
		w.put(pick(w, []string{"\n", " \r\n", "\t"}))
		if w.chance(50) {
			w.comment()
		}
	}
}

func (w *writer) comment() {
	w.put("<!--", pick(w, []string{"", " x ", "\r\n<&amp;>\r", "- ", "ğ\u2028", "]]>"}), "-->")
}

func (w *writer) space() { w.put(pick(w, []string{" ", " ", "\n", "\r\n\t", "  "})) }

func (w *writer) quoted(value string) {
	quote := pick(w, []string{`"`, `'`})
	for _, q := range []string{`"`, `'`} {
		if strings.Contains(value, q) {
			quote = map[string]string{`"`: `'`, `'`: `"`}[q]
		}
	}
	w.put(pick(w, []string{"=", "=", " =", "= ", "\n=\t"}), quote, value, quote)
}

// value writes an attribute value; in one value there is one sort of quote.
func (w *writer) value() string {
	var b strings.Builder
	for range w.r.IntN(4) {
		b.WriteString(pick(w, pieces))
	}
	switch w.r.IntN(10) {
	case 0:
		b.WriteByte('"')
	case 1:
		b.WriteByte('\'')
	}
	return b.String()
}

func (w *writer) text() {
	if w.chance(5) {
		w.put(strings.Repeat("TUlJQi9qQ0NBYVdnQXdJQkFnSVU", 10))
	}
	for range w.r.IntN(5) {
		w.put(pick(w, pieces))
	}
	if w.chance(15) {
		w.put("<![CDATA[", pick(w, []string{"", "<b>&amp;", "\r\n\r", "]]", "ş&#13;"}), "]]>")
		w.put(pick(w, pieces))
	}
}

// element writes an element whose parent has these namespaces in scope.
func (w *writer) element(depth int, outer map[string]string) {
	scope := maps.Clone(outer)
	var tag []func()
	for _, i := range w.r.Perm(len(prefixes))[:w.r.IntN(4)] {
		prefix, uri := prefixes[i], pick(w, uris)
		switch {
		case prefix == "" && w.chance(30):
			uri = ""
		case w.chance(15) && outer[prefix] != "":
			uri = outer[prefix] // said again
		}
		scope[prefix] = uri
		name := "xmlns"
		if prefix != "" {
			name += ":" + prefix
		}
		tag = append(tag, func() { w.put(name); w.quoted(uri) })
	}
	if w.chance(3) {
		tag = append(tag, func() { w.put("xmlns:xml"); w.quoted("http://www.w3.org/XML/1998/namespace") })
	}

	bound := func() string {
		for {
			if p := pick(w, prefixes); p == "" || scope[p] != "" {
				return p
			}
		}
	}
	name := pick(w, locals)
	if p := bound(); p != "" {
		name = p + ":" + name
	}

	taken := map[[2]string]bool{}
	for range w.r.IntN(5) {
		prefix, local := bound(), pick(w, locals)
		key := [2]string{"", local}
		if prefix != "" {
			// Two spellings of one namespace name are one.
			key[0] = strings.ReplaceAll(scope[prefix], "&#x61;", "a")
		}
		if taken[key] {
			continue
		}
		taken[key] = true
		attr, value := local, w.value()
		if prefix != "" {
			attr = prefix + ":" + local
		}
		tag = append(tag, func() { w.put(attr); w.quoted(value) })
	}
	xml := func(percent int, local string, values []string) {
		if w.chance(percent) {
			value := pick(w, values)
			tag = append(tag, func() { w.put("xml:", local); w.quoted(value) })
		}
	}
	xml(15, "lang", []string{"tr", "en", "tr-TR", ""})
	xml(10, "space", []string{"preserve", "default"})
	xml(20, "base", bases)
	xml(5, "other", []string{"1", "2"})
	if w.chance(25) {
		id := fmt.Sprintf("i%d", len(w.ids))
		w.ids = append(w.ids, id)
		tag = append(tag, func() { w.put("xml:id"); w.quoted(id) })
	}

	w.put("<", name)
	for _, i := range w.r.Perm(len(tag)) {
		w.space()
		tag[i]()
	}
	if w.chance(20) {
		w.space()
	}
	children := w.r.IntN(4)
	if depth == 0 {
		children += 2
	}
	if depth > 3 {
		children = 0
	}
	signed := depth > 0 || w.signature == ""
	if children == 0 && signed && w.chance(60) {
		w.put("/>")
		return
	}
	w.put(">")
	at := w.r.IntN(children + 1)
	for i := range children + 1 {
		if i == at && !signed {
			w.put(w.signature)
		}
		w.text()
		if w.chance(15) {
			w.comment()
		}
		if i < children {
			w.element(depth+1, scope)
		}
	}
	w.put("</", name, pick(w, []string{"", "", " ", "\n"}), ">")
}
