package enrolment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
)

// What this package calls itself where no natural person collects.
const (
	// BySignature collects where the form was signed; it stands in records.
	BySignature = "form-signature"
	byWorker    = "enrolment"
)

// FormToSign gives the bytes of the written form: what an e-signature is made over,
// and what anybody can read. docs/formats/application-form.md.
func (a *Applicants) FormToSign(ctx context.Context, b Bearer) ([]byte, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	f, err := s.form(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), &v)
	if err != nil {
		return nil, err
	}
	return f.Write(v.Submitted.Header), nil
}

// Sign takes a detached CAdES signature over the written form (step 7, REQ-11). The
// error wraps identity.ErrUnreadable when it is none over this form, and
// identity.ErrLater when the authority could not be asked; nothing is recorded then.
// A signature that is not believed is recorded, and a person looks.
func (a *Applicants) Sign(ctx context.Context, b Bearer, signature []byte) error {
	s := a.s
	v, f, err := s.collecting(ctx, b, identity.Signature)
	if err != nil || f == nil {
		return err
	}
	result, err := s.Judge.Verify(ctx, f.Write(v.Submitted.Header), signature, claimed(f))
	if err != nil {
		return err
	}
	answer := identity.Answer{
		By: identity.Collector{Role: identity.ByAdapter, Adapter: BySignature}, At: s.Clock.Now(),
		Compared: result.Compared, Signed: &result.Finding, Evidence: result.Evidence,
	}
	return s.found(ctx, v, f, answer, system(BySignature), "")
}

// collecting reads an application that waits for the method. No form: a record came
// already, and there is nothing to do.
func (s *Service) collecting(ctx context.Context, b Bearer, m identity.Method) (application.View, *application.Form, error) {
	v, err := s.view(ctx, b)
	if err != nil {
		return v, nil, err
	}
	if err := s.informed(b, &v); err != nil {
		return v, nil, err
	}
	if r := v.Newest(); r != nil && r.Method == m && (v.State == application.Identified || v.State == application.Doubtful) {
		return v, nil, nil
	}
	switch {
	case v.State != application.Pending:
		return v, nil, application.ErrNotNow
	case v.Method != m:
		return v, nil, application.ErrMethod
	case !s.Clock.Now().Before(v.Due):
		return v, nil, application.ErrTooLate
	}
	f, err := s.form(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), &v)
	return v, f, err
}

// blank is what every record of an application begins with.
func blank(v *application.View) identity.Record {
	return identity.Record{
		ID: identity.NewRecordID(v.ID, len(v.Records)+1), Application: v.ID, Form: v.Submitted.Form, Kind: v.Kind,
		Subject: v.Submitted.Shower, Represented: v.Submitted.Represented, Method: v.Method,
	}
}

// found keeps what an answer rests on, asks the registry about a business, and
// takes the record.
func (s *Service) found(ctx context.Context, v application.View, f business, a identity.Answer, by application.By, resolves string) error {
	r := a.Into(blank(&v))
	if err := s.keepAll(ctx, &v, a.Evidence); err != nil {
		return err
	}
	return s.record(ctx, v, f, r, by, resolves)
}

// A business is what the registry is compared with; *application.Form and an excerpt
// say it.
type business interface {
	Business() (identity.Business, identity.Representative)
}

// An excerpt has those answers of a form alone that somebody needs. It does not show
// itself.
type excerpt struct {
	kind        person.Kind
	represented bool
	get         func(name string) string
}

// Business implements business.
func (e *excerpt) Business() (identity.Business, identity.Representative) {
	return application.BusinessOf(e.kind, e.get)
}

// said is whom the form names as the one who has to show himself.
func (e *excerpt) said() identity.Shown {
	w := application.ShowerOf(e.kind, e.represented, e.get)
	return identity.Shown{Identity: w.Identity, Given: w.Given, Family: w.Family, Birth: w.Born}
}

// excerpt opens the named answers of the form that was handed in, and no others.
func (s *Service) excerpt(ctx context.Context, a privacy.Access, v *application.View, wanted ...string) (*excerpt, error) {
	sub := v.Submitted
	all, items := sub.Answers.Items(v.Kind, sub.Represented, sub.Holder)
	var names []string
	var asked []privacy.Item
	for i, name := range all {
		if slices.Contains(wanted, name) {
			names, asked = append(names, name), append(asked, items[i])
		}
	}
	values, err := s.Vault.OpenAll(ctx, a, asked)
	if err != nil {
		return nil, fmt.Errorf("opening the form of application %s: %w", v.ID, err)
	}
	return &excerpt{v.Kind, sub.Represented, func(name string) string {
		if i := slices.Index(names, name); i >= 0 {
			return values[i].Text()
		}
		return ""
	}}, nil
}

