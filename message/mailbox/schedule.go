package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"rem"
	"rem/message"
	"rem/message/submission"
)

// A Sender hands what was signed of drafts to submission, at once or at its time,
// and each draft once. It is the only way from a draft to a message.
//
// The order is: the signed original is kept as a file of the draft under its digest;
// the draft is [Sending], or [Scheduled] until its time; submission answers; the draft
// is dropped, after what it answered or passed on was marked so, or [Stopped] with the reason. A crash anywhere leaves a draft that Due
// goes on with, with the very same bytes, which submission recognises. Whoever signs
// such a draft again, so with other bytes, is refused.
//
// Its fields are set before its first use; it may be used concurrently. One works on a
// store at a time.
type Sender struct {
	Box *Box
	// Follow brings the mailboxes up to the journal, so that what was sent is among
	// the items; [Follower.Follow] does.
	Follow func(ctx context.Context) error
	// Told hears of each draft that stopped at its time, once it is durable; nil:
	// nobody is told.
	Told func(ctx context.Context, s Stoppage)
	// Alarm hears of drafts that stay though they were sent, until Due drops them.
	Alarm func(error)

	mu   sync.Mutex
	busy map[letter]bool  // guarded by mu
	late map[letter]retry // guarded by mu
}

type letter struct {
	account rem.AccountID
	draft   DraftID
}

// retry is when a draft is tried again after a fault.
type retry struct {
	after time.Time
	pause time.Duration
}

// A Stoppage is a draft that could not be sent at its time.
type Stoppage struct {
	Account rem.AccountID
	Draft   DraftID
	Signer  rem.PersonID
	At      time.Time
}

// A Signed is a draft with its signature.
type Signed struct {
	Draft DraftID
	// Version is that of which the signer was shown; 0: it is not compared.
	Version  int64
	Original message.Content
}

const (
	// recognised is how long submission knows the same bytes again, less an hour for
	// whoever is on his way: it keeps fingerprints for two days.
	recognised = 47 * time.Hour
	// dueAtOnce is how many drafts are worked on in one go.
	dueAtOnce = 64
	// Pauses after faults.
	firstPause = 15 * time.Second
	lastPause  = 15 * time.Minute
)

// Send takes what was signed of a draft of the account. A receipt without a message
// and without a refusal says that it waits for its time. Everything of a receipt is
// durable; after a fault the same bytes may be sent again, and Due does so by itself
// where the draft was already being sent.
func (s *Sender) Send(ctx context.Context, login submission.Login, x Signed) (submission.Receipt, error) {
	b, who := s.Box, Visitor{Actor: login.Actor, Authentication: login.Authentication, Case: "signing"}
	a, err := b.writer(ctx, who)
	if err != nil {
		return submission.Receipt{}, err
	}
	l := letter{a.ID, x.Draft}
	if !s.take(l) {
		return submission.Receipt{}, sending()
	}
	defer s.give(l)
	d, err := b.Store.Draft(ctx, login.Actor, x.Draft)
	if errors.Is(err, ErrNotFound) {
		return submission.Receipt{}, refuse("Bu taslak artık yok: gönderilmiş veya silinmiş.", "This draft is not there any more: it was sent, or given up.")
	}
	if err != nil {
		return submission.Receipt{}, err
	}
	digest, now := x.Original.Digest(), b.Clock.Now().UTC()
	switch {
	case d.Step == Sending && d.Original == digest:
		return s.submit(ctx, login.Actor, &d, s.as(&d, login), x.Original)
	case d.Step == Scheduled && d.Original == digest:
		return submission.Receipt{}, nil
	case d.Step == Sending:
		return submission.Receipt{}, sending()
	case d.Step == Scheduled:
		return submission.Receipt{}, refuse("Bu taslak zaten imzalandı ve zamanını bekliyor.", "This draft was signed already and waits for its time.")
	case x.Version != 0 && x.Version != d.Version:
		return submission.Receipt{}, refuse("Taslak, siz imzalarken değiştirildi; son hâlini görüp yeniden imzalayın.", "The draft was changed while you were signing; look at it and sign again.")
	case d.SendAt.After(now.Add(MaxAhead)):
		return submission.Receipt{}, refuse("Gönderim zamanı en çok 30 gün sonrası olabilir.", "It can be sent at most 30 days from now.")
	}
	// Under four eyes who prepared it hands it in, and who signs completes it (REQ-41).
	by := Handed{login.Actor.Person, login.Actor.Method, login.Authentication}
	if a.FourEyes && d.Step == ToSign && d.Handed.Person == d.Author && d.Author != by.Person {
		by = d.Handed
	}
	size, kept, err := b.Store.PutFile(ctx, login.Actor, d.ID, digest.String(), io.NewSectionReader(x.Original, 0, x.Original.Size()), x.Original.Size())
	if err != nil {
		return submission.Receipt{}, fmt.Errorf("keeping what was signed: %w", err)
	}
	if kept != digest || size != x.Original.Size() {
		return submission.Receipt{}, fmt.Errorf("keeping what was signed of draft %s: it is not what was read", d.ID)
	}
	if d.Step = Scheduled; !d.SendAt.After(now) {
		d.Step, d.SendAt = Sending, now
	}
	d.Original, d.Signer, d.Handed, d.Saved, d.Why = digest, by.Person, by, now, rem.Text{}
	if d.Version, err = b.Store.SaveDraft(ctx, login.Actor, d); errors.Is(err, ErrChanged) {
		return submission.Receipt{}, refuse("Taslak, siz imzalarken değiştirildi; son hâlini görüp yeniden imzalayın.", "The draft was changed while you were signing; look at it and sign again.")
	} else if err != nil {
		return submission.Receipt{}, err
	}
	if d.Step == Scheduled {
		return submission.Receipt{}, nil
	}
	return s.submit(ctx, login.Actor, &d, s.as(&d, login), x.Original)
}

