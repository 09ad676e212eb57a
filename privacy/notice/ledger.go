package notice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

// Errors of a ledger.
var (
	ErrNotFound  = errors.New("there is no such notice")
	ErrRefused   = errors.New("the notice cannot be published")
	ErrBackdated = errors.New("a notice cannot hold from an earlier time")
	ErrNotHeld   = errors.New("this version is not in force")
	ErrTooMany   = errors.New("too many visitors were told in a short time")
)

// visitorsPerHour bounds how many deliveries to visitors are kept in an hour of
// the clock, because whoever asks for a page makes one (AT-38). What is above
// is not recorded, and says so.
const visitorsPerHour = 10_000

// A Status says where a version stands at some time.
type Status string

// The states of a version.
const (
	Announced  Status = "announced" // published, and holds from a later time
	InForce    Status = "in-force"
	Superseded Status = "superseded"
)

// A Version is a published notice. It never changes.
type Version struct {
	Publication
	Notice *Notice
	// Changes are those from the version before; empty for the first.
	Changes []Change
}

// A Ledger keeps the versions and who was told. It may be used from many
// goroutines.
type Ledger struct {
	publications, deliveries *chain.Chain

	publishing sync.Mutex // held while a version is published
	delivering sync.Mutex // held while a delivery is recorded; guards hour, visitors

	hour     time.Time
	visitors int

	mu       sync.RWMutex
	versions []*Version                // guarded by mu
	given    map[givenKey]uint64       // guarded by mu; the number of its first delivery
	of       map[rem.PersonID][]uint64 // guarded by mu; the numbers of a person's deliveries
}

// givenKey is what is recorded once.
type givenKey struct {
	person   rem.PersonID
	digest   rem.Digest
	act      Act
	language privacy.Language
}

