package personstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/sqlitefile"
	"rem/person/login"
	"rem/privacy"
)

var _ login.Store = (*Logins)(nil)

// Logins is the part of the store that keeps log-ins. It may be used from many
// goroutines.
type Logins struct{ file *sqlitefile.File }

// Logins returns the part that keeps log-ins; it ends with the store.
func (s *Store) Logins() *Logins { return &Logins{s.file} }

func (l *Logins) row(ctx context.Context, name string, args ...any) *sql.Row {
	return l.file.Read.QueryRowContext(ctx, queries[name], args...)
}

// rows reads all rows of a statement; scan is that of each.
func (l *Logins) rows(ctx context.Context, name string, each func(scan func(...any) error) error, args ...any) (err error) {
	rows, err := l.file.Read.QueryContext(ctx, queries[name], args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func none(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return login.ErrNone
	}
	return err
}

// octets is a digest as it is kept, NULL for none.
func octets(id []byte) []byte {
	if len(bytes.Trim(id, "\x00")) == 0 {
		return nil
	}
	return id
}

// fromOctets fills a digest; NULL leaves it zero.
func fromOctets(to, b []byte) error {
	if len(b) != 0 && copy(to, b) != len(b) || len(b) != 0 && len(b) != len(to) {
		return errors.New("a digest of a log-in is cut")
	}
	return nil
}

func fromToken(b []byte) (privacy.IndexToken, error) {
	if len(b) == 0 {
		return privacy.IndexToken{}, nil
	}
	return privacy.ParseIndexToken(b)
}

func tokenOctets(t privacy.IndexToken) []byte {
	if t == (privacy.IndexToken{}) {
		return nil
	}
	return t.Bytes()
}

// queryRow is a reader or a step.
type queryRow func(name string, args ...any) *sql.Row

func inStep(tx *sql.Tx) queryRow {
	return func(name string, args ...any) *sql.Row { return tx.QueryRow(queries[name], args...) }
}

func (l *Logins) reading(ctx context.Context) queryRow {
	return func(name string, args ...any) *sql.Row { return l.row(ctx, name, args...) }
}

func personOf(q queryRow, who login.Who) (login.Person, error) {
	p := login.Person{Who: who}
	var totp, proposed, signatory []byte
	err := q("login.person", string(who.Person), string(who.Kind)).Scan(&p.Epoch, &p.Locked, &p.Hash, &totp, &proposed, &p.Step, &p.SMS, &p.Passkeys, &signatory)
	if errors.Is(err, sql.ErrNoRows) {
		return login.Person{}, nil
	}
	if err == nil {
		p.TOTP, err = privacy.ParseSealed(totp)
	}
	if err == nil {
		p.Proposed, err = privacy.ParseSealed(proposed)
	}
	if err == nil {
		p.Signatory, err = fromToken(signatory)
	}
	return p, err
}

// Person implements login.Store.
func (l *Logins) Person(ctx context.Context, who login.Who) (login.Person, error) {
	return personOf(l.reading(ctx), who)
}

// Named implements login.Store.
func (l *Logins) Named(ctx context.Context, kind login.Kind, name privacy.IndexToken) (login.Name, error) {
	return nameOf(l.reading(ctx), kind, name)
}

func nameOf(q queryRow, kind login.Kind, name privacy.IndexToken) (login.Name, error) {
	n := login.Name{Who: login.Who{Kind: kind}}
	if err := q("login.named", name.Bytes(), string(kind)).Scan(&n.Who.Person, &n.Account); err != nil {
		return login.Name{}, none(err)
	}
	return n, nil
}

// Signatory implements login.Store.
func (l *Logins) Signatory(ctx context.Context, kind login.Kind, number privacy.IndexToken) (login.Who, error) {
	return signatoryOf(l.reading(ctx), kind, number)
}

func signatoryOf(q queryRow, kind login.Kind, number privacy.IndexToken) (login.Who, error) {
	who := login.Who{Kind: kind}
	if err := q("login.signatory", tokenOctets(number), string(kind)).Scan(&who.Person); err != nil {
		return login.Who{}, none(err)
	}
	return who, nil
}

// Accounts implements login.Store.
func (l *Logins) Accounts(ctx context.Context, who login.Who) (ids []rem.AccountID, err error) {
	err = l.rows(ctx, "login.accounts", func(scan func(...any) error) error {
		var id rem.AccountID
		if err := scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, string(who.Person), string(who.Kind))
	return ids, err
}

func scanPasskey(scan func(...any) error) (k login.Passkey, err error) {
	var name []byte
	var made int64
	var used sql.NullInt64
	if err = scan(&k.Credential, &k.Who.Person, &k.Who.Kind, &k.Key, &k.Counter, &k.Eligible, &k.Backed, &k.Transports, &name, &made, &used); err != nil {
		return login.Passkey{}, none(err)
	}
	k.Made, k.Used = fromMicros(made), fromDeadline(used)
	k.Name, err = privacy.ParseSealed(name)
	return k, err
}

// Passkey implements login.Store.
func (l *Logins) Passkey(ctx context.Context, credential []byte) (login.Passkey, error) {
	return scanPasskey(l.row(ctx, "login.passkey", notNil(credential)).Scan)
}

// Passkeys implements login.Store.
func (l *Logins) Passkeys(ctx context.Context, who login.Who) (list []login.Passkey, err error) {
	err = l.rows(ctx, "login.passkeys", func(scan func(...any) error) error {
		k, err := scanPasskey(scan)
		list = append(list, k)
		return err
	}, string(who.Person), string(who.Kind))
	return list, err
}

func scanSession(scan func(...any) error) (s login.Session, err error) {
	var id, device, event []byte
	var created, proved, seen int64
	if err := scan(&id, &s.Who.Person, &s.Who.Kind, &s.Account, &s.Level, &s.Method, &created, &proved, &seen, &device, &event); err != nil {
		return login.Session{}, none(err)
	}
	s.Created, s.Proved, s.Seen = fromMicros(created), fromMicros(proved), fromMicros(seen)
	return s, errors.Join(fromOctets(s.ID[:], id), fromOctets(s.Device[:], device), fromOctets(s.Event[:], event))
}

// Session implements login.Store.
func (l *Logins) Session(ctx context.Context, id login.ID) (login.Session, error) {
	return scanSession(l.row(ctx, "login.session", id[:]).Scan)
}

// Sessions implements login.Store.
func (l *Logins) Sessions(ctx context.Context, who login.Who) (list []login.Session, err error) {
	err = l.rows(ctx, "login.sessions", func(scan func(...any) error) error {
		s, err := scanSession(scan)
		list = append(list, s)
		return err
	}, string(who.Person), string(who.Kind))
	return list, err
}

// Attempt implements login.Store.
func (l *Logins) Attempt(ctx context.Context, id login.ID) (login.Attempt, error) {
	return attemptOf(l.reading(ctx), id)
}

func attemptOf(q queryRow, id login.ID) (login.Attempt, error) {
	a := login.Attempt{ID: id}
	var made int64
	var sent sql.NullInt64
	var raises []byte
	err := q("login.attempt", id[:]).Scan(&a.Who.Person, &a.Who.Kind, &a.Account, &a.Epoch, &made, &raises, &a.Code, &sent, &a.Sends, &a.Tries, &a.Known, &a.Phone)
	if err != nil {
		return login.Attempt{}, none(err)
	}
	a.Made, a.Sent = fromMicros(made), fromDeadline(sent)
	return a, fromOctets(a.Raises[:], raises)
}

func scanDevice(who login.Who, scan func(...any) error) (login.Device, error) {
	d := login.Device{Who: who}
	var id, agent []byte
	var first, last int64
	err := scan(&id, &agent, &first, &last)
	if err != nil {
		return login.Device{}, none(err)
	}
	d.First, d.Last = fromMicros(first), fromMicros(last)
	if d.Agent, err = privacy.ParseSealed(agent); err != nil {
		return login.Device{}, err
	}
	return d, fromOctets(d.ID[:], id)
}

// Device implements login.Store.
func (l *Logins) Device(ctx context.Context, who login.Who, id login.ID) (login.Device, error) {
	return scanDevice(who, l.row(ctx, "login.device", string(who.Person), string(who.Kind), id[:]).Scan)
}

// Devices implements login.Store.
func (l *Logins) Devices(ctx context.Context, who login.Who) (list []login.Device, err error) {
	err = l.rows(ctx, "login.devices", func(scan func(...any) error) error {
		d, err := scanDevice(who, scan)
		list = append(list, d)
		return err
	}, string(who.Person), string(who.Kind))
	return list, err
}

// last is after every event.
var lastEvent = login.EventID{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}

// Events implements login.Store.
func (l *Logins) Events(ctx context.Context, who login.Who, before login.EventID, limit int) (list []login.Event, err error) {
	if before == (login.EventID{}) {
		before = lastEvent
	}
	err = l.rows(ctx, "login.events", func(scan func(...any) error) error {
		e := login.Event{Who: who}
		var id, place []byte
		var at int64
		err := scan(&id, &at, &e.What, &e.Method, &e.Outcome, &place)
		if err == nil {
			e.Where, err = privacy.ParseSealed(place)
		}
		e.At = fromMicros(at)
		list = append(list, e)
		return errors.Join(err, fromOctets(list[len(list)-1].ID[:], id))
	}, string(who.Person), string(who.Kind), before[:], limit)
	return list, err
}

// Granted implements login.Store.
func (l *Logins) Granted(ctx context.Context, id login.ID) (login.Grant, error) {
	return grantOf(l.reading(ctx), id)
}

func grantOf(q queryRow, id login.ID) (login.Grant, error) {
	g := login.Grant{ID: id}
	var until int64
	if err := q("login.grant", id[:]).Scan(&g.Who.Person, &g.Who.Kind, &g.Account, &until); err != nil {
		return login.Grant{}, none(err)
	}
	g.Until = fromMicros(until)
	return g, nil
}

// Failure implements login.Store.
func (l *Logins) Failure(ctx context.Context, key login.ID) (login.Failure, error) {
	f := login.Failure{Key: key}
	var last int64
	err := l.row(ctx, "login.failure", key[:]).Scan(&f.Count, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	f.Last = fromMicros(last)
	return f, err
}

// Spent implements login.Store.
func (l *Logins) Spent(ctx context.Context, id login.ID) (bool, error) {
	err := unspent(l.reading(ctx), login.Spent{ID: id})
	if errors.Is(err, login.ErrStale) {
		return true, nil
	}
	return false, err
}

// Notices implements login.Store.
func (l *Logins) Notices(ctx context.Context, limit int) (list []login.Notice, err error) {
	err = l.rows(ctx, "login.notices", func(scan func(...any) error) error {
		var n login.Notice
		var id []byte
		var at int64
		err := scan(&id, &n.Who.Person, &n.Who.Kind, &n.What, &at)
		n.At = fromMicros(at)
		err = errors.Join(err, fromOctets(n.ID[:], id))
		list = append(list, n)
		return err
	}, limit)
	return list, err
}

// of are the two columns by which what belongs to somebody is found.
func of(who login.Who, more ...any) []any {
	return append([]any{string(who.Person), string(who.Kind)}, more...)
}

func giveNames(tx *sql.Tx, n login.Naming) error {
	q := inStep(tx)
	for _, t := range n.Names {
		if err := exec(tx, "login.name-add", t.Bytes(), string(n.Who.Kind), string(n.Who.Person), string(n.Account)); err != nil {
			return err
		}
		have, err := nameOf(q, n.Who.Kind, t)
		if err != nil {
			return err
		}
		if have != (login.Name{Who: n.Who, Account: n.Account}) {
			return login.ErrTaken
		}
	}
	if err := exec(tx, "login.person-add", of(n.Who)...); err != nil {
		return err
	}
	if n.Signatory == (privacy.IndexToken{}) {
		return nil
	}
	have, err := signatoryOf(q, n.Who.Kind, n.Signatory)
	switch {
	case err == nil && have != n.Who:
		return login.ErrTaken
	case err != nil && !errors.Is(err, login.ErrNone):
		return err
	}
	return exec(tx, "login.person-sign", of(n.Who, n.Signatory.Bytes())...)
}

// Grant implements login.Store.
func (l *Logins) Grant(ctx context.Context, g login.Grant, n login.Naming) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		if err := giveNames(tx, n); err != nil {
			return err
		}
		return exec(tx, "login.grant-add", g.ID[:], string(g.Who.Person), string(g.Who.Kind), string(g.Account), micros(g.Until))
	})
}

