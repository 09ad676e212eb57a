package enrolment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
)

// A Waits is why a case waits, for a list of the desk.
type Waits string

// The reasons.
const (
	ForDecision   Waits = "identified"
	ForTheirMind  Waits = "doubtful"
	ForOfficer    Waits = "office"
	ForCall       Waits = "call"
	ForVisit      Waits = "visit"
	ForApplicant  Waits = "applicant"
	ForActivation Waits = "activation"
	OnYourTable   Waits = "in-review"
	ForNobody     Waits = "ended"
)

var waitTexts = map[Waits]rem.Text{
	ForDecision:   {Turkish: "Kimlik doğrulandı; ikinci görevlinin onayı bekleniyor.", English: "Identified; waits for the approval of a second officer."},
	ForTheirMind:  {Turkish: "Başvurana karşı bir bulgu var; görevli inceleyecek.", English: "Something speaks against the applicant; an officer has to look."},
	ForOfficer:    {Turkish: "Ofiste kimlik doğrulaması yapılacak.", English: "Identification at the office is to be done."},
	ForCall:       {Turkish: "Görüntülü görüşme yapılacak.", English: "A call with picture is to be made."},
	ForVisit:      {Turkish: "Sözleşmeli kurumun ziyareti bekleniyor.", English: "Waits for the visit of a contracted institution."},
	ForApplicant:  {Turkish: "Başvuranın işlem yapması bekleniyor.", English: "Waits for the applicant."},
	ForActivation: {Turkish: "Onaylandı; başvuranın hesabı açması bekleniyor.", English: "Approved; waits for the applicant to open the account."},
	OnYourTable:   {Turkish: "Bir onay görevlisi inceliyor.", English: "An approver has it."},
	ForNobody:     {Turkish: "Sonuçlandı.", English: "It has ended."},
}

// Text is what the desk reads.
func (w Waits) Text() rem.Text { return waitTexts[w] }

func waits(l *application.Listed) Waits {
	switch l.State {
	case application.Identified:
		return ForDecision
	case application.Doubtful:
		return ForTheirMind
	case application.InReview:
		return OnYourTable
	case application.Approved:
		return ForActivation
	case application.Pending:
		switch l.Method {
		case identity.Office:
			return ForOfficer
		case identity.Video:
			return ForCall
		case identity.OnSite:
			return ForVisit
		}
		return ForApplicant
	}
	if l.State.Final() {
		return ForNobody
	}
	return ForApplicant
}

// A Case is an application in a list of the desk. It has nothing that the applicant
// said.
type Case struct {
	application.Listed
	Waits Waits
	// Late: what the practice statement gives for it has passed.
	Late bool
}

// A Queue says which cases a list has: Filter as in application.Lists, and Waits,
// when it is not empty, leaves out the others.
type Queue struct {
	application.Filter
	Waits Waits
}

// List returns a page of the queue, those that wait longest first, behind a place,
// and where the next page begins; the zero place: there is none.
func (d *Desk) List(ctx context.Context, by application.By, q Queue, behind application.Place, limit int) (list []Case, next application.Place, err error) {
	if err := staff(by); err != nil {
		return nil, next, err
	}
	limit = min(max(limit, 1), application.MaxListed)
	now := d.s.Clock.Now()
	// A filter that leaves out much reads on, but not for ever.
	for range maxPages {
		page, err := d.s.Ledger.List(ctx, q.Filter, behind, limit)
		if err != nil {
			return nil, application.Place{}, fmt.Errorf("listing applications: %w", err)
		}
		for i := range page {
			c := Case{page[i], waits(&page[i]), !page[i].Due.IsZero() && !now.Before(page[i].Due)}
			behind = page[i].Place()
			if q.Waits != "" && q.Waits != c.Waits {
				continue
			}
			if list = append(list, c); len(list) == limit {
				return list, behind, nil
			}
		}
		if len(page) < limit {
			return list, application.Place{}, nil
		}
	}
	return list, behind, nil
}

// maxPages bounds what one List reads.
const maxPages = 20

// Counts says how many applications are in each state.
func (d *Desk) Counts(ctx context.Context, by application.By) (map[application.State]int, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	return d.s.Ledger.Counts(ctx)
}

