package mailbox

import (
	"context"
	"io"
	"time"

	"rem"
	"rem/message"
)

// A Query selects items of one account, the newest first.
type Query struct {
	// Folder is one; "": all but the trash.
	Folder FolderID
	// Before is the cursor: items that come before this one; 0: from the newest.
	Before ItemID
	// Limit is how many, at most [MaxPage].
	Limit int
	// Kinds: none is all.
	Kinds []Kind
	// Words must all be in it: tokens by the Box.
	Words []Word
	// From and Until bound At; Until is excluded; zero: no bound.
	From, Until time.Time
	// Progress: at least one recipient is in one of these; 0: any.
	Progress Progress
	// Person acted; "": any.
	Person rem.PersonID
	// Unopened: received, and never opened. Attached: has attachments. Marked:
	// Flagged.
	Unopened, Attached, Marked bool
	// Message: all items about it.
	Message rem.MessageID
}

// MaxPage bounds the items of one answer.
const MaxPage = 1000

// A Line is what a mail program has to know of each item of a folder, in order of
// UID.
type Line struct {
	ID    ItemID
	UID   uint32
	Flags Flags
	Size  int64
	At    time.Time
}

// A News is what a step of the ledger means for one account's mailbox. Making the
// same one again changes nothing.
type News struct {
	Account rem.AccountID
	// Item comes new when it was never there, by its kind, message, recipient and
	// evidence: one that was removed stays so. Its ID, Folder and UID are the store's to give: Received go to the
	// inbox, Sent and Evidence to their folders.
	Item *Item
	// About is the message that the rest is about.
	About rem.MessageID
	// Progress replaces that of the sent item.
	Progress Progress
	// Opened is when and by whom the received item of Recipient was first opened.
	Opened    time.Time
	Recipient int
	By        rem.PersonID
}

// An Indexing is what is kept of an item for the search.
type Indexing struct {
	Account     rem.AccountID
	Item        ItemID
	Words       []Word
	Attachments int
}

// A Store keeps mailboxes. Methods that write are durable when they return nil,
// whole or not at all, and harmless when made again; all may be called
// concurrently. What belongs to another account is ErrNotFound.
type Store interface {
	// Position is up to where the ledger was followed; "" at first.
	Position(ctx context.Context) (string, error)
	// Follow applies the news and moves the position, in one step.
	Follow(ctx context.Context, news []News, position string) error
	// Index keeps the words of items, in the place of those before, and how many
	// attachments each has, all in one step. One that is not there, and a draft, which
	// is not searched, is passed over. Unindexed gives items that have none, the newest
	// first.
	Index(ctx context.Context, items []Indexing) error
	Unindexed(ctx context.Context, limit int) ([]Unindexed, error)

	// Folders are those of [Fixed] and people's own, by their names, which are sealed:
	// whoever sees them is in the access log.
	Folders(ctx context.Context, by rem.Actor) ([]Folder, error)
	// CreateFolder and RenameFolder answer ErrName and ErrTaken; names that fold
	// alike ([rem.FoldName]) are the same, and those of [FixedNames] are taken.
	CreateFolder(ctx context.Context, by rem.Actor, name string) (FolderID, error)
	RenameFolder(ctx context.Context, by rem.Actor, f FolderID, name string) error
	RemoveFolder(ctx context.Context, a rem.AccountID, f FolderID) error

	Items(ctx context.Context, a rem.AccountID, q Query) ([]Item, error)
	Item(ctx context.Context, a rem.AccountID, id ItemID) (Item, error)
	// ItemsOf gives those with the identifiers, in their order, without those that
	// are not there.
	ItemsOf(ctx context.Context, a rem.AccountID, ids []ItemID) ([]Item, error)
	Lines(ctx context.Context, a rem.AccountID, f FolderID) ([]Line, error)
	// Move puts items into a folder and returns their new UIDs, in the order of
	// ids; those that are not there, and drafts, have 0. What is there already keeps
	// its UID.
	Move(ctx context.Context, a rem.AccountID, ids []ItemID, to FolderID) ([]uint32, error)
	Flag(ctx context.Context, a rem.AccountID, ids []ItemID, add, remove Flags) error
	// Remove takes items out of the mailbox for good. The message and its evidence
	// stay in the journal.
	Remove(ctx context.Context, a rem.AccountID, ids []ItemID) error
	// Trashed gives items that lie in the trash since before the time, the longest
	// first, without messages that were not opened before it.
	Trashed(ctx context.Context, before time.Time, limit int) (map[rem.AccountID][]ItemID, error)

	// Watch returns a channel that gets a value after something of the account
	// changed; it has room for one. stop ends it.
	Watch(a rem.AccountID) (changed <-chan struct{}, stop func())

	// Draft opens one for somebody. SaveDraft keeps it when d.Version is the stored
	// one (0: new) and returns the next; else ErrChanged. Each saving gives the
	// draft's item a new UID: what a UID names never changes (RFC 9051 2.3.1.1).
	Draft(ctx context.Context, by rem.Actor, id DraftID) (Draft, error)
	SaveDraft(ctx context.Context, by rem.Actor, d Draft) (int64, error)
	DropDraft(ctx context.Context, by rem.Actor, id DraftID) error
	// DraftHeads opens several without HTML and Text, in one access; those that are
	// not there are left out.
	DraftHeads(ctx context.Context, by rem.Actor, ids []DraftID) (map[DraftID]Draft, error)
	// DueDrafts are those scheduled or being sent whose time has come.
	DueDrafts(ctx context.Context, now time.Time, limit int) ([]Due, error)
	// PutFile keeps a file of a draft as it comes, sealed, with flat memory, and
	// returns its size and digest; one longer than limit is ErrTooLarge, and one of
	// the same name is replaced. The draft need not be saved yet; what is not saved
	// within a day is given up. File opens it, and needs no closing.
	PutFile(ctx context.Context, by rem.Actor, id DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error)
	File(ctx context.Context, by rem.Actor, id DraftID, file string) (message.Content, error)
	DropFile(ctx context.Context, by rem.Actor, id DraftID, file string) error

	Keepsakes(ctx context.Context, by rem.Actor, kind KeepsakeKind) ([]Keepsake, error)
	Keep(ctx context.Context, by rem.Actor, k Keepsake) error
	DropKeepsake(ctx context.Context, by rem.Actor, id string) error
	Preferences(ctx context.Context, a rem.AccountID, p rem.PersonID) (Preferences, error)
	SetPreferences(ctx context.Context, a rem.AccountID, p rem.PersonID, o Preferences) error
}

// An Unindexed is an item whose words are not kept yet.
type Unindexed struct {
	Account rem.AccountID
	Item    Item
}

// A Due is a draft that was signed and whose time has come.
type Due struct {
	Account rem.AccountID
	Draft   DraftID
	Signer  rem.PersonID
}
