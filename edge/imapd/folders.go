package imapd

import (
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"rem"
	"rem/message/mailbox"
)

// delimiter would stand between a folder and one inside of it. No name has it: folders
// lie side by side, and programs ask for one all the same.
const delimiter = '/'

// uses are what mail programs know folders by (RFC 6154 2). Evidence has no word.
var uses = map[mailbox.FolderID]imap.MailboxAttr{
	mailbox.SentBox: imap.MailboxAttrSent, mailbox.Drafts: imap.MailboxAttrDrafts,
	mailbox.Archive: imap.MailboxAttrArchive, mailbox.TrashBox: imap.MailboxAttrTrash,
}

// A folder is one with its name in IMAP: the provider's have their Turkish ones.
type folder struct {
	mailbox.Folder
	name string
}

// list gives the folders, read again when something changed. Names are sealed, and
// whoever reads them is in the access log, so that they are not read for each STATUS.
// mu is held.
func (n *session) list() ([]folder, error) {
	n.look()
	if !n.stale && n.folders != nil {
		return n.folders, nil
	}
	n.stale = false
	all, err := n.box.Folders(n.ctx, n.who)
	if err != nil {
		n.stale = true
		return nil, err
	}
	n.folders = make([]folder, len(all))
	for i, f := range all {
		name := f.Name
		switch {
		case f.ID == mailbox.Inbox:
			name = "INBOX"
		case name == "":
			name = mailbox.FixedNames[f.ID].Turkish
		}
		n.folders[i] = folder{f, name}
	}
	return n.folders, nil
}

// named gives the folder of a name. mu is held.
func (n *session) named(name string) (folder, error) {
	all, err := n.list()
	if err != nil {
		return folder{}, n.fail("listing folders", err)
	}
	for _, f := range all {
		if f.name == name || f.ID == mailbox.Inbox && isInbox(name) {
			return f, nil
		}
	}
	return folder{}, no(imap.ResponseCodeNonExistent, "Böyle bir klasör yok.", "There is no such folder.")
}

// isInbox: this name alone has no case (RFC 9051 5.1).
func isInbox(name string) bool { return rem.FoldASCII(name) == "inbox" }

// begin asks whether the session still is one and locks it; every command does. It
// is ended by n.mu.Unlock.
func (n *session) begin() error {
	if err := n.holds(); err != nil {
		return err
	}
	n.mu.Lock()
	return nil
}

// Select implements imapserver.Session.
func (n *session) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	if err := n.begin(); err != nil {
		return nil, err
	}
	defer n.mu.Unlock()
	n.forget()
	f, err := n.named(name)
	if err != nil {
		return nil, err
	}
	if n.srv.lines.Load()+f.Items > n.srv.limits.Lines {
		return nil, no(imap.ResponseCodeLimit, "Şu anda çok sayıda klasör açık, daha sonra deneyin.", "Too many folders are open at present, try again later.")
	}
	n.dirty = false
	lines, err := n.box.Lines(n.ctx, n.who, f.ID)
	if err != nil {
		return nil, n.fail("selecting a folder", err)
	}
	v := newView(f.ID, o.ReadOnly, lines)
	n.view = v
	n.srv.lines.Add(int64(cap(v.lines)))
	n.folder.Store(f.ID)
	data := &imap.SelectData{
		Flags: settable(f.ID), NumMessages: uint32(len(v.lines)), UIDNext: imap.UID(f.Next), UIDValidity: f.Validity,
	}
	if !o.ReadOnly {
		data.PermanentFlags = settable("")
	}
	if k := len(v.lines); k > 0 {
		data.UIDNext = max(data.UIDNext, imap.UID(v.lines[k-1].uid+1))
	}
	if i := slices.IndexFunc(v.lines, func(l line) bool { return l.flags&mailbox.Seen == 0 }); i >= 0 {
		data.FirstUnseenSeqNum = uint32(i + 1)
	}
	return data, nil
}

func settable(f mailbox.FolderID) []imap.Flag { return flagsOf(f, allFlags) }

// Unselect implements imapserver.Session.
func (n *session) Unselect() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget()
	return nil
}

// Create implements imapserver.Session.
func (n *session) Create(name string, _ *imap.CreateOptions) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	name = strings.TrimSuffix(name, string(delimiter)) // RFC 9051 6.3.4
	if isInbox(name) {
		return n.fail("", mailbox.ErrTaken)
	}
	if _, err := n.box.CreateFolder(n.ctx, n.who, name); err != nil {
		return n.fail("creating a folder", err)
	}
	n.stale = true
	return nil
}

