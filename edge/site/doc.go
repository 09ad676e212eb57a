// Package site has the pages that everybody sees: what registered mail is, the
// privacy notice and every version of it at its stable address (S46, S47), the
// practice statement with all its values, contract, undertaking and tariff, the
// verification of an evidence, status, contact and accessibility.
//
// It is also the example of how a page package is written on edge/web: [Part]
// gives the routes, each file under pages is a template, handlers take what they
// need from [Services] and return a web.Page.
//
// Invariants: nothing that a visitor sends is kept: files for verification live in
// memory until the answer is written; no page of this package sets a cookie,
// needs a script or knows who asks; what is not there (a tariff, a version) is
// said plainly.
//
// Next: site.go, then a page with its template, such as notice.go.
package site
