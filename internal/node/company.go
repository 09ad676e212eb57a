package node

import (
	"context"
	"errors"
	"fmt"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
)

// company says for which company somebody who is logged in to its account may
// apply: who may appoint its operators may (REQ-21, REQ-37). The access log has
// who read its title.
func (n *Node) company(ctx context.Context, x login.Session) (rem.Actor, person.Title, error) {
	no := func(tr, en string) (rem.Actor, person.Title, error) {
		return rem.Actor{}, person.Title{}, &web.Forbidden{Why: rem.Text{Turkish: tr, English: en}}
	}
	if x.Account == "" {
		return no("Bu oturum bir hesaba bağlı değil.", "This session is on no account.")
	}
	a, err := n.Store.Account(ctx, x.Account)
	if errors.Is(err, account.ErrNotFound) {
		return no("Bu hesap yok.", "There is no such account.")
	}
	if err != nil {
		return rem.Actor{}, person.Title{}, fmt.Errorf("reading account %s: %w", x.Account, err)
	}
	switch now := n.clock.Now(); {
	case !a.Holder.Legal || a.Holder.Name.IsZero():
		return no("Toplu başvuruyu yalnız tüzel kişilerin hesapları yapabilir.", "Only the account of a legal person can apply for many.")
	case !a.MayLogIn(x.Who.Person, now) || !a.Powers(x.Who.Person, now).Has(account.Operators):
		return no("Bu işlem için yetkili atama yetkisi gerekir.", "This needs the permission to appoint operators.")
	}
	actor := rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: x.Who.Person, Method: string(x.Method)}
	access := privacy.Access{Actor: actor, Role: privacy.AsOperator, Purpose: privacy.AccountUse, Case: privacy.CaseID(a.ID)}
	name, err := n.Records.Vault.Open(ctx, access, a.Holder.Person, account.HolderName, a.Holder.Name)
	if err != nil {
		return rem.Actor{}, person.Title{}, fmt.Errorf("opening the title of account %s: %w", a.ID, err)
	}
	title, err := person.ParseTitle(name.Text())
	if err != nil {
		return rem.Actor{}, person.Title{}, fmt.Errorf("reading the title of account %s: it is none", a.ID)
	}
	return actor, title, nil
}
