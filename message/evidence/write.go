package evidence

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"rem"
)

// The namespaces that are written, and the algorithm of every digest we write.
const (
	spaceV2   = "http://uri.etsi.org/02640/v2#"
	spaceV1   = "http://uri.etsi.org/02640/v1#"
	space522  = "http://uri.etsi.org/19522/v1#"
	spaceDS   = "http://www.w3.org/2000/09/xmldsig#"
	spaceOwn  = "urn:rem:evidence:1" // what the schema has no element for; docs/formats/evidence.md
	uriSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

	// version is the value that others write with the v2# namespace.
	version = "2.1.1"
)

// write102640 appends the draft as the root element of TS 102 640-2, in
// exclusive canonical form by construction: attributes sorted, each namespace
// declared where it is first used, no empty-element tags, nothing between the
// elements. So its digest is that of the bytes, and signing needs no parser.
func write102640(dst []byte, d *Draft) []byte {
	w := writer(dst)
	root := d.Kind.String()
	w.raw("<", root, ` xmlns="`+spaceV2+`" Id="`)
	w.text(string(d.ID), true)
	w.raw(`" version="` + version + `">`)
	w.raw("<EventCode>")
	if word := eventOf(d); word != "" {
		w.raw(eventPrefix, word)
	}
	w.raw("</EventCode>")
	if len(d.Reasons) > 0 {
		w.raw("<EventReasons>")
		for _, r := range d.Reasons {
			w.reason(r)
		}
		w.raw("</EventReasons>")
	}
	w.element("EvidenceIdentifier", string(d.ID))
	w.raw("<EvidenceIssuerPolicyID>")
	for _, id := range d.PolicyIDs {
		w.element("PolicyID", id)
	}
	w.raw("</EvidenceIssuerPolicyID>")
	w.party("EvidenceIssuerDetails", d.Issuer)
	w.authentication("SenderAuthenticationDetails", d.SenderAuthentication)
	w.authentication("RecipientAuthenticationDetails", d.RecipientAuthentication)
	w.time("EventTime", d.EventTime)
	if !d.SubmissionTime.IsZero() {
		w.time("SubmissionTime", d.SubmissionTime)
	}
	if !d.ReplyTo.IsZero() {
		w.address("ReplyToAddress", "mailto", d.ReplyTo.String())
	}
	w.party("SenderDetails", d.Sender)
	w.raw("<RecipientsDetails>")
	for _, p := range d.Recipients {
		w.party("EntityDetails", p)
	}
	w.raw("</RecipientsDetails>")
	if len(d.Delegates) > 0 {
		w.raw("<RecipientsDelegatesDetails>")
		for _, g := range d.Delegates {
			w.party("DelegateDetails", g.Party)
			w.raw("<DelegatingRecipients>")
			for i, n := range g.Recipients {
				if i > 0 {
					w.raw(" ")
				}
				w = strconv.AppendInt(w, int64(n), 10)
			}
			w.raw("</DelegatingRecipients>")
		}
		w.raw("</RecipientsDelegatesDetails>")
	}
	if d.RefersTo != 0 {
		w.raw("<EvidenceRefersToRecipient>")
		w = strconv.AppendInt(w, int64(d.RefersTo), 10)
		w.raw("</EvidenceRefersToRecipient>")
	}
	w.message("SenderMessageDetails", "false", d.Message)
	if d.Notification != (MessageDetails{}) {
		w.message("NotificationMessageDetails", "true", d.Notification)
	}
	if d.ForwardedTo != "" {
		w.element("ForwardedToExternalSystem", d.ForwardedTo)
	}
	w.log(d.Log)
	w.extensions(d)
	w.raw("</", root, ">")
	return w
}

