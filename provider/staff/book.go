package staff

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

// The sealed fields of an entry.
const (
	NameField   privacy.FieldID = "staff.Entry.Name"
	NumberField privacy.FieldID = "staff.Entry.Number"
)

// Sessions ends what somebody has open. Ending again does nothing.
type Sessions interface {
	EndAll(ctx context.Context, p rem.PersonID) error
}

// Settings are what everybody has to have, and how long an invitation is good.
type Settings struct {
	// Training and Policies are the subjects that the gate asks for; nil stands
	// for [DataProtection].
	Training, Policies []Subject
	// Invitation is how long one is good; zero stands for three days.
	Invitation time.Duration
}

func (s Settings) orUsual() Settings {
	if s.Training == nil {
		s.Training = []Subject{DataProtection}
	}
	if s.Policies == nil {
		s.Policies = []Subject{DataProtection}
	}
	if s.Invitation <= 0 {
		s.Invitation = 3 * 24 * time.Hour
	}
	return s
}

// A Config is what a book works with. Sessions may be nil while there is no log-in.
type Config struct {
	Store    chain.Store
	Vault    *privacy.Vault
	Clock    rem.Clock
	Sessions Sessions
	Settings Settings
}

// A Book is the staff. It may be used from many goroutines. What it answers is in
// memory; what it writes is durable before it returns.
//
// An error that is no refusal leaves it open whether an entry was written. The
// book then reads its chain again before it says anything more.
type Book struct {
	config Config
	clock  *frozen

	mu    sync.RWMutex
	chain *chain.Chain // guarded by mu; nil: to be read again
	roll  *roll        // guarded by mu

	// owing are those whose sessions have to end before anything else is written.
	owing []rem.PersonID // guarded by mu
}

// frozen is the clock of one entry: what it was checked at is when it is.
type frozen struct {
	rem.Clock
	at time.Time // owned by who holds the book's mu
}

func (f *frozen) Now() time.Time { return f.at }

// sessionsLast is longer than any session of staff lasts: who changed before it
// has none from before.
const sessionsLast = 24 * time.Hour

// Open reads the book. Sessions of everybody whose roles changed in the last day
// are ended, because a crash may have come between the entry and their end.
func Open(ctx context.Context, c Config) (*Book, error) {
	if c.Store == nil || c.Vault == nil || c.Clock == nil {
		return nil, errors.New("opening the staff: something that it works with is missing")
	}
	c.Settings = c.Settings.orUsual()
	b := &Book{config: c, clock: &frozen{Clock: c.Clock}}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	return b, b.settle(ctx)
}

