package directory

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
)

// Limits bound what askers learn. A field of 0 is the default that stands beside it;
// all of them are choices of ours (P-26).
type Limits struct {
	// PerDay is how many questions an account may ask in a day of Türkiye (1,000). It
	// counts across restarts. An address of a batch is a question.
	PerDay int
	// Burst is how many it may ask within Window (60 in a minute).
	Burst  int
	Window time.Duration
	// Results of one question (20): with more there are none, and the answer says so.
	Results int
	// Batch is how many addresses may be checked at once (100).
	Batch int
	// Letters that a title needs at least (3).
	Letters int
}

func (l Limits) withDefaults() Limits {
	or(&l.PerDay, 1000)
	or(&l.Burst, 60)
	or(&l.Window, time.Minute)
	or(&l.Results, 20)
	or(&l.Batch, 100)
	or(&l.Letters, 3)
	return l
}

func or[T int | time.Duration](field *T, byDefault T) {
	if *field <= 0 {
		*field = byDefault
	}
}

// An Asker is who asks, for whom, and by which door.
type Asker struct {
	Actor rem.Actor
	Door  Door
}

// A Result is one entry that was found, as the asker may see it. It prints its kind
// alone.
type Result struct {
	Kind    person.Kind
	Address rem.Address
	Values  []Value
	// Operators of a legal person, each with name and title.
	Operators []ListedOperator
	// Central: the central directory said it.
	Central bool
}

// Format writes the kind and nothing of the entry.
func (r Result) Format(s fmt.State, _ rune) { io.WriteString(s, "entry of a "+string(r.Kind)) }

// MarshalJSON refuses.
func (r Result) MarshalJSON() ([]byte, error) { return nil, privacy.ErrHidden }

// Value returns the text of a field, or "".
func (r *Result) Value(f Field) string {
	for _, v := range r.Values {
		if v.Field == f {
			return v.Text
		}
	}
	return ""
}

// An Answer is what an asker is told.
type Answer struct {
	Outcome Outcome
	Results []Result
	// Text says it in words. What is not there, is closed and is hidden has one text.
	Text rem.Text
	// Partial: the central directory was to be asked and did not answer, or there is
	// none; what is said is about our own accounts alone.
	Partial bool
}

var answers = map[Outcome]rem.Text{
	Found:     text("Kayıt bulundu.", "Found."),
	None:      text("Bu bilgiyle sorguya açık bir kayıt bulunamadı.", "No record that is open to query was found."),
	TooMany:   text("Çok fazla kayıt var; daha ayrıntılı sorgulayınız.", "There are too many records; please ask more precisely."),
	Ambiguous: text("Bu adda birden çok kişi var; kimlik numarasını da yazınız.", "Several people have this name; please give the identity number too."),
}

// decoy is whose consent is asked when nothing was found, so that finding nothing
// takes the same work as finding somebody who does not consent, and fails with it.
const decoy rem.PersonID = "directory-nobody"

// Query answers one question. Only what its asker may see is in the answer, which is
// given after the entry about it is durable. The error wraps a *rem.Refusal, and
// [ErrQuota] where that is the reason, when the question may not be asked; any other
// is a fault, and nobody is told anything.
func (d *Directory) Query(ctx context.Context, who Asker, q Question) (Answer, error) {
	fail := func(err error) (Answer, error) { return Answer{}, fmt.Errorf("asking the directory: %w", err) }
	if err := d.admit(&who, q.use, 1); err != nil {
		return fail(err)
	}
	value, _ := q.Reveal()
	switch {
	case q.key == "" || value == "":
		return fail(refuse("Sorgu boş.", "The question is empty."))
	case (q.key == KeyTitle || q.key == KeyText) && letters(wordsOf(value)) < d.Limits.Letters:
		return fail(refuse(fmt.Sprintf("Unvanın en az %d harfini yazınız.", d.Limits.Letters), fmt.Sprintf("Please write at least %d letters of the title.", d.Limits.Letters)))
	}
	a, found, err := d.find(ctx, &who, q)
	if err != nil {
		return fail(err)
	}
	l := Lookup{Asker: who.Actor, Door: who.Door, Use: q.use, Key: q.key, Asked: d.tokens.asked.Token(string(q.key) + "\x00" + value), Outcome: a.Outcome, Found: found}
	if err := d.record(ctx, l, 1); err != nil {
		return fail(err)
	}
	return a, nil
}

