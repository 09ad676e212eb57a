package mailboxtest_test

import (
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

func TestTheStoreInMemoryKeepsThePromises(t *testing.T) {
	mailboxtest.Run(t, func(_ testing.TB, clock *testkit.Clock) (mailbox.Store, func() mailbox.Store) {
		m := mailboxtest.NewMemory()
		m.Clock = clock
		return m, func() mailbox.Store { return m }
	})
}
