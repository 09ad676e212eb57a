package login

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/privacy"
)

// Errors of a store.
var (
	// ErrNone: there is no such thing.
	ErrNone = errors.New("the log-in store has no such entry")
	// ErrStale: something that the step rests on has changed or was used.
	ErrStale = errors.New("what the step rests on is no longer so")
	// ErrTaken: the log-in name, the certificate's number or the passkey is
	// somebody else's.
	ErrTaken = errors.New("it belongs to somebody else")
)

// A Person is how somebody may log in. The zero value of a field: he has no such
// factor.
type Person struct {
	Who Who
	// Epoch grows by one when anything of it changes and when his sessions are
	// ended; what was begun under an earlier one is void.
	Epoch  uint64
	Locked bool
	Hash   string              // of the web password
	TOTP   privacy.SealedValue // the confirmed secret
	// Proposed is a secret that was shown and not yet confirmed.
	Proposed privacy.SealedValue
	Step     int64 // the last TOTP step that was used
	SMS      bool
	Passkeys int // how many there are; kept by the store
	// Signatory is the token of the number in his qualified certificate.
	Signatory privacy.IndexToken
}

// set reports whether he has credentials that open a session, his certificate
// apart.
func (p *Person) set() bool {
	return p.Passkeys > 0 || p.Hash != "" && (!p.TOTP.IsZero() || p.SMS)
}

// A Name is what a log-in name leads to.
type Name struct {
	Who     Who
	Account rem.AccountID
}

// A Passkey is one that somebody registered.
type Passkey struct {
	Credential []byte // its identifier, given by the authenticator
	Who        Who
	Key        []byte // the public key in COSE form
	Counter    uint32
	// Eligible and Backed are the authenticator's flags: whether it may be, and
	// is, copied to further devices.
	Eligible, Backed bool
	Transports       string              // as the browser names them, with spaces between
	Name             privacy.SealedValue // given by its person
	Made, Used       time.Time
}

// A Session is somebody who is logged in.
type Session struct {
	ID      ID
	Who     Who
	Account rem.AccountID // on which he acts; may be empty
	Level   Level
	Method  Method
	Created time.Time // when it was first opened; a new secret does not change it
	Proved  time.Time // when he last showed who he is
	Seen    time.Time // roughly
	Device  ID
	Event   EventID // its entry in the history
}

// An Attempt is a log-in of which the password was right, or the confirmation of
// a phone. It is no session.
type Attempt struct {
	ID      ID
	Who     Who
	Account rem.AccountID
	Epoch   uint64
	Made    time.Time
	// Raises is the session that it is to raise, or confirms a phone for.
	Raises ID
	// Code is the keyed digest of the code that was sent last, Sent when.
	Code  []byte
	Sent  time.Time
	Sends int
	Tries int
	Known bool // on a known device
	// Phone: it confirms a phone within the session Raises, and opens nothing.
	Phone bool
}

// A Device is a browser that somebody logged in with before. Its secret, a
// cookie, gives it an allowance of its own for wrong passwords, and nothing more.
type Device struct {
	ID          ID
	Who         Who
	Agent       privacy.SealedValue // roughly what it is
	First, Last time.Time
}

// An EventID orders the history of a person: 8 octets of time, 4 that count, 4 at
// random.
type EventID [16]byte

// An Outcome is what came of an event.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Changed   Outcome = "changed"
)

// An Event is one entry of what a person sees of his log-ins (REQ-45).
type Event struct {
	ID      EventID
	Who     Who
	At      time.Time
	What    News
	Method  Method
	Outcome Outcome
	Where   privacy.SealedValue // network address and kind of browser
}

// News is what happened, as history and notices name it.
type News string

// The news.
const (
	LoggedIn        News = "log-in"
	NewDevice       News = "new-device"
	PasswordChanged News = "password-changed"
	CodeAppChanged  News = "totp-changed"
	PhoneConfirmed  News = "sms-confirmed"
	PasskeyAdded    News = "passkey-added"
	PasskeyRemoved  News = "passkey-removed"
	WasReset        News = "reset"
	WasLocked       News = "locked"
	WasUnlocked     News = "unlocked"
	ManyFailures    News = "many-failures"
	PasskeyCopied   News = "passkey-copied" // the counter went back
	SessionsEnded   News = "sessions-ended"
)

