package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"rem"
	"rem/edge/blobstore"
	"rem/person/account"
	"rem/privacy"
)

// The acts on accounts that the journal knows.
const (
	createAccount = iota + 1
	updateAccount
	setPassword
)

// An accountOp is one of them.
type accountOp struct {
	act     byte
	account account.Account // for createAccount and updateAccount
	id      rem.AccountID   // for setPassword
	person  rem.PersonID
	hash    string
}

// The versions of an account's record. The first had names and certificate
// numbers in clear; it is read for ever, and written for the index alone, until
// the account is sealed. docs/formats/journal.md.
const (
	accountInClear = 1
	accountSealed  = 2
)

// errInClear: nothing in clear comes into the journal any more.
var errInClear = errors.New("the account holds something in clear")

func (w *writer) account(a *account.Account) {
	if a.Before != nil {
		w.accountInClear(a)
		return
	}
	w.text(string(a.ID))
	w.text(a.Address.String())
	w.text(string(a.Holder.Person))
	w.bytes(a.Holder.Name.Bytes())
	w.bool(a.Holder.Legal)
	w.text(string(a.State))
	w.time(a.Standing.Since)
	w.text(string(a.Standing.Reason))
	w.text(string(a.Standing.By))
	w.time(a.Standing.Export)
	w.time(a.Created)
	w.num(a.Version)
	w.long(a.Quota)
	w.bool(a.ReceiveOnly)
	w.bool(a.FourEyes)
	w.time(a.Until)
	w.time(a.Reminded)
	w.num(uint64(len(a.Notices)))
	for i := range a.Notices {
		n := &a.Notices[i]
		w.text(string(n.Kind))
		w.time(n.At)
		w.text(string(n.Person))
		w.time(n.Due)
	}
	w.num(uint64(len(a.Operators)))
	for i := range a.Operators {
		o := &a.Operators[i]
		w.text(string(o.Person))
		w.bytes(o.Name.Bytes())
		w.bytes(kept(o.Identity))
		w.num(uint64(o.May))
		w.time(o.From)
		w.time(o.Until)
		w.text(string(o.By))
		w.text(string(o.Proof.Kind))
		w.digest(o.Proof.Digest)
	}
}

// kept is a token as it is written: nothing for none.
func kept(t privacy.IndexToken) []byte {
	if t == (privacy.IndexToken{}) {
		return nil
	}
	return t.Bytes()
}

// sealed reads a sealed value. What it holds stays as it is.
func (r *reader) sealed() privacy.SealedValue {
	v, err := privacy.ParseSealed(r.take())
	if err != nil {
		r.fail()
	}
	return v
}

func (r *reader) token() (t privacy.IndexToken) {
	if b := r.take(); len(b) > 0 {
		var err error
		if t, err = privacy.ParseIndexToken(b); err != nil {
			r.fail()
		}
	}
	return t
}

func (r *reader) account(form uint64) account.Account {
	if form == accountInClear {
		return r.accountInClear()
	}
	a := account.Account{
		ID: rem.AccountID(r.text()), Address: r.address(),
		Holder:   account.Holder{Person: rem.PersonID(r.text()), Name: r.sealed(), Legal: r.bool()},
		State:    account.State(r.text()),
		Standing: account.Standing{Since: r.time(), Reason: account.Reason(r.text()), By: rem.PersonID(r.text()), Export: r.time()},
		Created:  r.time(), Version: r.num(), Quota: r.long(), ReceiveOnly: r.bool(), FourEyes: r.bool(), Until: r.time(), Reminded: r.time(),
	}
	for range r.list() {
		a.Notices = append(a.Notices, account.Notice{Kind: account.NoticeKind(r.text()), At: r.time(), Person: rem.PersonID(r.text()), Due: r.time()})
	}
	for range r.list() {
		o := account.Operator{Person: rem.PersonID(r.text()), Name: r.sealed(), Identity: r.token()}
		may := r.num()
		if o.May = account.Permissions(may); uint64(o.May) != may {
			r.fail()
		}
		o.From, o.Until, o.By = r.time(), r.time(), rem.PersonID(r.text())
		o.Proof = account.Proof{Kind: account.ProofKind(r.text()), Digest: r.digest()}
		a.Operators = append(a.Operators, o)
	}
	return a
}

// accountInClear writes the first version, of what was read in it.
func (w *writer) accountInClear(a *account.Account) {
	w.text(string(a.ID))
	w.text(a.Address.String())
	w.text(string(a.Holder.Person))
	w.text(a.Before.Holder)
	w.bool(a.Holder.Legal)
	w.text(string(a.State))
	w.time(a.Created)
	w.long(a.Quota)
	w.num(uint64(len(a.Operators)))
	for i := range a.Operators {
		o := &a.Operators[i]
		w.text(string(o.Person))
		w.text(a.Before.Operators[i].Name)
		w.text(a.Before.Operators[i].Identity)
		w.bool(o.May.Has(account.Sending))
		w.bool(o.May.Has(account.Reading))
		w.time(o.From)
		w.time(o.Until)
	}
}

