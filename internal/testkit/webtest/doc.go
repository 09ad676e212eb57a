// Package webtest asks every route of a site as everybody, by the table that the
// routes themselves are (AT-28).
//
// [Principals] are one of each sort that can have a session; [Matrix] asks each
// route as each of them and as nobody, and fails for whoever passes a door that is
// not his. A test gives the site [Sessions], in which they are.
package webtest
