package staff

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

var entryKind = chain.Kind{Name: "rem-staff", Version: 1}

// An Act is what an entry records.
type Act string

// The acts.
const (
	Found       Act = "found"       // the first manager, on the machine
	Propose     Act = "propose"     // a new person with a role, or a further role
	Confirm     Act = "confirm"     // a proposal, by another
	Decline     Act = "decline"     // a proposal, by anybody who could confirm or made it
	EndRole     Act = "end-role"    // at once
	Leave       Act = "leave"       // all roles, at once and for good
	Train       Act = "train"       // training that was passed
	Publish     Act = "publish"     // a version of a policy that has to be acknowledged
	Acknowledge Act = "acknowledge" // by the person himself
	Invite      Act = "invite"      // to set his first credentials
	Redeem      Act = "redeem"      // an invitation, once
)

// A Door is where somebody asked.
type Door string

// The doors.
const (
	// Machine is the control socket: who asks says himself who he is.
	Machine Door = "machine"
	// Console is the desk: who asks has a session.
	Console Door = "console"
)

// A Reason is why a role or a service ended; a code.
type Reason string

// The reasons.
const (
	Left     Reason = "left"     // he leaves
	Moved    Reason = "moved"    // has another task
	Breach   Reason = "breach"   // of duty or policy
	Contract Reason = "contract" // his institution's contract ended
	Mistake  Reason = "mistake"  // he should not have had it
)

// Reasons lists them.
func Reasons() []Reason { return []Reason{Left, Moved, Breach, Contract, Mistake} }

// An Entry is one act of the book.
type Entry struct {
	Link chain.Link
	Act  Act
	By   rem.PersonID // who acts
	Door Door
	// Method is how he proved to be himself; of an acknowledgement.
	Method string

	Person      rem.PersonID        // whom it is about; "" for a policy
	Name        privacy.SealedValue // of a new person
	Number      privacy.SealedValue // identity number of a new person who is to sign; may be zero
	Institution string              // number of the contracted institution; "": ours
	Role        Role
	From, Until time.Time // of a role, a training, an invitation; zero: none
	Proposal    uint64    // number of the entry that is confirmed or declined
	Subject     Subject   // of training and policy
	Version     uint64    // of training and policy
	Digest      rem.Digest
	Reason      Reason
}

// A Subject is what training or a policy is about; a code.
type Subject string

// DataProtection is what everybody is trained in and bound to (S41, S42).
const DataProtection Subject = "data-protection"

func (e *Entry) write(w *canon.Writer) {
	word := func(name, value string) {
		if value != "" {
			w.Word(name, value)
		}
	}
	number := func(name string, n uint64) {
		if n != 0 {
			w.Number(name, n)
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			w.Time(name, t)
		}
	}
	sealed := func(name string, v privacy.SealedValue) {
		w.Maybe(name, base64.StdEncoding.EncodeToString(v.Bytes()))
	}
	w.Word("act", string(e.Act))
	w.Word("by", string(e.By))
	w.Word("door", string(e.Door))
	w.Maybe("method", e.Method)
	word("person", string(e.Person))
	sealed("name", e.Name)
	sealed("number-sealed", e.Number)
	word("institution", e.Institution)
	word("role", string(e.Role))
	at("from", e.From)
	at("until", e.Until)
	number("proposal", e.Proposal)
	word("subject", string(e.Subject))
	number("version", e.Version)
	if !e.Digest.IsZero() {
		w.Digest("digest", e.Digest)
	}
	word("reason", string(e.Reason))
}

func readEntry(link chain.Link, r *canon.Reader) (*Entry, error) {
	word := func(name string) string {
		if r.Next() != name {
			return ""
		}
		return r.Word(name)
	}
	number := func(name string) uint64 {
		if r.Next() != name {
			return 0
		}
		return r.Number(name)
	}
	at := func(name string) time.Time {
		if r.Next() != name {
			return time.Time{}
		}
		return r.Time(name)
	}
	sealed := func(name string) privacy.SealedValue {
		b, err := base64.StdEncoding.Strict().DecodeString(r.Maybe(name))
		if err != nil {
			r.Fail("%s: %v", name, err)
			return privacy.SealedValue{}
		}
		v, err := privacy.ParseSealed(b)
		if err != nil {
			r.Fail("%s: %v", name, err)
		}
		return v
	}
	e := &Entry{Link: link, Act: Act(r.Word("act")), By: rem.PersonID(r.Word("by")), Door: Door(r.Word("door")), Method: r.Maybe("method")}
	e.Person = rem.PersonID(word("person"))
	e.Name, e.Number = sealed("name"), sealed("number-sealed")
	e.Institution, e.Role = word("institution"), Role(word("role"))
	e.From, e.Until = at("from"), at("until")
	e.Proposal, e.Subject, e.Version = number("proposal"), Subject(word("subject")), number("version")
	if r.Next() == "digest" {
		e.Digest = r.Digest("digest")
	}
	e.Reason = Reason(word("reason"))
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading an entry of the staff: %w", err)
	}
	return e, nil
}

// check says whether the words of an entry are of their lists; what it means is
// the book's.
func (e *Entry) check() error {
	switch {
	case e.Door != Machine && e.Door != Console:
		return errors.New("an entry of the staff: its door is of no list")
	case e.Role != "" && !e.Role.Valid(), e.Reason != "" && !slices.Contains(Reasons(), e.Reason):
		return errors.New("an entry of the staff: its role or reason is of no list")
	case strings.ContainsAny(e.Method, "\n"):
		return errors.New("an entry of the staff: its method is no line")
	}
	return nil
}
