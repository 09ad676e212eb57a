// Package signing has the provider's side of signing at its doors: the pages that
// stand between writing and sending, and the door for remsign where a browser cannot
// reach it. What is decided is in message/signing.
//
// Four ways lead from a page to a signature, and none needs Java: remsign beside the
// browser (a script speaks with it on the visitor's own machine), remsign with a
// one-time code (works without scripts, and in browsers that keep pages from the own
// machine), a telephone, and another program whose signed .eml is uploaded.
//
// Invariants: a page shows a request only to who began it, everything else is
// not found (AT-28); the one-time code is on one page once and in no address; the
// page of a request alone may connect to the ports of remsign; a telephone's number comes
// from who is logged in and is shown masked; an uploaded message is not kept beyond the
// request that brought it; a page that waits changes nothing, and works without scripts.
//
// Next: pages.go, mobile.go, programs.go; docs/formats/signing.md and mobile-signature.md.
package signing
