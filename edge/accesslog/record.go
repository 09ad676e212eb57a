package accesslog

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"rem/edge/blobstore"
	"rem/privacy"
)

// The kinds of records (docs/formats/access-log.md).
const (
	kindOpened  = 'B'
	kindEntries = 'E'
	kindMark    = 'M'
)

const recordVersion = 1

// opened says that the log was opened: its name, and how many entries it had.
func opened(id string, number uint64) []byte {
	b := binary.AppendUvarint(nil, recordVersion)
	b = binary.AppendUvarint(b, number)
	return append(b, id...)
}

// mark says how many entries were answered.
func mark(number uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, recordVersion), number)
}

// sizeOf bounds what an entry takes in a record.
func sizeOf(e *privacy.AccessEntry) int {
	n := 32 + 10 + 40 + len(e.Act) + len(e.Actor) + len(e.Account) + len(e.Role) + len(e.Purpose) + len(e.Case) + len(e.Person)
	for _, f := range e.Fields {
		n += 2 + len(f)
	}
	return n
}

// appendLink writes an entry behind an end: the hash, the length, the entry.
func appendLink(b []byte, end privacy.ChainEnd, e *privacy.AccessEntry) ([]byte, privacy.ChainEnd) {
	var buf [512]byte
	entry := privacy.AppendEntry(buf[:0], e)
	end = privacy.ChainEnd{Number: e.Number, Time: e.Time, Hash: privacy.ChainHash(end.Hash, entry)}
	b = append(b, end.Hash[:]...)
	b = binary.AppendUvarint(b, uint64(len(entry)))
	return append(b, entry...), end
}

// errRecord: a record of the journal is none of a log.
var errRecord = errors.New("a record is none of an access log")

// links calls visit with the links of a record.
func links(meta []byte, visit func(nth int, l privacy.Link) error) error {
	for nth := 0; len(meta) > 0; nth++ {
		var l privacy.Link
		if copy(l.Hash[:], meta) < len(l.Hash) {
			return errRecord
		}
		n, size := binary.Uvarint(meta[len(l.Hash):])
		rest := meta[len(l.Hash)+max(size, 0):]
		if size <= 0 || n > uint64(len(rest)) {
			return errRecord
		}
		l.Entry, meta = rest[:n], rest[n:]
		if err := visit(nth, l); err != nil {
			return err
		}
	}
	return nil
}

// A reading goes through a journal and notes what does not hold.
type reading struct {
	id       string
	end      privacy.ChainEnd
	entries  uint64
	answered uint64 // by marks
	problems []error
	visit    func(*privacy.AccessEntry, blobstore.Position, int) // with each entry
	after    func(privacy.ChainEnd)                              // with the end behind each
}

// maxProblems bounds what a reading keeps of a log that is broken all over.
const maxProblems = 100

func (r *reading) problem(format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...))
	}
}

// all reads the whole journal. Damage is among the problems; an error is that of
// the disk.
func (r *reading) all(ctx context.Context, journal *blobstore.Store) error {
	err := journal.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.record(e)
		return nil
	})
	if errors.Is(err, blobstore.ErrCorrupt) {
		r.problem("the journal: %w", err)
		err = nil
	}
	if err == nil && r.answered > r.end.Number {
		r.problem("entries %d to %d are gone from its end", r.end.Number+1, r.answered)
		r.end.Number = r.answered // their numbers are not given again
	}
	return err
}

func (r *reading) record(e blobstore.Entry) {
	switch e.Kind {
	case kindOpened, kindMark:
		version, n := binary.Uvarint(e.Meta)
		if n <= 0 || version != recordVersion {
			r.problem("a mark of another version")
			return
		}
		number, m := binary.Uvarint(e.Meta[n:])
		if m <= 0 {
			r.problem("a mark is cut")
			return
		}
		r.answered = max(r.answered, number)
		if e.Kind == kindOpened {
			r.named(string(e.Meta[n+m:]))
		}
	case kindEntries:
		err := links(e.Meta, func(nth int, l privacy.Link) error {
			r.link(l, e.At, nth)
			return nil
		})
		if err != nil {
			r.problem("behind entry %d: %w", r.end.Number, err)
		}
	default:
		r.problem("behind entry %d: %w", r.end.Number, errRecord)
	}
}

func (r *reading) named(id string) {
	if b, err := hex.DecodeString(id); err != nil || len(b) != 16 {
		r.problem("a name of the log is none")
		return
	}
	switch r.id {
	case "":
		r.id = id
		if r.entries == 0 {
			r.end.Hash = privacy.BeginChain(id)
		}
	case id:
	default:
		r.problem("behind entry %d it has another name", r.end.Number)
	}
}

// link follows the chain. Behind a gap it goes on from what the entry itself
// says, so that one lost record does not make all later ones unreadable.
func (r *reading) link(l privacy.Link, at blobstore.Position, nth int) {
	e, end, err := r.end.Follow(l)
	if err != nil {
		r.problem("%w", err)
		if e, err = privacy.ParseEntry(l.Entry); err != nil || e.Number <= r.end.Number {
			return
		}
		end = privacy.ChainEnd{Number: e.Number, Time: e.Time, Hash: l.Hash}
	}
	r.end = end
	r.entries++
	if r.visit != nil {
		r.visit(&e, at, nth)
	}
	if r.after != nil {
		r.after(end)
	}
}
