package c14n

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rem/trust/strictxml"
)

// A Method is a canonicalisation algorithm by its identifier in signatures.
type Method string

// The methods (RFC 6931 and the W3C recommendations that they name).
const (
	Exclusive               Method = "http://www.w3.org/2001/10/xml-exc-c14n#"
	ExclusiveWithComments   Method = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
	Inclusive               Method = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	InclusiveWithComments   Method = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
	Inclusive11             Method = "http://www.w3.org/2006/12/xml-c14n11"
	Inclusive11WithComments Method = "http://www.w3.org/2006/12/xml-c14n11#WithComments"
)

// Options say what a method is given besides the tree. The zero value is the
// whole subtree, without a list of prefixes.
type Options struct {
	// Prefixes is the PrefixList of InclusiveNamespaces, "#default" for the
	// default namespace: these prefixes are treated as inclusive methods treat
	// all. Only the exclusive methods take one.
	Prefixes []string

	// Omit is asked about every element below the apex; where it says yes, the
	// element is left out with everything in it. It may be nil.
	Omit func(*strictxml.Element) bool
}

// MaxPrefixes bounds a list of prefixes, which the document under test chooses.
// Lists in the field name two or three.
const MaxPrefixes = 32

var (
	// ErrMethod is returned for a method that is not one of the constants.
	ErrMethod = errors.New("unknown canonicalisation method")
	// ErrPrefixes is returned for a list of prefixes that is too long, or that
	// is given to an inclusive method.
	ErrPrefixes = errors.New("unacceptable list of inclusive prefixes")
)

// Append appends the canonical form of an element with everything below it,
// as if it had been cut out of its document, and returns the longer slice. Its
// errors are [ErrMethod] and [ErrPrefixes].
func Append(dst []byte, apex *strictxml.Element, m Method, o Options) ([]byte, error) {
	c, err := begin(m, o)
	if err != nil {
		return dst, err
	}
	c.out.bytes = dst
	c.apex(apex)
	return c.out.bytes, nil
}

// AppendDocument appends the canonical form of a whole document. It differs
// from the form of the root element only by the comments outside the root, for
// the methods that keep comments (Canonical XML 1.0, 2.3).
func AppendDocument(dst []byte, d *strictxml.Document, m Method, o Options) ([]byte, error) {
	c, err := begin(m, o)
	if err != nil {
		return dst, err
	}
	c.out.bytes = dst
	if c.comments {
		for _, text := range d.Before {
			c.comment(text)
			c.out.put("\n")
		}
	}
	c.apex(d.Root)
	if c.comments {
		for _, text := range d.After {
			c.out.put("\n")
			c.comment(text)
		}
	}
	return c.out.bytes, nil
}

// IsCanonical reports whether the source of an element, less the elements that
// o.Omit leaves out, already is its canonical form. It makes no copy: whoever
// finds it true may hash the source. An unknown method is never canonical.
func IsCanonical(d *strictxml.Document, apex *strictxml.Element, m Method, o Options) bool {
	c, err := begin(m, o)
	if err != nil {
		return false
	}
	c.out = sink{comparing: true, source: d.Source[:apex.End], at: apex.Start}
	c.apex(apex)
	return !c.out.differs && c.out.at == apex.End
}

// A canonicaliser is one walk over a subtree.
type canonicaliser struct {
	out       sink
	comments  bool
	inclusive bool
	eleven    bool // Canonical XML 1.1
	prefixes  []string
	omit      func(*strictxml.Element) bool

	// rendered is what the start tags written so far declare for the place
	// where the walk is, innermost last.
	rendered []strictxml.Decl
	// order is where the attributes of one start tag are put in order.
	order []strictxml.Attr
}

func begin(m Method, o Options) (canonicaliser, error) {
	c := canonicaliser{prefixes: o.Prefixes, omit: o.Omit}
	switch m {
	case Exclusive:
	case ExclusiveWithComments:
		c.comments = true
	case Inclusive:
		c.inclusive = true
	case InclusiveWithComments:
		c.inclusive, c.comments = true, true
	case Inclusive11:
		c.inclusive, c.eleven = true, true
	case Inclusive11WithComments:
		c.inclusive, c.eleven, c.comments = true, true, true
	default:
		return c, fmt.Errorf("%w: %q", ErrMethod, string(m))
	}
	if len(o.Prefixes) > MaxPrefixes || c.inclusive && len(o.Prefixes) > 0 {
		return c, ErrPrefixes
	}
	return c, nil
}

