package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/edge/control"
	"rem/edge/smtpin"
	"rem/message"
	"rem/message/retrieval"
	"rem/person"
	"rem/person/account"
	"rem/privacy"
)

// controller carries out what an operator asks for.
type controller struct{ n *Node }

var _ control.Provider = controller{}

// AddAccount implements control.Provider.
func (c controller) AddAccount(ctx context.Context, by string, a control.NewAccount) (rem.AccountID, error) {
	address, err := rem.ParseAddress(a.Address)
	if err != nil {
		return "", err
	}
	if address.Provider() != c.n.Provider.Domain {
		return "", fmt.Errorf("%w: %s is not in our domain %s", rem.ErrAddress, address, c.n.Provider.Domain)
	}
	if address == c.n.Provider.Service {
		return "", rem.Refuse(rem.PolicyViolation, "Bu adres sağlayıcının kendisine aittir.", "This address is the provider's own.")
	}
	if a.Holder == "" || a.Quota < 0 {
		return "", rem.Refuse(rem.PolicyViolation, "Hesap sahibinin adı gerekir; kota eksi olamaz.", "The holder's name is needed; a quota is not negative.")
	}
	hash := ""
	if a.Password != "" {
		// First, so that a password which is not taken leaves no account behind.
		if hash, err = c.hash(ctx, a.Password); err != nil {
			return "", err
		}
	}
	now := c.n.clock.Now().UTC()
	id, err := c.adopt(ctx, address, now)
	if err != nil {
		return "", fmt.Errorf("opening the account: %w", err)
	}
	operator := a.Operator
	if operator == "" {
		operator = a.Holder
	}
	made := account.Account{
		ID: id, Address: address, State: account.Open, Standing: account.Standing{Since: now}, Created: now, Quota: a.Quota,
		Holder: account.Holder{Person: commanded(id), Legal: a.Legal}, Until: c.n.terms().End(now),
		Operators: []account.Operator{{
			Person: rem.PersonID("p-" + id), Identity: account.TokenOf(c.n.Records.Signatory, a.Identity), May: account.Everything, From: now,
		}},
	}
	if !a.Legal {
		made.Operators[0].Person = made.Holder.Person // the holder acts himself
	}
	from := privacy.ByDeclaration(now)
	if made.Holder.Name, err = c.n.Records.Vault.Seal(ctx, made.Holder.Person, account.HolderName, privacy.NewValue(a.Holder, from)); err != nil {
		return "", fmt.Errorf("opening the account: %w", err)
	}
	if made.Operators[0].Name, err = c.n.Records.Vault.Seal(ctx, made.Operators[0].Person, account.OperatorName, privacy.NewValue(operator, from)); err != nil {
		return "", fmt.Errorf("opening the account: %w", err)
	}
	if err := c.n.Store.Create(ctx, made); err != nil {
		return "", fmt.Errorf("opening the account: %w", err)
	}
	c.n.Log.Info("account opened", "account", string(id), "by", by)
	if hash == "" {
		return made.ID, nil
	}
	return made.ID, c.keep(ctx, by, &made, hash)
}

// commanded is the holder of an account that was opened by command. No application
// has a holder of such a name.
func commanded(id rem.AccountID) rem.PersonID { return rem.PersonID("h-" + id) }

// adopt gives the address to an account that is to be opened, in the address book of
// applications, so that what it has is not given twice. account.ErrTaken when it is
// somebody's. When a crash came between this step and the account, the account of
// then is opened now: two who do so at once write the same identifier, and the ledger
// takes one of them.
func (c controller) adopt(ctx context.Context, address rem.Address, now time.Time) (rem.AccountID, error) {
	token, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return "", err
	}
	id, book := rem.AccountID(token), c.n.Records.Persons
	err = book.Adopt(ctx, address, id, commanded(id), now)
	if !errors.Is(err, person.ErrTaken) {
		return id, err
	}
	e, err := book.Address(ctx, address, now)
	if err != nil {
		return "", err
	}
	if e.State != person.AddressAssigned || e.Holder != commanded(e.Account) {
		return "", account.ErrTaken
	}
	switch _, err := c.n.Store.Account(ctx, e.Account); {
	case err == nil:
		return "", account.ErrTaken
	case !errors.Is(err, account.ErrNotFound):
		return "", err
	}
	return e.Account, nil
}

