// Package web is the frame that all pages stand in: who may call them, what a
// browser may send and do, how they look and how they fail. The pages themselves
// are in edge/site, edge/apply, edge/portal and edge/console.
//
// A page package gives a [Part]: its [Route] table, and templates read with
// [Views]. A handler gets a [Request] and returns an [Answer] or an error; the
// frame does the rest. edge/site shows how.
//
// Invariants:
//   - every route says who may call it, and nothing is reached past that table
//     (AT-28): [Site.Routes] is what the authorisation matrix is made from;
//   - nothing changes by GET, and a form of another origin is refused before its
//     handler (AT-30);
//   - a browser loads nothing from another host, and no script or style that
//     stands inside a page; scripts come only with pages that say so (P-09);
//   - two cookies exist, each holding nothing but a random secret (S31, S33); any
//     other that a handler sets is dropped;
//   - addresses of pages carry no personal data, and where a visitor is sent is a
//     path of ours (AT-43);
//   - what is not for everybody is never kept by a browser or a proxy;
//   - a fault shows a number and nothing else, and that number is in the log
//     (AT-34);
//   - nothing that is sent grows without a named bound (AT-07, AT-38).
//
// Next: route.go for who may call, request.go and form.go for what comes in,
// answer.go for what goes out, view.go and component.go for how it looks;
// docs/operations/web.md for operators, docs/decisions/0021 for why it is so.
package web