// Name implements login.Store.
func (l *Logins) Name(ctx context.Context, n login.Naming) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error { return giveNames(tx, n) })
}

// all makes several statements of a step, one after another.
func all(tx *sql.Tx, statements ...statement) error {
	for _, s := range statements {
		if err := exec(tx, s.name, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

type statement struct {
	name string
	args []any
}

// Leave implements login.Store.
func (l *Logins) Leave(ctx context.Context, who login.Who, account rem.AccountID) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		return all(tx,
			statement{"login.name-leave", of(who, string(account))}, statement{"login.session-leave", of(who, string(account))},
			statement{"login.attempt-end-kind", of(who)}, statement{"login.epoch", of(who)})
	})
}

// Pend implements login.Store.
func (l *Logins) Pend(ctx context.Context, a login.Attempt, clears []login.ID) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		p, err := personOf(inStep(tx), a.Who)
		if err != nil {
			return err
		}
		if p.Epoch != a.Epoch || p.Locked {
			return login.ErrStale
		}
		if _, err := attemptOf(inStep(tx), a.ID); !errors.Is(err, login.ErrNone) {
			return err
		}
		err = all(tx, statement{"login.attempt-crowd", of(a.Who, login.MaxAttempts-1)},
			statement{"login.attempt-add", []any{a.ID[:], string(a.Who.Person), string(a.Who.Kind), string(a.Account), a.Epoch, micros(a.Made), octets(a.Raises[:]), a.Code, instant(a.Sent), a.Sends, a.Tries, a.Known, a.Phone}})
		if err != nil {
			return err
		}
		return clearFailures(tx, clears)
	})
}

