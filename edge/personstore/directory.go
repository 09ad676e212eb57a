package personstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
	"rem/provider/directory"
)

var _ directory.Store = directoryStore{}

// crowd is how many listings a search by words looks at: with more that have even
// the rarest of its words it says that they are too common.
const crowd = 2000

// Directory gives the store as the directory knows it: Commit is a name of the ledger
// of applications too.
func (s *Store) Directory() directory.Store { return directoryStore{s} }

type directoryStore struct{ *Store }

// Commit implements directory.Store.
func (d directoryStore) Commit(ctx context.Context, s directory.Step) error {
	v := s.Version.Clone()
	var l *directory.Listing
	var body []byte
	if s.Listing != nil {
		c := s.Listing.Clone()
		l = &c
		var err error
		if body, err = l.Body(); err != nil {
			return fmt.Errorf("keeping a record of the directory: %w", err)
		}
	}
	if err := d.file.Update(ctx, func(tx *sql.Tx) error { return commitRecord(tx, &v, l, body) }); err != nil {
		return fmt.Errorf("keeping a record of the directory: %w", err)
	}
	return nil
}

func commitRecord(tx *sql.Tx, v *directory.Version, l *directory.Listing, body []byte) error {
	var account rem.AccountID
	var number uint64
	switch err := tx.QueryRow(queries["directory.has-version"], string(v.ID)).Scan(&account, &number); {
	case err == nil && account == v.Account && number == v.Number:
		return nil // made before
	case err == nil:
		return directory.ErrChanged
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	var newest uint64
	var at int64
	if err := tx.QueryRow(queries["directory.newest-number"], string(v.Account)).Scan(&newest, &at); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if v.Number != newest+1 || micros(v.From) < at {
		return directory.ErrChanged
	}
	var others int
	if err := tx.QueryRow(queries["directory.others"], v.Address.String(), string(v.Account), string(v.Holder)).Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		return directory.ErrTaken
	}
	res, err := tx.Exec(queries["directory.add-version"], string(v.ID), string(v.Account), v.Number, v.Address.String(), string(v.Holder), string(v.Kind), string(v.State), v.Open, micros(v.From),
		string(v.By.Actor.Account), string(v.By.Actor.Holder), string(v.By.Actor.Person), v.By.Actor.Method, string(v.By.Role), string(v.By.Case), notNil(v.Card.Bytes()))
	if err != nil {
		return err
	}
	n, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if err := exec(tx, "directory.set-account", string(v.Account), n, v.Address.String(), string(v.Holder), v.State == directory.Closed); err != nil {
		return err
	}
	for _, drop := range []string{"directory.drop-choices", "directory.drop-operators"} {
		if err := exec(tx, drop, string(v.Account)); err != nil {
			return err
		}
	}
	for i, f := range v.Optional {
		if err := exec(tx, "directory.add-choice", string(v.Account), i, string(f.Field), notNil(f.Value.Bytes())); err != nil {
			return err
		}
	}
	for i, o := range v.Operators {
		if err := exec(tx, "directory.add-operator", string(v.Account), i, string(o.Person), notNil(o.Card.Bytes())); err != nil {
			return err
		}
	}
	if err := dropListing(tx, v.Account); err != nil {
		return err
	}
	if l != nil {
		if err := addListing(in(tx), l, body); err != nil {
			return err
		}
	}
	return exec(tx, "directory.send", string(v.ID), string(v.Account), micros(v.From))
}

// indexed are the words under which a listing is found: those of a legal person's.
func indexed(legal bool, nameKey string) []string {
	if !legal {
		return nil
	}
	return directory.WordsOf(nameKey)
}

