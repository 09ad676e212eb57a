package signing

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
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
	"rem/person/account"
	"rem/trust/cades"
	"rem/trust/tsp"
	"rem/trust/validation"
)

// Errors of a Service beside refusals.
var (
	// ErrNotFound: there is no such request, or it is another's: which, is not told.
	ErrNotFound = errors.New("there is no such request for a signature")
	// ErrBusy: something else is being done with the request.
	ErrBusy = errors.New("the request is being worked on")
	// ErrFull: too many requests wait.
	ErrFull = errors.New("too many requests for signatures wait")
)

// Bounds. A request holds references and a few texts; contents stay where they are.
const (
	MaxBatch      = 200  // messages of one request
	maxRequests   = 4096 // of everybody
	maxOfPerson   = 16   // of one person; the oldest gives way
	maxChain      = 8    // certificates that a signer may send along
	maxCert       = 16 << 10
	maxValue      = 1 << 10 // octets of a signature value; RSA with 8192 bits has them
	codeLength    = 12      // characters: 60 bits
	usualTerm     = 15 * time.Minute
	ticketLength  = 26
	maxShownText  = 998
	maxShownNames = 1000
)

// An ID names a request. It is no secret: a request is found by it together with
// whose it is.
type ID string

// A Draft is one message that is to be signed.
type Draft struct {
	// ID is the preparer's own name for it; it is given back.
	ID string
	// Author prepared it, where that is not who asks for the signature.
	Author rem.PersonID
	// Original is the unsigned message in CRLF form. It does not change, and can
	// be read until the request is over.
	Original mime.Source
}

// A Door takes what was signed. *submission.Submitter, with the state of the draft,
// stands behind it.
type Door interface {
	// Submit is as [submission.Submitter.Submit]: the same bytes again give the
	// first receipt. An implementation also refuses a draft that was sent already,
	// whatever its bytes, and marks it as sent.
	Submit(ctx context.Context, login submission.Login, d Draft, tx smtp.Transaction, original message.Content) (submission.Receipt, error)
}

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A Judge says whether a certificate would be believed, before anybody signs with
// it. *validation.Validator is one.
type Judge interface {
	Judge(ctx context.Context, s validation.Signature) *validation.Report
}

// A Policy is what the provider allows.
type Policy struct {
	// Term is how long a request lives; 0: a quarter of an hour.
	Term time.Duration
	// Batch is how many messages one request may hold; 0: one.
	Batch int
	// OnePIN lets a signer's program ask for the PIN once for a batch.
	OnePIN bool
}

// A Service keeps requests. Its fields are set before its first use and not changed
// after; it may be used concurrently.
type Service struct {
	Clock      rem.Clock
	Random     io.Reader // cryptographic; safe for concurrent use
	Accounts   Accounts
	Tokens     account.Tokens
	Judge      Judge
	Signatures submission.Signatures
	Door       Door
	// Authority stamps the signatures (B-T); nil: they are B-B, and the evidence of
	// submission has the time.
	Authority tsp.Authority
	// Known are authorities whose certificates may be missing on a card: they are put
	// behind a leaf that they issued, so that others find its path too. They prove
	// nothing.
	Known []*x509.Certificate
	// Mobile signs by telephone; nil: that is not offered.
	Mobile Mobile
	Policy Policy

	mu       sync.Mutex
	requests map[ID]*request     // guarded by mu
	codes    map[string]*request // guarded by mu; by digest
	tickets  map[string]*request // guarded by mu; by digest
}

// An Item is one message of a request as its signer sees it.
type Item struct {
	Draft   string
	Subject string
	From    string
	To, Cc  []string // addresses
	Size    int64    // of the unsigned original, in octets
	// Digest is SHA-256 of the part that is signed.
	Digest rem.Digest
	// Outcome is what became of it; nil: nothing yet.
	Outcome *Outcome
}

// An Outcome is the answer of submission.
type Outcome struct {
	Message  rem.MessageID
	Evidence rem.EvidenceID
	Refusal  *rem.Refusal // nil: accepted
}

// A View is what a request is now. It is a copy.
type View struct {
	ID     ID
	Actor  rem.Actor
	Sender string // the account's address
	Began  time.Time
	Until  time.Time
	OnePIN bool
	Items  []Item
	// Signer is the name in the chosen certificate, "" before the choice.
	Signer string
	// Code is whether a code was drawn that nobody has redeemed yet.
	Code bool
	// Mobile is the waiting of a telephone; nil: none waits.
	Mobile *MobileState
}

// Done reports whether every message has its outcome.
func (v *View) Done() bool {
	return !slices.ContainsFunc(v.Items, func(i Item) bool { return i.Outcome == nil })
}

