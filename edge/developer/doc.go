// Package developer has the pages on which a person gives programs access to his
// account: tokens and clients, with what they may do and until when, the addresses to
// which events are sent (webhooks) with what became of deliveries, and where the API
// is described.
//
// A secret is shown once, in the answer to the form that made it. Labels are opened
// for their own person, with an entry in the access log.
//
// Next: part.go, hooks.go.
package developer