// hash refuses a password that cannot be one.
func (c controller) hash(ctx context.Context, password string) (string, error) {
	if n := len(password); n < account.MinPassword || n > account.MaxPassword {
		return "", rem.Refuse(rem.PolicyViolation,
			fmt.Sprintf("Parola %d ile %d bayt arasında olmalı.", account.MinPassword, account.MaxPassword),
			fmt.Sprintf("A password has %d to %d octets.", account.MinPassword, account.MaxPassword))
	}
	return c.n.hasher.Hash(ctx, password)
}

// keep gives the account's first operator a password.
func (c controller) keep(ctx context.Context, by string, a *account.Account, hash string) error {
	if err := c.n.Store.SetPassword(ctx, a.ID, a.Operators[0].Person, hash); err != nil {
		return fmt.Errorf("setting a password: %w", err)
	}
	c.n.Log.Info("application password set", "account", string(a.ID), "by", by)
	return nil
}

func (c controller) account(ctx context.Context, address string) (account.Account, error) {
	a, err := rem.ParseAddress(address)
	if err != nil {
		return account.Account{}, err
	}
	return c.n.Store.ByAddress(ctx, a)
}

// SetPassword implements control.Provider, for the account's first operator.
func (c controller) SetPassword(ctx context.Context, by, address, password string) error {
	a, err := c.account(ctx, address)
	if err != nil {
		return err
	}
	if len(a.Operators) == 0 {
		return fmt.Errorf("the account has no operator: %w", account.ErrNotFound)
	}
	hash, err := c.hash(ctx, password)
	if err != nil {
		return err
	}
	return c.keep(ctx, by, &a, hash)
}

// SetState implements control.Provider.
func (c controller) SetState(ctx context.Context, by, address string, state account.State, reason account.Reason) error {
	switch state {
	case account.Open, account.SendBlocked, account.Suspended, account.Closed:
	default:
		return rem.Refuse(rem.PolicyViolation, "Bilinmeyen hesap durumu.", "The states are open, send-blocked, suspended and closed.")
	}
	a, err := c.account(ctx, address)
	if err != nil {
		return err
	}
	if a.State == account.Closed {
		return rem.Refuse(rem.PolicyViolation, "Kapalı hesap yeniden açılmaz.", "A closed account is not opened again by command.")
	}
	if a.State == state {
		return nil
	}
	event := map[account.State]account.Event{account.Open: account.Restore, account.SendBlocked: account.Block, account.Suspended: account.Suspend, account.Closed: account.Close}[state]
	if reason == "" {
		reason = account.Reasons(event)[0].Value
	}
	if err := c.n.Keeper.Move(ctx, account.By{Actor: rem.Actor{Person: named(by)}, Staff: true}, a.ID, event, reason); err != nil {
		return fmt.Errorf("changing the account's state: %w", err)
	}
	c.n.Log.Info("account state", "account", string(a.ID), "state", string(state), "by", by)
	return nil
}

// named is how records name a person of ours who says by name who he is. It is no
// identifier of the register of staff.
func named(by string) rem.PersonID {
	d := rem.DigestOf([]byte("staff\x00" + by))
	return rem.PersonID("staff-" + d.String()[:16])
}

// AccountNames implements control.Provider. The access log gets who asked and for
// which case before a name is opened.
func (c controller) AccountNames(ctx context.Context, by, address, matter string) (*control.AccountNames, error) {
	a, err := c.account(ctx, address)
	if err != nil {
		return nil, err
	}
	items := []privacy.Item{{Person: a.Holder.Person, Field: account.HolderName, Sealed: a.Holder.Name}}
	for i := range a.Operators {
		items = append(items, privacy.Item{Person: a.Operators[i].Person, Field: account.OperatorName, Sealed: a.Operators[i].Name})
	}
	access := privacy.Access{Actor: rem.Actor{Person: named(by)}, Role: privacy.AsSupport, Purpose: privacy.AccountUse, Case: privacy.CaseID(matter)}
	values, err := c.n.Records.Vault.OpenAll(ctx, access, items)
	if err != nil {
		return nil, err
	}
	names := &control.AccountNames{Holder: values[0].Text()}
	for _, v := range values[1:] {
		names.Operators = append(names.Operators, v.Text())
	}
	c.n.Log.Info("names of an account opened", "account", string(a.ID), "by", by)
	return names, nil
}

