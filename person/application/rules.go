package application

import (
	"errors"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/identity"
	"rem/privacy"
)

// A Denial is why a step is not made. It is an answer to whoever asked for it,
// not a decision about the application; nothing is recorded.
type Denial struct {
	Code string // stable
	Text rem.Text
}

// Error gives the code and the English text.
func (d *Denial) Error() string { return d.Code + ": " + d.Text.English }

// The denials.
var (
	ErrNotNow        = &Denial{"not-now", text("Başvurunun bu aşamasında bu işlem yapılamaz.", "This cannot be done at this stage of the application.")}
	ErrNotYou        = &Denial{"not-you", text("Bu işlemi bu kişi yapamaz.", "This person may not do this.")}
	ErrSecondOfficer = &Denial{"second-officer", text("Kimliği doğrulayan kişi başvuruyu onaylayamaz; ikinci bir görevli gerekir.", "Who collected the identification cannot approve; a second officer is needed.")}
	ErrTooLate       = &Denial{"too-late", text("Süre doldu.", "The time is over.")}
	ErrNotice        = &Denial{"notice", text("Aydınlatma metni gösterilmeden bilgi istenemez.", "Nothing is asked before the privacy notice was shown.")}
	ErrAgreements    = &Denial{"agreements", text("Sözleşme, taahhütname ve uygulama esasları kabul edilmelidir.", "Contract, undertaking and practice statement have to be accepted.")}
	ErrOtherForm     = &Denial{"form", text("Form bu başvurunun formu değil.", "The form is not that of this application.")}
	ErrMethod        = &Denial{"method", text("Bu yöntem bu başvuru için kullanılamaz.", "This method is not possible for this application.")}
	ErrRecord        = &Denial{"record", text("Kimlik kaydı bu başvurunun değil.", "The record of identification is not one of this application.")}
	ErrIncomplete    = &Denial{"incomplete", text("Kimlik kaydı tamamlanmış değil.", "The record of identification is not complete.")}
	ErrSimulated     = &Denial{"simulated", text("Benzetimden gelen yanıt kabul edilmez.", "A simulator's answer is not accepted.")}
	ErrPapers        = &Denial{"papers", text("Gerekli belgelerden biri eksik veya taranmamış.", "One of the papers needed is missing or was not scanned.")}
	ErrReason        = &Denial{"reason", text("Listeden bir gerekçe seçilmelidir.", "A reason of the list is needed.")}
	ErrChannels      = &Denial{"channels", text("Hesabı açmak için iki ayrı kanal veya e-imza gerekir.", "Opening the account needs two separate channels, or a signature.")}
)

// Rules decide; the steps are those of docs/journeys/person.md. They compute: what they are given they judge, and what comes of
// it is a [Step] for a [Ledger]. They may be used from many goroutines.
type Rules struct {
	Periods Periods
	Offer   identity.Offer
	// Production refuses what a simulator answered.
	Production bool
}

// move makes the frame of a step: whether the table has it, whether this person
// may, and when the new state is due.
func (r Rules) move(v *View, on Event, by By, now time.Time) (*StepData, error) {
	t, ok := Next(v.State, on)
	if !ok {
		return nil, ErrNotNow
	}
	if by.Role&t.Who == 0 || by.Role&(by.Role-1) != 0 {
		return nil, ErrNotYou
	}
	who := by.Actor.Person
	switch by.Role {
	case System:
		if who != "" || by.Actor.Method == "" {
			return nil, ErrNotYou
		}
	case Applicant:
		if who == "" || v.State != None && !v.mayMove(who, on) {
			return nil, ErrNotYou
		}
	default:
		// Nobody works on his own application.
		if who == "" || who == v.Applicant || v.Submitted != nil && (who == v.Submitted.Holder || who == v.Submitted.Shower) {
			return nil, ErrNotYou
		}
	}
	waits := slices.ContainsFunc(Table, func(t Transition) bool { return t.From == v.State && t.On == Expire })
	passed := waits && !v.Due.IsZero() && !now.Before(v.Due)
	if on == Expire && !passed {
		return nil, ErrNotNow
	}
	if passed && on != Expire && on != Withdraw && on != Refuse {
		return nil, ErrTooLate
	}
	d := &StepData{
		Application: v.ID, Number: v.Steps + 1, At: now.UTC(), By: by, On: on, From: t.From, To: t.To, Owes: t.Owes, Tells: t.Tells,
		Release: t.To.Final() && t.To != Activated,
	}
	switch length := r.Periods.Of(t.Until); {
	case t.Until != NoPeriod:
		d.Due = d.At.Add(length)
	case t.From == t.To:
		d.Due = v.Due
	}
	return d, nil
}

