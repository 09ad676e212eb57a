package bulk

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/message"
	"rem/message/happening"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/person/account"
	"rem/privacy"
)

// A Ledger knows messages.
type Ledger interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
}

// A Service checks, makes and moves jobs. Its fields are set before its first use; it
// may be used concurrently. One works on a store at a time.
type Service struct {
	Box      *mailbox.Box
	Accounts mailbox.Accounts
	Store    Store
	Events   happening.Store
	Ledger   Ledger
	Vault    *privacy.Vault
	Clock    rem.Clock
	// Directory says which addresses are in the directory; nil: none is looked up. A
	// refusal, such as for too many questions, keeps nothing from being sent.
	Directory func(ctx context.Context, who mailbox.Visitor, addresses []rem.Address) (map[rem.Address]bool, error)
	// MaxSize is that of one message, in octets.
	MaxSize int64
	// Rate is how many items of an account are given out to be signed, or released,
	// within a minute; 0: [UsualRate].
	Rate int

	mu     sync.Mutex
	making map[ID]bool            // guarded by mu; jobs whose drafts are being written
	spent  map[rem.AccountID]pace // guarded by mu
}

// pace is what an account used of a minute.
type pace struct {
	since time.Time
	used  int
}

// UsualRate leaves two cores room for everybody else's mail.
const UsualRate = 300

// MaxRate bounds what a provider may set.
const MaxRate = 6000

// writers is how many drafts are written at once: writes that wait together share a
// sync.
const writers = 8

// may fails unless the person may write for the account now.
func (s *Service) may(ctx context.Context, by rem.Actor) error {
	a, err := s.Accounts.Account(ctx, by.Account)
	if err != nil {
		return fmt.Errorf("looking at account %s: %w", by.Account, err)
	}
	now := s.Clock.Now()
	if !a.MayLogIn(by.Person, now) || a.Powers(by.Person, now)&(account.Sending|account.Preparing) == 0 {
		return refuse("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")
	}
	return nil
}

// Create makes a job of a request that has no faults. A report with faults comes
// without a job, and nothing is kept.
func (s *Service) Create(ctx context.Context, who mailbox.Visitor, q Request) (ID, Report, error) {
	letters, report, err := s.check(ctx, who, q)
	if err != nil || len(report.Faults) > 0 {
		return "", report, err
	}
	now := s.Clock.Now().UTC()
	token, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return "", report, err
	}
	_, newest, err := s.Events.After(ctx, who.Actor.Account, 0, 1)
	if err != nil {
		return "", report, err
	}
	j := Job{ID: ID(token), Actor: who.Actor, Authentication: who.Authentication, Kind: q.Kind, Made: now, State: Preparing, Cursor: newest}
	items := make([]Item, len(letters))
	for i := range letters {
		var random [16]byte
		rand.Read(random[:])
		items[i] = Item{Row: i + 1, Draft: mailbox.DraftID(hex.EncodeToString(random[:])), Step: Prepared, At: now}
		letters[i].draft.ID = items[i].Draft
		if items[i].Address, err = s.Vault.Seal(ctx, who.Actor.Holder, AddressField, privacy.NewValue(letters[i].address, privacy.ByDeclaration(now))); err != nil {
			return "", report, fmt.Errorf("sealing an address: %w", err)
		}
		if q.Kind == Presigned {
			if items[i].Digest, err = digestOf(letters[i].file); err != nil {
				return "", report, err
			}
			items[i].Step = Signed
		}
	}
	s.mark(j.ID, true)
	defer s.mark(j.ID, false)
	// First the job, so that what a crash leaves of its drafts is found again.
	if err := s.Store.AddJob(ctx, j, items); err != nil {
		return "", report, fmt.Errorf("keeping a bulk sending: %w", err)
	}
	if err := s.write(ctx, who, q.Kind, letters, items); err != nil {
		return "", report, errors.Join(err, s.abandon(context.WithoutCancel(ctx), &j))
	}
	if _, err := s.Store.SetState(ctx, j.ID, []State{Preparing}, Running); err != nil {
		return "", report, fmt.Errorf("beginning a bulk sending: %w", err)
	}
	return j.ID, report, nil
}

