package signing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rem"
	"rem/person"
)

// Bounds and pauses of telephones.
const (
	// MaxByTelephone is how many messages of a request a telephone signs: each is
	// compared and confirmed by hand, within the request's term.
	MaxByTelephone = 10
	// mobileTerm is how long a telephone rings: people look for it first.
	mobileTerm = 2 * time.Minute
	// mobileGrace is how long after its term its answer is still asked for.
	mobileGrace = 15 * time.Second
	// maxAsked is how often one request may ring, so that nobody confirms in the end
	// only to have peace.
	maxAsked = 5
	// mobileEvery and mobilePause are between questions to an operator, in order and
	// after a fault.
	mobileEvery = time.Second
	mobilePause = 5 * time.Second
	// maxLooking is how many operators' answers are waited for at once: one that hangs
	// does not keep the others.
	maxLooking = 32
	// maxWithdrawn bounds what operators are still to be told; the rest ends by its own
	// term.
	maxWithdrawn = 1024
)

// A phone is a telephone of a request. Its fields are guarded by the service's mu.
type phone struct {
	number  person.Phone
	chosen  *chosen
	handle  MobileHandle
	digest  []byte
	asked   int
	due     time.Time // not looked at before
	looking bool      // somebody does
	state   MobileState
}

// AskMobile asks a telephone for the signatures of a request, one message after the
// other, and returns before anybody answers: [Service.Watch] goes on. The number is
// that of whoever asks, as the provider knows it. While a telephone is asked, asking
// again changes nothing. A *rem.Refusal: its certificate may not sign here.
func (s *Service) AskMobile(ctx context.Context, a Access, number person.Phone) (View, error) {
	if s.Mobile == nil || number.IsZero() {
		return View{}, ErrNotFound
	}
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	v, again, err := s.mayAsk(r)
	if err != nil || !again {
		return v, err
	}
	p := &phone{number: number, state: MobileState{Number: number.String()}}
	if next := r.unsigned(); next >= 0 {
		chain, err := s.Mobile.Certificate(ctx, number)
		if err != nil {
			return s.unreached(r, p, err)
		}
		certificates, err := parseChain(chain)
		if err != nil {
			return View{}, err
		}
		if p.chosen, _, err = s.choose(ctx, r, certificates); err != nil {
			return View{}, err
		}
		if err := s.prepare(r, p, next); err != nil {
			return View{}, err
		}
	} else { // signed before, and only to be submitted
		p.state.Stage = MobileSending
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.phone != nil {
		p.asked = r.phone.asked
	}
	p.asked++
	p.state.Signed = r.signed()
	r.phone = p
	return r.copy(), nil
}

// mayAsk reports whether a telephone may be asked now; when it is asked already, the
// request as it is.
func (s *Service) mayAsk(r *request) (v View, may bool, err error) {
	if len(r.items)-r.signed() > MaxByTelephone {
		return View{}, false, rem.Refuse(rem.PolicyViolation,
			fmt.Sprintf("Mobil imzayla bir kerede en çok %d ileti imzalanır.", MaxByTelephone), fmt.Sprintf("By telephone at most %d messages are signed in one go.", MaxByTelephone))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.view.Done() || r.phone != nil && r.phone.state.Stage.Active() {
		return r.copy(), false, nil
	}
	if r.phone != nil && r.phone.asked >= maxAsked {
		return View{}, false, rem.Refuse(rem.PolicyViolation, "Telefona çok kez istek gönderildi. Vazgeçip taslağı yeniden imzaya açın.", "The telephone was asked too often. Leave, and hand the draft over for signing again.")
	}
	for _, o := range s.requests {
		if o != r && o.view.Actor.Person == r.view.Actor.Person && o.phone != nil && o.phone.state.Stage.Active() {
			return View{}, false, rem.Refuse(rem.PolicyViolation, "Telefonunuz başka bir imza isteğini bekliyor; önce onu bitirin ya da iptal edin.", "Your telephone is waiting about another request for a signature; finish or cancel that first.")
		}
	}
	return View{}, true, nil
}

// unreached says that an operator could not be asked for a certificate.
func (s *Service) unreached(r *request, p *phone, err error) (View, error) {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return View{}, refusal
	}
	s.alarm(fmt.Errorf("asking for a telephone's certificate: %w", err))
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.phone != nil {
		p.asked = r.phone.asked
	}
	p.asked++
	p.state.Stage, p.state.Signed = MobileLost, r.signed()
	r.phone = p
	return r.copy(), nil
}

// unsigned is the first item without a signature, or -1; signed is how many have one.
// Whoever calls them works on r.
func (r *request) unsigned() int {
	for n, i := range r.items {
		if i.signed == nil {
			return n
		}
	}
	return -1
}

func (r *request) signed() (n int) {
	for _, i := range r.items {
		if i.signed != nil {
			n++
		}
	}
	return n
}

// prepare makes p ask about one item, under a handle of its own. Whoever calls it
// works on r, and nobody looks at p.
func (s *Service) prepare(r *request, p *phone, item int) error {
	handle, err := s.draw(ticketLength)
	if err != nil {
		return err
	}
	now := s.Clock.Now().UTC()
	by := &chosen{p.chosen.remote, now.Truncate(time.Second)}
	digest := r.view.Items[item].Digest
	pending, err := by.remote.Begin(digest[:], by.at)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	until := now.Add(mobileTerm)
	if r.view.Until.Before(until) {
		until = r.view.Until
	}
	p.chosen, p.handle, p.digest, p.due = by, MobileHandle(handle), pending.Digest, now
	p.state = MobileState{
		Stage: MobileAsking, Number: p.state.Number, Code: MobileCode(pending.Digest), Item: item, Signed: p.state.Signed, Until: until,
	}
	return nil
}

// WithdrawMobile stops waiting for a telephone; the request stays, and what was signed
// of it. Nothing of it is sent then, whatever the telephone still answers.
func (s *Service) WithdrawMobile(a Access) (View, error) {
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp(r)
	return r.copy(), nil
}

// hangUp stops waiting for a request's telephone. The caller holds mu.
func (s *Service) hangUp(r *request) {
	if p := r.phone; p != nil && (p.state.Stage == MobileAsking || p.state.Stage == MobileWaiting) {
		s.end(p, MobileWithdrawn, nil)
	}
}

// end is the end of waiting for a telephone. The caller holds mu.
func (s *Service) end(p *phone, stage MobileStage, why *rem.Refusal) {
	p.state.Stage, p.state.Why, p.state.Trouble = stage, why, false
	s.withdraw(p.handle)
}

// withdraw has an operator told that nobody waits any more. The caller holds mu.
func (s *Service) withdraw(h MobileHandle) {
	if len(s.withdrawn) < maxWithdrawn {
		s.withdrawn = append(s.withdrawn, h)
	}
}

// Watch asks after telephones until ctx ends, and submits what they signed; it gives
// back what requests read whose term has passed.
func (s *Service) Watch(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan struct{}, maxLooking)
	for ctx.Err() == nil {
		for _, look := range s.looks() {
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				look(ctx)
			})
		}
		if s.Clock.Wait(ctx, mobileEvery) != nil {
			return
		}
	}
}

