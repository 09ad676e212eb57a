package directory

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

// A Door is by which way somebody asked.
type Door string

// The doors.
const (
	ByWeb  Door = "web"
	ByREST Door = "rest"
	ByLDAP Door = "ldap"
)

// A Use is what somebody asks for (S28).
type Use string

// The uses.
const (
	ToSend   Use = "sending"
	ToVerify Use = "verifying"
)

// A Key is by what somebody asks.
type Key string

// The keys.
const (
	KeyAddress  Key = "address"
	KeyIdentity Key = "identity"
	KeyName     Key = "name" // of a natural person
	KeyTitle    Key = "title"
	KeyText     Key = "text" // a name or a title, as address books ask
	KeyMERSIS   Key = "mersis"
	KeyTax      Key = "tax"
	KeyDETSIS   Key = "detsis"
	KeyRegistry Key = "registry"
	KeyBatch    Key = "batch" // of addresses
)

// An Outcome is what came of asking.
type Outcome string

// The outcomes. None is one answer for what is not there, is closed and is hidden.
const (
	Found     Outcome = "found"
	None      Outcome = "none"
	TooMany   Outcome = "too-many"
	Ambiguous Outcome = "ambiguous" // several people have the name
)

var words = map[string]rem.Text{
	string(ByWeb): text("web sayfası", "web page"), string(ByREST): text("programlama arayüzü", "programming interface"), string(ByLDAP): text("adres defteri (LDAP)", "address book (LDAP)"),
	string(ToSend): text("ileti göndermek için", "to send a message"), string(ToVerify): text("adresi doğrulamak için", "to verify an address"),
	string(KeyAddress): text("KEP adresiyle", "by KEP address"), string(KeyIdentity): text("kimlik numarasıyla", "by identity number"),
	string(KeyName): text("ad ve soyadıyla", "by name and surname"), string(KeyTitle): text("unvanla", "by title"), string(KeyText): text("ad veya unvanla", "by name or title"),
	string(KeyMERSIS): text("MERSİS numarasıyla", "by MERSİS number"), string(KeyTax): text("vergi numarasıyla", "by tax number"), string(KeyDETSIS): text("DETSİS numarasıyla", "by DETSİS number"),
	string(KeyRegistry): text("ticaret sicil numarasıyla", "by trade registry number"), string(KeyBatch): text("adres listesiyle", "by a list of addresses"),
}

// Text is what people read.
func (d Door) Text() rem.Text { return words[string(d)] }

// Text is what people read.
func (u Use) Text() rem.Text { return words[string(u)] }

// Text is what people read.
func (k Key) Text() rem.Text { return words[string(k)] }

// A Lookup is that somebody asked, and whom he found. It does not hold what he asked
// for, but for a keyed digest of it, by which a later claim can be held against the
// entry (REQ-78, P-26).
type Lookup struct {
	Link    chain.Link // the store's
	Asker   rem.Actor
	Door    Door
	Use     Use
	Key     Key
	Asked   privacy.IndexToken
	Outcome Outcome
	Found   []rem.AccountID
}

const (
	lookupKind      = "rem-directory-lookup"
	transactionKind = "rem-directory-transaction"
	entryVersion    = 1
)

// Entry is the look-up as it is kept, with its link.
func (l *Lookup) Entry() ([]byte, error) {
	w := canon.NewWriter(lookupKind, entryVersion)
	l.Link.Write(w)
	w.Word("account", string(l.Asker.Account))
	w.Word("holder", string(l.Asker.Holder))
	w.Word("person", string(l.Asker.Person))
	w.Maybe("method", l.Asker.Method)
	w.Word("door", string(l.Door))
	w.Word("use", string(l.Use))
	w.Word("key", string(l.Key))
	w.Word("asked", hex.EncodeToString(l.Asked.Bytes()))
	w.Word("outcome", string(l.Outcome))
	for _, a := range l.Found {
		w.Word("found", string(a))
	}
	return w.Bytes()
}

