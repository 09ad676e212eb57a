package ledgertest_test

import (
	"testing"

	"rem/internal/testkit/ledgertest"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) ledgertest.Ledger { return ledgertest.NewMemory() })
}