// apex writes the element that the walk begins with. What it takes from the
// ancestors that are not written, it has to declare itself.
func (c *canonicaliser) apex(e *strictxml.Element) {
	c.rendered = make([]strictxml.Decl, 0, 16)
	attrs := e.Attrs
	if c.inclusive || len(c.prefixes) > 0 {
		c.inScope(e)
	}
	if c.inclusive {
		attrs = c.inherit(e)
	}
	c.visiblyUsed(e)
	c.element(e, attrs, 0)
}

// inScope renders the namespaces that hold at the apex: all of them for an
// inclusive method (Canonical XML 1.0, 2.4), those of the list for an exclusive
// one (Exclusive XML Canonicalization 1.0, 3).
func (c *canonicaliser) inScope(e *strictxml.Element) {
	// Every prefix counts where it is declared last. That it was seen has to be
	// kept apart from whether it is rendered: xmlns="" hides and is not written.
	var seen []string
	for ; e != nil; e = e.Parent {
		for _, d := range e.Decls {
			if slices.Contains(seen, d.Prefix) {
				continue
			}
			seen = append(seen, d.Prefix)
			if c.inclusive || c.listed(d.Prefix) {
				c.render(d.Prefix, d.URI)
			}
		}
	}
}

// listed reports whether the list of prefixes names this one.
func (c *canonicaliser) listed(prefix string) bool {
	if prefix == "" {
		prefix = "#default"
	}
	return slices.Contains(c.prefixes, prefix)
}

// descend writes an element below the apex.
func (c *canonicaliser) descend(e *strictxml.Element) {
	from := len(c.rendered)
	if c.inclusive {
		for i := range e.Decls {
			c.render(e.Decls[i].Prefix, e.Decls[i].URI)
		}
	} else {
		if len(c.prefixes) > 0 {
			// What is not declared here is as the parent left it.
			for i := range e.Decls {
				if d := &e.Decls[i]; c.listed(d.Prefix) {
					c.render(d.Prefix, d.URI)
				}
			}
		}
		c.visiblyUsed(e)
	}
	c.element(e, e.Attrs, from)
	c.rendered = c.rendered[:from]
}

// visiblyUsed renders the namespaces of the element's own name and of its
// attributes' names (Exclusive XML Canonicalization 1.0, 1.1 and 3). For an
// inclusive method they are rendered already.
func (c *canonicaliser) visiblyUsed(e *strictxml.Element) {
	c.render(e.Prefix, e.Space)
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Prefix != "" {
			c.render(a.Prefix, a.Space)
		}
	}
}

// render notes that a start tag has to declare a prefix, unless that is how the
// tags written around it left it. The prefix xml is never declared.
func (c *canonicaliser) render(prefix, uri string) {
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if d := &c.rendered[i]; d.Prefix == prefix {
			if d.URI != uri {
				c.rendered = append(c.rendered, strictxml.Decl{Prefix: prefix, URI: uri})
			}
			return
		}
	}
	if prefix == "xml" || prefix == "" && uri == "" {
		return
	}
	c.rendered = append(c.rendered, strictxml.Decl{Prefix: prefix, URI: uri})
}

