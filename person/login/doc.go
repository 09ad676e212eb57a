// Package login lets people in: account holders and operators, staff, the people
// of contracted institutions, and applicants, by one set of rules.
//
// A log-in is a ceremony. [Service.Begin] starts one. A password that is right
// gives a [Pending], which is no session: a one-time code has to follow. A
// passkey, and a signature with the qualified certificate, open a session by
// themselves. Only [Service.Code], [Service.PasskeyFinish] and [Service.Signed]
// make an [Opened] from a ceremony (REQ-42, REQ-43); an applicant's comes from
// the secret of his application and opens nothing but that.
//
// Invariants:
//   - one factor alone never opens a session of a holder, staff or partner;
//   - who has a passkey has no weaker way in (AT-31); staff and partners have
//     passkeys or signatures only, and a [Gate] is asked at each request;
//   - a session is known by the digest of a random secret; it gets a new secret at
//     each privilege step, and is gone for the next request when its person is
//     reset, locked, or loses a role (AT-29), because the store is asked each time
//     and every opening compares the person's epoch;
//   - a challenge and a one-time code are good for one use, also after a restart
//     and in a race (AT-31, AT-32);
//   - an unknown name, a wrong password and a name that has to wait get one answer
//     after the same work; waiting is by name and network, or by known device, so
//     that nobody can keep another out;
//   - there are no recovery codes: who lost everything is identified anew
//     ([Service.Reset], REQ-44).
//
// The package computes: a [Store] keeps (edge/personstore), a [Passkeys] speaks
// WebAuthn (edge/passkey), a [Messenger] reaches people. What is about people is
// sealed (package privacy); log-in names are kept as tokens of a blind index.
//
// Next: who.go, ceremony.go, session.go, enrol.go; limit.go for the waiting;
// store.go for what is kept. docs/journeys/login.md tells it step by step.
package login