func clearFailures(tx *sql.Tx, keys []login.ID) error {
	for _, k := range keys {
		if err := exec(tx, "login.failure-clear", k[:]); err != nil {
			return err
		}
	}
	return nil
}

// Sending implements login.Store.
func (l *Logins) Sending(ctx context.Context, attempt login.ID, code []byte, at time.Time, maxSends int) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(queries["login.attempt-send"], attempt[:], code, micros(at), maxSends)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n == 0 {
			return login.ErrStale
		}
		return err
	})
}

// Fail implements login.Store.
func (l *Logins) Fail(ctx context.Context, f login.Failing) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		count := statement{"login.failure-count", []any{f.Key[:], micros(f.At), f.Window.Microseconds()}}
		if f.Held {
			// Written all the same, so that who has to wait hears no sooner.
			count = statement{"login.failure-hold", []any{f.Key[:]}}
		}
		if err := all(tx, count); err != nil {
			return err
		}
		if !f.Attempt.IsZero() {
			if err := all(tx, statement{"login.attempt-try", []any{f.Attempt[:]}}, statement{"login.attempt-tried", []any{f.Attempt[:], login.MaxTries}}); err != nil {
				return err
			}
		}
		return writeNews(tx, f.Events, f.Notices)
	})
}

func writeNews(tx *sql.Tx, events []login.Event, notices []login.Notice) error {
	for _, e := range events {
		err := all(tx, statement{"login.event-add", of(e.Who, e.ID[:], micros(e.At), string(e.What), string(e.Method), string(e.Outcome), e.Where.Bytes())},
			statement{"login.event-crowd", of(e.Who, login.MaxEvents)})
		if err != nil {
			return err
		}
	}
	for _, n := range notices {
		if err := exec(tx, "login.notice-add", n.ID[:], string(n.Who.Person), string(n.Who.Kind), string(n.What), micros(n.At), login.MaxNotices); err != nil {
			return err
		}
	}
	return nil
}

