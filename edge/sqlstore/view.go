package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
)

// A view is all that the ledger says about one message. It is never written to
// once it is made, but for what lies behind the end of its lists, which the next
// view of the same message may use.
type view struct {
	seq        int64           // the message's number; 0 without a record
	record     *message.Record // nil: only tasks wait for a message with this identifier
	standings  []message.Standing
	copies     []mailCopy
	filed      []message.Filed // in the order in which they were filed, without XML
	numbers    []int64         // of filed
	envelope   bool
	head, tail blobstore.Ref // of the envelope
	tasks      []message.Task
}

// A mailCopy is a recipient's line in his mailbox. One that was read from the
// index has recipient, account and uid alone.
type mailCopy struct {
	recipient int
	account   rem.AccountID
	uid       int64
	arrived   time.Time
	size      int64
	opened    time.Time
	by        rem.PersonID
}

func (v *view) lines() int {
	return 1 + len(v.standings) + len(v.copies) + len(v.filed) + len(v.tasks)
}

// known reports whether the ledger has the message, and not only tasks for it.
func (v *view) known() bool { return v != nil && v.record != nil }

// message gives the view out. The caller may write to its lists.
func (v *view) message() *message.View {
	return &message.View{Record: *v.record, Standings: slices.Clone(v.standings), Filed: slices.Clone(v.filed), Envelope: v.envelope}
}

// standing returns the place of a recipient's standing, or -1.
func (v *view) standing(n int) int {
	// They are in the order of the numbers, from 1.
	if i := n - 1; i >= 0 && i < len(v.standings) && v.standings[i].Recipient == n {
		return i
	}
	return slices.IndexFunc(v.standings, func(s message.Standing) bool { return s.Recipient == n })
}

// copyOf returns the place of a recipient's copy, or -1.
func (v *view) copyOf(n int) int {
	return slices.IndexFunc(v.copies, func(c mailCopy) bool { return c.recipient == n })
}

// task returns the place of a task, or -1.
func (v *view) task(stage message.Stage, target string) int {
	return slices.IndexFunc(v.tasks, func(t message.Task) bool { return t.Stage == stage && t.Target == target })
}

// filedAs finds the evidence that stands where another one would be filed.
func (v *view) filedAs(f *message.Filed) *message.Filed {
	for i := range v.filed {
		g := &v.filed[i]
		if g.Recipient == f.Recipient && g.Kind == f.Kind && g.Conflict == f.Conflict && g.Issuer == f.Issuer {
			return g
		}
	}
	return nil
}

// read makes the view of a message from the index; nil when it has nothing of it.
func (r *readers) view(ctx context.Context, id rem.MessageID) (*view, error) {
	var v view
	var written []byte
	ok, err := r.row(ctx, "findMessage", []any{string(id)}, &v.seq, &written)
	if err != nil || !ok {
		return nil, err
	}
	if written == nil {
		return r.strangerTasks(ctx, id)
	}
	if v.record, err = readCard(written); err != nil {
		return nil, err
	}
	// One statement, so that all is of one moment.
	err = r.rows(ctx, "view", []any{v.seq, string(id)}, func(rows *sql.Rows) error {
		var f message.Filed
		var part, place, n, state, since, due, kind, outcome, noInformation, conflict int64
		var reasons, account string
		var digest sql.RawBytes
		err := rows.Scan(&part, &place, &n, &state, &since, &due, &f.ID, &kind, &outcome, &f.Issuer, &reasons, &noInformation, &conflict, &digest, &f.Ref, &account)
		if err != nil {
			return err
		}
		switch part {
		case 0:
			v.standings = append(v.standings, message.Standing{Recipient: int(n), State: message.State(state), Since: fromMicros(since), Due: fromMicros(due)})
			if kind != 0 { // the copy's UID
				v.copies = append(v.copies, mailCopy{recipient: int(n), account: rem.AccountID(account), uid: kind})
			}
		case 1:
			f.Recipient, f.Kind, f.Outcome, f.Time = int(n), message.Kind(kind), message.Outcome(outcome), fromMicros(since)
			f.NoInformation, f.Conflict = noInformation == 1, conflict == 1
			copy(f.Digest[:], digest)
			f.Reasons = splitReasons(reasons)
			v.filed, v.numbers = append(v.filed, f), append(v.numbers, place)
		case 2:
			v.envelope = true
			if v.head, err = blobstore.ParseRef(string(f.ID)); err == nil {
				v.tail, err = blobstore.ParseRef(string(f.Ref))
			}
		default:
			v.tasks = append(v.tasks, message.Task{Stage: message.Stage(kind), Message: id, Target: f.Issuer, Due: fromMicros(due), Attempts: int(n)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// strangerTasks makes the view of a message that the index does not have: of the
// tasks that wait for it, or nil.
func (r *readers) strangerTasks(ctx context.Context, id rem.MessageID) (*view, error) {
	var v *view
	err := r.rows(ctx, "strangerTasks", []any{string(id)}, func(rows *sql.Rows) error {
		if v == nil {
			v = new(view)
		}
		t := message.Task{Message: id}
		var stage, due int64
		err := rows.Scan(&stage, &t.Target, &due, &t.Attempts)
		t.Stage, t.Due = message.Stage(stage), fromMicros(due)
		v.tasks = append(v.tasks, t)
		return err
	})
	return v, err
}

const (
	// maxViews bounds the newest messages that are answered from memory beside
	// those that the index does not have yet: every stage asks for its message
	// before it decides, within seconds of the step before.
	maxViews = 8192
	// maxLines bounds the standings and evidences in all of them, some 300
	// octets each: 20 MB at most.
	maxLines = 1 << 16
)

// views are those of the newest messages that the index has, in two
// generations: when the younger is full it becomes the older, and what was in
// that is forgotten. Only the applier and the flusher put them in: a view that a
// reader made could be one step behind.
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

func (c *views) put(id rem.MessageID, v *view) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(id, v)
}

// add puts a view in; the caller holds mu.
func (c *views) add(id rem.MessageID, v *view) {
	if c.limit <= 0 {
		return
	}
	if c.young == nil || len(c.young) >= max(c.limit/2, 1) || c.lines >= maxLines/2 {
		c.old, c.young, c.lines = c.young, make(map[rem.MessageID]*view), 0
	}
	if before := c.young[id]; before != nil {
		c.lines -= before.lines()
	}
	c.young[id] = v
	c.lines += v.lines()
}

// drop takes out what has changed.
func (c *views) drop(id rem.MessageID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.young[id]; v != nil {
		c.lines -= v.lines()
		delete(c.young, id)
	}
	delete(c.old, id)
}

// clear forgets all.
func (c *views) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old, c.lines = nil, nil, 0
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