// record adds what the registry says, and takes the record.
func (s *Service) record(ctx context.Context, v application.View, f business, r identity.Record, by application.By, resolves string) error {
	if v.Kind == person.Private {
		if err := s.registry(ctx, &v, f, &r); err != nil {
			return err
		}
	}
	made := func(d *application.StepData) bool { return d.Identity != nil && d.Identity.ID == r.ID }
	_, err := s.from(ctx, v, "", by, made, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		step, err := s.Rules.Found(v, r, by, now)
		if err == nil && resolves != "" {
			step = step.Resolving(resolves)
		}
		return step, err
	})
	return err
}

// registry asks about a private legal person by its number. Without one its
// certificate, handed in and seen by a natural person, stands in its place; where
// nobody saw it the record owes the finding.
func (s *Service) registry(ctx context.Context, v *application.View, f business, r *identity.Record) error {
	said, who := f.Business()
	if said.Number.IsZero() {
		i := slices.IndexFunc(v.Papers, func(p application.Paper) bool {
			return p.Kind == application.RegistryCertificate && p.Usable()
		})
		if i < 0 || r.By.Role != identity.ByOfficer {
			return nil
		}
		p := v.Papers[i]
		r.Registry = &identity.RegistryFinding{Asked: r.At, Answer: p.Digest, Certificate: true}
		r.Evidence = append(slices.Clip(r.Evidence), identity.Evidence{Kind: identity.RegistryAnswer, Digest: p.Digest, Size: p.Size, At: p.At})
		return nil
	}
	if s.Registry == nil {
		return fmt.Errorf("asking the registry: %w: there is none", ErrLater)
	}
	key := fmt.Sprintf("registry/%s/%d", v.ID, len(v.Records)+1)
	if err := s.intend(ctx, key, v.ID); err != nil {
		return err
	}
	e, err := s.Registry.Look(ctx, key, said.Number)
	if err != nil {
		return fmt.Errorf("asking the registry about application %s: %w", v.ID, err)
	}
	if err := s.keepAll(ctx, v, []identity.Kept{e.Answer}); err != nil {
		return err
	}
	at := s.Clock.Now().UTC()
	finding := &identity.RegistryFinding{Asked: at, Answer: e.Answer.Digest}
	if e.Found {
		finding.Differs = identity.CompareRegistry(said, e.Business, who, at)
	} else {
		finding.Differs = []identity.Difference{identity.OtherNumber, identity.NotRepresented}
	}
	r.Registry = finding
	r.By.Simulated = r.By.Simulated || e.Simulated
	r.Evidence = append(slices.Clip(r.Evidence), e.Answer.Evidence)
	// The answer is kept: the question is answered.
	if err := s.Ledger.Abandon(ctx, key); err != nil {
		return fmt.Errorf("asking the registry about application %s: %w", v.ID, err)
	}
	return nil
}

// visitForm begins the body of the intention of a remote visit; the visit follows.
const visitForm = "2 visit\n"

func visitKey(v *application.View) string {
	return fmt.Sprintf("visit/%s/%d", v.ID, len(v.Records)+1)
}

// Visit begins a remote identification (step 6): the visit is written down, and then
// the applicant is told where to go. A visit that was begun before is void.
func (a *Applicants) Visit(ctx context.Context, b Bearer) (Way, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return Way{}, err
	}
	if err := s.informed(b, &v); err != nil {
		return Way{}, err
	}
	adapter := s.Adapters[v.Method]
	switch {
	case v.State != application.Pending:
		return Way{}, application.ErrNotNow
	case adapter == nil:
		return Way{}, application.ErrMethod
	case !s.Clock.Now().Before(v.Due):
		return Way{}, application.ErrTooLate
	}
	visit, way, err := adapter.Begin(v.ID, v.Submitted.Form)
	if err != nil {
		return Way{}, fmt.Errorf("beginning a visit of application %s: %w", v.ID, err)
	}
	key := visitKey(&v)
	if err := s.Ledger.Abandon(ctx, key); err != nil {
		return Way{}, fmt.Errorf("beginning a visit of application %s: %w", v.ID, err)
	}
	in := application.Intention{Key: key, Application: v.ID, At: s.Clock.Now(), Body: append([]byte(visitForm), visit...)}
	stands, err := s.Ledger.Intend(ctx, in)
	if err != nil {
		return Way{}, fmt.Errorf("beginning a visit of application %s: %w", v.ID, err)
	}
	if !bytes.Equal(stands.Body, in.Body) { // another of his windows came first
		return Way{}, ErrNotThis
	}
	return way, nil
}

