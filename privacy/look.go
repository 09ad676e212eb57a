package privacy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"rem"
)

// A Look is an entry of the access log as the person whom it concerns reads it
// (P-21, S44): staff has a pseudonym, everything else is in words.
type Look struct {
	Number  uint64
	Time    time.Time
	Act     rem.Text
	Self    bool         // the person looked at his own data
	Person  rem.PersonID // of the account's own people; empty for staff
	Staff   string       // the pseudonym of a member of staff; empty for others
	As      rem.Text     // the role
	Purpose rem.Text
	Case    CaseID
	Data    []rem.Text // what was looked at, each once
}

// A Viewer turns entries into looks. It may be used from many goroutines.
type Viewer struct {
	register *Register
	key      []byte
	data     map[FieldID][]rem.Text
}

// NewViewer returns a viewer for one log. The pseudonyms of its staff depend on
// a key of the key store and the log: the same person has the same pseudonym in
// all of a log, so that a subject sees a pattern, and another one in another log.
func NewViewer(ctx context.Context, keys KeyStore, r *Register, log string) (*Viewer, error) {
	key, err := keys.IndexKey(ctx, "access log "+log, 1)
	if err != nil {
		return nil, fmt.Errorf("reading the access log for subjects: %w", err)
	}
	v := &Viewer{register: r, key: key, data: map[FieldID][]rem.Text{}}
	for i := range r.Holdings {
		h := &r.Holdings[i]
		if h.Form != Sealed {
			continue
		}
		for _, id := range h.Data {
			if d := r.Datum(id); d != nil {
				v.data[FieldID(h.Name)] = append(v.data[FieldID(h.Name)], d.Name)
			}
		}
	}
	for _, c := range PurposeClasses() {
		v.data[classField(c.ID)] = []rem.Text{c.Name}
	}
	v.data[AccountMessages] = []rem.Text{{Turkish: "hesabın iletileri", English: "messages of the account"}}
	return v, nil
}

// classField names all fields of a class at once, in the entry of an erasure.
func classField(c PurposeClass) FieldID { return FieldID("class " + string(c)) }

const pseudonymContext = "rem staff pseudonym\x00"

// Pseudonym returns the pseudonym of a member of staff: 40 bits, which tell a
// thousand people apart and lead back to nobody without the key.
func (v *Viewer) Pseudonym(p rem.PersonID) string {
	m := hmac.New(sha256.New, v.key)
	m.Write([]byte(pseudonymContext))
	m.Write([]byte(p))
	var sum [sha256.Size]byte
	return "staff-" + hex.EncodeToString(m.Sum(sum[:0])[:5])
}

// Look turns an entry into words. A word that the closed lists no longer have
// stands as it was written.
func (v *Viewer) Look(e *AccessEntry) Look {
	l := Look{
		Number: e.Number, Time: e.Time, Case: e.Case, Self: e.Actor == e.Person,
		Act: nameOf(Acts(), e.Act), As: nameOf(Roles(), e.Role), Purpose: rem.Text{Turkish: string(e.Purpose), English: string(e.Purpose)},
	}
	if p := v.register.Purpose(e.Purpose); p != nil {
		l.Purpose = p.Name
	}
	if e.Role.Staff() {
		l.Staff, l.Self = v.Pseudonym(e.Actor), false
	} else {
		l.Person = e.Actor
	}
	seen := map[rem.Text]bool{}
	for _, f := range e.Fields {
		names, ok := v.data[f]
		if !ok {
			names = []rem.Text{{Turkish: string(f), English: string(f)}}
		}
		for _, n := range names {
			if !seen[n] {
				seen[n] = true
				l.Data = append(l.Data, n)
			}
		}
	}
	return l
}

func nameOf[ID ~string](list []Word[ID], id ID) rem.Text {
	if w := find(list, func(w *Word[ID]) bool { return w.ID == id }); w != nil {
		return w.Name
	}
	return rem.Text{Turkish: string(id), English: string(id)}
}
