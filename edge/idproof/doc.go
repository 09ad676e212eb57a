// Package idproof is the outside of identification: the adapters by which somebody
// shows who he is without an officer of ours (kep.md 1.6, REQ-12), and the registry
// of businesses (REQ-16, S26).
//
//   - [Gate]: the person goes to the gate's own page (e-Devlet) and comes back with
//     a code; what the gate knows of him is fetched behind his back.
//   - [Chips]: a mobile program read the chip of a document and made a recording; the
//     chip's data is authenticated here (person/mrtd), the comparison of faces is
//     attested by whom the provider trusts with it.
//   - [Cards]: the chip identity card answers a challenge, and signs the form.
//   - [Call]: an officer's record of a call with picture.
//   - [Registry]: what the registry says of a company.
//
// Each brings an [identity.Answer], or says why there is none; none decides. What
// speaks against somebody is in the answer and goes to a person (REQ-111).
//
// The forms on the wire are our own (docs/formats/identification.md): no service's
// own form was at hand, so a connector stands between us and a real gate, registry
// or program. edge/simulator speaks the same forms, marked; production refuses it.
//
// Invariants: what comes back belongs to the application and the form that it was
// begun for ([Visit]), and to no other; nothing about a person stands in a URL; no
// picture is kept, and no comparison of faces is made here; a service that is away
// makes the case wait and says nothing about anybody.
//
// Next: visit.go, then gate.go, chip.go, card.go, call.go, registry.go.
package idproof
