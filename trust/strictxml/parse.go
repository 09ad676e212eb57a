package strictxml

import (
	"strings"

	"rem"
)

// Parse reads a document. Its errors are of type *[Error]. It keeps src as the
// document's Source and does not change it.
//
// The time it takes grows with the length of src, and the memory with the
// length and the number of elements, both within the limits.
func Parse(src []byte, limits Limits) (*Document, error) {
	p := parser{limits: limits.orDefault()}
	if len(src) > p.limits.MaxBytes {
		return nil, &Error{TooLarge, p.limits.MaxBytes}
	}
	p.s = string(src)
	if err := checkCharacters(src, p.s); err != nil {
		return nil, err
	}
	p.doc = &Document{Source: src}
	p.returns = strings.IndexByte(p.s, '\r') >= 0
	p.references = strings.IndexByte(p.s, '&') >= 0
	p.cdataEnds = strings.Contains(p.s, "]]>")
	p.estimate()

	if err := p.declaration(); err != nil {
		return nil, err
	}
	if err := p.misc(&p.doc.Before); err != nil {
		return nil, err
	}
	if p.at == len(p.s) {
		return nil, p.fail(NoRoot)
	}
	if err := p.root(); err != nil {
		return nil, err
	}
	if err := p.misc(&p.doc.After); err != nil {
		return nil, err
	}
	if p.at < len(p.s) {
		return nil, p.fail(OutsideRoot)
	}
	if err := p.identifiers(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// A parser is one reading of one document. It keeps its own stack of open
// elements, so depth costs no Go stack, and cuts elements, nodes and attributes
// out of few large pieces of memory.
type parser struct {
	s      string // the source
	at     int    // the next byte to read
	limits Limits
	doc    *Document

	// What the source holds anywhere. Most documents hold none of these, and
	// then no text is searched for them.
	returns, references, cdataEnds bool

	open  []frame
	scope []Decl // the declarations in force, innermost last

	nodes []Node // of the open elements, each after its parent's
	attrs []Attr // of the start tag being read
	decls []Decl // of the start tag being read
	text  []byte // of the text or value being rewritten

	// The pieces that are handed out. Those of elements and nodes are as large
	// as the source seems to ask for, so that few are needed and little is left.
	elementPiece []Element
	nodePiece    []Node
	attrPiece    []Attr
	declPiece    []Decl
}

// A frame is an element whose end tag has not been read.
type frame struct {
	element *Element
	raw     string // its name as written
	nodes   int    // where its children begin in parser.nodes
	scope   int    // how long parser.scope was before it
}

func (p *parser) fail(r Rule) error { return &Error{r, p.at} }

func (p *parser) skipSpace() {
	for p.at < len(p.s) && class[p.s[p.at]]&whiteSpace != 0 {
		p.at++
	}
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.s[p.at:], prefix) }

// skip goes past the prefix if it stands here.
func (p *parser) skip(prefix string) bool {
	if p.has(prefix) {
		p.at += len(prefix)
		return true
	}
	return false
}

// declaration reads what may stand at the very start: the byte order mark, and
// the XML declaration (XML 1.0 2.8 and 4.3.3).
func (p *parser) declaration() error {
	p.skip("\uFEFF")
	start := p.at
	if !p.skip("<?xml") {
		return nil
	}
	if p.at == len(p.s) || class[p.s[p.at]]&whiteSpace == 0 {
		p.at = start
		return p.fail(ProcessingInstruction) // its target only begins with xml
	}
	version, ok := p.pseudo("version")
	if !ok || version != "1.0" {
		return p.fail(BadDeclaration)
	}
	if encoding, ok := p.pseudo("encoding"); ok && rem.FoldASCII(encoding) != "utf-8" {
		return p.fail(BadDeclaration)
	}
	if standalone, ok := p.pseudo("standalone"); ok && standalone != "yes" && standalone != "no" {
		return p.fail(BadDeclaration)
	}
	p.skipSpace()
	if !p.skip("?>") {
		return p.fail(BadDeclaration)
	}
	return nil
}

// pseudo reads white space and name="value". When they do not stand here it
// reads nothing.
func (p *parser) pseudo(name string) (value string, ok bool) {
	start := p.at
	defer func() {
		if !ok {
			p.at = start
		}
	}()
	p.skipSpace()
	if p.at == start || !p.skip(name) {
		return "", false
	}
	p.skipSpace()
	if !p.skip("=") {
		return "", false
	}
	p.skipSpace()
	if p.at == len(p.s) || p.s[p.at] != '"' && p.s[p.at] != '\'' {
		return "", false
	}
	quote := p.s[p.at]
	p.at++
	n := strings.IndexByte(p.s[p.at:], quote)
	if n < 0 {
		return "", false
	}
	value = p.s[p.at : p.at+n]
	p.at += n + 1
	return value, true
}

// misc reads white space and comments outside the root element, and stops at
// the start tag or at the end of the source.
func (p *parser) misc(comments *[]string) error {
	for {
		p.skipSpace()
		switch {
		case p.at == len(p.s):
			return nil
		case p.s[p.at] != '<':
			return p.fail(OutsideRoot)
		case p.has("<!--"):
			c, err := p.comment()
			if err != nil {
				return err
			}
			*comments = append(*comments, c)
		case p.has("<!DOCTYPE"):
			return p.fail(Doctype)
		case p.has("<?"):
			return p.fail(ProcessingInstruction)
		default:
			return nil
		}
	}
}

// estimate takes the pieces for elements and nodes: an element for every < that
// is not of an end tag, a text for every < that does not follow
// a >. It need not be right, and takes no more than evidence asks for; what is
// missing comes later.
func (p *parser) estimate() {
	const most = 256
	elements, texts := 0, 0
	for i := 0; i+1 < len(p.s); i++ {
		n := strings.IndexByte(p.s[i:], '<')
		if n < 0 || elements+texts > most {
			break
		}
		if i += n; i+1 < len(p.s) && p.s[i+1] != '/' {
			elements++
		}
		if i > 0 && p.s[i-1] != '>' {
			texts++
		}
	}
	p.elementPiece = make([]Element, min(elements, most))
	p.nodePiece = make([]Node, 0, min(elements+texts, most))
}

// root reads the root element with all that is in it.
func (p *parser) root() error {
	room := new(struct {
		open  [12]frame
		scope [8]Decl
		nodes [32]Node
		attrs [6]Attr
		decls [4]Decl
	})
	p.open, p.scope, p.nodes = room.open[:0], room.scope[:0], room.nodes[:0]
	p.attrs, p.decls = room.attrs[:0], room.decls[:0]
	if err := p.startTag(); err != nil {
		return err
	}
	for len(p.open) > 0 {
		if err := p.readText(); err != nil {
			return err
		}
		var err error
		switch rest := p.s[p.at:]; { // rest begins with '<'
		case len(rest) < 2:
			err = p.fail(BadMarkup)
		case rest[1] == '/':
			err = p.endTag()
		case rest[1] == '!':
			var c string
			if c, err = p.comment(); err == nil {
				p.nodes = append(p.nodes, Node{Text: c, Kind: CommentNode})
			}
		case rest[1] == '?':
			err = p.fail(ProcessingInstruction)
		default:
			err = p.startTag()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endTag reads the end tag of the innermost open element.
func (p *parser) endTag() error {
	f := &p.open[len(p.open)-1]
	start := p.at
	p.at += len("</")
	if !p.skip(f.raw) {
		p.at = start
		return p.fail(MismatchedEnd)
	}
	if p.at < len(p.s) && p.s[p.at] != '>' {
		if class[p.s[p.at]]&whiteSpace == 0 {
			p.at = start
			return p.fail(MismatchedEnd) // its name only begins with ours
		}
		p.skipSpace()
	}
	if !p.skip(">") {
		return p.fail(BadMarkup)
	}
	p.close()
	return nil
}

// close ends the innermost open element at p.at.
func (p *parser) close() {
	f := &p.open[len(p.open)-1]
	f.element.Children = keep(&p.nodePiece, p.nodes[f.nodes:])
	f.element.End = p.at
	p.nodes = p.nodes[:f.nodes]
	p.scope = p.scope[:f.scope]
	p.open = p.open[:len(p.open)-1]
	if len(p.open) > 0 {
		p.nodes = append(p.nodes, Node{Element: f.element})
	}
}

// keep copies what was gathered into a piece of memory that many share, taking
// a new piece, twice as large, when the old one is full. The result has no room
// to grow, so an append to it never reaches its neighbour.
func keep[T any](piece *[]T, gathered []T) []T {
	n := len(gathered)
	if n == 0 {
		return nil
	}
	if cap(*piece)-len(*piece) < n {
		const least, most = 16, 256
		*piece = make([]T, 0, max(n, min(max(2*cap(*piece), least), most)))
	}
	from := len(*piece)
	*piece = append(*piece, gathered...)
	return (*piece)[from : from+n : from+n]
}
