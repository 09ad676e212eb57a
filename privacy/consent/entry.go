package consent

import (
	"fmt"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

var entryKind = chain.Kind{Name: "rem-consent", Version: 1}

// An Action is what somebody did.
type Action string

// The actions.
const (
	Give     Action = "give"
	Refuse   Action = "refuse"
	Withdraw Action = "withdraw"
)

// Actions returns them with their names.
func Actions() []privacy.Word[Action] {
	return []privacy.Word[Action]{
		{ID: Give, Name: rem.Text{Turkish: "açık rıza verildi", English: "consent given"}},
		{ID: Refuse, Name: rem.Text{Turkish: "açık rıza verilmedi", English: "consent refused"}},
		{ID: Withdraw, Name: rem.Text{Turkish: "açık rıza geri alındı", English: "consent withdrawn"}},
	}
}

// A Capacity says as what somebody acts who chooses.
type Capacity string

// The capacities. Whoever acts for another shows by what: Circumstances.Authority.
const (
	Self           Capacity = "self"           // the person concerned
	Representative Capacity = "representative" // parent, guardian, attorney
	Recorder       Capacity = "recorder"       // staff who writes down what the person signed or said
)

// Capacities returns them with their names.
func Capacities() []privacy.Word[Capacity] {
	return []privacy.Word[Capacity]{
		{ID: Self, Name: rem.Text{Turkish: "ilgili kişi", English: "the person concerned"}},
		{ID: Representative, Name: rem.Text{Turkish: "yasal temsilci veya vekil", English: "a legal representative or attorney"}},
		{ID: Recorder, Name: rem.Text{Turkish: "beyanı kaydeden çalışan", English: "staff who recorded the declaration"}},
	}
}

// Circumstances are who chooses for whom, and how.
type Circumstances struct {
	Person rem.PersonID // whom the data is about
	// Actor.Person is the natural person who acts: Person, or somebody in another
	// Capacity. Account and Method stand there where he was logged in.
	Actor     rem.Actor
	Capacity  Capacity
	Authority string // identifier of the document that shows the capacity; "" for Self
	Channel   privacy.ChannelID
}

// An Entry is one act about one purpose, an entry of the chain of consents.
type Entry struct {
	Link chain.Link
	Circumstances
	Purpose privacy.PurposeID
	Action  Action

	NoticeVersion uint64     // in force at the time
	Notice        rem.Digest // of its bytes

	// Language and Text are what was shown; empty for a withdrawal.
	Language privacy.Language
	Text     string
	// Withdraws is the digest of the entry that a withdrawal ends; zero otherwise.
	Withdraws rem.Digest
}

// TextDigest is the digest of the text that was shown.
func (e *Entry) TextDigest() rem.Digest { return rem.DigestOf([]byte(e.Text)) }

func (e *Entry) write(w *canon.Writer) {
	w.Word("person", string(e.Person))
	w.Word("purpose", string(e.Purpose))
	w.Word("action", string(e.Action))
	w.Word("actor", string(e.Actor.Person))
	w.Word("capacity", string(e.Capacity))
	if e.Authority != "" {
		w.Word("authority", e.Authority)
	}
	if e.Actor.Account != "" {
		w.Word("account", string(e.Actor.Account))
	}
	if e.Actor.Holder != "" {
		w.Word("holder", string(e.Actor.Holder))
	}
	w.Maybe("method", e.Actor.Method)
	w.Word("channel", string(e.Channel))
	w.Number("notice-version", e.NoticeVersion)
	w.Digest("notice", e.Notice)
	if e.Action == Withdraw {
		w.Digest("withdraws", e.Withdraws)
		return
	}
	w.Word("language", string(e.Language))
	w.Digest("text-digest", e.TextDigest())
	w.Lines("text", e.Text)
}

func readEntry(link chain.Link, r *canon.Reader) (*Entry, error) {
	e := &Entry{Link: link}
	maybe := func(name string) string {
		if r.Next() != name {
			return ""
		}
		return r.Word(name)
	}
	e.Person = rem.PersonID(r.Word("person"))
	e.Purpose = privacy.PurposeID(r.Word("purpose"))
	e.Action = Action(r.Word("action"))
	e.Actor.Person = rem.PersonID(r.Word("actor"))
	e.Capacity = Capacity(r.Word("capacity"))
	e.Authority = maybe("authority")
	e.Actor.Account = rem.AccountID(maybe("account"))
	e.Actor.Holder = rem.PersonID(maybe("holder"))
	e.Actor.Method = r.Maybe("method")
	e.Channel = privacy.ChannelID(r.Word("channel"))
	e.NoticeVersion = r.Number("notice-version")
	e.Notice = r.Digest("notice")
	if e.Action == Withdraw {
		e.Withdraws = r.Digest("withdraws")
	} else {
		e.Language = privacy.Language(r.Word("language"))
		digest := r.Digest("text-digest")
		e.Text = r.Lines("text")
		if r.Err() == nil && digest != e.TextDigest() {
			r.Fail("the digest is of another text")
		}
	}
	err := r.Done()
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return nil, fmt.Errorf("reading a consent: %w", err)
	}
	return e, nil
}

// check looks at what does not depend on other entries.
func (e *Entry) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", canon.ErrForm, fmt.Sprintf(format, args...))
	}
	switch {
	case !slices.ContainsFunc(Actions(), func(w privacy.Word[Action]) bool { return w.ID == e.Action }):
		return bad("%q is no action", e.Action)
	case !slices.ContainsFunc(Capacities(), func(w privacy.Word[Capacity]) bool { return w.ID == e.Capacity }):
		return bad("%q is no capacity", e.Capacity)
	case !e.Channel.Known():
		return bad("%q is no channel", e.Channel)
	case (e.Capacity == Self) != (e.Actor.Person == e.Person):
		return bad("whoever acts for another says in which capacity")
	case (e.Capacity == Self) != (e.Authority == ""):
		return bad("whoever acts for another shows by what, and nobody else does")
	case e.NoticeVersion == 0 || e.Notice.IsZero():
		return bad("there is no notice")
	case e.Action == Withdraw && e.Withdraws.IsZero():
		return bad("a withdrawal ends an entry")
	case e.Action != Withdraw && e.Language != privacy.Turkish && e.Language != privacy.English:
		return bad("%q is no language of a question", e.Language)
	case len(e.Text) > maxText:
		return bad("a text has up to %d octets", maxText)
	case strings.Contains(e.Actor.Method, "@"):
		return bad("a method is a URI without anybody in it")
	}
	return nil
}

// ParseEntry reads the bytes of an entry. The error wraps canon.ErrForm.
func ParseEntry(b []byte) (*Entry, error) {
	r := canon.NewReader(b, entryKind.Name, entryKind.Version)
	return readEntry(chain.ReadLink(r), r)
}

// Bytes writes the entry in canonical form.
func (e *Entry) Bytes() ([]byte, error) {
	w := canon.NewWriter(entryKind.Name, entryKind.Version)
	e.Link.Write(w)
	e.write(w)
	return w.Bytes()
}