func (s *Service) mark(id ID, making bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.making == nil {
		s.making = map[ID]bool{}
	}
	if s.making[id] = making; !making {
		delete(s.making, id)
	}
}

// digestOf reads a content of a package whole.
func digestOf(e interface{ Open() (io.Reader, error) }) (d rem.Digest, err error) {
	in, err := e.Open()
	if err != nil {
		return d, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return d, err
	}
	h.Sum(d[:0])
	return d, nil
}

// write makes the drafts.
func (s *Service) write(ctx context.Context, who mailbox.Visitor, kind Kind, letters []letter, items []Item) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	faults := make([]error, writers)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := w; i < len(letters) && ctx.Err() == nil; i += writers {
				if faults[w] = s.draft(ctx, who, kind, &letters[i], &items[i]); faults[w] != nil {
					stop()
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("writing the drafts of a bulk sending: %w", err)
	}
	return ctx.Err()
}

func (s *Service) draft(ctx context.Context, who mailbox.Visitor, kind Kind, l *letter, x *Item) error {
	d := l.draft
	if kind == Presigned {
		// As mailbox.Sender leaves what waits for its time: the signed original under its
		// digest, and the draft scheduled. It is released by bringing its time forward.
		in, err := l.file.Open()
		if err != nil {
			return err
		}
		_, kept, err := s.Box.Store.PutFile(ctx, who.Actor, d.ID, x.Digest.String(), in, s.MaxSize)
		if err != nil {
			return err
		}
		if kept != x.Digest {
			return errors.New("a signed message is not what was read before")
		}
		d.Step, d.SendAt, d.Original, d.Author, d.Signer, d.Saved = mailbox.Scheduled, mailbox.InTurn, kept, who.Actor.Person, who.Actor.Person, s.Clock.Now().UTC()
		d.Handed = mailbox.Handed{Person: who.Actor.Person, Method: who.Actor.Method, Authentication: who.Authentication}
		_, err = s.Box.Store.SaveDraft(ctx, who.Actor, d)
		return err
	}
	if l.file != nil {
		in, err := l.file.Open()
		if err != nil {
			return err
		}
		f := &d.Files[0]
		f.ID = string(d.ID)
		head := make([]byte, 512)
		n, err := io.ReadFull(in, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		f.Type = archive.Sniff(head[:n])
		if f.Size, f.Digest, err = s.Box.Attach(ctx, who, d.ID, f.ID, io.MultiReader(bytes.NewReader(head[:n]), in), s.MaxSize); err != nil {
			return err
		}
	}
	_, err := s.Box.Save(ctx, who, d)
	return err
}

// Jobs are those of the account, the newest first.
func (s *Service) Jobs(ctx context.Context, by rem.Actor) ([]Job, error) {
	if err := s.may(ctx, by); err != nil {
		return nil, err
	}
	return s.Store.Jobs(ctx, by.Account, 100)
}

// Job is one of the account.
func (s *Service) Job(ctx context.Context, by rem.Actor, id ID) (Job, error) {
	if err := s.may(ctx, by); err != nil {
		return Job{}, err
	}
	return s.Store.Job(ctx, by.Account, id)
}

// Pause gives nothing out and releases nothing until Resume.
func (s *Service) Pause(ctx context.Context, by rem.Actor, id ID) error {
	return s.move(ctx, by, id, []State{Running}, Paused)
}

// Resume goes on with a paused one.
func (s *Service) Resume(ctx context.Context, by rem.Actor, id ID) error {
	return s.move(ctx, by, id, []State{Paused}, Running)
}

// Cancel takes back what was not handed in yet; what was submitted stays so.
func (s *Service) Cancel(ctx context.Context, by rem.Actor, id ID) error {
	if err := s.move(ctx, by, id, []State{Running, Paused}, Cancelling); err != nil {
		return err
	}
	j, err := s.Store.Job(ctx, by.Account, id)
	if err != nil {
		return err
	}
	return s.cancel(ctx, &j)
}

func (s *Service) move(ctx context.Context, by rem.Actor, id ID, from []State, to State) error {
	j, err := s.Job(ctx, by, id)
	if err != nil || j.State == to {
		return err
	}
	moved, err := s.Store.SetState(ctx, id, from, to)
	if err == nil && !moved {
		err = refuse("Toplu gönderim bu durumdayken bu yapılamaz.", "This cannot be done in the state in which the bulk sending is.")
	}
	return err
}

// again is how long a batch that was given out is not given out again: as long as a
// request for signatures lives.
const again = 15 * time.Minute

// Batch gives drafts to be signed now, in the order of rows: no more than may be
// signed at once, and than the account's pace allows. None, and no error: wait, or
// all are signed.
func (s *Service) Batch(ctx context.Context, who mailbox.Visitor, id ID) ([]mailbox.DraftID, error) {
	j, err := s.Job(ctx, who.Actor, id)
	if err != nil {
		return nil, err
	}
	if j.State != Running {
		return nil, refuse("Toplu gönderim çalışmıyor: duraklatılmış, bitmiş veya iptal edilmiş.", "The bulk sending does not run: it is paused, done or cancelled.")
	}
	now := s.Clock.Now().UTC()
	most := s.take(who.Actor.Account, signing.MaxBatch, now)
	used := 0
	defer func() { s.giveBack(who.Actor.Account, most-used) }()
	items, err := s.Store.Items(ctx, id, []Step{Prepared}, 0, most)
	if err != nil {
		return nil, err
	}
	if len(items) < most {
		given, err := s.Store.Items(ctx, id, []Step{ToSign}, 0, MaxRows)
		if err != nil {
			return nil, err
		}
		for _, x := range given {
			if len(items) < most && now.Sub(x.At) >= again {
				items = append(items, x)
			}
		}
	}
	if len(items) == 0 {
		return nil, nil
	}
	ids, rows := make([]mailbox.DraftID, len(items)), map[mailbox.DraftID]int{}
	for i, x := range items {
		ids[i], rows[x.Draft] = x.Draft, x.Row
	}
	heads, err := s.Box.Store.DraftHeads(ctx, who.Actor, ids)
	if err != nil {
		return nil, fmt.Errorf("giving out a batch: %w", err)
	}
	var out []mailbox.DraftID
	c := Change{From: []Step{Prepared, ToSign}, To: ToSign, At: now}
	for _, d := range ids {
		if h, there := heads[d]; there && h.Step != mailbox.Sending && h.Step != mailbox.Scheduled {
			out = append(out, d)
		}
		c.Rows = append(c.Rows, rows[d]) // one that is gone was sent or given up: work.go finds out
	}
	used = len(out)
	return out, s.Store.Apply(ctx, id, []Change{c}, -1)
}

// take gives up to n of what the account may use of this minute.
func (s *Service) take(a rem.AccountID, n int, now time.Time) int {
	rate := min(s.Rate, MaxRate)
	if rate <= 0 {
		rate = UsualRate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent == nil {
		s.spent = map[rem.AccountID]pace{}
	}
	p := s.spent[a]
	if now.Sub(p.since) >= time.Minute || now.Before(p.since) {
		p = pace{since: now}
	}
	n = max(0, min(n, rate-p.used))
	p.used += n
	s.spent[a] = p
	return n
}

func (s *Service) giveBack(a rem.AccountID, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.spent[a]
	p.used = max(0, p.used-n)
	s.spent[a] = p
}