// mayMove: an application is the applicant's to move. Who has to show himself may
// choose how, and he alone opens the account: in a corporate application they
// are two.
func (v *View) mayMove(who rem.PersonID, on Event) bool {
	shower := v.Submitted != nil && who == v.Submitted.Shower
	switch on {
	case Choose:
		return shower || who == v.Applicant
	case Activate:
		return shower
	}
	return who == v.Applicant
}

// plain makes a step that has nothing but its frame.
func (r Rules) plain(v View, on Event, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, on, by, now)
	if err != nil {
		return Step{}, err
	}
	return Step{d}, nil
}

// Begin begins an application for an account (step 1), after the privacy notice was
// shown (P-06).
func (r Rules) Begin(id person.ApplicationID, k person.Kind, n Notice, by By, now time.Time) (Step, error) {
	return r.BeginFor(ToOpen, "", id, k, n, by, now)
}

// BeginFor begins one for any aim. on is the account of who is to be an operator,
// and nobody else has one. Who opens no account is a natural person, and himself.
func (r Rules) BeginFor(aim Aim, on rem.AccountID, id person.ApplicationID, k person.Kind, n Notice, by By, now time.Time) (Step, error) {
	d, err := r.move(&View{ID: id}, Begin, by, now)
	if err != nil {
		return Step{}, err
	}
	if n.Digest.IsZero() || n.Delivery == "" || n.At.IsZero() || n.At.After(now) {
		return Step{}, ErrNotice
	}
	if id == "" || !k.Valid() || !aim.Valid() || aim != ToOpen && k != person.Natural || (aim == ToOperate) != (on != "") {
		return Step{}, errors.New("beginning an application: it has no identifier, no kind, or no aim that goes with them")
	}
	d.Kind, d.Aim, d.For, d.Notice = k, aim, on, &n
	return Step{d}, nil
}

// Save keeps what was typed so far (step 2), right or wrong, sealed whole.
func (r Rules) Save(v View, typed privacy.SealedValue, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Save, by, now)
	if err != nil {
		return Step{}, err
	}
	d.Typed = typed
	return Step{d}, nil
}

// A Handing is a form that is handed in, with its answers sealed.
type Handing struct {
	Form    *Form
	Header  Header
	Answers Answers
	Company privacy.SealedValue
	// Holder will have the account, Shower has to show himself.
	Holder, Shower rem.PersonID
}

