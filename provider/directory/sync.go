package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

// A Record is what the central directory has of an account: every field of the
// table, that it shows or not, and whether the record is open to query (REQ-76). It
// prints its account alone.
type Record struct {
	Account   rem.AccountID
	Number    uint64 // of the version; the central directory keeps the greatest
	State     State
	Open      bool
	Kind      person.Kind
	Values    []Value
	Operators []ListedOperator // without identifiers
}

// Format writes the account and nothing of the record.
func (r Record) Format(s fmt.State, _ rune) { io.WriteString(s, "record of "+string(r.Account)) }

// MarshalJSON refuses.
func (r Record) MarshalJSON() ([]byte, error) { return nil, privacy.ErrHidden }

// written is the record's one spelling, for comparing.
func (r *Record) written() ([]byte, error) {
	w := canon.NewWriter("rem-directory-record", entryVersion)
	w.Word("account", string(r.Account))
	w.Number("number", r.Number)
	w.Word("state", string(r.State))
	w.Field("open", fmt.Sprint(r.Open))
	w.Word("kind", string(r.Kind))
	values := slices.Clone(r.Values)
	slices.SortFunc(values, func(a, b Value) int { return slices.Index(allFields, a.Field) - slices.Index(allFields, b.Field) })
	for _, v := range values {
		w.Field(string(v.Field), v.Text)
	}
	for _, o := range r.Operators {
		w.Field("operator", o.Name)
		w.Maybe("operator-title", o.Title)
	}
	return w.Bytes()
}

// Errors of a central directory.
var (
	// ErrAway: it does not answer now; the same may be asked again under the same key.
	ErrAway = errors.New("the central directory does not answer now")
	// ErrRefused: it refused; asking again is of no use before somebody has looked.
	ErrRefused = errors.New("the central directory refused")
)

// Central is the central directory. Any other error than those above is an answer
// that is none. It may be used from many goroutines.
//
// Put keeps a record; the same key again changes nothing, and neither does a number
// below the one it has of the account. Find answers senders about all providers'
// accounts. List gives the records that it has of ours, in the order of accounts.
type Central interface {
	Put(ctx context.Context, key string, r Record) error
	Find(ctx context.Context, key string, q Question) ([]Result, error)
	List(ctx context.Context, key string, after rem.AccountID, limit int) ([]Record, error)
}

// An Act is what was asked of the central directory.
type Act string

// The acts.
const (
	ActPut  Act = "put"
	ActFind Act = "find"
	ActList Act = "list"
)

// A Transaction is one question to the central directory and what came of it
// (REQ-78). It holds no value of a record.
type Transaction struct {
	Link    chain.Link // the store's
	Act     Act
	Key     string // under which it was asked
	Account rem.AccountID
	Person  rem.PersonID // who changed, asked or compared
	Use     Use          // of a find
	Asked   privacy.IndexToken
	Result  string // done, away, refused, garbage
}

// Entry is the transaction as it is kept, with its link.
func (t *Transaction) Entry() ([]byte, error) {
	w := canon.NewWriter(transactionKind, entryVersion)
	t.Link.Write(w)
	w.Word("act", string(t.Act))
	w.Word("key", t.Key)
	if t.Account != "" {
		w.Word("account", string(t.Account))
	}
	w.Word("person", string(t.Person))
	w.Maybe("use", string(t.Use))
	if t.Asked != (privacy.IndexToken{}) {
		w.Word("asked", fmt.Sprintf("%x", t.Asked.Bytes()))
	}
	w.Word("result", t.Result)
	return w.Bytes()
}

// ParseTransaction reads an entry.
func ParseTransaction(b []byte) (Transaction, error) {
	r := canon.NewReader(b, transactionKind, entryVersion)
	t := Transaction{Link: chain.ReadLink(r), Act: Act(r.Word("act")), Key: r.Word("key")}
	if r.Next() == "account" {
		t.Account = rem.AccountID(r.Word("account"))
	}
	t.Person = rem.PersonID(r.Word("person"))
	t.Use = Use(r.Maybe("use"))
	if r.Next() == "asked" {
		t.Asked = readToken(r, "asked")
	}
	t.Result = r.Word("result")
	if err := r.Done(); err != nil {
		return Transaction{}, fmt.Errorf("reading a transaction: %w", err)
	}
	return t, nil
}

// VerifyTransactions reads the chain of transactions and returns its end. An error
// wraps [ErrChain] when it is not what was written.
func (d *Directory) VerifyTransactions(ctx context.Context) (chain.Head, error) {
	return verify(func(visit func([]byte) error) error { return d.store.TransactionChain(ctx, visit) },
		func(b []byte) (chain.Link, error) { t, err := ParseTransaction(b); return t.Link, err })
}

func resultOf(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrAway):
		return "away"
	}
	return "garbage"
}