// Came takes what came back from a remote identification (step 7). ErrNotThis,
// ErrOver, ErrDeclined, ErrUnreadable, ErrLater: nothing is recorded, and he may try
// again. A record that came already is no error.
func (a *Applicants) Came(ctx context.Context, b Bearer, back Return) error {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return err
	}
	adapter := s.Adapters[v.Method]
	if adapter == nil {
		return application.ErrMethod
	}
	v, f, err := s.collecting(ctx, b, v.Method)
	if err != nil || f == nil {
		return err
	}
	key := visitKey(&v)
	stands, err := s.Ledger.Intend(ctx, application.Intention{Key: key, Application: v.ID, At: s.Clock.Now(), Body: []byte(intentionForm)})
	if err != nil {
		return fmt.Errorf("finding the visit of application %s: %w", v.ID, err)
	}
	visit, ok := bytes.CutPrefix(stands.Body, []byte(visitForm))
	if !ok { // none was begun: what stands is the question of a moment ago
		if err := s.Ledger.Abandon(ctx, key); err != nil {
			return fmt.Errorf("finding the visit of application %s: %w", v.ID, err)
		}
		return ErrNotThis
	}
	answer, err := adapter.Finish(ctx, visit, f.Write(v.Submitted.Header), back, said(f))
	if err != nil {
		if errors.Is(err, ErrDeclined) || errors.Is(err, ErrOver) {
			err = errors.Join(err, s.Ledger.Abandon(ctx, key))
		}
		return err
	}
	return s.found(ctx, v, f, *answer, system(answer.By.Adapter), key)
}

// An Area is part of a document that holds a special category of personal data.
type Area string

// The areas (S25; REQ-22).
const (
	Religion  Area = "religion"
	BloodType Area = "blood-group"
)

// Areas lists them.
func Areas() []Area { return []Area{Religion, BloodType} }

// Covered is what an officer states of an area of the copy.
type Covered string

// The statements.
const (
	Masked    Covered = "masked"
	NotThere  Covered = "not-on-document"
	coverForm         = "rem-officer-note 1"
)

// A Seen is what an officer saw of a person: at an office, or in a call with
// picture. The copy of a document was masked before it came here: the officer
// uploads it so ([Desk.Capture]) and states it area by area, as nobody's religion
// and blood group are to be kept.
type Seen struct {
	At       time.Time
	Document identity.Document // its number masked, by person.DocumentNumber
	// Checklist has every item that the method owes but SpecialCovered, which comes
	// from Areas.
	Checklist []identity.Checked
	Shown     identity.Shown // what the document shows, as the officer read it
	Areas     map[Area]Covered
	// Captures are those that Capture returned, or a recording that is kept
	// elsewhere.
	Captures  []identity.Evidence
	Simulated bool
}