// Submit hands the form in (step 3) and reserves the address.
func (r Rules) Submit(v View, h Handing, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Submit, by, now)
	if err != nil {
		return Step{}, err
	}
	switch {
	case h.Form == nil || h.Form.kind != v.Kind || h.Form.aim != v.Aim || h.Form.on != v.For || h.Header.Application != v.ID || h.Holder == "" || h.Shower == "" ||
		h.Form.company.IsZero() != h.Company.IsZero() || h.Header.Made.After(now):
		return Step{}, ErrOtherForm
	// Who represents somebody is not he; who applies for himself is.
	case (h.Holder == h.Shower) != (v.Kind == person.Natural && !h.Form.represented):
		return Step{}, ErrOtherForm
	case h.Header.Notice != v.Notice.Digest:
		return Step{}, ErrNotice
	}
	for _, k := range v.Aim.Agreements() {
		if !slices.ContainsFunc(h.Header.Agreements, func(a Agreement) bool { return a.Kind == k && a.Version > 0 && !a.Digest.IsZero() }) {
			return Step{}, ErrAgreements
		}
	}
	// Every answer is kept, and none that was not given.
	given := map[privacy.FieldID]bool{} // two fields of different parts may share one
	for _, f := range Fields(v.Kind, h.Form.represented) {
		given[f.key] = given[f.key] || h.Form.get(f.Name) != ""
	}
	for _, f := range fields {
		if given[f.key] == f.at(&h.Answers).IsZero() {
			return Step{}, ErrOtherForm
		}
	}
	service := h.Form.Value("service")
	if service == "" && v.Aim == ToOpen {
		service = ReceiveOnly
	}
	d.Submitted = &Submission{
		Answers: h.Answers, Form: rem.DigestOf(h.Form.Write(h.Header)), Header: h.Header, Represented: h.Form.represented, Company: h.Company,
		Case: h.Form.Case(), Holder: h.Holder, Shower: h.Shower, Address: h.Form.Address(), Service: service, At: now.UTC(),
	}
	if v.Aim == ToOpen {
		d.Reserve = &person.Reservation{Address: d.Submitted.Address, Application: v.ID, Holder: h.Holder}
	}
	return Step{d}, nil
}

// HandIn keeps papers (step 4).
func (r Rules) HandIn(v View, papers []Paper, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, HandIn, by, now)
	if err != nil {
		return Step{}, err
	}
	if len(papers) == 0 {
		return Step{}, ErrPapers
	}
	d.Papers = slices.Clone(papers)
	return Step{d}, nil
}

// Choose chooses a method of identification (step 5; REQ-13).
func (r Rules) Choose(v View, m identity.Method, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Choose, by, now)
	if err != nil {
		return Step{}, err
	}
	if !identity.Possible(m, v.Submitted.Case, r.Offer).Possible() {
		return Step{}, ErrMethod
	}
	d.Method = m
	return Step{d}, nil
}

// collectors says in what role of this package a record was collected.
var collectors = map[identity.CollectorRole]Role{identity.ByOfficer: Officer, identity.ByPartner: Partner, identity.ByAdapter: System}

// Found takes a record of identification (step 7). One that is complete, with nothing that
// speaks against the applicant, makes him identified; any other goes to a person,
// also when an adapter says no (REQ-16).
func (r Rules) Found(v View, found identity.Record, by By, now time.Time) (Step, error) {
	on := Object
	if _, err := identity.Complete(found); err == nil && len(found.Doubts()) == 0 {
		on = Identify
	}
	d, err := r.move(&v, on, by, now)
	if err != nil {
		return Step{}, err
	}
	if err := r.belongs(&v, &found, now); err != nil {
		return Step{}, err
	}
	if collectors[found.By.Role] != by.Role || found.By.Person != by.Actor.Person || found.Cleared != nil {
		return Step{}, ErrRecord
	}
	d.Identity = &found
	return Step{d}, nil
}

// belongs checks that a record is the next one of this application and of the
// form that was handed in.
func (r Rules) belongs(v *View, found *identity.Record, now time.Time) error {
	s := v.Submitted
	switch {
	case s == nil || found.ID != identity.NewRecordID(v.ID, len(v.Records)+1) || found.Application != v.ID || found.Form != s.Form || found.Kind != v.Kind ||
		found.Represented != s.Represented || found.Subject != s.Shower || found.Method != v.Method || found.At.After(now):
		return ErrRecord
	case r.Production && found.By.Simulated:
		return ErrSimulated
	}
	return nil
}

