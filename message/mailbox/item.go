package mailbox

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rem"
	"rem/message"
)

// Errors that every store and box promises.
var (
	// ErrNotFound: there is no such item, folder or draft of this account. What is
	// another account's looks the same.
	ErrNotFound = errors.New("it is not in the mailbox")
	// ErrChanged: somebody else saved the draft meanwhile; read it again.
	ErrChanged = errors.New("the draft was changed since it was read")
	// ErrTaken: there is a folder of this name.
	ErrTaken = errors.New("there is a folder of this name")
	// ErrName: a folder's name is empty, too long, or has signs that names have not.
	ErrName = errors.New("the folder cannot be called so")
	// ErrTooLarge: a file is longer than allowed.
	ErrTooLarge = errors.New("the file is longer than allowed")
	// ErrFixed: a folder of the provider's cannot be renamed or removed, and one
	// that holds items cannot be removed.
	ErrFixed = errors.New("the folder stays")
	// ErrTooMany: one of the bounds of an account is reached.
	ErrTooMany = errors.New("there are too many of them")
)

// An ItemID is an item's, within its account: later ones are greater, and none is
// used twice.
type ItemID int64

// A Kind is what an item is.
type Kind uint8

// The kinds.
const (
	Received Kind = iota + 1 // a message that arrived
	Sent                     // a message that somebody of the account submitted and that was accepted
	Evidence                 // an evidence about a sent message
	Drafted                  // a draft
)

// Flags are what people marked. Seen is IMAP's: that a message was opened, which
// has evidence, is Item.Opened.
type Flags uint16

// The flags, in IMAP's words (RFC 9051 2.3.2).
const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Forwarded
	// Deleted marks what a mail program is about to expunge.
	Deleted
)

// Progress is in which states the recipients of a sent message are, one bit for
// each that at least one of them is in. It is for lists and filters: what is shown
// of a message is shown for each recipient.
type Progress uint16

// The states of a recipient as filters know them.
const (
	Waiting     Progress = 1 << iota // nothing is known yet but that it was submitted
	TakenOver                        // by the other provider
	Delivered                        // in the mailbox
	Retrieved                        // opened
	NotOpened                        // not opened in time
	Failed                           // refused, not relayed, not delivered
	NoAnswer                         // no information in time
	AllProgress = Waiting | TakenOver | Delivered | Retrieved | NotOpened | Failed | NoAnswer
)

// ProgressOf returns the bit of a recipient's state at the sender's provider.
func ProgressOf(s message.State) Progress {
	switch s {
	case message.Accepted, message.Relaying, message.Attempting, message.Asked:
		return Waiting
	case message.Relayed:
		return TakenOver
	case message.Delivered:
		return Delivered
	case message.Retrieved:
		return Retrieved
	case message.NotRetrieved:
		return NotOpened
	case message.Overdue:
		return NoAnswer
	case message.Refused, message.NotRelayed, message.NotDelivered, message.RelayRefused:
		return Failed
	}
	return 0
}

// ProgressOfAll joins those of the recipients.
func ProgressOfAll(standings []message.Standing) (p Progress) {
	for _, s := range standings {
		p |= ProgressOf(s.State)
	}
	return p
}

// An Item is one line of a mailbox.
type Item struct {
	ID   ItemID
	Kind Kind
	// Message is what it is about; "" for a draft.
	Message rem.MessageID
	// Recipient is which of its recipients the account is, for Received, and whom
	// the evidence concerns, for Evidence (0: all).
	Recipient int
	Evidence  rem.EvidenceID
	Draft     DraftID

	Folder FolderID
	// UID is the item's in its folder (RFC 9051 2.3.1.1): greater than those that
	// came before, and another one after a move.
	UID   uint32
	Flags Flags
	// At is when it arrived, was sent, happened, or was last saved.
	At time.Time
	// Size is that of what a mail program fetches, in octets; of a draft that of
	// its attachments.
	Size int64
	// Opened is when a received message was first opened; zero: never.
	Opened time.Time
	// Person acted: who submitted, or who opened first.
	Person rem.PersonID
	// Progress is of sent ones.
	Progress Progress
	// Attachments is how many it has; -1: not counted yet.
	Attachments int
}

// A FolderID is a folder's within its account. The provider's have the names
// below; people's own have a random one.
type FolderID string

// The folders that every account has.
const (
	Inbox    FolderID = "inbox"
	SentBox  FolderID = "sent"
	Drafts   FolderID = "drafts"
	Proofs   FolderID = "evidence"
	Archive  FolderID = "archive"
	TrashBox FolderID = "trash"
)

// Fixed are the folders that every account has, in the order of pages.
var Fixed = []FolderID{Inbox, SentBox, Drafts, Proofs, Archive, TrashBox}

// FixedNames are theirs.
var FixedNames = map[FolderID]rem.Text{
	Inbox:    {Turkish: "Gelen kutusu", English: "Inbox"},
	SentBox:  {Turkish: "Gönderilenler", English: "Sent"},
	Drafts:   {Turkish: "Taslaklar", English: "Drafts"},
	Proofs:   {Turkish: "Deliller", English: "Evidence"},
	Archive:  {Turkish: "Arşiv", English: "Archive"},
	TrashBox: {Turkish: "Çöp kutusu", English: "Trash"},
}

// A Folder is one with what is in it.
type Folder struct {
	ID FolderID
	// Name is people's own; "" for the provider's.
	Name string
	// Items are all, Unopened those received and never opened, Unseen those
	// without Seen.
	Items, Unopened, Unseen int64
	// Next is the UID that the next item will have at least; Validity changes when
	// UIDs were given anew (RFC 9051 2.3.1.1).
	Next, Validity uint32
	// Bytes are those of its items.
	Bytes int64
}

// Bounds of an account.
const (
	// MaxFolders are people's own.
	MaxFolders = 500
	// MaxFolderName is in characters.
	MaxFolderName = 100
	// MaxDrafts are what is being written at one time.
	MaxDrafts = 1000
	// MaxKeepsakes are contacts, groups, templates and signatures together.
	MaxKeepsakes = 5000
)

// FolderName is a name as it is kept, without spaces around it, or ErrName. Key is
// what names that are the same have in common.
func FolderName(name string) (kept, key string, err error) {
	kept = strings.TrimSpace(name)
	key = rem.FoldName(kept)
	signs := func(r rune) bool { return unicode.IsControl(r) || r == '/' || r == utf8.RuneError }
	if key == "" || utf8.RuneCountInString(kept) > MaxFolderName || strings.ContainsFunc(kept, signs) {
		return "", "", ErrName
	}
	if fixedKeys[key] {
		return "", "", ErrTaken
	}
	return kept, key, nil
}

// fixedKeys are the keys of what provider's folders are called.
var fixedKeys = func() map[string]bool {
	m := map[string]bool{}
	for id, name := range FixedNames {
		m[rem.FoldName(string(id))], m[rem.FoldName(name.Turkish)], m[rem.FoldName(name.English)] = true, true, true
	}
	return m
}()
