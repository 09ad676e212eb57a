package evidence

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/message"
	"rem/trust/strictxml"
	"rem/trust/xades"
)

// ErrEvidence is wrapped by the errors of Parse.
var ErrEvidence = errors.New("not an evidence that can be read")

// An Evidence is what a written evidence says, in the words of a Draft: parts
// that its writer left out are zero, and what our words cannot hold stands in
// the fields beside.
type Evidence struct {
	Draft
	Format  Format
	Version string
	// Event is the event code as written, and Codes the reasons as written.
	Event string
	Codes []Code
	// DigestHash and DigestValue are the original's digest where its writer
	// chose another hash than SHA-256; then Message.Digest is zero. DigestHash
	// is 0 when the evidence has no digest that we know.
	DigestHash  crypto.Hash
	DigestValue []byte
	// Concerns are the 1-based recipients the evidence is about; none means all.
	Concerns []int
}

// A Code is a reason as written.
type Code struct {
	Code    string
	Details []string
}

// About reports whether the evidence is about the recipient at 1-based place n.
func (e *Evidence) About(n int) bool {
	if len(e.Concerns) == 0 {
		return 1 <= n && n <= len(e.Recipients)
	}
	for _, c := range e.Concerns {
		if c == n {
			return true
		}
	}
	return false
}

// Digests reports whether the evidence names the digest of an original and, if
// so, whether it is that of the bytes that sum digests.
func (e *Evidence) Digests(sum func(crypto.Hash) []byte) (named, equal bool) {
	if e.DigestHash == 0 {
		return false, false
	}
	got := sum(e.DigestHash)
	return true, len(got) > 0 && string(got) == string(e.DigestValue)
}

// Verify checks the signature and reads what it covers, and nothing else
// (AT-16). Whether the certificate may sign evidence is for package validation.
func Verify(src []byte, o xades.VerifyOptions) (*Evidence, *xades.Verified, error) {
	v, err := xades.Verify(src, o)
	if err != nil {
		return nil, nil, fmt.Errorf("verifying evidence: %w", err)
	}
	e, err := Parse(v.Document)
	if err != nil {
		return nil, nil, err
	}
	return e, v, nil
}

