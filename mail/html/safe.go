package html

import (
	"strings"
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

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\x00", "\uFFFD", "`", "&#96;")

func escape(s string) string { return escaper.Replace(s) }
