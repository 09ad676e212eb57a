// Package signing lets people sign what they wrote with a key that never comes
// here: on a smart card, in a token, in a telephone. A [Service] keeps what waits
// for a signature as a request of one message or many, gives the exact bytes
// that a device has to sign, makes S/MIME of what comes back, verifies it as anybody
// would, and hands it to submission (REQ-47, REQ-48, REQ-55).
//
// The order is: Begin with unsigned originals, Choose a certificate, sign the
// attributes elsewhere, Complete with the values. A message can also be signed in
// another program and uploaded whole, or by telephone: AskMobile asks, and Watch goes on
// without anybody's page (mobile.go, telephone.go).
//
// Invariants: what is submitted was verified here from its bytes alone, over the
// very part that was shown; each message of a batch has its own signature; a
// request is the account's and the person's who began it, or of whoever redeemed its
// one-time code, ends with its term, and submits each message once; what fails
// before the first submission submits nothing.
//
// Requests live in memory: a restart forgets them, and the draft, which is kept
// elsewhere, is asked for again. A fault during submission leaves the completed
// bytes in the request, so that trying again submits the same bytes, which
// submission recognises. After a restart between submission and answer the draft's
// own state has to tell that it was sent: see [Door].
//
// A telephone rings once for a request; what was taken back, came too late or belongs to
// a request that a restart forgot is not sent, however it is confirmed later.
//
// Next: service.go and request.go, then complete.go. edge/signing has the pages and the door for
// programs, cmd/remsign is the program on the signer's machine,
// docs/formats/signing.md says what they tell each other.
package signing
