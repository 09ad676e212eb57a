package mailstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/sqlitefile"
	"rem/message/mailbox"
	"rem/privacy"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queryText string

var queries = sqlitefile.Queries(queryText)

// sealedFields are what is kept sealed, each under its name in the inventory.
type sealedFields struct {
	FolderName privacy.SealedValue // of box_folder.name
	DraftHead  privacy.SealedValue // of box_draft.head
	DraftBody  privacy.SealedValue // of box_draft.body, in parts
	FileSecret privacy.SealedValue // of box_file.secret
	Keepsake   privacy.SealedValue // of box_keepsake.content
}

var _ sealedFields

const (
	folderName privacy.FieldID = "mailstore.sealedFields.FolderName"
	draftHead  privacy.FieldID = "mailstore.sealedFields.DraftHead"
	draftBody  privacy.FieldID = "mailstore.sealedFields.DraftBody"
	fileSecret privacy.FieldID = "mailstore.sealedFields.FileSecret"
	kept       privacy.FieldID = "mailstore.sealedFields.Keepsake"
)

// FolderIndex is the blind index of the names of folders.
var FolderIndex = privacy.BlindIndex{Name: "mailbox.folder", Version: 1}

// Config is what a store works with. All fields but Effect are needed.
type Config struct {
	// Path is the file of SQLite; Files is the folder of drafts' files, which the
	// store closes.
	Path  string
	Files blobstore.FS
	Vault *privacy.Vault
	// Names makes the tokens of [FolderIndex].
	Names *privacy.BlindIndexer
	Clock rem.Clock
	// Effect is for tests; see [sqlitefile.Options].
	Effect func(point string) error
}

// A Store keeps mailboxes. It may be used from many goroutines.
type Store struct {
	Config
	file *sqlitefile.File

	names  names
	kept   shelf
	ready  statements        // of readers
	writes *sqlitefile.Ready // of steps
	known  numbers

	// gathered is how many items there were when all words were last brought together;
	// owned by who calls Tidy.
	gathered int64

	mu    sync.Mutex
	watch map[rem.AccountID][]chan struct{} // guarded by mu
}

var _ mailbox.Store = (*Store)(nil)

// Open opens the store, makes it when it is missing, and takes away the files that
// no draft has.
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	s := &Store{Config: c, watch: map[rem.AccountID][]chan struct{}{}}
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, c.Files.Close())
	}
	// What somebody deletes goes from the file too.
	s.file, err = sqlitefile.Open(ctx, c.Path, sqlitefile.Options{Migrations: folder, Effect: c.Effect}, "secure_delete(ON)")
	if err != nil {
		return nil, errors.Join(err, c.Files.Close())
	}
	said := maps.Clone(queries)
	said[oneItem] = "SELECT " + columns + ", i.folder, i.indexed" + joined + "WHERE i.account = ? AND i.id = ?"
	if s.writes, err = s.file.Ready(ctx, said); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.openFiles(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the files of drafts: %w", err), s.Close())
	}
	return s, nil
}

// Columns names every column, for the inventory of personal data (P-01).
func (s *Store) Columns(ctx context.Context) ([]string, error) { return s.file.Columns(ctx) }

// Close ends the store, and whoever watches hears nothing more.
func (s *Store) Close() error { return errors.Join(s.ready.close(), s.file.Close(), s.Files.Close()) }

// A step is the transaction of one, with the statements that it used.
type step struct {
	tx    *sql.Tx
	ready *sqlitefile.Ready
	used  map[string]*sql.Stmt
}

func (s *Store) step(tx *sql.Tx) step { return step{tx, s.writes, map[string]*sql.Stmt{}} }

// say gives a statement by its name.
func (t step) say(name string) *sql.Stmt {
	said := t.used[name]
	if said == nil {
		said = t.ready.In(t.tx, name)
		t.used[name] = said
	}
	return said
}

