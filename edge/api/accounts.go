package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/person/token"
)

// An Account is whose token it is.
type Account struct {
	Address string    `json:"address"`
	State   string    `json:"state"`
	Until   time.Time `json:"until" doc:"Süre sonu / end of the term"`
	Person  string    `json:"person" doc:"İşlem yapan kişinin takma adı / pseudonym of who acts"`
	May     []string  `json:"may"`
	Scopes  []string  `json:"scopes"`
}

// A Quota is how full the mailbox is. Reception never stops.
type Quota struct {
	Messages int64 `json:"messages"`
	Bytes    int64 `json:"bytes"`
	Quota    int64 `json:"quota" doc:"0: sınır yok / none"`
	Percent  int   `json:"percent"`
}

// Statistics count what is in the mailbox.
type Statistics struct {
	Received int64 `json:"received"`
	Unopened int64 `json:"unopened"`
	Sent     int64 `json:"sent"`
	Evidence int64 `json:"evidence"`
	Drafts   int64 `json:"drafts"`
}

// An Operator is somebody who may act on the account.
type Operator struct {
	Person string     `json:"person"`
	May    []string   `json:"may"`
	From   *time.Time `json:"from,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Active bool       `json:"active"`
}

var permissions = []struct {
	p    account.Permissions
	name string
}{
	{account.Reading, "read"}, {account.Sending, "send"}, {account.Preparing, "prepare"}, {account.Deleting, "delete"}, {account.Archiving, "archive"},
	{account.SMSNotices, "sms-notices"}, {account.MailNotices, "mail-notices"}, {account.Operators, "operators"}, {account.Directory, "directory"},
	{account.Exporting, "export"}, {account.Contract, "contract"},
}

func named(p account.Permissions) []string {
	list := []string{}
	for _, x := range permissions {
		if p.Has(x.p) {
			list = append(list, x.name)
		}
	}
	return list
}

func parsePermissions(names []string) (p account.Permissions, ok bool) {
	for _, n := range names {
		found := false
		for _, x := range permissions {
			if x.name == n {
				p, found = p|x.p, true
			}
		}
		if !found {
			return 0, false
		}
	}
	return p, true
}

func (p *programs) account() {
	const tag = "Hesap / account"
	type accountOut struct{ Body Account }
	huma.Register(p.api, on(http.MethodGet, "account", "getAccount", token.Account, tag, "Hesabı ve belirtecin yetkisini gösterir", "Shows the account, and what the token may do"),
		func(ctx context.Context, in *Spoken) (*accountOut, error) {
			b := bearer(ctx)
			a, err := p.Accounts.Account(ctx, b.Actor.Account)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &accountOut{Body: Account{
				Address: a.Address.String(), State: string(a.State), Until: a.Until, Person: string(b.Actor.Person), May: named(a.Powers(b.Actor.Person, p.h.clock.Now())),
			}}
			for _, s := range b.Scopes {
				out.Body.Scopes = append(out.Body.Scopes, string(s))
			}
			return out, nil
		})
	type quotaOut struct{ Body Quota }
	huma.Register(p.api, on(http.MethodGet, "quota", "getQuota", token.Account, tag, "Kotayı gösterir; kutu dolsa da alım sürer", "Shows the quota; reception never stops"),
		func(ctx context.Context, in *Spoken) (*quotaOut, error) {
			u, err := p.Box.Usage(ctx, visitor(ctx))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			return &quotaOut{Quota{u.Messages, u.Bytes, u.Quota, u.Percent()}}, nil
		})
	type statisticsOut struct{ Body Statistics }
	huma.Register(p.api, on(http.MethodGet, "statistics", "getStatistics", token.Account, tag, "Klasörlerdeki sayıları verir", "Counts what is in the folders"),
		func(ctx context.Context, in *Spoken) (*statisticsOut, error) {
			all, err := p.Box.Folders(ctx, visitor(ctx))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &statisticsOut{}
			for _, f := range all {
				out.Body.Unopened += f.Unopened
				switch f.ID {
				case mailbox.SentBox:
					out.Body.Sent += f.Items
				case mailbox.Proofs:
					out.Body.Evidence += f.Items
				case mailbox.Drafts:
					out.Body.Drafts += f.Items
				default:
					out.Body.Received += f.Items
				}
			}
			return out, nil
		})
	p.operators(tag)
}

func (p *programs) operators(tag string) {
	type operatorsOut struct{ Body []Operator }
	huma.Register(p.api, on(http.MethodGet, "operators", "listOperators", token.Account, tag, "İşlem yetkililerini takma adlarıyla listeler", "Lists who may act, by pseudonym"),
		func(ctx context.Context, in *Spoken) (*operatorsOut, error) {
			a, err := p.Accounts.Account(ctx, bearer(ctx).Actor.Account)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out, now := &operatorsOut{Body: []Operator{}}, p.h.clock.Now()
			for i := range a.Operators {
				o := &a.Operators[i]
				out.Body = append(out.Body, Operator{string(o.Person), named(o.May), optional(o.From), optional(o.Until), o.Active(now)})
			}
			return out, nil
		})
	if p.Operators == nil {
		return
	}
	type changeIn struct {
		Spoken
		Person string `path:"person" maxLength:"64"`
		Body   struct {
			May   []string  `json:"may" minItems:"1"`
			From  time.Time `json:"from,omitempty"`
			Until time.Time `json:"until,omitempty"`
		}
	}
	huma.Register(p.api, on(http.MethodPut, "operators/{person}", "changeOperator", token.Appoint, tag, "Var olan bir yetkilinin yetkilerini ve süresini değiştirir", "Changes what an operator may do, and until when", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *changeIn) (*struct{}, error) {
			by := bearer(ctx).Actor
			a, err := p.Accounts.Account(ctx, by.Account)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			o := a.Operator(rem.PersonID(in.Person))
			may, ok := parsePermissions(in.Body.May)
			switch {
			case o == nil:
				return nil, p.told(in.Language, account.ErrNotFound)
			case !ok:
				return nil, p.told(in.Language, problem(http.StatusUnprocessableEntity, "permission", text("Bilinmeyen bir yetki var.", "There is an unknown permission.")))
			}
			changed := *o
			changed.May, changed.From, changed.Until = may, in.Body.From, in.Body.Until
			return nil, p.told(in.Language, p.Operators.Appoint(ctx, account.By{Actor: by}, by.Account, changed))
		})
	type removeIn struct {
		Spoken
		Person string `path:"person" maxLength:"64"`
	}
	huma.Register(p.api, on(http.MethodDelete, "operators/{person}", "removeOperator", token.Appoint, tag, "Yetkiyi hemen sonlandırır", "Ends an operator's authority at once", http.StatusNotFound),
		func(ctx context.Context, in *removeIn) (*struct{}, error) {
			by := bearer(ctx).Actor
			return nil, p.told(in.Language, p.Operators.Remove(ctx, account.By{Actor: by}, by.Account, rem.PersonID(in.Person)))
		})
}