// admit says whether the asker may ask n questions at all.
func (d *Directory) admit(who *Asker, u Use, n int) error {
	switch {
	case who.Actor.Account == "" || who.Actor.Holder == "" || who.Actor.Person == "" || who.Door == "":
		return refuse("Rehber yalnızca oturum açmış kullanıcılara yanıt verir.", "The directory answers users who have logged in.")
	case u != ToSend && u != ToVerify:
		return refuse("Sorgunun amacı belirtilmemiş.", "What the question is asked for is not said.")
	case !d.burst.take(d.Clock.Now(), string(who.Actor.Account), n):
		return errQuota("Çok sık sorguluyorsunuz; bir dakika sonra yeniden deneyiniz.", "You ask too often; please try again in a minute.")
	}
	return nil
}

func errQuota(tr, en string) error { return fmt.Errorf("%w: %w", ErrQuota, refuse(tr, en)) }

// record keeps the look-up and counts it.
func (d *Directory) record(ctx context.Context, l Lookup, weight int) error {
	now := d.Clock.Now()
	l.Link.Time = now
	// Türkiye has been at UTC+3 all year since 2016 (KEP 7.6); which day a quota is of
	// needs no more.
	day := now.Add(3*time.Hour).Unix() / 86400
	err := d.store.Ask(ctx, l, day, weight, d.Limits.PerDay)
	if errors.Is(err, ErrQuota) {
		return errQuota("Bugünkü sorgu hakkınız doldu.", "You have asked as often as you may today.")
	}
	return err
}

// find looks in our own directory and, where that is asked about others, in the
// central one.
func (d *Directory) find(ctx context.Context, who *Asker, q Question) (Answer, []rem.AccountID, error) {
	listings, outcome, err := d.listings(ctx, q)
	if err != nil {
		return Answer{}, nil, err
	}
	a := Answer{Outcome: outcome}
	var found []rem.AccountID
	// Whose entry rests on consent is asked, here or of the decoy.
	asked := false
	for i := range listings {
		r, ok, err := d.visible(ctx, &listings[i])
		if err != nil {
			return Answer{}, nil, err
		}
		asked = asked || !listings[i].Kind.Legal()
		if ok {
			a.Results, found = append(a.Results, r), append(found, listings[i].Account)
		}
	}
	if !asked {
		if _, err := d.allowed(ctx, decoy, privacy.DirectoryEntry); err != nil {
			return Answer{}, nil, err
		}
	}
	if q.key != KeyAddress || q.address.Provider() != d.Provider {
		if d.Central == nil {
			a.Partial = true
		} else if a.Outcome != TooMany {
			others, err := d.elsewhere(ctx, who, q)
			a.Partial = err != nil
			a.Results = append(a.Results, others...)
		}
	}
	natural := 0
	for i := range a.Results {
		if a.Results[i].Kind == person.Natural {
			natural++
		}
	}
	switch {
	case a.Outcome == TooMany || len(a.Results) > d.Limits.Results:
		a.Outcome, a.Results, found = TooMany, nil, nil
	case (q.key == KeyName || q.key == KeyText) && natural > 1:
		a.Outcome, a.Results, found = Ambiguous, nil, nil
	case len(a.Results) == 0:
		a.Outcome = None
	default:
		a.Outcome = Found
	}
	a.Text = answers[a.Outcome]
	return a, found, nil
}

