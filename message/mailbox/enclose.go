package mailbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"rem"
	"rem/mail/archive"
	"rem/mail/mime"
	"rem/mail/reading"
	"rem/message"
)

// An Enclosure says what of a message goes along when somebody passes it on.
type Enclosure string

// The enclosures.
const (
	// NoEnclosure: its text alone, as the writer quotes it.
	NoEnclosure Enclosure = ""
	// Attachments: each of its attachments, octet for octet.
	Attachments Enclosure = "attachments"
	// Whole: the original message itself with its signature, octet for octet.
	Whole Enclosure = "whole"
)

// messageType is that of a message within a message.
const messageType = "message/rfc822"

// Enclose keeps what of an item goes along with a draft, as files of the draft, which
// need not be saved yet; the caller saves it with them. limit bounds each file. What
// is enclosed is opened for it, which for a received message is reading it, with its
// evidence. Memory stays flat, and after an error nothing is left.
func (b *Box) Enclose(ctx context.Context, who Visitor, item ItemID, id DraftID, what Enclosure, limit int64) (files []File, err error) {
	if what == NoEnclosure {
		return nil, nil
	}
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	c, err := b.Open(ctx, who, item)
	if err != nil {
		return nil, err
	}
	defer func() {
		if x, ok := c.(io.Closer); ok {
			err = errors.Join(err, x.Close())
		}
		if err == nil {
			return
		}
		for _, f := range files {
			_ = b.Detach(ctx, who, id, f.ID) // what stays goes with the draft, or after a day
		}
		files = nil
	}()
	left := int64(MaxAttached)
	keep := func(f File, r io.Reader) error {
		var random [16]byte
		rand.Read(random[:])
		f.ID = hex.EncodeToString(random[:])
		var err error
		f.Size, f.Digest, err = b.Attach(ctx, who, id, f.ID, r, min(limit, left))
		if errors.Is(err, ErrTooLarge) {
			return refuse("Ekler, bir iletinin taşıyabileceğinden büyük.", "What is attached is larger than a message can carry.")
		}
		if err != nil {
			return err
		}
		left -= f.Size
		files = append(files, f)
		return nil
	}
	if what == Whole {
		f := File{Name: "ileti.eml", Type: "application/octet-stream"}
		if f.AsIs, err = plainLines(c); err != nil {
			return files, fmt.Errorf("reading what is passed on: %w", err)
		}
		if f.AsIs {
			f.Type = messageType
		}
		err = keep(f, io.NewSectionReader(c, 0, c.Size()))
		return files, err
	}
	doc, err := reading.Read(c, reading.Options{Quick: true})
	if errors.Is(err, mime.ErrSyntax) || errors.Is(err, mime.ErrLimit) {
		return files, refuse("Bu ileti posta olarak okunamıyor; tamamını ekleyebilirsiniz.", "This message cannot be read as mail; it can be attached as a whole.")
	}
	if err != nil {
		return files, fmt.Errorf("reading what is passed on: %w", err)
	}
	if len(doc.Attachments) > MaxFiles {
		return files, refuse("Ek sayısı sınırın üstünde; iletinin tamamını ekleyebilirsiniz.", "There are more attachments than allowed; the message can be attached as a whole.")
	}
	for i := range doc.Attachments {
		a := &doc.Attachments[i]
		part, err := doc.Open(a.Path)
		if err != nil {
			return files, err
		}
		head := make([]byte, archive.HeadBytes)
		n, err := io.ReadFull(part, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return files, fmt.Errorf("reading what is passed on: %w", err)
		}
		f := File{Name: a.Name, Type: archive.Sniff(head[:n])}
		if err := keep(f, io.MultiReader(bytes.NewReader(head[:n]), part)); err != nil {
			return files, err
		}
	}
	return files, nil
}

// plainLines reports whether a message can stand within another one as it is: ASCII in
// lines of at most 998 octets that end in CRLF (RFC 2045 2.7). Encoding it is not
// allowed there (RFC 2046 5.2.1), so that any other goes as a file.
func plainLines(c message.Content) (bool, error) {
	const most = 998 // RFC 5322 2.1.1
	r := io.NewSectionReader(c, 0, c.Size())
	buf, line, before := make([]byte, 64<<10), 0, byte(0)
	for {
		n, err := r.Read(buf)
		for _, x := range buf[:n] {
			switch {
			case x == '\n' && before == '\r':
				line = -1
			case before == '\r', x == '\n', x == 0, x > 0x7f:
				return false, nil
			}
			if line++; line > most+1 { // with its CR
				return false, nil
			}
			before = x
		}
		if errors.Is(err, io.EOF) {
			return before != '\r', nil
		}
		if err != nil {
			return false, err
		}
	}
}

// mark notes on what a sent draft answered or passed on that it was (RFC 9051 2.3.2
// \Answered, $Forwarded).
func (s *Sender) mark(ctx context.Context, account rem.AccountID, d *Draft) error {
	for _, m := range []struct {
		message rem.MessageID
		flag    Flags
	}{{d.Answers, Answered}, {d.Forwards, Forwarded}} {
		if m.message == "" {
			continue
		}
		var ids []ItemID
		for _, folder := range []FolderID{"", TrashBox} {
			items, err := s.Box.Store.Items(ctx, account, Query{Folder: folder, Message: m.message, Kinds: []Kind{Received, Sent}, Limit: MaxPage})
			if err != nil {
				return fmt.Errorf("marking what was answered: %w", err)
			}
			for i := range items {
				ids = append(ids, items[i].ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		if err := s.Box.Store.Flag(ctx, account, ids, m.flag, 0); err != nil {
			return fmt.Errorf("marking what was answered: %w", err)
		}
	}
	return nil
}

// done ends a draft that was sent: what it answered is marked, and it is dropped.
func (s *Sender) done(ctx context.Context, by rem.Actor, d *Draft) error {
	if err := s.mark(ctx, by.Account, d); err != nil {
		return err
	}
	return s.Box.Store.DropDraft(ctx, by, d.ID)
}
