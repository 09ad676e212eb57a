package smtpout

import (
	"errors"

	"rem/mail/smtp"
)

// An Outcome says whether the peer has the message.
type Outcome uint8

// The outcomes.
const (
	// Definite: the peer did not take the message, for anybody. Sending again
	// cannot double it.
	Definite Outcome = iota + 1
	// Taken: the peer answered 250 to the end of data. The recipients whose
	// fate is Accepted are its responsibility now.
	Taken
	// Unknown: the end of data was sent and no reply was read. The peer may
	// have taken the message; sending again may double it.
	Unknown
)

// String names the outcome for logs.
func (o Outcome) String() string {
	switch o {
	case Definite:
		return "definite"
	case Taken:
		return "taken"
	case Unknown:
		return "unknown"
	}
	return "no outcome"
}

// A Fate is what became of one recipient.
type Fate uint8

// The fates.
const (
	// Accepted: the peer took the message for this recipient.
	Accepted Fate = iota + 1
	// Temporary: not now; try again.
	Temporary
	// Permanent: never, as it stands.
	Permanent
	// Unsettled: the outcome is Unknown, and so is this recipient's fate.
	Unsettled
)

// String names the fate for logs.
func (f Fate) String() string {
	switch f {
	case Accepted:
		return "accepted"
	case Temporary:
		return "temporary"
	case Permanent:
		return "permanent"
	case Unsettled:
		return "unsettled"
	}
	return "no fate"
}

// A Result tells what came of sending one message.
type Result struct {
	Outcome Outcome
	// Recipients are those of the transaction, in its order.
	Recipients []Recipient
	// Err is why the outcome is not Taken; nil when it is.
	Err error
	// Greeted says that the peer, known by its certificate, answered EHLO; MaxSize is
	// how large a message it said there that it takes, in octets, and 0 where it
	// names no bound (RFC 1870 4).
	Greeted bool
	MaxSize int64
}

// A Recipient tells the fate of one recipient.
type Recipient struct {
	Path smtp.Path
	Fate Fate
	// Reply is what the peer said that settled it; nil when it said nothing.
	Reply *smtp.Reply
}

// The errors that Result.Err may wrap, beside *smtp.Reply and those of the
// network.
var (
	// ErrDowngrade: the peer does not offer TLS (AT-03).
	ErrDowngrade = errors.New("the peer offers no TLS")
	// ErrCertificate: the peer shows a certificate that is not pinned, or not
	// valid today (AT-03).
	ErrCertificate = errors.New("the peer's certificate is not the pinned one")
	// ErrInjection: octets came that nothing had asked for (AT-02).
	ErrInjection = errors.New("the peer sent octets out of turn")
	// ErrTurnedAway: the peer does not talk to us; the reply is wrapped too.
	ErrTurnedAway = errors.New("the peer turned the connection away")
	// ErrProtocol: what the peer said is no SMTP.
	ErrProtocol = errors.New("the peer's reply is not SMTP")
	// ErrClosed: the Sender is closed.
	ErrClosed = errors.New("the sender is closed")
)

// Alarming reports an error that somebody has to be told of at once: the peer
// may not be who it should be.
func Alarming(err error) bool {
	return errors.Is(err, ErrDowngrade) || errors.Is(err, ErrCertificate) || errors.Is(err, ErrInjection)
}

// whole gives every recipient that has no fate yet the same.
func (r *Result) whole(outcome Outcome, fate Fate, reply *smtp.Reply, err error) {
	r.Outcome, r.Err = outcome, err
	for i := range r.Recipients {
		if to := &r.Recipients[i]; to.Fate == 0 || to.Fate == Accepted {
			to.Fate, to.Reply = fate, reply
		}
	}
}

// fateOf classes a reply that is no success.
func fateOf(r *smtp.Reply) Fate {
	if r.Permanent() {
		return Permanent
	}
	return Temporary
}
