package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"rem"
	"rem/edge/blobstore"
	"rem/person/account"
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

func (w *writer) account(a *account.Account) {
	w.text(string(a.ID))
	w.text(a.Address.String())
	w.text(string(a.Holder.Person))
	w.text(a.Holder.Name)
	w.bool(a.Holder.Legal)
	w.text(string(a.State))
	w.time(a.Created)
	w.long(a.Quota)
	w.num(uint64(len(a.Operators)))
	for i := range a.Operators {
		o := &a.Operators[i]
		w.text(string(o.Person))
		w.text(o.Name)
		w.text(o.Identity)
		w.bool(o.Send)
		w.bool(o.Read)
		w.time(o.From)
		w.time(o.Until)
	}
}

func (r *reader) account() account.Account {
	a := account.Account{
		ID: rem.AccountID(r.text()), Address: r.address(),
		Holder: account.Holder{Person: rem.PersonID(r.text()), Name: r.text(), Legal: r.bool()},
		State:  account.State(r.text()), Created: r.time(), Quota: r.long(),
	}
	for range r.list() {
		a.Operators = append(a.Operators, account.Operator{
			Person: rem.PersonID(r.text()), Name: r.text(), Identity: r.text(),
			Send: r.bool(), Read: r.bool(), From: r.time(), Until: r.time(),
		})
	}
	return a
}

func (o *accountOp) encode() []byte {
	w := writer{version}
	w.num(uint64(o.act))
	if o.act == setPassword {
		w.text(string(o.id))
		w.text(string(o.person))
		w.text(o.hash)
	} else {
		w.account(&o.account)
	}
	return w
}

func decodeAccount(meta []byte) (*accountOp, error) {
	r := reader{b: meta}
	r.version()
	o := &accountOp{act: r.byte()}
	switch o.act {
	case createAccount, updateAccount:
		o.account = r.account()
	case setPassword:
		o.id, o.person, o.hash = rem.AccountID(r.text()), rem.PersonID(r.text()), r.text()
	default:
		r.fail()
	}
	return o, r.end("a change of an account")
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
	written := writer{version}
	written.account(&o.account)
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
			return account.ErrTaken
		}
		_, err = x.exec(ctx, "addAccount", string(id), o.account.Address.String(), o.account.Quota, []byte(written))
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
		_, err = x.exec(ctx, "setAccount", o.account.Quota, []byte(written), string(id))
		return err
	default:
		if !found {
			return account.ErrNotFound
		}
		_, err := x.exec(ctx, "setPassword", string(o.id), string(o.person), o.hash)
		return err
	}
}

func readAccount(b []byte) (account.Account, error) {
	r := reader{b: b}
	r.version()
	a := r.account()
	return a, r.end("an account")
}

func (s *Store) change(ctx context.Context, o *accountOp) error {
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

// Update replaces state, quota and operators of an account.
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
	a.Operators = slices.Clone(a.Operators)
	return a, c.turn, ok
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
	a.Operators = slices.Clone(a.Operators)
	c.known[key] = a
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
