// Package hook sends the events of accounts to the addresses that their people named
// (message/happening): JSON over HTTPS, in order, signed, again after failures, and
// with no redirect or proxy ever followed. Connections go by edge/outward, so to hosts
// of the residency list alone and to no private address that the list does not name
// (S39, P-15).
//
// The secret of a hook is needed in the clear for each signature; it is wrapped by
// the key store for the program alone, bound to the hook ([Sealer]). No person's look
// is served from here, so none is in the access log.
//
// Invariants: deliveries of one hook are one at a time; its cursor moves when the
// receiver answered 2xx to the batch, and not before; what a receiver answers is not
// read further than its status. A crash sends a batch again.
//
// docs/formats/api-events.md is for whoever receives.
//
// Next: deliver.go, seal.go.
package hook