// LookMobile is one turn of Watch: it returns when each telephone that is due was
// asked after once.
func (s *Service) LookMobile(ctx context.Context) {
	for _, look := range s.looks() {
		look(ctx)
	}
}

// looks takes what is to be asked now. Each is to be called, once.
func (s *Service) looks() (list []func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	s.sweep(now)
	for _, h := range s.withdrawn {
		list = append(list, func(ctx context.Context) {
			if err := s.Mobile.Withdraw(ctx, h); err != nil && ctx.Err() == nil {
				s.alarm(fmt.Errorf("taking a request back from a telephone: %w", err)) // it ends by its own term
			}
		})
	}
	s.withdrawn = nil
	for _, r := range s.requests {
		p := r.phone
		if p == nil || !p.state.Stage.Active() || p.looking || now.Before(p.due) {
			continue
		}
		p.looking = true
		r.users++
		list = append(list, func(ctx context.Context) {
			defer s.leave(r)
			err := s.look(ctx, r, p)
			s.mu.Lock()
			defer s.mu.Unlock()
			p.looking = false
			if err != nil && p.state.Stage.Active() {
				p.state.Trouble, p.due = true, s.Clock.Now().Add(mobilePause)
				if ctx.Err() == nil {
					s.alarm(err)
				}
			}
		})
	}
	return list
}

