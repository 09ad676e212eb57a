package control

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/message"
	"rem/person/account"
)

// Socket is the name of the socket in the data folder.
const Socket = "control.sock"

// PersonHeader names who asks.
const PersonHeader = "Rem-Person"

// A NewAccount is what opening an account by command takes.
type NewAccount struct {
	Address  string `json:"address"`
	Holder   string `json:"holder"`
	Legal    bool   `json:"legal"`
	Operator string `json:"operator"` // name of the natural person; empty: the holder
	Identity string `json:"identity"` // serialNumber of his certificate
	Quota    int64  `json:"quota"`
	Password string `json:"password"` // empty: none yet
}

// An Account is an account as operators see it.
type Account struct {
	ID        rem.AccountID  `json:"id"`
	Address   string         `json:"address"`
	Holder    rem.PersonID   `json:"holder"`
	State     account.State  `json:"state"`
	Quota     int64          `json:"quota"`
	Bytes     int64          `json:"bytes"`
	Messages  int64          `json:"messages"`
	Operators []rem.PersonID `json:"operators"`
}

// AccountNames are the names of an account's people, opened for a case.
type AccountNames struct {
	Holder    string   `json:"holder"`
	Operators []string `json:"operators"` // in the order of Account.Operators
}

// A Line is one evidence or standing in a message's timeline.
type Line struct {
	Evidence  rem.EvidenceID `json:"evidence,omitempty"`
	Kind      string         `json:"kind,omitempty"`
	Outcome   string         `json:"outcome,omitempty"`
	Recipient int            `json:"recipient"` // 0: all
	Issuer    string         `json:"issuer,omitempty"`
	Time      time.Time      `json:"time"`
	Reasons   []rem.Reason   `json:"reasons,omitempty"`
	Conflict  bool           `json:"conflict,omitempty"`
	// NoInformation: it says only that no information came in time.
	NoInformation bool `json:"noInformation,omitempty"`
	Size          int  `json:"size,omitempty"`
}

// A Recipient is where a message stands for one recipient.
type Recipient struct {
	Number  int       `json:"number"`
	Address string    `json:"address"`
	State   string    `json:"state"`
	Leg     string    `json:"leg,omitempty"`
	Since   time.Time `json:"since"`
	Due     time.Time `json:"due,omitzero"`
}

// A Timeline is what is known of a message.
type Timeline struct {
	Message    rem.MessageID `json:"message"`
	Sender     string        `json:"sender"`
	Subject    string        `json:"subject"`
	Submitted  time.Time     `json:"submitted"`
	Digest     string        `json:"digest"`
	Size       int64         `json:"size"`
	Recipients []Recipient   `json:"recipients"`
	Lines      []Line        `json:"lines"`
	// Unscanned is why a scanner was kept from a part of it.
	Unscanned []archive.Kind `json:"unscanned,omitempty"`
}

// An Entry is one line of a mailbox.
type Entry struct {
	UID       int64         `json:"uid"`
	Message   rem.MessageID `json:"message"`
	Recipient int           `json:"recipient"`
	Sender    string        `json:"sender"`
	Subject   string        `json:"subject"`
	Arrived   time.Time     `json:"arrived"`
	Opened    time.Time     `json:"opened,omitzero"`
	Size      int64         `json:"size"`
}

// A Peer is another provider of the trust list.
type Peer struct {
	Code    string   `json:"code"`
	Domains []string `json:"domains"`
	Name    string   `json:"name"`
	Status  string   `json:"status"`
	Relays  []string `json:"relays"`
	// Service is where evidence for it goes, as the list names it; empty: the
	// default (trustlist.Provider.ServiceAddress).
	Service string `json:"service,omitempty"`
}

// A TrustList is the list in force.
type TrustList struct {
	Sequence   uint64    `json:"sequence"`
	IssueTime  time.Time `json:"issueTime"`
	NextUpdate time.Time `json:"nextUpdate"`
	Digest     string    `json:"digest"`
	Providers  []Peer    `json:"providers"`
}