// listings are those that the key finds, whether they may be seen or not.
func (d *Directory) listings(ctx context.Context, q Question) (list []Listing, o Outcome, err error) {
	value, number := q.Reveal()
	most := d.Limits.Results + 1
	switch q.key {
	case KeyAddress:
		list, err = d.store.ByAddress(ctx, q.address)
	case KeyName:
		if list, err = d.store.ByName(ctx, false, value, most); number != "" && err == nil {
			var numbered []Listing
			numbered, err = d.store.ByToken(ctx, d.tokens.of(KeyIdentity, number), most)
			list = both(list, numbered, value)
		}
	case KeyTitle, KeyText:
		if q.key == KeyText {
			if list, err = d.store.ByName(ctx, false, value, most); err != nil {
				return nil, None, err
			}
		}
		var legal []Listing
		// Whoever writes the whole title finds it, however common its words are.
		if legal, err = d.store.ByName(ctx, true, value, most); err == nil && len(legal) == 0 {
			var crowded bool
			if legal, crowded, err = d.store.ByWords(ctx, wordsOf(value), most); crowded {
				return nil, TooMany, err
			}
		}
		list = append(list, legal...)
	default:
		list, err = d.store.ByToken(ctx, d.tokens.of(q.key, value), most)
	}
	if len(list) >= most {
		return nil, TooMany, err
	}
	return list, None, err
}

// both are the listings found by the number that have the name: however many people
// have the name.
func both(_, numbered []Listing, name string) (list []Listing) {
	for _, l := range numbered {
		if l.Kind == person.Natural && l.NameKey == name {
			list = append(list, l)
		}
	}
	return list
}

// visible makes the entry of a listing as anybody may see it now, or false. Consent
// is asked here, at each use, and nowhere remembered (P-05).
func (d *Directory) visible(ctx context.Context, l *Listing) (Result, bool, error) {
	r := Result{Kind: l.Kind, Address: l.Address}
	if !l.Kind.Legal() {
		if ok, err := d.allowed(ctx, l.Holder, privacy.DirectoryEntry); !ok {
			return Result{}, false, err
		}
	}
	for _, v := range l.Values {
		row, known := RowOf(l.Kind, v.Field)
		if !known || row.Hidden {
			continue
		}
		if row.Consent != "" {
			ok, err := d.allowed(ctx, l.Holder, row.Consent)
			if err != nil {
				return Result{}, false, err
			}
			if !ok {
				continue
			}
		}
		r.Values = append(r.Values, v)
	}
	for _, o := range l.Operators {
		ok, err := d.allowed(ctx, o.Person, privacy.DirectoryOperator)
		if err != nil {
			return Result{}, false, err
		}
		if ok {
			r.Operators = append(r.Operators, ListedOperator{Name: o.Name, Title: o.Title})
		}
	}
	return r, true, nil
}

// A Status is what a sender learns of an address before he sends.
type Status string

// The statuses. NotListed is one word for an address that is not there, is hidden,
// or was that of a natural person: a message can be sent to it, and evidence will
// tell what became of it.
const (
	Exists      Status = "exists"
	NotListed   Status = "not-listed"
	ClosedFor   Status = "closed" // it was that of a legal person, whose record is always published
	NotAnswered Status = "not-answered"
)

// Text is what people read.
func (s Status) Text() rem.Text {
	switch s {
	case Exists:
		return text("Rehberde kayıtlı", "In the directory")
	case NotListed:
		return text("Rehberde sorguya açık kayıt yok; ileti yine de gönderilebilir, sonucu delille bildirilir", "No record that is open to query; a message can be sent nevertheless, and evidence tells what became of it")
	case ClosedFor:
		return text("Bu hesap kapatılmış", "This account was closed")
	case NotAnswered:
		return text("Şu anda sorgulanamıyor", "Cannot be asked about at present")
	}
	return rem.Text{}
}

