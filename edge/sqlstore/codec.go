package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/mail/archive"
	"rem/message"
)

// The kinds of records in the journal. docs/formats/journal.md.
const (
	kindIntention = 'I'
	kindStep      = 'S'
	kindAbandon   = 'X'
	kindAccount   = 'A'
)

// version begins the meaning of every record, and unscannedVersion that of one in which
// a message's record has what was not scanned. It is written where there is something
// to say, so that all others can be read by earlier versions of this program.
const (
	version          = 1
	unscannedVersion = 2
)

// versionOf is the least that can say the whole of a message's record.
func versionOf(m *message.Record) byte {
	if m != nil && len(m.Unscanned) > 0 {
		return unscannedVersion
	}
	return version
}

// maxList bounds every list of a record; the widest is a message's recipients.
const maxList = 10_000

// errRecord is wrapped by every error of reading a record's meaning. The
// journal checks its bytes, so this is a record of a later version or a fault
// of ours.
var errRecord = errors.New("not a record of the ledger")

// A writer appends fields: numbers as unsigned varints, text with its length
// before it, times as microseconds since 1970 (0 for none).
type writer []byte

func (w *writer) num(n uint64)  { *w = binary.AppendUvarint(*w, n) }
func (w *writer) int(n int)     { *w = binary.AppendVarint(*w, int64(n)) }
func (w *writer) long(n int64)  { *w = binary.AppendVarint(*w, n) }
func (w *writer) text(s string) { w.num(uint64(len(s))); *w = append(*w, s...) }
func (w *writer) bytes(b []byte) {
	w.num(uint64(len(b)))
	*w = append(*w, b...)
}
func (w *writer) time(t time.Time) { w.long(micros(t)) }
func (w *writer) bool(b bool) {
	if b {
		*w = append(*w, 1)
	} else {
		*w = append(*w, 0)
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// A reader takes fields off; the first error stays and every later field is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errRecord
	}
	r.b = nil
}

func (r *reader) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) long() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) int() int { return int(r.long()) }

func (r *reader) byte() byte {
	n := r.num()
	if n > 255 {
		r.fail()
	}
	return byte(n)
}

func (r *reader) take() []byte {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) text() string { return string(r.take()) }

func (r *reader) time() time.Time { return fromMicros(r.long()) }

func (r *reader) bool() bool {
	if len(r.b) == 0 || r.b[0] > 1 {
		r.fail()
		return false
	}
	b := r.b[0] == 1
	r.b = r.b[1:]
	return b
}

func (r *reader) digest() (d rem.Digest) {
	b := r.take()
	switch {
	case len(b) == len(d):
		copy(d[:], b)
	case len(b) != 0:
		r.fail()
	}
	return d
}

func (w *writer) digest(d rem.Digest) {
	if d.IsZero() {
		w.num(0)
		return
	}
	w.bytes(d[:])
}

func (r *reader) address() rem.Address {
	s := r.text()
	if s == "" {
		return rem.Address{}
	}
	a, err := rem.ParseAddress(s)
	if err != nil {
		r.fail()
	}
	return a
}