// row asks for one row, and reports whether there is one.
func (t step) row(name string, args []any, into ...any) (bool, error) {
	err := t.say(name).QueryRow(args...).Scan(into...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// must asks for one row, which is ErrNotFound when it is not there.
func (t step) must(name string, args []any, into ...any) error {
	there, err := t.row(name, args, into...)
	if err == nil && !there {
		err = mailbox.ErrNotFound
	}
	return err
}

func (t step) do(name string, args ...any) error {
	if _, err := t.say(name).Exec(args...); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// update makes a step about an account and wakes who watches it.
func update[T any](ctx context.Context, s *Store, what string, a rem.AccountID, do func(t step) (T, error)) (T, error) {
	got, err := sqlitefile.Answer(ctx, s.file, func(tx *sql.Tx) (T, error) { return do(s.step(tx)) })
	if err == nil || errors.Is(err, sqlitefile.ErrUnknown) {
		s.tell(a)
	}
	if err != nil {
		return got, fmt.Errorf("%s: %w", what, err)
	}
	return got, nil
}

// nothing is the result of steps without one.
type nothing struct{}

// read asks for one row.
func (s *Store) read(ctx context.Context, name string, args []any, into ...any) (bool, error) {
	ask, done, err := s.ready.get(ctx, s.file.Read, queries[name])
	if err == nil {
		err = errors.Join(ask.QueryRowContext(ctx, args...).Scan(into...), done())
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// each asks for rows.
func (s *Store) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	ask, done, err := s.ready.get(ctx, s.file.Read, query)
	if err != nil {
		return err
	}
	return errors.Join(eachRow(func() (*sql.Rows, error) { return ask.QueryContext(ctx, args...) }, scan), done())
}

func (t step) each(name string, args []any, scan func(*sql.Rows) error) error {
	return eachRow(func() (*sql.Rows, error) { return t.say(name).Query(args...) }, scan)
}

func eachRow(ask func() (*sql.Rows, error), scan func(*sql.Rows) error) (err error) {
	rows, err := ask()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// account gives the number of one, 0 when nothing of it was ever kept.
func (s *Store) account(ctx context.Context, a rem.AccountID) (n int64, err error) {
	if n = s.known.get(a); n != 0 {
		return n, nil
	}
	if _, err = s.read(ctx, "account", []any{a}, &n); n != 0 {
		s.known.put(a, n)
	}
	return n, err
}

// account gives the number of one, and begins its mailbox when it is new.
func (t step) account(a rem.AccountID, now time.Time) (n int64, err error) {
	if a == "" {
		return 0, errors.New("no account is named")
	}
	if there, err := t.row("account", []any{a}, &n); err != nil || there {
		return n, err
	}
	// Seconds of Unix: should the file be lost, mailboxes made again have another
	// validity than before (RFC 9051 2.3.1.1).
	validity := now.Unix()
	if _, err := t.row("addAccount", []any{a, validity}, &n); err != nil {
		return 0, err
	}
	for _, f := range mailbox.Fixed {
		if err := t.do("addFolder", n, f, "", nil, nil, validity); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Watch implements mailbox.Store.
func (s *Store) Watch(a rem.AccountID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch[a] = append(s.watch[a], c)
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watch[a] = slices.DeleteFunc(s.watch[a], func(x chan struct{}) bool { return x == c })
		if len(s.watch[a]) == 0 {
			delete(s.watch, a)
		}
	}
}

func (s *Store) tell(a rem.AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.watch[a] {
		select {
		case c <- struct{}{}:
		default: // one waits there already
		}
	}
}

// micros gives a time as it is kept; NULL for none.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func fromMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}

// access is how somebody opens what an account keeps. He need not be the holder:
// the vault refuses whoever is nobody. What he opens again and again while he writes,
// one entry says for the sitting.
func access(by rem.Actor, over privacy.Sitting) privacy.Access {
	role := privacy.AsOperator
	if by.Person == by.Holder {
		role = privacy.AsHolder
	}
	return privacy.Access{Actor: by, Role: role, Purpose: privacy.AccountUse, Sitting: over}
}

// errNobody: a door did not say who acts.
var errNobody = errors.New("no holder or person is named")

func named(by rem.Actor) error {
	if by.Account == "" || by.Holder == "" || by.Person == "" {
		return errNobody
	}
	return nil
}

func (s *Store) seal(ctx context.Context, holder rem.PersonID, field privacy.FieldID, clear []byte) ([]byte, error) {
	sealed, err := s.Vault.Seal(ctx, holder, field, privacy.NewBytes(clear, privacy.ByDeclaration(s.Clock.Now())))
	return sealed.Bytes(), err
}

// sealedPart is a sealed value as it was read, and under whom.
type sealedPart struct {
	holder rem.PersonID
	sealed []byte
}

// open opens values of one field in one access, or a few when they are many.
func (s *Store) open(ctx context.Context, by rem.Actor, over privacy.Sitting, field privacy.FieldID, parts []sealedPart) ([][]byte, error) {
	clear := make([][]byte, 0, len(parts))
	for some := range slices.Chunk(parts, privacy.MaxItems) {
		items := make([]privacy.Item, len(some))
		for i, p := range some {
			v, err := privacy.ParseSealed(p.sealed)
			if err != nil {
				return nil, err
			}
			items[i] = privacy.Item{Person: p.holder, Field: field, Sealed: v}
		}
		values, err := s.Vault.OpenAll(ctx, access(by, over), items)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			clear = append(clear, v.Bytes())
		}
	}
	return clear, nil
}
