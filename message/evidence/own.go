package evidence

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/message"
)

// readOwn reads an evidence in the bytes that write102640 writes, and tells
// whether it is one. If it is not, nothing was found out: [Parse] tells what it is.
//
// It goes along the form, takes the words out, and then writes what it
// understood anew. Only where each byte is the same was it read. So it cannot
// overlook anything, nor take a word for another; and what write102640 writes
// is canonical XML, which needs no tree to be believed. What it reads is what
// Parse reads, in a third of the time.
//
// The bytes stand in two pieces: what comes before the signature, and the end of
// the root. The evidence keeps nothing of them.
func readOwn(src, end []byte) (*Evidence, bool) {
	r := &ownReader{rest: src, end: end}
	r.words.Grow(len(src) / 3)
	whole := &struct { // one piece of memory for all that most evidence has
		Evidence
		policies   [1]string
		recipients [fewParties]Party
		concerns   [1]int
		steps      [fewSteps]LogEntry
	}{}
	e := &whole.Evidence
	e.Format, e.Version = TS102640v2, version
	e.PolicyIDs, e.Recipients, e.Concerns, e.Log = whole.policies[:0], whole.recipients[:0], whole.concerns[:0], whole.steps[:0]
	r.evidence(e)
	if len(e.Concerns) == 0 {
		e.Concerns = nil
	}
	if len(e.PolicyIDs) == 0 {
		e.PolicyIDs = nil
	}
	if len(e.Log) == 0 {
		e.Log = nil
	}
	if r.failed || len(r.rest) > 0 || !isIdentifier(string(e.ID)) || hasPrefixOfSignature(string(e.ID)) {
		return nil, false
	}
	room := rooms.Get().(*[]byte)
	again := write102640((*room)[:0], &e.Draft)
	same := len(again) == len(src)+len(end) && bytes.Equal(again[:len(src)], src) && bytes.Equal(again[len(src):], end)
	if cap(again) <= maxRoom {
		*room = again
		rooms.Put(room)
	}
	return e, same
}

// hasPrefixOfSignature tells an identifier that could be one of the signature's own.
// Whether it is one takes a look at the whole document.
func hasPrefixOfSignature(id string) bool {
	return len(id) > 1 && id[1] == '-' && strings.IndexByte("srp", id[0]) >= 0
}

var strictBase64 = base64.StdEncoding.Strict()

// rooms are where an evidence is written anew to be compared, and nothing else.
// One with thousands of recipients does not keep its room.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

const maxRoom = 16 << 10

// What most evidence has no more of, so that its lists are made once.
const fewParties, fewSteps = 2, 4

// An ownReader goes through a written evidence. Once something does not match
// it has failed, and what it gives from then on means nothing.
type ownReader struct {
	rest   []byte
	end    []byte // what follows rest
	failed bool
	// words are those that the evidence says, one after the other in one piece of
	// memory.
	words strings.Builder
}

func (r *ownReader) evidence(e *Evidence) {
	r.lit("<")
	name, _, _ := bytes.Cut(r.rest, []byte(" "))
	kind, ok := message.KindNamed(string(name))
	if !ok {
		r.failed = true
		return
	}
	e.Kind = kind
	root := kind.String()
	r.lit(root)
	r.lit(` xmlns="` + spaceV2 + `" Id="`)
	r.until('"') // the identifier, which stands below once more
	r.lit(`" version="` + version + `">`)
	e.Event = r.element("EventCode")
	if e.Outcome, ok = outcomeOf(kind, e.Event); !ok {
		r.failed = true
	}
	if r.at("<EventReasons>") {
		for r.more(len(e.Codes), maxReasons) && r.at("<EventReason><Code>") {
			r.reason(e)
		}
		r.lit("</EventReasons>")
	}
	e.ID = rem.EvidenceID(r.element("EvidenceIdentifier"))
	r.lit("<EvidenceIssuerPolicyID>")
	for r.more(len(e.PolicyIDs), maxPolicies) && r.sees("<PolicyID>") {
		e.PolicyIDs = append(e.PolicyIDs, r.element("PolicyID"))
	}
	r.lit("</EvidenceIssuerPolicyID>")
	e.Issuer = r.party("EvidenceIssuerDetails", true)
	e.SenderAuthentication = r.authentication("SenderAuthenticationDetails")
	e.RecipientAuthentication = r.authentication("RecipientAuthenticationDetails")
	e.EventTime = r.time("EventTime")
	if r.sees("<SubmissionTime>") {
		e.SubmissionTime = r.time("SubmissionTime")
	}
	if r.at(`<ReplyToAddress scheme="mailto">`) {
		e.ReplyTo, _ = rem.ParseAddress(r.text())
		r.lit("</ReplyToAddress>")
	}
	e.Sender = r.party("SenderDetails", false)
	r.lit("<RecipientsDetails>")
	for r.more(len(e.Recipients), MaxRecipients) && r.sees("<EntityDetails>") {
		e.Recipients = append(e.Recipients, r.party("EntityDetails", false))
	}
	r.lit("</RecipientsDetails>")
	r.failed = r.failed || len(e.Recipients) == 0
	r.delegates(e)
	if r.at("<EvidenceRefersToRecipient>") {
		if r.places(e, &e.Concerns); len(e.Concerns) == 1 {
			e.RefersTo = e.Concerns[0]
		}
		r.lit("</EvidenceRefersToRecipient>")
	}
	e.Message = r.message("SenderMessageDetails", "false")
	if !e.Message.Digest.IsZero() {
		e.DigestHash, e.DigestValue = crypto.SHA256, e.Message.Digest[:]
	}
	if r.sees("<NotificationMessageDetails") {
		e.Notification = r.message("NotificationMessageDetails", "true")
	}
	if r.sees("<ForwardedToExternalSystem>") {
		e.ForwardedTo = r.element("ForwardedToExternalSystem")
	}
	r.log(e)
	r.extensions(e)
	if len(r.rest) == 0 {
		r.rest, r.end = r.end, nil
	}
	r.close(root)
}