// look does what comes next of a telephone. An error is a fault, after which it is done
// again: questions are repeated under the same handle, and what was signed is kept.
func (s *Service) look(ctx context.Context, r *request, p *phone) error {
	s.mu.Lock()
	stage, handle, until := p.state.Stage, p.handle, p.state.Until
	ask := MobileRequest{Handle: handle, Number: p.number, Text: p.text(r), Digest: p.digest, Until: until}
	s.mu.Unlock()
	now := s.Clock.Now()
	late, given := !now.Before(until), !now.Before(until.Add(mobileGrace)) // given up
	switch {
	case stage == MobileSending:
		return s.sendMobile(ctx, r, p, handle)
	case stage == MobileAsking && late:
		s.over(p, handle, MobileLost, nil)
		return nil
	case stage == MobileAsking:
		err := s.Mobile.Ask(ctx, ask)
		if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
			s.over(p, handle, MobileRefused, refusal)
			return nil
		}
		if err != nil {
			return fmt.Errorf("asking a telephone: %w", err)
		}
		s.asked(p, handle)
		return nil
	}
	answer, err := s.Mobile.Answer(ctx, handle)
	switch {
	case err == nil && answer.Word == WordSigned:
		return s.take(ctx, r, p, handle, answer.Value)
	case err == nil && answer.Word == WordDeclined:
		s.over(p, handle, MobileDeclined, nil)
	case err == nil && answer.Word == WordUnknown, err != nil && given:
		s.over(p, handle, MobileLost, nil)
	case err == nil && answer.Word == WordExpired, given:
		s.over(p, handle, MobileExpired, nil)
	case err != nil:
		return fmt.Errorf("asking what a telephone answered: %w", err)
	default:
		s.waits(p)
	}
	return nil
}

// text is what the telephone shows. The caller holds mu.
func (p *phone) text(r *request) string {
	if n := len(r.items); n > 1 {
		return fmt.Sprintf("KEP iletisi imzası %d/%d. Kod: %s", p.state.Item+1, n, p.state.Code)
	}
	return "KEP iletisi imzası. Kod: " + p.state.Code
}

// over ends the waiting for a handle, if it is still that which is waited for.
func (s *Service) over(p *phone, h MobileHandle, stage MobileStage, why *rem.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.handle == h && p.state.Stage.Active() {
		s.end(p, stage, why)
	}
}

// asked: the operator has the request. Who withdrew it meanwhile may have been there
// before it.
func (s *Service) asked(p *phone, h MobileHandle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.state.Stage.Active() {
		s.withdraw(h)
		return
	}
	p.state.Stage, p.state.Trouble, p.due = MobileWaiting, false, s.Clock.Now().Add(mobileEvery)
}

// waits: nobody has answered yet.
func (s *Service) waits(p *phone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.state.Trouble, p.due = false, s.Clock.Now().Add(mobileEvery)
}

// take joins a value with the message that it was asked for, and goes on with the next
// one, or submits them all.
func (s *Service) take(ctx context.Context, r *request, p *phone, h MobileHandle, value []byte) error {
	done, ok := s.useFor(r, p, h)
	if !ok {
		return nil // withdrawn, or somebody works on the request: then it is looked at again
	}
	defer done()
	item := p.state.Item // changes under work alone
	if r.items[item].signed == nil {
		signed, err := s.join(ctx, r, item, p.chosen, value)
		if refusal, refused := errors.AsType[*rem.Refusal](err); refused {
			s.over(p, h, MobileRefused, refusal)
			return nil
		}
		if err != nil {
			return fmt.Errorf("completing what a telephone signed: %w", err)
		}
		r.items[item].signed = signed
	}
	s.mu.Lock()
	p.state.Signed, p.state.Trouble = r.signed(), false
	s.mu.Unlock()
	if next := r.unsigned(); next >= 0 {
		return s.prepare(r, p, next)
	}
	s.mu.Lock()
	p.state.Stage = MobileSending
	s.mu.Unlock()
	return s.submitMobile(ctx, r, p, h)
}

// sendMobile submits what is signed, after a fault.
func (s *Service) sendMobile(ctx context.Context, r *request, p *phone, h MobileHandle) error {
	done, ok := s.useFor(r, p, h)
	if !ok {
		return nil
	}
	defer done()
	return s.submitMobile(ctx, r, p, h)
}

func (s *Service) submitMobile(ctx context.Context, r *request, p *phone, h MobileHandle) error {
	_, err := s.submit(ctx, r)
	if refusal, refused := errors.AsType[*rem.Refusal](err); refused {
		s.over(p, h, MobileRefused, refusal)
		return nil
	}
	return err
}

// useFor is use, as long as p waits for h.
func (s *Service) useFor(r *request, p *phone, h MobileHandle) (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.phone != p || p.handle != h || !p.state.Stage.Active() {
		return nil, false
	}
	return s.use(r)
}
