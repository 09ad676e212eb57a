package vaulttest_test

import (
	"testing"

	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	vaulttest.RunKeyStore(t, func(*testing.T) (privacy.KeyStore, func()) {
		k := vaulttest.NewKeys()
		return k, k.Rotate
	})
	vaulttest.RunDataKeys(t, func(*testing.T) privacy.DataKeys { return vaulttest.NewData() })
	vaulttest.RunAccessLog(t, func(*testing.T) vaulttest.ReadableLog { return &vaulttest.Log{} })
}
