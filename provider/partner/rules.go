package partner

import (
	"slices"
	"time"

	"rem"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy/canon"
)

// What the rules refuse. Each is a *rem.Refusal.
var (
	ErrNotNow      = refuse("İş emrinin bu aşamasında bu işlem yapılamaz.", "This cannot be done at this stage of the work order.")
	ErrNotYou      = refuse("Bu işlemi bu kişi yapamaz.", "This person may not do this.")
	ErrInstitution = refuse("Kurumun sözleşmesi bu tarih veya il için geçerli değil.", "The institution's contract does not hold for this time or province.")
	ErrTooLate     = refuse("İş emrinin süresi doldu.", "The work order's time is over.")
	ErrForm        = refuse("Bilgiler eksik veya iş emriyle uyuşmuyor.", "Something is missing, or is not that of the work order.")
	ErrSignature   = refuse("Sonuç, ziyareti yapan kişinin nitelikli imzasıyla imzalanmalıdır.", "The result has to be signed with the qualified certificate of who visited.")
	ErrPapers      = refuse("Belgeler henüz teslim alınmadı.", "The papers have not been handed over yet.")
	ErrReason      = refuse("Listeden bir gerekçe seçilmelidir.", "A reason of the list is needed.")
)

func refuse(turkish, english string) error {
	return rem.Refuse(rem.PolicyViolation, turkish, english)
}

// An Acting is who moves an order. [Desk] makes it, behind the gate, for one
// request; the zero Acting is nobody.
type Acting struct {
	by          application.By
	institution string
}

// Person is who acts; "" for the system.
func (a Acting) Person() rem.PersonID { return a.by.Actor.Person }

// By is who moves the application itself, such as when papers are handed in.
func (a Acting) By() application.By { return a.by }

// Institution is that of a partner's person.
func (a Acting) Institution() string { return a.institution }

// System acts for a clock or for the application's own course, which it names.
func System(name string) Acting {
	return Acting{by: application.By{Actor: rem.Actor{Method: name}, Role: application.System}}
}

// Rules decide; what comes of it is a [Step]. The zero Rules are usable.
type Rules struct{}

func (Rules) move(o *Order, on Event, a Acting, now time.Time) (*StepData, error) {
	t, ok := Next(o.State, on)
	if !ok {
		return nil, ErrNotNow
	}
	role, who := a.by.Role, a.Person()
	if role&t.Who == 0 || role&(role-1) != 0 || (who == "") != (role == application.System) || a.by.Actor.Method == "" {
		return nil, ErrNotYou
	}
	if role == application.Partner && (a.institution == "" || a.institution != o.Institution) {
		return nil, ErrNotYou
	}
	// Nobody works on his own application.
	if who != "" && who == o.Subject {
		return nil, ErrNotYou
	}
	over := !o.State.Final() && o.State != None && o.State != Visited && !now.Before(o.Expires)
	if on == Expire && !over {
		return nil, ErrNotNow
	}
	if over && (on == Accept || on == GiveBack) {
		return nil, ErrTooLate
	}
	return &StepData{Order: o.ID, Number: o.Steps + 1, At: canon.Instant(now), Who: who, Role: role, Method: a.by.Actor.Method, On: on, From: t.From, To: t.To}, nil
}

// Issue gives an institution an order for a pending application that chose to be
// visited.
func (r Rules) Issue(id OrderID, v *application.View, i *Institution, address rem.Digest, term time.Duration, a Acting, now time.Time) (Step, error) {
	switch {
	case id == "" || address.IsZero() || term <= 0 || v.Submitted == nil:
		return Step{}, ErrForm
	case v.State != application.Pending || v.Method != identity.OnSite:
		return Step{}, ErrNotNow
	case !i.Calls(v.Submitted.Case.Province, now):
		return Step{}, ErrInstitution
	}
	now = canon.Instant(now)
	b := Brief{ID: id, Application: v.ID, Institution: i.ID, Form: v.Submitted.Form, Kind: v.Kind, Represented: v.Submitted.Represented,
		Subject: v.Submitted.Shower, Province: v.Submitted.Case.Province, Address: address, Documents: Documents(),
		Issued: now, Expires: now.Add(term)}
	d, err := r.move(&Order{Brief: Brief{ID: id, Institution: i.ID, Subject: b.Subject, Expires: b.Expires}}, Issue, a, now)
	if err != nil {
		return Step{}, err
	}
	if d.Who == v.Applicant && d.Who != "" {
		return Step{}, ErrNotYou
	}
	d.Brief = &b
	return Step{d}, nil
}

// Accept takes the order: this person will visit.
func (r Rules) Accept(o Order, a Acting, now time.Time) (Step, error) {
	return r.plain(&o, Accept, a, now)
}

// GiveBack leaves the order to the others of the institution.
func (r Rules) GiveBack(o Order, a Acting, now time.Time) (Step, error) {
	if a.Person() != o.Partner {
		return Step{}, ErrNotYou
	}
	return r.plain(&o, GiveBack, a, now)
}

