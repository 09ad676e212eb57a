// Package strictxml reads XML that is about to be verified: a document in,
// a tree out, and an error for everything that two readers could understand
// differently.
//
// It reads XML 1.0 (fifth edition) with Namespaces in XML 1.0, in UTF-8, and of
// these only what evidence, signatures and trust lists are written with. There
// is no document type declaration, hence no entity but the five predefined
// ones, no default attribute and no attribute type; there are no processing
// instructions. What is left has one meaning, and that meaning is exact: line
// ends (XML 1.0 2.11) and attribute values (XML 1.0 3.3.3) are normalised, names
// are resolved, and canonical XML is a walk over the tree (package c14n).
//
// Invariants of a [Document] that [Parse] returned:
//   - no element has two attributes of one name, written or expanded, and no
//     two elements share an identifier;
//   - every prefix is bound, and bound to an absolute namespace name;
//   - two text nodes never stand side by side, and no text node reaches across
//     a comment (AT-17): [Element.Text] refuses where a comment cuts a text;
//   - Start and End cut the element out of Source, byte for byte;
//   - the tree is within its [Limits], and the time that reading took grew with
//     the length of the source (AT-07, AT-18).
//
// The tree is not meant to be written back. A verifier hashes the canonical
// form of what it read, and reads on from the bytes that it hashed (AT-16).
//
// Next: package c14n writes canonical forms; package xades verifies signatures
// with both.
package strictxml
