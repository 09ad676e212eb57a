package validation_test

import (
	"testing"

	"rem/trust/validation"
)

// Responses and lists come from anywhere: whatever they hold, the verdict is
// one of three, and a certificate that a good answer calls revoked never
// passes, whatever stands beside that answer.
func FuzzAnswers(f *testing.F) {
	s := newScene(f)
	s.policy.TimeStamping.Revocation = validation.RevocationIfKnown
	good, lists := s.carry(s.id)
	for i := range good {
		f.Add(good[i], lists[i])
	}
	f.Add([]byte{0x30, 0x03, 0x0a, 0x01, 0x06}, []byte{0x30, 0x00})
	s.revoke(s.id.Certificate, 0, 1)
	revoked, _ := s.carry(s.id)
	f.Add(revoked[0], lists[1])
	sig := s.signature()
	v, err := validation.New(s.policy, s.Clock, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ocsp, crl []byte) {
		sig := sig
		sig.OCSP, sig.CRLs = [][]byte{ocsp, revoked[0], good[1]}, [][]byte{crl}
		if r := v.Judge(t.Context(), sig); r.Sub != validation.RevokedNoPOE && r.Sub != validation.RevokedCANoPOE {
			t.Errorf("got %v", r)
		}
	})
}
