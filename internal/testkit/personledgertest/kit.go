package personledgertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/privacy/inventory"
)

// Forms are the addresses of the kit's provider.
var Forms = person.Forms{Provider: "hs90.kep.test"}

// A Kit makes forms, records and steps of synthetic applicants.
type Kit struct {
	Vault *vaulttest.World // over the program's own inventory
	Rules application.Rules
}

// NewKit returns a kit whose rules offer every method.
func NewKit(t testing.TB) *Kit {
	return &Kit{vaulttest.New(t, inventory.Today()), application.Rules{
		Periods: application.UsualPeriods, Offer: identity.Offer{Methods: identity.Methods(), Institutions: person.Provinces()},
	}}
}

// The natural persons of the kit.
var (
	Person   = By("per-a", application.Applicant)
	Officer  = By("staff-o", application.Officer)
	Approver = By("staff-p", application.Approver)
	Partner  = By("staff-q", application.Partner)
	Clock    = application.By{Actor: rem.Actor{Method: "clock"}, Role: application.System}
	Adapter  = application.By{Actor: rem.Actor{Method: "simulator"}, Role: application.System}
)

// By makes who moves an application.
func By(p rem.PersonID, r application.Role) application.By {
	return application.By{Actor: rem.Actor{Person: p, Method: "password+code"}, Role: r}
}

// ID names application n.
func ID(n int) person.ApplicationID { return person.ApplicationID(fmt.Sprintf("01jd%022d", n)) }

// Input is what the applicant of application n types; whose address ends with n.
func Input(n int, k person.Kind, represented bool) application.Input {
	in := application.Input{"mobile": "0532 123 45 67", "mail-address": "basvuru@example.com", "service": application.SendAndReceive}
	add := func(more application.Input) {
		for name, v := range more {
			in[name] = v
		}
	}
	switch k {
	case person.Natural:
		add(application.Input{"identity-number": "10000000146", "given-names": "Işıl Çağrı", "family-name": "Öğütçü", "birth-date": "29.10.1990",
			"address": "Büyükdere Cad. No: 1", "province": "İstanbul", "kep-address": fmt.Sprintf("isil.ogutcu.%d@%s", n, Forms.Provider)})
		if represented {
			in["birth-date"] = "29.10.2015"
		}
	case person.Private:
		add(application.Input{"mersis": "0123456789000016", "title": "Öğütçü Gıda A.Ş.", "short-name": "Öğütçü", "activity": "Gıda toptan ticareti",
			"kep-address": fmt.Sprintf("ogutcu.%d@ogutcu.%s", n, Forms.Provider)})
	case person.Public:
		add(application.Input{"detsis": "24308110", "title": "Örnek Belediyesi", "activity": "Yerel yönetim", "kep-address": fmt.Sprintf("ornekbelediyesi.%d@%s", n, Forms.Provider)})
	}
	if k.Legal() {
		add(application.Input{"seat-province": "34", "seat-address": "Büyükdere Cad. No: 1", "seat-district": "Sarıyer", "seat-postal-code": "34485"})
	}
	if k.Legal() || represented {
		add(application.Input{"representative-identity-number": "12345678950", "representative-given-names": "İbrahim Şükrü", "representative-family-name": "Ünlü",
			"representative-birth-date": "01.02.1980", "representative-capacity": "Müdür"})
	}
	return in
}

func digest(s string) rem.Digest { return rem.DigestOf([]byte(s)) }

// Notice is the one that every applicant of the kit was shown.
var Notice = application.Notice{Digest: digest("notice"), Delivery: "shown-1", At: At}

// Handing makes the form of application n ready to be handed in.
func (k *Kit) Handing(ctx context.Context, n int, kind person.Kind, represented bool) (application.Handing, error) {
	form, problems := application.Check{Forms: Forms, Now: At}.Read(kind, represented, Input(n, kind, represented))
	if problems != nil {
		return application.Handing{}, problems
	}
	h := application.Handing{Form: form, Header: application.Header{Application: ID(n), Provider: Forms.Provider, Made: At, Notice: Notice.Digest}}
	for _, a := range application.Agreements() {
		h.Header.Agreements = append(h.Header.Agreements, application.Agreement{Kind: a, Version: 1, Digest: digest(string(a))})
	}
	h.Shower = Person.Actor.Person
	h.Holder = h.Shower
	if kind.Legal() || represented {
		h.Holder = rem.PersonID(fmt.Sprint("per-holder-", n))
	}
	var err error
	h.Answers, err = form.Seal(ctx, k.Vault, h.Holder, At)
	return h, err
}

