package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
)

// Bounds on one evidence. They are wide enough for anything a message of ours
// can hold and keep what others send from growing without limit.
const (
	// MaxRecipients is that of one message: an evidence names them all.
	MaxRecipients = 1000
	maxReasons    = 16
	maxPolicies   = 16
	maxDelegates  = 64
	maxLog        = 64
	maxIdentifier = 255      // octets; RFC 5322 2.1.1 leaves 998 for a line
	maxText       = 16 << 10 // octets of one text, wider than a folded header field
)

// A check is one rule of the profile. It returns "" when the draft meets it,
// else what is wrong. The dates say when it is in force: an evidence is judged
// by the rules of its event time. A zero date has no bound.
type check struct {
	name, source string
	from, until  time.Time
	broken       func(*Draft) string
}

// ErrProfile is wrapped by the error of a draft that breaks its profile.
var ErrProfile = errors.New("the draft breaks the profile")

// A CheckError tells which check a draft breaks, and how.
type CheckError struct {
	Check, Source, Detail string
}

// Error gives name, source and detail.
func (e *CheckError) Error() string {
	return fmt.Sprintf("check %q (%s): %s", e.Check, e.Source, e.Detail)
}

// Unwrap returns ErrProfile.
func (e *CheckError) Unwrap() error { return ErrProfile }

// run applies the checks in force at the draft's event time.
func run(checks []check, d *Draft) error {
	var errs []error
	for i := range checks {
		c := &checks[i]
		if !c.from.IsZero() && d.EventTime.Before(c.from) || !c.until.IsZero() && !d.EventTime.Before(c.until) {
			continue
		}
		if detail := c.broken(d); detail != "" {
			errs = append(errs, &CheckError{c.name, c.source, detail})
		}
	}
	return errors.Join(errs...)
}

// checks is the profile of TS 102 640-2 as we write it. None of its rules has
// a date yet: the dates are those from which a later edition changes one.
var checks = []check{
	{name: "identifier", source: "TS 102 640-2 EvidenceIdentifier; REQ-60", broken: func(d *Draft) string {
		if !isIdentifier(string(d.ID)) {
			return "it begins with a letter or underscore, holds letters, digits, '.', '-' and '_', and has at most 255 octets"
		}
		return ""
	}},
	{name: "kind and outcome", source: "rem-v2 schema; REQ-59", broken: func(d *Draft) string {
		if !d.Kind.Allows(d.Outcome) {
			return fmt.Sprintf("%s knows no %s outcome", d.Kind, d.Outcome)
		}
		return ""
	}},
	{name: "reasons", source: "TS 102 640-2 EventReasons; REQ-60", broken: brokenReasons},
	{name: "policies", source: "TS 102 640-2 EvidenceIssuerPolicyID; REQ-60", broken: func(d *Draft) string {
		if len(d.PolicyIDs) == 0 || len(d.PolicyIDs) > maxPolicies {
			return fmt.Sprintf("%d policies; one is needed and %d are the most", len(d.PolicyIDs), maxPolicies)
		}
		for _, id := range d.PolicyIDs {
			if !isURI(id) {
				return fmt.Sprintf("%q is not a URI", id)
			}
		}
		return ""
	}},
	{name: "issuer", source: "TS 102 640-2 EvidenceIssuerDetails; REQ-58", broken: func(d *Draft) string {
		if d.Issuer.Name == "" || d.Issuer.Address.IsZero() || d.Issuer.Foreign != "" {
			return "the REM-MD is named and has a service address of its own"
		}
		return brokenText("name", d.Issuer.Name)
	}},
	{name: "sender", source: "TS 102 640-2 SenderDetails; REQ-60", broken: func(d *Draft) string {
		if d.Kind == ReceivedFromNonREMSystem && d.Sender.Foreign == "" {
			return "a message from ordinary mail has a sender outside registered mail"
		}
		return brokenParty(d.Sender, d.Kind == ReceivedFromNonREMSystem)
	}},
	{name: "recipients", source: "TS 102 640-2 RecipientsDetails; REQ-50", broken: brokenRecipients},
	{name: "recipient referred to", source: "TS 102 640-2 EvidenceRefersToRecipient; AT-14", broken: brokenRefersTo},
	{name: "delegates", source: "TS 102 640-2 RecipientsDelegatesDetails; REQ-68", broken: brokenDelegates},
	{name: "times", source: "TS 102 640-2 EventTime, SubmissionTime; REQ-58", broken: brokenTimes},
	{name: "authentication", source: "TS 102 640-2 AuthenticationDetailsType; REQ-60", broken: brokenAuthentication},
	{name: "message", source: "TS 102 640-2 SenderMessageDetails; REQ-60", broken: func(d *Draft) string {
		if d.Message.Digest.IsZero() {
			return "the digest of the original is missing"
		}
		return brokenMessage(d.Message)
	}},
	{name: "notification", source: "TS 102 640-2 NotificationMessageDetails", broken: func(d *Draft) string {
		switch {
		case d.Notification == MessageDetails{}:
			return ""
		case d.Kind != DeliveryNonDeliveryToRecipient && d.Kind != DownloadNonDownloadByRecipient:
			return fmt.Sprintf("%s is never about a notification", d.Kind)
		}
		return brokenMessage(d.Notification)
	}},
	{name: "external system", source: "TS 102 640-2 ForwardedToExternalSystem", broken: func(d *Draft) string {
		switch {
		case d.Kind == RelayToNonREMSystem && d.ForwardedTo == "":
			return "the system it was handed to is missing"
		case d.Kind != RelayToNonREMSystem && d.Kind != ReceivedFromNonREMSystem && d.ForwardedTo != "":
			return fmt.Sprintf("%s knows no external system", d.Kind)
		}
		return brokenText("external system", d.ForwardedTo)
	}},
	{name: "log", source: "TS 102 640-2 TransactionLogInformation; REQ-60", broken: brokenLog},
	{name: "answer", source: "REQ-82; docs/formats/evidence.md", broken: func(d *Draft) string {
		switch {
		case d.Answers.IsZero():
			return ""
		case d.Kind == SubmissionAcceptanceRejection:
			return "a submission is the first evidence and answers none"
		case d.Answers.ID == "" || len(d.Answers.ID) > maxIdentifier || d.Answers.Digest.IsZero():
			return "the evidence answered is named by identifier and digest"
		case d.Answers.ID == d.ID:
			return "an evidence does not answer itself"
		}
		return brokenText("identifier", string(d.Answers.ID))
	}},
}