// Accounts implements control.Provider.
func (c controller) Accounts(ctx context.Context, after rem.AccountID, limit int) ([]control.Account, error) {
	list, err := c.n.Store.Accounts(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]control.Account, 0, len(list))
	for _, a := range list {
		u, err := c.n.Store.Usage(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		line := control.Account{ID: a.ID, Address: a.Address.String(), Holder: a.Holder.Person, State: a.State, Quota: a.Quota, Bytes: u.Bytes, Messages: u.Messages}
		for _, o := range a.Operators {
			line.Operators = append(line.Operators, o.Person)
		}
		out = append(out, line)
	}
	return out, nil
}

// Timeline implements control.Provider.
func (c controller) Timeline(ctx context.Context, id rem.MessageID) (*control.Timeline, error) {
	v, err := c.n.Store.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &v.Record
	t := &control.Timeline{
		Message: r.ID, Sender: party(r.Sender), Subject: r.Subject, Submitted: r.Submitted,
		Digest: r.Digest.String(), Size: r.Size, Unscanned: r.Unscanned,
	}
	for i, to := range r.Recipients {
		s := v.Standing(i + 1)
		t.Recipients = append(t.Recipients, control.Recipient{
			Number: i + 1, Address: party(to.Party), State: s.State.String(), Leg: to.Leg.String(), Since: s.Since, Due: s.Due,
		})
	}
	for _, f := range v.Filed {
		t.Lines = append(t.Lines, control.Line{
			Evidence: f.ID, Kind: f.Kind.String(), Outcome: f.Outcome.String(), Recipient: f.Recipient,
			Issuer: f.Issuer, Time: f.Time, Reasons: f.Reasons, Conflict: f.Conflict, NoInformation: f.NoInformation,
		})
	}
	return t, nil
}

func party(p message.Party) string {
	if p.Address.IsZero() {
		return p.Raw
	}
	return p.Address.String()
}

// Sent implements control.Provider.
func (c controller) Sent(ctx context.Context, address string, before rem.MessageID, limit int) ([]control.Timeline, error) {
	a, err := c.account(ctx, address)
	if err != nil {
		return nil, err
	}
	ids, err := c.n.Store.Sent(ctx, a.ID, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]control.Timeline, 0, len(ids))
	for _, id := range ids {
		t, err := c.Timeline(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, *t)
	}
	return out, nil
}

// Evidence implements control.Provider.
func (c controller) Evidence(ctx context.Context, id rem.EvidenceID) (message.Filed, error) {
	return c.n.Store.Evidence(ctx, id)
}

// Dispatch implements control.Provider. The password is the consent of somebody
// whose message it is, in a form that can be checked (REQ-73).
func (c controller) Dispatch(ctx context.Context, by, address, password string, id rem.MessageID) (message.Content, error) {
	p, a, err := c.n.login(ctx, address, password)
	if err != nil {
		return nil, denied(err)
	}
	v, err := c.n.Store.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := c.mayHave(ctx, p, &a, v); err != nil {
		return nil, err
	}
	c.n.Log.Info("dispatch handed out with its holder's password", "message", string(id), "account", string(p.Actor.Account), "by", by)
	return c.dispatch(ctx, v)
}

// mayHave fails unless the message is this person's to read. For a recipient it
// is an opening, with its evidence (REQ-68).
func (c controller) mayHave(ctx context.Context, p smtpin.Principal, his *account.Account, v *message.View) error {
	if v.Record.Actor.Account == p.Actor.Account {
		a, err := c.n.Store.Account(ctx, p.Actor.Account)
		if err != nil {
			return err
		}
		if refusal := a.MayRead(p.Actor.Person, c.n.clock.Now()); refusal != nil {
			return refusal
		}
		return nil
	}
	for i, to := range v.Record.Recipients {
		if to.Account == p.Actor.Account {
			login, err := c.reading(ctx, p, his)
			if err == nil {
				_, err = c.n.Retriever.Open(ctx, login, v.Record.ID, i+1)
			}
			return err
		}
	}
	return control.ErrDenied
}

