package personstore_test

import (
	"testing"

	"rem/edge/personstore"
	"rem/internal/testkit/directorytest"
	"rem/provider/directory"
)

func TestTheStoreKeepsWhatDirectoriesPromise(t *testing.T) {
	directorytest.Run(t, func(t *testing.T) directory.Store {
		return open(t, t.TempDir(), personstore.Options{}).Directory()
	})
}
