package imapd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"rem"
	"rem/edge/throttle"
	"rem/mail/mime"
	"rem/message/mailbox"
)

var throttleKey = throttle.AddressKey

// writable returns the view when it may be changed. It locks as begin does.
func (n *session) writable() (*view, error) {
	if err := n.begin(); err != nil {
		return nil, err
	}
	var err error
	switch {
	case n.view == nil:
		err = errNotSelected
	case n.view.readOnly:
		err = no(imap.ResponseCodeCannot, "Klasör yalnızca okunmak üzere açıldı.", "The folder was opened for reading alone.")
	default:
		return n.view, nil
	}
	n.mu.Unlock()
	return nil, err
}

// Store implements imapserver.Session. Flags that the mailbox does not have are not
// kept (RFC 9051 2.3.2: PERMANENTFLAGS names those that are).
func (n *session) Store(w *imapserver.FetchWriter, set imap.NumSet, f *imap.StoreFlags, _ *imap.StoreOptions) error {
	v, err := n.writable()
	if err != nil {
		return err
	}
	defer n.mu.Unlock()
	var named, add, remove mailbox.Flags
	for _, word := range f.Flags {
		bit, _ := flagOf(word)
		named |= bit
	}
	switch f.Op {
	case imap.StoreFlagsAdd:
		add = named
	case imap.StoreFlagsDel:
		remove = named
	default:
		add, remove = named, allFlags&^named
	}
	parts := v.pick(set)
	var ids []mailbox.ItemID
	_ = v.each(parts, func(_ int, l *line) error {
		if (l.flags|add)&^remove != l.flags {
			ids = append(ids, l.id)
		}
		return nil
	})
	if err := n.flag(ids, add, remove); err != nil {
		return n.fail("marking", err)
	}
	err = v.each(parts, func(i int, l *line) error {
		l.flags = (l.flags | add) &^ remove
		if f.Silent {
			return nil
		}
		r := w.CreateMessage(uint32(i + 1))
		r.WriteUID(imap.UID(l.uid))
		r.WriteFlags(flagsOf(v.folder, l.flags))
		return r.Close()
	})
	if err != nil {
		return n.fail("marking", err)
	}
	return nil
}

// Expunge implements imapserver.Session: what is marked \Deleted goes into the trash,
// from there for good, and a draft is given up. A message that was never opened stays
// in the trash.
func (n *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if n.view != nil && n.view.readOnly && uids == nil {
		return nil // CLOSE after EXAMINE removes nothing (RFC 9051 6.4.1)
	}
	v, err := n.writable()
	if err != nil {
		return err
	}
	defer n.mu.Unlock()
	parts := []stretch{{0, len(v.lines)}}
	if uids != nil {
		parts = v.pick(*uids)
	}
	var ids []mailbox.ItemID
	_ = v.each(parts, func(_ int, l *line) error {
		if l.flags&mailbox.Deleted != 0 {
			ids = append(ids, l.id)
		}
		return nil
	})
	done, err := n.remove(v.folder, ids)
	out := make(map[mailbox.ItemID]bool, len(done))
	for _, id := range done {
		out[id] = true
	}
	if told := v.expunge(w.WriteExpunge, func(l *line) bool { return out[l.id] }); err == nil {
		err = told
	}
	if err != nil {
		return n.fail("expunging", err)
	}
	return nil
}

// remove takes items out of a folder and gives those that are out.
func (n *session) remove(f mailbox.FolderID, ids []mailbox.ItemID) (done []mailbox.ItemID, err error) {
	if f != mailbox.TrashBox && f != mailbox.Drafts {
		for len(ids) > 0 {
			some := ids[:min(len(ids), mailbox.MaxPage)]
			ids = ids[len(some):]
			if _, err := n.box.Move(n.ctx, n.who, some, mailbox.TrashBox); err != nil {
				return done, err
			}
			done = append(done, some...)
			// Else the next EXPUNGE of the trash would take them for good.
			if err := n.box.Flag(n.ctx, n.who, some, 0, mailbox.Deleted); err != nil {
				return done, err
			}
		}
		return done, nil
	}
	// One that is refused does not keep the others: first all, then one by one.
	var refused error
	for len(ids) > 0 {
		some := ids[:min(len(ids), mailbox.MaxPage)]
		ids = ids[len(some):]
		err := n.box.Remove(n.ctx, n.who, some)
		if err == nil {
			done = append(done, some...)
			continue
		}
		if _, ok := errors.AsType[*rem.Refusal](err); !ok {
			return done, err
		}
		for _, id := range some {
			switch err := n.box.Remove(n.ctx, n.who, []mailbox.ItemID{id}); {
			case err == nil:
				done = append(done, id)
			default:
				refused = err
			}
		}
	}
	return done, refused
}

