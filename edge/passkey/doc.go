// Package passkey speaks WebAuthn for the log-in: it makes the options of a
// ceremony and verifies what the browser answers (login.Passkeys). The library is
// go-webauthn; nothing of it goes further up (decision 0014).
//
// Invariants: user verification is required in both ceremonies and is seen in the
// signed data, not in a request's own words; one origin; no answer from within
// another site's frame; attestation is not asked for, so no authenticator tells
// its model; an extension that was not asked for is refused; the clock of the
// library is not used, because the caller's challenge has its own term.
package passkey