// Record makes the record of identification that the view waits for, whole, by
// an officer at an office.
func Record(v *application.View, by rem.PersonID, at time.Time) identity.Record {
	r := identity.Record{
		ID: identity.NewRecordID(v.ID, len(v.Records)+1), Application: v.ID, Form: v.Submitted.Form, Kind: v.Kind, Subject: v.Submitted.Shower,
		Represented: v.Submitted.Represented, Method: v.Method, At: at, By: identity.Collector{Role: identity.ByOfficer, Person: by},
		Document: &identity.Document{Kind: identity.IdentityCard, Number: "*******99", Issuer: "TUR", Until: at.AddDate(1, 0, 0), Genuine: true},
		Compared: []identity.Comparison{{Part: identity.PartNumber, Same: true}, {Part: identity.PartGiven, Same: true}, {Part: identity.PartFamily, Same: true}},
		Evidence: []identity.Evidence{{Kind: identity.Capture, Digest: digest("capture"), Size: 7}},
	}
	for _, i := range identity.Required(v.Method, v.Submitted.Represented) {
		r.Checklist = append(r.Checklist, identity.Checked{Item: i, Passed: true})
	}
	if v.Kind == person.Private {
		r.Registry = &identity.RegistryFinding{Asked: at, Answer: digest("answer")}
		r.Evidence = append(r.Evidence, identity.Evidence{Kind: identity.RegistryAnswer, Digest: digest("answer"), Size: 6})
	}
	return r
}

// AllPapers makes whatever the view's kind has to hand in.
func AllPapers(v *application.View, at time.Time) (list []application.Paper) {
	for _, k := range append(application.Papers(v.Kind, v.Submitted.Represented), application.Authorisation) {
		list = append(list, application.Paper{Kind: k, Digest: digest(string(k)), Size: 9, Media: "application/pdf", At: at, Scan: application.Scanned})
	}
	return list
}

// A Move is one call of a ledger that writes, as a stage makes it: it reads,
// decides and commits, and does nothing if that was done before.
type Move struct {
	Name string
	Do   func(ctx context.Context, l application.Ledger) error
}

// Journey is the way of application n to its account.
func (k *Kit) Journey(n int, kind person.Kind, represented bool) []Move {
	id, hour := ID(n), 0
	key := "ask/" + string(id)
	var moves []Move
	// step makes a move out of a state; in any other it has been made.
	step := func(name string, from application.State, decide func(ctx context.Context, v application.View, at time.Time) (application.Step, error)) {
		hour++
		at := At.Add(time.Duration(hour) * time.Hour)
		moves = append(moves, Move{name, func(ctx context.Context, l application.Ledger) error {
			v, err := l.Application(ctx, id)
			if err != nil && !(errors.Is(err, application.ErrNotFound) && from == application.None) {
				return err
			}
			if v.State != from || name == "hand in" && len(v.Papers) > 0 || name == "save" && !v.Typed.IsZero() {
				return nil
			}
			s, err := decide(ctx, v, at)
			if err != nil {
				return err
			}
			return l.Commit(ctx, s)
		}})
	}
	step("begin", application.None, func(_ context.Context, _ application.View, at time.Time) (application.Step, error) {
		return k.Rules.Begin(id, kind, Notice, Person, at)
	})
	step("save", application.Draft, func(ctx context.Context, v application.View, at time.Time) (application.Step, error) {
		typed, err := k.Vault.Seal(ctx, "per-a", "application.StepData.Typed", privacy.NewValue("{}", privacy.ByDeclaration(at)))
		if err != nil {
			return application.Step{}, err
		}
		return k.Rules.Save(v, typed, Person, at)
	})
	step("submit", application.Draft, func(ctx context.Context, v application.View, at time.Time) (application.Step, error) {
		h, err := k.Handing(ctx, n, kind, represented)
		if err != nil {
			return application.Step{}, err
		}
		return k.Rules.Submit(v, h, Person, at)
	})
	step("choose", application.Submitted, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		return k.Rules.Choose(v, identity.Office, Person, at)
	})
	step("hand in", application.Pending, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		return k.Rules.HandIn(v, AllPapers(&v, at), Officer, at)
	})
	moves = append(moves, Move{"ask", func(ctx context.Context, l application.Ledger) error {
		if v, err := l.Application(ctx, id); err != nil || v.State != application.Pending {
			return err
		}
		_, err := l.Intend(ctx, application.Intention{Key: key, Application: id, At: At, Body: []byte("1 ask")})
		return err
	}})
	step("identify", application.Pending, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		s, err := k.Rules.Found(v, Record(&v, Officer.Actor.Person, at), Officer, at)
		return s.Resolving(key), err
	})
	step("take up", application.Identified, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		return k.Rules.TakeUp(v, Approver, at)
	})
	step("approve", application.InReview, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			return application.Step{}, err
		}
		return k.Rules.Approve(v, done, Approver, at)
	})
	step("activate", application.Approved, func(_ context.Context, v application.View, at time.Time) (application.Step, error) {
		done, err := identity.Complete(*v.Newest())
		if err != nil {
			return application.Step{}, err
		}
		return k.Rules.Activate(v, done, application.Channels{application.MailLink, application.MobileCode}, Person, at)
	})
	return moves
}

// Walk makes the moves up to and including the named one, and returns the view.
func (k *Kit) Walk(t testing.TB, l application.Ledger, n int, kind person.Kind, upTo string) application.View {
	t.Helper()
	ctx := context.Background()
	for _, m := range k.Journey(n, kind, false) {
		if err := m.Do(ctx, l); err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if m.Name == upTo {
			v, err := l.Application(ctx, ID(n))
			must(t, err)
			return v
		}
	}
	t.Fatalf("there is no move %q", upTo)
	return application.View{}
}
