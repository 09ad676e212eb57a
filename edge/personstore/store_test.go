package personstore_test

import (
	"context"
	"path/filepath"
	"testing"

	"rem/edge/personstore"
	"rem/internal/testkit/personledgertest"
	"rem/person/application"
)

func open(t testing.TB, dir string, o personstore.Options) *personstore.Store {
	t.Helper()
	s, err := personstore.Open(context.Background(), filepath.Join(dir, "persons.sqlite"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTheStoreKeepsWhatLedgersPromise(t *testing.T) {
	personledgertest.Run(t, func(t *testing.T) application.Ledger { return open(t, t.TempDir(), personstore.Options{}) })
	personledgertest.RunLists(t, func(t *testing.T) personledgertest.Listing { return open(t, t.TempDir(), personstore.Options{}) })
}
