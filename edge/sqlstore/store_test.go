package sqlstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"rem/edge/sqlstore"
	"rem/internal/testkit/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStoreKeepsThePromises(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledgertest.Ledger {
		return open(t, sqlstore.Options{Alarm: func(err error) { t.Errorf("alarm: %v", err) }})
	})
}
