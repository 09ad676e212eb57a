package personstore

import (
	"path/filepath"
	"testing"

	"rem/internal/testkit/logintest"
	"rem/person/login"
)

func TestLoginsKeepThePromises(t *testing.T) {
	logintest.Run(t, func(t *testing.T) login.Store {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "persons.sqlite"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s.Logins()
	})
}
