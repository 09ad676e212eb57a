package retrieval

import (
	"sync"
	"time"

	"rem"
	"rem/message"
)

// Openings that follow one another are one: a mail program fetches a message part
// by part, and a page is loaded anew. So the same person's opening of the same
// message is recorded once within againAfter.
const againAfter = time.Hour

// maxRecent bounds what is remembered, some 400 octets each, 26 MB; what is forgotten
// is recorded once more.
const maxRecent = 1 << 16

// An opening is one person's of one recipient's copy, in his account's name.
type opening struct {
	message   rem.MessageID
	recipient int
	account   rem.AccountID
	person    rem.PersonID
}

// A recorded is when an opening was, and where the bytes are that it gave: they do
// not move, so that the ledger is not asked for the message again.
type recorded struct {
	at           time.Time
	original     message.Ref
	from, length int64
	digest       rem.Digest
}

// recent remembers openings that were recorded a short time ago. It is empty after a
// start. The zero recent is ready; it may be used concurrently.
type recent struct {
	mu       sync.Mutex
	now, old map[opening]recorded // guarded by mu; old gives way when now is half of maxRecent
}

// find tells where the original of an opening is that was recorded within againAfter
// before t.
func (r *recent) find(o opening, t time.Time) (where message.Record, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, ok := r.now[o]
	if !ok {
		was, ok = r.old[o]
	}
	if since := t.Sub(was.at); !ok || since < 0 || since >= againAfter {
		return where, false
	}
	return message.Record{ID: o.message, Original: was.original, From: was.from, Length: was.length, Digest: was.digest}, true
}

// add remembers that it was recorded at t.
func (r *recent) add(o opening, t time.Time, m *message.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.now) >= maxRecent/2 {
		r.old, r.now = r.now, nil
	}
	if r.now == nil {
		r.now = map[opening]recorded{}
	}
	r.now[o] = recorded{t, m.Original, m.From, m.Length, m.Digest}
}
