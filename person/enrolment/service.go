package enrolment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/notice"
	"rem/provider/directory"
	"rem/provider/publication"
)

// A Ledger keeps applications, and lists them for the desk.
type Ledger interface {
	application.Ledger
	application.Lists
}

// Notices record that people were told; *notice.Ledger is one.
type Notices interface {
	NoticeInForce(at time.Time) (uint64, rem.Digest, error)
	Deliver(ctx context.Context, d notice.Delivery) (*notice.Delivery, error)
	WasTold(p rem.PersonID, version rem.Digest) bool
}

// Documents are the texts that an applicant accepts; *publication.Ledger is one.
type Documents interface {
	InForce(k publication.Kind, at time.Time) (*publication.Version, error)
}

// Accounts is the part of account.Store by which accounts are opened, and passwords
// of mail programs taken.
type Accounts interface {
	Create(ctx context.Context, a account.Account) error
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
	ByAddress(ctx context.Context, a rem.Address) (account.Account, error)
	SetPassword(ctx context.Context, id rem.AccountID, p rem.PersonID, hash string) error
}

// Directory takes in the accounts that were opened; *directory.Directory is one.
type Directory interface {
	Enter(ctx context.Context, by directory.By, e directory.Entry) (directory.Version, error)
}

// Logins let people set their first credentials; *login.Service is one.
type Logins interface {
	Grant(ctx context.Context, g login.Granting) (login.Secret, error)
	Name(ctx context.Context, g login.Granting) error
	// AccountsOf lists the accounts that somebody's log-in names lead to.
	AccountsOf(ctx context.Context, who login.Who) ([]rem.AccountID, error)
	Reset(ctx context.Context, who login.Who) error
	EndAll(ctx context.Context, p rem.PersonID) error
}

// A Messenger knows where people are told, and tells them; *notify.Book is one.
type Messenger interface {
	// Set keeps where a person is told from now on; the zero Contact removes it.
	Set(ctx context.Context, p rem.PersonID, c news.Contact) error
	// Tell tells once for each identifier of a message, however often it is called.
	// The error wraps news.ErrNoContact when the person has no such channel.
	Tell(ctx context.Context, ch news.Channel, m news.Message) error
}

// A Scanner looks for malware.
type Scanner interface {
	// Scan returns the name of what it found, or "". An error means that it could
	// not tell; ErrNoScanner, that there is none on purpose.
	Scan(ctx context.Context, r io.Reader, size int64) (found string, err error)
}

// Papers keep sealed bytes of applications: what was handed in, and what an
// identification rests on. Methods may be called concurrently. edge/paperstore is
// one.
type Papers interface {
	// Put keeps a paper whole or not at all; it is durable when Put returns nil. The
	// same digest of the same application again is harmless.
	Put(ctx context.Context, a person.ApplicationID, d rem.Digest, sealed [][]byte) error
	// Get returns it, or ErrNoPaper.
	Get(ctx context.Context, a person.ApplicationID, d rem.Digest) ([][]byte, error)
}

// Looks are the entries of the access log about a person, the newest first; they are
// durable before anything was opened. edge/accesslog has them.
type Looks interface {
	Concerning(ctx context.Context, person rem.PersonID, before uint64, limit int) ([]privacy.AccessEntry, error)
}

// A Judge verifies signatures; *identity.SignatureJudge is one.
type Judge interface {
	Verify(ctx context.Context, form, signature []byte, who identity.Claimed) (*identity.SignedResult, error)
}

// A Registry is asked about businesses (REQ-16). The same key is the same question.
type Registry interface {
	// Look returns what the registry says; an error that wraps ErrLater when it
	// cannot be asked now.
	Look(ctx context.Context, key string, number person.MERSIS) (*Entry, error)
}

// An Entry is what a registry says of a business.
type Entry struct {
	Found     bool
	Business  identity.Business
	Simulated bool
	Answer    identity.Kept // of kind identity.RegistryAnswer
}

// A Way is where an applicant goes, or what a program on his side needs, for a
// remote identification. Parts that the method does not use are empty.
type Way struct {
	URL       string // his browser is sent there
	Reference string // the visit's name
	Nonce     string
	Challenge []byte // a card signs it
}

// A Return is what comes back from a remote identification.
type Return struct {
	State, Code string // through his browser
	Package     []byte // from a program or a card's reader
}

