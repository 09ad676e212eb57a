// Package mobile asks for signatures that people make with their telephones, at
// whoever reaches the operators of mobile signatures: signing.Mobile over HTTP.
//
// The questions are a form of our own (docs/formats/mobile-signature.md): the
// operators' protocols are under contracts, and are a connector's that stands before
// them. ETSI TS 102 204 is not spoken here, no such connector is part of this program,
// and what answers it so far is the simulator of edge/telephone.
//
// Invariants: what leaves is the person's number, a digest and a text without names,
// over TLS and to the residency list alone; nothing of it stands in a URL, a log or an
// error; a simulator's answer is refused in production; an answer is read strictly and
// is no more believed than a value that a card gave: package message/signing verifies it.
//
// Next: client.go.
package mobile