// A Notice is news that the person is told, and waits until he was.
type Notice struct {
	ID   EventID
	Who  Who
	What News
	At   time.Time
}

// A Grant lets somebody set his first credentials, once.
type Grant struct {
	ID      ID
	Who     Who
	Account rem.AccountID
	Until   time.Time
}

// Naming is under which names and number somebody may log in.
type Naming struct {
	Who       Who
	Account   rem.AccountID
	Names     []privacy.IndexToken
	Signatory privacy.IndexToken // zero: it stays as it is
}

// A Failure counts what went wrong for one name and network, or device.
type Failure struct {
	Key   ID
	Count int
	Last  time.Time
}

// A Spent is a challenge that was used; it is remembered until it would have
// ended anyway.
type Spent struct {
	ID    ID
	Until time.Time
}

// A PasskeyUse is what an assertion tells about its passkey.
type PasskeyUse struct {
	Credential []byte
	// Before is the counter that it was compared with. When the stored one is
	// another now, somebody else used it meanwhile.
	Before, Counter uint32
	Backed          bool
}

// An Opening is the step that makes a session.
type Opening struct {
	Session  Session
	Epoch    uint64 // has to be the person's
	Grant    ID     // has to be there and to hold at Session.Proved, and goes
	Attempt  ID     // has to be there, and goes
	Replaces ID     // has to be there, and goes: the session whose place it takes
	Spent    Spent  // must not have been spent
	Use      PasskeyUse
	// Step, unless zero, becomes the person's, which has to be StepBefore still.
	Step, StepBefore int64
	Device           Device
	Events           []Event
	Notices          []Notice
	Clears           []ID // failures that are forgiven
}

// A Change is the step that changes how a person may log in. It is made within a
// session, whose place Session takes; every other session of the person ends, and
// every attempt and grant. With the zero Session nothing ends but attempts and
// grants.
type Change struct {
	// Person as he is to be, with the epoch at which he was read.
	Person  Person
	By      ID // the session, which has to be there
	Session Session
	Spent   Spent
	Attempt ID // goes, unless zero: has to be there
	Adds    Passkey
	Removes []byte // a credential of his
	Events  []Event
	Notices []Notice
}

// A Failing is the step that writes a failure down.
type Failing struct {
	Key    ID
	At     time.Time
	Window time.Duration // an older count begins anew
	Held   bool          // it is not counted
	// Attempt, unless zero, has one more try behind it, and goes at MaxTries.
	Attempt ID
	Events  []Event
	Notices []Notice
}