// rests says whether what an opening rests on is so.
func rests(q queryRow, o *login.Opening) error {
	who := o.Session.Who
	p, err := personOf(q, who)
	if err != nil {
		return err
	}
	if p.Epoch != o.Epoch || p.Locked || o.Step != 0 && o.StepBefore != p.Step {
		return login.ErrStale
	}
	if !o.Grant.IsZero() {
		g, err := grantOf(q, o.Grant)
		if err != nil || g.Who != who || !o.Session.Proved.Before(g.Until) {
			return stale(err)
		}
	}
	if !o.Attempt.IsZero() {
		if a, err := attemptOf(q, o.Attempt); err != nil || a.Who != who {
			return stale(err)
		}
	}
	if !o.Replaces.IsZero() {
		if s, err := scanSession(q("login.session", o.Replaces[:]).Scan); err != nil || s.Who != who {
			return stale(err)
		}
	}
	if err := unspent(q, o.Spent); err != nil {
		return err
	}
	if len(o.Use.Credential) > 0 {
		if k, err := scanPasskey(q("login.passkey", o.Use.Credential).Scan); err != nil || k.Who != who || k.Counter != o.Use.Before {
			return stale(err)
		}
	}
	return nil
}

// stale makes ErrStale of what is not there, and keeps a fault.
func stale(err error) error {
	if err == nil || errors.Is(err, login.ErrNone) {
		return login.ErrStale
	}
	return err
}