// elsewhere asks the central directory about accounts of other providers. That it was
// asked is recorded before its answer is used.
func (d *Directory) elsewhere(ctx context.Context, who *Asker, q Question) ([]Result, error) {
	key, err := rem.NewToken(d.Clock.Now(), d.Random)
	if err != nil {
		return nil, err
	}
	list, asking := d.Central.Find(ctx, key, q)
	value, _ := q.Reveal()
	t := Transaction{Act: ActFind, Key: key, Person: who.Actor.Person, Account: who.Actor.Account, Use: q.use,
		Asked: d.tokens.asked.Token(string(q.key) + "\x00" + value), Result: resultOf(asking)}
	t.Link.Time = d.Clock.Now()
	if err := errors.Join(d.store.Record(ctx, t), asking); err != nil {
		return nil, err
	}
	// Ours are answered by us, as they are now.
	return slices.DeleteFunc(list, func(r Result) bool { return r.Address.Provider() == d.Provider }), nil
}

// Pauses between attempts to tell the central directory something.
const (
	FirstPause = 2 * time.Second
	LastPause  = 10 * time.Minute
)

// pauseAfter doubles with the attempts.
func pauseAfter(attempts int) time.Duration {
	p := FirstPause << min(attempts, 16)
	return min(p, LastPause)
}

// deliverPage is how many accounts Deliver holds at once.
const deliverPage = 64

// Deliver tells the central directory what is due, each account's changes in their
// order, until nothing is due. It returns how many changes were told. A change that
// is not taken waits for its next time and holds up its own account alone. One caller
// at a time; a crash anywhere leaves a change that is told again under the same key.
func (d *Directory) Deliver(ctx context.Context) (told int, err error) {
	if d.Central == nil {
		return 0, nil
	}
	for {
		due, err := d.store.Due(ctx, d.Clock.Now(), deliverPage)
		if err != nil {
			return told, fmt.Errorf("telling the central directory: %w", err)
		}
		for _, o := range due {
			ok, err := d.tell(ctx, o)
			if err != nil {
				return told, fmt.Errorf("telling the central directory of account %s: %w", o.Account, err)
			}
			if ok {
				told++
			}
		}
		if len(due) == 0 {
			return told, nil
		}
	}
}

func (d *Directory) tell(ctx context.Context, o Outgoing) (bool, error) {
	v, err := d.store.Version(ctx, o.Version)
	if err != nil {
		return false, err
	}
	r, err := d.recordOf(ctx, &v)
	if err != nil {
		return false, err
	}
	b, err := r.written()
	if err != nil {
		return false, err
	}
	t := Transaction{Act: ActPut, Key: string(o.Version), Account: o.Account, Person: v.By.Actor.Person}
	sending := d.Central.Put(ctx, t.Key, r)
	if ctx.Err() != nil {
		return false, ctx.Err() // we are to end: nobody was asked to the end
	}
	now := d.Clock.Now()
	t.Link.Time, t.Result = now, resultOf(sending)
	if sending != nil {
		return false, d.store.Untold(ctx, o.Number, now.Add(pauseAfter(o.Attempts)), t)
	}
	return true, d.store.Told(ctx, o.Number, Sent{o.Account, o.Version, d.tokens.record.Token(string(b)), now}, t)
}

// recordOf makes the record that the central directory gets of a version: only what
// still may be published when it is sent. A version that is not the newest any more
// is not open when the newest one is not.
func (d *Directory) recordOf(ctx context.Context, v *Version) (Record, error) {
	newest, err := d.store.Newest(ctx, v.Account)
	if err != nil {
		return Record{}, err
	}
	p, err := d.open(ctx, &v.By, v)
	if err != nil {
		return Record{}, err
	}
	if p, _, err = d.allowedParts(ctx, v.Holder, p); err != nil {
		return Record{}, err
	}
	r := Record{Account: v.Account, Number: v.Number, State: v.State, Open: v.Published() && newest.Published(), Kind: v.Kind}
	if r.Open && !v.Kind.Legal() {
		if r.Open, err = d.allowed(ctx, v.Holder, privacy.DirectoryEntry); err != nil {
			return Record{}, err
		}
	}
	for _, f := range allFields {
		if s := p.value(f); s != "" {
			r.Values = append(r.Values, Value{f, s})
		}
	}
	for _, o := range p.Operators {
		r.Operators = append(r.Operators, ListedOperator{Name: fullName(o.Given, o.Family), Title: o.Title.Reveal()})
	}
	return r, nil
}

// Lag is how long the oldest change has waited for the central directory; zero:
// nothing waits (REQ-77).
func (d *Directory) Lag(ctx context.Context) (lag time.Duration, waiting int, err error) {
	b, err := d.store.Backlog(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("looking at what the central directory was not told: %w", err)
	}
	if b.Waiting == 0 {
		return 0, 0, nil
	}
	return max(0, d.Clock.Now().Sub(b.Oldest)), b.Waiting, nil
}