// Delete implements imapserver.Session.
func (n *session) Delete(name string) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	f, err := n.named(name)
	if err != nil {
		return err
	}
	if err := n.box.RemoveFolder(n.ctx, n.who, f.ID); err != nil {
		return n.fail("removing a folder", err)
	}
	n.stale = true
	return nil
}

// Rename implements imapserver.Session. INBOX is not emptied into a new folder, as
// RFC 9051 6.3.6 has it: what arrived stays where it arrived.
func (n *session) Rename(name, to string, _ *imap.RenameOptions) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	f, err := n.named(name)
	if err != nil {
		return err
	}
	if isInbox(to) {
		return n.fail("", mailbox.ErrTaken)
	}
	if err := n.box.RenameFolder(n.ctx, n.who, f.ID, strings.TrimSuffix(to, string(delimiter))); err != nil {
		return n.fail("renaming a folder", err)
	}
	n.stale = true
	return nil
}

// Subscribe implements imapserver.Session: every folder is.
func (n *session) Subscribe(name string) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	_, err := n.named(name)
	return err
}

// Unsubscribe implements imapserver.Session.
func (n *session) Unsubscribe(name string) error {
	if err := n.Subscribe(name); err != nil {
		return err
	}
	return no(imap.ResponseCodeCannot, "Bütün klasörler gösterilir.", "Every folder is shown.")
}

// Namespace implements imapserver.SessionNamespace.
func (n *session) Namespace() (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: delimiter}}}, nil
}

// List implements imapserver.Session.
func (n *session) List(w *imapserver.ListWriter, ref string, patterns []string, o *imap.ListOptions) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	if len(patterns) == 0 {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: delimiter})
	}
	all, err := n.list()
	if err != nil {
		return n.fail("listing folders", err)
	}
	for i := range patterns {
		patterns[i] = ref + patterns[i]
	}
	for _, f := range all {
		if !slices.ContainsFunc(patterns, func(p string) bool { return matches(f.name, p) }) {
			continue
		}
		use, used := uses[f.ID]
		if o.SelectSpecialUse && !used {
			continue
		}
		data := &imap.ListData{Delim: delimiter, Mailbox: f.name, Attrs: []imap.MailboxAttr{imap.MailboxAttrHasNoChildren}}
		if used {
			data.Attrs = append(data.Attrs, use)
		}
		if o.SelectSubscribed || o.ReturnSubscribed {
			data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
		}
		if o.ReturnStatus != nil {
			if data.Status, err = n.status(f, o.ReturnStatus); err != nil {
				return err
			}
		}
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether a name matches a pattern of LIST (RFC 9051 6.3.9). Its time
// is the product of their lengths: a pattern of many stars tries no path twice.
func matches(name, pattern string) bool {
	if isInbox(pattern) {
		return name == "INBOX"
	}
	can := make([]bool, len(name)+1) // up to there the name matches so far
	can[0] = true
	for i := range len(pattern) {
		switch c := pattern[i]; c {
		case '*', '%':
			for j := 1; j <= len(name); j++ {
				can[j] = can[j] || can[j-1] && (c == '*' || name[j-1] != delimiter)
			}
		default:
			for j := len(name); j > 0; j-- {
				can[j] = can[j-1] && name[j-1] == c
			}
			can[0] = false
		}
	}
	return can[len(name)]
}

// Status implements imapserver.Session.
func (n *session) Status(name string, o *imap.StatusOptions) (*imap.StatusData, error) {
	if err := n.begin(); err != nil {
		return nil, err
	}
	defer n.mu.Unlock()
	f, err := n.named(name)
	if err != nil {
		return nil, err
	}
	return n.status(f, o)
}

func (n *session) status(f folder, o *imap.StatusOptions) (*imap.StatusData, error) {
	items, unseen, none := uint32(f.Items), uint32(f.Unseen), uint32(0)
	limit := uint32(n.srv.limits.Append)
	data := &imap.StatusData{
		Mailbox: f.name, NumMessages: &items, NumUnseen: &unseen, NumRecent: &none, UIDNext: imap.UID(f.Next), UIDValidity: f.Validity,
		Size: &f.Bytes, NumDeleted: &none, AppendLimit: &limit, DeletedStorage: new(int64),
	}
	if !o.NumDeleted && !o.DeletedStorage {
		return data, nil
	}
	lines, err := n.box.Lines(n.ctx, n.who, f.ID)
	if err != nil {
		return nil, n.fail("counting a folder", err)
	}
	deleted := uint32(0)
	for i := range lines {
		if lines[i].Flags&mailbox.Deleted != 0 {
			deleted++
			*data.DeletedStorage += lines[i].Size
		}
	}
	data.NumDeleted = &deleted
	return data, nil
}