// read reads the chain. mu is held.
func (b *Book) read(ctx context.Context) error {
	r, since := newRoll(), b.config.Clock.Now().Add(-sessionsLast)
	var owing []rem.PersonID
	c, err := chain.Open(ctx, b.config.Store, entryKind, b.clock, func(link chain.Link, _ rem.Digest, in *canon.Reader) error {
		e, err := readEntry(link, in)
		if err != nil {
			return err
		}
		if err := r.allows(e); err != nil {
			return err
		}
		r.apply(e)
		if e.changes() && link.Time.After(since) {
			owing = append(owing, e.Person)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("opening the staff: %w", err)
	}
	b.chain, b.roll, b.owing = c, r, append(b.owing, owing...)
	return nil
}

// changes reports whether the entry changes what somebody may do.
func (e *Entry) changes() bool { return e.Act == Confirm || e.Act == EndRole || e.Act == Leave }

// settle ends the sessions that are owed. mu is held.
func (b *Book) settle(ctx context.Context) error {
	if b.config.Sessions == nil {
		b.owing = nil
		return nil
	}
	for len(b.owing) > 0 {
		if err := b.config.Sessions.EndAll(ctx, b.owing[0]); err != nil {
			return fmt.Errorf("ending the sessions of %s: %w", b.owing[0], err)
		}
		b.owing = b.owing[1:]
	}
	return nil
}

// A Hand is who asks, by which door. On the console he passed the gate as a
// manager, or acts for himself.
type Hand struct {
	Person rem.PersonID
	Door   Door
	Method string // how he proved to be himself
}

// write checks the entry, writes it, and ends the sessions that it ends. also is
// asked under the same lock, before; it may be nil.
func (b *Book) write(ctx context.Context, by Hand, e *Entry, also func(now time.Time) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chain == nil {
		if err := b.read(ctx); err != nil {
			return err
		}
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	head := b.chain.Head()
	now := canon.Instant(b.config.Clock.Now())
	if now.Before(head.Time) {
		now = head.Time
	}
	e.By, e.Door, e.Link = by.Person, by.Door, chain.Link{Number: head.Number + 1, Previous: head.Digest, Time: now}
	if by.Door == Console && e.Act != Acknowledge && e.Act != Redeem && !(e.By == e.Person && (e.Act == EndRole || e.Act == Leave)) {
		if err := b.may(by.Person, Manager, now); err != nil {
			return err
		}
	}
	for _, at := range []*time.Time{&e.From, &e.Until} {
		if !at.IsZero() {
			*at = canon.Instant(*at)
		}
	}
	if e.Act == Propose && e.From.IsZero() {
		e.From = now
	}
	if e.Act == Publish && e.From.IsZero() {
		e.From = now
	}
	if err := b.roll.allows(e); err != nil {
		return err
	}
	if also != nil {
		if err := also(now); err != nil {
			return err
		}
	}
	b.clock.at = now
	if _, _, err := b.chain.Append(ctx, e.write); err != nil {
		if b.chain.Uncertain() != nil {
			b.chain = nil
		}
		return fmt.Errorf("writing the book of staff: %w", err)
	}
	b.roll.apply(e)
	if e.changes() {
		b.owing = append(b.owing, e.Person)
	}
	return b.settle(ctx)
}

// look runs see on what the book has. It is for reading.
func (b *Book) look(ctx context.Context, see func(r *roll) error) error {
	b.mu.RLock()
	if b.chain != nil {
		defer b.mu.RUnlock()
		return see(b.roll)
	}
	b.mu.RUnlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chain == nil {
		if err := b.read(ctx); err != nil {
			return err
		}
	}
	return see(b.roll)
}

// A NewPerson is somebody who is to be of the staff.
type NewPerson struct {
	Name person.Name
	// Number is needed of who is to sign with a certificate; else zero.
	Number person.IdentityNumber
	// Institution is that of a partner's person; "" for ours.
	Institution string
}

func (b *Book) seal(ctx context.Context, p rem.PersonID, n NewPerson) (name, number privacy.SealedValue, err error) {
	if n.Name.IsZero() {
		return name, number, ErrForm
	}
	from := privacy.ByDeclaration(b.config.Clock.Now())
	if name, err = b.config.Vault.Seal(ctx, p, NameField, privacy.NewValue(n.Name.Reveal(), from)); err != nil {
		return name, number, fmt.Errorf("sealing a name: %w", err)
	}
	if !n.Number.IsZero() {
		if number, err = b.config.Vault.Seal(ctx, p, NumberField, privacy.NewValue(n.Number.Reveal(), from)); err != nil {
			return name, number, fmt.Errorf("sealing a number: %w", err)
		}
	}
	return name, number, nil
}

func (b *Book) newPerson() (rem.PersonID, error) {
	id, err := rem.NewToken(b.config.Clock.Now(), rand.Reader)
	return rem.PersonID("stf-" + id), err
}

// First makes the first manager, while there is none. It is for the machine.
func (b *Book) First(ctx context.Context, n NewPerson) (rem.PersonID, error) {
	// Before anything is sealed: a key for nobody would be left.
	if len(b.holders(ctx, Manager)) > 0 {
		return "", ErrFounded
	}
	id, err := b.newPerson()
	if err != nil {
		return "", err
	}
	e := &Entry{Act: Found, Person: id, Role: Manager, Institution: n.Institution}
	if e.Name, e.Number, err = b.seal(ctx, id, n); err != nil {
		return "", err
	}
	return id, b.write(ctx, Hand{Person: id, Door: Machine}, e, nil)
}

func (b *Book) holders(ctx context.Context, role Role) (list []rem.PersonID) {
	err := b.look(ctx, func(r *roll) error { list = r.holders(role, b.config.Clock.Now(), ""); return nil })
	if err != nil {
		return nil // whoever writes next meets the fault
	}
	return list
}

// A Wish is a role that somebody is to have. A zero From is now, a zero Until has
// no end.
type Wish struct {
	Role        Role
	From, Until time.Time
}

// Appoint proposes a new person with a role, and returns who he will be and the
// proposal's number. He is nobody before another manager confirmed.
func (b *Book) Appoint(ctx context.Context, by Hand, n NewPerson, w Wish) (rem.PersonID, uint64, error) {
	if err := b.look(ctx, func(r *roll) error {
		if !r.has(by.Person, Manager, b.config.Clock.Now()) {
			return ErrNotManager
		}
		return nil
	}); err != nil {
		return "", 0, err
	}
	id, err := b.newPerson()
	if err != nil {
		return "", 0, err
	}
	e := &Entry{Act: Propose, Person: id, Role: w.Role, From: w.From, Until: w.Until, Institution: n.Institution}
	if e.Name, e.Number, err = b.seal(ctx, id, n); err != nil {
		return "", 0, err
	}
	if err := b.write(ctx, by, e, nil); err != nil {
		return "", 0, err
	}
	return id, e.Link.Number, nil
}

// Propose proposes a further role for a member, and returns its number.
func (b *Book) Propose(ctx context.Context, by Hand, p rem.PersonID, w Wish) (uint64, error) {
	institution := ""
	if m, err := b.Member(ctx, p); err == nil {
		institution = m.Institution
	}
	e := &Entry{Act: Propose, Person: p, Role: w.Role, From: w.From, Until: w.Until, Institution: institution}
	if err := b.write(ctx, by, e, nil); err != nil {
		return 0, err
	}
	return e.Link.Number, nil
}

// Confirm confirms another's proposal.
func (b *Book) Confirm(ctx context.Context, by Hand, proposal uint64) error {
	return b.answer(ctx, by, Confirm, proposal)
}

// Decline takes a proposal away.
func (b *Book) Decline(ctx context.Context, by Hand, proposal uint64) error {
	return b.answer(ctx, by, Decline, proposal)
}

func (b *Book) answer(ctx context.Context, by Hand, act Act, proposal uint64) error {
	e := &Entry{Act: act, Proposal: proposal}
	err := b.look(ctx, func(r *roll) error {
		p := r.proposals[proposal]
		if p == nil {
			return ErrNoProposal
		}
		e.Person = p.Person
		return nil
	})
	if err != nil {
		return err
	}
	return b.write(ctx, by, e, nil)
}

// EndRole ends a role at once. The last holder's ends only with anyway.
func (b *Book) EndRole(ctx context.Context, by Hand, p rem.PersonID, role Role, why Reason, anyway bool) error {
	return b.end(ctx, by, &Entry{Act: EndRole, Person: p, Role: role, Reason: why}, anyway)
}

// Leave ends all roles of a person at once, and for good. Who is the last in one
// of them leaves only with anyway.
func (b *Book) Leave(ctx context.Context, by Hand, p rem.PersonID, why Reason, anyway bool) error {
	return b.end(ctx, by, &Entry{Act: Leave, Person: p, Reason: why}, anyway)
}

func (b *Book) end(ctx context.Context, by Hand, e *Entry, anyway bool) error {
	return b.write(ctx, by, e, func(now time.Time) error {
		if anyway {
			return nil
		}
		for _, role := range b.roll.members[e.Person].Roles(now) {
			if (e.Act == Leave || role == e.Role) && role != Partner && len(b.roll.holders(role, now, e.Person)) == 0 {
				return ErrLastHolder
			}
		}
		return nil
	})
}

// Train records that somebody passed a course.
func (b *Book) Train(ctx context.Context, by Hand, p rem.PersonID, s Subject, version uint64, passed, until time.Time) error {
	return b.write(ctx, by, &Entry{Act: Train, Person: p, Subject: s, Version: version, From: passed, Until: until}, nil)
}

// Publish publishes the next version of a policy; everybody has to have
// acknowledged it from a time on, zero: from now. It returns the version.
func (b *Book) Publish(ctx context.Context, by Hand, s Subject, text []byte, from time.Time) (uint64, error) {
	if len(text) == 0 {
		return 0, ErrForm
	}
	e := &Entry{Act: Publish, Subject: s, Digest: rem.DigestOf(text), From: from}
	err := b.look(ctx, func(r *roll) error {
		e.Version = 1
		if p := r.newest(s); p != nil {
			e.Version = p.Version + 1
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return e.Version, b.write(ctx, by, e, nil)
}

// Acknowledge records that the person who asks bound himself to the newest version
// of a policy, whose text he was shown.
func (b *Book) Acknowledge(ctx context.Context, by Hand, s Subject, version uint64, digest rem.Digest) error {
	return b.write(ctx, by, &Entry{Act: Acknowledge, Person: by.Person, Subject: s, Version: version, Digest: digest, Method: by.Method}, nil)
}

// ErrNotFound: there is no such person in the book.
var ErrNotFound = errors.New("there is no such person in the book of staff")

// Member returns a person, or ErrNotFound.
func (b *Book) Member(ctx context.Context, p rem.PersonID) (*Member, error) {
	var found *Member
	err := b.look(ctx, func(r *roll) error {
		m := r.members[p]
		if m == nil {
			return ErrNotFound
		}
		found = m.clone()
		return nil
	})
	return found, err
}

// Members returns everybody who is or was of the staff, in the order of joining.
func (b *Book) Members(ctx context.Context) (list []*Member, err error) {
	err = b.look(ctx, func(r *roll) error {
		for _, p := range r.order {
			list = append(list, r.members[p].clone())
		}
		return nil
	})
	return list, err
}

// Proposals returns those that wait, oldest first.
func (b *Book) Proposals(ctx context.Context) (list []Proposal, err error) {
	now := b.config.Clock.Now()
	err = b.look(ctx, func(r *roll) error {
		for _, p := range r.proposals {
			if now.Before(p.At.Add(ProposalTerm)) {
				list = append(list, *p)
			}
		}
		return nil
	})
	slices.SortFunc(list, func(x, y Proposal) int { return int(x.Number) - int(y.Number) })
	return list, err
}

// Policies returns every published version, oldest first.
func (b *Book) Policies(ctx context.Context) (list []Policy, err error) {
	err = b.look(ctx, func(r *roll) error { list = slices.Clone(r.policies); return nil })
	return list, err
}

// Names opens the names of members, after the access log has who looks: a manager
// of staff, for a case. Each name is a person's own, so that each sees it in his
// own log.
func (b *Book) Names(ctx context.Context, a privacy.Access, persons []rem.PersonID) (map[rem.PersonID]string, error) {
	var items []privacy.Item
	err := b.look(ctx, func(r *roll) error {
		for _, p := range persons {
			if m := r.members[p]; m != nil {
				items = append(items, privacy.Item{Person: p, Field: NameField, Sealed: m.Name})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	names := make(map[rem.PersonID]string, len(items))
	for group := range slices.Chunk(items, privacy.MaxItems) {
		values, err := b.config.Vault.OpenAll(ctx, a, group)
		if err != nil {
			return nil, fmt.Errorf("opening the names of staff: %w", err)
		}
		for i, v := range values {
			names[group[i].Person] = v.Text()
		}
	}
	return names, nil
}
