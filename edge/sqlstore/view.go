package sqlstore

import (
	"slices"
	"strings"
	"sync"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
)

const (
	// maxViews bounds the newest messages that are answered from memory: every
	// stage asks for its message before it decides, within seconds of the step
	// before.
	maxViews = 4096
	// maxLines bounds the standings and evidences in all of them, some 300
	// octets each: 20 MB at most.
	maxLines = 1 << 16
	// maxViewLines bounds those of one message. A step copies what it changes,
	// so a message to hundreds is better read from SQLite.
	maxViewLines = 256
)

// A view is what a message's rows say. It is never written to once it is made.
type view struct {
	seq        int64
	record     *message.Record
	standings  []message.Standing
	filed      []message.Filed // in the order in which they were filed, without XML
	envelope   bool
	head, tail blobstore.Ref // of the envelope
}

func (v *view) lines() int { return 1 + len(v.standings) + len(v.filed) }

// message gives the view out. The caller may write to its lists.
func (v *view) message() *message.View {
	return &message.View{Record: *v.record, Standings: slices.Clone(v.standings), Filed: slices.Clone(v.filed), Envelope: v.envelope}
}

// views are those of the newest messages, in two generations as in [cache].
// Only the applier puts them in: a view that a reader made could be one
// transaction behind.
//
// The views that a transaction changes are taken out before its commit and put
// in after it. Between the two the message is read from SQLite, so that nobody
// who has seen the transaction anywhere, such as a task that it queued, meets a
// message as it was before.
type views struct {
	limit int // constant; not positive: nothing is kept

	mu         sync.Mutex
	young, old map[rem.MessageID]*view // guarded by mu
	lines      int                     // guarded by mu: those of young
}

func (c *views) get(id rem.MessageID) *view {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.young[id]; v != nil {
		return v
	}
	v := c.old[id]
	if v != nil {
		c.add(id, v)
	}
	return v
}

// add puts a view in; the caller holds mu.
func (c *views) add(id rem.MessageID, v *view) {
	if c.young == nil || len(c.young) >= max(c.limit/2, 1) || c.lines >= maxLines/2 {
		c.old, c.young, c.lines = c.young, make(map[rem.MessageID]*view), 0
	}
	c.young[id] = v
	c.lines += v.lines()
}

// hide takes out what a transaction is about to change.
func (c *views) hide(changed map[rem.MessageID]*view) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range changed {
		if v := c.young[id]; v != nil {
			c.lines -= v.lines()
			delete(c.young, id)
		}
		delete(c.old, id)
	}
}

// show puts in what a transaction has made of them; nil is not known.
func (c *views) show(changed map[rem.MessageID]*view) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, v := range changed {
		if v != nil {
			c.add(id, v)
		}
	}
}

// clear forgets all, when what became of a transaction is not known.
func (c *views) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old, c.lines = nil, nil, 0
}

// view returns a message as the transaction has left it so far, or nil when it
// is not in memory.
func (t *transaction) view(id rem.MessageID) *view {
	if v, ok := t.changed[id]; ok {
		return v
	}
	return t.s.views.get(id)
}

// see notes what a step that was written has made of its message.
func (t *transaction) see(st *step, seq int64) {
	if t.s.views.limit <= 0 || st.New == nil && len(st.Changes)+len(st.added) == 0 && !st.envelope {
		return
	}
	id := st.Message
	if st.New != nil {
		id = st.New.ID
	}
	var after *view
	if !t.careful { // else it may yet be undone
		after = st.view(t.view(id), seq)
	}
	if t.changed == nil {
		t.changed = make(map[rem.MessageID]*view)
	}
	t.changed[id] = after
}

// view returns what the step makes of a message, or nil when that has to be
// read.
func (st *step) view(before *view, seq int64) *view {
	var v view
	switch {
	case st.New != nil:
		v = view{seq: seq, record: st.New, standings: st.first()}
	case before == nil:
		return nil
	default:
		v = *before
		if len(st.Changes) > 0 {
			v.standings = slices.Clone(v.standings)
		}
		for _, c := range st.Changes {
			i := slices.IndexFunc(v.standings, func(s message.Standing) bool { return s.Recipient == c.Recipient })
			if i < 0 {
				return nil
			}
			v.standings[i] = message.Standing{Recipient: c.Recipient, State: c.To, Since: st.At, Due: c.Due}
		}
	}
	if len(st.added) > 0 {
		v.filed = append(slices.Clip(v.filed), st.added...)
	}
	if st.envelope && !v.envelope {
		v.envelope, v.head, v.tail = true, st.envHead, st.envTail
	}
	if v.lines() > maxViewLines {
		return nil
	}
	return &v
}

// first gives the standings of a new message.
func (st *step) first() []message.Standing {
	list := make([]message.Standing, len(st.New.Recipients))
	for i := range list {
		list[i] = message.Standing{Recipient: i + 1, Since: st.At}
	}
	for _, c := range st.Changes {
		s := &list[c.Recipient-1] // begin has checked that it is one of them
		s.State, s.Due = c.To, c.Due
	}
	return list
}

// The written form of reasons: their codes with a space between two.
func joinReasons(list []rem.Reason) string {
	codes := make([]string, len(list))
	for i, r := range list {
		codes[i] = string(r)
	}
	return strings.Join(codes, " ")
}

func splitReasons(written string) (list []rem.Reason) {
	for code := range strings.FieldsSeq(written) {
		list = append(list, rem.Reason(code))
	}
	return list
}