func (r *ownReader) reason(e *Evidence) {
	code := r.text()
	r.lit("</Code><Details>")
	details := []string{r.text()}
	r.lit("</Details></EventReason>")
	found, _ := reasonOf(code, details)
	e.Codes = append(e.Codes, Code{code, details})
	e.Reasons = append(e.Reasons, Reason{found, detailOf(found, details)})
}

func (r *ownReader) party(name string, issuer bool) (p Party) {
	r.open(name)
	if r.at("<NamesPostalAddresses><NamePostalAddress><EntityName><Name>") {
		p.Name = r.text()
		r.lit("</Name></EntityName></NamePostalAddress></NamesPostalAddresses>")
	}
	for r.at(`<AttributedElectronicAddress scheme="`) {
		scheme := r.scheme()
		r.lit(`">`)
		if p.take(scheme, r.text(), issuer) != nil {
			r.failed = true
		}
		r.lit("</AttributedElectronicAddress>")
	}
	r.close(name)
	return p
}

func (r *ownReader) authentication(name string) (a Authentication) {
	if !r.seesOpen(name) {
		return a
	}
	r.open(name)
	a.Time = r.time("AuthenticationTime")
	a.Method = r.element("AuthenticationMethod")
	r.close(name)
	return a
}

func (r *ownReader) delegates(e *Evidence) {
	if !r.at("<RecipientsDelegatesDetails>") {
		return
	}
	for r.more(len(e.Delegates), maxDelegates) && r.sees("<DelegateDetails>") {
		d := Delegate{Party: r.party("DelegateDetails", false)}
		r.lit("<DelegatingRecipients>")
		r.places(e, &d.Recipients)
		r.lit("</DelegatingRecipients>")
		e.Delegates = append(e.Delegates, d)
	}
	r.lit("</RecipientsDelegatesDetails>")
}

func (r *ownReader) places(e *Evidence, into *[]int) {
	var err error
	*into, err = e.places(*into, string(r.until('<')))
	r.failed = r.failed || err != nil
}

func (r *ownReader) message(name, notification string) (m MessageDetails) {
	r.lit("<")
	r.lit(name)
	r.lit(` isNotification="`)
	r.lit(notification)
	r.lit(`">`)
	m.Subject = r.element("MessageSubject")
	if r.sees("<UAMessageIdentifier>") {
		m.UAMessageID = r.element("UAMessageIdentifier")
	}
	m.ID = messageID(r.element("MessageIdentifierByREMMD"))
	if r.at(writtenDigest) {
		written := r.until('<')
		if len(written) == base64.StdEncoding.EncodedLen(len(m.Digest)) {
			var room [len(m.Digest) + 1]byte // a text of this length may be of one octet more
			n, err := strictBase64.Decode(room[:], written)
			r.failed = r.failed || err != nil || n != copy(m.Digest[:], room[:])
		} else {
			r.failed = true
		}
		r.lit("</ds:DigestValue>")
	}
	r.close(name)
	return m
}

func (r *ownReader) log(e *Evidence) {
	if !r.at("<TransactionLogInformation>") {
		return
	}
	for r.more(len(e.Log), maxLog) && r.at(`<TransactionLog><r:Entry xmlns:r="`+spaceOwn+`" actor="`) {
		var entry LogEntry
		entry.Actor = r.attribute()
		r.lit(`" event="`)
		entry.Event = r.attribute()
		r.lit(`" time="`)
		entry.Time = r.moment()
		r.lit(`"></r:Entry></TransactionLog>`)
		e.Log = append(e.Log, entry)
	}
	r.lit("</TransactionLogInformation>")
}

