package directory

import (
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/privacy"
	"rem/privacy/canon"
)

// The sealed fields, by the names under which the inventory has them.
const (
	CardField     privacy.FieldID = "directory.Version.Card"
	OptionalField privacy.FieldID = "directory.SealedField.Value"
	OperatorField privacy.FieldID = "directory.SealedOperator.Card"
)

// A VersionID names a version of an account's record for ever.
type VersionID string

// A State is whether the account is one to send to.
type State string

// The states. What an account in them may do says person/account; the directory
// tells a live address from one that was closed.
const (
	Live   State = "live"
	Closed State = "closed"
)

// By is who changes a record: a natural person, as what, and for staff in which
// case.
type By struct {
	Actor rem.Actor
	Role  privacy.Role
	Case  privacy.CaseID
}

// A SealedField is an optional field of a record.
type SealedField struct {
	Field Field
	Value privacy.SealedValue // under OptionalField, of the holder
}

// A SealedOperator is an operator whom the record names.
type SealedOperator struct {
	Person rem.PersonID
	Card   privacy.SealedValue // under OperatorField, of the operator
}

// A Version is the record of an account from a time on. It never changes, but for
// what rests on consent: only the newest version of an account has optional fields
// and operators, and the store drops those of the ones before (P-12).
//
// Whoever resolved an address to a version knows for ever which account and which
// holder it was, whatever becomes of the address (AT-15).
type Version struct {
	ID      VersionID
	Account rem.AccountID
	Number  uint64 // of the account's versions, from 1
	Address rem.Address
	Holder  rem.PersonID
	Kind    person.Kind
	State   State
	// Open is whether the record may be queried: a natural person's own choice, and
	// published with the record (REQ-76). That of a legal person always is.
	Open bool
	// From is when it began to hold; never before that of the version before.
	From      time.Time
	Card      privacy.SealedValue // the mandatory fields, under CardField, of the holder
	Optional  []SealedField
	Operators []SealedOperator
	By        By
}

// Published reports whether the version's record may be found by senders. Consent
// is asked besides, at each query.
func (v *Version) Published() bool { return v.State == Live && (v.Open || v.Kind.Legal()) }

// Clone returns a copy that shares nothing which changes.
func (v *Version) Clone() Version {
	c := *v
	c.Optional, c.Operators = slices.Clone(v.Optional), slices.Clone(v.Operators)
	return c
}

// A ListedOperator is an operator in a listing.
type ListedOperator struct {
	Person      rem.PersonID
	Name, Title string
}

// A Listing is what is published of a record, in clear: it is there only while the
// record is published, and goes in the same step with the choice.
type Listing struct {
	Account rem.AccountID
	Version VersionID
	Holder  rem.PersonID
	Kind    person.Kind
	Address rem.Address
	// Values by field, without those of the table that are hidden.
	Values    []Value
	Operators []ListedOperator
	// NameKey is the folded name or title, and Words its words, of a legal person's.
	NameKey string
	Words   []string
	// Tokens are those of the numbers under which it is found.
	Tokens []privacy.IndexToken
}

// A Value is a field of a listing or an answer, as people read it. It prints its
// field alone.
type Value struct {
	Field Field
	Text  string
}

// Format writes the field and nothing of the text.
func (v Value) Format(s fmt.State, _ rune) { io.WriteString(s, string(v.Field)+" "+privacy.Hidden) }

// MarshalJSON refuses: whoever gives a value out has a form of his own for it.
func (v Value) MarshalJSON() ([]byte, error) { return nil, privacy.ErrHidden }

// Format writes the person's identifier alone.
func (o ListedOperator) Format(s fmt.State, _ rune) {
	io.WriteString(s, string(o.Person)+" "+privacy.Hidden)
}

// MarshalJSON refuses.
func (o ListedOperator) MarshalJSON() ([]byte, error) { return nil, privacy.ErrHidden }

// Format writes the account and the version, and nothing of what is listed.
func (l Listing) Format(s fmt.State, _ rune) {
	io.WriteString(s, "listing "+string(l.Account)+" "+string(l.Version))
}

// MarshalJSON refuses.
func (l Listing) MarshalJSON() ([]byte, error) { return nil, privacy.ErrHidden }

// Value returns the text of a field, or "".
func (l *Listing) Value(f Field) string {
	for _, v := range l.Values {
		if v.Field == f {
			return v.Text
		}
	}
	return ""
}

// Clone returns a copy that shares nothing which changes.
func (l *Listing) Clone() Listing {
	c := *l
	c.Values, c.Operators, c.Words, c.Tokens = slices.Clone(l.Values), slices.Clone(l.Operators), slices.Clone(l.Words), slices.Clone(l.Tokens)
	return c
}

// Body is what stands in the listing, in canonical lines (docs/formats/directory.md).
func (l *Listing) Body() ([]byte, error) {
	w := canon.NewWriter(listingKind, entryVersion)
	for _, v := range l.Values {
		w.Field(string(v.Field), v.Text)
	}
	for _, o := range l.Operators {
		w.Word("operator", string(o.Person))
		w.Field("operator-name", o.Name)
		w.Maybe("operator-title", o.Title)
	}
	return w.Bytes()
}

const listingKind = "rem-directory-listing"

// SetBody reads what Body wrote. The error quotes nothing.
func (l *Listing) SetBody(b []byte) error {
	r := canon.NewReader(b, listingKind, entryVersion)
	l.Values, l.Operators = nil, nil
	for _, f := range allFields {
		if f == Operators {
			break
		}
		if s := r.Maybe(string(f)); s != "" {
			l.Values = append(l.Values, Value{f, s})
		}
	}
	for r.Next() == "operator" {
		o := ListedOperator{Person: rem.PersonID(r.Word("operator")), Name: r.Field("operator-name")}
		o.Title = r.Maybe("operator-title")
		l.Operators = append(l.Operators, o)
	}
	if r.Done() != nil {
		return fmt.Errorf("not a listing of the directory: %w", canon.ErrForm)
	}
	return nil
}

// WordsOf are the words under which a legal person's title is found, from its folded
// form.
func WordsOf(nameKey string) []string { return wordsOf(nameKey) }

// Consents reports whether something of the listing rests on a consent.
func (l *Listing) Consents() bool { return !l.Kind.Legal() || len(l.Operators) > 0 }
