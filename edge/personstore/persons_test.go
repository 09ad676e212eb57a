package personstore_test

import (
	"strings"
	"testing"

	"rem/edge/personstore"
	"rem/internal/testkit/enrolmenttest"
	"rem/person/enrolment"
)

func TestTheStoreKeepsWhatEnrolmentNeeds(t *testing.T) {
	enrolmenttest.Run(t, func(t *testing.T) enrolment.Store { return open(t, t.TempDir(), personstore.Options{}).Enrolment() })
}

// What enrolment asks costs what it returns.
func TestWhatEnrolmentAsksIsReadFromItsIndexes(t *testing.T) {
	s := open(t, t.TempDir(), personstore.Options{})
	for name, index := range map[string]string{
		"person.named":              "PRIMARY KEY (token=?)",
		"person.known":              "PRIMARY KEY (person=?)",
		"enrolment.link":            "INDEX sqlite_autoindex_enrolment_link_1 (id=?)",
		"enrolment.bearer":          "INDEX enrolment_link_bearer (bearer=?)",
		"enrolment.shower":          "INDEX enrolment_link_shower (application=?)",
		"enrolment.proofs":          "PRIMARY KEY (application=?)",
		"enrolment.others":          "INDEX enrolment_appointment_time (office=? AND at=?)",
		"enrolment.appointment":     "PRIMARY KEY (application=?)",
		"enrolment.appointments":    "INDEX enrolment_appointment_time (office=? AND at>? AND at<?)",
		"enrolment.profile":         "INDEX sqlite_autoindex_enrolment_profile_1 (account=?)",
		"enrolment.profiles-holder": "INDEX enrolment_profile_holder (holder=?)",
		"enrolment.profiles-shower": "INDEX enrolment_profile_shower (shower=?)",
		"enrolment.details":         "PRIMARY KEY (profile=?)",
	} {
		args := make([]any, arguments(name))
		for i := range args {
			args[i] = 1
		}
		lines, err := s.Plan(name, args...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if plan := strings.Join(lines, "; "); !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}
