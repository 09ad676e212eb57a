package personstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

var _ application.Lists = (*Store)(nil)

// listed reads a list by a named query.
func (s *Store) listed(ctx context.Context, name string, args ...any) (list []application.Listed, err error) {
	err = s.each(ctx, name, func(scan func(...any) error) error {
		var l application.Listed
		var since int64
		var due sql.NullInt64
		err := scan(&l.ID, &l.Kind, &l.Applicant, &l.State, &since, &due, &l.Steps, &l.Method, &l.Reviewer)
		l.Since, l.Due = fromMicros(since), fromDeadline(due)
		list = append(list, l)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("listing applications: %w", err)
	}
	return list, nil
}

// page bounds a list.
func page(limit int) int { return min(max(limit, 0), application.MaxListed) }

// List implements application.Lists.
func (s *Store) List(ctx context.Context, f application.Filter, behind application.Place, limit int) ([]application.Listed, error) {
	since := int64(-1 << 62)
	if !behind.Since.IsZero() {
		since = micros(behind.Since)
	}
	switch {
	case f.Reviewer != "":
		return s.listed(ctx, "application.list-reviewer", string(f.Reviewer), since, string(behind.ID), string(f.Kind), page(limit), string(f.State))
	case f.State != "":
		return s.listed(ctx, "application.list-state", string(f.State), since, string(behind.ID), string(f.Kind), page(limit))
	}
	return nil, application.ErrFilter
}

// Counts implements application.Lists.
func (s *Store) Counts(ctx context.Context) (map[application.State]int, error) {
	counts := map[application.State]int{}
	err := s.each(ctx, "application.counts", func(scan func(...any) error) error {
		var state application.State
		var n int
		err := scan(&state, &n)
		counts[state] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting applications: %w", err)
	}
	return counts, nil
}

// Find implements application.Lists.
func (s *Store) Find(ctx context.Context, beginning string, limit int) ([]application.Listed, error) {
	if len(beginning) < application.MinBeginning {
		return nil, nil
	}
	// Identifiers are ASCII: all that begin so are before this.
	return s.listed(ctx, "application.find", beginning, beginning+"\x7f", page(limit))
}

// Of implements application.Lists.
func (s *Store) Of(ctx context.Context, p rem.PersonID, limit int) ([]application.Listed, error) {
	return s.listed(ctx, "application.of", string(p), page(limit))
}

// Tag implements application.Lists.
func (s *Store) Tag(ctx context.Context, id person.ApplicationID, tokens ...privacy.IndexToken) error {
	tokens = slices.Clone(tokens)
	err := s.file.Update(ctx, func(tx *sql.Tx) error {
		if _, err := current(tx, id); err != nil {
			return err
		}
		if err := exec(tx, "application.untag", string(id)); err != nil {
			return err
		}
		for _, token := range tokens {
			if err := exec(tx, "application.tag", token.Bytes(), string(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tagging an application: %w", err)
	}
	return nil
}

// Tagged implements application.Lists.
func (s *Store) Tagged(ctx context.Context, token privacy.IndexToken, limit int) ([]application.Listed, error) {
	return s.listed(ctx, "application.tagged", token.Bytes(), page(limit))
}
