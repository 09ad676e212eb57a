package imapd

import (
	"errors"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
)

// Search implements imapserver.Session. Exact are numbers, flags, dates, sizes and
// HEADER with a field of the client's choice; FROM, TO, CC, SUBJECT, TEXT and BODY go
// by words: what is asked for has to begin words of the message, folded as Turkish
// names are, in the words that the mailbox keeps. None of it opens a message.
func (n *session) Search(kind imapserver.NumKind, c *imap.SearchCriteria, o *imap.SearchOptions) (*imap.SearchData, error) {
	if err := n.begin(); err != nil {
		return nil, err
	}
	defer n.mu.Unlock()
	if n.view == nil {
		return nil, errNotSelected
	}
	s := search{n: n, scans: n.srv.limits.Scan}
	found, err := s.all(c)
	if err != nil {
		return nil, n.fail("searching", err)
	}
	data := &imap.SearchData{}
	var seqs imap.SeqSet
	var uids imap.UIDSet
	var saved []uint32
	for i, ok := range found {
		if !ok || n.view.lines[i].state&gone != 0 {
			continue
		}
		num, uid := uint32(i+1), n.view.lines[i].uid
		if kind == imapserver.NumKindUID {
			num = uid
			uids = addLast(uids, imap.UID(uid))
		} else {
			seqs = addLastSeq(seqs, num)
		}
		if data.Min == 0 {
			data.Min = num
		}
		data.Max = num
		data.Count++
		if o.ReturnSave {
			saved = append(saved, uid)
		}
	}
	if o.ReturnSave {
		if !o.ReturnAll && !o.ReturnCount && len(saved) > 0 { // RFC 5182 2.1: MIN and MAX save themselves
			switch {
			case o.ReturnMin && o.ReturnMax:
				saved = slices.Compact([]uint32{saved[0], saved[len(saved)-1]})
			case o.ReturnMin:
				saved = saved[:1]
			case o.ReturnMax:
				saved = saved[len(saved)-1:]
			}
		}
		n.view.saved = saved
	}
	if kind == imapserver.NumKindUID {
		data.All = uids
	} else {
		data.All = seqs
	}
	return data, nil
}

// addLast appends a number greater than all others; the library's own goes through all
// ranges each time.
func addLast(s imap.UIDSet, n imap.UID) imap.UIDSet {
	if k := len(s); k > 0 && s[k-1].Stop+1 == n {
		s[k-1].Stop = n
		return s
	}
	return append(s, imap.UIDRange{Start: n, Stop: n})
}

func addLastSeq(s imap.SeqSet, n uint32) imap.SeqSet {
	if k := len(s); k > 0 && s[k-1].Stop+1 == n {
		s[k-1].Stop = n
		return s
	}
	return append(s, imap.SeqRange{Start: n, Stop: n})
}

// A search is one SEARCH. What holds is a bit for each line of the view.
type search struct {
	n     *session
	scans int // messages whose header may still be looked at
}

