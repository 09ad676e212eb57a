package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/notify"
	"rem/person"
	"rem/person/account"
	"rem/person/news"
	"rem/privacy"
	"rem/provider/directory"
)

// termsEvery is how often the terms of all accounts are looked at: an end is met
// at most this late.
const termsEvery = time.Hour

// alarmTerms is raised when terms could not be looked at, or people not be told.
const alarmTerms = "the terms of accounts could not be looked at"

// terms are the practice statement's settings about an account's time.
func (n *Node) terms() account.Terms {
	p := &n.Practice
	return account.Terms{Term: p.AccountTerm, Reminders: p.AccountReminders, Grace: p.AccountGrace, Export: p.AccountExport}
}

// watchTerms looks at the terms of all accounts from time to time.
func (n *Node) watchTerms(ctx context.Context) {
	every := time.NewTicker(termsEvery)
	defer every.Stop()
	for {
		if err := n.Keeper.Tick(ctx); err != nil && ctx.Err() == nil {
			n.alarmOf(alarmTerms)(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// sealAccounts seals the names and certificate numbers of accounts whose record is
// of the first version, which had them in clear. It is called at start, before
// anybody logs in; a crash leaves the rest for the next start. The old records stay
// in the journal, which is only ever appended to.
func (n *Node) sealAccounts(ctx context.Context) error {
	const page = 256
	for after := rem.AccountID(""); ; {
		list, err := n.Store.Accounts(ctx, after, page)
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			a := &list[i]
			after = a.ID
			if a.Before == nil {
				continue
			}
			if err := account.Seal(ctx, n.Records.Vault, n.Records.Signatory, a); err != nil {
				return err
			}
			if err := n.Store.Update(ctx, *a); err != nil {
				return fmt.Errorf("keeping account %s sealed: %w", a.ID, err)
			}
			n.Log.Info("account sealed", "account", string(a.ID))
		}
	}
}

// accountNews tells an account's people what became of it, and takes a closed
// account out of the directory. A step that fails is made again by the keeper.
type accountNews struct{ n *Node }

var accountKinds = map[account.NoticeKind]news.Kind{
	account.TermEnding: news.Reminder, account.TermOver: news.Reminder, account.OperatorEnding: news.Reminder, account.LastOperatorEnding: news.Reminder,
	account.StateChanged: news.Security, account.Renewed: news.Security, account.OperatorAppointed: news.Security, account.OperatorRemoved: news.Security,
}

// Tell implements account.Messenger.
func (s accountNews) Tell(ctx context.Context, key string, a account.Account, n account.Notice) error {
	if a.State == account.Closed {
		if err := s.closeEntry(ctx, &a); err != nil {
			return err
		}
		for _, o := range a.Operators {
			if err := s.n.People.Login.Leave(ctx, o.Person, a.ID); err != nil {
				return err
			}
		}
		// From here on its own holder may have the address again, and nobody else
		// (REQ-27). ErrNotReserved: he has it already, or the book never knew it.
		if err := s.n.Records.Persons.Retire(ctx, a.Address, a.ID, s.n.clock.Now()); err != nil && !errors.Is(err, person.ErrNotReserved) {
			return err
		}
	}
	if n.Kind == account.OperatorRemoved && a.Operator(n.Person) == nil {
		// The address as a log-in name leads to him no longer, nor stands in the way of
		// whoever comes after him.
		if err := s.n.People.Login.Leave(ctx, n.Person, a.ID); err != nil {
			return err
		}
	}
	s.n.Log.Info("notice to the people of an account", "account", string(a.ID), "notice", string(n.Kind))
	for _, o := range a.Operators {
		m := news.Message{ID: news.ID("account." + key + "." + string(o.Person)), Person: o.Person, Kind: accountKinds[n.Kind], Day: n.Due}
		if len(m.ID) > news.MaxID {
			m.ID = news.ID("account." + rem.DigestOf([]byte(m.ID)).String())
		}
		err := s.n.People.Contacts.Tell(ctx, news.Mail, m)
		// Who has no mail, or a provider without a mail server, tells on the pages alone.
		if err != nil && !errors.Is(err, notify.ErrNoContact) && !errors.Is(err, notify.ErrNoChannel) && !errors.Is(err, news.ErrNotFound) {
			return err
		}
	}
	return nil
}

// closeEntry takes the account's record out of what is published (REQ-33).
func (s accountNews) closeEntry(ctx context.Context, a *account.Account) error {
	who := a.Standing.By
	if who == "" {
		who = a.Holder.Person // the term ended it
	}
	by := directory.By{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: who}, Role: privacy.AsHolder}
	if a.Operator(who) == nil && who != a.Holder.Person {
		by.Role, by.Case = privacy.AsSupport, privacy.CaseID(a.ID)
	}
	if _, err := s.n.People.Directory.Close(ctx, by, a.ID); err != nil && !errors.Is(err, directory.ErrNotFound) {
		return fmt.Errorf("closing the directory's record of %s: %w", a.ID, err)
	}
	return nil
}
