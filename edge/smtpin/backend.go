package smtpin

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"time"

	"rem"
	"rem/mail/smtp"
	"rem/privacy"
)

// The errors that a Backend may wrap to be answered with more than "try later".
var (
	// ErrCredentials says that user and password do not belong together.
	ErrCredentials = errors.New("the user or the password is wrong")
	// ErrBusy says that there is too much to do at present: the client is
	// asked to come back (AT-38).
	ErrBusy = errors.New("too busy at present")
	// ErrLoggedOut says, of Mail, Data and Commit, that what the client logged
	// in with holds no longer. The session ends with 421, so that the client has
	// to log in anew and hears then what is wrong.
	ErrLoggedOut = errors.New("the login holds no longer")
	// ErrUnanswered says, of Commit alone, that nobody knows yet whether the
	// message is ours. The connection ends without an answer, since any answer
	// would be a statement about that (RFC 5321 4.2.1: 4yz means not taken).
	ErrUnanswered = errors.New("whether the message was taken is not known")
)

// A Session is what is known of the other side of a connection. The server
// owns it; a Backend reads it during a call.
type Session struct {
	// ID names the connection in logs.
	ID string
	// Remote is personal data: it is for decisions, never for logs.
	Remote netip.AddrPort
	// Name is what HELO or EHLO said: a claim.
	Name string
	// TLS is nil until TLS stands. PeerCertificates are there on the Peer face.
	TLS *tls.ConnectionState
	// Principal is who authenticated; the zero Principal is nobody.
	Principal Principal
}

// A Principal is an authenticated sender.
type Principal struct {
	Actor   rem.Actor
	Address rem.Address
	// Holder is the name of the account's holder, as evidence shows it: opened once,
	// when he logged in.
	Holder privacy.Value
	// Since is when he proved to be himself. A session may submit long after.
	Since time.Time
	// Proof and AsOf are the backend's own: what it recognises by that the login
	// still holds, and as of which of its changes.
	Proof rem.Digest
	AsOf  uint64
}

// IsZero reports whether nobody has authenticated.
func (p Principal) IsZero() bool {
	return p.Actor == rem.Actor{} && p.Address.IsZero() && p.Holder.IsZero() && p.Since.IsZero() && p.Proof.IsZero() && p.AsOf == 0
}

// A Backend decides about senders and messages. Its methods are called from
// many goroutines, for one session in order.
//
// Each error is answered in one way: a *rem.Refusal with 550 5.7.1 and its
// detail, a *smtp.Reply that is no success with itself, [ErrBusy] with 451
// 4.3.2, [ErrLoggedOut] with 421 4.7.0, and every other error, a fault, with 451
// 4.3.0 and no detail. A reply 421 ends the session (RFC 5321 3.8). After
// [ErrUnanswered] from Commit there is no answer.
type Backend interface {
	// Begin is called when TLS stands, before anything was asked over it. On
	// the Peer face it judges s.TLS.PeerCertificates. An error ends the
	// connection.
	Begin(ctx context.Context, s *Session) error
	// Authenticate tells whose user and password these are, or wraps
	// [ErrCredentials]. It takes the same time for a user it does not know.
	// Only the Submission face calls it.
	Authenticate(ctx context.Context, s *Session, user, password string) (Principal, error)
	// Mail is asked about the sender and its parameters; tx has no recipients.
	Mail(ctx context.Context, s *Session, tx *smtp.Transaction) error
	// Rcpt is asked about one more recipient, which is not in tx yet.
	Rcpt(ctx context.Context, s *Session, tx *smtp.Transaction, r smtp.Recipient) error
	// Data begins a message. The server ends the Sink with Commit or Abort.
	// The backend may keep tx.
	Data(ctx context.Context, s *Session, tx smtp.Transaction) (Sink, error)
}

// A Sink takes one message. The slices written are the Sink's only during Write.
type Sink interface {
	io.Writer
	// Commit says that the message came whole. When it returns nil the message
	// is ours: durable, and never to be lost. The text follows "250 2.0.0 ".
	// After an error the server calls nothing more.
	Commit(ctx context.Context) (text string, err error)
	// Abort forgets the message. It is called instead of Commit.
	Abort()
}