// Clear settles the doubts of the newest record (step 8) in favour of the applicant, for
// a reason of the practice statement. What cannot be settled stays.
func (r Rules) Clear(v View, reason string, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Clear, by, now)
	if err != nil {
		return Step{}, err
	}
	newest := v.Newest()
	if newest == nil {
		return Step{}, ErrRecord
	}
	cleared := *newest
	cleared.ID = identity.NewRecordID(v.ID, len(v.Records)+1)
	cleared.Cleared = &identity.Clearance{By: by.Actor.Person, At: now.UTC(), Doubts: newest.Doubts(), Reason: reason}
	if _, err := identity.Complete(cleared); err != nil {
		return Step{}, ErrIncomplete
	}
	d.Identity = &cleared
	return Step{d}, nil
}

// Return gives the application back to the applicant.
func (r Rules) Return(v View, why Reason, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Return, by, now)
	if err != nil {
		return Step{}, err
	}
	if !why.Valid() {
		return Step{}, ErrReason
	}
	d.Reason = why
	return Step{d}, nil
}

// TakeUp gives the case to an approver (step 9), who has had no hand in it.
func (r Rules) TakeUp(v View, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, TakeUp, by, now)
	if err != nil {
		return Step{}, err
	}
	if slices.Contains(v.Hands, by.Actor.Person) {
		return Step{}, ErrSecondOfficer
	}
	return Step{d}, nil
}

// GiveBack leaves the case to another approver.
func (r Rules) GiveBack(v View, by By, now time.Time) (Step, error) {
	return r.plain(v, GiveBack, by, now)
}

// Approve approves the application (step 10) on a completed record of identification. The
// approver is he who took it up, and had no hand in any record of it (REQ-22).
func (r Rules) Approve(v View, done identity.Completed, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Approve, by, now)
	if err != nil {
		return Step{}, err
	}
	if err := r.second(&v, done, by.Actor.Person); err != nil {
		return Step{}, err
	}
	if by.Actor.Person != v.Reviewer {
		return Step{}, ErrNotYou
	}
	for _, k := range v.Wanted() {
		if !slices.ContainsFunc(v.Papers, func(p Paper) bool { return p.Kind == k && r.counts(&p) }) {
			return Step{}, ErrPapers
		}
	}
	d.Decision = &Decision{By: by.Actor.Person, At: d.At, Identity: done.Record().ID}
	return Step{d}, nil
}

// counts reports whether a paper is there and was scanned: production takes no other.
func (r Rules) counts(p *Paper) bool {
	return !p.Digest.IsZero() && p.Usable() && (p.Scan == Scanned || !r.Production)
}

// second checks that the record is the newest one of the newest form, and that
// the approver is somebody else.
func (r Rules) second(v *View, done identity.Completed, approver rem.PersonID) error {
	newest := v.Newest()
	switch record := done.Record(); {
	case done.IsZero() || newest == nil:
		return ErrIncomplete
	case record.ID != newest.ID || record.Application != v.ID || record.Form != v.Submitted.Form:
		return ErrRecord
	case r.Production && record.By.Simulated:
		return ErrSimulated
	case approver == "" || slices.Contains(v.Hands, approver) || slices.Contains(record.Hands(), approver):
		return ErrSecondOfficer
	case approver == v.Applicant || approver == v.Submitted.Holder || approver == v.Submitted.Shower:
		return ErrNotYou
	}
	// What the ledger has is judged, whatever record was brought.
	if _, err := identity.Complete(*newest); err != nil {
		return ErrIncomplete
	}
	return nil
}

// Refuse refuses the application, for a reason of the list whose text the
// applicant reads (REQ-20). It is a person's act in every state.
func (r Rules) Refuse(v View, why Reason, by By, now time.Time) (Step, error) {
	d, err := r.move(&v, Refuse, by, now)
	if err != nil {
		return Step{}, err
	}
	if !why.Valid() {
		return Step{}, ErrReason
	}
	d.Decision = &Decision{By: by.Actor.Person, At: d.At, Reason: why, Text: why.Text()}
	return Step{d}, nil
}