// dispatch reads a dispatch as it was signed, or as it came.
func (c controller) dispatch(ctx context.Context, v *message.View) (message.Content, error) {
	if v.Record.Original == "" {
		return nil, message.ErrNotFound // it was refused, and is not ours to keep
	}
	whole, err := c.n.Store.Open(ctx, v.Record.Original)
	if err != nil {
		return nil, err
	}
	if v.Record.Origin != c.n.Provider.Domain {
		return whole, nil // as it came
	}
	e, err := c.n.Store.Envelope(ctx, v.Record.ID)
	if err != nil {
		return nil, err
	}
	// For a dispute now and then; a large one is read into memory here.
	b := append([]byte{}, e.Head...)
	original, err := io.ReadAll(io.NewSectionReader(whole, 0, whole.Size()))
	if err != nil {
		return nil, fmt.Errorf("reading the original: %w", err)
	}
	return message.InMemory(append(append(b, original...), e.Tail...)), nil
}

// Mailbox implements control.Provider. Listing makes no evidence (REQ-68).
func (c controller) Mailbox(ctx context.Context, address, password string, after int64, limit int) ([]control.Entry, error) {
	p, a, err := c.n.login(ctx, address, password)
	if err != nil {
		return nil, denied(err)
	}
	if refusal := a.MayRead(p.Actor.Person, c.n.clock.Now()); refusal != nil {
		return nil, refusal
	}
	entries, err := c.n.Store.Mailbox(ctx, p.Actor.Account, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]control.Entry, 0, len(entries))
	for _, e := range entries {
		v, err := c.n.Store.Message(ctx, e.Message)
		if err != nil {
			return nil, err
		}
		out = append(out, control.Entry{
			UID: e.UID, Message: e.Message, Recipient: e.Recipient, Sender: party(v.Record.Sender),
			Subject: v.Record.Subject, Arrived: e.Arrived, Opened: e.Opened, Size: e.Size,
		})
	}
	return out, nil
}

// Open implements control.Provider.
func (c controller) Open(ctx context.Context, address, password string, uid int64) (message.Content, error) {
	p, a, err := c.n.login(ctx, address, password)
	if err != nil {
		return nil, denied(err)
	}
	entries, err := c.n.Store.Mailbox(ctx, p.Actor.Account, uid-1, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].UID != uid {
		return nil, message.ErrNotFound
	}
	login, err := c.reading(ctx, p, &a)
	if err != nil {
		return nil, err
	}
	return c.n.Retriever.Open(ctx, login, entries[0].Message, entries[0].Recipient)
}

// reading is how evidence names who opens: he gives his password for it now, and
// the evidence of the first opening shows his name.
func (c controller) reading(ctx context.Context, p smtpin.Principal, a *account.Account) (retrieval.Login, error) {
	now := c.n.clock.Now().UTC()
	login := retrieval.Login{Actor: p.Actor, Authentication: message.Authentication{Time: now, Method: p.Actor.Method}}
	o := a.Operator(p.Actor.Person)
	if o == nil {
		return login, control.ErrDenied
	}
	id, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return login, err
	}
	login.Name, err = c.n.nameFor(ctx, p.Actor, privacy.CaseID("reading-"+id), o.Person, account.OperatorName, o.Name)
	return login, err
}

func denied(err error) error {
	if errors.Is(err, account.ErrPassword) {
		return control.ErrDenied
	}
	return err
}

// Queue implements control.Provider.
func (c controller) Queue(ctx context.Context, stage message.Stage, limit int) ([]message.Task, error) {
	// Everything, however far ahead it is due.
	tasks, _, err := c.n.Store.Due(ctx, stage, c.n.clock.Now().AddDate(100, 0, 0), limit)
	return tasks, err
}

// TrustList implements control.Provider.
func (c controller) TrustList(context.Context) (*control.TrustList, error) {
	v := c.n.trust.Current()
	if v == nil {
		return nil, message.ErrNotFound
	}
	t := &control.TrustList{Sequence: v.Sequence, IssueTime: v.IssueTime, NextUpdate: v.NextUpdate, Digest: v.Digest.String()}
	now := c.n.clock.Now()
	for i := range v.Providers {
		p := &v.Providers[i]
		t.Providers = append(t.Providers, control.Peer{
			Code: p.Code, Domains: p.Domains, Name: p.Name.Turkish, Status: string(p.StatusAt(now)), Relays: p.Relays, Service: p.Service,
		})
	}
	return t, nil
}
