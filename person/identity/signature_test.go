package identity

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/person"
	"rem/trust/cades"
	"rem/trust/validation"
)

type signing struct {
	*pki.World
	judge *SignatureJudge
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	w := pki.New(t, simulator.Options{})
	j, err := NewSignatureJudge(validation.Usual(w.Anchors()), w.Clock, w.PKI)
	if err != nil {
		t.Fatal(err)
	}
	return &signing{w, j}
}

func (s *signing) sign(t *testing.T, id *simulator.Identity, form []byte) []byte {
	t.Helper()
	signer, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	d := rem.DigestOf(form)
	der, err := signer.Sign(t.Context(), d[:], s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func claimed(t *testing.T, s simulator.Subject) Claimed {
	t.Helper()
	return Claimed{
		Identity: must[person.IdentityNumber](t)(person.ParseIdentityNumber(s.IdentityNumber)),
		Given:    must[person.Name](t)(person.ParseName(s.GivenName)), Family: must[person.Name](t)(person.ParseName(s.FamilyName)),
	}
}

// record puts a result into a record of the method that is whole otherwise.
func record(r *SignedResult) Record {
	out := whole(Signature, person.Natural, false)
	out.Signed, out.Compared, out.Evidence = &r.Finding, r.Compared, nil
	for _, k := range r.Evidence {
		out.Evidence = append(out.Evidence, k.Evidence)
	}
	return out
}

// S22, REQ-11: the form is verified with a qualified certificate, the authority
// is asked, and its answer is kept.
func TestASignedFormShowsItsSigner(t *testing.T) {
	s, form := newSigning(t), []byte("KEP-APPLICATION-FORM 1\n")
	for n, who := range simulator.People {
		der := s.sign(t, s.Signatory(n, ""), form)
		result, err := s.judge.Verify(t.Context(), form, der, claimed(t, who))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Complete(record(result)); err != nil {
			t.Errorf("%s: %s: %v", who.FamilyName, result.Finding.Verdict, err)
		}
		kinds := map[EvidenceKind]int{}
		for _, k := range result.Evidence {
			kinds[k.Kind]++
			if rem.DigestOf(k.Bytes) != k.Digest || int64(len(k.Bytes)) != k.Size {
				t.Errorf("%s: the digest is of other bytes", k.Kind)
			}
		}
		if kinds[SignedForm] != 1 || kinds[FormSignature] != 1 || kinds[SignerCert] != 1 || kinds[AuthorityCert] < 1 || kinds[OCSPAnswer]+kinds[CRLAnswer] < 1 {
			t.Errorf("kept: %v", kinds)
		}
	}
}

// REQ-11: a certificate that is revoked, or another's, opens nothing.
func TestASignatureThatShowsNobodyIsNotComplete(t *testing.T) {
	s, form := newSigning(t), []byte("KEP-APPLICATION-FORM 1\n")
	first := claimed(t, simulator.People[0])
	verify := func(der []byte, who Claimed) Record {
		t.Helper()
		result, err := s.judge.Verify(t.Context(), form, der, who)
		if err != nil {
			t.Fatal(err)
		}
		return record(result)
	}
	stranger := pki.New(t, simulator.Options{})
	foreign := stranger.Signatory(0, "")
	revoked := s.Signatory(0, "")
	if err := s.Revoke(revoked.Chain[0], s.Clock.Now().Add(-time.Hour), 1); err != nil {
		t.Fatal(err)
	}
	plain := s.Must(s.Operation("KEPHS hs90.kep.test", "hs90.kep.test", ""))
	for name, r := range map[string]Record{
		"another person's certificate":       verify(s.sign(t, s.Signatory(1, ""), form), first),
		"a certificate of unknown authority": verify(s.sign(t, foreign, form), first),
		"a revoked certificate":              verify(s.sign(t, revoked, form), first),
		"a certificate that is no person's":  verify(s.sign(t, plain, form), first),
	} {
		c, err := Complete(r)
		if err == nil || !c.IsZero() {
			t.Errorf("%s: complete, with %s", name, r.Signed.Verdict)
		}
		r.Cleared = &Clearance{By: "staff-2", At: r.At, Doubts: r.Doubts(), Reason: "seen"}
		if _, err := Complete(r); err == nil {
			t.Errorf("%s: complete after somebody cleared it", name)
		}
	}
	namesake := first
	namesake.Family = claimed(t, simulator.People[1]).Family
	r := verify(s.sign(t, s.Signatory(0, ""), form), namesake)
	if _, err := Complete(r); err == nil {
		t.Error("another name of the same number needs no look")
	}
	r.Cleared = &Clearance{By: "staff-2", At: r.At, Doubts: r.Doubts(), Reason: "name-changed"}
	if _, err := Complete(r); err != nil {
		t.Errorf("a name that changed, seen by a person: %v", err)
	}
}

func TestWhatIsNoSignatureOverTheFormIsRefused(t *testing.T) {
	s, form := newSigning(t), []byte("KEP-APPLICATION-FORM 1\n")
	der, who := s.sign(t, s.Signatory(0, ""), form), claimed(t, simulator.People[0])
	for i := 0; i < len(der); i += 1 + len(der)/64 {
		broken := append([]byte(nil), der...)
		broken[i] ^= 0x10
		result, err := s.judge.Verify(t.Context(), form, broken, who)
		if err == nil {
			if _, err := Complete(record(result)); err == nil {
				t.Errorf("octet %d changed: complete", i)
			}
		}
	}
	for name, c := range map[string]struct{ form, der []byte }{
		"another form": {append([]byte("x"), form...), der},
		"nothing":      {form, nil},
		"a text":       {form, []byte("imza")},
		"too long":     {form, make([]byte, maxSignature+1)},
	} {
		if _, err := s.judge.Verify(t.Context(), c.form, c.der, who); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type silent struct{}

func (silent) OCSP(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error) {
	return nil, errors.New("no route")
}

func (silent) CRL(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error) {
	return nil, errors.New("no route")
}

// An authority that cannot be asked is nobody's fault: nothing is recorded, and
// the applicant tries again.
func TestAnAuthorityThatIsSilentRefusesNobody(t *testing.T) {
	s, form := newSigning(t), []byte("KEP-APPLICATION-FORM 1\n")
	j, err := NewSignatureJudge(validation.Usual(s.Anchors()), s.Clock, silent{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(t.Context(), form, s.sign(t, s.Signatory(0, ""), form), claimed(t, simulator.People[0])); !errors.Is(err, ErrLater) {
		t.Errorf("got %v", err)
	}
}

func TestAJudgeThatWouldBelieveTooMuchIsNotMade(t *testing.T) {
	s := newSigning(t)
	lax, offline := validation.Usual(s.Anchors()), validation.Usual(s.Anchors())
	lax.Personal.Qualified = false
	offline.Personal.Revocation = validation.RevocationIfKnown
	for _, p := range []validation.Policy{lax, offline} {
		if _, err := NewSignatureJudge(p, s.Clock, s.PKI); !errors.Is(err, ErrPolicy) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := NewSignatureJudge(validation.Usual(s.Anchors()), s.Clock, nil); !errors.Is(err, ErrPolicy) {
		t.Errorf("without a source: %v", err)
	}
}

// No record shows a name or a number (P-03).
func TestAFindingHoldsNobodysName(t *testing.T) {
	s, form := newSigning(t), []byte("KEP-APPLICATION-FORM 1\n")
	result, err := s.judge.Verify(t.Context(), form, s.sign(t, s.Signatory(1, ""), form), claimed(t, simulator.People[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range simulator.People {
		if text := result.Finding.Verdict; strings.Contains(text, p.FamilyName) || strings.Contains(text, p.IdentityNumber) {
			t.Errorf("the finding says %s", text)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("form"), []byte{0x30, 0x80})
	f.Add([]byte(""), []byte("imza"))
	w, err := simulator.New(simulator.Options{Clock: stopped{}})
	if err != nil {
		f.Fatal(err)
	}
	j, err := NewSignatureJudge(validation.Usual(w.Anchors()), stopped{}, w)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, form, der []byte) {
		if r, err := j.Verify(t.Context(), form, der, Claimed{}); err == nil && r.Finding.Verdict == believed {
			t.Fatal("bytes of nobody were believed")
		}
	})
}

type stopped struct{}

func (stopped) Now() time.Time                            { return time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC) }
func (stopped) Wait(context.Context, time.Duration) error { return nil }
