package strictxml

import (
	"fmt"
	"iter"
)

// XML is the namespace that the prefix xml is bound to, everywhere and without
// a declaration (Namespaces in XML 1.0, 3).
const XML = "http://www.w3.org/XML/1998/namespace"

// XMLNS is the namespace of namespace declarations themselves. Nothing may be
// bound to it (Namespaces in XML 1.0, 3).
const XMLNS = "http://www.w3.org/2000/xmlns/"

// A Document is what [Parse] read. It does not change, and may be read
// concurrently.
type Document struct {
	Root *Element

	// Source is the slice that was parsed, not a copy: whoever changes it
	// breaks the offsets of the elements. All strings of the tree are copies.
	Source []byte

	Before []string // the comments before the root, in order
	After  []string // the comments after the root, in order

	Comments int // comments in all, inside the root and outside
	Elements int // elements in all, the root included

	ids   []identity
	index map[string]*Element // of ids, when they are many
}

// An Element is a start tag, an end tag and what is between them.
type Element struct {
	Prefix string // as written; "" when there is none
	Local  string
	Space  string // the namespace name; "" for none

	Attrs    []Attr // as written, in document order
	Decls    []Decl // the namespace declarations of this start tag, in document order
	Children []Node
	Parent   *Element // nil for the root

	// Source[Start:End] is the element with both its tags.
	Start, End int
}

// An Attr is one attribute, its value normalised by XML 1.0 3.3.3 as for type
// CDATA. An attribute without a prefix has no namespace.
type Attr struct{ Prefix, Local, Space, Value string }

// A Decl is one namespace declaration. The default namespace has the prefix "".
// URI is empty only for xmlns="", which takes the default namespace away.
type Decl struct{ Prefix, URI string }

// A Kind tells what a [Node] is.
type Kind uint8

// The kinds of a node. A CDATA section is text.
const (
	ElementNode Kind = iota
	TextNode
	CommentNode
)

// A Node is one child of an element. Element is set for an ElementNode alone;
// Text is the content of the two others, and a TextNode is never empty.
type Node struct {
	Element *Element
	Text    string
	Kind    Kind
}

// ByID gives the element that carries the identifier, or nil. Identifiers are
// the attributes Id, ID and id without a namespace, and xml:id.
func (d *Document) ByID(id string) *Element {
	if id == "" {
		return nil
	}
	if d.index != nil {
		return d.index[id]
	}
	for _, i := range d.ids {
		if i.value == id {
			return i.element
		}
	}
	return nil
}

// Is reports whether the element has this expanded name.
func (e *Element) Is(space, local string) bool { return e.Local == local && e.Space == space }

// Attr gives the value of the attribute with this expanded name. Its namespace
// is "" when it is written without a prefix.
func (e *Element) Attr(space, local string) (value string, ok bool) {
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Local == local && a.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Child gives the first child element of this name, or nil. Where a second one
// would be an attack, use [Element.Only].
func (e *Element) Child(space, local string) *Element {
	for i := range e.Children {
		if c := e.Children[i].Element; c != nil && c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Only gives the one child element of this name; none, or more than one, is an
// error.
func (e *Element) Only(space, local string) (*Element, error) {
	var found *Element
	for c := range e.ChildElements() {
		if !c.Is(space, local) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("element %s: more than one child %s", e.Local, local)
		}
		found = c
	}
	if found == nil {
		return nil, fmt.Errorf("element %s: no child %s", e.Local, local)
	}
	return found, nil
}

// ChildElements gives the child elements in document order.
func (e *Element) ChildElements() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for i := range e.Children {
			if c := e.Children[i].Element; c != nil && !yield(c) {
				return
			}
		}
	}
}

// Text gives the content of an element that holds text and nothing else. A
// child element is an error, and so is a comment: what stands on its two sides
// is never joined (AT-17). An element without content has the text "".
func (e *Element) Text() (string, error) {
	switch {
	case len(e.Children) == 0:
		return "", nil
	case len(e.Children) == 1 && e.Children[0].Kind == TextNode:
		return e.Children[0].Text, nil
	}
	return "", fmt.Errorf("element %s: holds more than text", e.Local)
}
