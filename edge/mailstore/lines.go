package mailstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/message/mailbox"
)

// linesAtOnce is how many lines one row of the database brings, as text: a row for
// each line would cost several times as much as what stands in it.
const linesAtOnce = 16384

// linesKept is how many lines of folders stay in memory for who asks again, of all
// accounts together: 48 octets each, 24 MB. A larger folder is read each time.
const linesKept = 500_000

// Lines implements mailbox.Store.
func (s *Store) Lines(ctx context.Context, a rem.AccountID, f mailbox.FolderID) ([]mailbox.Line, error) {
	lines, err := s.lines(ctx, a, f)
	if err != nil {
		return nil, fmt.Errorf("reading a folder: %w", err)
	}
	return lines, nil
}

func (s *Store) lines(ctx context.Context, a rem.AccountID, f mailbox.FolderID) ([]mailbox.Line, error) {
	account, err := s.account(ctx, a)
	if err != nil {
		return nil, err
	}
	if account == 0 && slices.Contains(mailbox.Fixed, f) {
		return nil, nil
	}
	var folder, items, changed int64
	if there, err := s.read(ctx, "folderLines", []any{account, f}, &folder, &items, &changed); err != nil || !there {
		return nil, errors.Join(mailbox.ErrNotFound, err)
	}
	if lines, there := s.kept.get(shelved{a, f}, changed); there {
		return lines, nil
	}
	// What came since changed was read makes the lines newer than it says, and they
	// are read again when asked for again; they are never older.
	tx, err := s.file.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	lines := make([]mailbox.Line, 0, items)
	for last, more := uint32(0), true; more; {
		var n int
		var text sql.NullString
		if err := tx.QueryRowContext(ctx, queries["lines"], folder, last, linesAtOnce).Scan(&n, &text); err != nil {
			return nil, fmt.Errorf("lines: %w", err)
		}
		if lines, err = parseLines(lines, text.String); err != nil {
			return nil, err
		}
		if more = n == linesAtOnce; more {
			last = lines[len(lines)-1].UID
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	s.kept.put(shelved{a, f}, changed, lines)
	return slices.Clone(lines), nil
}

// errLines: the database did not answer lines as they are asked for.
var errLines = errors.New("lines of a folder cannot be read")

// parseLines reads five numbers of each line, in order of UID.
func parseLines(lines []mailbox.Line, text string) ([]mailbox.Line, error) {
	var n [5]int64
	for text != "" {
		for i := range n {
			var word string
			var err error
			word, text, _ = strings.Cut(text, " ")
			if n[i], err = strconv.ParseInt(word, 10, 64); err != nil {
				return nil, errLines
			}
		}
		l := mailbox.Line{ID: mailbox.ItemID(n[0]), UID: uint32(n[1]), Flags: mailbox.Flags(n[2]), Size: n[3], At: time.UnixMicro(n[4]).UTC()}
		if len(lines) > 0 && lines[len(lines)-1].UID >= l.UID {
			return nil, errLines
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// A shelf keeps the lines of folders as they were at one number of changes.
type shelf struct {
	mu    sync.Mutex
	known map[shelved]*keptLines // guarded by mu
	total int                    // lines; guarded by mu
	turn  int64                  // guarded by mu
}

// shelved names a folder for good: the number of its row may be another's one day.
type shelved struct {
	account rem.AccountID
	folder  mailbox.FolderID
}

type keptLines struct {
	changed, used int64
	lines         []mailbox.Line
}

func (k *shelf) get(f shelved, changed int64) ([]mailbox.Line, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.known[f]
	if kept == nil || kept.changed != changed {
		return nil, false
	}
	k.turn++
	kept.used = k.turn
	return slices.Clone(kept.lines), true
}

func (k *shelf) put(f shelved, changed int64, lines []mailbox.Line) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[shelved]*keptLines{}
	}
	k.drop(f)
	if len(lines) > linesKept {
		return
	}
	for k.total+len(lines) > linesKept {
		var oldest shelved
		at := int64(math.MaxInt64)
		for other, kept := range k.known {
			if kept.used < at {
				oldest, at = other, kept.used
			}
		}
		k.drop(oldest)
	}
	k.turn++
	k.known[f], k.total = &keptLines{changed, k.turn, lines}, k.total+len(lines)
}

// drop forgets a folder. mu is held.
func (k *shelf) drop(f shelved) {
	if kept := k.known[f]; kept != nil {
		k.total -= len(kept.lines)
		delete(k.known, f)
	}
}