// list reads the length of a list.
func (r *reader) list() int {
	n := r.num()
	if n > maxList || n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// end checks that nothing is left.
func (r *reader) end(what string) error {
	if r.err == nil && len(r.b) > 0 {
		r.err = errRecord
	}
	if r.err != nil {
		return fmt.Errorf("reading %s: %w", what, r.err)
	}
	return nil
}

func (w *writer) party(p message.Party) {
	w.text(p.Address.String())
	w.text(p.Raw)
	w.text(p.Name)
}

func (r *reader) party() message.Party {
	return message.Party{Address: r.address(), Raw: r.text(), Name: r.text()}
}

func (w *writer) actor(a rem.Actor) {
	w.text(string(a.Account))
	w.text(string(a.Holder))
	w.text(string(a.Person))
	w.text(a.Method)
}

func (r *reader) actor() rem.Actor {
	return rem.Actor{Account: rem.AccountID(r.text()), Holder: rem.PersonID(r.text()), Person: rem.PersonID(r.text()), Method: r.text()}
}

// record writes as versionOf says.
func (w *writer) record(m *message.Record) {
	w.text(string(m.ID))
	w.text(m.Origin)
	w.party(m.Sender)
	w.actor(m.Actor)
	w.time(m.SenderAuthentication.Time)
	w.text(m.SenderAuthentication.Method)
	w.text(m.Subject)
	w.text(m.UAMessageID)
	w.digest(m.Digest)
	w.long(m.Size)
	w.time(m.Submitted)
	w.num(uint64(len(m.Recipients)))
	for i := range m.Recipients {
		rcpt := &m.Recipients[i]
		w.party(rcpt.Party)
		w.bool(rcpt.Copy)
		w.num(uint64(rcpt.Leg))
		w.text(string(rcpt.Account))
	}
	w.text(string(m.Original))
	w.long(m.From)
	w.long(m.Length)
	if versionOf(m) == unscannedVersion {
		w.num(uint64(len(m.Unscanned)))
		for _, k := range m.Unscanned {
			w.text(string(k))
		}
	}
}

func (r *reader) record(v byte) message.Record {
	m := message.Record{
		ID: rem.MessageID(r.text()), Origin: r.text(), Sender: r.party(), Actor: r.actor(),
		SenderAuthentication: message.Authentication{Time: r.time(), Method: r.text()},
		Subject:              r.text(), UAMessageID: r.text(), Digest: r.digest(), Size: r.long(), Submitted: r.time(),
	}
	if n := r.list(); n > 0 {
		m.Recipients = make([]message.Recipient, n)
	}
	for i := range m.Recipients {
		m.Recipients[i] = message.Recipient{Party: r.party(), Copy: r.bool(), Leg: message.Leg(r.byte()), Account: rem.AccountID(r.text())}
	}
	m.Original, m.From, m.Length = message.Ref(r.text()), r.long(), r.long()
	if v == unscannedVersion {
		for range r.list() {
			m.Unscanned = append(m.Unscanned, archive.Kind(r.text()))
		}
	}
	return m
}

// card is the written form of a record, as the index keeps it.
func card(m *message.Record) []byte {
	w := writer{versionOf(m)}
	w.record(m)
	return w
}

func readCard(b []byte) (*message.Record, error) {
	r := reader{b: b}
	m := r.record(r.recordVersion())
	return &m, r.end("a message's record")
}

func (r *reader) version() {
	if r.byte() != version {
		r.fail()
	}
}

// recordVersion is that of what may hold a message's record.
func (r *reader) recordVersion() byte {
	v := r.byte()
	if v != version && v != unscannedVersion {
		r.fail()
	}
	return v
}

func (w *writer) tasks(list []message.Task) {
	w.num(uint64(len(list)))
	for _, t := range list {
		w.num(uint64(t.Stage))
		w.text(string(t.Message))
		w.text(t.Target)
		w.time(t.Due)
		w.int(t.Attempts)
	}
}

func (r *reader) tasks() []message.Task {
	n := r.list()
	if n == 0 {
		return nil
	}
	list := make([]message.Task, n)
	for i := range list {
		list[i] = message.Task{Stage: message.Stage(r.byte()), Message: rem.MessageID(r.text()), Target: r.text(), Due: r.time(), Attempts: r.int()}
	}
	return list
}

// encodeStep gives a step's meaning and its content: the XML of what it files
// and the two halves of its envelope, one after the other.
func encodeStep(s *message.Step) (meta, content []byte) {
	size := 0
	for i := range s.Filed {
		size += len(s.Filed[i].XML)
	}
	if s.Envelope != nil {
		size += len(s.Envelope.Head) + len(s.Envelope.Tail)
	}
	if size > 0 {
		content = make([]byte, 0, size)
	}
	w := make(writer, 0, 1024)
	w = append(w, versionOf(s.New))
	w.text(string(s.Message))
	w.time(s.At)
	w.actor(s.Actor)
	w.text(s.Resolves)
	w.bool(s.New != nil)
	if s.New != nil {
		w.record(s.New)
	}
	w.digest(s.Fingerprint)
	w.num(uint64(len(s.Changes)))
	for _, c := range s.Changes {
		w.int(c.Recipient)
		w.num(uint64(c.From))
		w.num(uint64(c.To))
		w.num(uint64(c.On))
		w.time(c.Due)
	}
	w.num(uint64(len(s.Filed)))
	for i := range s.Filed {
		f := &s.Filed[i]
		digest := f.Digest
		if digest.IsZero() {
			digest = rem.DigestOf(f.XML)
		}
		w.text(string(f.ID))
		w.num(uint64(f.Kind))
		w.num(uint64(f.Outcome))
		w.int(f.Recipient)
		w.text(f.Issuer)
		w.time(f.Time)
		w.num(uint64(len(f.Reasons)))
		for _, reason := range f.Reasons {
			w.text(string(reason))
		}
		w.bool(f.NoInformation)
		w.bool(f.Conflict)
		w.digest(digest)
		w.num(uint64(len(f.XML)))
		content = append(content, f.XML...)
	}
	w.num(uint64(len(s.Arrivals)))
	for _, a := range s.Arrivals {
		w.text(string(a.Account))
		w.int(a.Recipient)
		w.time(a.Time)
		w.long(a.Size)
	}
	w.int(s.Opens)
	w.tasks(s.Queue)
	w.tasks(s.Done)
	w.tasks(s.Again)
	w.bool(s.Envelope != nil)
	if s.Envelope != nil {
		w.num(uint64(len(s.Envelope.Head)))
		w.num(uint64(len(s.Envelope.Tail)))
		content = append(append(content, s.Envelope.Head...), s.Envelope.Tail...)
	}
	w.text(s.Note)
	return w, content
}

// A step is one as the index applies it: the bytes are references.
type step struct {
	message.Step     // without XML and Envelope
	filed            []blobstore.Ref
	envelope         bool
	envHead, envTail blobstore.Ref
}

// decodeStep reads a step back; content is where its content is.
func decodeStep(meta []byte, content blobstore.Ref) (*step, error) {
	r := reader{b: meta}
	v := r.recordVersion()
	s := &step{Step: message.Step{Message: rem.MessageID(r.text()), At: r.time(), Actor: r.actor(), Resolves: r.text()}}
	if r.bool() {
		m := r.record(v)
		s.New = &m
	}
	s.Fingerprint = r.digest()
	for range r.list() {
		s.Changes = append(s.Changes, message.Change{Recipient: r.int(), From: message.State(r.byte()), To: message.State(r.byte()), On: message.Event(r.byte()), Due: r.time()})
	}
	var at int64
	part := func() blobstore.Ref {
		n := r.num()
		if n > uint64(content.Size()-at) {
			r.fail()
			return blobstore.Ref{}
		}
		ref := content.Part(at, int64(n))
		at += int64(n)
		return ref
	}
	for range r.list() {
		f := message.Filed{ID: rem.EvidenceID(r.text()), Kind: message.Kind(r.byte()), Outcome: message.Outcome(r.byte()), Recipient: r.int(), Issuer: r.text(), Time: r.time()}
		for range r.list() {
			f.Reasons = append(f.Reasons, rem.Reason(r.text()))
		}
		f.NoInformation, f.Conflict, f.Digest = r.bool(), r.bool(), r.digest()
		s.filed = append(s.filed, part())
		s.Filed = append(s.Filed, f)
	}
	for range r.list() {
		s.Arrivals = append(s.Arrivals, message.Arrival{Account: rem.AccountID(r.text()), Recipient: r.int(), Time: r.time(), Size: r.long()})
	}
	s.Opens = r.int()
	s.Queue, s.Done, s.Again = r.tasks(), r.tasks(), r.tasks()
	if s.envelope = r.bool(); s.envelope {
		s.envHead, s.envTail = part(), part()
	}
	s.Note = r.text()
	return s, r.end("a step")
}

func encodeIntention(in *message.Intention) []byte {
	w := make(writer, 0, len(in.Body)+len(in.Key)+32)
	w = append(w, version)
	w.text(in.Key)
	w.num(uint64(in.Stage))
	w.time(in.At)
	w.bytes(in.Body)
	return w
}

func decodeIntention(meta []byte, content blobstore.Ref) (message.Kept, error) {
	r := reader{b: meta}
	r.version()
	k := message.Kept{Key: r.text(), Stage: message.Stage(r.byte()), At: r.time(), Body: append([]byte(nil), r.take()...), Content: message.Ref(content.String())}
	return k, r.end("an intention")
}