// A Finding is one line of an audit: a message, or something in it that does
// not hold.
type Finding struct {
	Message  rem.MessageID  `json:"message,omitempty"`
	Evidence rem.EvidenceID `json:"evidence,omitempty"`
	Problem  string         `json:"problem,omitempty"`
	Done     int64          `json:"done"`
	Total    int64          `json:"total"`
}

// ErrDenied: the person may not, or the password is not his.
var ErrDenied = errors.New("wrong address or password, or not allowed")

// A Notice is a published version of the privacy notice.
type Notice struct {
	Version   uint64    `json:"version"`
	Digest    string    `json:"digest"`
	Published time.Time `json:"published"`
	Effective time.Time `json:"effective"`
	Status    string    `json:"status"`
	Sample    bool      `json:"sample"`
	By        string    `json:"by"`
}

// A Document is a published version of the practice statement, the contract, the
// undertaking or the tariff.
type Document struct {
	Kind      string    `json:"kind"`
	Version   uint64    `json:"version"`
	Digest    string    `json:"digest"`
	Published time.Time `json:"published"`
	Effective time.Time `json:"effective"`
	Status    string    `json:"status"`
	Sample    bool      `json:"sample"`
	By        string    `json:"by"`
}

// A Provider is what the running program offers.
type Provider interface {
	Staff
	Directory
	AddAccount(ctx context.Context, by string, a NewAccount) (rem.AccountID, error)
	SetPassword(ctx context.Context, by, address, password string) error
	// SetState moves an account to a state, for a reason of account.Reasons; ""
	// is the holder's request.
	SetState(ctx context.Context, by, address string, state account.State, reason account.Reason) error
	// AccountNames opens the names of an account's people, for a case, after the
	// access log has who asked.
	AccountNames(ctx context.Context, by, address, matter string) (*AccountNames, error)
	Accounts(ctx context.Context, after rem.AccountID, limit int) ([]Account, error)
	Timeline(ctx context.Context, id rem.MessageID) (*Timeline, error)
	// Sent gives what an address sent, the newest first, from the one that was
	// sent before another; "" is from the newest.
	Sent(ctx context.Context, address string, before rem.MessageID, limit int) ([]Timeline, error)
	Evidence(ctx context.Context, id rem.EvidenceID) (message.Filed, error)
	// Dispatch returns a dispatch as it was signed, or as it came, with the
	// original inside. It takes the password of somebody whose message it is: the
	// sender's reader, or a recipient's, for whom it is an opening like Open.
	// ErrDenied when it is neither's.
	Dispatch(ctx context.Context, by, address, password string, id rem.MessageID) (message.Content, error)
	// Mailbox lists the entries with a UID over after, in the order of UIDs.
	Mailbox(ctx context.Context, address, password string, after int64, limit int) ([]Entry, error)
	// Open opens a message as the person whose password it is.
	Open(ctx context.Context, address, password string, uid int64) (message.Content, error)
	Queue(ctx context.Context, stage message.Stage, limit int) ([]message.Task, error)
	TrustList(ctx context.Context) (*TrustList, error)
	// PublishNotice publishes a version of the privacy notice, in its canonical
	// form. The same one again is the one that is there.
	PublishNotice(ctx context.Context, by, source string) (*Notice, error)
	// Notices lists the published versions, the first one first.
	Notices(ctx context.Context) ([]Notice, error)
	// PublishDocument publishes a version of another document, in its canonical
	// form. The same one again is the one that is there.
	PublishDocument(ctx context.Context, by, source string) (*Document, error)
	// Documents lists the published versions by kind, the first one first.
	Documents(ctx context.Context) ([]Document, error)
	// Audit verifies what is stored again, and reports as it goes.
	Audit(ctx context.Context, report func(Finding) error) error
}
