package imapd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
)

// inMemory is the largest message that is read whole before it is written.
const inMemory = 64 << 10

// A need is how much of a message an answer takes.
type need uint8

const (
	needLine   need = iota // nothing but what the view has
	needPeek               // header fields: no evidence
	needShape              // the structure too: no evidence
	needOpened             // the body: retrieval
)

// needOf is what decides whether a FETCH opens messages. What only says that a part is
// there and how large it is does not; what gives any octet of it does, with PEEK or
// without: PEEK is about \Seen alone. The header of a message inside of this one is a
// part of the body.
func needOf(o *imap.FetchOptions) need {
	n := needLine
	grow := func(to need) { n = max(n, to) }
	if o.Envelope {
		grow(needPeek)
	}
	if o.BodyStructure != nil || len(o.BinarySectionSize) > 0 {
		grow(needShape)
	}
	for _, s := range o.BodySection {
		switch {
		case s.Specifier == imap.PartSpecifierHeader && len(s.Part) == 0:
			grow(needPeek)
		case s.Specifier == imap.PartSpecifierMIME:
			grow(needShape)
		default:
			grow(needOpened)
		}
	}
	if len(o.BinarySection) > 0 {
		grow(needOpened)
	}
	return n
}

// treeOf reports whether the structure is needed beside the octets.
func treeOf(o *imap.FetchOptions) bool {
	if o.BodyStructure != nil || len(o.BinarySectionSize)+len(o.BinarySection) > 0 {
		return true
	}
	for _, s := range o.BodySection {
		if len(s.Part) > 0 || s.Specifier == imap.PartSpecifierText {
			return true
		}
	}
	return false
}

// headerOf reports whether the header is.
func headerOf(o *imap.FetchOptions) bool {
	if o.Envelope || treeOf(o) {
		return true
	}
	for _, s := range o.BodySection {
		if s.Specifier != imap.PartSpecifierNone {
			return true
		}
	}
	return false
}

// A loaded is a message that was read for an answer.
type loaded struct {
	i       int
	line    *line
	done    chan struct{} // closed when what follows is there
	src     message.Content
	bytes   mime.Source // src, or its bytes in memory
	shape   *shape
	err     error
	release func()
}

// Fetch implements imapserver.Session. Messages are read ahead of what is written, a
// bounded number at once: those that are opened for the first time wait for one
// durable step together, and not one after the other.
func (n *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	if err := n.begin(); err != nil {
		return err
	}
	defer n.mu.Unlock()
	if n.view == nil {
		return errNotSelected
	}
	n.wire.deaf = true
	defer func() { n.wire.deaf = false }()
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()

	what := needOf(o)
	if n.view.folder == mailbox.Drafts && o.RFC822Size {
		what = max(what, needPeek) // the size of what it becomes
	}
	seen := n.seenBy(o)
	var marked []mailbox.ItemID
	give := func(m *loaded) error {
		switch {
		case m.err == nil:
		case errors.Is(m.err, mailbox.ErrNotFound):
			m.line.state |= gone // the next poll says so
			n.dirty = true
			return nil
		default:
			return m.err
		}
		if what == needOpened && m.line.state&opened == 0 {
			m.line.state |= opened
			n.srv.stats.Retrievals.Add(1)
		}
		newly := seen && m.line.flags&mailbox.Seen == 0
		if newly {
			m.line.flags |= mailbox.Seen
			marked = append(marked, m.line.id)
		}
		return n.write(w, m, o, newly)
	}

	var err error
	parts := n.view.pick(set)
	if what == needLine {
		err = n.view.each(parts, func(i int, l *line) error { return give(&loaded{i: i, line: l}) })
	} else {
		err = n.readAhead(ctx, parts, what, o, give)
	}
	if flagged := n.flag(marked, mailbox.Seen, 0); err == nil {
		err = flagged
	}
	if err != nil {
		return n.fail("fetching", err)
	}
	return nil
}

var errNotSelected = &imap.Error{Type: imap.StatusResponseTypeBad, Code: imap.ResponseCodeClientBug, Text: "No folder is selected"}