// An Adapter is one remote method of identification by somebody outside. It
// decides nothing. Its methods may be called concurrently.
type Adapter interface {
	// Begin begins a visit for a form. visit is what Finish needs; it may hold a
	// secret of the program and nothing of a person.
	Begin(a person.ApplicationID, form rem.Digest) (visit []byte, w Way, err error)
	// Finish judges what came back of a visit; made again with the same it asks the
	// same. The error wraps ErrNotThis, ErrOver, ErrDeclined, ErrUnreadable or
	// ErrLater; then nothing is recorded.
	Finish(ctx context.Context, visit, form []byte, back Return, said identity.Shown) (*identity.Answer, error)
}

// Settings are those of the practice statement, and of the site.
type Settings struct {
	Provider rem.Text // our name, as people know it
	Domain   string   // our domain
	Forms    person.Forms
	// Resume and Activation make the addresses that links by mail lead to, of the
	// secret that is in them.
	Resume, Activation func(login.Secret) string
	// Invitation makes that of a link by which somebody is asked to act on an
	// account; nil: nobody is.
	Invitation func(login.Secret) string
	// Offices are where people can come, each with its hours.
	Offices []Office
	// Term gives the end of an account's term; nil: none.
	Term func(opened time.Time) time.Time
	// Quota is the size of a new mailbox, in octets; zero: no bound.
	Quota int64
	// DeemedRead is after how long an unopened message counts as read, by the practice
	// statement; 0: it never does.
	DeemedRead time.Duration
	// Remind is how long before a deadline the applicant is reminded; zero: three days.
	Remind time.Duration
}

// A Config is what the service works with. Directory, Logins and Registry may be
// nil where there are none; everything else is needed.
type Config struct {
	Settings  Settings
	Rules     application.Rules
	Ledger    Ledger
	Store     Store
	Papers    Papers
	Vault     *privacy.Vault
	Keys      privacy.KeyStore
	Notices   Notices
	Documents Documents
	Accounts  Accounts
	Directory Directory
	Logins    Logins
	Keeper    Keeper // nil: nobody is asked to act on an account
	Messenger Messenger
	Scanner   Scanner
	Looks     Looks
	Judge     Judge
	Registry  Registry
	Adapters  map[identity.Method]Adapter
	// Identity finds a person by the number, Signatory an operator by the number in
	// his certificate.
	Identity, Signatory *privacy.BlindIndexer
	Clock               rem.Clock
	Random              io.Reader // cryptographic
	// Offered returns what is offered now, where that changes while the provider runs,
	// such as with an institution's contract; nil: Rules.Offer, always.
	Offered func(context.Context) (identity.Offer, error)
	// OnTold hears of steps of which the desk or a partner is to know; nil: nobody.
	OnTold func(a person.ApplicationID, who application.Told)
	// Fault hears of what goes wrong where nobody waits for the answer; nil: nobody.
	Fault func(error)
}

// A Service carries applications. It may be used from many goroutines.
type Service struct {
	Config
	links, codes *privacy.BlindIndexer
}

// New returns a service.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Ledger == nil || c.Store == nil || c.Papers == nil || c.Vault == nil || c.Keys == nil || c.Notices == nil || c.Documents == nil ||
		c.Accounts == nil || c.Messenger == nil || c.Scanner == nil || c.Judge == nil || c.Looks == nil || c.Identity == nil || c.Signatory == nil || c.Clock == nil ||
		c.Random == nil || c.Settings.Resume == nil || c.Settings.Activation == nil || c.Settings.Domain == "" {
		return nil, errors.New("preparing enrolment: something that it works with is missing")
	}
	if c.Fault == nil {
		c.Fault = func(error) {}
	}
	if c.Settings.Remind <= 0 {
		c.Settings.Remind = usualRemind
	}
	s := &Service{Config: c}
	var err error
	for index, at := range map[privacy.BlindIndex]**privacy.BlindIndexer{
		{Name: "enrolment.link", Version: 1}: &s.links, {Name: "enrolment.code", Version: 1}: &s.codes,
	} {
		if *at, err = privacy.NewBlindIndexer(ctx, c.Keys, index); err != nil {
			return nil, fmt.Errorf("preparing enrolment: %w", err)
		}
	}
	return s, nil
}

// Applicants is where people apply.
type Applicants struct{ s *Service }

// Applicants returns where people apply.
func (s *Service) Applicants() *Applicants { return &Applicants{s} }

// Desk is where officers and approvers work.
type Desk struct{ s *Service }

// Desk returns where officers and approvers work.
func (s *Service) Desk() *Desk { return &Desk{s} }

// Corporate is where a company applies for its people.
type Corporate struct{ s *Service }

// Corporate returns where a company applies for its people.
func (s *Service) Corporate() *Corporate { return &Corporate{s} }

const usualRemind = 72 * time.Hour
