package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rem"
	signingpages "rem/edge/signing"
	"rem/edge/web"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person/login"
	"rem/privacy"
)

// signingDoor takes what was signed of a draft. A draft's name there has its version,
// so that what was shown is what is sent.
type signingDoor struct{ n *Node }

var _ signing.Door = signingDoor{}

// Submit implements signing.Door.
func (d signingDoor) Submit(ctx context.Context, who submission.Login, draft signing.Draft, _ smtp.Transaction, original message.Content) (submission.Receipt, error) {
	id, written, _ := strings.Cut(draft.ID, "@")
	version, err := strconv.ParseInt(cmp.Or(written, "0"), 10, 64)
	if err != nil {
		return submission.Receipt{}, fmt.Errorf("sending draft %s: %w", draft.ID, err)
	}
	return d.n.boxes.sender.Send(ctx, who, mailbox.Signed{Draft: mailbox.DraftID(id), Version: version, Original: original})
}

// maxSignatures is how many messages are signed in one go.
const maxSignatures = 200

// openSigning opens the desk at which people sign with keys of their own.
// Authorities that stand among the anchors are carried with signatures whose cards
// lack them.
func (n *Node) openSigning() error {
	n.openSending()
	a, err := readAnchors(n.Config)
	if err != nil {
		return err
	}
	n.signing = &signing.Service{
		Clock: n.clock, Random: rand.Reader, Accounts: n.Store, Tokens: n.Records.Signatory, Judge: n.Validator, Signatures: n.Submitter.Signatures,
		Door: signingDoor{n}, Policy: signing.Policy{Batch: maxSignatures, OnePIN: true}, Known: a.personal,
	}
	return nil
}

// signingPart are its pages.
func (n *Node) signingPart() (web.Part, error) {
	return signingpages.Part(signingpages.Services{
		Desk: n.signing, Draft: n.draftToSign, Back: "/mail/drafts", Sent: "/mail/sent", Base: n.Config.Web.Base, MaxUpload: 2 * n.Practice.MaxPackage,
		Login: func(ctx context.Context, s login.Session) (submission.Login, error) {
			a, err := n.Store.Account(ctx, s.Account)
			if err != nil {
				return submission.Login{}, fmt.Errorf("looking at account %s: %w", s.Account, err)
			}
			return n.submitting(ctx, mailbox.Visitor{
				Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: s.Who.Person, Method: string(s.Method)},
				Authentication: message.Authentication{Time: s.Proved, Method: string(s.Method)}, Case: privacy.CaseID("signing"),
			})
		},
	})
}

// draftToSign is the unsigned original of a draft.
func (n *Node) draftToSign(ctx context.Context, who rem.Actor, id string) (signing.Draft, error) {
	visitor := mailbox.Visitor{Actor: who, Case: "signing"}
	d, err := n.Mailbox.Draft(ctx, visitor, mailbox.DraftID(id))
	if errors.Is(err, mailbox.ErrNotFound) {
		return signing.Draft{}, fmt.Errorf("%w: %w", web.ErrNotFound, err)
	}
	if err != nil {
		return signing.Draft{}, err
	}
	original, err := n.Mailbox.Compose(ctx, visitor, d.ID)
	if err != nil {
		return signing.Draft{}, err
	}
	return signing.Draft{ID: id + "@" + strconv.FormatInt(d.Version, 10), Author: d.Author, Original: original}, nil
}
