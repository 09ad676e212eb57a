package enrolmenttest_test

import (
	"testing"

	"rem/internal/testkit/enrolmenttest"
	"rem/person/enrolment"
)

func TestTheStoreInMemoryKeepsItsPromises(t *testing.T) {
	enrolmenttest.Run(t, func(*testing.T) enrolment.Store { return enrolmenttest.NewMemory() })
}