// Move implements imapserver.SessionMove.
func (n *session) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	v, err := n.writable()
	if err != nil {
		return err
	}
	defer n.mu.Unlock()
	f, err := n.named(to)
	if err != nil {
		return tryCreate(err)
	}
	if f.ID == v.folder {
		return no(imap.ResponseCodeCannot, "Öğe zaten bu klasörde.", "It is in this folder already.")
	}
	var ids []mailbox.ItemID
	var from []uint32
	_ = v.each(v.pick(set), func(_ int, l *line) error {
		ids, from = append(ids, l.id), append(from, l.uid)
		return nil
	})
	data := &imap.CopyData{UIDValidity: f.Validity}
	out := make(map[mailbox.ItemID]bool, len(ids))
	for len(ids) > 0 {
		k := min(len(ids), mailbox.MaxPage)
		uids, moved := n.box.Move(n.ctx, n.who, ids[:k], f.ID)
		if err = moved; err != nil {
			break
		}
		for i, uid := range uids {
			out[ids[i]] = true
			if uid != 0 {
				data.SourceUIDs = addLast(data.SourceUIDs, imap.UID(from[i]))
				data.DestUIDs = addLast(data.DestUIDs, imap.UID(uid))
			}
		}
		ids, from = ids[k:], from[k:]
	}
	if len(data.SourceUIDs) > 0 {
		if told := w.WriteCopyData(data); err == nil {
			err = told
		}
	}
	if told := v.expunge(w.WriteExpunge, func(l *line) bool { return out[l.id] }); err == nil {
		err = told
	}
	if err != nil {
		return n.fail("moving", err)
	}
	return nil
}

func tryCreate(err error) error {
	if e, ok := errors.AsType[*imap.Error](err); ok && e.Code == imap.ResponseCodeNonExistent {
		again := *e
		again.Code = imap.ResponseCodeTryCreate
		return &again
	}
	return err
}

// Copy implements imapserver.Session.
func (n *session) Copy(imap.NumSet, string) (*imap.CopyData, error) {
	return nil, no(imap.ResponseCodeCannot, "Bir öğe yalnızca bir klasörde bulunur; taşıyabilirsiniz.", "An item is in one folder; it can be moved.")
}

// AppendLimit implements imapserver.SessionAppendLimit.
func (n *session) AppendLimit() uint32 { return uint32(min(n.srv.limits.Append, 1<<32-1)) }

const (
	// sentWait is how long a copy of what was just sent waits for the mailbox to
	// follow; sentLook is how many of the newest are looked at.
	sentWait = 10 * time.Second
	sentLook = 200
)

// Append implements imapserver.Session. A message becomes a draft, of which the
// mailbox keeps what it says and not its octets. A copy of a message that was sent is
// that message, which is there already. Anything else comes by registered mail alone.
func (n *session) Append(name string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	if err := n.begin(); err != nil {
		return nil, err
	}
	defer n.mu.Unlock()
	f, err := n.named(name)
	if err != nil {
		return nil, tryCreate(err)
	}
	if f.ID != mailbox.Drafts && f.ID != mailbox.SentBox {
		return nil, no(imap.ResponseCodeCannot, "İletiler yalnızca kayıtlı elektronik postayla gelir; buraya ileti konulamaz.",
			"Messages come by registered mail alone; none can be put here.")
	}
	spool := n.box.Spool()
	defer spool.Close()
	if _, err := io.Copy(spool, r); err != nil {
		return nil, fmt.Errorf("reading a message to append: %w", err)
	}
	if err := spool.Seal(); err != nil {
		return nil, n.fail("keeping a message to append", err)
	}
	var uid uint32
	if f.ID == mailbox.SentBox {
		uid, err = n.sent(spool)
	} else {
		uid, err = n.draft(spool)
	}
	if err != nil {
		return nil, n.fail("appending", err)
	}
	n.dirty, n.stale = true, true
	if n.view != nil {
		n.view.again = time.Time{} // the client looks for it at once
	}
	if uid == 0 {
		return nil, nil
	}
	return &imap.AppendData{UID: imap.UID(uid), UIDValidity: f.Validity}, nil
}

// sent gives the UID of the sent message of which this is a copy.
func (n *session) sent(src mime.Source) (uint32, error) {
	unknown := no(imap.ResponseCodeCannot, "Gönderilenler klasörüne yalnızca gönderilmiş iletiler gelir.", "Only what was sent is in the sent folder.")
	h, err := mime.ReadHeader(src, mime.DefaultLimits)
	if err != nil {
		return 0, unknown
	}
	ids := mime.ParseIDs(h.Get("Message-ID"))
	if len(ids) == 0 {
		return 0, unknown
	}
	ctx, cancel := context.WithTimeout(n.ctx, sentWait)
	defer cancel()
	changed, stop := n.box.Store.Watch(n.who.Actor.Account)
	defer stop()
	for {
		rows, err := n.box.List(n.ctx, n.who, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, Limit: sentLook}, "")
		if err != nil {
			return 0, err
		}
		for i := range rows {
			if rows[i].Record != nil && slices.Contains(mime.ParseIDs(rows[i].Record.UAMessageID), ids[0]) {
				if rows[i].Folder != mailbox.SentBox {
					return 0, nil // it was moved since; it is there all the same
				}
				return rows[i].UID, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, unknown
		}
	}
}
