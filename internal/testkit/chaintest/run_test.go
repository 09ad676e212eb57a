package chaintest_test

import (
	"testing"

	"rem/internal/testkit/chaintest"
)

func TestStoreInMemoryKeepsItsPromises(t *testing.T) { chaintest.Run(t, chaintest.InMemory) }
