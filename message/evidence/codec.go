package evidence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/message"
)

// draftVersion is the first byte of a stored draft. A reader knows all versions
// and the writer writes the newest (docs/formats/evidence.md, "Stored drafts").
const draftVersion = 1

// ErrDraft is wrapped by the errors of UnmarshalDraft.
var ErrDraft = errors.New("not a stored draft")

// MarshalDraft gives the draft as bytes for the record of the intention. It is
// exact: UnmarshalDraft gives an equal draft, whose XML is the same to the
// byte. Equal drafts give equal bytes; an empty list is none.
func MarshalDraft(d Draft) []byte {
	e := encoder(make([]byte, 0, 1024+96*len(d.Recipients)))
	e = append(e, draftVersion, byte(d.Kind), byte(d.Outcome))
	e.string(string(d.ID))
	e.uint(uint64(len(d.Reasons)))
	for _, r := range d.Reasons {
		e.string(string(r.Code))
		e.string(r.Detail.Turkish)
		e.string(r.Detail.English)
	}
	e.uint(uint64(len(d.PolicyIDs)))
	for _, id := range d.PolicyIDs {
		e.string(id)
	}
	e.party(d.Issuer)
	e.authentication(d.SenderAuthentication)
	e.authentication(d.RecipientAuthentication)
	e.time(d.EventTime)
	e.time(d.SubmissionTime)
	e.string(d.ReplyTo.String())
	e.party(d.Sender)
	e.uint(uint64(len(d.Recipients)))
	for _, p := range d.Recipients {
		e.party(p)
	}
	e.uint(uint64(len(d.Delegates)))
	for _, g := range d.Delegates {
		e.party(g.Party)
		e.uint(uint64(len(g.Recipients)))
		for _, n := range g.Recipients {
			e.int(int64(n))
		}
	}
	e.int(int64(d.RefersTo))
	e.message(d.Message)
	e.message(d.Notification)
	e.string(d.ForwardedTo)
	e.uint(uint64(len(d.Log)))
	for _, l := range d.Log {
		e.string(l.Event)
		e.time(l.Time)
		e.string(l.Actor)
	}
	e.string(string(d.Answers.ID))
	return append(e, d.Answers.Digest[:]...)
}

// UnmarshalDraft reads what MarshalDraft wrote. It refuses anything else,
// trailing bytes and a second spelling of the same draft included. It does not
// run the profile's checks: Prepare does.
func UnmarshalDraft(b []byte) (Draft, error) {
	dec := decoder{rest: b}
	d, err := dec.draft()
	if err != nil {
		return Draft{}, fmt.Errorf("%w: %w", ErrDraft, err)
	}
	if string(MarshalDraft(d)) != string(b) {
		return Draft{}, fmt.Errorf("%w: it is not in the form that is written", ErrDraft)
	}
	return d, nil
}

type encoder []byte

func (e *encoder) uint(n uint64) { *e = binary.AppendUvarint(*e, n) }
func (e *encoder) int(n int64)   { *e = binary.AppendVarint(*e, n) }

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	*e = append(*e, s...)
}

// time writes 0 for no time, else 1, the Unix second and the nanosecond.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		*e = append(*e, 0)
		return
	}
	*e = append(*e, 1)
	e.int(t.Unix())
	e.uint(uint64(t.Nanosecond()))
}

func (e *encoder) party(p Party) {
	e.string(p.Name)
	e.string(p.Address.String())
	e.string(p.Foreign)
	e.string(string(p.Person))
}

func (e *encoder) authentication(a Authentication) {
	e.time(a.Time)
	e.string(a.Method)
}

func (e *encoder) message(m MessageDetails) {
	e.string(m.Subject)
	e.string(m.UAMessageID)
	e.string(string(m.ID))
	*e = append(*e, m.Digest[:]...)
	e.int(m.Size)
}

// A decoder reads from rest until its first error, which it keeps.
type decoder struct {
	rest []byte
	err  error
}