// as is the log-in of who hands a draft in.
func (s *Sender) as(d *Draft, login submission.Login) submission.Login {
	if d.Handed.Person != "" {
		login.Actor.Person, login.Actor.Method, login.Authentication = d.Handed.Person, d.Handed.Method, d.Handed.Authentication
	}
	return login
}

// submit hands a draft in that is being sent, and keeps what became of it.
func (s *Sender) submit(ctx context.Context, by rem.Actor, d *Draft, login submission.Login, original message.Content) (submission.Receipt, error) {
	b := s.Box
	a, err := b.Accounts.Account(ctx, by.Account)
	if err != nil {
		return submission.Receipt{}, fmt.Errorf("looking at account %s: %w", by.Account, err)
	}
	tx, err := transaction(a.Address, original)
	if refusal, refused := errors.AsType[*rem.Refusal](err); refused {
		return submission.Receipt{Refusal: refusal}, s.stop(ctx, by, d, refusal.Detail)
	}
	if err != nil {
		return submission.Receipt{}, err
	}
	receipt, err := b.Submitter.Submit(ctx, login, tx, original)
	switch {
	case err != nil:
		return receipt, fmt.Errorf("submitting draft %s: %w", d.ID, err)
	case receipt.Refusal != nil:
		return receipt, s.stop(ctx, by, d, receipt.Refusal.Detail)
	}
	if err := s.done(ctx, by, d); err != nil {
		s.Alarm(fmt.Errorf("dropping draft %s, which was sent: %w", d.ID, err)) // the answer stands, and Due ends it
	}
	return receipt, nil
}

// stop keeps why a draft could not be sent.
func (s *Sender) stop(ctx context.Context, by rem.Actor, d *Draft, why rem.Text) error {
	d.Step, d.Why, d.Saved, d.SendAt = Stopped, why, s.Box.Clock.Now().UTC(), time.Time{}
	version, err := s.Box.Store.SaveDraft(ctx, by, *d)
	if err != nil {
		return fmt.Errorf("keeping why draft %s could not be sent: %w", d.ID, err)
	}
	d.Version = version
	return nil
}

// Due submits what has come to its time, and goes on with what a crash left. Whether
// its signer may is judged by submission, now. It returns the last fault; a draft
// that has one is tried again after a pause.
func (s *Sender) Due(ctx context.Context) error {
	b := s.Box
	now := b.Clock.Now().UTC()
	s.mu.Lock()
	maps.DeleteFunc(s.late, func(_ letter, p retry) bool { return now.Sub(p.after) > 2*lastPause })
	waiting := len(s.late)
	s.mu.Unlock()
	due, err := b.Store.DueDrafts(ctx, now, dueAtOnce+waiting)
	if err != nil {
		return err
	}
	var last error
	for _, x := range due {
		l := letter{x.Account, x.Draft}
		if s.postponed(l, now) || !s.take(l) {
			continue
		}
		err := s.due(ctx, x)
		s.give(l)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.note(l, now, err)
		if err != nil {
			last = fmt.Errorf("sending a draft at its time: %w", err)
		}
	}
	return last
}

