// Package c14n writes the canonical form of XML, which is what a signature's
// digest is taken over: two documents that mean the same have the same bytes.
//
// It carries out Exclusive XML Canonicalization 1.0, which we write and nearly
// everyone else writes too, and, to read the signatures of others, Canonical XML
// 1.0 and Canonical XML 1.1, each with and without comments. The input is a tree
// that package strictxml read: no document type declaration and no processing
// instruction has to be thought of, and every namespace name is absolute.
//
// A canonical form is taken of a whole document or of one element with
// everything below it, from which subtrees may be left out: that is what the
// transforms of signatures ask for (enveloped signature, subtract by XPath
// filter, a reference by identifier). Node sets of other shapes have no form
// here.
//
// Invariants: the form depends on the tree alone, so it may be computed
// concurrently; its canonical form is a document's own canonical form; the tree
// is not changed; the time grows with the size of the subtree and, once, with
// the depth of its apex.
//
// Next: package xades decides what is canonicalised and how.
package c14n
