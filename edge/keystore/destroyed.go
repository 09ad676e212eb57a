package keystore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/privacy"
)

// A list is the list of destroyed data keys, a journal of its own that is only
// appended to (docs/formats/key-store.md). It holds no key.
type list struct{ journal *blobstore.Store }

const (
	kindDestroyed = 'D'
	listVersion   = 1
	listSegment   = 1 << 20
	maxListName   = 256 // octets of a name in a record
)

func openList(folder blobstore.FS, o DataOptions) (*list, error) {
	journal, err := blobstore.Open(folder, blobstore.Options{Segment: listSegment, MinFree: o.MinFree, Alarm: func(a blobstore.Alarm) {
		o.Alarm(fmt.Errorf("the list of destroyed keys: %s at %d: %w", a.Name, a.Offset, a.Err))
	}})
	if err != nil {
		return nil, fmt.Errorf("opening the list of destroyed keys: %w", err)
	}
	return &list{journal}, nil
}

func (l *list) end() blobstore.Position { return l.journal.End() }

func (l *list) close() error { return l.journal.Close() }

// append adds a record, durably, and returns the end behind it. It is promised:
// a full disk must not keep anybody's data from being erased.
func (l *list) append(ctx context.Context, r privacy.Destruction) (blobstore.Position, error) {
	a, err := l.journal.Append(ctx, blobstore.Record{Kind: kindDestroyed, Meta: appendRecord(nil, r), Promised: true})
	return a.To, err
}

// from returns the records behind a position. An error that wraps
// blobstore.ErrCorrupt comes with what is left.
func (l *list) from(at blobstore.Position) (records []privacy.Destruction, _ error) {
	err := l.journal.Replay(at, func(e blobstore.Entry) error {
		if e.Kind != kindDestroyed {
			return errRecord
		}
		r, err := parseRecord(e.Meta)
		if err != nil {
			return err
		}
		records = append(records, r)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("reading the list of destroyed keys: %w", err)
	}
	return records, err
}

var errRecord = errors.New("a record is none of a destroyed key")

func appendRecord(b []byte, r privacy.Destruction) []byte {
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendUvarint(b, listVersion)
	text(string(r.Key.Person))
	text(string(r.Key.Class))
	b = binary.AppendUvarint(b, r.Key.Serial)
	b = binary.AppendVarint(b, r.At.UnixMicro())
	text(string(r.By))
	text(r.Reason)
	return b
}

func parseRecord(b []byte) (privacy.Destruction, error) {
	bad := false
	num := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 || size > 1 && b[size-1] == 0 {
			bad, b = true, nil
			return 0
		}
		b = b[size:]
		return n
	}
	text := func() string {
		n := num()
		if bad || n > maxListName || n > uint64(len(b)) {
			bad, b = true, nil
			return ""
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	version := num()
	r := privacy.Destruction{Key: privacy.KeyName{Person: rem.PersonID(text()), Class: privacy.PurposeClass(text()), Serial: num()}}
	at := num()
	r.At = time.UnixMicro(int64(at>>1) ^ -int64(at&1)).UTC()
	r.By = rem.PersonID(text())
	r.Reason = text()
	if bad || len(b) > 0 || version != listVersion || r.Key.Person == "" || r.Key.Class == "" || r.Key.Serial == 0 {
		return privacy.Destruction{}, errRecord
	}
	return r, nil
}
