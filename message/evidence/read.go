package evidence

import (
	"crypto"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
// An evidence in our own form is read without a tree: then the Document of what
// was verified is nil, and its Read gives one. What was verified then points into
// src, which must not change while it is used; the Evidence does not.
func Verify(src []byte, o xades.VerifyOptions) (*Evidence, *xades.Verified, error) {
	o.Unparsed = true
	v, err := xades.Verify(src, o)
	if err != nil {
		return nil, nil, fmt.Errorf("verifying evidence: %w", err)
	}
	e, err := Read(v)
	if err != nil {
		return nil, nil, err
	}
	return e, v, nil
}

// Read reads the evidence that a verified signature covers. The error wraps
// ErrEvidence, or xades.ErrForm for bytes that are not canonical XML.
func Read(v *xades.Verified) (*Evidence, error) {
	if v.Document == nil {
		if e, ok := readOwn(v.Signed[0], v.Signed[1]); ok {
			return e, nil
		}
	}
	doc, err := v.Read()
	if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	return Parse(doc)
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
			if last.Recipients, err = e.places(nil, s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s holds %s", list.Local, c.Local)
		}
	}
	return nil
}

// places appends a list of 1-based places among the recipients.
func (e *Evidence) places(out []int, s string) ([]int, error) {
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
	n, err := e.places(nil, s)
	if err != nil || len(n) != 1 {
		return fmt.Errorf("EvidenceRefersToRecipient is %q of %d recipients", s, len(e.Recipients))
	}
	e.RefersTo, e.Concerns = n[0], n
	return nil
}
