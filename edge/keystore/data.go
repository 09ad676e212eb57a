package keystore

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/sqlitefile"
	"rem/privacy"
)

var _ privacy.DataKeys = (*Data)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queryText string

var queries = sqlitefile.Queries(queryText)

// Data keeps wrapped data keys in an SQLite file of their own, so that neither
// the journal nor a copy of the index has them, and the list of destroyed ones
// beside it. It may be used from many goroutines.
//
// A destroyed key is overwritten in the file and its log is emptied. Old blocks
// of the disk and old copies of the file may have it still, wrapped; it ends
// there when its wrapping key is retired.
type Data struct {
	list *list
	file *sqlitefile.File

	// mu is held for writing from the record in the list to the end of the key,
	// so that nobody is given a key that is about to go; for reading by whoever
	// adds one.
	mu sync.RWMutex
}

// DataOptions of a store of data keys.
type DataOptions struct {
	// Alarm is told of damage to the list of destroyed keys, and of keys that
	// were destroyed and have come back with an old copy of the store.
	Alarm func(error)
	// MinFree is for the list; see blobstore.Options.
	MinFree int64
}

// ErrList is wrapped when the list of destroyed keys does not belong to the
// store: it ends before what the store has applied of it.
var ErrList = errors.New("the list of destroyed keys is older than the data keys")

// ErrCameBack is told to the alarm when an old copy of the store was put back
// that still had keys that were destroyed since. They are destroyed again.
var ErrCameBack = errors.New("a destroyed data key had come back and was destroyed again")

// OpenData opens the store in the file path, and makes it when it is missing.
// folder is that of the list of destroyed keys, which is best on another disk
// and never restored from a backup; OpenData takes it over. What the list says
// and the store has not applied is destroyed before OpenData returns.
func OpenData(ctx context.Context, path string, folder blobstore.FS, o DataOptions) (*Data, error) {
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	d := &Data{}
	err := d.open(ctx, path, folder, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the data keys: %w", err), d.Close())
	}
	return d, nil
}

func (d *Data) open(ctx context.Context, path string, folder blobstore.FS, o DataOptions) (err error) {
	if d.list, err = openList(folder, o); err != nil {
		return err
	}
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// secure_delete: what is destroyed is overwritten in the file.
	if d.file, err = sqlitefile.Open(ctx, path, sqlitefile.Options{Migrations: schema}, "secure_delete(ON)"); err != nil {
		return err
	}
	return d.catchUp(ctx, o.Alarm)
}

// catchUp destroys what the list says and the store has not applied.
func (d *Data) catchUp(ctx context.Context, alarm func(error)) error {
	var from blobstore.Position
	if err := d.file.Read.QueryRowContext(ctx, queries["applied"]).Scan(&from.Segment, &from.Offset); err != nil {
		return fmt.Errorf("reading how far the list is applied: %w", err)
	}
	if d.list.end().Before(from) {
		return ErrList
	}
	records, err := d.list.from(from)
	if err != nil {
		if !errors.Is(err, blobstore.ErrCorrupt) {
			return err
		}
		alarm(fmt.Errorf("the list of destroyed keys: %w", err))
	}
	if len(records) == 0 {
		return nil
	}
	for _, r := range records {
		_, err := d.Get(ctx, r.Key)
		if err == nil {
			alarm(ErrCameBack)
		} else if !errors.Is(err, privacy.ErrNoKey) && !errors.Is(err, privacy.ErrDestroyed) {
			return err
		}
	}
	return d.apply(ctx, records, d.list.end())
}

// apply destroys the keys of the records, which the list has up to a position.
// The caller holds mu, or is alone.
func (d *Data) apply(ctx context.Context, records []privacy.Destruction, to blobstore.Position) error {
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		for _, r := range records {
			if _, err := tx.Exec(queries["destroy"], r.Key.Person, r.Key.Class, int64(r.Key.Serial)); err != nil {
				return err
			}
			if _, err := tx.Exec(queries["record"], r.Key.Person, r.Key.Class, int64(r.Key.Serial), r.At.UnixMicro(), r.By, r.Reason); err != nil {
				return err
			}
		}
		_, err := tx.Exec(queries["apply"], int64(to.Segment), to.Offset)
		return err
	})
	if err == nil {
		err = d.file.Checkpoint(ctx) // the log has pages from before
	}
	if err != nil {
		return fmt.Errorf("destroying data keys: %w", err)
	}
	return nil
}

// Close ends the store. Closing again does nothing.
func (d *Data) Close() error {
	var errs []error
	if d.file != nil {
		errs = append(errs, d.file.Close())
	}
	if d.list != nil {
		errs = append(errs, d.list.close())
	}
	return errors.Join(errs...)
}

// Columns names every column of the live schema, for the inventory (P-01).
func (d *Data) Columns(ctx context.Context) ([]string, error) { return d.file.Columns(ctx) }

// asKey turns a row into a key.
func asKey(number int64, wrapped []byte, err error) (privacy.WrappedKey, error) {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return privacy.WrappedKey{}, privacy.ErrNoKey
	case err != nil:
		return privacy.WrappedKey{}, fmt.Errorf("reading a data key: %w", err)
	case wrapped == nil:
		return privacy.WrappedKey{}, privacy.ErrDestroyed
	}
	return privacy.WrappedKey{Number: privacy.KeyNumber(number), Bytes: wrapped}, nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func newest(ctx context.Context, q querier, person rem.PersonID, class privacy.PurposeClass) (privacy.KeyName, privacy.WrappedKey, error) {
	var serial, number int64
	var wrapped []byte
	err := q.QueryRowContext(ctx, queries["newest"], string(person), string(class)).Scan(&serial, &number, &wrapped)
	w, err := asKey(number, wrapped, err)
	if errors.Is(err, privacy.ErrNoKey) {
		return privacy.KeyName{}, w, err
	}
	return privacy.KeyName{Person: person, Class: class, Serial: uint64(serial)}, w, err
}

