package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rem"
	"rem/edge/mobile"
	signingpages "rem/edge/signing"
	"rem/edge/web"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person"
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
		Door: signingDoor{n}, Policy: signing.Policy{Batch: maxSignatures, OnePIN: true}, Known: slices.Concat(a.issuers, a.personal), Alarm: n.alarmOf(alarmSigning),
	}
	if !n.Config.MobileSignature.Given() {
		return nil
	}
	guard, err := n.Config.Guard()
	if err != nil {
		return err
	}
	options, err := n.outwardOptions("mobileSignature", &n.Config.MobileSignature, guard)
	if err != nil {
		return err
	}
	telephones, err := mobile.New(options)
	if err != nil {
		return err
	}
	n.signing.Mobile = telephones
	return nil
}

// alarmSigning: what waits for signatures has a fault that nobody is told on a page.
const alarmSigning = "a signature that was asked for could not be followed"

// mobileOf is the number of whoever is logged in: the one that he showed to be his, by
// a code that came to it.
func (n *Node) mobileOf(ctx context.Context, s login.Session) (person.Phone, error) {
	return n.People.Contacts.Mobile(ctx, s.Who.Person)
}

// endSigning forgets what waits for signatures.
func (n *Node) endSigning() {
	if n.signing == nil {
		return
	}
	n.signing.Close()
	if c, ok := n.signing.Mobile.(*mobile.Client); ok {
		c.Close()
	}
}

// signingPart are its pages.
func (n *Node) signingPart() (web.Part, error) {
	services := signingpages.Services{
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
	}
	if n.signing.Mobile != nil {
		services.Telephone = n.mobileOf
	}
	return signingpages.Part(services)
}

// draftToSign is the unsigned original of a draft. It is closed with the request to
// sign it.
func (n *Node) draftToSign(ctx context.Context, who rem.Actor, id string) (signing.Draft, error) {
	visitor := mailbox.Visitor{Actor: who, Case: "signing"}
	d, err := n.Mailbox.Draft(ctx, visitor, mailbox.DraftID(id))
	if errors.Is(err, mailbox.ErrNotFound) {
		return signing.Draft{}, fmt.Errorf("%w: %w", web.ErrNotFound, err)
	}
	if err != nil {
		return signing.Draft{}, err
	}
	original, err := n.Mailbox.ComposeToSign(ctx, visitor, d.ID)
	if err != nil {
		return signing.Draft{}, err
	}
	return signing.Draft{ID: id + "@" + strconv.FormatInt(d.Version, 10), Author: d.Author, Original: original}, nil
}
