package mailstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rem"
	"rem/message/mailbox"
	"rem/privacy"
)

// keepsake is what is sealed of one. Its form is durable: docs/formats/mailbox.md.
type keepsake struct {
	ID     string            `json:"id"` // so that it opens as no other
	Name   string            `json:"name"`
	Fields map[string]string `json:"fields,omitempty"`
}

// Keepsakes implements mailbox.Store.
func (s *Store) Keepsakes(ctx context.Context, by rem.Actor, kind mailbox.KeepsakeKind) ([]mailbox.Keepsake, error) {
	found, err := s.keepsakes(ctx, by, kind)
	if err != nil {
		return nil, fmt.Errorf("opening keepsakes: %w", err)
	}
	return found, nil
}

func (s *Store) keepsakes(ctx context.Context, by rem.Actor, kind mailbox.KeepsakeKind) (found []mailbox.Keepsake, err error) {
	if err := named(by); err != nil {
		return nil, err
	}
	account, err := s.account(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	var parts []sealedPart
	err = s.each(ctx, queries["keepsakes"], []any{account, kind, by.Person}, func(rows *sql.Rows) error {
		k := mailbox.Keepsake{Kind: kind}
		var p sealedPart
		err := rows.Scan(&k.ID, &k.Person, &p.holder, &p.sealed)
		found, parts = append(found, k), append(parts, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	opened, err := s.open(ctx, by, privacy.Sitting("keepsakes "+string(kind)), kept, parts)
	if err != nil {
		return nil, err
	}
	for i := range found {
		var k keepsake
		if err := json.Unmarshal(opened[i], &k); err != nil || k.ID != found[i].ID {
			return nil, errForm
		}
		found[i].Name, found[i].Fields = k.Name, k.Fields
	}
	slices.SortFunc(found, func(x, y mailbox.Keepsake) int {
		return cmp.Or(cmp.Compare(rem.FoldName(x.Name), rem.FoldName(y.Name)), cmp.Compare(x.ID, y.ID))
	})
	return found, nil
}

// Keep implements mailbox.Store.
func (s *Store) Keep(ctx context.Context, by rem.Actor, k mailbox.Keepsake) error {
	if err := errors.Join(named(by), goodID(k.ID)); err != nil {
		return fmt.Errorf("keeping a keepsake: %w", err)
	}
	if k.Person != "" && k.Person != by.Person {
		return fmt.Errorf("keeping a keepsake: %w", mailbox.ErrNotFound)
	}
	b, err := json.Marshal(keepsake{k.ID, k.Name, k.Fields})
	if err != nil {
		return fmt.Errorf("keeping a keepsake: %w", err)
	}
	sealed, err := s.seal(ctx, by.Holder, kept, b)
	if err != nil {
		return fmt.Errorf("keeping a keepsake: %w", err)
	}
	id, kind, person, now := k.ID, k.Kind, k.Person, s.Clock.Now()
	_, err = update(ctx, s, "keeping a keepsake", by.Account, func(t step) (nothing, error) {
		account, err := t.account(by.Account, now)
		if err != nil {
			return nothing{}, err
		}
		there, err := t.others(account, by.Person, id)
		if err != nil {
			return nothing{}, err
		}
		var n int64
		if _, err := t.row("countKeepsakes", []any{account}, &n); err != nil {
			return nothing{}, err
		}
		if !there && n >= mailbox.MaxKeepsakes {
			return nothing{}, mailbox.ErrTooMany
		}
		return nothing{}, t.do("keep", account, id, kind, person, by.Holder, sealed)
	})
	return err
}

// others reports whether there is one of the name, which must not be another
// person's.
func (t step) others(account int64, p rem.PersonID, id string) (there bool, err error) {
	var of rem.PersonID
	there, err = t.row("keepsakeOf", []any{account, id}, &of)
	if err == nil && there && of != "" && of != p {
		err = mailbox.ErrNotFound
	}
	return there, err
}

// DropKeepsake implements mailbox.Store.
func (s *Store) DropKeepsake(ctx context.Context, by rem.Actor, id string) error {
	_, err := update(ctx, s, "dropping a keepsake", by.Account, func(t step) (nothing, error) {
		var account int64
		if there, err := t.row("account", []any{by.Account}, &account); err != nil || !there {
			return nothing{}, err
		}
		if _, err := t.others(account, by.Person, id); err != nil {
			return nothing{}, err
		}
		return nothing{}, t.do("dropKeepsake", account, id)
	})
	return err
}

// Preferences implements mailbox.Store.
func (s *Store) Preferences(ctx context.Context, a rem.AccountID, p rem.PersonID) (o mailbox.Preferences, err error) {
	account, err := s.account(ctx, a)
	if err != nil {
		return o, fmt.Errorf("reading preferences: %w", err)
	}
	there, err := s.read(ctx, "preference", []any{account, p}, &o.AskFirst, &o.Mail, &o.SMS, &o.Digest, &o.QuietFrom, &o.QuietUntil)
	if err != nil {
		return o, fmt.Errorf("reading preferences: %w", err)
	}
	if !there {
		return mailbox.DefaultPreferences, nil
	}
	return o, nil
}

// SetPreferences implements mailbox.Store.
func (s *Store) SetPreferences(ctx context.Context, a rem.AccountID, p rem.PersonID, o mailbox.Preferences) error {
	now := s.Clock.Now()
	_, err := update(ctx, s, "keeping preferences", a, func(t step) (nothing, error) {
		account, err := t.account(a, now)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, t.do("setPreference", account, p, o.AskFirst, o.Mail, o.SMS, o.Digest, o.QuietFrom, o.QuietUntil)
	})
	return err
}
