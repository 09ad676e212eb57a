package strictxml

// startTag reads a start tag or an empty-element tag, resolves its names and
// opens the element.
func (p *parser) startTag() error {
	start := p.at
	if len(p.open) == p.limits.MaxDepth {
		return p.fail(TooDeep)
	}
	if p.doc.Elements == p.limits.MaxElements {
		return p.fail(TooManyElements)
	}
	p.at++ // <
	raw, prefix, local, err := p.name()
	if err != nil {
		return err
	}
	empty, err := p.attributes()
	if err != nil {
		return err
	}

	e := p.element()
	e.Prefix, e.Local, e.Start = prefix, local, start
	if len(p.open) > 0 {
		e.Parent = p.open[len(p.open)-1].element
	} else {
		p.doc.Root = e
	}
	p.open = append(p.open, frame{element: e, raw: raw, nodes: len(p.nodes), scope: len(p.scope)})
	if err := p.declare(start); err != nil {
		return err
	}
	if err := p.resolve(e, start); err != nil {
		return err
	}
	e.Decls = keep(&p.declPiece, p.decls)
	e.Attrs = keep(&p.attrPiece, p.attrs)
	if empty {
		p.close()
	}
	return nil
}

// element hands out one element.
func (p *parser) element() *Element {
	if len(p.elementPiece) == 0 {
		p.elementPiece = make([]Element, 64)
	}
	e := &p.elementPiece[0]
	p.elementPiece = p.elementPiece[1:]
	p.doc.Elements++
	return e
}

// attributes reads the rest of a start tag into p.attrs and p.decls.
func (p *parser) attributes() (empty bool, err error) {
	p.attrs, p.decls = p.attrs[:0], p.decls[:0]
	for {
		before := p.at
		p.skipSpace()
		switch {
		case p.at == len(p.s):
			return false, p.fail(BadMarkup)
		case p.s[p.at] == '>':
			p.at++
			return false, nil
		case p.s[p.at] == '/':
			if !p.skip("/>") {
				return false, p.fail(BadMarkup)
			}
			return true, nil
		case p.at == before:
			return false, p.fail(BadAttribute)
		case len(p.attrs)+len(p.decls) == p.limits.MaxAttributes:
			return false, p.fail(TooManyAttributes)
		}
		_, prefix, local, err := p.name()
		if err != nil {
			return false, err
		}
		p.skipSpace()
		if !p.skip("=") {
			return false, p.fail(BadAttribute)
		}
		p.skipSpace()
		value, err := p.value()
		if err != nil {
			return false, err
		}
		switch {
		case prefix == "xmlns":
			p.decls = append(p.decls, Decl{local, value})
		case prefix == "" && local == "xmlns":
			p.decls = append(p.decls, Decl{"", value})
		default:
			p.attrs = append(p.attrs, Attr{Prefix: prefix, Local: local, Value: value})
		}
	}
}

// declare checks the namespace declarations of a start tag and puts them into
// force (Namespaces in XML 1.0, 2.2, 3 and 5).
func (p *parser) declare(start int) error {
	for i, d := range p.decls {
		for _, earlier := range p.decls[:i] {
			if earlier.Prefix == d.Prefix {
				return &Error{DeclarationAgain, start}
			}
		}
		switch {
		case d.Prefix == "xmlns", d.URI == XMLNS, (d.Prefix == "xml") != (d.URI == XML):
			return &Error{ReservedNamespace, start}
		case d.URI == "" && d.Prefix != "":
			return &Error{PrefixUndeclared, start}
		case d.URI != "" && !absolute(d.URI):
			return &Error{RelativeNamespace, start}
		}
	}
	if len(p.scope)+len(p.decls) > maxInScope {
		return &Error{TooManyNamespaces, start}
	}
	p.scope = append(p.scope, p.decls...)
	return nil
}

// absolute reports whether a namespace name has a scheme and otherwise only
// characters of a URI (RFC 3986 2 and 3.1), or characters beyond ASCII.
// Canonical XML is not defined for a relative one (Canonical XML 1.0, 1.3).
func absolute(uri string) bool {
	scheme := 0
	for i := range len(uri) {
		switch c := uri[i]; {
		case c <= ' ', c == '<', c == '>', c == '"', c == '{', c == '}', c == '|', c == '\\', c == '^', c == '`', c == 0x7F:
			return false
		case scheme > 0:
		case c == ':':
			scheme = i
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return scheme > 0
}

// resolve gives the element and its attributes their namespaces, refuses two
// attributes of one name, and notes the element's identifier.
func (p *parser) resolve(e *Element, start int) error {
	var ok bool
	if e.Prefix == "xml" || e.Prefix == "xmlns" {
		return &Error{ReservedNamespace, start}
	}
	if e.Space, ok = p.lookup(e.Prefix); !ok {
		return &Error{PrefixUnbound, start}
	}
	named := false
	for i := range p.attrs {
		a := &p.attrs[i]
		if a.Prefix != "" {
			if a.Space, ok = p.lookup(a.Prefix); !ok {
				return &Error{PrefixUnbound, start}
			}
		}
		for j := range i {
			// Written twice is expanded twice, so this finds both.
			if b := &p.attrs[j]; b.Local == a.Local && b.Space == a.Space {
				return &Error{AttributeAgain, start}
			}
		}
		if len(a.Local) == len("id") && isIdentifier(a) {
			if named {
				return &Error{IdentifierAgain, start}
			}
			named = true
			if a.Prefix == "xml" {
				if n, _ := part(a.Value); n == 0 || n != len(a.Value) {
					return &Error{BadIdentifier, start}
				}
			}
			p.doc.ids = append(p.doc.ids, identity{a.Value, e})
		}
	}
	return nil
}

// lookup gives the namespace that a prefix stands for here.
func (p *parser) lookup(prefix string) (uri string, ok bool) {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if d := &p.scope[i]; d.Prefix == prefix {
			return d.URI, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return XML, true
	}
	return "", false
}

// An identity is one identifier and the element that carries it.
type identity struct {
	value   string
	element *Element
}

// isIdentifier reports whether an attribute is one of those by which a
// signature's reference may name an element. No schema is at hand to tell, so
// each of them is taken for one everywhere.
func isIdentifier(a *Attr) bool {
	switch a.Space {
	case "":
		return a.Local == "Id" || a.Local == "ID" || a.Local == "id"
	case XML:
		return a.Local == "id"
	}
	return false
}

// identifiers refuses an identifier that stands for two elements (AT-16).
func (p *parser) identifiers() error {
	ids := p.doc.ids
	const few = 16 // below this, comparing each with each is faster than a map
	if len(ids) <= few {
		for i := range ids {
			for j := range i {
				if ids[i].value == ids[j].value {
					return &Error{IdentifierAgain, ids[i].element.Start}
				}
			}
		}
		return nil
	}
	p.doc.index = make(map[string]*Element, len(ids))
	for _, id := range ids {
		if p.doc.index[id.value] != nil {
			return &Error{IdentifierAgain, id.element.Start}
		}
		p.doc.index[id.value] = id.element
	}
	return nil
}
