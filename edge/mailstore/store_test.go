package mailstore_test

import (
	"path/filepath"
	"testing"

	"rem"
	"rem/edge/mailstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/vaulttest"
	"rem/message/mailbox"
	"rem/privacy"
	"rem/privacy/inventory"
)

// A place is where a store keeps its mailboxes, and may be opened again and again.
type place struct {
	config mailstore.Config
	disk   *broken.FS
	vault  *vaulttest.World
}

func newPlace(t testing.TB, clock rem.Clock) *place {
	t.Helper()
	v := vaulttest.New(t, inventory.Today())
	names, err := privacy.NewBlindIndexer(t.Context(), v.Keys, mailstore.FolderIndex)
	must(t, err)
	disk := broken.NewFS()
	return &place{mailstore.Config{Path: filepath.Join(t.TempDir(), "mailbox.db"), Files: disk, Vault: v.Vault, Names: names, Clock: clock}, disk, v}
}

func (p *place) open(t testing.TB) *mailstore.Store {
	t.Helper()
	s, err := mailstore.Open(t.Context(), p.config)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// REQ-68, REQ-87.
func TestTheStoreKeepsThePromises(t *testing.T) {
	mailboxtest.Run(t, func(t testing.TB, clock *testkit.Clock) (mailbox.Store, func() mailbox.Store) {
		p := newPlace(t, clock)
		s := p.open(t)
		return s, func() mailbox.Store {
			must(t, s.Close())
			s = p.open(t)
			return s
		}
	})
}