// A Store keeps log-ins. Its methods may be called concurrently. One method is
// one atomic step, durable when it returns nil; a step made again after an error
// whose outcome is not known is harmless. Reads see every step that has returned.
type Store interface {
	// Person returns how somebody logs in; somebody unknown has the zero Person.
	Person(ctx context.Context, who Who) (Person, error)
	// Named returns whose log-in name it is, or ErrNone.
	Named(ctx context.Context, kind Kind, name privacy.IndexToken) (Name, error)
	// Signatory returns whose certificate has the number, or ErrNone.
	Signatory(ctx context.Context, kind Kind, number privacy.IndexToken) (Who, error)
	// Accounts returns the accounts that his names lead to, each once.
	Accounts(ctx context.Context, who Who) ([]rem.AccountID, error)
	// Passkey returns one by its credential, or ErrNone.
	Passkey(ctx context.Context, credential []byte) (Passkey, error)
	// Passkeys returns those of somebody, oldest first.
	Passkeys(ctx context.Context, who Who) ([]Passkey, error)
	// Session returns one by the digest of its secret, or ErrNone. It is one read
	// by key.
	Session(ctx context.Context, id ID) (Session, error)
	// Sessions returns those of somebody, newest first.
	Sessions(ctx context.Context, who Who) ([]Session, error)
	// Attempt returns one, or ErrNone.
	Attempt(ctx context.Context, id ID) (Attempt, error)
	// Device returns a device of somebody, or ErrNone.
	Device(ctx context.Context, who Who, id ID) (Device, error)
	// Devices returns those of somebody, last used first.
	Devices(ctx context.Context, who Who) ([]Device, error)
	// Events returns the history of somebody before an event, newest first; the
	// zero EventID: from the newest.
	Events(ctx context.Context, who Who, before EventID, limit int) ([]Event, error)
	// Granted returns a grant, or ErrNone.
	Granted(ctx context.Context, id ID) (Grant, error)
	// Failure returns a count; what nobody counted is zero.
	Failure(ctx context.Context, key ID) (Failure, error)
	// Spent reports whether a challenge was used and is remembered.
	Spent(ctx context.Context, id ID) (bool, error)
	// Notices returns those that wait, oldest first.
	Notices(ctx context.Context, limit int) ([]Notice, error)

	// Grant keeps a grant, in place of an earlier one of the same Who, with the
	// names. ErrTaken: one of them is somebody else's; nothing is kept then.
	Grant(ctx context.Context, g Grant, n Naming) error
	// Name gives somebody names. ErrTaken as in Grant.
	Name(ctx context.Context, n Naming) error
	// Leave takes the names of an account from somebody and ends his sessions on
	// it; Who.Kind of all kinds when empty.
	Leave(ctx context.Context, who Who, account rem.AccountID) error
	// Pend keeps an attempt. Of one person there are MaxAttempts, the oldest goes.
	// ErrStale when the epoch is not the person's.
	Pend(ctx context.Context, a Attempt, clears []ID) error
	// Sending counts a code that is about to be sent for an attempt and keeps its
	// digest. ErrStale: the attempt is gone, or maxSends were sent.
	Sending(ctx context.Context, attempt ID, code []byte, at time.Time, maxSends int) error
	// Fail counts a failure.
	Fail(ctx context.Context, f Failing) error
	// Open makes a session, or returns ErrStale and does nothing: also when the
	// person is locked. Made again for the same session it does nothing.
	Open(ctx context.Context, o Opening) error
	// Change changes how somebody logs in, or returns ErrStale, or ErrTaken for a
	// passkey, and does nothing.
	Change(ctx context.Context, c Change) error
	// Touch notes when a session was seen. One that is gone stays gone.
	Touch(ctx context.Context, id ID, seen time.Time) error
	// End ends a session, if it is of that person.
	End(ctx context.Context, who Who, id ID) error
	// EndAll ends every session and attempt of a person, of all kinds, and voids
	// what was begun.
	EndAll(ctx context.Context, person rem.PersonID) error
	// Lock locks or unlocks somebody; his sessions and attempts end.
	Lock(ctx context.Context, who Who, locked bool, e Event, n Notice) error
	// Reset takes every factor, device, grant, session and attempt from somebody.
	// Names and the certificate's number stay.
	Reset(ctx context.Context, who Who, e Event, n Notice) error
	// Forget takes a device from somebody.
	Forget(ctx context.Context, who Who, id ID) error
	// Told takes a notice off those that wait.
	Told(ctx context.Context, id EventID) error
	// Sweep deletes what is over: before each time, up to limit of each. It
	// returns how many went.
	Sweep(ctx context.Context, over Over, limit int) (int, error)
}

// Over says since when things of each sort are over.
type Over struct {
	Now      time.Time // grants and spent challenges whose term has come
	Attempts time.Time // made before
	Sessions time.Time // created before
	Failures time.Time // last before
	Events   time.Time // at before
	Devices  time.Time // last before
}

// Bounds that a store keeps.
const (
	// MaxAttempts bounds what somebody who knows a password can pile up.
	MaxAttempts = 4
	// MaxTries is how many codes may be tried in one attempt.
	MaxTries = 5
	// MaxDevices is how many devices of a person are known; the one that was not
	// used for longest goes.
	MaxDevices = 20
	// MaxSessions is how many sessions a person has at once; the oldest goes.
	MaxSessions = 20
	// MaxEvents is how many entries the history of a person has; the oldest goes.
	// Otherwise a guesser would fill the disk.
	MaxEvents = 500
	// MaxNotices is how many notices of one person wait at once; a further one of
	// the same news is not added.
	MaxNotices = 20
	// MaxPasskeys is how many a person may register.
	MaxPasskeys = 10
)
