package enrolment

import (
	"context"
	"errors"
	"time"

	"rem"
	"rem/person"
	"rem/person/login"
	"rem/privacy"
)

// Errors that every store promises.
var (
	// ErrNone: there is no such link, profile or appointment.
	ErrNone = errors.New("nothing of enrolment is there")
	// ErrChanged: it was changed since it was read. Nothing was applied.
	ErrChanged = errors.New("it was changed since it was read")
	// ErrNoPaper: there is no such paper.
	ErrNoPaper = errors.New("no such paper")
)

// A Link is a secret that leads to an application, by its digest.
type Link struct {
	ID          login.ID
	Application person.ApplicationID
	// Bearer is who has it: a pseudonym that leads to this application alone.
	Bearer rem.PersonID
	// Shower: it is of the person who has to show himself and not of who applies.
	Shower bool
	// Mail: it came by mail, to open the account.
	Mail bool
	Made time.Time
	// Until is when it ends; zero: with the application.
	Until time.Time
}

// Proofs are what an applicant has shown of his channels.
type Proofs struct {
	Application person.ApplicationID
	Version     uint64    // counts the changes; 0: there were none
	Mail        time.Time // when the link of the mail was last opened
	Code        privacy.IndexToken
	Until       time.Time // of the code
	Sent        uint64    // codes so far; the number of this one
	Tries       int       // wrong ones of this code
	Sends       int       // codes since First
	First       time.Time
	Mobile      time.Time // when a code was last right
	// Spent is when what was shown last gave a log-in: it gives one.
	Spent time.Time
}

// A Detail is one answer of an application that became an account, sealed for the
// account. The sealed text is the field's name, a colon, a space, and the answer,
// so that nobody swaps two of them.
type Detail struct {
	Name  string
	Value privacy.SealedValue // under DetailField, of the holder
}

// A Profile is what an account took over from its application.
type Profile struct {
	Account     rem.AccountID
	Application person.ApplicationID
	Kind        person.Kind
	Holder      rem.PersonID
	Shower      rem.PersonID // who showed himself; the holder himself, or who represents him
	At          time.Time
	Mobile      privacy.SealedValue // under MobileField, of the holder
	Mail        privacy.SealedValue // under MailField, of the holder
	Details     []Detail
}

// The sealed fields, by the names under which the inventory has them.
const (
	TypedField  privacy.FieldID = "application.StepData.Typed"
	PaperField  privacy.FieldID = "enrolment.Paper.Chunk"
	DetailField privacy.FieldID = "enrolment.Detail.Value"
	MobileField privacy.FieldID = "enrolment.Profile.Mobile"
	MailField   privacy.FieldID = "enrolment.Profile.Mail"
)

// An Appointment is when somebody comes to an office.
type Appointment struct {
	Application person.ApplicationID
	Office      OfficeID
	At          time.Time
	Made        time.Time
}

// A Store keeps what enrolment needs beside the ledger. Methods may be called
// concurrently; each that writes is one atomic step, durable when it returns nil,
// and made again it changes nothing. Times are to a microsecond.
type Store interface {
	// Claim returns the person whom the number's token names, and makes fresh that
	// person when there is none.
	Claim(ctx context.Context, number privacy.IndexToken, fresh rem.PersonID, at time.Time) (rem.PersonID, error)
	// Know records that the person was identified; the first time stands.
	Know(ctx context.Context, p rem.PersonID, at time.Time) error
	// Known returns when the person was first identified, zero for not yet.
	Known(ctx context.Context, p rem.PersonID) (time.Time, error)

	// AddLink keeps a link. One whose ID is there already stays as it is.
	AddLink(ctx context.Context, l Link) error
	// Link returns one, or ErrNone.
	Link(ctx context.Context, id login.ID) (Link, error)
	// Bearer returns the first link of a bearer, or ErrNone.
	Bearer(ctx context.Context, p rem.PersonID) (Link, error)
	// Shower returns the first link of an application that is of who shows himself,
	// or ErrNone.
	Shower(ctx context.Context, a person.ApplicationID) (Link, error)

	// Proofs returns them; those of an application without any have Version 0.
	Proofs(ctx context.Context, a person.ApplicationID) (Proofs, error)
	// SetProofs keeps p as the version after p.Version, or returns ErrChanged.
	SetProofs(ctx context.Context, p Proofs) error

	// Book keeps an appointment in place of the one that the application had, unless
	// capacity others have that office at that time: ErrFull.
	Book(ctx context.Context, a Appointment, capacity int) error
	// Cancel removes it; none is no error.
	Cancel(ctx context.Context, a person.ApplicationID) error
	// Appointment returns that of an application, or ErrNone.
	Appointment(ctx context.Context, a person.ApplicationID) (Appointment, error)
	// Appointments returns those of an office in [from, until), in order of time.
	Appointments(ctx context.Context, o OfficeID, from, until time.Time) ([]Appointment, error)

	// KeepProfile keeps the profile of an account; the first one stands.
	KeepProfile(ctx context.Context, p Profile) error
	// Profile returns it, or ErrNone.
	Profile(ctx context.Context, a rem.AccountID) (Profile, error)
	// ProfilesOf returns those of a holder or of who showed himself, oldest first.
	ProfilesOf(ctx context.Context, p rem.PersonID, limit int) ([]Profile, error)
}

// A Paper is one piece of a paper, sealed under PaperField for the application's
// own pseudonym.
type Paper struct{ Chunk privacy.SealedValue }