func unspent(q queryRow, s login.Spent) error {
	if s.ID.IsZero() {
		return nil
	}
	var one int
	err := q("login.spent", s.ID[:]).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return stale(err)
}

func spend(tx *sql.Tx, s login.Spent) error {
	if s.ID.IsZero() {
		return nil
	}
	return exec(tx, "login.spend", s.ID[:], micros(s.Until))
}

func addSession(tx *sql.Tx, s login.Session) error {
	return all(tx, statement{"login.session-crowd", of(s.Who, login.MaxSessions-1)},
		statement{"login.session-add", []any{s.ID[:], string(s.Who.Person), string(s.Who.Kind), string(s.Account), int(s.Level), string(s.Method), micros(s.Created), micros(s.Proved), micros(s.Seen), octets(s.Device[:]), octets(s.Event[:])}})
}

// Open implements login.Store.
func (l *Logins) Open(ctx context.Context, o login.Opening) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		q, s := inStep(tx), o.Session
		if _, err := scanSession(q("login.session", s.ID[:]).Scan); !errors.Is(err, login.ErrNone) {
			return err // made before, or a fault
		}
		if err := rests(q, &o); err != nil {
			return err
		}
		// The person's row is there also for who has no credentials, so that
		// EndAll finds an epoch to raise.
		steps := []statement{{"login.person-add", of(s.Who)}}
		if o.Step != 0 {
			steps = append(steps, statement{"login.person-step", of(s.Who, o.Step)})
		}
		for name, id := range map[string]login.ID{"login.grant-end": o.Grant, "login.attempt-end": o.Attempt} {
			if !id.IsZero() {
				steps = append(steps, statement{name, []any{id[:]}})
			}
		}
		if !o.Replaces.IsZero() {
			steps = append(steps, statement{"login.session-end", append([]any{o.Replaces[:]}, of(s.Who)...)})
		}
		if len(o.Use.Credential) > 0 {
			steps = append(steps, statement{"login.passkey-use", []any{o.Use.Credential, o.Use.Counter, o.Use.Backed, micros(s.Proved)}})
		}
		if err := all(tx, steps...); err != nil {
			return err
		}
		if err := spend(tx, o.Spent); err != nil {
			return err
		}
		if err := addSession(tx, s); err != nil {
			return err
		}
		if d := o.Device; !d.ID.IsZero() {
			err := all(tx, statement{"login.device-put", of(s.Who, d.ID[:], d.Agent.Bytes(), micros(d.First), micros(d.Last))},
				statement{"login.device-crowd", of(s.Who, login.MaxDevices)})
			if err != nil {
				return err
			}
		}
		if err := clearFailures(tx, o.Clears); err != nil {
			return err
		}
		return writeNews(tx, o.Events, o.Notices)
	})
}

// Change implements login.Store.
func (l *Logins) Change(ctx context.Context, c login.Change) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		q, who := inStep(tx), c.Person.Who
		takes := !c.Session.ID.IsZero()
		if takes {
			if _, err := scanSession(q("login.session", c.Session.ID[:]).Scan); !errors.Is(err, login.ErrNone) {
				return err // made before, or a fault
			}
		}
		p, err := personOf(q, who)
		if err != nil {
			return err
		}
		if p.Epoch != c.Person.Epoch || p.Locked {
			return login.ErrStale
		}
		if s, err := scanSession(q("login.session", c.By[:]).Scan); err != nil || s.Who != who {
			return stale(err)
		}
		if !c.Attempt.IsZero() {
			if a, err := attemptOf(q, c.Attempt); err != nil || a.Who != who {
				return stale(err)
			}
		}
		if err := unspent(q, c.Spent); err != nil {
			return err
		}
		if k := c.Adds; len(k.Credential) > 0 {
			if _, err := scanPasskey(q("login.passkey", k.Credential).Scan); !errors.Is(err, login.ErrNone) {
				if err == nil {
					err = login.ErrTaken
				}
				return err
			}
			err := exec(tx, "login.passkey-add", k.Credential, string(who.Person), string(who.Kind), k.Key, k.Counter, k.Eligible, k.Backed, k.Transports, k.Name.Bytes(), micros(k.Made), instant(k.Used))
			if err != nil {
				return err
			}
		}
		if len(c.Removes) > 0 {
			if err := exec(tx, "login.passkey-remove", c.Removes, string(who.Person), string(who.Kind)); err != nil {
				return err
			}
		}
		if err := spend(tx, c.Spent); err != nil {
			return err
		}
		steps := []statement{
			{"login.person-change", of(who, c.Person.Hash, c.Person.TOTP.Bytes(), c.Person.Proposed.Bytes(), c.Person.Step, c.Person.SMS)},
			{"login.epoch", of(who)}, {"login.attempt-end-kind", of(who)}, {"login.grant-end-kind", of(who)},
		}
		if takes {
			steps = append(steps, statement{"login.session-end-kind", of(who)})
		}
		if err := all(tx, steps...); err != nil {
			return err
		}
		if takes {
			if err := addSession(tx, c.Session); err != nil {
				return err
			}
		}
		return writeNews(tx, c.Events, c.Notices)
	})
}