func (r *ownReader) extensions(e *Evidence) {
	if !r.at("<Extensions>") {
		return
	}
	if r.at(`<Extension isCritical="false"><r:Answers xmlns:r="` + spaceOwn + `" evidence="`) {
		e.Answers.ID = rem.EvidenceID(r.attribute())
		r.failed = r.failed || e.Answers.ID == ""
		r.lit(`" sha256="`)
		written := r.until('"')
		if len(written) == hex.EncodedLen(len(e.Answers.Digest)) {
			_, err := hex.Decode(e.Answers.Digest[:], written)
			r.failed = r.failed || err != nil
		} else {
			r.failed = true
		}
		r.lit(`"></r:Answers></Extension>`)
	}
	if r.at(`<Extension isCritical="false"><r:MessageSize xmlns:r="` + spaceOwn + `" octets="`) {
		e.Message.Size = r.octets()
		r.lit(`"></r:MessageSize></Extension>`)
	}
	if r.at(`<Extension isCritical="false"><r:NotificationSize xmlns:r="` + spaceOwn + `" octets="`) {
		e.Notification.Size = r.octets()
		r.lit(`"></r:NotificationSize></Extension>`)
	}
	r.lit("</Extensions>")
}

// scheme reads that of an address, which is one of two.
func (r *ownReader) scheme() string {
	for _, s := range [...]string{"mailto", personScheme} {
		if r.sees(s) && len(r.rest) > len(s) && r.rest[len(s)] == '"' {
			r.rest = r.rest[len(s):]
			return s
		}
	}
	r.failed = true
	return ""
}

func (r *ownReader) octets() int64 {
	n, err := strconv.ParseInt(string(r.until('"')), 10, 64)
	r.failed = r.failed || err != nil || n < 0
	return n
}

func (r *ownReader) time(name string) time.Time {
	r.open(name)
	t := r.moment()
	r.close(name)
	return t
}

// moment reads what appendTime wrote. A moment that there is not, such as the
// thirtieth of February, becomes another one and so is not what was written.
func (r *ownReader) moment() time.Time {
	const form = "0000-00-00T00:00:00.000Z"
	if r.failed || len(r.rest) < len(form) {
		r.failed = true
		return time.Time{}
	}
	var parts [7]int
	part := 0
	for i := range len(form) {
		c := r.rest[i]
		switch {
		case form[i] != '0':
			r.failed = r.failed || c != form[i]
			part++
		case c < '0' || c > '9':
			r.failed = true
		default:
			parts[part] = parts[part]*10 + int(c-'0')
		}
	}
	r.rest = r.rest[len(form):]
	return time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1e6, time.UTC)
}

// more tells whether one more may follow as many as there are. Where it may
// not, Parse says so.
func (r *ownReader) more(n, most int) bool { return !r.failed && n < most }

func (r *ownReader) sees(literal string) bool {
	return len(r.rest) >= len(literal) && string(r.rest[:len(literal)]) == literal
}

// at goes past the literal if it stands here.
func (r *ownReader) at(literal string) bool {
	if r.failed || !r.sees(literal) {
		return false
	}
	r.rest = r.rest[len(literal):]
	return true
}

func (r *ownReader) lit(literal string) {
	if !r.at(literal) {
		r.failed = true
	}
}

func (r *ownReader) seesOpen(name string) bool {
	return len(r.rest) > len(name)+1 && r.rest[0] == '<' && string(r.rest[1:1+len(name)]) == name && r.rest[1+len(name)] == '>'
}

func (r *ownReader) open(name string) {
	if r.failed || !r.seesOpen(name) {
		r.failed = true
		return
	}
	r.rest = r.rest[len(name)+2:]
}

func (r *ownReader) close(name string) {
	n := len(name)
	if r.failed || len(r.rest) < n+3 || r.rest[0] != '<' || r.rest[1] != '/' || string(r.rest[2:2+n]) != name || r.rest[2+n] != '>' {
		r.failed = true
		return
	}
	r.rest = r.rest[n+3:]
}

func (r *ownReader) element(name string) string {
	r.open(name)
	s := r.text()
	r.close(name)
	return s
}

func (r *ownReader) text() string      { return r.unescaped('<') }
func (r *ownReader) attribute() string { return r.unescaped('"') }

// unescaped reads a word, up to a byte.
func (r *ownReader) unescaped(end byte) string {
	s := r.until(end)
	if len(s) > maxText {
		r.failed = true
	}
	w := &r.words
	from := w.Len()
next:
	for {
		i := bytes.IndexByte(s, '&')
		if i < 0 {
			w.Write(s)
			return w.String()[from:]
		}
		w.Write(s[:i])
		s = s[i:]
		for _, e := range references {
			if len(s) >= len(e.written) && string(s[:len(e.written)]) == e.written {
				w.WriteByte(e.meant)
				s = s[len(e.written):]
				continue next
			}
		}
		w.WriteByte('&')
		s = s[1:]
	}
}

// references are what appendText writes for characters.
var references = []struct {
	written string
	meant   byte
}{
	{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#xD;", '\r'}, {"&#xA;", '\n'}, {"&#x9;", '\t'},
}

// until goes up to a byte and gives what stands before it.
func (r *ownReader) until(end byte) []byte {
	i := bytes.IndexByte(r.rest, end)
	if r.failed || i < 0 {
		r.failed = true
		return nil
	}
	s := r.rest[:i]
	r.rest = r.rest[i:]
	return s
}
