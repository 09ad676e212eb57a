package signing

import (
	"context"
	"crypto/sha256"
	"time"

	"rem"
	"rem/person"
)

// A MobileHandle names a signature that is asked of a telephone. It is ours, is never
// used for another one, and says nothing about anybody.
type MobileHandle string

// A MobileRequest is what a telephone is asked to sign.
type MobileRequest struct {
	Handle MobileHandle
	Number person.Phone
	// Text is shown on the telephone: short, without names, with the code.
	Text string
	// Digest is SHA-256, of signed attributes; it is what is signed.
	Digest []byte
	// Until is when nobody waits any more: a telephone that has not answered then is to
	// forget the request.
	Until time.Time
}

// A MobileWord is what became of a request at its operator. It is a word of the
// form in docs/formats/mobile-signature.md.
type MobileWord string

// The words.
const (
	WordWaiting  MobileWord = "waiting"  // the person has not answered
	WordSigned   MobileWord = "signed"   // there is a value
	WordDeclined MobileWord = "declined" // the person said no
	WordExpired  MobileWord = "expired"  // nobody answered in time
	WordUnknown  MobileWord = "unknown"  // the operator knows of no such request
)

// A MobileAnswer is what a telephone's operator knows of a request.
type MobileAnswer struct {
	Word MobileWord
	// Value is the signature value, of the form that cades.Remote.Complete takes; with
	// WordSigned alone.
	Value []byte
}

// Mobile signs with keys in telephones, through whoever reaches their operators. Who
// operates a number is found behind it: numbers move between operators. edge/mobile
// asks by HTTP, edge/telephone is a simulator. Every call may be repeated; an error
// that is no *rem.Refusal is a fault, after which it is.
type Mobile interface {
	// Certificate gives the signing certificate of a number, its chain in DER, leaf
	// first. A *rem.Refusal: there is none.
	Certificate(ctx context.Context, number person.Phone) ([][]byte, error)
	// Ask sends a request to its telephone, once for each handle, however often it is
	// called. A *rem.Refusal: the telephone is not asked.
	Ask(ctx context.Context, r MobileRequest) error
	// Answer tells what became of it, at once. The same answer is given until the
	// request's end, so that a lost one is asked for again.
	Answer(ctx context.Context, h MobileHandle) (MobileAnswer, error)
	// Withdraw takes a request back; of one that is unknown or answered it is harmless.
	Withdraw(ctx context.Context, h MobileHandle) error
}

// A MobileStage is how it stands with a telephone that was asked.
type MobileStage string

// The stages. The first three go on by themselves, as long as Watch runs; of the
// others nothing more comes, and the telephone may be asked anew.
const (
	MobileAsking    MobileStage = "asking"    // its operator is being told
	MobileWaiting   MobileStage = "waiting"   // the telephone shows the code
	MobileSending   MobileStage = "sending"   // everything is signed and verified
	MobileSent      MobileStage = "sent"      // every message has its outcome
	MobileDeclined  MobileStage = "declined"  // the person said no
	MobileExpired   MobileStage = "expired"   // the time passed
	MobileLost      MobileStage = "lost"      // the operator could not be reached, or lost it
	MobileRefused   MobileStage = "refused"   // not what was asked for, or not accepted: Why
	MobileWithdrawn MobileStage = "withdrawn" // taken back here
)

// Active reports whether it goes on by itself.
func (m MobileStage) Active() bool {
	return m == MobileAsking || m == MobileWaiting || m == MobileSending
}

// A MobileState is how it stands with a telephone. It is a copy.
type MobileState struct {
	Stage MobileStage
	// Number is masked.
	Number string
	// Code stands on the telephone too.
	Code string
	// Item is which message it is asked about, from 0; each of a batch is asked about on
	// its own. Signed is how many have their signature. Nothing is sent before all do.
	Item, Signed int
	// Until is when the telephone is given up.
	Until time.Time
	// Trouble: the operator does not answer now, and is asked again.
	Trouble bool
	// Why is the reason of MobileRefused.
	Why *rem.Refusal
}

// codeDomain keeps the digest of a code from being one of something else.
const codeDomain = "rem mobile signature code 1\n"

// MobileCode is by which a person knows that the telephone asks about what the page
// shows: eight characters, from the digest that is signed (docs/formats/mobile-signature.md).
func MobileCode(digest []byte) string {
	sum := sha256.Sum256(append([]byte(codeDomain), digest...))
	var code [8]byte
	for i := range code {
		code[i] = alphabet[sum[i]&31]
	}
	return groups(string(code[:]))
}

// NoMobileSignature is the answer about a line that has none.
func NoMobileSignature() *rem.Refusal {
	return rem.Refuse(rem.PolicyViolation, "Bu hatta mobil imza hizmeti yok.", "This line has no mobile signature.")
}
