// Package outward is the one way by which questions about people leave for
// services outside: identification, the registry, the gateway of text messages,
// the mail server for notices.
//
// [Guard] lets connections go to the hosts of the residency list alone, each with
// its country, which is Türkiye (S39, P-15, REQ-95): it is asked when a
// client is made, again at every connection, and once more about the address that
// the name gave; redirects and proxies are never followed. [Client] asks over TLS
// with pinned anchors, a bound on time and size, and the same key when it asks
// again. [Decode] reads answers strictly.
//
// Invariants: nothing about a person stands in a URL; what a simulator answers is
// marked, and refused in production; an error holds no value of a question or an
// answer.
//
// Next: guard.go, client.go, strict.go. edge/idproof and edge/notify ask by it.
package outward