// ParseLookup reads an entry.
func ParseLookup(b []byte) (Lookup, error) {
	r := canon.NewReader(b, lookupKind, entryVersion)
	l := Lookup{Link: chain.ReadLink(r)}
	l.Asker = rem.Actor{Account: rem.AccountID(r.Word("account")), Holder: rem.PersonID(r.Word("holder")), Person: rem.PersonID(r.Word("person")), Method: r.Maybe("method")}
	l.Door, l.Use, l.Key = Door(r.Word("door")), Use(r.Word("use")), Key(r.Word("key"))
	l.Asked = readToken(r, "asked")
	l.Outcome = Outcome(r.Word("outcome"))
	for r.Next() == "found" {
		l.Found = append(l.Found, rem.AccountID(r.Word("found")))
	}
	if err := r.Done(); err != nil {
		return Lookup{}, fmt.Errorf("reading a look-up: %w", err)
	}
	return l, nil
}

func readToken(r *canon.Reader, name string) (t privacy.IndexToken) {
	b, err := hex.DecodeString(r.Word(name))
	if err == nil {
		t, err = privacy.ParseIndexToken(b)
	}
	if err != nil && r.Err() == nil {
		r.Fail("not a token")
	}
	return t
}

// ErrChain is wrapped when the entries of look-ups or transactions are not those
// that were written.
var ErrChain = errors.New("the entries do not make a chain")

// verify checks entries given in their order: each has the number and the digest
// that follow.
func verify(visit func(func([]byte) error) error, link func([]byte) (chain.Link, error)) (end chain.Head, err error) {
	err = visit(func(entry []byte) error {
		l, err := link(entry)
		switch {
		case err != nil:
			return fmt.Errorf("%w: behind entry %d: %w", ErrChain, end.Number, err)
		case l.Number != end.Number+1, l.Previous != end.Digest, l.Time.Before(end.Time):
			return fmt.Errorf("%w: what stands behind entry %d does not follow it", ErrChain, end.Number)
		}
		end = chain.Head{Number: l.Number, Digest: rem.DigestOf(entry), Time: l.Time}
		return nil
	})
	return end, err
}

// VerifyLookups reads the chain of look-ups and returns its end. An error wraps
// [ErrChain] when it is not what was written.
func (d *Directory) VerifyLookups(ctx context.Context) (chain.Head, error) {
	return verify(func(visit func([]byte) error) error { return d.store.LookupChain(ctx, visit) },
		func(b []byte) (chain.Link, error) { l, err := ParseLookup(b); return l.Link, err })
}

// A Look is a look-up as the person or organisation that was found reads it: an
// organisation is named, a natural person has a pseudonym.
type Look struct {
	Number       uint64
	Time         time.Time
	Organisation Value  // its title; zero when a natural person asked, or it is no more in the directory
	Pseudonym    string // of the natural person who asked, on his own account or for the organisation
	Self         bool   // the account itself
	Door         rem.Text
	Use          rem.Text
	Key          rem.Text
}

// MaxLooks bounds a page of looks.
const MaxLooks = 100

// LookedUp lists who found the account, newest first, with numbers below before; 0
// is from the newest (P-26, S44).
func (d *Directory) LookedUp(ctx context.Context, a rem.AccountID, before uint64, limit int) ([]Look, error) {
	list, err := d.store.Lookups(ctx, a, before, min(max(limit, 1), MaxLooks))
	if err != nil {
		return nil, fmt.Errorf("reading who looked an account up: %w", err)
	}
	titles := map[rem.AccountID]Value{}
	looks := make([]Look, len(list))
	for i := range list {
		l := &list[i]
		title, known := titles[l.Asker.Account]
		if !known {
			of, err := d.store.ListingOf(ctx, l.Asker.Account)
			switch {
			case err == nil && of.Kind.Legal():
				title = Value{Name, of.Value(Name)}
			case err != nil && !errors.Is(err, ErrNotFound):
				return nil, fmt.Errorf("reading who looked an account up: %w", err)
			}
			titles[l.Asker.Account] = title
		}
		looks[i] = Look{Number: l.Link.Number, Time: l.Link.Time, Organisation: title, Pseudonym: d.pseudonym(l.Asker.Person), Self: l.Asker.Account == a,
			Door: l.Door.Text(), Use: l.Use.Text(), Key: l.Key.Text()}
	}
	return looks, nil
}

// pseudonym names a person who asked: 40 bits that lead back to nobody without the
// key, the same in everything that one provider shows.
func (d *Directory) pseudonym(p rem.PersonID) string {
	m := hmac.New(sha256.New, d.tokens.asker)
	m.Write([]byte("rem directory asker\x00"))
	m.Write([]byte(p))
	var sum [sha256.Size]byte
	return "person-" + hex.EncodeToString(m.Sum(sum[:0])[:5])
}
