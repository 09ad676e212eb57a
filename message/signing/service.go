package signing

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/submission"
	"rem/person/account"
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
	// be read until the request is over; one that is an io.Closer is closed then.
	Original mime.Source
}

// Close gives the original back where it is to be given back. Who made a draft calls
// it only for one that Begin was not given.
func (d Draft) Close() error {
	if c, ok := d.Original.(io.Closer); ok {
		return c.Close()
	}
	return nil
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
	// Mobile signs by telephone; nil: that is not offered. Watch has to run.
	Mobile Mobile
	Policy Policy
	// Alarm hears of faults that no caller is told; nil: nobody does.
	Alarm func(error)

	mu        sync.Mutex
	requests  map[ID]*request     // guarded by mu
	codes     map[string]*request // guarded by mu; by digest
	tickets   map[string]*request // guarded by mu; by digest
	withdrawn []MobileHandle      // guarded by mu; of which the operators are still to be told
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
	// Mobile is how it stands with a telephone; nil: none was asked.
	Mobile *MobileState
}

// Done reports whether every message has its outcome.
func (v *View) Done() bool {
	return !slices.ContainsFunc(v.Items, func(i Item) bool { return i.Outcome == nil })
}

// Begin makes a request of drafts: it reads each once, and refuses those that could
// not be submitted for their form. The drafts are the request's from then on, and
// closed when it is over; without a request they are closed at once.
func (s *Service) Begin(ctx context.Context, login submission.Login, drafts []Draft) (v View, err error) {
	begun := false
	defer func() {
		if !begun {
			s.close(drafts)
		}
	}()
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
	r := &request{login: login, drafts: drafts, view: View{
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
	begun = true
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
