package partnertest

import (
	"context"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/personledgertest"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

// A Kit is a provider's staff, two contracted institutions and their people, and
// applicants who chose to be visited.
type Kit struct {
	*partner.Desk
	T        testing.TB
	Book     *staff.Book
	Vault    *vaulttest.World
	Clock    *testkit.Clock
	Managers [2]rem.PersonID
	Officer  rem.PersonID
	// First and Second are of the first institution, Other is of the second.
	First, Second, Other          rem.PersonID
	Institution, OtherInstitution string

	forms *personledgertest.Kit
	views map[person.ApplicationID]application.View
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// New returns a kit whose orders are in the store.
func New(t testing.TB, store Store) *Kit {
	t.Helper()
	ctx := t.Context()
	forms := personledgertest.NewKit(t)
	k := &Kit{T: t, Vault: forms.Vault, Clock: forms.Vault.Clock, forms: forms, views: map[person.ApplicationID]application.View{}}
	k.Clock.Set(personledgertest.At.Add(day))
	var err error
	k.Book, err = staff.Open(ctx, staff.Config{Store: &chaintest.Memory{}, Vault: k.Vault.Vault, Clock: k.Clock})
	k.must(err)
	index, err := privacy.NewBlindIndexer(ctx, k.Vault.Keys, partner.AddressIndex)
	k.must(err)
	k.Desk = &partner.Desk{Staff: k.Book, Institutions: store, Orders: store, Applications: k, Vault: k.Vault.Vault, Addresses: index, Judge: judge{}, Clock: k.Clock}
	k.people()
	return k
}

func (k *Kit) must(err error) {
	k.T.Helper()
	if err != nil {
		k.T.Fatal(err)
	}
}

func (k *Kit) people() {
	ctx, now := k.T.Context(), k.Clock.Now()
	machine := func(p rem.PersonID) staff.Hand { return staff.Hand{Person: p, Door: staff.Machine, Method: "machine"} }
	someone := func(name, number, institution string) staff.NewPerson {
		n, err := person.ParseName(name)
		k.must(err)
		p := staff.NewPerson{Name: n, Institution: institution}
		if number != "" {
			p.Number, err = person.ParseIdentityNumber(number)
			k.must(err)
		}
		return p
	}
	a, err := k.Book.First(ctx, someone("Ayşe Işık", "", ""))
	k.must(err)
	_, err = k.Book.Publish(ctx, machine(a), staff.DataProtection, []byte("politika"), time.Time{})
	k.must(err)
	hire := func(n staff.NewPerson, role staff.Role, by, confirms rem.PersonID) rem.PersonID {
		p, proposal, err := k.Book.Appoint(ctx, machine(by), n, staff.Wish{Role: role})
		k.must(err)
		if confirms == "" {
			confirms = p
		}
		k.must(k.Book.Confirm(ctx, machine(confirms), proposal))
		k.must(k.Book.Train(ctx, machine(by), p, staff.DataProtection, 1, now, now.Add(year)))
		k.must(k.Book.Acknowledge(ctx, machine(p), staff.DataProtection, 1, rem.DigestOf([]byte("politika"))))
		return p
	}
	b := hire(someone("Bora Öz", "", ""), staff.Manager, a, "")
	k.Managers = [2]rem.PersonID{a, b}
	institution := func(name, contract string) string {
		id, err := k.Add(ctx, a, partner.Institution{Name: name, Contract: contract, From: now, Until: now.Add(year), Provinces: []person.Province{"34", "06"}})
		k.must(err)
		return id
	}
	k.Institution, k.OtherInstitution = institution("Örnek Kurye A.Ş.", "S-1"), institution("Başka Kurye A.Ş.", "S-2")
	k.Officer = hire(someone("Can Ünlü", "", ""), staff.Officer, a, b)
	k.First = hire(someone("Derya Su", "10000000146", k.Institution), staff.Partner, a, b)
	k.Second = hire(someone("Elif Ak", "12345678950", k.Institution), staff.Partner, a, b)
	k.Other = hire(someone("Fatma Gül", "", k.OtherInstitution), staff.Partner, a, b)
}

// Application implements partner.Applications.
func (k *Kit) Application(_ context.Context, id person.ApplicationID) (application.View, error) {
	v, ok := k.views[id]
	if !ok {
		return v, application.ErrNotFound
	}
	return v, nil
}

// Set puts a view in its place.
func (k *Kit) Set(v application.View) { k.views[v.ID] = v }

// Pending makes application n of a natural person who waits to be visited.
func (k *Kit) Pending(n int) application.View {
	k.T.Helper()
	ctx := k.T.Context()
	id, at := personledgertest.ID(n), personledgertest.At
	v := application.View{ID: id}
	step := func(s application.Step, err error) {
		k.T.Helper()
		k.must(err)
		v = v.After(s.Data())
	}
	step(k.forms.Rules.Begin(id, person.Natural, personledgertest.Notice, personledgertest.Person, at))
	h, err := k.forms.Handing(ctx, n, person.Natural, false)
	k.must(err)
	step(k.forms.Rules.Submit(v, h, personledgertest.Person, at))
	step(k.forms.Rules.Choose(v, identity.OnSite, personledgertest.Person, at))
	k.Set(v)
	return v
}

// Rules are those of the applications.
func (k *Kit) Rules() application.Rules { return k.forms.Rules }

// Officers acts as the officer, Partners as a person of an institution.
func (k *Kit) Officers() partner.Acting {
	k.T.Helper()
	a, err := k.Desk.Officer(k.T.Context(), k.Officer, "passkey")
	k.must(err)
	return a
}

// Partners acts as a person of an institution.
func (k *Kit) Partners(p rem.PersonID) partner.Acting {
	k.T.Helper()
	a, err := k.Desk.Partner(k.T.Context(), p, "passkey")
	k.must(err)
	return a
}

// Issued gives an order of the first institution for application n.
func (k *Kit) Issued(n int) partner.OrderID {
	k.T.Helper()
	v := k.Pending(n)
	access, err := k.Book.Access(k.T.Context(), k.Officer, staff.Officer, privacy.Identification, privacy.CaseID(v.ID))
	k.must(err)
	id, err := k.Issue(k.T.Context(), v.ID, k.Institution, access, k.Officers())
	k.must(err)
	return id
}

// Result is a whole one of a visit at the time.
func Result(o *partner.Order, at time.Time) partner.Result {
	r := partner.Result{
		Order: o.ID, Application: o.Application, Form: o.Form, By: o.Partner, At: at, Visited: partner.There(o),
		Document: identity.Document{Kind: identity.IdentityCard, Number: "*******99", Issuer: "TUR", Until: at.AddDate(1, 0, 0), Genuine: true},
		Compared: []identity.Comparison{{Part: identity.PartNumber, Same: true}, {Part: identity.PartGiven, Same: true}, {Part: identity.PartFamily, Same: true}},
		Papers:   []partner.PaperKind{partner.SignedForm, partner.Copy},
	}
	for _, i := range identity.Required(identity.OnSite, o.Represented) {
		r.Checklist = append(r.Checklist, identity.Checked{Item: i, Passed: true})
	}
	return r
}

// Sign is a signature that the kit's judge believes of the person with the number.
func Sign(text []byte, number string) []byte {
	return []byte(rem.DigestOf(append([]byte(number+"\n"), text...)).String())
}

// judge stands for identity.SignatureJudge, which has tests of its own.
type judge struct{}

// Verify implements partner.Judge.
func (judge) Verify(_ context.Context, text, signature []byte, who identity.Claimed) (*identity.SignedResult, error) {
	if len(signature) == 0 {
		return nil, identity.ErrUnreadable
	}
	verdict, same := "TOTAL-FAILED", false
	if string(signature) == string(Sign(text, who.Identity.Reveal())) {
		verdict, same = "TOTAL-PASSED", true
	}
	digest := rem.DigestOf(text)
	return &identity.SignedResult{
		Finding:  identity.SignatureFinding{Verdict: verdict, Certificate: digest, Chain: []rem.Digest{digest}, Proof: personledgertest.At},
		Compared: []identity.Comparison{{Part: identity.PartNumber, Same: same}},
		Evidence: []identity.Kept{
			{Evidence: identity.Evidence{Kind: identity.SignedForm, Digest: digest, Size: int64(len(text))}, Bytes: text},
			{Evidence: identity.Evidence{Kind: identity.FormSignature, Digest: rem.DigestOf(signature), Size: int64(len(signature)), At: personledgertest.At}, Bytes: signature},
		},
	}, nil
}
