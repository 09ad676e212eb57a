// Package html makes HTML that a stranger wrote fit to be looked at, and says
// what it hid (AT-10).
//
// [Safe] reads any bytes and writes a document of its own: a short list of
// elements and attributes, every text escaped, every value checked and written
// anew. Nothing of the input is passed through, so there is nothing in it for a
// browser to read differently: no raw text, no foreign content, no comment, no
// style sheet. It runs nothing, sends nothing and asks for nothing; what it does
// not hold it cannot do, and [FrameCSP] and [FrameSandbox] forbid it a second time.
//
// What would have been done to the reader is told as [Finding]s: text that is
// there and not seen, links that say another host than they lead to, pictures
// that would have reported the reading. Hidden text is shown and marked, since
// what was sent is what is read. It is looked for before styles are taken away.
//
// [Text] gives the readable text, for search and for the plain view. [ForCompose]
// keeps of what a person writes here what other mail programs show.
//
// Invariants: Safe of what Safe wrote is the same; time and memory are linear in
// the input and bounded by Limits (AT-07); no scripts, no requests: the corpus
// in testdata is looked at in a real browser.
//
// docs/decisions/0025 says why this is our own. Next: safe.go, walker.go; package reading.
package html
