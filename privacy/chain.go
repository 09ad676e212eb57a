package privacy

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"rem"
)

// The access log is a chain: the hash of each entry covers the one before, so
// that an entry cannot be changed, taken out or put in without changing all that
// follow (AT-26). Taking entries away from the end is not seen from the chain
// alone; whoever wants that keeps the hash of an end elsewhere.
// docs/formats/access-log.md.

// Bounds of an entry.
const (
	// MaxFields bounds the fields of one entry: more than a form has.
	MaxFields = 256
	// MaxEntry bounds its written form, in octets.
	MaxEntry = (MaxFields + 16) * (maxName + 4)
)

const entryVersion = 1

// ErrChain is wrapped when a chain of entries does not hold.
var ErrChain = errors.New("the access log is not the one that was written")

// AppendEntry writes the canonical form of an entry.
func AppendEntry(b []byte, e *AccessEntry) []byte {
	b = binary.AppendUvarint(b, entryVersion)
	b = binary.AppendUvarint(b, e.Number)
	b = binary.AppendVarint(b, e.Time.UnixMicro())
	for _, s := range [...]string{string(e.Act), string(e.Actor), string(e.Account), string(e.Role), string(e.Purpose), string(e.Case), string(e.Person)} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Fields)))
	for _, f := range e.Fields {
		b = appendText(b, string(f))
	}
	return b
}

// ParseEntry reads the canonical form. An entry has one spelling.
func ParseEntry(b []byte) (AccessEntry, error) {
	if len(b) > MaxEntry {
		return AccessEntry{}, fmt.Errorf("reading an access entry: longer than %d octets", MaxEntry)
	}
	r := reader{b: b}
	version := r.num()
	e := AccessEntry{Number: r.num(), Time: time.UnixMicro(r.int()).UTC()}
	e.Act = Act(r.text(maxName))
	e.Actor = rem.PersonID(r.text(maxName))
	e.Account = rem.AccountID(r.text(maxName))
	e.Role = Role(r.text(maxName))
	e.Purpose = PurposeID(r.text(maxName))
	e.Case = CaseID(r.text(maxName))
	e.Person = rem.PersonID(r.text(maxName))
	n := r.num()
	if r.bad || version != entryVersion || n > MaxFields {
		return AccessEntry{}, errors.New("reading an access entry: it is cut, of another version or spelt otherwise")
	}
	for range n {
		e.Fields = append(e.Fields, FieldID(r.text(maxName)))
	}
	if r.bad || len(r.b) > 0 {
		return AccessEntry{}, errors.New("reading an access entry: it is cut or goes on behind its end")
	}
	return e, e.Check()
}

// Check says whether an entry may stand in a log: it names an act, a natural
// person, a purpose, whom it concerns and what, each within its bound. Words of
// the closed lists are not looked up, so that an old log reads for ever.
func (e *AccessEntry) Check() error {
	if e.Act == "" || e.Actor == "" || e.Role == "" || e.Purpose == "" || e.Person == "" || len(e.Fields) == 0 {
		return errors.New("an access entry lacks who, what, why or whom it concerns")
	}
	if len(e.Fields) > MaxFields {
		return fmt.Errorf("an access entry has %d fields; there may be %d", len(e.Fields), MaxFields)
	}
	for _, s := range [...]string{string(e.Act), string(e.Actor), string(e.Account), string(e.Role), string(e.Purpose), string(e.Case), string(e.Person)} {
		if len(s) > maxName {
			return fmt.Errorf("an access entry has a name of %d octets; there may be %d", len(s), maxName)
		}
	}
	for _, f := range e.Fields {
		if f == "" || len(f) > maxName {
			return errors.New("an access entry has a field without a name, or one that is too long")
		}
	}
	return nil
}

const (
	chainContext = "rem access log entry\x00"
	chainBegin   = "rem access log begins\x00"
)

// BeginChain returns the hash that stands before the first entry of a log: two
// logs have no link in common.
func BeginChain(log string) rem.Digest { return rem.DigestOf([]byte(chainBegin + log)) }

// ChainHash returns the hash of an entry, from the hash of the one before and
// its canonical form.
func ChainHash(before rem.Digest, entry []byte) rem.Digest {
	h := sha256.New()
	h.Write([]byte(chainContext))
	h.Write(before[:])
	h.Write(entry)
	var d rem.Digest
	h.Sum(d[:0])
	return d
}

// A ChainEnd is a place in a log: behind the entry of the number. The zero
// Number is before the first.
type ChainEnd struct {
	Number uint64
	Time   time.Time
	Hash   rem.Digest
}

// A Link is an entry as it is kept: its canonical form and its hash.
type Link struct {
	Entry []byte
	Hash  rem.Digest
}

// Follow checks that a link follows an end, and returns its entry and the end
// behind it.
func (c ChainEnd) Follow(l Link) (AccessEntry, ChainEnd, error) {
	e, err := ParseEntry(l.Entry)
	switch {
	case err != nil:
		return e, c, fmt.Errorf("%w: behind entry %d: %w", ErrChain, c.Number, err)
	case e.Number != c.Number+1:
		return e, c, fmt.Errorf("%w: entry %d follows entry %d", ErrChain, e.Number, c.Number)
	case ChainHash(c.Hash, l.Entry) != l.Hash:
		return e, c, fmt.Errorf("%w: the hash of entry %d is not that of it and of those before", ErrChain, e.Number)
	case e.Time.Before(c.Time):
		return e, c, fmt.Errorf("%w: the time falls at entry %d", ErrChain, e.Number)
	}
	return e, ChainEnd{e.Number, e.Time, l.Hash}, nil
}

// Verify checks a chain from the beginning of a log, and returns its end. It
// stops at the first link that does not follow, with an error that wraps
// [ErrChain] and names it.
func Verify(log string, links iter.Seq2[Link, error]) (ChainEnd, error) {
	end := ChainEnd{Hash: BeginChain(log)}
	for l, err := range links {
		if err == nil {
			_, end, err = end.Follow(l)
		}
		if err != nil {
			return end, err
		}
	}
	return end, nil
}
