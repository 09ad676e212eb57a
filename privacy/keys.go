package privacy

import (
	"context"
	"errors"
	"slices"
	"time"

	"rem"
)

// A PurposeClass is what a person's data keys are cut by: the purposes whose
// data ends with one event. Destroying the key of a class erases all that was
// sealed for it and nothing else (P-12). It is written, so a class is only ever
// added.
type PurposeClass string

// The classes.
const (
	AccountClass     PurposeClass = "account"     // the account, its holder and operators
	RecordClass      PurposeClass = "record"      // the records that the law asks for
	ContentClass     PurposeClass = "content"     // what is kept as a service to the holder
	ApplicationClass PurposeClass = "application" // an application that has not become an account
	ChoiceClass      PurposeClass = "choice"      // what rests on consent, and ends with it
	StaffClass       PurposeClass = "staff"       // who works for us, and for contracted institutions
)

// PurposeClasses returns the classes.
func PurposeClasses() []Word[PurposeClass] {
	return []Word[PurposeClass]{
		{AccountClass, rem.Text{Turkish: "hesap", English: "the account"}, ""},
		{RecordClass, rem.Text{Turkish: "yasal kayıt", English: "legal records"}, ""},
		{ContentClass, rem.Text{Turkish: "içerik", English: "content"}, ""},
		{ApplicationClass, rem.Text{Turkish: "başvuru", English: "an application"}, ""},
		{ChoiceClass, rem.Text{Turkish: "rızaya dayanan", English: "what rests on consent"}, ""},
		{StaffClass, rem.Text{Turkish: "personel", English: "staff"}, ""},
	}
}

// classOf gives the class of what a retention rule keeps: what ends together is
// sealed together. What is not here is not kept in sealed fields.
var classOf = map[RetentionID]PurposeClass{
	KeepRecord:  RecordClass,
	KeepAccount: AccountClass,
	KeepContent: ContentClass,

	KeepApplication: ApplicationClass,
	KeepPublished:   ChoiceClass,
	KeepStaff:       StaffClass,

	// What logs in ends with the account, if it was not replaced before.
	KeepSecret: AccountClass,
	KeepLogins: AccountClass,
}

// ClassOf returns the purpose class under whose data keys a retention rule's
// sealed fields are, and false when the rule has none.
func ClassOf(id RetentionID) (PurposeClass, bool) {
	c, ok := classOf[id]
	return c, ok
}

// A KeyNumber names a wrapping key of a key store. Numbers only grow.
type KeyNumber uint32

// A WrappedKey is a data key as it is kept: encrypted under the wrapping key of
// the number.
type WrappedKey struct {
	Number KeyNumber
	Bytes  []byte
}

// A KeyStore holds the keys that are outside the database: the wrapping keys,
// and the secret from which index keys are derived. None of them leaves it. Its
// methods may be called concurrently.
type KeyStore interface {
	// Newest returns the number of the wrapping key that Wrap uses.
	Newest() KeyNumber
	// Wrap encrypts a data key under the newest wrapping key, bound to name.
	Wrap(ctx context.Context, key, name []byte) (WrappedKey, error)
	// Unwrap is the other way. It returns an error that wraps [ErrNoKey] when
	// the store does not have the number, and [ErrWrapped] when the key or the
	// name is not what was wrapped.
	Unwrap(ctx context.Context, w WrappedKey, name []byte) ([]byte, error)
	// IndexKey derives 32 octets for a use ("index identity", "access log") and
	// a version of it. The same use and version always give the same key, and
	// nothing about another.
	IndexKey(ctx context.Context, use string, version uint32) ([]byte, error)
	// Demo reports whether the keys are those of a demonstration, which a
	// provider in production refuses.
	Demo() bool
}

// Errors of keys.
var (
	// ErrNoKey: there is no such key, and there never was as far as is known.
	ErrNoKey = errors.New("no such key")
	// ErrDestroyed: the data key was destroyed, and with it everything that it
	// sealed (P-12).
	ErrDestroyed = errors.New("the key was destroyed; what it sealed is erased")
	// ErrWrapped: a wrapped key does not open.
	ErrWrapped = errors.New("the wrapped key is not that of this name and number")
)