func dropListing(tx *sql.Tx, a rem.AccountID) error {
	var n int64
	var legal bool
	var key string
	var tokens []byte
	err := tx.QueryRow(queries["directory.old-listing"], string(a)).Scan(&n, &legal, &key, &tokens)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	for t := range slices.Chunk(tokens, indexOctets) {
		if err := exec(tx, "directory.drop-token", t, n); err != nil {
			return err
		}
	}
	for _, w := range indexed(legal, key) {
		if err := exec(tx, "directory.drop-word", w, n); err != nil {
			return err
		}
		if err := exec(tx, "directory.count-word", w, -1); err != nil {
			return err
		}
		if err := exec(tx, "directory.drop-count", w); err != nil {
			return err
		}
	}
	return exec(tx, "directory.drop-listing", n)
}

var indexOctets = len(new(privacy.IndexToken).Bytes())

// A runner carries a named statement out.
type runner func(name string, args ...any) (sql.Result, error)

// in carries statements out in a step.
func in(tx *sql.Tx) runner {
	return func(name string, args ...any) (sql.Result, error) { return tx.Exec(queries[name], args...) }
}

func addListing(run runner, l *directory.Listing, body []byte) error {
	tokens := []byte{}
	for _, t := range l.Tokens {
		tokens = append(tokens, t.Bytes()...)
	}
	res, err := run("directory.add-listing", string(l.Account), string(l.Version), string(l.Holder), string(l.Kind), l.Kind.Legal(), l.Consents(), l.Address.String(), l.NameKey, tokens, body)
	if err != nil {
		return err
	}
	n, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for _, t := range l.Tokens {
		if _, err := run("directory.add-token", t.Bytes(), n); err != nil {
			return err
		}
	}
	for _, w := range indexed(l.Kind.Legal(), l.NameKey) {
		if _, err := run("directory.add-word", w, n); err != nil {
			return err
		}
		if _, err := run("directory.count-word", w, 1); err != nil {
			return err
		}
	}
	return nil
}

// readRecord reads a row of directory_version, and says whether it is the newest of
// its account.
func readRecord(scan func(...any) error) (v directory.Version, newest bool, err error) {
	var address string
	var at int64
	var card []byte
	by := &v.By
	err = scan(&v.ID, &v.Account, &v.Number, &address, &v.Holder, &v.Kind, &v.State, &v.Open, &at,
		&by.Actor.Account, &by.Actor.Holder, &by.Actor.Person, &by.Actor.Method, &by.Role, &by.Case, &card, &newest)
	if err != nil {
		return v, false, err
	}
	v.From = fromMicros(at)
	if v.Address, err = rem.ParseAddress(address); err != nil {
		return v, false, err
	}
	v.Card, err = privacy.ParseSealed(card)
	return v, newest, err
}