// appendTime appends an xs:dateTime in UTC with milliseconds, always of the same
// length; what is finer is cut off. time.AppendFormat does the same six times
// slower, and an evidence has several times.
func appendTime(dst []byte, t time.Time) []byte {
	year, month, day := t.UTC().Date()
	hour, minute, second := t.UTC().Clock()
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), hour, 2)
	dst = appendDigits(append(dst, ':'), minute, 2)
	dst = appendDigits(append(dst, ':'), second, 2)
	dst = appendDigits(append(dst, '.'), t.Nanosecond()/1e6, 3)
	return append(dst, 'Z')
}

func appendDigits(dst []byte, n, width int) []byte {
	dst = append(dst, "0000"[:width]...)
	for i := len(dst) - 1; width > 0; i, width, n = i-1, width-1, n/10 {
		dst[i] += byte(n % 10)
	}
	return dst
}

// A writer appends canonical XML.
type writer []byte

// raw appends strings as they are. The slice is taken out and put back once:
// each store through the pointer costs the collector's barrier.
func (w *writer) raw(ss ...string) {
	b := *w
	for _, s := range ss {
		b = append(b, s...)
	}
	*w = b
}

func (w *writer) element(name, text string) {
	b := append(append(append(*w, '<'), name...), '>')
	b = appendText(b, text, false)
	*w = append(append(append(b, "</"...), name...), '>')
}

func (w *writer) text(s string, attribute bool) { *w = appendText(*w, s, attribute) }

func (w *writer) time(name string, t time.Time) {
	w.raw("<", name, ">")
	*w = appendTime(*w, t)
	w.raw("</", name, ">")
}

// reason writes the URI into Code, and number and words into Details: of the
// two ways met, the one that names the reason where the schema says Code.
func (w *writer) reason(r Reason) {
	known, _ := lookup(r.Code)
	detail := r.Detail
	if detail == (rem.Text{}) {
		detail = known.text
	}
	w.raw("<EventReason><Code>" + reasonPrefix)
	w.text(string(r.Code), false)
	w.raw("</Code><Details>")
	*w = strconv.AppendInt(*w, int64(known.number), 10)
	w.raw(" ")
	w.text(detail.String(), false)
	w.raw("</Details></EventReason>")
}

// party writes EntityDetailsType: the name, then the addresses.
func (w *writer) party(name string, p Party) {
	w.raw("<", name, ">")
	if p.Name != "" {
		w.raw("<NamesPostalAddresses><NamePostalAddress><EntityName>")
		w.element("Name", p.Name)
		w.raw("</EntityName></NamePostalAddress></NamesPostalAddresses>")
	}
	if s := p.String(); s != "" {
		w.address("AttributedElectronicAddress", "mailto", asURI(s))
	}
	if p.Person != "" {
		w.address("AttributedElectronicAddress", personScheme, string(p.Person))
	}
	w.raw("</", name, ">")
}

// personScheme marks the address that is a person's identifier at the issuer.
const personScheme = spaceOwn + ":person"

func (w *writer) address(name, scheme, value string) {
	w.raw("<", name, ` scheme="`, scheme, `">`)
	w.text(value, false)
	w.raw("</", name, ">")
}

func (w *writer) authentication(name string, a Authentication) {
	if a.IsZero() {
		return
	}
	w.raw("<", name, ">")
	w.time("AuthenticationTime", a.Time)
	w.element("AuthenticationMethod", a.Method)
	w.raw("</", name, ">")
}

// writtenDigest stands before the base64 of a digest.
const writtenDigest = `<ds:DigestMethod xmlns:ds="` + spaceDS + `" Algorithm="` + uriSHA256 + `"></ds:DigestMethod>` +
	`<ds:DigestValue xmlns:ds="` + spaceDS + `">`

func (w *writer) message(name, notification string, m MessageDetails) {
	w.raw("<", name, ` isNotification="`, notification, `">`)
	w.element("MessageSubject", m.Subject)
	if m.UAMessageID != "" {
		w.element("UAMessageIdentifier", m.UAMessageID)
	}
	w.element("MessageIdentifierByREMMD", string(m.ID))
	if !m.Digest.IsZero() {
		w.raw(writtenDigest)
		*w = base64.StdEncoding.AppendEncode(*w, m.Digest[:])
		w.raw("</ds:DigestValue>")
	}
	w.raw("</", name, ">")
}