// Parse reads an evidence of TS 102 640-2 (v1#, v2#) or EN 319 522-3. The
// document is one whose signature was checked, as xades.Verify returns it.
//
// Others' evidence that breaks its schema is read where its meaning is plain:
// the order of elements is not looked at, and codes are taken in every spelling
// known. What could be read in two ways is refused: an element twice, one
// that is not known, text broken by a comment, an extension that is critical.
func Parse(doc *strictxml.Document) (*Evidence, error) {
	root := doc.Root
	e := &Evidence{}
	var err error
	switch root.Space {
	case spaceV2, spaceV1:
		e.Format = TS102640v2
		if root.Space == spaceV1 {
			e.Format = TS102640v1
		}
		err = e.read102640(root)
	case space522:
		e.Format = EN319522
		err = e.read522(root)
	default:
		err = fmt.Errorf("the root is %s of %q", root.Local, root.Space)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	return e, nil
}

// fields gives the children of an element, each of which stands once. Unknown
// names are refused.
type fields map[string]*strictxml.Element

func fieldsOf(parent *strictxml.Element, spaces []string, names ...string) (fields, error) {
	f := make(fields, len(names))
	if err := whiteBetween(parent); err != nil {
		return nil, err
	}
	for c := range parent.ChildElements() {
		if c.Is(spaceDS, "Signature") {
			continue
		}
		if !has(spaces, c.Space) || !has(names, c.Local) {
			return nil, fmt.Errorf("%s holds %s of %q, which it does not know", parent.Local, c.Local, c.Space)
		}
		if f[c.Local] != nil {
			return nil, fmt.Errorf("%s holds %s twice", parent.Local, c.Local)
		}
		f[c.Local] = c
	}
	return f, nil
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// text reads an element's text; an absent one gives "".
func (f fields) text(name string) (string, error) {
	c := f[name]
	if c == nil {
		return "", nil
	}
	s, err := c.Text()
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	if len(s) > maxText {
		return "", fmt.Errorf("reading %s: longer than %d octets", name, maxText)
	}
	return s, nil
}

func (f fields) time(name string) (t time.Time, err error) {
	s, err := f.text(name)
	if err != nil || f[name] == nil {
		return time.Time{}, err
	}
	return dateTime(name, s)
}

// dateTime reads an xs:dateTime that names its zone. One without is refused:
// it means another moment to every reader.
func dateTime(name, s string) (t time.Time, err error) {
	if err := t.UnmarshalText([]byte(strings.TrimSpace(s))); err != nil {
		return time.Time{}, fmt.Errorf("%s is not a time with its zone: %q", name, s)
	}
	return t.UTC(), nil
}

// attribute returns the value of an attribute without a namespace, "" when it
// is absent.
func attribute(c *strictxml.Element, local string) string {
	v, _ := c.Attr("", local)
	return v
}

var fields102640 = []string{
	"EventCode", "EventReasons", "EvidenceIdentifier", "EvidenceIssuerPolicyID", "EvidenceIssuerDetails",
	"SenderAuthenticationDetails", "RecipientAuthenticationDetails", "EventTime", "SubmissionTime", "ReplyTo",
	"ReplyToAddress", "SenderDetails", "RecipientsDetails", "RecipientsDelegatesDetails", "EvidenceRefersToRecipient",
	"SenderMessageDetails", "NotificationMessageDetails", "ForwardedToExternalSystem", "TransactionLogInformation", "Extensions",
}

func (e *Evidence) read102640(root *strictxml.Element) error {
	kind, ok := message.KindNamed(root.Local)
	if !ok {
		return fmt.Errorf("%s is none of the nine kinds", root.Local)
	}
	e.Kind = kind
	e.Version = attribute(root, "version")
	ns := []string{root.Space}
	f, err := fieldsOf(root, ns, fields102640...)
	if err != nil {
		return err
	}
	for _, name := range []string{"EvidenceIdentifier", "EvidenceIssuerDetails", "EventTime", "SenderDetails", "RecipientsDetails"} {
		if f[name] == nil {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if e.Event, err = f.text("EventCode"); err != nil {
		return err
	}
	if err := e.readReasons(f["EventReasons"], ns, func(code string, details []string) rem.Reason {
		r, _ := reasonOf(code, details)
		return r
	}); err != nil {
		return err
	}
	if err := e.readOutcome(); err != nil {
		return err
	}
	id, err := f.text("EvidenceIdentifier")
	if err != nil {
		return err
	}
	if id == "" {
		return errors.New("EvidenceIdentifier is empty")
	}
	e.ID = rem.EvidenceID(id)
	if e.PolicyIDs, err = texts(f["EvidenceIssuerPolicyID"], "PolicyID", maxPolicies); err != nil {
		return err
	}
	if e.Issuer, err = entity(f["EvidenceIssuerDetails"], true); err != nil {
		return err
	}
	if e.SenderAuthentication, err = authentication(f["SenderAuthenticationDetails"]); err != nil {
		return err
	}
	if e.RecipientAuthentication, err = authentication(f["RecipientAuthenticationDetails"]); err != nil {
		return err
	}
	if e.EventTime, err = f.time("EventTime"); err != nil {
		return err
	}
	if e.SubmissionTime, err = f.time("SubmissionTime"); err != nil {
		return err
	}
	if err := e.readReplyTo(f); err != nil {
		return err
	}
	if e.Sender, err = entity(f["SenderDetails"], false); err != nil {
		return err
	}
	if err := e.readRecipients(f["RecipientsDetails"], ns); err != nil {
		return err
	}
	if err := e.readDelegates(f["RecipientsDelegatesDetails"]); err != nil {
		return err
	}
	if err := e.readRefersTo(f); err != nil {
		return err
	}
	if c := f["SenderMessageDetails"]; c != nil {
		if e.Message, e.DigestHash, e.DigestValue, err = messageDetails(c, ns); err != nil {
			return err
		}
	}
	if c := f["NotificationMessageDetails"]; c != nil {
		if e.Notification, _, _, err = messageDetails(c, ns); err != nil {
			return err
		}
	}
	if e.ForwardedTo, err = f.text("ForwardedToExternalSystem"); err != nil {
		return err
	}
	if err := e.readLog(f["TransactionLogInformation"]); err != nil {
		return err
	}
	return e.readExtensions(f["Extensions"])
}

// readOutcome takes the event code's word. Where there is none, the schema
// allows that, a kind of one outcome has it and reasons mean the negative one;
// an evidence that still says nothing is refused.
func (e *Evidence) readOutcome() error {
	if e.Event != "" {
		o, ok := outcomeOf(e.Kind, e.Event)
		if !ok {
			return fmt.Errorf("%s knows no event %q", e.Kind, e.Event)
		}
		e.Outcome = o
		return nil
	}
	switch {
	case !e.Kind.Allows(Positive), e.Kind.Allows(Negative) && len(e.Reasons) > 0:
		e.Outcome = Negative
	case !e.Kind.Allows(Negative):
		e.Outcome = Positive
	default:
		return fmt.Errorf("%s without event code and reason does not say what happened", e.Kind)
	}
	return nil
}

// readReasons reads EventReasons of either standard; find maps a reason.
func (e *Evidence) readReasons(list *strictxml.Element, ns []string, find func(string, []string) rem.Reason) error {
	if list == nil {
		return nil
	}
	if err := whiteBetween(list); err != nil {
		return err
	}
	for c := range list.ChildElements() {
		if c.Local != "EventReason" || !has(ns, c.Space) {
			return fmt.Errorf("EventReasons holds %s", c.Local)
		}
		if len(e.Codes) == maxReasons {
			return fmt.Errorf("more than %d reasons", maxReasons)
		}
		var code Code
		for d := range c.ChildElements() {
			s, err := d.Text()
			switch {
			case err != nil:
				return fmt.Errorf("reading a reason: %w", err)
			case len(s) > maxText:
				return errors.New("reading a reason: too long")
			case d.Local == "Code" && code.Code == "" && has(ns, d.Space):
				code.Code = s
			case d.Local == "Details" && len(code.Details) < maxReasons && has(ns, d.Space):
				code.Details = append(code.Details, s)
			default:
				return fmt.Errorf("EventReason holds %s", d.Local)
			}
		}
		e.Codes = append(e.Codes, code)
		r := find(code.Code, code.Details)
		e.Reasons = append(e.Reasons, Reason{r, detailOf(r, code.Details)})
	}
	return nil
}

// detailOf finds the words for people in Details: ours are "number Turkish /
// English", others' are any text. The list's own words are no detail.
func detailOf(r rem.Reason, details []string) rem.Text {
	if len(details) == 0 {
		return rem.Text{}
	}
	s := details[len(details)-1]
	known, _ := lookup(r)
	if rest, ok := strings.CutPrefix(s, strconv.Itoa(known.number)+" "); ok {
		s = rest
	}
	if _, uri := reasonURI(s); uri || s == known.text.String() || s == strconv.Itoa(known.number) {
		return rem.Text{}
	}
	if tr, en, ok := strings.Cut(s, " / "); ok {
		return rem.Text{Turkish: tr, English: en}
	}
	return rem.Text{English: s}
}

// texts reads a list of equal elements.
func texts(list *strictxml.Element, local string, most int) ([]string, error) {
	if list == nil {
		return nil, nil
	}
	if err := whiteBetween(list); err != nil {
		return nil, err
	}
	var out []string
	for c := range list.ChildElements() {
		s, err := c.Text()
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", list.Local, err)
		case c.Local != local || c.Space != list.Space && c.Space != "":
			return nil, fmt.Errorf("%s holds %s", list.Local, c.Local)
		case len(out) == most || len(s) > maxText:
			return nil, fmt.Errorf("%s is too long", list.Local)
		}
		out = append(out, s)
	}
	return out, nil
}

const spaceTSL = "http://uri.etsi.org/02231/v2#"

// entity reads EntityDetailsType: the first name, and the mail address. Two
// different mail addresses leave open who is meant and are refused (AT-14),
// except of an issuer, whose certificate says who it is.
func entity(c *strictxml.Element, issuer bool) (p Party, err error) {
	if err := whiteBetween(c); err != nil {
		return p, err
	}
	for child := range c.ChildElements() {
		var scheme, value string
		switch {
		case child.Is(c.Space, "NamesPostalAddresses"):
			if p.Name, err = firstName(child); err != nil {
				return p, err
			}
			continue
		case child.Is(c.Space, "AttributedElectronicAddress"):
			scheme = attribute(child, "scheme")
			value, err = child.Text()
		case child.Is(spaceTSL, "ElectronicAddress"):
			if u := child.Child(spaceTSL, "URI"); u != nil {
				value, err = u.Text()
			}
		case child.Is(c.Space, "CertificateDetails"), child.Is("http://uri.etsi.org/01903/v1.3.2#", "Any"):
			continue
		default:
			return p, fmt.Errorf("%s holds %s of %q, which it does not know", c.Local, child.Local, child.Space)
		}
		if err != nil {
			return p, fmt.Errorf("reading %s: %w", c.Local, err)
		}
		if err := p.take(scheme, value, issuer); err != nil {
			return p, fmt.Errorf("reading %s: %w", c.Local, err)
		}
	}
	return p, nil
}

// take adds one address to a party.
func (p *Party) take(scheme, value string, issuer bool) error {
	value = strings.TrimSpace(value)
	if scheme == personScheme {
		p.Person = rem.PersonID(value)
		return nil
	}
	if scheme != "" && rem.FoldASCII(scheme) != "mailto" {
		return nil
	}
	if len(value) > 7 && rem.FoldASCII(value[:7]) == "mailto:" {
		value = value[7:]
	}
	switch {
	case value == "" || len(value) > maxText:
		return errors.New("an address is empty or too long")
	case !strings.Contains(value, "@") && strings.Contains(value, ":"):
		return nil // a web address, as tsl:ElectronicAddress often is
	}
	var taken Party
	if a, err := rem.ParseAddress(value); err == nil {
		taken.Address = a
	} else {
		taken.Foreign = value
	}
	switch had := p.String(); {
	case had == "":
		p.Address, p.Foreign = taken.Address, taken.Foreign
	case had != taken.String() && !issuer:
		return fmt.Errorf("two addresses for one party (AT-14)")
	}
	return nil
}

// firstName finds the first Name below NamesPostalAddresses.
func firstName(c *strictxml.Element) (string, error) {
	for entry := range c.ChildElements() {
		if name := entry.Child(c.Space, "EntityName"); name != nil {
			if n := name.Child(c.Space, "Name"); n != nil {
				s, err := n.Text()
				if err != nil || len(s) > maxText {
					return "", fmt.Errorf("reading a name: %w", errors.Join(err, tooLong(s)))
				}
				return s, nil
			}
		}
	}
	return "", nil
}

func tooLong(s string) error {
	if len(s) > maxText {
		return fmt.Errorf("longer than %d octets", maxText)
	}
	return nil
}

// authentication reads time and method wherever they stand below c; an
// assertion in their place is covered by the signature and not read.
func authentication(c *strictxml.Element) (a Authentication, err error) {
	if c == nil {
		return a, nil
	}
	for child := range c.ChildElements() {
		if child.Space != c.Space && child.Space != "" {
			continue
		}
		switch child.Local {
		case "AuthenticationTime":
			s, err := child.Text()
			if err != nil {
				return a, fmt.Errorf("reading AuthenticationTime: %w", err)
			}
			if a.Time, err = dateTime("AuthenticationTime", s); err != nil {
				return a, err
			}
		case "AuthenticationMethod":
			if a.Method, err = child.Text(); err != nil {
				return a, fmt.Errorf("reading AuthenticationMethod: %w", err)
			}
		}
	}
	return a, tooLong(a.Method)
}

func (e *Evidence) readReplyTo(f fields) error {
	for _, name := range []string{"ReplyTo", "ReplyToAddress"} {
		s, err := f.text(name)
		if err != nil {
			return err
		}
		if a, err := rem.ParseAddress(strings.TrimPrefix(strings.TrimSpace(s), "mailto:")); err == nil {
			e.ReplyTo = a
		}
	}
	return nil
}

func (e *Evidence) readRecipients(list *strictxml.Element, ns []string) error {
	if err := whiteBetween(list); err != nil {
		return err
	}
	for c := range list.ChildElements() {
		if c.Local != "EntityDetails" || !has(ns, c.Space) {
			return fmt.Errorf("RecipientsDetails holds %s", c.Local)
		}
		p, err := entity(c, false)
		if err != nil {
			return err
		}
		if len(e.Recipients) == MaxRecipients {
			return fmt.Errorf("more than %d recipients", MaxRecipients)
		}
		e.Recipients = append(e.Recipients, p)
	}
	if len(e.Recipients) == 0 {
		return errors.New("there is no recipient")
	}
	return nil
}

// readDelegates reads pairs of DelegateDetails and DelegatingRecipients, each
// pair in a Delegate where the v1# schema has it so.
func (e *Evidence) readDelegates(list *strictxml.Element) error {
	if list == nil {
		return nil
	}
	for c := range list.ChildElements() {
		switch {
		case c.Is(list.Space, "Delegate"):
			if err := e.readDelegates(c); err != nil {
				return err
			}
		case c.Is(list.Space, "DelegateDetails"):
			if len(e.Delegates) == maxDelegates {
				return fmt.Errorf("more than %d delegates", maxDelegates)
			}
			p, err := entity(c, false)
			if err != nil {
				return err
			}
			e.Delegates = append(e.Delegates, Delegate{Party: p})
		case c.Is(list.Space, "DelegatingRecipients") && len(e.Delegates) > 0:
			s, err := c.Text()
			if err != nil {
				return fmt.Errorf("reading DelegatingRecipients: %w", err)
			}
			last := &e.Delegates[len(e.Delegates)-1]
			if last.Recipients, err = e.places(s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s holds %s", list.Local, c.Local)
		}
	}
	return nil
}

// places reads a list of 1-based places among the recipients.
func (e *Evidence) places(s string) ([]int, error) {
	var out []int
	for word := range strings.FieldsSeq(s) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(e.Recipients) || len(out) == MaxRecipients {
			return nil, fmt.Errorf("recipient %q of %d", word, len(e.Recipients))
		}
		out = append(out, n)
	}
	return out, nil
}

func (e *Evidence) readRefersTo(f fields) error {
	s, err := f.text("EvidenceRefersToRecipient")
	if err != nil || f["EvidenceRefersToRecipient"] == nil {
		return err
	}
	n, err := e.places(s)
	if err != nil || len(n) != 1 {
		return fmt.Errorf("EvidenceRefersToRecipient is %q of %d recipients", s, len(e.Recipients))
	}
	e.RefersTo, e.Concerns = n[0], n
	return nil
}

func messageDetails(c *strictxml.Element, ns []string) (m MessageDetails, h crypto.Hash, value []byte, err error) {
	f, err := fieldsOf(c, append([]string{spaceDS}, ns...), "MessageSubject", "UAMessageIdentifier", "MessageIdentifierByREMMD", "DigestMethod", "DigestValue")
	if err != nil {
		return m, 0, nil, err
	}
	if m.Subject, err = f.text("MessageSubject"); err != nil {
		return m, 0, nil, err
	}
	if m.UAMessageID, err = f.text("UAMessageIdentifier"); err != nil {
		return m, 0, nil, err
	}
	id, err := f.text("MessageIdentifierByREMMD")
	if err != nil {
		return m, 0, nil, err
	}
	m.ID = messageID(id)
	h, value, err = digest(f["DigestMethod"], f["DigestValue"])
	if h == crypto.SHA256 {
		copy(m.Digest[:], value)
	}
	return m, h, value, err
}

// messageID takes the identifier with or without its angle brackets.
func messageID(s string) rem.MessageID {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(rest, ">") {
		s = rest[:len(rest)-1]
	}
	return rem.MessageID(s)
}

// hashes are the digests that count. Some writers name theirs by other words
// or by broken ones: then the evidence has no digest that we know.
var hashes = map[string]crypto.Hash{
	uriSHA256: crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

func digest(method, value *strictxml.Element) (crypto.Hash, []byte, error) {
	if method == nil || value == nil {
		return 0, nil, nil
	}
	h, ok := hashes[attribute(method, "Algorithm")]
	if !ok {
		return 0, nil, nil
	}
	s, err := value.Text()
	if err != nil {
		return 0, nil, fmt.Errorf("reading DigestValue: %w", err)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || len(b) != h.Size() {
		return 0, nil, errors.New("DigestValue is not a digest of its method")
	}
	return h, b, nil
}

// readLog reads our entries; others' logs are covered by the signature and
// have no form that is known.
func (e *Evidence) readLog(list *strictxml.Element) error {
	if list == nil {
		return nil
	}
	for c := range list.ChildElements() {
		entry := c.Child(spaceOwn, "Entry")
		if entry == nil {
			continue
		}
		if len(e.Log) == maxLog {
			return fmt.Errorf("more than %d log entries", maxLog)
		}
		t, err := dateTime("time", attribute(entry, "time"))
		if err != nil {
			return err
		}
		e.Log = append(e.Log, LogEntry{attribute(entry, "event"), t, attribute(entry, "actor")})
	}
	return nil
}

// readExtensions reads ours and the two of EN 319 532-4, skips what others
// added, and refuses what they call critical: it changes the meaning, and we
// do not know how.
func (e *Evidence) readExtensions(list *strictxml.Element) error {
	if list == nil {
		return nil
	}
	for ext := range list.ChildElements() {
		known := false
		for c := range ext.ChildElements() {
			ok, err := e.extension(c)
			if err != nil {
				return err
			}
			known = known || ok
		}
		if critical := attribute(ext, "isCritical"); (critical == "true" || critical == "1") && !known {
			return errors.New("a critical extension is not known")
		}
	}
	return nil
}

func (e *Evidence) extension(c *strictxml.Element) (known bool, err error) {
	switch {
	case c.Is(spaceOwn, "Answers"):
		if !e.Answers.IsZero() {
			return true, errors.New("Answers stands twice")
		}
		b, err := hex.DecodeString(attribute(c, "sha256"))
		if err != nil || len(b) != len(e.Answers.Digest) || attribute(c, "evidence") == "" {
			return true, errors.New("Answers names no evidence")
		}
		e.Answers = Answer{rem.EvidenceID(attribute(c, "evidence")), rem.Digest(b)}
	case c.Is(spaceOwn, "MessageSize"):
		e.Message.Size, err = octets(c)
	case c.Is(spaceOwn, "NotificationSize"):
		e.Notification.Size, err = octets(c)
	case c.Is(space532, "GeneralEvidenceInfo"):
		if s := c.Child(space532, "Subject"); s != nil && e.Format == EN319522 {
			e.Message.Subject, err = s.Text()
		}
	case c.Is(space532, "RelayEvidenceInfo"):
		err = e.readRelayInfo(c)
	default:
		return false, nil
	}
	return true, err
}

func octets(c *strictxml.Element) (int64, error) {
	n, err := strconv.ParseInt(attribute(c, "octets"), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is not a size", c.Local)
	}
	return n, nil
}

// whiteBetween refuses text among the children of an element that holds only
// elements: it belongs to nothing, and two readers may take it differently.
func whiteBetween(c *strictxml.Element) error {
	for i := range c.Children {
		if n := &c.Children[i]; n.Kind == strictxml.TextNode && strings.Trim(n.Text, " \t\r\n") != "" {
			return fmt.Errorf("%s holds text among its elements", c.Local)
		}
	}
	return nil
}
