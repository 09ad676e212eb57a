package evidence

import (
	"errors"
	"fmt"
	"strings"

	"rem"
	"rem/trust/strictxml"
)

const (
	space532     = "http://uri.etsi.org/19532/v1#"
	spaceSAML    = "urn:oasis:names:tc:SAML:2.0:assertion"
	event522     = "http://uri.etsi.org/19522/Event/"
	reason522    = "http://uri.etsi.org/19522/EventReason/"
	legalName522 = "http://eidas.europa.eu/attributes/legalperson/LegalName"
)

// events522 maps the events of EN 319 522-1 to kind and outcome. The mapping
// is ours (docs/formats/evidence.md): no standard has one.
var events522 = map[string]struct {
	kind    Kind
	outcome Outcome
}{
	"SubmissionAcceptance":             {SubmissionAcceptanceRejection, Positive},
	"SubmissionRejection":              {SubmissionAcceptanceRejection, Negative},
	"RelayAcceptance":                  {RelayREMMDAcceptanceRejection, Positive},
	"RelayRejection":                   {RelayREMMDAcceptanceRejection, Negative},
	"RelayFailure":                     {RelayREMMDFailure, Negative},
	"NotificationForAcceptance":        {DeliveryNonDeliveryToRecipient, Positive},
	"NotificationForAcceptanceFailure": {DeliveryNonDeliveryToRecipient, Negative},
	"ConsignmentAcceptance":            {AcceptanceRejectionByRecipient, Positive},
	"ConsignmentRejection":             {AcceptanceRejectionByRecipient, Negative},
	"AcceptanceRejectionExpiry":        {AcceptanceRejectionByRecipient, Negative},
	"ContentConsignment":               {DeliveryNonDeliveryToRecipient, Positive},
	"ContentConsignmentFailure":        {DeliveryNonDeliveryToRecipient, Negative},
	"ConsignmentNotification":          {DeliveryNonDeliveryToRecipient, Positive},
	"ConsignmentNotificationFailure":   {DeliveryNonDeliveryToRecipient, Negative},
	"ContentHandover":                  {RetrievalNonRetrievalByRecipient, Positive},
	"ContentHandoverFailure":           {RetrievalNonRetrievalByRecipient, Negative},
	"RelayToNonERDS":                   {RelayToNonREMSystem, Positive},
	"RelayToNonERDSFailure":            {RelayToNonREMSystem, Negative},
	"ReceivedFromNonERDS":              {ReceivedFromNonREMSystem, Positive},
}

// reasons522 maps the reasons of EN 319 522-2, tables 7 to 12, with those that
// the REM baseline adds. Reasons that only say that all went well have none.
var reasons522 = []struct {
	code, name string
	reason     rem.Reason
}{
	{"RA01", "MessageAccepted", ""},
	{"RA02", "InvalidMessageFormat", rem.InvalidMessageFormat},
	{"RA03", "MalwareFound", rem.MalwareFound},
	{"RA04", "SenderSigningCertExpiredOrRevoked", rem.UserCertExpiredOrRevoked},
	{"RA05", "S_ERDS_PolicyViolation", rem.PolicyViolation},
	{"RA51", "S_ERDS_Malfunction", rem.TechnicalMalfunction},
	{"RB01", "S_ERDS_MessageSuccessfullyRelayed", ""},
	{"RB02", "R_ERDS_MessageRejected", rem.InvalidMessageFormat},
	{"RB03", "R_ERDS_MessageRejectedForMalware", rem.MalwareFound},
	{"RB04", "R_ERDS_MessageRejectedForInvalidSignature", rem.PolicyViolation},
	{"RB05", "R_ERDS_MessageRejectedForInvalidCertificate", rem.PolicyViolation},
	{"RB06", "R_ERDS_PolicyViolation", rem.PolicyViolation},
	{"RB07", "R_ERDS_Malfunction", rem.PeerMalfunction},
	{"RB08", "R_ERDS_NotIdentified", rem.PeerNotIdentified},
	{"RB09", "R_ERDS_Unreachable", rem.PeerUnreachable},
	{"RB10", "UnknownRecipient", rem.UnknownRecipient},
	{"RB21", "MessageNotAcceptedForUnregisteredRecipient", rem.UnknownRecipient},
	{"RB22", "S_ERDSP_ReceivedNoRelayAcceptanceInfoFromR_ERDSP", rem.NoDeliveryInformation},
	{"RC07", "MessageAcceptedByRecipient", ""},
	{"RC08", "MessageRejectedByRecipient", rem.RecipientRejection},
	{"RC09", "MessageNotAcceptedInTimeByRecipient", rem.RetentionPeriodExpired},
	{"RD01", "MessageConsignedToRecipient", ""},
	{"RD02", "MessageConsignedToDelegate", ""},
	{"RD03", "S_ERDSP_ReceivedNoDeliveryInfoFromR_ERDSP", rem.NoDeliveryInformation},
	{"RD04", "MessageNotConsignedForQuota", rem.MailboxFull},
	{"RD05", "MessageNotConsignedForMalfunction", rem.TechnicalMalfunction},
	{"RD06", "MessageNotConsignedForUnallowedType", rem.AttachmentNotAccepted},
	{"RD21", "MessageNotConsignedForUnregisteredRecipient", rem.UnknownRecipient},
	{"RE01", "MessageHandedOver", ""},
	{"RE02", "MessageHandedOverToDelegate", ""},
	{"RE03", "MessageNotHandedOverForUnallowedType", rem.AttachmentNotAccepted},
	{"RE04", "MessageHandoverTimeout", rem.RetentionPeriodExpired},
	{"RF01", "MessageRelayedToNonERDS", ""},
	{"RF02", "ExternalSystemUnreachable", rem.RegularMailUnreachable},
	{"RF03", "MessageRejectedByExternalSystem", rem.RegularMailRejection},
	{"RF04", "MessageReceivedFromNonERDS", ""},
	{"RF51", "RelayToNonERDSNotAllowed", rem.PolicyViolation},
}