// record reads one version with what it has of optional fields and operators. The
// reads are one transaction, so that a version is never given another's.
func (d directoryStore) record(ctx context.Context, name string, args ...any) (directory.Version, error) {
	tx, err := d.file.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return directory.Version{}, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	v, newest, err := readRecord(tx.QueryRow(queries[name], args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = directory.ErrNotFound
	}
	if err == nil && newest {
		err = chosen(tx, &v)
	}
	if err != nil {
		return directory.Version{}, fmt.Errorf("reading a record of the directory: %w", err)
	}
	return v, nil
}

// chosen reads optional fields and operators of the newest version of an account.
func chosen(tx *sql.Tx, v *directory.Version) error {
	err := eachOf(tx, "directory.choices", func(scan func(...any) error) error {
		var f directory.SealedField
		var b []byte
		err := scan(&f.Field, &b)
		if err == nil {
			f.Value, err = privacy.ParseSealed(b)
		}
		v.Optional = append(v.Optional, f)
		return err
	}, string(v.Account))
	if err != nil {
		return err
	}
	return eachOf(tx, "directory.operators", func(scan func(...any) error) error {
		var o directory.SealedOperator
		var b []byte
		err := scan(&o.Person, &b)
		if err == nil {
			o.Card, err = privacy.ParseSealed(b)
		}
		v.Operators = append(v.Operators, o)
		return err
	}, string(v.Account))
}

// eachOf calls row for the rows of a named query within a transaction.
func eachOf(tx *sql.Tx, name string, row func(scan func(...any) error) error, args ...any) (err error) {
	rows, err := tx.Query(queries[name], args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Newest implements directory.Store.
func (d directoryStore) Newest(ctx context.Context, a rem.AccountID) (directory.Version, error) {
	return d.record(ctx, "directory.newest", string(a))
}

// Version implements directory.Store.
func (d directoryStore) Version(ctx context.Context, id directory.VersionID) (directory.Version, error) {
	return d.record(ctx, "directory.version", string(id))
}

// At implements directory.Store.
func (d directoryStore) At(ctx context.Context, a rem.Address, at time.Time) (directory.Version, error) {
	return d.record(ctx, "directory.at", a.String(), micros(at))
}

// Versions implements directory.Store.
func (d directoryStore) Versions(ctx context.Context, after rem.AccountID, limit int) ([]directory.Version, error) {
	tx, err := d.file.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	var list []directory.Version
	err = eachOf(tx, "directory.versions", func(scan func(...any) error) error {
		v, _, err := readRecord(scan)
		list = append(list, v)
		return err
	}, string(after), limit)
	for i := range list {
		if err == nil {
			err = chosen(tx, &list[i])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listing records of the directory: %w", err)
	}
	return list, nil
}

func readListing(scan func(...any) error) (l directory.Listing, err error) {
	var address string
	var tokens, body []byte
	if err = scan(&l.Account, &l.Version, &l.Holder, &l.Kind, &address, &l.NameKey, &tokens, &body); err != nil {
		return l, err
	}
	if l.Address, err = rem.ParseAddress(address); err != nil {
		return l, err
	}
	for b := range slices.Chunk(tokens, indexOctets) {
		t, err := privacy.ParseIndexToken(b)
		if err != nil {
			return l, err
		}
		l.Tokens = append(l.Tokens, t)
	}
	l.Words = indexed(l.Kind.Legal(), l.NameKey)
	return l, l.SetBody(body)
}

// found reads listings, in the order of their accounts.
func (d directoryStore) found(ctx context.Context, name string, args ...any) (list []directory.Listing, err error) {
	err = d.each(ctx, name, func(scan func(...any) error) error {
		l, err := readListing(scan)
		list = append(list, l)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("looking something up in the directory: %w", err)
	}
	slices.SortFunc(list, func(a, b directory.Listing) int { return strings.Compare(string(a.Account), string(b.Account)) })
	return list, nil
}

// ListingOf implements directory.Store.
func (d directoryStore) ListingOf(ctx context.Context, a rem.AccountID) (directory.Listing, error) {
	list, err := d.found(ctx, "directory.listing-of", string(a))
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("reading a listing: %w", directory.ErrNotFound)
	}
	if err != nil {
		return directory.Listing{}, err
	}
	return list[0], nil
}

// Listings implements directory.Store.
func (d directoryStore) Listings(ctx context.Context, after rem.AccountID, limit int) ([]directory.Listing, error) {
	return d.found(ctx, "directory.listings", string(after), limit)
}

// ByAddress implements directory.Store.
func (d directoryStore) ByAddress(ctx context.Context, a rem.Address) ([]directory.Listing, error) {
	return d.found(ctx, "directory.by-address", a.String())
}

// ByToken implements directory.Store.
func (d directoryStore) ByToken(ctx context.Context, t privacy.IndexToken, limit int) ([]directory.Listing, error) {
	return d.found(ctx, "directory.by-token", t.Bytes(), limit)
}

// ByName implements directory.Store.
func (d directoryStore) ByName(ctx context.Context, legal bool, key string, limit int) ([]directory.Listing, error) {
	return d.found(ctx, "directory.by-name", key, legal, limit)
}

// ByWords implements directory.Store. It looks at the listings of the rarest word,
// and at no more than crowd of them.
func (d directoryStore) ByWords(ctx context.Context, words []string, limit int) ([]directory.Listing, bool, error) {
	rarest, least := "", math.MaxInt
	for _, w := range words {
		n := 0
		if err := d.file.Read.QueryRowContext(ctx, queries["directory.word"], w).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, false, fmt.Errorf("looking something up in the directory: %w", err)
		}
		if n < least {
			rarest, least = w, n
		}
	}
	if len(words) == 0 || least == 0 {
		return nil, false, nil
	}
	if least > crowd {
		return nil, true, nil
	}
	all, err := json.Marshal(words)
	if err != nil {
		return nil, false, err
	}
	list, err := d.found(ctx, "directory.by-words", rarest, string(all), limit)
	return list, false, err
}

// after is the link behind the last entry of a chain, for one of the time.
func after(tx *sql.Tx, last string, at time.Time, link func([]byte) (chain.Link, error)) (chain.Link, error) {
	next := chain.Link{Number: 1, Time: canon.Instant(at)}
	var entry []byte
	err := tx.QueryRow(queries[last]).Scan(&entry)
	if errors.Is(err, sql.ErrNoRows) {
		return next, nil
	}
	if err != nil {
		return next, err
	}
	before, err := link(entry)
	next.Number, next.Previous = before.Number+1, rem.DigestOf(entry)
	if next.Time.Before(before.Time) {
		next.Time = before.Time
	}
	return next, err
}

// Ask implements directory.Store.
func (d directoryStore) Ask(ctx context.Context, l directory.Lookup, day int64, weight, limit int) error {
	l.Found = slices.Clone(l.Found)
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		asked := 0
		if err := tx.QueryRow(queries["directory.asked"], day, string(l.Asker.Account)).Scan(&asked); errors.Is(err, sql.ErrNoRows) {
			// The first of this asker today: what other days counted is needed no more.
			if err := exec(tx, "directory.forget-days", day-1); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if asked+weight > limit {
			return directory.ErrQuota
		}
		if err := exec(tx, "directory.count-asked", day, string(l.Asker.Account), weight); err != nil {
			return err
		}
		entry := l
		var err error
		entry.Link, err = after(tx, "directory.last-lookup", l.Link.Time, func(b []byte) (chain.Link, error) { l, err := directory.ParseLookup(b); return l.Link, err })
		if err != nil {
			return err
		}
		b, err := entry.Entry()
		if err != nil {
			return err
		}
		if err := exec(tx, "directory.add-lookup", entry.Link.Number, b); err != nil {
			return err
		}
		for _, a := range entry.Found {
			if err := exec(tx, "directory.add-found", string(a), entry.Link.Number); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping a look-up: %w", err)
	}
	return nil
}

// Lookups implements directory.Store.
func (d directoryStore) Lookups(ctx context.Context, a rem.AccountID, before uint64, limit int) (list []directory.Lookup, err error) {
	if before == 0 || before > math.MaxInt64 {
		before = math.MaxInt64
	}
	err = d.each(ctx, "directory.lookups", func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		l, err := directory.ParseLookup(b)
		list = append(list, l)
		return err
	}, string(a), before, limit)
	if err != nil {
		return nil, fmt.Errorf("reading look-ups: %w", err)
	}
	return list, nil
}

func (d directoryStore) entries(ctx context.Context, name string, visit func([]byte) error) error {
	return d.each(ctx, name, func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		return visit(b)
	})
}

// LookupChain implements directory.Store.
func (d directoryStore) LookupChain(ctx context.Context, visit func([]byte) error) error {
	return d.entries(ctx, "directory.all-lookups", visit)
}

// TransactionChain implements directory.Store.
func (d directoryStore) TransactionChain(ctx context.Context, visit func([]byte) error) error {
	return d.entries(ctx, "directory.all-transactions", visit)
}

// Due implements directory.Store.
func (d directoryStore) Due(ctx context.Context, now time.Time, limit int) (list []directory.Outgoing, err error) {
	err = d.each(ctx, "directory.due", func(scan func(...any) error) error {
		var o directory.Outgoing
		var at int64
		err := scan(&o.Number, &o.Version, &o.Account, &at, &o.Attempts)
		o.At = fromMicros(at)
		list = append(list, o)
		return err
	}, micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("reading what the central directory was not told: %w", err)
	}
	return list, nil
}

func addTransaction(tx *sql.Tx, t directory.Transaction) (err error) {
	t.Link, err = after(tx, "directory.last-transaction", t.Link.Time, func(b []byte) (chain.Link, error) { t, err := directory.ParseTransaction(b); return t.Link, err })
	if err != nil {
		return err
	}
	b, err := t.Entry()
	if err != nil {
		return err
	}
	return exec(tx, "directory.add-transaction", t.Link.Number, b)
}

// touched makes a statement in a step and says whether it found its row.
func touched(tx *sql.Tx, name string, args ...any) (bool, error) {
	res, err := tx.Exec(queries[name], args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Told implements directory.Store.
func (d directoryStore) Told(ctx context.Context, number uint64, s directory.Sent, t directory.Transaction) error {
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		waited, err := touched(tx, "directory.told", number, string(s.Version))
		if err != nil || !waited {
			return err
		}
		if err := exec(tx, "directory.set-sent", string(s.Account), string(s.Version), s.Record.Bytes(), micros(s.At)); err != nil {
			return err
		}
		return addTransaction(tx, t)
	})
	if err != nil {
		return fmt.Errorf("recording that the central directory was told: %w", err)
	}
	return nil
}

// Untold implements directory.Store.
func (d directoryStore) Untold(ctx context.Context, number uint64, due time.Time, t directory.Transaction) error {
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		waits, err := touched(tx, "directory.untold", number, t.Key, deadline(due))
		if err != nil || !waits {
			return err
		}
		return addTransaction(tx, t)
	})
	if err != nil {
		return fmt.Errorf("recording that the central directory was not told: %w", err)
	}
	return nil
}