// Open reads both chains whole. A chain that does not fit together, and a
// publication that could not have been, are errors.
func Open(ctx context.Context, publications, deliveries chain.Store, clock rem.Clock) (*Ledger, error) {
	l := &Ledger{given: map[givenKey]uint64{}, of: map[rem.PersonID][]uint64{}}
	var err error
	l.publications, err = chain.Open(ctx, publications, publicationKind, clock, func(link chain.Link, _ rem.Digest, r *canon.Reader) error {
		p, n, err := readPublication(link, r)
		if err != nil {
			return err
		}
		if k := len(l.versions); k > 0 && p.Effective.Before(l.versions[k-1].Effective) {
			return ErrBackdated
		}
		l.add(p, n)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the notices: %w", err)
	}
	l.deliveries, err = chain.Open(ctx, deliveries, deliveryKind, clock, func(link chain.Link, _ rem.Digest, r *canon.Reader) error {
		d, err := readDelivery(link, r)
		if err != nil {
			return err
		}
		l.note(d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the deliveries of notices: %w", err)
	}
	return l, nil
}

// add takes a version in. Open calls it alone, Publish with mu held.
func (l *Ledger) add(p *Publication, n *Notice) *Version {
	v := &Version{Publication: *p, Notice: n}
	if k := len(l.versions); k > 0 {
		v.Changes = Diff(l.versions[k-1].Notice, n)
	}
	l.versions = append(l.versions, v)
	return v
}

// note takes a delivery in, as add does.
func (l *Ledger) note(d *Delivery) {
	if d.Person == "" {
		return
	}
	l.of[d.Person] = append(l.of[d.Person], d.Link.Number)
	key := givenKey{d.Person, d.Digest, d.Act, d.Language}
	if l.given[key] == 0 {
		l.given[key] = d.Link.Number
	}
}

// Terms say under which a notice is published.
type Terms struct {
	By       rem.PersonID      // the natural person who publishes it
	Register *privacy.Register // the inventory that it has to agree with
	// AllowSample lets a sample be published, in demonstrations.
	AllowSample bool
}

// Publish makes a notice a version, for ever. It holds from the time that it
// states, or from now; an earlier time is ErrBackdated. It is refused, with
// ErrRefused and every fault joined to it, when [Lint] or [Compare] find one, when
// it is a sample, or when it does not carry the next version's number. Publishing the
// newest version's own bytes again changes nothing and returns that version.
func (l *Ledger) Publish(ctx context.Context, source []byte, t Terms) (*Version, error) {
	n, err := Parse(source)
	if err != nil {
		return nil, fmt.Errorf("publishing a notice: %w: %w", ErrRefused, err)
	}
	l.publishing.Lock()
	defer l.publishing.Unlock()
	last := l.last()
	digest := rem.DigestOf(source)
	if last != nil && last.Digest == digest {
		return last, nil
	}
	var faults []error
	for _, f := range slices.Concat(Lint(n), Compare(n, t.Register)) {
		faults = append(faults, f)
	}
	if n.Sample && !t.AllowSample {
		faults = append(faults, &Fault{"", "S49", "it is a sample, which a provider has to make his own"})
	}
	if next := l.publications.Head().Number + 1; n.Version != next {
		faults = append(faults, &Fault{"", "P-04", fmt.Sprintf("it says version %d, and the next one is %d", n.Version, next)})
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("publishing a notice: %w: %w", ErrRefused, errors.Join(faults...))
	}
	p := &Publication{By: t.By, Effective: n.Effective, Digest: digest, Source: slices.Clone(source)}
	now := canon.Instant(l.publications.Clock().Now())
	if n.Effective.IsZero() {
		p.Effective = now
	}
	switch {
	case p.Effective.Before(now):
		return nil, fmt.Errorf("publishing a notice: %w: it says %s, and it is %s", ErrBackdated, p.Effective.Format(time.RFC3339), now.Format(time.RFC3339))
	case last != nil && p.Effective.Before(last.Effective):
		return nil, fmt.Errorf("publishing a notice: %w: version %d holds from %s on", ErrBackdated, last.Notice.Version, last.Effective.Format(time.RFC3339))
	}
	p.Link, _, err = l.publications.Append(ctx, func(w *canon.Writer) { p.write(w, n.Effective) })
	if err != nil {
		return nil, fmt.Errorf("publishing a notice: %w", err)
	}
	p.Effective = p.Link.Time // as reading it again gives
	if n.Effective.After(p.Link.Time) {
		p.Effective = n.Effective
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(p, n), nil
}

func (l *Ledger) last() *Version {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.versions) == 0 {
		return nil
	}
	return l.versions[len(l.versions)-1]
}

// Versions returns all versions, oldest first.
func (l *Ledger) Versions() []*Version {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.versions)
}

// Version returns a version by its number, or ErrNotFound.
func (l *Ledger) Version(n uint64) (*Version, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if n == 0 || n > uint64(len(l.versions)) {
		return nil, fmt.Errorf("version %d: %w", n, ErrNotFound)
	}
	return l.versions[n-1], nil
}

// InForce returns the version that holds at a time, or ErrNotFound.
func (l *Ledger) InForce(at time.Time) (*Version, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, v := range slices.Backward(l.versions) {
		if !v.Effective.After(at) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("in force at %s: %w", at.Format(time.RFC3339), ErrNotFound)
}

// StatusOf says where a version stands at a time.
func (l *Ledger) StatusOf(v *Version, at time.Time) Status {
	holds, err := l.InForce(at)
	switch {
	case v.Effective.After(at):
		return Announced
	case err == nil && holds == v:
		return InForce
	}
	return Superseded
}

// Deliver records that somebody was told the version in force: an entry of its
// own, which is never consent (S02, P-06). The link of d is given here, and so
// is the version's number. Telling a person the same in the same language again
// changes nothing and returns the first delivery.
//
// The error wraps ErrNotFound, ErrNotHeld for a version that is not in force, or
// ErrTooMany for visitors.
func (l *Ledger) Deliver(ctx context.Context, d Delivery) (*Delivery, error) {
	now := l.deliveries.Clock().Now()
	v, err := l.InForce(now)
	if err != nil {
		return nil, fmt.Errorf("recording a delivery: %w", err)
	}
	if v.Digest != d.Digest {
		return nil, fmt.Errorf("recording a delivery: %w", ErrNotHeld)
	}
	d.Version = v.Notice.Version
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("recording a delivery: %w", err)
	}
	l.delivering.Lock()
	defer l.delivering.Unlock()
	if d.Person != "" {
		l.mu.RLock()
		n := l.given[givenKey{d.Person, d.Digest, d.Act, d.Language}]
		l.mu.RUnlock()
		if n != 0 {
			return l.delivery(ctx, n)
		}
	} else if err := l.admit(now); err != nil {
		return nil, fmt.Errorf("recording a delivery: %w", err)
	}
	d.Link, _, err = l.deliveries.Append(ctx, d.write)
	if err != nil {
		return nil, fmt.Errorf("recording a delivery: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(&d)
	return &d, nil
}

// admit counts visitors; delivering is held.
func (l *Ledger) admit(now time.Time) error {
	if hour := now.Truncate(time.Hour); hour != l.hour {
		l.hour, l.visitors = hour, 0
	}
	if l.visitors >= visitorsPerHour {
		return ErrTooMany
	}
	l.visitors++
	return nil
}

func (l *Ledger) delivery(ctx context.Context, number uint64) (*Delivery, error) {
	b, err := l.deliveries.Entry(ctx, number)
	if err != nil {
		return nil, err
	}
	return ParseDelivery(b)
}

// DeliveriesTo returns what a person was told, oldest first.
func (l *Ledger) DeliveriesTo(ctx context.Context, person rem.PersonID) (list []*Delivery, err error) {
	l.mu.RLock()
	numbers := slices.Clone(l.of[person])
	l.mu.RUnlock()
	for _, n := range numbers {
		d, err := l.delivery(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("reading what a person was told: %w", err)
		}
		list = append(list, d)
	}
	return list, nil
}

// WasTold reports whether a person was told a version, in any language. It is
// what an application and a consent ask for first.
func (l *Ledger) WasTold(person rem.PersonID, version rem.Digest) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, act := range []Act{Shown, Acknowledged} {
		for _, language := range privacy.Languages() {
			if l.given[givenKey{person, version, act, language}] != 0 {
				return true
			}
		}
	}
	return false
}

// NoticeInForce gives number and digest of the version that holds at a time.
func (l *Ledger) NoticeInForce(at time.Time) (uint64, rem.Digest, error) {
	v, err := l.InForce(at)
	if err != nil {
		return 0, rem.Digest{}, err
	}
	return v.Notice.Version, v.Digest, nil
}

// StillSays reports whether the version that holds at a time says, of all that a
// consent rests on, what an earlier one said: no version from that one on
// changed it (S46).
func (l *Ledger) StillSays(version rem.Digest, at time.Time) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	from := slices.IndexFunc(l.versions, func(v *Version) bool { return v.Digest == version })
	if from < 0 {
		return false
	}
	for _, v := range l.versions[from+1:] {
		if !v.Effective.After(at) && TouchesConsent(v.Changes) {
			return false
		}
	}
	return true
}

// Heads returns where both chains stand, for whoever witnesses them.
func (l *Ledger) Heads() (publications, deliveries chain.Head) {
	return l.publications.Head(), l.deliveries.Head()
}