// reasonOf522 takes the URI's name; a reason off the list is Other.
func reasonOf522(code string, _ []string) rem.Reason {
	name := strings.TrimPrefix(code, reason522)
	for _, r := range reasons522 {
		if r.name == name || r.code == name {
			return r.reason
		}
	}
	return rem.Other
}

// once522 lists the children of Evidence that stand at most once.
// EN 319 522-3 sets no elementFormDefault, so some are in no namespace at all;
// the prose and the schema disagree about ExternalSystem, and both are read.
var once522 = []string{
	"EvidenceIdentifier", "ERDSEventId", "EventReasons", "EventTime", "EvidenceIssuerPolicyID", "EvidenceIssuerDetails", "SenderDetails",
	"SenderDelegateDetails", "SubmissionTime", "EvidenceRefersToRecipient", "MessageIdentifier", "UserContentInfo", "ExternalERDSDetails",
	"ForwardedToExternalSystem", "ExternalSystem", "TransactionLogInformation", "Extensions",
}

func (e *Evidence) read522(root *strictxml.Element) error {
	if root.Local != "Evidence" {
		return fmt.Errorf("the root is %s, not Evidence", root.Local)
	}
	e.Version = attribute(root, "version")
	ns := []string{space522, ""}
	f := make(fields)
	var recipients, delegates []*strictxml.Element
	if err := whiteBetween(root); err != nil {
		return err
	}
	for c := range root.ChildElements() {
		switch {
		case c.Is(spaceDS, "Signature"):
		case !has(ns, c.Space):
			return fmt.Errorf("Evidence holds %s of %q, which it does not know", c.Local, c.Space)
		case c.Local == "RecipientDetails" && len(recipients) < MaxRecipients:
			recipients = append(recipients, c)
		case c.Local == "RecipientsDelegateDetails" && len(delegates) < maxDelegates:
			delegates = append(delegates, c)
		case !has(once522, c.Local) || f[c.Local] != nil:
			return fmt.Errorf("Evidence holds %s twice, too often or without knowing it", c.Local)
		default:
			f[c.Local] = c
		}
	}
	for _, name := range []string{"EvidenceIdentifier", "ERDSEventId", "EventTime", "EvidenceIssuerDetails", "SenderDetails"} {
		if f[name] == nil {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if len(recipients) == 0 {
		return errors.New("there is no recipient")
	}
	if err := e.readEvent522(f); err != nil {
		return err
	}
	id, err := f.text("EvidenceIdentifier")
	if err != nil || id == "" {
		return fmt.Errorf("EvidenceIdentifier is empty or unreadable: %w", errors.Join(err))
	}
	e.ID = rem.EvidenceID(messageID(id))
	if err := e.readReasons(f["EventReasons"], ns, reasonOf522); err != nil {
		return err
	}
	e.dropGoodReasons()
	if e.EventTime, err = f.time("EventTime"); err != nil {
		return err
	}
	if e.SubmissionTime, err = f.time("SubmissionTime"); err != nil {
		return err
	}
	if e.PolicyIDs, err = texts(f["EvidenceIssuerPolicyID"], "PolicyID", maxPolicies); err != nil {
		return err
	}
	if e.Issuer, _, err = user522(f["EvidenceIssuerDetails"]); err != nil {
		return err
	}
	if e.Sender, e.SenderAuthentication, err = user522(f["SenderDetails"]); err != nil {
		return err
	}
	for i, c := range recipients {
		p, a, err := user522(c)
		if err != nil {
			return fmt.Errorf("recipient %d: %w", i+1, err)
		}
		if !a.IsZero() {
			e.RecipientAuthentication = a
		}
		e.Recipients = append(e.Recipients, p)
	}
	for _, c := range delegates {
		if err := e.readDelegate522(c); err != nil {
			return err
		}
	}
	if err := e.readRefersTo(f); err != nil {
		return err
	}
	mid, err := f.text("MessageIdentifier")
	if err != nil {
		return err
	}
	e.Message.ID = messageID(mid)
	if err := e.readContent522(f["UserContentInfo"]); err != nil {
		return err
	}
	for _, name := range []string{"ForwardedToExternalSystem", "ExternalSystem"} {
		s, err := f.text(name)
		if err != nil {
			return err
		}
		if s != "" {
			e.ForwardedTo = s
		}
	}
	return e.readExtensions(f["Extensions"])
}

func (e *Evidence) readEvent522(f fields) error {
	var err error
	if e.Event, err = f.text("ERDSEventId"); err != nil {
		return err
	}
	name, ok := strings.CutPrefix(e.Event, event522)
	event, known := events522[name]
	if !ok || !known {
		return fmt.Errorf("the event %q is not known", e.Event)
	}
	e.Kind, e.Outcome = event.kind, event.outcome
	return nil
}

// dropGoodReasons leaves out the reasons that only repeat a good outcome; they
// stay in Codes.
func (e *Evidence) dropGoodReasons() {
	kept := e.Reasons[:0]
	for _, r := range e.Reasons {
		if r.Code != "" {
			kept = append(kept, r)
		}
	}
	e.Reasons = kept
	if len(kept) == 0 {
		e.Reasons = nil
	}
}

// user522 reads the details of an issuer or a user: the identifier is the
// address, the SAML attribute LegalName the name. Natural persons come as a
// hash (EN 319 532-4 C.3.4), which names nobody to us.
func user522(c *strictxml.Element) (p Party, a Authentication, err error) {
	for child := range c.ChildElements() {
		if child.Space != space522 && child.Space != "" {
			return p, a, fmt.Errorf("%s holds %s of %q", c.Local, child.Local, child.Space)
		}
		switch child.Local {
		case "Identifier":
			s, err := child.Text()
			if err != nil {
				return p, a, fmt.Errorf("reading Identifier: %w", err)
			}
			if err := p.take("", s, false); err != nil {
				return p, a, err
			}
		case "Identity":
			for attr := range child.ChildElements() {
				if !attr.Is(spaceSAML, "Attribute") || attribute(attr, "Name") != legalName522 {
					continue
				}
				if v := attr.Child(spaceSAML, "AttributeValue"); v != nil {
					if p.Name, err = v.Text(); err != nil {
						return p, a, fmt.Errorf("reading LegalName: %w", err)
					}
				}
			}
		case "AssuranceLevelsDetails":
			for d := range child.ChildElements() {
				if d.Local == "AuthenticationDetails" && d.Space == space522 {
					if a, err = authentication(d); err != nil {
						return p, a, err
					}
				}
			}
		}
	}
	return p, a, errors.Join(tooLong(p.Name), tooLong(p.Foreign))
}

func (e *Evidence) readDelegate522(c *strictxml.Element) error {
	p, _, err := user522(c)
	if err != nil {
		return err
	}
	g := Delegate{Party: p}
	for child := range c.ChildElements() {
		if child.Local == "DelegatingRecipients" {
			s, err := child.Text()
			if err != nil {
				return fmt.Errorf("reading DelegatingRecipients: %w", err)
			}
			if g.Recipients, err = e.places(nil, s); err != nil {
				return err
			}
		}
	}
	e.Delegates = append(e.Delegates, g)
	return nil
}

// readContent522 reads UserContentInfo. The digest counts when there is one
// part: then it is that of the original (EN 319 532-4 table C.18).
func (e *Evidence) readContent522(c *strictxml.Element) error {
	if c == nil {
		return nil
	}
	parts := 0
	for child := range c.ChildElements() {
		switch child.Local {
		case "AppLayerIdentifier":
			s, err := child.Text()
			if err != nil {
				return fmt.Errorf("reading AppLayerIdentifier: %w", err)
			}
			e.Message.UAMessageID = s
		case "PartsInfo":
			for part := range child.ChildElements() {
				if parts++; parts > 1 {
					e.DigestHash, e.DigestValue, e.Message.Digest = 0, nil, rem.Digest{}
					break
				}
				h, value, err := digest(part.Child(spaceDS, "DigestMethod"), part.Child(spaceDS, "DigestValue"))
				if err != nil {
					return err
				}
				e.DigestHash, e.DigestValue = h, value
				if len(value) == len(e.Message.Digest) {
					copy(e.Message.Digest[:], value)
				}
			}
		}
	}
	return tooLong(e.Message.UAMessageID)
}

// readRelayInfo reads which recipients a relay evidence is about; none means
// all of them (EN 319 532-4).
func (e *Evidence) readRelayInfo(c *strictxml.Element) error {
	if e.RefersTo != 0 {
		return errors.New("an evidence refers to recipients in two places")
	}
	for child := range c.ChildElements() {
		if !child.Is(space532, "RelayEvidenceRefersTo") {
			continue
		}
		s, err := child.Text()
		if err != nil {
			return fmt.Errorf("reading RelayEvidenceRefersTo: %w", err)
		}
		n, err := e.places(nil, s)
		if err != nil || len(n) != 1 || len(e.Concerns) == MaxRecipients {
			return fmt.Errorf("RelayEvidenceRefersTo is %q of %d recipients", s, len(e.Recipients))
		}
		e.Concerns = append(e.Concerns, n[0])
	}
	if len(e.Concerns) == 1 {
		e.RefersTo = e.Concerns[0]
	}
	return nil
}
