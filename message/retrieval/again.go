package retrieval

import (
	"sync"
	"time"

	"rem"
)

// Openings that follow one another are one: a mail program fetches a message part
// by part, and a page is loaded anew. So the same person's opening of the same
// message is recorded once within againAfter.
const againAfter = time.Hour

// maxRecent bounds what is remembered; what is forgotten is recorded once more.
const maxRecent = 1 << 16

// An opening is one person's of one recipient's copy.
type opening struct {
	message   rem.MessageID
	recipient int
	person    rem.PersonID
}

// recent remembers openings that were recorded a short time ago. It is empty after a
// start. The zero recent is ready; it may be used concurrently.
type recent struct {
	mu       sync.Mutex
	now, old map[opening]time.Time // guarded by mu; old gives way when now is half of maxRecent
}

// has reports whether the opening was recorded within againAfter before t.
func (r *recent) has(o opening, t time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.now[o]
	if !ok {
		at, ok = r.old[o]
	}
	since := t.Sub(at)
	return ok && since >= 0 && since < againAfter
}

// add remembers that it was recorded at t.
func (r *recent) add(o opening, t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.now) >= maxRecent/2 {
		r.old, r.now = r.now, nil
	}
	if r.now == nil {
		r.now = map[opening]time.Time{}
	}
	r.now[o] = t
}
