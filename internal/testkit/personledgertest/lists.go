package personledgertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

var _ application.Lists = (*Memory)(nil)

func listed(v *application.View) application.Listed {
	return application.Listed{
		ID: v.ID, Kind: v.Kind, Applicant: v.Applicant, State: v.State, Since: v.Since, Due: v.Due, Steps: v.Steps, Method: v.Method, Reviewer: v.Reviewer,
	}
}

// all lists the applications that are wanted; the caller holds mu.
func (m *Memory) all(limit int, compare func(a, b application.Listed) int, want func(*entry) bool) (list []application.Listed) {
	for _, e := range m.applications {
		if want(e) {
			list = append(list, listed(&e.view))
		}
	}
	slices.SortFunc(list, compare)
	return list[:min(max(limit, 0), application.MaxListed, len(list))]
}

func byID(a, b application.Listed) int { return strings.Compare(string(a.ID), string(b.ID)) }

func byPlace(a, b application.Listed) int {
	if c := a.Since.Compare(b.Since); c != 0 {
		return c
	}
	return byID(a, b)
}

// List implements application.Lists.
func (m *Memory) List(_ context.Context, f application.Filter, behind application.Place, limit int) ([]application.Listed, error) {
	if f.State == "" && f.Reviewer == "" {
		return nil, application.ErrFilter
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all(limit, byPlace, func(e *entry) bool {
		l := listed(&e.view)
		return (f.State == "" || l.State == f.State) && (f.Reviewer == "" || l.Reviewer == f.Reviewer) && (f.Kind == "" || l.Kind == f.Kind) &&
			byPlace(l, application.Listed{Since: behind.Since, ID: behind.ID}) > 0
	}), nil
}

// Counts implements application.Lists.
func (m *Memory) Counts(context.Context) (map[application.State]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[application.State]int{}
	for _, e := range m.applications {
		counts[e.view.State]++
	}
	return counts, nil
}

// Find implements application.Lists.
func (m *Memory) Find(_ context.Context, beginning string, limit int) ([]application.Listed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all(limit, byID, func(e *entry) bool {
		return len(beginning) >= application.MinBeginning && strings.HasPrefix(string(e.view.ID), beginning)
	}), nil
}

// Of implements application.Lists.
func (m *Memory) Of(_ context.Context, p rem.PersonID, limit int) ([]application.Listed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all(limit, byID, func(e *entry) bool {
		return p != "" && (e.view.Applicant == p || slices.ContainsFunc(e.steps, func(d application.StepData) bool {
			return d.Submitted != nil && (d.Submitted.Holder == p || d.Submitted.Shower == p)
		}))
	}), nil
}

// Tag implements application.Lists.
func (m *Memory) Tag(_ context.Context, id person.ApplicationID, tokens ...privacy.IndexToken) error {
	return m.write("Tag", func() error {
		e := m.applications[id]
		if e == nil {
			return application.ErrNotFound
		}
		e.tokens = slices.Clone(tokens)
		return nil
	})
}

// Tagged implements application.Lists.
func (m *Memory) Tagged(_ context.Context, token privacy.IndexToken, limit int) ([]application.Listed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all(limit, byID, func(e *entry) bool { return slices.Contains(e.tokens, token) }), nil
}

// A Listing is a ledger with its lists.
type Listing interface {
	application.Ledger
	application.Lists
}

// RunLists checks every promise of application.Lists. open returns an empty
// ledger and sees to its end.
func RunLists(t *testing.T, open func(t *testing.T) Listing) {
	ids := func(t *testing.T, what string, want []int, got []application.Listed, err error) {
		t.Helper()
		must(t, err)
		var names []person.ApplicationID
		for _, n := range want {
			names = append(names, ID(n))
		}
		var have []person.ApplicationID
		for _, l := range got {
			have = append(have, l.ID)
		}
		Same(t, what, names, have)
	}
	t.Run("a list has its state's, longest first, page by page", func(t *testing.T) {
		ctx, k, l := t.Context(), NewKit(t), open(t)
		for _, n := range []int{5, 1, 3, 2, 4} {
			k.Walk(t, l, n, person.Natural, "choose")
		}
		k.Walk(t, l, 6, person.Public, "choose")
		k.Walk(t, l, 7, person.Natural, "submit")
		v := view(t, l, 2)
		must(t, l.Commit(ctx, mustStep(t)(k.Rules.Withdraw(v, Person, At.Add(99*time.Hour)))))
		var got []application.Listed
		behind := application.Place{}
		for range 9 {
			page, err := l.List(ctx, application.Filter{State: application.Pending}, behind, 2)
			must(t, err)
			if len(page) == 0 {
				break
			}
			if len(page) > 2 {
				t.Fatalf("a page of %d", len(page))
			}
			got, behind = append(got, page...), page[len(page)-1].Place()
		}
		ids(t, "pending", []int{1, 3, 4, 5, 6}, got, nil)
		if len(got) > 0 {
			v = view(t, l, 1)
			Same(t, "what the list says", listed(&v), got[0])
		}
		list, err := l.List(ctx, application.Filter{State: application.Pending, Kind: person.Public}, application.Place{}, 9)
		ids(t, "public bodies", []int{6}, list, err)
		list, err = l.List(ctx, application.Filter{State: application.Withdrawn}, application.Place{}, 9)
		ids(t, "withdrawn", []int{2}, list, err)
		list, err = l.List(ctx, application.Filter{State: application.InReview}, application.Place{}, 9)
		ids(t, "in review", nil, list, err)
		list, err = l.List(ctx, application.Filter{State: application.Pending}, application.Place{}, 0)
		ids(t, "none wanted", nil, list, err)
		_, err = l.List(ctx, application.Filter{Kind: person.Natural}, application.Place{}, 9)
		is(t, "everything of a kind", err, application.ErrFilter)
		counts, err := l.Counts(ctx)
		must(t, err)
		Same(t, "counts", map[application.State]int{application.Pending: 5, application.Submitted: 1, application.Withdrawn: 1}, counts)
	})
	t.Run("an approver finds his cases", func(t *testing.T) {
		ctx, k, l := t.Context(), NewKit(t), open(t)
		k.Walk(t, l, 1, person.Natural, "take up")
		k.Walk(t, l, 2, person.Natural, "approve")
		v := k.Walk(t, l, 3, person.Natural, "take up")
		k.Walk(t, l, 4, person.Natural, "identify")
		who := Approver.Actor.Person
		list, err := l.List(ctx, application.Filter{Reviewer: who}, application.Place{}, 9)
		ids(t, "all of his", []int{1, 3, 2}, list, err)
		must(t, l.Commit(ctx, mustStep(t)(k.Rules.GiveBack(v, Approver, At.Add(99*time.Hour)))))
		list, err = l.List(ctx, application.Filter{State: application.InReview, Reviewer: who}, application.Place{}, 9)
		ids(t, "those he has", []int{1}, list, err)
		list, err = l.List(ctx, application.Filter{Reviewer: "nobody"}, application.Place{}, 9)
		ids(t, "another's", nil, list, err)
	})
	t.Run("an application is found by the beginning of its identifier", func(t *testing.T) {
		ctx, k, l := t.Context(), NewKit(t), open(t)
		for n := range 3 {
			k.Walk(t, l, n, person.Natural, "begin")
		}
		list, err := l.Find(ctx, string(ID(1)), 9)
		ids(t, "whole", []int{1}, list, err)
		list, err = l.Find(ctx, string(ID(1))[:8], 2)
		ids(t, "the first two", []int{0, 1}, list, err)
		for _, none := range []string{"", "01jd0", "01jd%%", "zzzzzzzz", string(ID(1)) + "0"} {
			list, err = l.Find(ctx, none, 9)
			ids(t, fmt.Sprintf("%q", none), nil, list, err)
		}
	})
	t.Run("an application is found by who is in it", func(t *testing.T) {
		ctx, k, l := t.Context(), NewKit(t), open(t)
		k.Walk(t, l, 2, person.Public, "submit")
		k.Walk(t, l, 1, person.Natural, "begin")
		list, err := l.Of(ctx, Person.Actor.Person, 9)
		ids(t, "the applicant", []int{1, 2}, list, err)
		list, err = l.Of(ctx, "per-holder-2", 9)
		ids(t, "the holder", []int{2}, list, err)
		for _, none := range []rem.PersonID{"", "per-z"} {
			list, err = l.Of(ctx, none, 9)
			ids(t, "nobody", nil, list, err)
		}
	})
	t.Run("an application is found by the tokens that it has now", func(t *testing.T) {
		ctx, k, l := t.Context(), NewKit(t), open(t)
		index, err := privacy.NewBlindIndexer(ctx, k.Vault.Keys, privacy.BlindIndex{Name: "application.identity", Version: 1})
		must(t, err)
		one, two := index.Token("10000000146"), index.Token("12345678950")
		is(t, "of nothing", l.Tag(ctx, ID(1), one), application.ErrNotFound)
		for n := range 3 {
			k.Walk(t, l, n, person.Natural, "begin")
		}
		for range 2 {
			must(t, l.Tag(ctx, ID(1), one, two))
			must(t, l.Tag(ctx, ID(2), one))
		}
		list, err := l.Tagged(ctx, one, 9)
		ids(t, "both", []int{1, 2}, list, err)
		must(t, l.Tag(ctx, ID(1), two))
		list, err = l.Tagged(ctx, one, 9)
		ids(t, "one", []int{2}, list, err)
		list, err = l.Tagged(ctx, two, 9)
		ids(t, "the other", []int{1}, list, err)
		must(t, l.Tag(ctx, ID(1)))
		list, err = l.Tagged(ctx, two, 9)
		ids(t, "none", nil, list, err)
	})
}