// Again implements directory.Store.
func (d directoryStore) Again(ctx context.Context, a rem.AccountID, now time.Time) error {
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		var waiting int
		if err := tx.QueryRow(queries["directory.waiting-of"], string(a)).Scan(&waiting); err != nil || waiting > 0 {
			return err
		}
		v, _, err := readRecord(tx.QueryRow(queries["directory.newest"], string(a)).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return directory.ErrNotFound
		}
		if err != nil {
			return err
		}
		return exec(tx, "directory.send", string(v.ID), string(a), micros(now))
	})
	if err != nil {
		return fmt.Errorf("keeping a record for the central directory: %w", err)
	}
	return nil
}

// Backlog implements directory.Store.
func (d directoryStore) Backlog(ctx context.Context) (b directory.Backlog, err error) {
	var oldest sql.NullInt64
	if err := d.file.Read.QueryRowContext(ctx, queries["directory.backlog"]).Scan(&b.Waiting, &oldest); err != nil {
		return directory.Backlog{}, fmt.Errorf("reading what the central directory was not told: %w", err)
	}
	b.Oldest = fromDeadline(oldest)
	return b, nil
}

// Sent implements directory.Store.
func (d directoryStore) Sent(ctx context.Context, after rem.AccountID, limit int) (list []directory.Sent, err error) {
	err = d.each(ctx, "directory.sent", func(scan func(...any) error) error {
		var s directory.Sent
		var at int64
		var record []byte
		err := scan(&s.Account, &s.Version, &record, &at)
		if err == nil {
			s.Record, err = privacy.ParseIndexToken(record)
		}
		s.At = fromMicros(at)
		list = append(list, s)
		return err
	}, string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("reading what the central directory was told: %w", err)
	}
	return list, nil
}

// Record implements directory.Store.
func (d directoryStore) Record(ctx context.Context, t directory.Transaction) error {
	if err := d.file.Update(ctx, func(tx *sql.Tx) error { return addTransaction(tx, t) }); err != nil {
		return fmt.Errorf("recording a transaction with the central directory: %w", err)
	}
	return nil
}