func brokenReasons(d *Draft) string {
	switch {
	case d.Outcome == Negative && len(d.Reasons) == 0:
		return "a negative evidence says why"
	case d.Outcome == Positive && len(d.Reasons) > 1:
		return "a positive evidence has one reason at most"
	case len(d.Reasons) > maxReasons:
		return fmt.Sprintf("more than %d", maxReasons)
	}
	for _, r := range d.Reasons {
		known, ok := lookup(r.Code)
		switch {
		case !ok:
			return fmt.Sprintf("%q is not on the list", r.Code)
		case known.kinds != nil && !slices.Contains(known.kinds, d.Kind):
			return fmt.Sprintf("%s cannot be true of %s", r.Code, d.Kind)
		case r.Code == rem.Other && r.Detail == rem.Text{}:
			return "Other is explained"
		}
		if broken := brokenText("detail", r.Detail.Turkish) + brokenText("detail", r.Detail.English); broken != "" {
			return broken
		}
	}
	return ""
}

// brokenParty checks somebody who has one address. outer says whether a
// foreign one is allowed.
func brokenParty(p Party, outer bool) string {
	switch {
	case p.Address.IsZero() == (p.Foreign == ""):
		return "a party has exactly one address"
	case p.Foreign != "" && !outer:
		return "an address outside registered mail (REQ-54)"
	}
	return brokenText("address", p.Foreign) + brokenNames(p)
}

func brokenNames(p Party) string {
	if p.Person != "" && (!isURI(string(p.Person)) || len(p.Person) > maxIdentifier) {
		return "the person's identifier is not in the characters of a URI"
	}
	return brokenText("name", p.Name)
}

func brokenRecipients(d *Draft) string {
	if len(d.Recipients) == 0 || len(d.Recipients) > MaxRecipients {
		return fmt.Sprintf("%d recipients; one is needed and %d are the most", len(d.Recipients), MaxRecipients)
	}
	// An accepted submission has recipients of registered mail alone. Any other
	// evidence may have to name what a sender or another REM-MD wrote.
	outer := d.Kind != SubmissionAcceptanceRejection || d.Outcome != Positive
	seen := make(map[Party]bool, len(d.Recipients))
	for i, p := range d.Recipients {
		if broken := brokenParty(p, outer); broken != "" {
			return fmt.Sprintf("recipient %d: %s", i+1, broken)
		}
		address := Party{Address: p.Address, Foreign: p.Foreign}
		if seen[address] {
			return fmt.Sprintf("recipient %d is named twice", i+1)
		}
		seen[address] = true
	}
	return ""
}

func brokenRefersTo(d *Draft) string {
	switch d.Kind {
	case DeliveryNonDeliveryToRecipient, DownloadNonDownloadByRecipient, RetrievalNonRetrievalByRecipient, AcceptanceRejectionByRecipient:
		if d.RefersTo == 0 {
			return fmt.Sprintf("%s is about one recipient, which it names", d.Kind)
		}
		if p, ok := d.Recipient(); ok && p.Address.IsZero() {
			return fmt.Sprintf("%s is about a recipient of registered mail", d.Kind)
		}
	}
	if d.RefersTo < 0 || d.RefersTo > len(d.Recipients) {
		return fmt.Sprintf("recipient %d of %d", d.RefersTo, len(d.Recipients))
	}
	return ""
}

