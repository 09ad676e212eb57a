package node

import (
	"context"
	"fmt"
	"time"

	"rem"
	"rem/person/account"
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

// Tell implements account.Messenger. Until a gateway is configured the log is
// where notices go.
func (s notices) Tell(_ context.Context, _ string, a account.Account, n account.Notice) error {
	s.log.Info("notice to the people of an account", "account", string(a.ID), "notice", string(n.Kind))
	return nil
}
