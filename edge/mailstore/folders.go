package mailstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/message/mailbox"
)

// Folders implements mailbox.Store.
func (s *Store) Folders(ctx context.Context, by rem.Actor) ([]mailbox.Folder, error) {
	list, err := s.folders(ctx, by)
	if err != nil {
		return nil, fmt.Errorf("listing folders: %w", err)
	}
	return list, nil
}

func (s *Store) folders(ctx context.Context, by rem.Actor) ([]mailbox.Folder, error) {
	account, err := s.account(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	if account == 0 { // nothing came yet; the first step begins the mailbox
		_, err := update(ctx, s, "beginning a mailbox", by.Account, func(t step) (int64, error) { return t.account(by.Account, s.Clock.Now()) })
		if err != nil {
			return nil, err
		}
		if account, err = s.account(ctx, by.Account); err != nil {
			return nil, err
		}
	}
	fixed := make([]mailbox.Folder, len(mailbox.Fixed))
	var own []mailbox.Folder
	var parts []sealedPart
	err = s.each(ctx, queries["folders"], []any{account}, func(rows *sql.Rows) error {
		var f mailbox.Folder
		var n int64
		var p sealedPart
		if err := rows.Scan(&n, &f.ID, &p.holder, &p.sealed, &f.Next, &f.Validity, &f.Items, &f.Unopened, &f.Unseen, &f.Bytes); err != nil {
			return err
		}
		if at := slices.Index(mailbox.Fixed, f.ID); at >= 0 {
			fixed[at] = f
			return nil
		}
		own, parts = append(own, f), append(parts, p)
		return nil
	})
	if err != nil || len(own) == 0 {
		return fixed, err
	}
	names, err := s.openNames(ctx, by, parts)
	if err != nil {
		return nil, err
	}
	for i := range own {
		own[i].Name = names[i]
	}
	slices.SortFunc(own, func(x, y mailbox.Folder) int {
		return cmp.Or(cmp.Compare(rem.FoldName(x.Name), rem.FoldName(y.Name)), cmp.Compare(x.ID, y.ID))
	})
	return append(fixed, own...), nil
}

// Mail programs ask for folders every minute. Names that somebody opened are shown
// to him again for a while without another entry in the access log.
const (
	namesKept = 10 * time.Minute
	namesMost = 20_000 // in memory; then all are opened anew
)

// names are those that were opened, by whom and by their sealed form.
type names struct {
	mu    sync.Mutex
	known map[nameKey]knownName // guarded by mu
}

type nameKey struct {
	person rem.PersonID
	sealed string
}

type knownName struct {
	name  string
	until time.Time
}

func (s *Store) openNames(ctx context.Context, by rem.Actor, parts []sealedPart) ([]string, error) {
	if err := named(by); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	list := make([]string, len(parts))
	var missing []sealedPart
	var at []int
	s.names.mu.Lock()
	for i, p := range parts {
		if k, there := s.names.known[nameKey{by.Person, string(p.sealed)}]; there && now.Before(k.until) {
			list[i] = k.name
			continue
		}
		missing, at = append(missing, p), append(at, i)
	}
	s.names.mu.Unlock()
	if len(missing) == 0 {
		return list, nil
	}
	opened, err := s.open(ctx, by, "", folderName, missing)
	if err != nil {
		return nil, err
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if s.names.known == nil || len(s.names.known) > namesMost {
		s.names.known = map[nameKey]knownName{}
	}
	for j, i := range at {
		list[i] = string(opened[j])
		s.names.known[nameKey{by.Person, string(parts[i].sealed)}] = knownName{list[i], now.Add(namesKept)}
	}
	return list, nil
}

// sealName gives the name of a folder as it is kept, and the token of its key.
func (s *Store) sealName(ctx context.Context, by rem.Actor, name string) (sealed, token []byte, err error) {
	kept, key, err := mailbox.FolderName(name)
	if err != nil {
		return nil, nil, err
	}
	if err := named(by); err != nil {
		return nil, nil, err
	}
	sealed, err = s.seal(ctx, by.Holder, folderName, []byte(kept))
	return sealed, s.Names.Token(string(by.Account) + "\x00" + key).Bytes(), err
}

// CreateFolder implements mailbox.Store.
func (s *Store) CreateFolder(ctx context.Context, by rem.Actor, name string) (mailbox.FolderID, error) {
	sealed, token, err := s.sealName(ctx, by, name)
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	now := s.Clock.Now()
	id, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return update(ctx, s, "making a folder", by.Account, func(t step) (mailbox.FolderID, error) {
		account, err := t.account(by.Account, now)
		if err != nil {
			return "", err
		}
		var other string
		if there, err := t.row("taken", []any{account, token}, &other); err != nil {
			return "", err
		} else if there {
			return "", mailbox.ErrTaken
		}
		var n, validity int64
		if _, err := t.row("countFolders", []any{account}, &n); err != nil {
			return "", err
		}
		if n >= mailbox.MaxFolders {
			return "", mailbox.ErrTooMany
		}
		if _, err := t.row("nextValidity", []any{account, now.Unix()}, &validity); err != nil {
			return "", err
		}
		return mailbox.FolderID(id), t.do("addFolder", account, id, by.Holder, sealed, token, validity)
	})
}

// own finds one of people's own folders.
func (t step) own(a rem.AccountID, f mailbox.FolderID) (account, n, items int64, err error) {
	if slices.Contains(mailbox.Fixed, f) {
		return 0, 0, 0, mailbox.ErrFixed
	}
	if err := t.must("account", []any{a}, &account); err != nil {
		return 0, 0, 0, err
	}
	err = t.must("folderItems", []any{account, f}, &n, &items)
	return account, n, items, err
}

// RenameFolder implements mailbox.Store.
func (s *Store) RenameFolder(ctx context.Context, by rem.Actor, f mailbox.FolderID, name string) error {
	sealed, token, bad := s.sealName(ctx, by, name)
	_, err := update(ctx, s, "renaming a folder", by.Account, func(t step) (nothing, error) {
		account, n, _, err := t.own(by.Account, f)
		if err != nil {
			return nothing{}, err
		}
		if bad != nil {
			return nothing{}, bad
		}
		var other mailbox.FolderID
		if there, err := t.row("taken", []any{account, token}, &other); err != nil {
			return nothing{}, err
		} else if there && other != f {
			return nothing{}, mailbox.ErrTaken
		}
		return nothing{}, t.do("renameFolder", n, by.Holder, sealed, token)
	})
	return err
}

// RemoveFolder implements mailbox.Store.
func (s *Store) RemoveFolder(ctx context.Context, a rem.AccountID, f mailbox.FolderID) error {
	_, err := update(ctx, s, "removing a folder", a, func(t step) (nothing, error) {
		_, n, items, err := t.own(a, f)
		if err != nil {
			return nothing{}, err
		}
		if items > 0 {
			return nothing{}, mailbox.ErrFixed
		}
		return nothing{}, t.do("removeFolder", n)
	})
	return err
}
