package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"rem/edge/blobstore"
	"rem/message"
)

// A feed gives the journal's steps again to whoever follows it.
type feed struct {
	mu       sync.Mutex // held while the list changes
	watching atomic.Pointer[[]chan struct{}]
}

// maxScanned bounds the records that one call of Steps reads: a follower that meets
// a long part without steps comes again.
const maxScanned = 65_536

// errPosition: the text is no position of this journal.
var errPosition = errors.New("it is no position in this journal")

// Steps gives up to limit steps after a position of the journal, "" being before the
// first, in the order in which they were applied, and the position after them. The
// same position, without steps, is the end for now. What it gives is durable, and
// whoever reads the ledger sees it already; a step that lost against another is
// among them, as the journal has it. The steps carry no XML and no envelope. Memory
// is bounded by limit. A damaged record was alarmed, and is passed over.
func (s *Store) Steps(ctx context.Context, after string, limit int) (steps []message.Step, next string, err error) {
	from, err := parsePosition(after)
	if err != nil {
		return nil, after, fmt.Errorf("following the journal: %w", err)
	}
	s.live.mu.Lock()
	end := s.live.applied
	s.live.mu.Unlock()
	if durable := s.contents.End(); durable.Before(end) {
		end = durable // what is applied may be synced a moment later
	}
	switch {
	case end == from || end == (blobstore.Position{}) && after == "":
		return nil, after, nil
	case end.Before(from):
		// The journal is older than what followed it: it was restored, or is another.
		return nil, after, fmt.Errorf("following the journal: %w: it lies behind the end", errPosition)
	}
	at, scanned := end, 0
	err = s.contents.Replay(from, func(e blobstore.Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.At.Before(end) {
			return errEnough
		}
		if len(steps) >= limit || scanned >= maxScanned {
			at = e.At
			return errEnough
		}
		scanned++
		if e.Kind != kindStep {
			return nil
		}
		st, err := decodeStep(bytes.Clone(e.Meta), e.Ref)
		if err != nil {
			return fmt.Errorf("record at %v: %w", e.At, err)
		}
		steps = append(steps, st.Step)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) && !errors.Is(err, blobstore.ErrCorrupt) {
		return nil, after, fmt.Errorf("following the journal: %w", err)
	}
	return steps, writePosition(at), nil
}

// Committed returns a channel that gets a value after records were applied; it has
// room for one. stop ends it.
func (s *Store) Committed() (committed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	f := &s.feed
	change := func(edit func([]chan struct{}) []chan struct{}) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var list []chan struct{}
		if p := f.watching.Load(); p != nil {
			list = slices.Clone(*p)
		}
		list = edit(list)
		f.watching.Store(&list)
	}
	change(func(l []chan struct{}) []chan struct{} { return append(l, c) })
	return c, func() {
		change(func(l []chan struct{}) []chan struct{} {
			return slices.DeleteFunc(l, func(x chan struct{}) bool { return x == c })
		})
	}
}

func (f *feed) ring() {
	p := f.watching.Load()
	if p == nil {
		return
	}
	for _, c := range *p {
		select {
		case c <- struct{}{}:
		default: // one waits there already
		}
	}
}

// positionVersion begins a position as text; docs/formats/mailbox.md.
const positionVersion = "1"

func writePosition(p blobstore.Position) string {
	return positionVersion + "." + strconv.FormatUint(p.Segment, 10) + "." + strconv.FormatInt(p.Offset, 10)
}

func parsePosition(s string) (p blobstore.Position, err error) {
	if s == "" {
		return p, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 || parts[0] != positionVersion {
		return p, errPosition
	}
	var errs [2]error
	p.Segment, errs[0] = strconv.ParseUint(parts[1], 10, 64)
	p.Offset, errs[1] = strconv.ParseInt(parts[2], 10, 64)
	if errs[0] != nil || errs[1] != nil || writePosition(p) != s {
		return blobstore.Position{}, errPosition
	}
	return p, nil
}