// sentAndRead are the permissions that the two flags of the first version stand
// for. There were no others.
const (
	sent = account.Sending | account.Preparing | account.SMSNotices | account.MailNotices
	read = account.Reading | account.SMSNotices | account.MailNotices
)

func (r *reader) accountInClear() account.Account {
	before := &account.Unsealed{}
	a := account.Account{ID: rem.AccountID(r.text()), Address: r.address(), Before: before}
	a.Holder.Person = rem.PersonID(r.text())
	before.Holder = r.text()
	a.Holder.Legal = r.bool()
	a.State, a.Created, a.Quota = account.State(r.text()), r.time(), r.long()
	for range r.list() {
		o := account.Operator{Person: rem.PersonID(r.text())}
		before.Operators = append(before.Operators, account.UnsealedOperator{Name: r.text(), Identity: r.text()})
		if r.bool() {
			o.May |= sent
		}
		if r.bool() {
			o.May |= read
		}
		if o.May == sent|read {
			o.May = account.Everything // the holder, or the one operator of a legal person
		}
		o.From, o.Until = r.time(), r.time()
		a.Operators = append(a.Operators, o)
	}
	return a
}

// form reads which version follows.
func (r *reader) form() uint64 {
	v := r.num()
	if v != accountInClear && v != accountSealed {
		r.fail()
	}
	return v
}

func (o *accountOp) encode() []byte {
	if o.act == setPassword {
		w := writer{version}
		w.num(uint64(o.act))
		w.text(string(o.id))
		w.text(string(o.person))
		w.text(o.hash)
		return w
	}
	w := writer{form(&o.account)}
	w.num(uint64(o.act))
	w.account(&o.account)
	return w
}

// form is the version in which an account is written.
func form(a *account.Account) byte {
	if a.Before != nil {
		return accountInClear
	}
	return accountSealed
}

func decodeAccount(meta []byte) (*accountOp, error) {
	r := reader{b: meta}
	form := r.form()
	o := &accountOp{act: r.byte()}
	switch o.act {
	case createAccount, updateAccount:
		o.account = r.account(form)
	case setPassword:
		o.id, o.person, o.hash = rem.AccountID(r.text()), rem.PersonID(r.text()), r.text()
	default:
		r.fail()
	}
	return o, r.end("a change of an account")
}

// accountCard is the account as the index keeps it.
func accountCard(a *account.Account) []byte {
	w := writer{form(a)}
	w.account(a)
	return w
}

// write carries the act out in the index.
func (o *accountOp) write(ctx context.Context, x *index) error {
	id := o.id
	if o.act != setPassword {
		id = o.account.ID
	}
	var b []byte
	found, err := x.row(ctx, "account", []any{string(id)}, &b)
	if err != nil {
		return err
	}
	written := accountCard(&o.account)
	switch o.act {
	case createAccount:
		if found {
			if string(b) == string(written) {
				return nil // the same again
			}
			return account.ErrTaken
		}
		var owner string
		taken, err := x.row(ctx, "addressOwner", []any{o.account.Address.String()}, &owner)
		if err != nil {
			return err
		}
		if taken {
			if err := x.giveBack(ctx, owner, &o.account); err != nil {
				return err
			}
		}
		_, err = x.exec(ctx, "addAccount", string(id), o.account.Address.String(), o.account.Quota, written)
		return err
	case updateAccount:
		if !found {
			return account.ErrNotFound
		}
		old, err := readAccount(b)
		if err != nil {
			return err
		}
		if old.Address != o.account.Address || old.Holder.Person != o.account.Holder.Person {
			return errDiffers
		}
		next := o.account
		if next.Before == nil { // the first version had no numbers
			was := next.Version
			next.Version++
			if next.Equal(&old) {
				return nil // the same again
			}
			if was != old.Version {
				return account.ErrChanged
			}
		}
		_, err = x.exec(ctx, "setAccount", next.Quota, accountCard(&next), string(id))
		return err
	default:
		if !found {
			return account.ErrNotFound
		}
		if o.hash == "" {
			_, err := x.exec(ctx, "dropPassword", string(o.id), string(o.person))
			return err
		}
		_, err := x.exec(ctx, "setPassword", string(o.id), string(o.person), o.hash)
		return err
	}
}

// giveBack makes room for an account of the holder whose closed account had the
// address before; ErrTaken when it is open, or was another's (REQ-27). The closed
// account keeps the address in its record and is found by its identifier alone,
// which is no address and stands in the address's place.
func (x *index) giveBack(ctx context.Context, owner string, a *account.Account) error {
	var b []byte
	if found, err := x.row(ctx, "account", []any{owner}, &b); err != nil || !found {
		return errors.Join(err, account.ErrTaken)
	}
	before, err := readAccount(b)
	if err != nil {
		return err
	}
	if before.State != account.Closed || before.Holder.Person == "" || before.Holder.Person != a.Holder.Person || before.Holder.Legal != a.Holder.Legal {
		return account.ErrTaken
	}
	_, err = x.exec(ctx, "leaveAddress", owner)
	return err
}