// element writes an element whose namespace declarations are c.rendered[from:].
func (c *canonicaliser) element(e *strictxml.Element, attrs []strictxml.Attr, from int) {
	c.out.put("<")
	c.name(e.Prefix, e.Local)
	decls := c.rendered[from:]
	for i := 1; i < len(decls); i++ {
		for j := i; j > 0 && decls[j].Prefix < decls[j-1].Prefix; j-- {
			decls[j], decls[j-1] = decls[j-1], decls[j]
		}
	}
	for i := range decls {
		c.out.put(" xmlns")
		if decls[i].Prefix != "" {
			c.out.put(":")
			c.out.put(decls[i].Prefix)
		}
		c.value(decls[i].URI)
	}
	attrs = c.sorted(attrs)
	for i := range attrs {
		c.out.put(" ")
		c.name(attrs[i].Prefix, attrs[i].Local)
		c.value(attrs[i].Value)
	}
	c.out.put(">")

	for i := range e.Children {
		switch n := &e.Children[i]; n.Kind {
		case strictxml.TextNode:
			c.text(n.Text)
		case strictxml.CommentNode:
			if c.comments {
				c.comment(n.Text)
			}
		case strictxml.ElementNode:
			if c.omit != nil && c.omit(n.Element) {
				c.out.pass(n.Element)
				continue
			}
			c.descend(n.Element)
		}
		if c.out.differs {
			return
		}
	}
	c.out.put("</")
	c.name(e.Prefix, e.Local)
	c.out.put(">")
}

// sorted puts attributes in canonical order: by namespace name, those without
// one first, then by local name (Canonical XML 1.0, 2.2).
func (c *canonicaliser) sorted(attrs []strictxml.Attr) []strictxml.Attr {
	i := 1
	for i < len(attrs) && !before(&attrs[i], &attrs[i-1]) {
		i++
	}
	if i >= len(attrs) {
		return attrs
	}
	c.order = append(c.order[:0], attrs...)
	for ; i < len(c.order); i++ {
		for j := i; j > 0 && before(&c.order[j], &c.order[j-1]); j-- {
			c.order[j], c.order[j-1] = c.order[j-1], c.order[j]
		}
	}
	return c.order
}

// before compares bytes, which for UTF-8 is to compare characters.
func before(a, b *strictxml.Attr) bool {
	if a.Space != b.Space {
		return a.Space < b.Space
	}
	return a.Local < b.Local
}

func (c *canonicaliser) name(prefix, local string) {
	if prefix != "" {
		c.out.put(prefix)
		c.out.put(":")
	}
	c.out.put(local)
}

// value writes what follows the name of an attribute or of a declaration.
func (c *canonicaliser) value(s string) {
	c.out.put(`="`)
	from := 0
	for i := range len(s) {
		if e := inValue[s[i]]; e != "" {
			c.out.put(s[from:i])
			c.out.put(e)
			from = i + 1
		}
	}
	c.out.put(s[from:])
	c.out.put(`"`)
}

// text writes character data (Canonical XML 1.0, 2.3).
func (c *canonicaliser) text(s string) {
	// From here on four searches that look at many bytes at once beat one that
	// looks at each: a certificate in base64 has thousands.
	const long = 48
	if len(s) >= long && strings.IndexByte(s, '>') < 0 && strings.IndexByte(s, '&') < 0 &&
		strings.IndexByte(s, '<') < 0 && strings.IndexByte(s, '\r') < 0 {
		c.out.put(s)
		return
	}
	from := 0
	for i := range len(s) {
		if e := inText[s[i]]; e != "" {
			c.out.put(s[from:i])
			c.out.put(e)
			from = i + 1
		}
	}
	c.out.put(s[from:])
}

func (c *canonicaliser) comment(s string) {
	c.out.put("<!--")
	c.out.put(s)
	c.out.put("-->")
}

// How characters are written that cannot stand for themselves (Canonical XML
// 1.0, 2.3).
var (
	inText  = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	inValue = [256]string{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
)

// A sink takes the canonical form: it appends it to bytes, or it compares it
// with source from at on.
type sink struct {
	bytes []byte

	comparing bool
	source    []byte
	at        int
	differs   bool
}

func (k *sink) put(s string) {
	if !k.comparing {
		k.bytes = append(k.bytes, s...)
		return
	}
	if len(s) > len(k.source)-k.at || string(k.source[k.at:k.at+len(s)]) != s {
		k.differs = true
		k.source = k.source[:k.at]
		return
	}
	k.at += len(s)
}

// pass goes past an element that is left out.
func (k *sink) pass(e *strictxml.Element) {
	if !k.comparing {
		return
	}
	if k.at != e.Start {
		k.differs = true
		return
	}
	k.at = e.End
}
