package imapd

import (
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"rem/message/mailbox"
)

// A line is an item as a session's client knows it: 24 octets.
type line struct {
	id    mailbox.ItemID
	at    uint32 // seconds since 1970; enough until 2106
	size  uint32 // octets; no message has 4 GiB
	uid   uint32
	flags mailbox.Flags
	state lineState
}

type lineState uint8

const (
	gone   lineState = 1 << iota // it is no longer in the folder, and the client was not told yet
	opened                       // its body was given in this session, with what that records
)

// A view is a folder as one client knows it: its place in lines is an item's sequence
// number, but one.
type view struct {
	folder   mailbox.FolderID
	readOnly bool
	lines    []line
	again    time.Time // not read before
	saved    []uint32  // UIDs of the last SEARCH that asked to save them
}

func lineOf(l mailbox.Line) line {
	return line{id: l.ID, uid: l.UID, flags: l.Flags, size: uint32(min(l.Size, 1<<32-1)), at: uint32(l.At.Unix())}
}

func newView(f mailbox.FolderID, readOnly bool, lines []mailbox.Line) *view {
	v := &view{folder: f, readOnly: readOnly, lines: make([]line, len(lines))}
	for i := range lines {
		v.lines[i] = lineOf(lines[i])
	}
	return v
}

// updates is where a client hears of changes; *imapserver.UpdateWriter is one.
type updates interface {
	WriteExpunge(seq uint32) error
	WriteNumMessages(n uint32) error
	WriteMessageFlags(seq uint32, uid imap.UID, flags []imap.Flag) error
}

// follow brings the view to what the folder holds, and tells the client. Both lists
// are in order of UID. What is gone stays while it may not be told; later says so.
func (v *view) follow(w updates, fresh []mailbox.Line, allowExpunge bool) (later bool, err error) {
	i, removed := 0, false
	var flagged []int
	for j := range v.lines {
		l := &v.lines[j]
		for i < len(fresh) && fresh[i].UID < l.uid {
			i++ // it came and the view has no place for it: UIDs only grow, so it cannot be
		}
		if i < len(fresh) && fresh[i].UID == l.uid {
			if fresh[i].Flags != l.flags {
				l.flags = fresh[i].Flags
				flagged = append(flagged, j)
			}
			i++
			continue
		}
		l.state |= gone
		removed = true
	}
	for _, j := range flagged {
		l := &v.lines[j]
		if err := w.WriteMessageFlags(uint32(j+1), imap.UID(l.uid), flagsOf(v.folder, l.flags)); err != nil {
			return true, err
		}
	}
	if removed && allowExpunge {
		if err := v.expunge(w.WriteExpunge, func(l *line) bool { return l.state&gone != 0 }); err != nil {
			return true, err
		}
	}
	last := uint32(0)
	if len(v.lines) > 0 {
		last = v.lines[len(v.lines)-1].uid
	}
	came := false
	for ; i < len(fresh); i++ {
		if fresh[i].UID > last {
			v.lines = append(v.lines, lineOf(fresh[i]))
			came = true
		}
	}
	if came {
		err = w.WriteNumMessages(uint32(len(v.lines)))
	}
	return removed && !allowExpunge, err
}

// expunge takes lines out and tells their numbers, the last one first, so that each
// is still right when it is told.
func (v *view) expunge(tell func(seq uint32) error, which func(*line) bool) error {
	for j := len(v.lines) - 1; j >= 0; j-- {
		if which(&v.lines[j]) {
			if err := tell(uint32(j + 1)); err != nil {
				return err
			}
		}
	}
	v.lines = slices.DeleteFunc(v.lines, func(l line) bool { return which(&l) })
	return nil
}

// at gives the index of a UID, or where it would stand.
func (v *view) at(uid uint32) (int, bool) {
	return slices.BinarySearchFunc(v.lines, uid, func(l line, uid uint32) int {
		switch {
		case l.uid < uid:
			return -1
		case l.uid > uid:
			return 1
		}
		return 0
	})
}

// A stretch is a part of a view: from is in it, to is not.
type stretch struct{ from, to int }

// pick gives what a set means here, in order and each index once. A number set has as
// many ranges as its text, which is bounded; what it spans is not written out.
func (v *view) pick(set imap.NumSet) []stretch {
	var parts []stretch
	n := len(v.lines)
	switch set := set.(type) {
	case imap.SeqSet:
		for _, r := range set {
			from, to := int64(r.Start), int64(r.Stop)
			if from == 0 {
				from = int64(n)
			}
			if to == 0 {
				to = int64(n)
			}
			if from > to {
				from, to = to, from
			}
			if to = min(to, int64(n)); from <= to && from > 0 {
				parts = append(parts, stretch{int(from - 1), int(to)})
			}
		}
	case imap.UIDSet:
		if imap.IsSearchRes(set) {
			for _, uid := range v.saved {
				if i, ok := v.at(uid); ok {
					parts = append(parts, stretch{i, i + 1})
				}
			}
			break
		}
		last := uint32(0)
		if n > 0 {
			last = v.lines[n-1].uid
		}
		for _, r := range set {
			from, to := uint32(r.Start), uint32(r.Stop)
			if from == 0 {
				from = last
			}
			if to == 0 {
				to = last
			}
			if from > to {
				from, to = to, from
			}
			i, _ := v.at(from)
			j, ok := v.at(to)
			if ok {
				j++
			}
			if i < j {
				parts = append(parts, stretch{i, j})
			}
		}
	}
	slices.SortFunc(parts, func(a, b stretch) int { return a.from - b.from })
	out := parts[:0]
	for _, p := range parts {
		if k := len(out); k > 0 && p.from <= out[k-1].to {
			out[k-1].to = max(out[k-1].to, p.to)
			continue
		}
		out = append(out, p)
	}
	return out
}

// each visits the lines of the parts that are still there, and stops at an error.
func (v *view) each(parts []stretch, visit func(i int, l *line) error) error {
	for _, p := range parts {
		for i := p.from; i < p.to && i < len(v.lines); i++ {
			if v.lines[i].state&gone != 0 {
				continue
			}
			if err := visit(i, &v.lines[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// words are IMAP's for our flags.
var words = []struct {
	flag mailbox.Flags
	word imap.Flag
}{
	{mailbox.Seen, imap.FlagSeen}, {mailbox.Answered, imap.FlagAnswered}, {mailbox.Flagged, imap.FlagFlagged},
	{mailbox.Forwarded, imap.FlagForwarded}, {mailbox.Deleted, imap.FlagDeleted},
}

// allFlags are those that people set.
const allFlags = mailbox.Seen | mailbox.Answered | mailbox.Flagged | mailbox.Forwarded | mailbox.Deleted

func flagsOf(f mailbox.FolderID, flags mailbox.Flags) []imap.Flag {
	list := make([]imap.Flag, 0, len(words)+1)
	for _, w := range words {
		if flags&w.flag != 0 {
			list = append(list, w.word)
		}
	}
	if f == mailbox.Drafts {
		list = append(list, imap.FlagDraft)
	}
	return list
}