func readAccount(b []byte) (account.Account, error) {
	r := reader{b: b}
	a := r.account(r.form())
	return a, r.end("an account")
}

func (s *Store) change(ctx context.Context, o *accountOp) error {
	if o.account.Before != nil {
		return errInClear
	}
	r := blobstore.Record{Kind: kindAccount, Meta: o.encode(), Promised: true}
	return s.record(ctx, r, func(blobstore.Appended) (op, error) { return decodeAccount(r.Meta) }, nil)
}

// Create opens an account. See [account.Store].
func (s *Store) Create(ctx context.Context, a account.Account) error {
	if err := s.change(ctx, &accountOp{act: createAccount, account: a}); err != nil {
		return fmt.Errorf("creating account %s: %w", a.ID, err)
	}
	return nil
}

// Update keeps an account as its next version. See [account.Store].
func (s *Store) Update(ctx context.Context, a account.Account) error {
	if err := s.change(ctx, &accountOp{act: updateAccount, account: a}); err != nil {
		return fmt.Errorf("updating account %s: %w", a.ID, err)
	}
	return nil
}

// SetPassword keeps the hash of an application password.
func (s *Store) SetPassword(ctx context.Context, id rem.AccountID, p rem.PersonID, hash string) error {
	if err := s.change(ctx, &accountOp{act: setPassword, id: id, person: p, hash: hash}); err != nil {
		return fmt.Errorf("setting a password of account %s: %w", id, err)
	}
	return nil
}

// Account returns the account with the identifier, or account.ErrNotFound.
func (s *Store) Account(ctx context.Context, id rem.AccountID) (account.Account, error) {
	return s.account(ctx, "account", string(id))
}

// ByAddress returns the account with the address, or account.ErrNotFound.
func (s *Store) ByAddress(ctx context.Context, a rem.Address) (account.Account, error) {
	return s.account(ctx, "accountByAddress", a.String())
}

func (s *Store) account(ctx context.Context, query, key string) (account.Account, error) {
	a, turn, ok := s.accounts.get(key)
	if ok {
		return a, nil
	}
	var b []byte
	ok, err := s.readers.row(ctx, query, []any{key}, &b)
	if err == nil && !ok {
		err = account.ErrNotFound
	}
	if err != nil {
		return account.Account{}, fmt.Errorf("reading an account: %w", err)
	}
	if a, err = readAccount(b); err == nil {
		s.accounts.put(key, a, turn)
	}
	return a, err
}

// maxAccounts bounds the accounts that are kept in memory: every message asks
// for its sender's and its recipients' several times, and they seldom change.
const maxAccounts = 4096

// accounts are those that were asked for since any of them changed, by
// identifier and by address. An address has an @ and an identifier has none.
type accounts struct {
	mu    sync.Mutex
	known map[string]account.Account // guarded by mu
	turn  uint64                     // guarded by mu: how often all was forgotten for a change
}

// get returns an account, or the turn in which it was not there.
func (c *accounts) get(key string) (a account.Account, turn uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok = c.known[key]
	return a.Clone(), c.turn, ok
}

// put keeps an account that was read in a turn, unless one changed meanwhile:
// then it may have been read before.
func (c *accounts) put(key string, a account.Account, turn uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if turn != c.turn {
		return
	}
	if c.known == nil || len(c.known) >= maxAccounts {
		c.known = make(map[string]account.Account)
	}
	c.known[key] = a.Clone()
}

// forget is called when an account has changed, before whoever changed it is
// answered.
func (c *accounts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
	c.turn++
}

// AccountChanges counts the changes of accounts and passwords since the start,
// several at once as one. It has grown before whoever changed something is
// answered: what was read of accounts after a call still holds while another
// call gives the same number.
func (s *Store) AccountChanges() uint64 {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	return s.accounts.turn
}

// Accounts lists accounts in the order of their identifiers.
func (s *Store) Accounts(ctx context.Context, after rem.AccountID, limit int) ([]account.Account, error) {
	var list []account.Account
	err := s.readers.rows(ctx, "accounts", []any{string(after), limit}, func(rows *sql.Rows) error {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		a, err := readAccount(b)
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing accounts: %w", err)
	}
	return list, nil
}

// Passwords returns the hashes of an account by person.
func (s *Store) Passwords(ctx context.Context, id rem.AccountID) (map[rem.PersonID]string, error) {
	m := make(map[rem.PersonID]string)
	err := s.readers.rows(ctx, "passwords", []any{string(id)}, func(rows *sql.Rows) error {
		var person rem.PersonID
		var hash string
		err := rows.Scan(&person, &hash)
		m[person] = hash
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the passwords of %s: %w", id, err)
	}
	return m, nil
}
