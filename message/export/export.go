package export

import (
	"context"
	"iter"
	"time"

	"rem"
	"rem/message"
	"rem/message/timeline"
	"rem/trust/tsp"
)

// PartSize is how many messages one part of an export holds. A part has its own
// pages, lists and proof list, so that neither the writer's memory nor a page
// grows with the mailbox.
const PartSize = 500

// partRecipients ends a part earlier when its messages went to many: evidence
// grows with recipients.
const partRecipients = 2000

// An Item is a message to export.
type Item struct {
	Message rem.MessageID
	// Recipient says whose copy of a received message it is, from 1. 0: the
	// account sent it.
	Recipient int
	// Opened: somebody of the account has opened it. It is not asked of sent ones.
	Opened bool
	// Folder is where the account keeps it; it is shown in lists alone.
	Folder string
}

// A Source has what is exported. Reading from it is no retrieval.
type Source interface {
	// Items gives the messages in the order in which they are written; it ends
	// after an error.
	Items(ctx context.Context) iter.Seq2[Item, error]
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error)
	// Open gives the content of a message that the account sent.
	Open(ctx context.Context, ref message.Ref) (message.Content, error)
}

// An Opener gives received messages to the person who exports. The evidence of a
// first opening is durable before it returns, and a *rem.Refusal says that this
// person may not; retrieval.Retriever does the work.
type Opener interface {
	Open(ctx context.Context, id rem.MessageID, recipient int) (message.Content, error)
}

// An OpenerFunc is an Opener.
type OpenerFunc func(ctx context.Context, id rem.MessageID, recipient int) (message.Content, error)

// Open implements Opener.
func (f OpenerFunc) Open(ctx context.Context, id rem.MessageID, recipient int) (message.Content, error) {
	return f(ctx, id, recipient)
}

// A File is one that the caller adds, such as roots to believe. Name has letters
// of ASCII, digits, dots and hyphens alone; it lies in the folder trust.
type File struct {
	Name    string
	Content []byte
}

// Options say what is written and how.
type Options struct {
	Source Source
	// Opener may be nil when nothing received is exported.
	Opener Opener
	// LeaveUnopened leaves the contents of received messages out that nobody has
	// opened: their evidence is written, and a list names them. Without it
	// exporting opens them, which is retrieval.
	LeaveUnopened bool
	// Mbox writes the originals of a part into one mailbox file instead of a file
	// each.
	Mbox bool
	// Made is the time of the export; times in the zip file are this one.
	Made time.Time
	// Account is the address whose messages these are, Provider is who wrote it.
	Account  string
	Provider rem.Text
	// Trust are certificates and lists for those who verify. They have to compare
	// them with a source of their own.
	Trust []File
	// Verifier, when it is set, verifies every evidence as it is written; pages
	// and lists show the verdicts.
	Verifier timeline.Verifier
	// Authority, when it is set, stamps the proof list, which then cannot be
	// written anew unnoticed.
	Authority tsp.Authority
}

// A Result counts what was written.
type Result struct {
	Messages  int // with or without content
	Originals int
	Evidence  int
	LeftOut   int // whose content was left out
}
