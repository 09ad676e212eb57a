package directorytest_test

import (
	"testing"

	"rem/internal/testkit/directorytest"
	"rem/provider/directory"
)

func TestMemoryKeepsWhatStoresPromise(t *testing.T) {
	directorytest.Run(t, func(*testing.T) directory.Store { return directorytest.NewMemory() })
}
