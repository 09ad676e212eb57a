package logintest

import (
	"testing"

	"rem/person/login"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	Run(t, func(*testing.T) login.Store { return NewMemory() })
}