func brokenDelegates(d *Draft) string {
	if len(d.Delegates) > maxDelegates {
		return fmt.Sprintf("more than %d", maxDelegates)
	}
	for i, g := range d.Delegates {
		if g.Name == "" && g.Person == "" && g.Address.IsZero() {
			return fmt.Sprintf("delegate %d is not named", i+1)
		}
		if g.Foreign != "" || len(g.Recipients) == 0 {
			return fmt.Sprintf("delegate %d acts for a recipient and is known to us", i+1)
		}
		if broken := brokenNames(g.Party); broken != "" {
			return fmt.Sprintf("delegate %d: %s", i+1, broken)
		}
		for j, n := range g.Recipients {
			if n < 1 || n > len(d.Recipients) || slices.Contains(g.Recipients[:j], n) {
				return fmt.Sprintf("delegate %d acts for recipient %d of %d", i+1, n, len(d.Recipients))
			}
			if d.RefersTo != 0 && n != d.RefersTo {
				return fmt.Sprintf("delegate %d acts for recipient %d, and the evidence is about %d", i+1, n, d.RefersTo)
			}
		}
	}
	return ""
}

func brokenTimes(d *Draft) string {
	switch {
	case !isTime(d.EventTime):
		return "the event time is missing or not in UTC"
	case d.SubmissionTime.IsZero() && d.Kind != ReceivedFromNonREMSystem:
		return "the submission time is missing"
	case !d.SubmissionTime.IsZero() && !isTime(d.SubmissionTime):
		return "the submission time is not in UTC"
	case d.SubmissionTime.After(d.EventTime) && d.Issuer.Address.Provider() == d.Sender.Address.Provider():
		// Two providers have two clocks; one provider has one.
		return "the event is before the submission"
	}
	return ""
}

func brokenAuthentication(d *Draft) string {
	for _, a := range []Authentication{d.SenderAuthentication, d.RecipientAuthentication} {
		if !a.IsZero() && (!isTime(a.Time) || !isURI(a.Method)) {
			return "time (UTC) and method (URI) go together"
		}
	}
	if d.Outcome != Positive {
		return ""
	}
	switch d.Kind {
	case SubmissionAcceptanceRejection:
		if d.SenderAuthentication.IsZero() {
			return "an accepted submission says how the sender proved who he is"
		}
	case RetrievalNonRetrievalByRecipient, DownloadNonDownloadByRecipient, AcceptanceRejectionByRecipient:
		if d.RecipientAuthentication.IsZero() {
			return "it says how the person who opened or answered proved who he is"
		}
	}
	return ""
}

func brokenMessage(m MessageDetails) string {
	switch {
	case !isMessageID(string(m.ID)):
		return "the identifier is one of RFC 5322 3.6.4 without brackets"
	case m.Size < 0:
		return "a negative size"
	}
	return brokenText("subject", m.Subject) + brokenText("identifier of the sender's program", m.UAMessageID)
}

func brokenLog(d *Draft) string {
	if len(d.Log) > maxLog {
		return fmt.Sprintf("more than %d entries", maxLog)
	}
	for i, e := range d.Log {
		switch {
		case e.Event == "" || !isTime(e.Time):
			return fmt.Sprintf("entry %d has no event or no time in UTC", i+1)
		case i > 0 && e.Time.Before(d.Log[i-1].Time):
			return fmt.Sprintf("entry %d is older than the one before it", i+1)
		}
		if broken := brokenText("event", e.Event) + brokenText("actor", e.Actor); broken != "" {
			return broken
		}
	}
	return ""
}

// brokenText checks a text that people or programs wrote. Characters that XML
// cannot hold are no fault of the draft: the writer replaces them.
func brokenText(what, s string) string {
	if len(s) > maxText {
		return fmt.Sprintf("the %s is longer than %d octets. ", what, maxText)
	}
	return ""
}

// isTime accepts a UTC time of the four-digit years.
func isTime(t time.Time) bool {
	return !t.IsZero() && t.Location() == time.UTC && t.Year() >= 1 && t.Year() <= 9999
}

// isIdentifier accepts an xs:ID in ASCII: it never begins with a digit.
func isIdentifier(s string) bool {
	if s == "" || len(s) > maxIdentifier {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '.' && c != '-') {
			return false
		}
	}
	return true
}

// isMessageID accepts the id-left "@" id-right of RFC 5322 3.6.4 in printable
// ASCII without brackets, space and quotes.
func isMessageID(s string) bool {
	left, right, ok := strings.Cut(s, "@")
	return ok && left != "" && right != "" && len(s) <= maxIdentifier && only(&messageIDChars, left) && only(&messageIDChars, right)
}

// isURI accepts the characters that RFC 3986 2 allows in a URI.
func isURI(s string) bool {
	return s != "" && len(s) <= maxText && only(&uriChars, s)
}

// The characters of a side of a message identifier, and of a URI.
var (
	messageIDChars = graphic("<>\"\\(),;@")
	uriChars       = graphic("<>\"{}|\\^`")
)

// graphic marks the graphic ASCII characters but some.
func graphic(except string) (set [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		set[c] = strings.IndexByte(except, c) < 0
	}
	return set
}

func only(set *[256]bool, s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}