func (s *Sender) due(ctx context.Context, x Due) error {
	b := s.Box
	a, err := b.Accounts.Account(ctx, x.Account)
	if err != nil {
		return fmt.Errorf("looking at account %s: %w", x.Account, err)
	}
	by := rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: x.Signer}
	d, err := b.Store.Draft(ctx, by, x.Draft)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	by.Method = d.Handed.Method
	now := b.Clock.Now().UTC()
	switch {
	case d.Step == Scheduled && now.Sub(d.SendAt) > recognised:
		// We stood still, or an old copy of the mailbox was put back and it was sent.
		return s.settle(ctx, by, &d)
	case d.Step == Scheduled && !d.SendAt.After(now):
		d.Step, d.Saved = Sending, now
		if d.Version, err = b.Store.SaveDraft(ctx, by, d); errors.Is(err, ErrChanged) {
			return nil // taken back at the last moment
		} else if err != nil {
			return err
		}
	case d.Step != Sending:
		return nil
	case now.Sub(d.Saved) > recognised:
		return s.settle(ctx, by, &d)
	}
	original, err := b.Store.File(ctx, by, d.ID, d.Original.String())
	if errors.Is(err, ErrNotFound) || err == nil && original.Digest() != d.Original {
		return s.stopped(ctx, by, &d, rem.Text{Turkish: "İmzalanmış ileti bulunamadı; yeniden imzalayın.", English: "What was signed is not there; please sign again."})
	}
	if err != nil {
		return err
	}
	holder, err := b.Names.Holding(ctx, Visitor{Actor: by, Authentication: d.Handed.Authentication, Case: "scheduled"}, a)
	if err != nil {
		return err
	}
	version := d.Version
	receipt, err := s.submit(ctx, by, &d, s.as(&d, submission.Login{Actor: by, Holder: holder}), original)
	if err == nil && receipt.Refusal != nil && d.Version != version {
		s.tell(ctx, by, &d)
	}
	return err
}

// settle ends a draft of which submission may have forgotten the bytes: it was sent
// when the mailbox has a message with them. Otherwise nothing is sent of itself so
// long after it was signed.
func (s *Sender) settle(ctx context.Context, by rem.Actor, d *Draft) error {
	sent, err := s.sent(ctx, by, d)
	if err != nil {
		return err
	}
	if sent {
		return s.done(ctx, by, d)
	}
	return s.stopped(ctx, by, d, rem.Text{
		Turkish: "Zamanından sonraki iki gün içinde gönderilemedi ve gönderilmedi; isterseniz yeniden imzalayın.",
		English: "It could not be sent within two days of its time, and was not sent; sign again if you still want it to go.",
	})
}

// sent looks among what the account sent since the draft was signed.
func (s *Sender) sent(ctx context.Context, by rem.Actor, d *Draft) (bool, error) {
	if err := s.Follow(ctx); err != nil {
		return false, err
	}
	const slack = time.Hour // between our clock's readings
	q := Query{Kinds: []Kind{Sent}, From: d.Saved.Add(-slack), Limit: MaxPage}
	for {
		items, err := s.Box.Store.Items(ctx, by.Account, q)
		if err != nil {
			return false, err
		}
		for _, i := range items {
			view, err := s.Box.Ledger.Message(ctx, i.Message)
			if err != nil {
				return false, fmt.Errorf("looking at %s: %w", i.Message, err)
			}
			if view.Record.Digest == d.Original {
				return true, nil
			}
		}
		if len(items) < q.Limit {
			return false, nil
		}
		q.Before = items[len(items)-1].ID
	}
}

func (s *Sender) stopped(ctx context.Context, by rem.Actor, d *Draft, why rem.Text) error {
	if err := s.stop(ctx, by, d, why); err != nil {
		return err
	}
	s.tell(ctx, by, d)
	return nil
}

func (s *Sender) tell(ctx context.Context, by rem.Actor, d *Draft) {
	if s.Told != nil {
		s.Told(ctx, Stoppage{Account: by.Account, Draft: d.ID, Signer: d.Signer, At: d.Saved})
	}
}

// take keeps others from working on a draft until give; false: somebody is.
func (s *Sender) take(l letter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[l] {
		return false
	}
	if s.busy == nil {
		s.busy = map[letter]bool{}
	}
	s.busy[l] = true
	return true
}

func (s *Sender) give(l letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, l)
}

func (s *Sender) postponed(l letter, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late[l].after.After(now)
}

// note keeps when a draft with a fault is tried again.
func (s *Sender) note(l letter, now time.Time, fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault == nil {
		delete(s.late, l)
		return
	}
	if s.late == nil {
		s.late = map[letter]retry{}
	}
	pause := min(max(firstPause, 2*s.late[l].pause), lastPause)
	s.late[l] = retry{now.Add(pause), pause}
}