// Visit takes the signed result of a visit. signed is the judgement about the
// signature over [Result.Write], by identity.SignatureJudge, with the identity
// number of who visited as the one claimed.
func (r Rules) Visit(o Order, v Result, signed *identity.SignedResult, a Acting, now time.Time) (Step, error) {
	d, err := r.move(&o, Visit, a, now)
	if err != nil {
		return Step{}, err
	}
	switch {
	case a.Person() != o.Partner || v.By != o.Partner:
		return Step{}, ErrNotYou
	case !v.whole() || v.Order != o.ID || v.Application != o.Application || v.Form != o.Form || !slices.Contains(o.Documents, v.Document.Kind):
		return Step{}, ErrForm
	case v.At.Before(o.Issued) || v.At.After(d.At):
		return Step{}, ErrForm
	case !v.At.Before(o.Expires):
		return Step{}, ErrTooLate
	}
	written, err := v.Write()
	if err != nil {
		return Step{}, ErrForm
	}
	digest := rem.DigestOf(written)
	if !signs(signed, digest) {
		return Step{}, ErrSignature
	}
	d.Result, d.Text, d.Signature = &v, digest, &signed.Finding
	for _, k := range signed.Evidence {
		d.Evidence = append(d.Evidence, k.Evidence)
	}
	d.Custody = &Handover{Papers: slices.Clone(v.Papers), From: o.Subject, To: v.By, At: v.At, Text: digest, Method: d.Method}
	return Step{d}, nil
}

// signs: a signature that is believed, over this text, with the certificate of
// him whose number was claimed.
func signs(s *identity.SignedResult, text rem.Digest) bool {
	if s == nil || s.Finding.Verdict != "TOTAL-PASSED" {
		return false
	}
	over := slices.ContainsFunc(s.Evidence, func(k identity.Kept) bool { return k.Kind == identity.SignedForm && k.Digest == text })
	his := slices.Contains(s.Compared, identity.Comparison{Part: identity.PartNumber, Same: true})
	return over && his
}

// Take lets a colleague of the same institution take the papers over, with the
// digest of what he confirmed.
func (r Rules) Take(o Order, text rem.Digest, at time.Time, a Acting, now time.Time) (Step, error) {
	return r.papers(&o, Take, text, at, a, now)
}

// HandOver lets an officer of ours take the papers over.
func (r Rules) HandOver(o Order, text rem.Digest, at time.Time, a Acting, now time.Time) (Step, error) {
	return r.papers(&o, HandOver, text, at, a, now)
}

func (r Rules) papers(o *Order, on Event, text rem.Digest, at time.Time, a Acting, now time.Time) (Step, error) {
	d, err := r.move(o, on, a, now)
	if err != nil {
		return Step{}, err
	}
	holder, ours := o.Holder()
	if holder == "" || ours {
		return Step{}, ErrNotNow
	}
	if holder == d.Who {
		return Step{}, ErrNotYou
	}
	h := &Handover{Papers: o.Custody[len(o.Custody)-1].Papers, From: holder, To: d.Who, At: canon.Instant(at), Ours: on == HandOver, Text: text, Method: d.Method}
	if at.Before(o.Custody[len(o.Custody)-1].At) || at.After(now) {
		return Step{}, ErrForm
	}
	written, err := HandoverText(o.ID, h)
	if err != nil || rem.DigestOf(written) != text {
		return Step{}, ErrForm
	}
	d.Custody = h
	return Step{d}, nil
}

// Finish ends a visited order whose papers are with us.
func (r Rules) Finish(o Order, a Acting, now time.Time) (Step, error) {
	d, err := r.move(&o, Finish, a, now)
	if err != nil {
		return Step{}, err
	}
	if _, ours := o.Holder(); !ours {
		return Step{}, ErrPapers
	}
	return Step{d}, nil
}

// Return gives an order back to us that the institution cannot carry out. One
// that somebody accepted is his to return.
func (r Rules) Return(o Order, why Reason, a Acting, now time.Time) (Step, error) {
	d, err := r.move(&o, Return, a, now)
	if err != nil {
		return Step{}, err
	}
	switch {
	case o.Partner != "" && a.Person() != o.Partner:
		return Step{}, ErrNotYou
	case why.Text() == rem.Text{}:
		return Step{}, ErrReason
	}
	d.Reason = why
	return Step{d}, nil
}

// Expire ends an order whose term has passed without a visit.
func (r Rules) Expire(o Order, a Acting, now time.Time) (Step, error) {
	return r.plain(&o, Expire, a, now)
}

// Cancel ends an order that is not needed any more.
func (r Rules) Cancel(o Order, a Acting, now time.Time) (Step, error) {
	return r.plain(&o, Cancel, a, now)
}

func (r Rules) plain(o *Order, on Event, a Acting, now time.Time) (Step, error) {
	d, err := r.move(o, on, a, now)
	if err != nil {
		return Step{}, err
	}
	return Step{d}, nil
}

// Record is the record of identification that a done order gives, for the view
// that waits for it, and as who it is found: the person who visited, whom the
// gate let do so then.
func Record(o *Order, v *application.View) (identity.Record, application.By, error) {
	if o.State != Done || o.Result == nil || o.Signature == nil {
		return identity.Record{}, application.By{}, ErrNotNow
	}
	if v.ID != o.Application || v.Submitted == nil || v.Submitted.Form != o.Form {
		return identity.Record{}, application.By{}, ErrForm
	}
	res := o.Result
	document := res.Document
	r := identity.Record{
		ID: identity.NewRecordID(v.ID, len(v.Records)+1), Application: v.ID, Form: o.Form, Kind: o.Kind, Subject: o.Subject, Represented: o.Represented,
		Method: identity.OnSite, At: res.At, By: identity.Collector{Role: identity.ByPartner, Person: res.By}, Document: &document,
		Checklist: slices.Clone(res.Checklist), Compared: slices.Clone(res.Compared), Signed: o.Signature, Order: o.WorkOrder(),
		Evidence: slices.Clone(o.Evidence),
	}
	written, err := res.Write()
	if err != nil {
		return identity.Record{}, application.By{}, err
	}
	r.Evidence = append(r.Evidence, identity.Evidence{Kind: identity.PartnerResult, Digest: o.Text, Size: int64(len(written)), At: res.At})
	return r, application.By{Actor: rem.Actor{Person: res.By, Method: o.Custody[0].Method}, Role: application.Partner}, nil
}
