package world

import (
	"crypto/x509"
	"io"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/validation"
)

// Identity makes a further certificate of the n-th synthetic person, with a new key:
// for tests that put it on a token.
func (k *Kit) Identity(t testing.TB, n int, kind simulator.KeyKind) *simulator.Identity {
	t.Helper()
	id, err := k.pki.Person(simulator.People[n], Address(Users[n], "hs90"), kind)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Authorities are those below the roots that issue to people.
func (k *Kit) Authorities() []*x509.Certificate {
	return []*x509.Certificate{k.pki.Authority(simulator.Personal).Certificate}
}

// Revoke makes a certificate invalid from an hour before the world began: the kit's
// authority keeps the time at which it was made. Validators of [World.Validator] know
// it, those of the providers ask nobody.
func (w *World) Revoke(t testing.TB, id *simulator.Identity) {
	t.Helper()
	if err := w.kit.pki.Revoke(id.Chain[0], testkit.Epoch.Add(-time.Hour), 1); err != nil {
		t.Fatal(err)
	}
}

// Validator judges as the providers do, and asks about revocation.
func (w *World) Validator(t testing.TB) *validation.Validator {
	t.Helper()
	p := w.policy()
	p.Personal.Revocation = validation.Usual(nil).Personal.Revocation
	v, err := validation.New(p, w.Clock, w.kit.pki)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// SignDigest makes the detached signature, CMS in DER, of a person over the digest
// of a content: what a card's program gives back.
func (k *Kit) SignDigest(t testing.TB, digest []byte, n int) []byte {
	t.Helper()
	der, err := k.people[n].Sign(t.Context(), digest, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// SignUnsigned signs an unsigned message with the n-th synthetic person's key, as
// another mail program does.
func (k *Kit) SignUnsigned(t testing.TB, src mime.Source, n int) []byte {
	t.Helper()
	u, err := smime.Prepare(src, "baskaprogram")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := u.Digest(k.people[n].Hash())
	if err != nil {
		t.Fatal(err)
	}
	der, err := k.people[n].Sign(t.Context(), digest, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := u.Complete(k.people[n].Hash(), der)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(signed, 0, signed.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