// A KeyName names a data key: the person, the purpose class, and which of their
// keys it is, from 1. A further one begins when the last was destroyed.
type KeyName struct {
	Person rem.PersonID
	Class  PurposeClass
	Serial uint64
}

// A Destruction is the record that a data key was destroyed. It is kept when the
// key is not.
type Destruction struct {
	Key    KeyName
	At     time.Time
	By     rem.PersonID // the natural person who had it destroyed
	Reason string       // a code, such as "account-record-ended"
}

// DataKeys keeps wrapped data keys. One method is one atomic step and is durable
// when it returns; repeating it is harmless. Methods may be called concurrently.
type DataKeys interface {
	// Newest returns the newest key of a person and class with its name;
	// [ErrNoKey] when there was none, [ErrDestroyed] (with the name) when it was
	// destroyed and no further one has begun.
	Newest(ctx context.Context, person rem.PersonID, class PurposeClass) (KeyName, WrappedKey, error)
	// Get returns one key, [ErrNoKey] or [ErrDestroyed].
	Get(ctx context.Context, name KeyName) (WrappedKey, error)
	// Add keeps a new key and returns the one that is kept: another's, when one
	// of this name is there already. A name that was destroyed gives
	// [ErrDestroyed], and one whose serial is not the next gives an error.
	Add(ctx context.Context, name KeyName, w WrappedKey) (WrappedKey, error)
	// Replace keeps the same key wrapped anew, if it is still wrapped as before;
	// otherwise it changes nothing and returns nil.
	Replace(ctx context.Context, name KeyName, before, now WrappedKey) error
	// Destroy erases every key of the person and class, and keeps the record. The
	// record is durable before the first key goes: what was begun is finished at
	// the next start, and an old copy of the keys that is restored loses them
	// again. When there is nothing to destroy it returns [ErrNoKey] or
	// [ErrDestroyed].
	Destroy(ctx context.Context, person rem.PersonID, class PurposeClass, at time.Time, by rem.PersonID, reason string) error
	// Destroyed returns the records of a person, oldest first.
	Destroyed(ctx context.Context, person rem.PersonID) ([]Destruction, error)
	// Behind returns up to limit keys that are wrapped under another number.
	Behind(ctx context.Context, newest KeyNumber, limit int) ([]KeyName, []WrappedKey, error)
}

// field is what the vault knows of one sealed field.
type field struct {
	class    PurposeClass
	purposes []PurposeID // that may open it
}

// sealedFields finds the sealed fields of a register. A purpose may open a field
// when every datum that the field holds is declared for it (P-03).
func sealedFields(r *Register) (map[FieldID]*field, error) {
	fields := map[FieldID]*field{}
	var faults []error
	for i := range r.Holdings {
		h := &r.Holdings[i]
		if h.Form != Sealed {
			continue
		}
		class, err := r.classOfSealed(h)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if _, twice := fields[FieldID(h.Name)]; twice {
			faults = append(faults, errors.New(string(h.Kind)+" "+h.Name+": two sealed fields have this name"))
			continue
		}
		if len(h.Name) > maxName {
			faults = append(faults, errors.New(string(h.Kind)+" "+h.Name+": the name of a sealed field is too long"))
			continue
		}
		f := &field{class: class}
		for _, p := range r.Purposes {
			if !slices.ContainsFunc(h.Data, func(d DatumID) bool { return !r.Allows(d, p.ID) }) {
				f.purposes = append(f.purposes, p.ID)
			}
		}
		fields[FieldID(h.Name)] = f
	}
	return fields, errors.Join(faults...)
}

func (r *Register) classOfSealed(h *Holding) (PurposeClass, error) {
	class, ok := ClassOf(h.Retention)
	if !ok {
		return "", errors.New(string(h.Kind) + " " + h.Name + ": it is sealed, and its retention rule has no purpose class")
	}
	return class, nil
}