// Find finds applications by the beginning of their identifier.
func (d *Desk) Find(ctx context.Context, by application.By, beginning string, limit int) ([]Case, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	found, err := d.s.Ledger.Find(ctx, beginning, min(max(limit, 1), application.MaxListed))
	if err != nil {
		return nil, fmt.Errorf("finding applications: %w", err)
	}
	return d.cases(found), nil
}

func (d *Desk) cases(found []application.Listed) []Case {
	now := d.s.Clock.Now()
	list := make([]Case, len(found))
	for i := range found {
		list[i] = Case{found[i], waits(&found[i]), !found[i].Due.IsZero() && !now.Before(found[i].Due)}
	}
	return list
}

// Numbered finds applications by a number that stands in the form: that of the
// applicant, of who represents him, of a passport, MERSİS or DETSİS. It is for
// somebody who stands at the desk with his document; nothing is opened. The number
// is an exact one, whole, or nothing is found.
func (d *Desk) Numbered(ctx context.Context, by application.By, number string, limit int) ([]Case, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	limit = min(max(limit, 1), application.MaxListed)
	var found []application.Listed
	for _, wanted := range spellings(number) {
		list, err := d.s.Ledger.Tagged(ctx, d.s.Identity.Token(wanted), limit)
		if err != nil {
			return nil, fmt.Errorf("finding applications: %w", err)
		}
		for _, l := range list {
			if !slices.ContainsFunc(found, func(x application.Listed) bool { return x.ID == l.ID }) && len(found) < limit {
				found = append(found, l)
			}
		}
	}
	return d.cases(found), nil
}

// spellings are the numbers that a typed one can be, as they are noted.
func spellings(typed string) (list []string) {
	if n, err := person.ParseIdentityNumber(typed); err == nil {
		list = append(list, n.Reveal())
	}
	if n, err := person.ParseDocumentNumber(typed); err == nil {
		list = append(list, n.Reveal())
	}
	if n, err := person.ParseMERSIS(typed); err == nil {
		list = append(list, ofMERSIS+n.Reveal())
	}
	if n, err := person.ParseDETSIS(typed); err == nil {
		list = append(list, ofDETSIS+n.Reveal())
	}
	return list
}