// step makes one statement an atomic step.
func (l *Logins) step(ctx context.Context, statements ...statement) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error { return all(tx, statements...) })
}

// Touch implements login.Store.
func (l *Logins) Touch(ctx context.Context, id login.ID, seen time.Time) error {
	return l.step(ctx, statement{"login.session-touch", []any{id[:], micros(seen)}})
}

// End implements login.Store.
func (l *Logins) End(ctx context.Context, who login.Who, id login.ID) error {
	return l.step(ctx, statement{"login.session-end", append([]any{id[:]}, of(who)...)})
}

// EndAll implements login.Store.
func (l *Logins) EndAll(ctx context.Context, person rem.PersonID) error {
	p := []any{string(person)}
	return l.step(ctx, statement{"login.epoch-all", p}, statement{"login.session-end-all", p}, statement{"login.attempt-end-all", p})
}

func ending(who login.Who) []statement {
	return []statement{{"login.epoch", of(who)}, {"login.session-end-kind", of(who)}, {"login.attempt-end-kind", of(who)}}
}

// Lock implements login.Store.
func (l *Logins) Lock(ctx context.Context, who login.Who, locked bool, e login.Event, n login.Notice) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		steps := append([]statement{{"login.person-add", of(who)}, {"login.person-lock", of(who, locked)}}, ending(who)...)
		if err := all(tx, steps...); err != nil {
			return err
		}
		return writeNews(tx, []login.Event{e}, []login.Notice{n})
	})
}

// Reset implements login.Store.
func (l *Logins) Reset(ctx context.Context, who login.Who, e login.Event, n login.Notice) error {
	return l.file.Update(ctx, func(tx *sql.Tx) error {
		steps := append([]statement{
			{"login.person-add", of(who)}, {"login.person-reset", of(who)}, {"login.passkey-remove-all", of(who)},
			{"login.device-forget-all", of(who)}, {"login.grant-end-kind", of(who)},
		}, ending(who)...)
		if err := all(tx, steps...); err != nil {
			return err
		}
		return writeNews(tx, []login.Event{e}, []login.Notice{n})
	})
}

// Forget implements login.Store.
func (l *Logins) Forget(ctx context.Context, who login.Who, id login.ID) error {
	return l.step(ctx, statement{"login.device-forget", of(who, id[:])})
}

// Told implements login.Store.
func (l *Logins) Told(ctx context.Context, id login.EventID) error {
	return l.step(ctx, statement{"login.notice-told", []any{id[:]}})
}

// Sweep implements login.Store.
func (l *Logins) Sweep(ctx context.Context, over login.Over, limit int) (int, error) {
	return sqlitefile.Answer(ctx, l.file, func(tx *sql.Tx) (int, error) {
		total := 0
		for _, s := range []struct {
			name   string
			before time.Time
		}{
			{"login.sweep-grant", over.Now}, {"login.sweep-spent", over.Now}, {"login.sweep-attempt", over.Attempts}, {"login.sweep-session", over.Sessions},
			{"login.sweep-failure", over.Failures}, {"login.sweep-event", over.Events}, {"login.sweep-device", over.Devices},
		} {
			r, err := tx.Exec(queries[s.name], micros(s.before), limit)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", s.name, err)
			}
			n, err := r.RowsAffected()
			if err != nil {
				return 0, err
			}
			total += int(n)
		}
		return total, nil
	})
}