// A Report is what came of holding our directory against the central one. The lists
// are bounded; the counts are not.
type Report struct {
	Begun, Ended time.Time
	By           rem.PersonID
	Ours, Theirs int
	// Pending are accounts of which something waits; they are not compared.
	Pending int
	// Missing are not in the central directory, Extra not in ours, Different in both
	// with other values.
	Missing, Extra, Different []rem.AccountID
	Faults                    int // Missing, Extra and Different together, counted
}

// maxFaults bounds each list of a report, and reconcilePage what is held at once.
const (
	maxFaults     = 1000
	reconcilePage = 256
)

// Reconcile compares every account with the central directory, by keyed digests: no
// value of ours is opened for it. by is who had it run.
func (d *Directory) Reconcile(ctx context.Context, by rem.PersonID) (Report, error) {
	r := Report{Begun: d.Clock.Now(), By: by}
	fail := func(err error) (Report, error) {
		return r, fmt.Errorf("comparing with the central directory: %w", err)
	}
	if d.Central == nil {
		return fail(errors.New("there is none"))
	}
	if by == "" {
		return fail(errors.New("who compares is not said"))
	}
	ours := pages[Version]{next: d.store.Versions, account: func(v *Version) rem.AccountID { return v.Account }}
	sent := pages[Sent]{next: d.store.Sent, account: func(s *Sent) rem.AccountID { return s.Account }}
	theirs := pages[Record]{account: func(x *Record) rem.AccountID { return x.Account }, next: func(ctx context.Context, after rem.AccountID, limit int) ([]Record, error) {
		key, err := rem.NewToken(d.Clock.Now(), d.Random)
		if err != nil {
			return nil, err
		}
		list, asking := d.Central.List(ctx, key, after, limit)
		t := Transaction{Act: ActList, Key: key, Person: by, Result: resultOf(asking)}
		t.Link.Time = d.Clock.Now()
		return list, errors.Join(d.store.Record(ctx, t), asking)
	}}
	note := func(list *[]rem.AccountID, a rem.AccountID) {
		r.Faults++
		if len(*list) < maxFaults {
			*list = append(*list, a)
		}
	}
	for {
		v, err := ours.peek(ctx)
		if err != nil {
			return fail(err)
		}
		x, err := theirs.peek(ctx)
		if err != nil {
			return fail(err)
		}
		switch {
		case v == nil && x == nil:
			r.Ended = d.Clock.Now()
			return r, nil
		case v == nil || x != nil && x.Account < v.Account:
			note(&r.Extra, x.Account)
			r.Theirs++
			theirs.drop()
			continue
		}
		var s *Sent
		for {
			if s, err = sent.peek(ctx); err != nil {
				return fail(err)
			}
			if s == nil || s.Account >= v.Account {
				break
			}
			sent.drop()
		}
		both := x != nil && x.Account == v.Account
		r.Ours++
		switch {
		case s == nil || s.Account != v.Account || s.Version != v.ID:
			// Never told, or not of the newest version: it waits, unless nothing does.
			r.Pending++
		case !both:
			note(&r.Missing, v.Account)
		default:
			b, err := x.written()
			if err != nil || d.tokens.record.Token(string(b)) != s.Record {
				note(&r.Different, v.Account)
			}
		}
		if both {
			r.Theirs++
			theirs.drop()
		}
		ours.drop()
	}
}

// Repair keeps what a report found missing or different for the central directory
// once more. Extra accounts are for a person to look at: nobody here knows them.
func (d *Directory) Repair(ctx context.Context, r Report) error {
	for _, a := range slices.Concat(r.Missing, r.Different) {
		if err := d.store.Again(ctx, a, d.Clock.Now()); err != nil {
			return fmt.Errorf("telling the central directory of account %s again: %w", a, err)
		}
	}
	d.Wake()
	return nil
}

// pages walks a list that comes in pages, in the order of accounts.
type pages[T any] struct {
	next    func(ctx context.Context, after rem.AccountID, limit int) ([]T, error)
	account func(*T) rem.AccountID
	page    []T
	after   rem.AccountID
	ended   bool
}

// errOrder answers a list that is not in the order of accounts: going on would
// neither end nor be true.
var errOrder = errors.New("the list is not in its order")

func (p *pages[T]) peek(ctx context.Context) (*T, error) {
	if len(p.page) == 0 && !p.ended {
		page, err := p.next(ctx, p.after, reconcilePage)
		if err != nil {
			return nil, err
		}
		for i := range page {
			a := p.account(&page[i])
			if a <= p.after {
				return nil, errOrder
			}
			p.after = a
		}
		p.page, p.ended = page, len(page) == 0
	}
	if len(p.page) == 0 {
		return nil, nil
	}
	return &p.page[0], nil
}

func (p *pages[T]) drop() { p.page = p.page[1:] }