// Late lists what waits for us longer than the practice statement gives, the
// latest first: an approval, a doubt, a review. What waits for the applicant
// expires instead.
func (d *Desk) Late(ctx context.Context, by application.By, limit int) ([]Case, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	due, _, err := d.s.Ledger.Due(ctx, d.s.Clock.Now(), maxDue)
	if err != nil {
		return nil, fmt.Errorf("finding what is late: %w", err)
	}
	var list []Case
	for _, id := range due {
		if len(list) == min(max(limit, 1), application.MaxListed) {
			break
		}
		found, err := d.s.Ledger.Find(ctx, string(id), 2)
		if err != nil {
			return nil, fmt.Errorf("finding what is late: %w", err)
		}
		for _, c := range d.cases(found) {
			if _, expires := application.Next(c.State, application.Expire); c.ID == id && !expires && !c.State.Final() {
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// staff: officers and approvers, as the gate made them.
func staff(by application.By) error {
	if by.Role != application.Officer && by.Role != application.Approver || by.Actor.Person == "" {
		return application.ErrNotYou
	}
	return nil
}

// An Answer is one answer of a form, opened. It must not be logged.
type Answer struct {
	Field application.Field
	Value privacy.Value
}

// A File is a case as it was opened.
type File struct {
	View    application.View
	Waits   Waits
	Answers []Answer // in the order of the form
	// Doubts are those of the newest record, Lacks what it lacks beside.
	Doubts      []identity.Doubt
	Lacks       []identity.Lack
	Missing     []application.PaperKind // papers that have to be there for an approval
	Appointment *Appointment
	History     []application.StepData
	// Hand: who reads had a hand in it, and cannot approve.
	Hand bool
}

// Open opens a case, after the access log has who does, with the case. An officer
// sees what identifies; an approver the whole form.
func (d *Desk) Open(ctx context.Context, by application.By, id person.ApplicationID) (*File, error) {
	s := d.s
	v, err := s.open(ctx, by, id)
	if err != nil {
		return nil, err
	}
	f := &File{View: v, Hand: slices.Contains(v.Hands, by.Actor.Person)}
	l := application.Listed{State: v.State, Method: v.Method}
	f.Waits = waits(&l)
	if f.History, err = s.Ledger.History(ctx, id); err != nil {
		return nil, fmt.Errorf("reading the history of application %s: %w", id, err)
	}
	if a, err := s.Store.Appointment(ctx, id); err == nil {
		f.Appointment = &a
	} else if !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("reading the appointment of application %s: %w", id, err)
	}
	if v.Submitted == nil {
		return f, nil
	}
	f.Missing = missing(&v)
	if r := v.Newest(); r != nil {
		f.Doubts = r.Doubts()
		if _, err := identity.Complete(*r); err != nil {
			if i, ok := errors.AsType[*identity.Incomplete](err); ok {
				f.Lacks = i.Lacks
			}
		}
	}
	purpose := privacy.AccountOpening
	if by.Role == application.Officer {
		purpose = privacy.Identification
	}
	names, items := v.Submitted.Answers.Items(v.Kind, v.Submitted.Represented, v.Submitted.Holder)
	var fields []application.Field
	var asked []privacy.Item
	for i, name := range names {
		all := v.Aim.Fields(v.Kind, v.Submitted.Represented)
		field := all[slices.IndexFunc(all, func(x application.Field) bool { return x.Name == name })]
		if slices.Contains(field.Purposes, purpose) || by.Role == application.Approver {
			fields, asked = append(fields, field), append(asked, items[i])
		}
	}
	values, err := s.Vault.OpenAll(ctx, access(&v, by, purpose), asked)
	if err != nil {
		return nil, fmt.Errorf("opening application %s: %w", id, err)
	}
	for i, x := range values {
		f.Answers = append(f.Answers, Answer{fields[i], x})
	}
	return f, nil
}

// missing lists the papers that an approval needs and that are not there.
func missing(v *application.View) (list []application.PaperKind) {
	for _, k := range v.Wanted() {
		if !slices.ContainsFunc(v.Papers, func(p application.Paper) bool { return p.Kind == k && p.Usable() && !p.Digest.IsZero() }) {
			list = append(list, k)
		}
	}
	return list
}

// open reads an application for staff that is not of it.
func (s *Service) open(ctx context.Context, by application.By, id person.ApplicationID) (application.View, error) {
	if err := staff(by); err != nil {
		return application.View{}, err
	}
	v, err := s.Ledger.Application(ctx, id)
	if err != nil {
		return v, fmt.Errorf("reading application %s: %w", id, err)
	}
	// Nobody looks at his own application from this side.
	if p := by.Actor.Person; p == v.Applicant || v.Submitted != nil && (p == v.Submitted.Holder || p == v.Submitted.Shower) {
		return application.View{}, application.ErrNotYou
	}
	return v, nil
}

// Paper opens a paper or an evidence of a case.
func (d *Desk) Paper(ctx context.Context, by application.By, id person.ApplicationID, digest rem.Digest) ([]byte, error) {
	v, err := d.s.open(ctx, by, id)
	if err != nil {
		return nil, err
	}
	known := slices.ContainsFunc(v.Papers, func(p application.Paper) bool { return p.Digest == digest })
	for _, r := range v.Records {
		known = known || slices.ContainsFunc(r.Evidence, func(e identity.Evidence) bool { return e.Digest == digest })
	}
	if !known {
		return nil, ErrNoPaper
	}
	return d.s.paper(ctx, access(&v, by, privacy.Identification), &v, digest)
}

// HandIn takes a paper that an applicant brought.
func (d *Desk) HandIn(ctx context.Context, by application.By, id person.ApplicationID, k application.PaperKind, r io.Reader) (application.Paper, error) {
	v, err := d.s.open(ctx, by, id)
	if err != nil {
		return application.Paper{}, err
	}
	return d.s.handIn(ctx, v, k, r, by)
}

type decide = func(v application.View, by application.By, now time.Time) (application.Step, error)

func (d *Desk) act(ctx context.Context, by application.By, id person.ApplicationID, on application.Event, made same, how decide) error {
	if err := staff(by); err != nil {
		return err
	}
	_, err := d.s.do(ctx, id, on, by, made, how)
	return err
}

// Clear settles the doubts of the newest record in favour of the applicant (step
// 8), for a reason of the practice statement: a code.
func (d *Desk) Clear(ctx context.Context, by application.By, id person.ApplicationID, reason string) error {
	if !code(reason) {
		return application.ErrReason
	}
	made := func(s *application.StepData) bool {
		return s.Identity != nil && s.Identity.Cleared != nil && s.Identity.Cleared.Reason == reason
	}
	return d.act(ctx, by, id, application.Clear, made, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		return d.s.Rules.Clear(v, reason, by, now)
	})
}

// code allows what a reason of a list is, so that nobody writes about a person.
func code(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// Return gives the case back to the applicant.
func (d *Desk) Return(ctx context.Context, by application.By, id person.ApplicationID, why application.Reason) error {
	made := func(s *application.StepData) bool { return s.Reason == why }
	return d.act(ctx, by, id, application.Return, made, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		return d.s.Rules.Return(v, why, by, now)
	})
}

// TakeUp gives the case to the approver (step 9). Who collected or cleared cannot.
func (d *Desk) TakeUp(ctx context.Context, by application.By, id person.ApplicationID) error {
	return d.act(ctx, by, id, application.TakeUp, whatever, d.s.Rules.TakeUp)
}

// GiveBack leaves the case to another approver.
func (d *Desk) GiveBack(ctx context.Context, by application.By, id person.ApplicationID) error {
	return d.act(ctx, by, id, application.GiveBack, whatever, d.s.Rules.GiveBack)
}

// Approve approves the application (step 10) on its newest record. The applicant
// is sent the link by which he opens the account.
func (d *Desk) Approve(ctx context.Context, by application.By, id person.ApplicationID) error {
	return d.act(ctx, by, id, application.Approve, whatever, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		done, err := completed(&v)
		if err != nil {
			return application.Step{}, err
		}
		step, err := d.s.Rules.Approve(v, done, by, now)
		if err == nil {
			err = d.s.possible(ctx, &v)
		}
		if err == nil {
			err = d.s.looked(ctx, &v, by)
		}
		return step, err
	})
}

// ErrUnread: who approves has to have read what he approves.
var ErrUnread = deny("unread", "Onaydan önce başvuru formunun yanıtlarını açıp okumanız gerekir.", "Open and read the answers of the form before you approve.")

// maxLooks bounds how far back the access log is read for a case: far more than a
// desk looks at one person between taking a case up and deciding.
const maxLooks = 500

// Looked reports whether somebody opened the answers of the form that an application
// has now; nil, or ErrUnread.
func (d *Desk) Looked(ctx context.Context, by application.By, id person.ApplicationID) error {
	v, err := d.s.open(ctx, by, id)
	if err != nil {
		return err
	}
	return d.s.looked(ctx, &v, by)
}

// looked asks the access log, which has an entry before anything is opened.
func (s *Service) looked(ctx context.Context, v *application.View, by application.By) error {
	if v.Submitted == nil {
		return application.ErrNotNow
	}
	list, err := s.Looks.Concerning(ctx, v.Submitted.Holder, 0, maxLooks)
	if err != nil {
		return fmt.Errorf("looking who opened application %s: %w", v.ID, err)
	}
	opened := func(e privacy.AccessEntry) bool {
		return e.Actor == by.Actor.Person && e.Role == privacy.AsApprover && e.Case == privacy.CaseID(v.ID) && !e.Time.Before(v.Submitted.At) && e.Purpose == privacy.AccountOpening
	}
	if !slices.ContainsFunc(list, opened) {
		return ErrUnread
	}
	return nil
}

// completed judges the newest record again.
func completed(v *application.View) (identity.Completed, error) {
	r := v.Newest()
	if r == nil {
		return identity.Completed{}, application.ErrNotNow
	}
	done, err := identity.Complete(*r)
	if err != nil {
		return done, application.ErrIncomplete
	}
	return done, nil
}

// Refuse refuses the application, with a reason of the list (REQ-20).
func (d *Desk) Refuse(ctx context.Context, by application.By, id person.ApplicationID, why application.Reason) error {
	made := func(s *application.StepData) bool { return s.Decision != nil && s.Decision.Reason == why }
	return d.act(ctx, by, id, application.Refuse, made, func(v application.View, by application.By, now time.Time) (application.Step, error) {
		return d.s.Rules.Refuse(v, why, by, now)
	})
}