// all gives the lines for which everything holds.
func (s *search) all(c *imap.SearchCriteria) ([]bool, error) {
	v := s.n.view
	hold := make([]bool, len(v.lines))
	for i := range hold {
		hold[i] = true
	}
	for _, set := range c.SeqNum {
		s.within(hold, v.pick(set))
	}
	for _, set := range c.UID {
		s.within(hold, v.pick(set))
	}
	yes, want := flagsIn(c.Flag, v.folder)
	no, unwanted := flagsOut(c.NotFlag, v.folder)
	for i := range v.lines {
		l := &v.lines[i]
		at := time.Unix(int64(l.at), 0).UTC()
		hold[i] = hold[i] && want && unwanted && l.flags&yes == yes && l.flags&no == 0 &&
			(c.Since.IsZero() || !day(at).Before(day(c.Since))) && (c.Before.IsZero() || day(at).Before(day(c.Before))) &&
			(c.Larger == 0 || int64(l.size) > c.Larger) && (c.Smaller == 0 || int64(l.size) < c.Smaller)
	}
	for _, text := range slices.Concat(c.Body, c.Text) {
		if err := s.words(hold, text); err != nil {
			return nil, err
		}
	}
	for _, h := range c.Header {
		if err := s.field(hold, h.Key, h.Value); err != nil {
			return nil, err
		}
	}
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		err := s.look(hold, func(h *mime.Header) bool {
			d, err := netmail.ParseDate(h.Get("Date"))
			return err == nil && (c.SentSince.IsZero() || !day(d).Before(day(c.SentSince))) && (c.SentBefore.IsZero() || day(d).Before(day(c.SentBefore)))
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range c.Not {
		other, err := s.all(&c.Not[i])
		if err != nil {
			return nil, err
		}
		for j := range hold {
			hold[j] = hold[j] && !other[j]
		}
	}
	for i := range c.Or {
		a, err := s.all(&c.Or[i][0])
		if err != nil {
			return nil, err
		}
		b, err := s.all(&c.Or[i][1])
		if err != nil {
			return nil, err
		}
		for j := range hold {
			hold[j] = hold[j] && (a[j] || b[j])
		}
	}
	return hold, nil
}

// day is the date as it stands there, without its zone (RFC 9051 6.4.4).
func day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (s *search) within(hold []bool, parts []stretch) {
	i := 0
	for _, p := range parts {
		clear(hold[i:p.from])
		i = p.to
	}
	clear(hold[i:])
}

// flagsIn gives the flags that have to be set, and whether all of them can be.
func flagsIn(list []imap.Flag, f mailbox.FolderID) (flags mailbox.Flags, can bool) {
	can = true
	for _, w := range list {
		bit, known := flagOf(w)
		flags |= bit
		can = can && (known || same(w, imap.FlagDraft) && f == mailbox.Drafts)
	}
	return flags, can
}

// flagsOut gives those that must not be set, and whether the rest is not.
func flagsOut(list []imap.Flag, f mailbox.FolderID) (flags mailbox.Flags, can bool) {
	can = true
	for _, w := range list {
		bit, _ := flagOf(w)
		flags |= bit
		can = can && !(same(w, imap.FlagDraft) && f == mailbox.Drafts)
	}
	return flags, can
}

func same(a, b imap.Flag) bool { return rem.FoldASCII(string(a)) == rem.FoldASCII(string(b)) }

func flagOf(w imap.Flag) (mailbox.Flags, bool) {
	for _, x := range words {
		if same(x.word, w) {
			return x.flag, true
		}
	}
	return 0, false
}

// words keeps the lines whose message has the words.
func (s *search) words(hold []bool, text string) error {
	if len(mailbox.Split(text)) == 0 {
		if strings.TrimSpace(text) != "" {
			clear(hold) // signs are in no index
		}
		return nil
	}
	has := make([]bool, len(hold))
	at := make(map[mailbox.ItemID]int, 0)
	for i := range s.n.view.lines {
		if hold[i] {
			at[s.n.view.lines[i].id] = i
		}
	}
	q := mailbox.Query{Folder: s.n.view.folder, Limit: mailbox.MaxPage}
	for {
		items, err := s.n.box.Find(s.n.ctx, s.n.who, q, text)
		if err != nil {
			return err
		}
		for i := range items {
			if j, ok := at[items[i].ID]; ok {
				has[j] = true
			}
		}
		if len(items) < q.Limit {
			break
		}
		q.Before = items[len(items)-1].ID
	}
	for i := range hold {
		hold[i] = hold[i] && has[i]
	}
	return nil
}

// field keeps the lines whose header has the field with the value in it. The fields
// that the index has go by their words first, so that not every header is read.
func (s *search) field(hold []bool, name, value string) error {
	switch rem.FoldASCII(name) {
	case "from", "to", "cc", "subject":
		if s.n.view.folder != mailbox.Drafts && len(mailbox.Split(value)) > 0 {
			if err := s.words(hold, value); err != nil {
				return err
			}
		}
	}
	fold := rem.FoldName(value)
	return s.look(hold, func(h *mime.Header) bool {
		for f := range h.All(name) {
			if strings.Contains(rem.FoldName(f.Text()), fold) || strings.Contains(rem.FoldName(f.Value()), fold) {
				return true
			}
		}
		return false
	})
}

// look keeps the lines whose header passes.
func (s *search) look(hold []bool, passes func(*mime.Header) bool) error {
	for i := range hold {
		if !hold[i] {
			continue
		}
		if s.scans--; s.scans < 0 {
			return no(imap.ResponseCodeLimit, "Arama çok fazla iletinin başlığına bakmayı gerektiriyor, daraltın.", "The search would look into too many messages, narrow it.")
		}
		h, err := s.n.header(s.n.view.lines[i].id)
		if errors.Is(err, mailbox.ErrNotFound) || errors.Is(err, message.ErrNotFound) {
			hold[i] = false
			continue
		}
		if err != nil {
			return err
		}
		hold[i] = passes(h)
	}
	return nil
}

// header gives the header of an item, which is no retrieval.
func (n *session) header(id mailbox.ItemID) (*mime.Header, error) {
	key := shapeKey{n.who.Actor.Account, id}
	draft := n.view.folder == mailbox.Drafts
	if !draft {
		if s := n.srv.shapes.get(key, false); s != nil {
			return s.header, nil
		}
	}
	src, err := n.box.Peek(n.ctx, n.who, id)
	if err != nil {
		return nil, err
	}
	m := loaded{src: src}
	defer m.close()
	s, err := read(src, false)
	if err != nil {
		return nil, err
	}
	if !draft {
		n.srv.shapes.put(key, s)
	}
	return s.header, nil
}