// A request is what is kept. Who works on it holds work; the other fields are
// guarded by the service's mu.
type request struct {
	work sync.Mutex

	view  View
	login submission.Login
	items []*item
	code  string // digest
	tick  string // digest
	// The choice.
	remote *cades.Remote
	at     time.Time
	mobile MobileHandle
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

// Begin makes a request of drafts: it reads each once, and refuses those that could
// not be submitted for their form.
func (s *Service) Begin(ctx context.Context, login submission.Login, drafts []Draft) (View, error) {
	if len(drafts) == 0 || len(drafts) > max(1, min(s.Policy.Batch, MaxBatch)) {
		return View{}, rem.Refuse(rem.PolicyViolation, "Bir kerede imzalanabilecek ileti sayısı aşıldı.", "There are more messages than may be signed at once.")
	}
	now := s.Clock.Now().UTC()
	a, err := s.Accounts.Account(ctx, login.Actor.Account)
	if err != nil {
		return View{}, fmt.Errorf("looking for the account that signs: %w", err)
	}
	if refusal := a.MaySubmit(login.Actor.Person, now); refusal != nil {
		return View{}, refusal
	}
	token, err := rem.NewToken(now, s.Random)
	if err != nil {
		return View{}, err
	}
	term := s.Policy.Term
	if term <= 0 {
		term = usualTerm
	}
	r := &request{login: login, view: View{
		ID: ID(token), Actor: login.Actor, Sender: a.Address.String(), Began: now, Until: now.Add(term), OnePIN: s.Policy.OnePIN,
	}}
	for _, d := range drafts {
		i, shown, err := s.open(d)
		if err != nil {
			return View{}, err
		}
		r.items = append(r.items, i)
		r.view.Items = append(r.view.Items, shown)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	s.makeRoom(login.Actor.Person)
	if len(s.requests) >= maxRequests {
		return View{}, ErrFull
	}
	if s.requests == nil {
		s.requests, s.codes, s.tickets = map[ID]*request{}, map[string]*request{}, map[string]*request{}
	}
	s.requests[r.view.ID] = r
	return r.copy(), nil
}

// Code draws a code by which a signer's program gets the request, once. It takes the
// place of the one before, and of what that was redeemed for.
func (s *Service) Code(a Access) (string, error) {
	code, err := s.draw(codeLength)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(a)
	if err != nil {
		return "", err
	}
	delete(s.codes, r.code)
	delete(s.tickets, r.tick)
	r.code, r.tick, r.view.Code = digestOf(code), "", true
	s.codes[r.code] = r
	return groups(code), nil
}

// open reads a draft.
func (s *Service) open(d Draft) (*item, Item, error) {
	random, err := s.draw(ticketLength)
	if err != nil {
		return nil, Item{}, err
	}
	form := func(detail error) error {
		if errors.Is(detail, smime.ErrSource) {
			return fmt.Errorf("reading a draft: %w", detail)
		}
		return rem.Refuse(rem.InvalidMessageFormat, "Taslak, imzalanacak bir ileti olarak okunamıyor.", "The draft cannot be read as a message to be signed.")
	}
	u, err := smime.Prepare(d.Original, "imza"+random)
	if err != nil {
		return nil, Item{}, form(err)
	}
	digest, err := u.Digest(crypto.SHA256)
	if err != nil {
		return nil, Item{}, form(err)
	}
	shown, tx, err := shownOf(d.Original)
	if err != nil {
		return nil, Item{}, form(err)
	}
	shown.Draft, shown.Size, shown.Digest = d.ID, d.Original.Size(), rem.Digest(digest)
	return &item{draft: d, unsigned: u, tx: tx}, shown, nil
}

// shownOf reads what a signer is shown of a message, and to whom it goes.
func shownOf(src mime.Source) (Item, smtp.Transaction, error) {
	header, err := mime.ReadHeader(src, mime.DefaultLimits)
	if err != nil {
		return Item{}, smtp.Transaction{}, err
	}
	addresses, err := header.Addresses(mime.DefaultLimits)
	if err != nil {
		return Item{}, smtp.Transaction{}, err
	}
	if len(addresses.To)+len(addresses.Cc) > maxShownNames {
		return Item{}, smtp.Transaction{}, errors.New("too many recipients")
	}
	subject, _ := mime.DecodeText(header.Get("Subject"))
	tx := smtp.Transaction{Sender: smtp.Path(addresses.From.Address), Size: src.Size(), EightBit: true}
	item := Item{Subject: visible(subject), From: visible(addresses.From.Address)}
	seen := map[string]bool{}
	for n, m := range slices.Concat(addresses.To, addresses.Cc) {
		if n < len(addresses.To) {
			item.To = append(item.To, visible(m.Address))
		} else {
			item.Cc = append(item.Cc, visible(m.Address))
		}
		if key := rem.FoldASCII(m.Address); !seen[key] {
			seen[key] = true
			tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(m.Address)})
		}
	}
	return item, tx, nil
}

// visible keeps a text from acting on the terminal or the page that shows it:
// control characters, and those that turn the direction, become a mark.
func visible(s string) string {
	out := make([]rune, 0, min(len(s), maxShownText))
	for _, c := range s {
		if len(out) == maxShownText {
			break
		}
		if c < ' ' || 0x7f <= c && c < 0xa0 || 0x200b <= c && c <= 0x200f || 0x2028 <= c && c <= 0x202e || 0x2066 <= c && c <= 0x2069 || c == 0xfeff {
			c = '\ufffd'
		}
		out = append(out, c)
	}
	return string(out)
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

func (s *Service) forget(r *request) {
	delete(s.requests, r.view.ID)
	delete(s.codes, r.code)
	delete(s.tickets, r.tick)
}

func (r *request) copy() View {
	v := r.view
	v.Items = slices.Clone(v.Items)
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

// Unsigned returns the n-th message before its signature, for signing elsewhere.
func (s *Service) Unsigned(a Access, n int) (mime.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(a)
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= len(r.items) {
		return nil, ErrNotFound
	}
	return r.items[n].draft.Original, nil
}

// Cancel forgets a request. Messages of it that were submitted stay so.
func (s *Service) Cancel(a Access) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(a)
	if err != nil {
		return err
	}
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
	if !r.work.TryLock() {
		return nil, nil, ErrBusy
	}
	return r, r.work.Unlock, nil
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