// Check says of each address what a sender may know, in the order in which they are
// asked. Each counts as a question (REQ-49, REQ-80).
func (d *Directory) Check(ctx context.Context, who Asker, use Use, addresses []rem.Address) ([]Status, error) {
	fail := func(err error) ([]Status, error) { return nil, fmt.Errorf("checking addresses: %w", err) }
	if len(addresses) == 0 {
		return nil, nil
	}
	if len(addresses) > d.Limits.Batch {
		return fail(refuse(fmt.Sprintf("Bir seferde en çok %d adres denetlenebilir.", d.Limits.Batch), fmt.Sprintf("At most %d addresses can be checked at once.", d.Limits.Batch)))
	}
	if err := d.admit(&who, use, len(addresses)); err != nil {
		return fail(err)
	}
	now := d.Clock.Now()
	list := make([]Status, len(addresses))
	var found []rem.AccountID
	asked := ""
	away := false
	for i, a := range addresses {
		asked += a.String() + "\x00"
		if a.Provider() != d.Provider {
			list[i] = NotAnswered
			if d.Central == nil || away {
				continue
			}
			others, err := d.elsewhere(ctx, &who, ByAddress(a, use))
			switch {
			case err != nil:
				away = true // the rest waits for another time
			case len(others) > 0:
				list[i] = Exists
			default:
				list[i] = NotListed
			}
			continue
		}
		s, account, err := d.check(ctx, a, now)
		if err != nil {
			return fail(err)
		}
		if list[i] = s; account != "" {
			found = append(found, account)
		}
	}
	outcome := None
	if len(found) > 0 {
		outcome = Found
	}
	l := Lookup{Asker: who.Actor, Door: who.Door, Use: use, Key: KeyBatch, Asked: d.tokens.asked.Token(asked), Outcome: outcome, Found: found}
	if err := d.record(ctx, l, len(addresses)); err != nil {
		return fail(err)
	}
	return list, nil
}

// check does the same for each address: two look-ups and a consent.
func (d *Directory) check(ctx context.Context, a rem.Address, now time.Time) (Status, rem.AccountID, error) {
	listings, err := d.store.ByAddress(ctx, a)
	if err != nil {
		return "", "", err
	}
	v, err := d.store.At(ctx, a, now)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", "", err
	}
	who := decoy
	if len(listings) > 0 {
		who = listings[0].Holder
	}
	ok, err := d.allowed(ctx, who, privacy.DirectoryEntry)
	switch {
	case err != nil:
		return "", "", err
	case len(listings) > 0 && (ok || listings[0].Kind.Legal()):
		return Exists, listings[0].Account, nil
	case v.Kind.Legal() && v.State == Closed:
		return ClosedFor, v.Account, nil
	}
	return NotListed, "", nil
}

// maxAskers bounds the askers that are remembered: some 2 MB.
const maxAskers = 1 << 15

// A burst counts questions by asker in windows of time. What a restart forgets is
// one window; the day's quota is durable.
type burst struct {
	limit  int
	window time.Duration

	mu   sync.Mutex
	seed maphash.Seed     // guarded by mu
	seen map[uint64]asked // guarded by mu
}

type asked struct {
	since time.Time
	n     int
}

func (b *burst) take(now time.Time, key string, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seed, b.seen = maphash.MakeSeed(), map[uint64]asked{}
	}
	h := maphash.String(b.seed, key)
	a, ok := b.seen[h]
	if !ok || now.Sub(a.since) >= b.window {
		a = asked{since: now}
	}
	// A batch may be larger than a burst: then it is alone in its window.
	if a.n > 0 && a.n+n > b.limit {
		return false
	}
	a.n += n
	if !ok && len(b.seen) >= maxAskers {
		b.makeRoom(now)
	}
	b.seen[h] = a
	return true
}

// makeRoom drops windows that are over among a few askers, and one in any case.
func (b *burst) makeRoom(now time.Time) {
	looked, dropped := 0, 0
	var last uint64
	for h, a := range b.seen {
		if now.Sub(a.since) >= b.window {
			delete(b.seen, h)
			dropped++
		}
		last = h
		if looked++; looked == 32 {
			break
		}
	}
	if dropped == 0 {
		delete(b.seen, last)
	}
}
