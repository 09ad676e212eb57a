package signing

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/submission"
	"rem/trust/cades"
)

// A request is what is kept. Who works on it holds work; the other fields are
// guarded by the service's mu.
type request struct {
	work sync.Mutex

	view  View
	login submission.Login
	items []*item
	code  string // digest
	tick  string // digest
	// chosen is the certificate of a program; nil: none yet.
	chosen *chosen
	// phone is the telephone that was asked last; nil: none.
	phone *phone
	// drafts are closed when the request is over or done, and nobody reads in them.
	drafts []Draft
	users  int
	over   bool
}

// A chosen is a certificate that may sign, with the claimed time.
type chosen struct {
	remote *cades.Remote
	at     time.Time
}

// An item is one message with what is kept of it. Only the holder of work reads or
// writes signed.
type item struct {
	draft    Draft
	unsigned *smime.Unsigned
	tx       smtp.Transaction
	// signed is the completed message, once verified.
	signed message.Content
}

// An Access is who asks for a request: whoever began it in his session, or who
// redeemed its code.
type Access struct {
	ID    ID
	Actor rem.Actor // of the session; ignored where Ticket is set
	// Ticket is what Redeem gave.
	Ticket string
}

// find returns a request that is still alive. The caller holds mu.
func (s *Service) find(a Access) (*request, error) {
	s.sweep(s.Clock.Now())
	if a.Ticket != "" {
		if r := s.tickets[digestOf(a.Ticket)]; r != nil {
			return r, nil
		}
		return nil, ErrNotFound
	}
	r := s.requests[a.ID]
	if r == nil || r.view.Actor.Account != a.Actor.Account || r.view.Actor.Person != a.Actor.Person {
		return nil, ErrNotFound
	}
	return r, nil
}

// sweep forgets what is over. The caller holds mu.
func (s *Service) sweep(now time.Time) {
	for _, r := range s.requests {
		if !now.Before(r.view.Until) {
			s.forget(r)
		}
	}
}

// makeRoom lets the oldest of a person's requests go. The caller holds mu.
func (s *Service) makeRoom(p rem.PersonID) {
	var his []*request
	for _, r := range s.requests {
		if r.view.Actor.Person == p {
			his = append(his, r)
		}
	}
	if len(his) < maxOfPerson {
		return
	}
	s.forget(slices.MinFunc(his, func(a, b *request) int { return strings.Compare(string(a.view.ID), string(b.view.ID)) }))
}

// forget ends a request. The caller holds mu.
func (s *Service) forget(r *request) {
	delete(s.requests, r.view.ID)
	delete(s.codes, r.code)
	delete(s.tickets, r.tick)
	s.hangUp(r)
	r.over = true
	s.settle(r)
}

// settle closes what a request reads once it is over or done and nobody uses it. The
// caller holds mu.
func (s *Service) settle(r *request) {
	if r.users == 0 && (r.over || r.view.Done()) {
		s.close(r.drafts)
		r.drafts = nil
	}
}

// close gives drafts back. That one could not be is told to Alarm: nobody who signs
// can do anything about it.
func (s *Service) close(drafts []Draft) {
	for _, d := range drafts {
		if err := d.Close(); err != nil {
			s.alarm(fmt.Errorf("giving a draft back: %w", err))
		}
	}
}

func (s *Service) alarm(err error) {
	if s.Alarm != nil {
		s.Alarm(err)
	}
}

// leave ends a use of a request.
func (s *Service) leave(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.users--
	s.settle(r)
}

// Close ends all requests, and gives back what they read. The service is not used
// after.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		s.forget(r)
	}
}

func (r *request) copy() View {
	v := r.view
	v.Items = slices.Clone(v.Items)
	if r.phone != nil {
		state := r.phone.state
		v.Mobile = &state
	}
	return v
}

// View returns a request as it is now.
func (s *Service) View(a Access) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(a)
	if err != nil {
		return View{}, err
	}
	return r.copy(), nil
}

// An Unsigned is a message before its signature, for signing elsewhere. It can be
// read until it is closed, which is once.
type Unsigned struct {
	mime.Source
	leave func()
}

// Close ends the reading; its error is always nil.
func (u *Unsigned) Close() error {
	u.leave()
	return nil
}

// Unsigned returns the n-th message. When all of the request are sent, there is none.
func (s *Service) Unsigned(a Access, n int) (*Unsigned, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(a)
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= len(r.items) || r.drafts == nil {
		return nil, ErrNotFound
	}
	r.users++
	return &Unsigned{r.items[n].draft.Original, sync.OnceFunc(func() { s.leave(r) })}, nil
}

// Cancel forgets a request, and takes it back from a telephone. Messages of it that
// were submitted stay so; while it is being worked on it is ErrBusy, so that nothing
// is sent after Cancel has returned nil.
func (s *Service) Cancel(a Access) error {
	r, done, err := s.work(a)
	if err != nil {
		return err
	}
	defer done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(r)
	return nil
}

// Redeem takes a code, once, and gives the ticket by which its request is found
// from then on. Whoever guesses is slowed down by the door that calls.
func (s *Service) Redeem(code string) (v View, ticket string, err error) {
	plain := strings.Map(func(c rune) rune {
		switch {
		case c == '-' || c == ' ':
			return -1
		}
		return c
	}, rem.FoldASCII(code))
	// As whoever reads it from a screen writes it (the alphabet has none of these).
	plain = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(plain)
	if ticket, err = s.draw(ticketLength); err != nil {
		return View{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(s.Clock.Now())
	r := s.codes[digestOf(plain)]
	if r == nil {
		return View{}, "", ErrNotFound
	}
	delete(s.codes, r.code)
	r.view.Code = false
	r.tick = digestOf(ticket)
	s.tickets[r.tick] = r
	return r.copy(), ticket, nil
}

// work finds a request and keeps others from working on it until done is called.
func (s *Service) work(a Access) (r *request, done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, err = s.find(a); err != nil {
		return nil, nil, err
	}
	done, ok := s.use(r)
	if !ok {
		return nil, nil, ErrBusy
	}
	return r, done, nil
}

// use is work for a request that was found. The caller holds mu.
func (s *Service) use(r *request) (done func(), ok bool) {
	if r.over || !r.work.TryLock() {
		return nil, false
	}
	r.users++
	return func() {
		r.work.Unlock()
		s.leave(r)
	}, true
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// draw gives n random characters of 5 bits each.
func (s *Service) draw(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Random, b); err != nil {
		return "", fmt.Errorf("drawing a code: %w", err)
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b), nil
}

// groups writes a code as people copy it.
func groups(code string) string {
	var out []string
	for part := range slices.Chunk([]byte(code), 4) {
		out = append(out, string(part))
	}
	return strings.Join(out, "-")
}

// digestOf is by which codes and tickets are kept: the memory of the program holds
// none that could be used.
func digestOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return string(sum[:])
}