func (w *writer) log(log []LogEntry) {
	if len(log) == 0 {
		return
	}
	w.raw("<TransactionLogInformation>")
	for _, e := range log {
		w.raw(`<TransactionLog><r:Entry xmlns:r="`+spaceOwn+`"`, ` actor="`)
		w.text(e.Actor, true)
		w.raw(`" event="`)
		w.text(e.Event, true)
		w.raw(`" time="`)
		*w = appendTime(*w, e.Time)
		w.raw(`"></r:Entry></TransactionLog>`)
	}
	w.raw("</TransactionLogInformation>")
}

// extensions writes what the schema has no element for. None is critical:
// a reader who skips them still reads the evidence right.
func (w *writer) extensions(d *Draft) {
	if d.Answers.IsZero() && d.Message.Size == 0 && d.Notification.Size == 0 {
		return
	}
	w.raw("<Extensions>")
	if !d.Answers.IsZero() {
		w.raw(`<Extension isCritical="false"><r:Answers xmlns:r="` + spaceOwn + `" evidence="`)
		w.text(string(d.Answers.ID), true)
		w.raw(`" sha256="`)
		*w = hex.AppendEncode(*w, d.Answers.Digest[:])
		w.raw(`"></r:Answers></Extension>`)
	}
	w.size("MessageSize", d.Message.Size)
	w.size("NotificationSize", d.Notification.Size)
	w.raw("</Extensions>")
}

func (w *writer) size(name string, octets int64) {
	if octets == 0 {
		return
	}
	w.raw(`<Extension isCritical="false"><r:`, name, ` xmlns:r="`+spaceOwn+`"`, ` octets="`)
	*w = strconv.AppendInt(*w, octets, 10)
	w.raw(`"></r:`, name, `></Extension>`)
}

// asURI writes bytes that no URI holds, which an address outside registered
// mail may have, as "%" and two digits (RFC 3986 2.1). The schema's type is
// anyURI.
func asURI(s string) string {
	if isURI(s) {
		return s
	}
	var b []byte
	for i := range len(s) {
		if isURI(s[i : i+1]) {
			b = append(b, s[i])
		} else {
			b = append(b, '%')
			b = append(b, "0123456789ABCDEF"[s[i]>>4], "0123456789ABCDEF"[s[i]&15])
		}
	}
	return string(b)
}

// appendText appends s with the escapes that canonical XML asks for, in text or in
// an attribute (Canonical XML 1.0, 2.3). Bytes that are no XML 1.0 character,
// which a sender's subject may hold, become U+FFFD: they say nothing, and an
// evidence must not fail for them.
func appendText(dst writer, s string, attribute bool) writer {
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && !escaped[c] {
			i++
			continue
		}
		with, n := "", 1
		switch {
		case c == '&':
			with = "&amp;"
		case c == '<':
			with = "&lt;"
		case c == '\r':
			with = "&#xD;"
		case c == '>' && !attribute:
			with = "&gt;"
		case c == '"' && attribute:
			with = "&quot;"
		case c == '\t' && attribute:
			with = "&#x9;"
		case c == '\n' && attribute:
			with = "&#xA;"
		case c == '>', c == '"', c == '\t', c == '\n':
		case c < utf8.RuneSelf:
			with = "\uFFFD"
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			n = size
			if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
				with = "\uFFFD"
			}
		}
		if with != "" {
			dst = append(append(dst, s[done:i]...), with...)
			done = i + n
		}
		i += n
	}
	return append(dst, s[done:]...)
}

// escaped marks the printable characters that appendText looks at.
var escaped = [utf8.RuneSelf]bool{'&': true, '<': true, '>': true, '"': true}
