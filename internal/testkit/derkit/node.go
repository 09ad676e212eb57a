package derkit

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"testing"
)

// A Node is one element: primitive with Content, or constructed with Children.
// Raw, where it is set, is written in place of the whole element.
type Node struct {
	Tag      byte
	Content  []byte
	Children []*Node
	Raw      []byte
}

// Parse takes exactly one element apart.
func Parse(t testing.TB, der []byte) *Node {
	t.Helper()
	n, rest := parse(t, der)
	if len(rest) > 0 {
		t.Fatalf("%d bytes after the element", len(rest))
	}
	return n
}

func parse(t testing.TB, der []byte) (*Node, []byte) {
	t.Helper()
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(der, &raw)
	if err != nil {
		t.Fatalf("taking DER apart: %v", err)
	}
	n := &Node{Tag: der[0]}
	if !raw.IsCompound {
		n.Content = bytes.Clone(raw.Bytes)
		return n, rest
	}
	for in := raw.Bytes; len(in) > 0; {
		var child *Node
		child, in = parse(t, in)
		n.Children = append(n.Children, child)
	}
	return n, rest
}

// Bytes writes the element with definite, shortest lengths.
func (n *Node) Bytes() []byte {
	if n.Raw != nil {
		return n.Raw
	}
	return Element(n.Tag, n.inner())
}

func (n *Node) inner() []byte {
	if n.Tag&0x20 == 0 {
		return n.Content
	}
	var b []byte
	for _, c := range n.Children {
		b = append(b, c.Bytes()...)
	}
	return b
}

// Element writes a tag, the shortest length and content.
func Element(tag byte, content []byte) []byte {
	size := len(content)
	if size < 0x80 {
		return append([]byte{tag, byte(size)}, content...)
	}
	var length []byte
	for ; size > 0; size >>= 8 {
		length = append([]byte{byte(size)}, length...)
	}
	return slices.Concat([]byte{tag, 0x80 | byte(len(length))}, length, content)
}

// Indefinite writes the element with an indefinite length, as BER allows.
func (n *Node) Indefinite() []byte {
	return slices.Concat([]byte{n.Tag | 0x20, 0x80}, n.inner(), []byte{0, 0})
}

// LongLength writes the element with one more byte of length than it needs.
func (n *Node) LongLength() []byte {
	c := n.inner()
	return slices.Concat([]byte{n.Tag, 0x84, byte(len(c) >> 24), byte(len(c) >> 16), byte(len(c) >> 8), byte(len(c))}, c)
}

// At follows the numbers of children down.
func (n *Node) At(path ...int) *Node {
	for _, i := range path {
		n = n.Children[i]
	}
	return n
}

// Clone copies the tree.
func (n *Node) Clone() *Node {
	c := &Node{Tag: n.Tag, Content: bytes.Clone(n.Content), Raw: bytes.Clone(n.Raw)}
	for _, child := range n.Children {
		c.Children = append(c.Children, child.Clone())
	}
	return c
}

// Insert puts a child before the i-th.
func (n *Node) Insert(i int, child *Node) { n.Children = slices.Insert(n.Children, i, child) }

// Remove takes the i-th child out.
func (n *Node) Remove(i int) { n.Children = slices.Delete(n.Children, i, i+1) }

// Sort sorts the children as a SET OF in DER.
func (n *Node) Sort() {
	slices.SortFunc(n.Children, func(a, b *Node) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
}

// Walk calls f with every element of the tree, outermost first.
func (n *Node) Walk(f func(*Node)) {
	f(n)
	for _, c := range n.Children {
		c.Walk(f)
	}
}

// Find gives the first element under n whose content is exactly this, or fails
// the test.
func (n *Node) Find(t testing.TB, tag byte, content []byte) *Node {
	t.Helper()
	var found *Node
	n.Walk(func(c *Node) {
		if found == nil && c.Tag == tag && c.Tag&0x20 == 0 && bytes.Equal(c.Content, content) {
			found = c
		}
	})
	if found == nil {
		t.Fatalf("no element %#x with content %x", tag, content)
	}
	return found
}
