package c14n

import (
	"slices"
	"strings"

	"rem/trust/strictxml"
)

// inherit gives the attributes of an apex together with those in the xml
// namespace that it takes over from its ancestors, which are not written.
//
// Canonical XML 1.0 takes over the nearest of each name (2.4). Canonical XML 1.1
// takes over xml:lang and xml:space so, joins xml:base to what the ancestors
// say, and leaves xml:id where it was (2.4).
func (c *canonicaliser) inherit(e *strictxml.Element) []strictxml.Attr {
	attrs := e.Attrs
	for p := e.Parent; p != nil; p = p.Parent {
		for _, a := range p.Attrs {
			if a.Space != strictxml.XML {
				continue
			}
			if c.eleven && a.Local == "base" {
				attrs = joinBase(attrs, a)
				continue
			}
			if c.eleven && a.Local != "lang" && a.Local != "space" {
				continue
			}
			if index(attrs, a.Local) < 0 {
				attrs = append(slices.Clip(attrs), a)
			}
		}
	}
	if c.eleven {
		// A base that joining brings to nothing is not written.
		if i := index(attrs, "base"); i >= 0 && attrs[i].Value == "" {
			if own := index(e.Attrs, "base"); own < 0 || e.Attrs[own].Value != "" {
				attrs = slices.Delete(slices.Clone(attrs), i, i+1)
			}
		}
	}
	return attrs
}

// index finds an attribute of the xml namespace.
func index(attrs []strictxml.Attr, local string) int {
	return slices.IndexFunc(attrs, func(a strictxml.Attr) bool {
		return a.Local == local && a.Space == strictxml.XML
	})
}

// joinBase puts the base of an ancestor before the one gathered so far.
func joinBase(attrs []strictxml.Attr, ancestor strictxml.Attr) []strictxml.Attr {
	i := index(attrs, "base")
	if i < 0 {
		return append(slices.Clip(attrs), ancestor)
	}
	attrs = slices.Clone(attrs)
	attrs[i].Value = joinReferences(ancestor.Value, attrs[i].Value)
	return attrs
}

// joinReferences resolves a reference against a base that may itself be
// relative: RFC 3986 5.2.2 with the changes of Canonical XML 1.1, 2.4, by which
// what is relative stays relative, and leading ".." segments are kept.
func joinReferences(base, reference string) string {
	b, r := split(base), split(reference)
	if r.scheme == b.scheme {
		r.scheme = ""
	}
	t := r
	switch {
	case r.scheme != "":
		t.path = withoutDots(r.path)
	case r.hasAuthority:
		t.scheme = b.scheme
		t.path = withoutDots(r.path)
	default:
		t.scheme, t.authority, t.hasAuthority = b.scheme, b.authority, b.hasAuthority
		switch {
		case r.path == "":
			t.path = b.path
			if !r.hasQuery {
				t.query, t.hasQuery = b.query, b.hasQuery
			}
		case strings.HasPrefix(r.path, "/"):
			t.path = withoutDots(r.path)
		case b.hasAuthority && b.path == "":
			t.path = withoutDots("/" + r.path)
		default:
			if b.path == ".." || strings.HasSuffix(b.path, "/..") {
				b.path += "/"
			}
			t.path = withoutDots(b.path[:strings.LastIndexByte(b.path, '/')+1] + r.path)
		}
	}
	return t.String()
}

// A reference is the parts of a URI reference (RFC 3986 appendix B), less the
// fragment, which a base does not have.
type reference struct {
	scheme, authority, path, query string
	hasAuthority, hasQuery         bool
}

func split(s string) (r reference) {
	s, _, _ = strings.Cut(s, "#")
	s, r.query, r.hasQuery = strings.Cut(s, "?")
	if i := strings.IndexAny(s, ":/"); i > 0 && s[i] == ':' {
		r.scheme, s = s[:i], s[i+1:]
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		r.hasAuthority = true
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			i = len(rest)
		}
		r.authority, s = rest[:i], rest[i:]
	}
	r.path = s
	return r
}

// String is RFC 3986 5.3.
func (r reference) String() string {
	var b strings.Builder
	if r.scheme != "" {
		b.WriteString(r.scheme)
		b.WriteByte(':')
	}
	if r.hasAuthority {
		b.WriteString("//")
		b.WriteString(r.authority)
	}
	b.WriteString(r.path)
	if r.hasQuery {
		b.WriteByte('?')
		b.WriteString(r.query)
	}
	return b.String()
}

// withoutDots removes the segments "." and "..", and empty ones, from a path.
// In a path that is not rooted, ".." segments that nothing precedes are kept,
// and a path that ends in one ends in a slash.
func withoutDots(path string) string {
	rooted := strings.HasPrefix(path, "/")
	var kept []string
	directory := false // whether the path ends in a slash
	for segment := range strings.SplitSeq(path, "/") {
		directory = true
		switch {
		case segment == "", segment == ".":
		case segment != "..":
			kept = append(kept, segment)
			directory = false
		case len(kept) > 0 && kept[len(kept)-1] != "..":
			kept = kept[:len(kept)-1]
		case !rooted:
			kept = append(kept, segment)
		}
	}
	s := strings.Join(kept, "/")
	if directory && s != "" {
		s += "/"
	}
	if rooted {
		s = "/" + s
	}
	return s
}