// seenBy reports whether the answer makes messages \Seen.
func (n *session) seenBy(o *imap.FetchOptions) bool {
	if n.view.readOnly {
		return false
	}
	for _, s := range o.BodySection {
		if !s.Peek {
			return true
		}
	}
	for _, s := range o.BinarySection {
		if !s.Peek {
			return true
		}
	}
	return false
}

// flag marks items; what was marked here is not told to this client again.
func (n *session) flag(ids []mailbox.ItemID, add, remove mailbox.Flags) error {
	for len(ids) > 0 {
		k := min(len(ids), mailbox.MaxPage)
		if err := n.box.Flag(n.ctx, n.who, ids[:k], add, remove); err != nil {
			return err
		}
		ids = ids[k:]
	}
	return nil
}

// readAhead reads the messages of the parts side by side and gives them in order. It
// ends when all that it began is over.
func (n *session) readAhead(ctx context.Context, parts []stretch, what need, o *imap.FetchOptions, give func(*loaded) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	var ring []*loaded
	defer func() {
		cancel()
		for _, m := range ring {
			<-m.done
			m.release()
		}
	}()
	next := func() error {
		m := ring[0]
		<-m.done
		err := give(m)
		m.release()
		ring = ring[1:]
		return err
	}
	begin := func(i int, l *line, from *mailbox.Taken) error {
		for len(ring) >= n.srv.limits.Ahead {
			if err := next(); err != nil {
				return err
			}
		}
		for {
			select {
			case n.srv.ahead <- struct{}{}:
			default:
				if len(ring) > 0 { // all tokens are in use: one of ours comes back
					if err := next(); err != nil {
						return err
					}
					continue
				}
				select {
				case n.srv.ahead <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			break
		}
		m := &loaded{i: i, line: l, done: make(chan struct{})}
		m.release = func() {
			m.close()
			<-n.srv.ahead
		}
		ring = append(ring, m)
		again := l.state&opened != 0
		id := l.id
		go func() {
			defer close(m.done)
			m.err = n.load(ctx, m, from, id, what, again, o)
		}()
		return nil
	}
	// What the mailbox says of items is read for many at once, while those before them
	// are loaded.
	batch := make([]int, 0, takenAtOnce)
	take := func() error {
		if len(batch) == 0 {
			return nil
		}
		ids := make([]mailbox.ItemID, len(batch))
		for k, i := range batch {
			ids[k] = n.view.lines[i].id
		}
		from, err := n.box.Take(ctx, n.who, ids)
		for k := 0; err == nil && k < len(batch); k++ {
			err = begin(batch[k], &n.view.lines[batch[k]], from)
		}
		batch = batch[:0]
		return err
	}
	err = n.view.each(parts, func(i int, _ *line) error {
		if batch = append(batch, i); len(batch) < takenAtOnce {
			return nil
		}
		return take()
	})
	if err == nil {
		err = take()
	}
	for err == nil && len(ring) > 0 {
		err = next()
	}
	return err
}

// takenAtOnce is of how many items the mailbox is asked together.
const takenAtOnce = 256

// load reads one message. It runs beside others.
func (n *session) load(ctx context.Context, m *loaded, from *mailbox.Taken, id mailbox.ItemID, what need, again bool, o *imap.FetchOptions) (err error) {
	draft := n.view.folder == mailbox.Drafts
	key := shapeKey{n.who.Actor.Account, id}
	tree, header := treeOf(o), headerOf(o)
	if header && !draft {
		m.shape = n.srv.shapes.get(key, tree)
		if m.shape != nil && what < needOpened && !needsOctets(o) {
			return nil
		}
	}
	if what == needOpened && !again {
		m.src, err = from.Open(ctx, id)
	} else {
		m.src, err = from.Peek(ctx, id)
	}
	if err != nil {
		return err
	}
	m.bytes = m.src
	if size := m.src.Size(); size <= inMemory && (what == needOpened || tree) {
		if whole, ok := m.src.(interface{ Bytes() []byte }); ok {
			m.bytes = mime.Memory(whole.Bytes())
		} else {
			p := make([]byte, size)
			if k, err := m.src.ReadAt(p, 0); err != nil && (!errors.Is(err, io.EOF) || int64(k) < size) {
				return fmt.Errorf("reading item %d: %w", id, err)
			}
			m.bytes = mime.Memory(p)
		}
	}
	if header && m.shape == nil {
		if m.shape, err = read(m.bytes, tree); err != nil {
			return fmt.Errorf("reading item %d: %w", id, err)
		}
		if !draft {
			n.srv.shapes.put(key, m.shape)
		}
	}
	return nil
}

// needsOctets reports whether an answer without body takes more than the shape has:
// header blocks are told from the message, and sizes decoded are counted in it.
func needsOctets(o *imap.FetchOptions) bool {
	for _, s := range o.BodySection {
		if len(s.HeaderFields)+len(s.HeaderFieldsNot) == 0 {
			return true
		}
	}
	return len(o.BinarySectionSize) > 0
}

func (m *loaded) close() {
	if c, ok := m.src.(io.Closer); ok {
		_ = c.Close()
	}
	m.src, m.bytes = nil, nil
}

// write gives one message's answer.
func (n *session) write(w *imapserver.FetchWriter, m *loaded, o *imap.FetchOptions, newly bool) (err error) {
	// What can fail is done first: an answer that has begun is ended whole.
	pieces := make([]piece, len(o.BodySection))
	for i, s := range o.BodySection {
		src := m.bytes
		if src == nil {
			src = mime.Memory(nil) // of the shape alone
		}
		shape := m.shape
		if shape == nil {
			shape = &shape0
		}
		if s.Specifier == imap.PartSpecifierMIME && m.line.state&opened == 0 && within(shape.root, s.Part) {
			continue // of a body that nobody opened; it is as if it were not there
		}
		if pieces[i], err = shape.section(src, s); err != nil {
			return err
		}
	}
	type decoded struct {
		open func() io.Reader
		size int64
	}
	binaries := make([]decoded, len(o.BinarySection))
	for i, s := range o.BinarySection {
		if binaries[i].open, binaries[i].size, err = m.shape.binary(m.bytes, s.Part); err != nil {
			return err
		}
	}
	sizes := make([]int64, len(o.BinarySectionSize))
	for i, s := range o.BinarySectionSize {
		if _, sizes[i], err = m.shape.binary(m.bytes, s.Part); err != nil {
			return err
		}
	}

	r := w.CreateMessage(uint32(m.i + 1))
	if o.UID {
		r.WriteUID(imap.UID(m.line.uid))
	}
	if o.Flags || newly {
		r.WriteFlags(flagsOf(n.view.folder, m.line.flags))
	}
	if o.InternalDate {
		r.WriteInternalDate(time.Unix(int64(m.line.at), 0).UTC())
	}
	if o.RFC822Size {
		size := int64(m.line.size)
		if n.view.folder == mailbox.Drafts && m.src != nil {
			size = m.src.Size()
		}
		r.WriteRFC822Size(size)
	}
	if o.Envelope {
		r.WriteEnvelope(envelope(m.shape.header))
	}
	if o.BodyStructure != nil {
		r.WriteBodyStructure(m.shape.structure(m.shape.root))
	}
	for i, s := range o.BinarySectionSize {
		r.WriteBinarySectionSize(s, uint32(min(sizes[i], 1<<32-1)))
	}
	for i, s := range o.BodySection {
		l := r.WriteBodySection(s, pieces[i].size())
		if err = pieces[i].writeTo(l, m.bytes); err != nil {
			break
		}
		if err = l.Close(); err != nil {
			break
		}
	}
	for i, s := range o.BinarySection {
		if err != nil {
			break
		}
		from, size := int64(0), binaries[i].size
		if p := s.Partial; p != nil {
			from = max(0, min(p.Offset, size))
			size = min(max(p.Size, 0), size-from)
		}
		l := r.WriteBinarySection(s, size)
		in := binaries[i].open()
		if _, err = io.CopyN(io.Discard, in, from); err == nil {
			_, err = io.CopyN(l, in, size)
		}
		if err == nil {
			err = l.Close()
		}
	}
	if err != nil {
		// A literal was promised and did not come: nothing after it would be read
		// as what it is.
		_ = n.wire.Conn.Close()
		_ = r.Close()
		return fmt.Errorf("answering: %w", err)
	}
	return r.Close()
}

// shape0 is enough for BODY[].
var shape0 shape
