package login_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"rem/person/login"
	"rem/privacy"
)

// countingStore notes what a log-in asks and writes.
type countingStore struct {
	login.Store
	calls []string
}

func (c *countingStore) note(what string) { c.calls = append(c.calls, what) }

func (c *countingStore) Person(ctx context.Context, who login.Who) (login.Person, error) {
	c.note("person")
	return c.Store.Person(ctx, who)
}

func (c *countingStore) Named(ctx context.Context, kind login.Kind, name privacy.IndexToken) (login.Name, error) {
	c.note("named")
	return c.Store.Named(ctx, kind, name)
}

func (c *countingStore) Device(ctx context.Context, who login.Who, id login.ID) (login.Device, error) {
	c.note("device")
	return c.Store.Device(ctx, who, id)
}

func (c *countingStore) Failure(ctx context.Context, key login.ID) (login.Failure, error) {
	c.note("failure")
	return c.Store.Failure(ctx, key)
}

func (c *countingStore) Fail(ctx context.Context, f login.Failing) error {
	c.note("fail")
	return c.Store.Fail(ctx, f)
}

func (c *countingStore) Pend(ctx context.Context, a login.Attempt, clears []login.ID) error {
	c.note("pend")
	return c.Store.Pend(ctx, a, clears)
}

// readAll reads a database with what waits in its journal.
func readAll(t *testing.T, path string) (raw []byte) {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, b...)
	}
	return raw
}