// Withdraw takes the application back.
func (r Rules) Withdraw(v View, by By, now time.Time) (Step, error) {
	return r.plain(v, Withdraw, by, now)
}

// Expire ends what the applicant did not go on with. It is the clock's.
func (r Rules) Expire(v View, by By, now time.Time) (Step, error) { return r.plain(v, Expire, by, now) }

// Activate opens the account (step 11), when its beginning reached the applicant by two
// separate channels or he signed for it (REQ-30). The identification is judged
// again.
func (r Rules) Activate(v View, done identity.Completed, by Channels, who By, now time.Time) (Step, error) {
	d, err := r.move(&v, Activate, who, now)
	if err != nil {
		return Step{}, err
	}
	if v.Decision == nil || v.Decision.Reason != "" {
		return Step{}, ErrNotNow
	}
	if err := r.second(&v, done, v.Decision.By); err != nil {
		return Step{}, err
	}
	if done.Record().ID != v.Decision.Identity {
		return Step{}, ErrRecord
	}
	if !by.enough() {
		return Step{}, ErrChannels
	}
	if d.Channels = slices.Clone(by); v.Aim == ToOpen {
		d.Account = AccountOf(v.ID)
	}
	return Step{d}, nil
}

// Channels are those by which an applicant showed that the account reached him.
type Channels []Channel

func (c Channels) enough() bool {
	return slices.Contains(c, BySigning) || slices.Contains(c, MailLink) && slices.Contains(c, MobileCode)
}

// AccountOf is the account that an application opens: always the same one.
func AccountOf(id person.ApplicationID) rem.AccountID { return rem.AccountID("acc-" + string(id)) }

// An Opening is an account that is to be (step 12). [OpeningOf] is its only maker, and the
// zero Opening opens nothing.
type Opening struct{ view *View }

// IsZero reports that nothing is opened.
func (o Opening) IsZero() bool { return o.view == nil }

// View gives the application from which the account comes: address, holder, who
// showed himself, service, sealed answers.
func (o Opening) View() View {
	if o.view == nil {
		return View{}
	}
	return *o.view
}

// OpeningOf makes the opening of an application as its ledger has it, and judges
// everything again that an account rests on (REQ-9, REQ-22): the completed record,
// and the approval by somebody who had no hand in it.
func OpeningOf(v View) (Opening, error) {
	newest := v.Newest()
	if v.Aim != ToOpen || v.Account == "" {
		return Opening{}, ErrNotNow
	}
	if err := identified(&v, newest); err != nil {
		return Opening{}, err
	}
	return Opening{&v}, nil
}

// identified judges again that somebody was identified and approved, and that what
// came of it reached him.
func identified(v *View, newest *identity.Record) error {
	if v.State != Activated || newest == nil || v.Decision == nil || v.Decision.Reason != "" {
		return ErrNotNow
	}
	done, err := identity.Complete(*newest)
	if err != nil {
		return err
	}
	if err := (Rules{}).second(v, done, v.Decision.By); err != nil {
		return err
	}
	if v.Decision.Identity != newest.ID || !Channels(v.Channels).enough() {
		return ErrRecord
	}
	return nil
}

// An Admission is somebody who was identified anew, to act on an account or to get
// back to his own. [AdmissionOf] is its only maker, and the zero Admission admits
// nobody.
type Admission struct{ view *View }

// IsZero reports that nobody is admitted.
func (a Admission) IsZero() bool { return a.view == nil }

// View gives the application that it comes from.
func (a Admission) View() View {
	if a.view == nil {
		return View{}
	}
	return *a.view
}

// AdmissionOf makes the admission of an application that opens no account, by the
// judgements of [OpeningOf] (REQ-18, REQ-44).
func AdmissionOf(v View) (Admission, error) {
	if v.Aim == ToOpen || v.Aim == ToOperate && v.For == "" {
		return Admission{}, ErrNotNow
	}
	if err := identified(&v, v.Newest()); err != nil {
		return Admission{}, err
	}
	return Admission{&v}, nil
}
