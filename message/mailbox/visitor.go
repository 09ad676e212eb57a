package mailbox

import (
	"context"

	"rem"
	"rem/message"
	"rem/message/retrieval"
	"rem/message/submission"
	"rem/person/account"
	"rem/privacy"
)

// A Visitor is a natural person on an account, and how he proved to be himself.
type Visitor struct {
	Actor          rem.Actor
	Authentication message.Authentication
	// Case names the session in the access log.
	Case privacy.CaseID
}

// Names opens names for evidence, for the visitor, with an entry in the access log
// for each opening. What the account does not keep is the zero Value.
type Names interface {
	// Acting is the name of the natural person who acts.
	Acting(ctx context.Context, who Visitor, a account.Account) (privacy.Value, error)
	// Holding is that of the account's holder.
	Holding(ctx context.Context, who Visitor, a account.Account) (privacy.Value, error)
}

func (b *Box) reader(ctx context.Context, who Visitor, a account.Account) (retrieval.Login, error) {
	name, err := b.Names.Acting(ctx, who, a)
	return retrieval.Login{Actor: who.Actor, Authentication: who.Authentication, Name: name}, err
}

func (b *Box) sender(ctx context.Context, who Visitor, a account.Account) (submission.Login, error) {
	name, err := b.Names.Holding(ctx, who, a)
	return submission.Login{Actor: who.Actor, Authentication: who.Authentication, Holder: name}, err
}