func get(ctx context.Context, q querier, n privacy.KeyName) (privacy.WrappedKey, error) {
	var number int64
	var wrapped []byte
	err := q.QueryRowContext(ctx, queries["get"], string(n.Person), string(n.Class), int64(n.Serial)).Scan(&number, &wrapped)
	return asKey(number, wrapped, err)
}

// Newest implements privacy.DataKeys.
func (d *Data) Newest(ctx context.Context, person rem.PersonID, class privacy.PurposeClass) (privacy.KeyName, privacy.WrappedKey, error) {
	return newest(ctx, d.file.Read, person, class)
}

// Get implements privacy.DataKeys.
func (d *Data) Get(ctx context.Context, n privacy.KeyName) (privacy.WrappedKey, error) {
	return get(ctx, d.file.Read, n)
}

// Add implements privacy.DataKeys.
func (d *Data) Add(ctx context.Context, n privacy.KeyName, w privacy.WrappedKey) (privacy.WrappedKey, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	w.Bytes = bytes.Clone(w.Bytes)
	kept, err := sqlitefile.Answer(ctx, d.file, func(tx *sql.Tx) (privacy.WrappedKey, error) {
		ctx := context.Background() // the step's, not the caller's
		if kept, err := get(ctx, tx, n); !errors.Is(err, privacy.ErrNoKey) {
			return kept, err
		}
		last, _, err := newest(ctx, tx, n.Person, n.Class)
		switch {
		case errors.Is(err, privacy.ErrNoKey) || errors.Is(err, privacy.ErrDestroyed):
		case err == nil:
			return privacy.WrappedKey{}, fmt.Errorf("key %d lives, and another is to follow it", last.Serial)
		default:
			return privacy.WrappedKey{}, err
		}
		if n.Serial != last.Serial+1 {
			return privacy.WrappedKey{}, fmt.Errorf("key %d does not follow key %d", n.Serial, last.Serial)
		}
		_, err = tx.Exec(queries["add"], string(n.Person), string(n.Class), int64(n.Serial), int64(w.Number), w.Bytes)
		return w, err
	})
	if err != nil {
		return privacy.WrappedKey{}, fmt.Errorf("keeping a data key: %w", err)
	}
	return kept, nil
}

// Replace implements privacy.DataKeys.
func (d *Data) Replace(ctx context.Context, n privacy.KeyName, before, now privacy.WrappedKey) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	before.Bytes, now.Bytes = bytes.Clone(before.Bytes), bytes.Clone(now.Bytes)
	err := d.file.Update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(queries["replace"], string(n.Person), string(n.Class), int64(n.Serial), int64(before.Number), before.Bytes, int64(now.Number), now.Bytes)
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping a data key that was wrapped anew: %w", err)
	}
	return nil
}

// Destroy implements privacy.DataKeys. The list comes first: what it says is
// carried out at the next start at the latest.
func (d *Data) Destroy(ctx context.Context, person rem.PersonID, class privacy.PurposeClass, at time.Time, by rem.PersonID, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name, _, err := newest(ctx, d.file.Read, person, class)
	if err != nil {
		return fmt.Errorf("destroying a data key: %w", err)
	}
	r := privacy.Destruction{Key: name, At: at.UTC().Truncate(time.Microsecond), By: by, Reason: reason}
	to, err := d.list.append(ctx, r)
	if err != nil {
		return fmt.Errorf("destroying a data key: recording it: %w", err)
	}
	// From here it is decided; an end of ctx must not leave the key usable.
	return d.apply(context.WithoutCancel(ctx), []privacy.Destruction{r}, to)
}

// Destroyed implements privacy.DataKeys.
func (d *Data) Destroyed(ctx context.Context, person rem.PersonID) (records []privacy.Destruction, err error) {
	rows, err := d.file.Read.QueryContext(ctx, queries["records"], string(person))
	if err != nil {
		return nil, fmt.Errorf("reading what was destroyed: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		r := privacy.Destruction{Key: privacy.KeyName{Person: person}}
		var serial, at int64
		if err := rows.Scan(&r.Key.Class, &serial, &at, &r.By, &r.Reason); err != nil {
			return nil, fmt.Errorf("reading what was destroyed: %w", err)
		}
		r.Key.Serial, r.At = uint64(serial), time.UnixMicro(at).UTC()
		records = append(records, r)
	}
	return records, rows.Err()
}

// Behind implements privacy.DataKeys.
func (d *Data) Behind(ctx context.Context, newest privacy.KeyNumber, limit int) (names []privacy.KeyName, keys []privacy.WrappedKey, err error) {
	rows, err := d.file.Read.QueryContext(ctx, queries["behind"], int64(newest), limit)
	if err != nil {
		return nil, nil, fmt.Errorf("reading data keys: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n privacy.KeyName
		var serial, number int64
		var wrapped []byte
		if err := rows.Scan(&n.Person, &n.Class, &serial, &number, &wrapped); err != nil {
			return nil, nil, fmt.Errorf("reading data keys: %w", err)
		}
		n.Serial = uint64(serial)
		names, keys = append(names, n), append(keys, privacy.WrappedKey{Number: privacy.KeyNumber(number), Bytes: wrapped})
	}
	return names, keys, rows.Err()
}
