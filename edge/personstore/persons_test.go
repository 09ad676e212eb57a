package personstore_test

import (
	"testing"

	"rem/edge/personstore"
	"rem/internal/testkit/enrolmenttest"
	"rem/person/enrolment"
)

func TestTheStoreKeepsWhatEnrolmentNeeds(t *testing.T) {
	enrolmenttest.Run(t, func(t *testing.T) enrolment.Store { return open(t, t.TempDir(), personstore.Options{}).Enrolment() })
}