var errShort = errors.New("it ends too early")

func (c *decoder) draft() (Draft, error) {
	head := c.bytes(3)
	if c.err != nil {
		return Draft{}, c.err
	}
	if head[0] != draftVersion {
		return Draft{}, fmt.Errorf("version %d is not known", head[0])
	}
	d := Draft{Kind: message.Kind(head[1]), Outcome: message.Outcome(head[2]), ID: rem.EvidenceID(c.string())}
	d.Reasons = list(c, func() Reason {
		return Reason{rem.Reason(c.string()), rem.Text{Turkish: c.string(), English: c.string()}}
	})
	d.PolicyIDs = list(c, c.string)
	d.Issuer = c.party()
	d.SenderAuthentication = c.authentication()
	d.RecipientAuthentication = c.authentication()
	d.EventTime = c.time()
	d.SubmissionTime = c.time()
	d.ReplyTo = c.address()
	d.Sender = c.party()
	d.Recipients = list(c, c.party)
	d.Delegates = list(c, func() Delegate {
		return Delegate{c.party(), list(c, func() int { return int(c.int()) })}
	})
	d.RefersTo = int(c.int())
	d.Message = c.message()
	d.Notification = c.message()
	d.ForwardedTo = c.string()
	d.Log = list(c, func() LogEntry { return LogEntry{c.string(), c.time(), c.string()} })
	d.Answers = Answer{rem.EvidenceID(c.string()), c.digest()}
	if c.err == nil && len(c.rest) > 0 {
		c.err = errors.New("bytes follow its end")
	}
	return d, c.err
}

func (c *decoder) fail(err error) {
	if c.err == nil {
		c.err, c.rest = err, nil
	}
}

func (c *decoder) bytes(n int) []byte {
	if n > len(c.rest) {
		c.fail(errShort)
		return make([]byte, min(n, 64))
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *decoder) uint() uint64 {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 {
		c.fail(errShort)
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *decoder) int() int64 {
	n, size := binary.Varint(c.rest)
	if size <= 0 {
		c.fail(errShort)
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

// length reads a count or a length; nothing that is left can be longer.
func (c *decoder) length() int {
	n := c.uint()
	if n > uint64(len(c.rest)) {
		c.fail(errShort)
		return 0
	}
	return int(n)
}

func (c *decoder) string() string {
	n := c.length()
	if c.err != nil {
		return ""
	}
	return string(c.bytes(n))
}

func (c *decoder) time() time.Time {
	flag := c.bytes(1)
	if c.err != nil || flag[0] == 0 {
		return time.Time{}
	}
	sec, ns := c.int(), c.uint()
	if ns >= 1e9 {
		c.fail(errors.New("a time with too many nanoseconds"))
		return time.Time{}
	}
	return time.Unix(sec, int64(ns)).UTC()
}

func (c *decoder) address() rem.Address {
	s := c.string()
	if s == "" {
		return rem.Address{}
	}
	a, err := rem.ParseAddress(s)
	if err != nil {
		c.fail(err)
	}
	return a
}

func (c *decoder) party() Party {
	return Party{c.string(), c.address(), c.string(), rem.PersonID(c.string())}
}

func (c *decoder) authentication() Authentication {
	return Authentication{c.time(), c.string()}
}

func (c *decoder) digest() (d rem.Digest) {
	copy(d[:], c.bytes(len(d)))
	return d
}

func (c *decoder) message() MessageDetails {
	return MessageDetails{c.string(), c.string(), rem.MessageID(c.string()), c.digest(), c.int()}
}

// list reads a count and so many items. The count is bounded by what is left,
// since every item has at least one byte.
func list[T any](c *decoder, item func() T) []T {
	n := c.length()
	if n == 0 || c.err != nil {
		return nil
	}
	out := make([]T, 0, min(n, 64))
	for range n {
		out = append(out, item())
		if c.err != nil {
			return nil
		}
	}
	return out
}