// Identify takes an officer's record (step 7). A copy whose areas are not covered
// is refused: ErrAreas.
func (d *Desk) Identify(ctx context.Context, by application.By, id person.ApplicationID, seen Seen) error {
	s := d.s
	v, err := s.open(ctx, by, id)
	if err != nil {
		return err
	}
	if r := v.Newest(); r != nil && r.By.Person == by.Actor.Person && r.Cleared == nil && (v.State == application.Identified || v.State == application.Doubtful) {
		return nil // made before
	}
	switch {
	case by.Role != application.Officer:
		return application.ErrNotYou
	case v.State != application.Pending:
		return application.ErrNotNow
	case v.Method != identity.Office && v.Method != identity.Video && v.Method != identity.Chip:
		return application.ErrMethod
	}
	owes := identity.Required(v.Method, v.Submitted.Represented)
	note := coverForm + "\n"
	if slices.Contains(owes, identity.SpecialCovered) {
		for _, a := range Areas() {
			if c := seen.Areas[a]; c != Masked && c != NotThere {
				return ErrAreas
			}
			note += string(a) + ": " + string(seen.Areas[a]) + "\n"
		}
	}
	// What is compared is opened, and nothing else of the form.
	f, err := s.excerpt(ctx, access(&v, by, privacy.Identification), &v, append(application.ShowerFields(v.Kind, v.Submitted.Represented), application.BusinessFields(v.Kind)...)...)
	if err != nil {
		return err
	}
	document := seen.Document
	a := identity.Answer{
		By: identity.Collector{Role: identity.ByOfficer, Person: by.Actor.Person, Simulated: seen.Simulated}, At: seen.At,
		Document: &document, Compared: identity.CompareShown(f.said(), seen.Shown),
		Evidence: []identity.Kept{identity.KeepBytes(identity.OfficerNote, []byte(note), seen.At)},
	}
	for _, c := range seen.Checklist {
		if c.Item != identity.SpecialCovered {
			a.Checklist = append(a.Checklist, c)
		}
	}
	if slices.Contains(owes, identity.SpecialCovered) {
		a.Checklist = append(a.Checklist, identity.Checked{Item: identity.SpecialCovered, Passed: true})
	}
	for _, e := range seen.Captures {
		if e.Kind == identity.Capture { // a copy that nobody keeps shows nothing later
			if _, err := s.Papers.Get(ctx, id, e.Digest); err != nil {
				return fmt.Errorf("finding the copy of application %s: %w", id, err)
			}
		}
		a.Evidence = append(a.Evidence, identity.Kept{Evidence: e})
	}
	if err := s.found(ctx, v, f, a, by, ""); err != nil {
		return err
	}
	return s.Store.Cancel(ctx, id)
}

// Capture keeps the masked copy of a document, for [Seen].
func (d *Desk) Capture(ctx context.Context, by application.By, id person.ApplicationID, r io.Reader) (identity.Evidence, error) {
	s := d.s
	v, err := s.open(ctx, by, id)
	if err != nil {
		return identity.Evidence{}, err
	}
	if by.Role != application.Officer {
		return identity.Evidence{}, application.ErrNotYou
	}
	if v.State != application.Pending {
		return identity.Evidence{}, application.ErrNotNow
	}
	b, _, _, err := s.take(ctx, r)
	if err != nil {
		return identity.Evidence{}, err
	}
	now := s.Clock.Now().UTC()
	digest, err := s.keep(ctx, &v, b, now)
	return identity.Evidence{Kind: identity.Capture, Digest: digest, Size: int64(len(b)), At: now}, err
}

// Visited takes the result of a work order that is done (step 7): by is the officer
// who has its papers, and in whose name the registry is asked.
func (d *Desk) Visited(ctx context.Context, by application.By, o *partner.Order) error {
	s := d.s
	v, err := s.open(ctx, by, o.Application)
	if err != nil {
		return err
	}
	if by.Role != application.Officer {
		return application.ErrNotYou
	}
	if r := v.Newest(); r != nil && r.Order != nil && r.Order.ID == string(o.ID) {
		return nil // made before
	}
	r, who, err := partner.Record(o, &v)
	if err != nil {
		return err
	}
	// The visit compared by itself; the registry alone is asked here.
	var asks []string
	if v.Kind == person.Private {
		asks = append(application.ShowerFields(v.Kind, false), application.BusinessFields(v.Kind)...)
	}
	f, err := s.excerpt(ctx, access(&v, by, privacy.Identification), &v, asks...)
	if err != nil {
		return err
	}
	written, err := o.Result.Write()
	if err != nil {
		return err
	}
	if err := s.keepAll(ctx, &v, []identity.Kept{identity.KeepBytes(identity.PartnerResult, written, r.At)}); err != nil {
		return err
	}
	return s.record(ctx, v, f, r, who, "")
}

// KeepEvidence keeps an evidence of a visit, for partner.Desk.Visit.
func (s *Service) KeepEvidence(ctx context.Context, id person.ApplicationID) func(identity.Kept) error {
	return func(k identity.Kept) error {
		v, err := s.Ledger.Application(ctx, id)
		if err != nil {
			return fmt.Errorf("reading application %s: %w", id, err)
		}
		return s.keepAll(ctx, &v, []identity.Kept{k})
	}
}
