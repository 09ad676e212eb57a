package timeline

import (
	"slices"
	"time"

	"rem"
	"rem/message"
	"rem/message/evidence"
	"rem/trust/validation"
)

// Türkiye is the local time of pages: UTC+3 the whole year.
var Türkiye = time.FixedZone("UTC+3", 3*60*60)

// A Message is what became of a message.
type Message struct {
	ID          rem.MessageID
	Origin      string // domain of the sender's REM-MD
	Sender      Party
	Subject     string
	UAMessageID string
	Submitted   time.Time
	Digest      rem.Digest // of the original
	Size        int64      // of the original, octets
	Recipients  []Recipient
	// Evidence is all evidence that is shown, in order of time.
	Evidence []Evidence
	Summary  Summary
}

// A Party is a sender or recipient as it is shown.
type Party struct {
	// Address is as it was written where it could not be read.
	Address string
	Name    string
}

// A Recipient is one person's part of the message.
type Recipient struct {
	Party
	Number int  // from 1, in the order of To and Cc
	Copy   bool // from Cc
	Leg    message.Leg
	State  message.State
	// Stands says the state in a sentence.
	Stands rem.Text
	Since  time.Time
	// Until is when the period ends within which the awaited is to come; zero
	// when nothing is awaited, or nothing says until when.
	Until time.Time
	// Steps are in the order of the journey.
	Steps []Step
	// Others is evidence that belongs to no step.
	Others []Evidence
	// Conflict: an evidence was received that contradicts what was known.
	Conflict bool
}

// An Evidence is one evidence as it is shown.
type Evidence struct {
	ID      rem.EvidenceID
	Kind    message.Kind
	Outcome message.Outcome
	// Code is the number of kind and outcome; see [message.Kind.Code].
	Code string
	Name rem.Text
	// Recipient is 0 when it concerns all.
	Recipient int
	Issuer    string // domain
	Time      time.Time
	Reasons   []Reason
	Digest    rem.Digest // SHA-256 of its XML
	// NoInformation: it says only that no information came in time.
	NoInformation bool
	// Conflict: it contradicts what was known before it, and counts for nothing.
	Conflict bool
	// Late: it came after an evidence that no information had come.
	Late bool
	// Judgement is nil when nobody verified it now.
	Judgement *Judgement
}

// A Reason is why something did not happen.
type Reason struct {
	Code rem.Reason
	Text rem.Text
}

// A Judgement is what verifying an evidence gave.
type Judgement struct {
	Verdict validation.Verdict
	Sub     validation.SubIndication
	// Sentence says it for people.
	Sentence rem.Text
	// Proven is the time that a time-stamp token proves; zero: none.
	Proven time.Time
	// Signer is the subject of the certificate that signed.
	Signer string
	Checks []Check
}

// A Check is one thing that was looked at.
type Check struct {
	Name   rem.Text
	Passed bool
	Detail string // English, technical; may be empty
}

// Options say what is shown.
type Options struct {
	// Only are the numbers of the recipients that are shown; nil: all. The
	// recipient of a message sees himself alone.
	Only []int
	// Judgements are those of [Judge]; nil: none.
	Judgements Judgements
}

// Of tells a message as the ledger has it. It changes nothing and asks nobody.
func Of(v *message.View, o Options) *Message {
	r := &v.Record
	m := &Message{
		ID: r.ID, Origin: r.Origin, Sender: partyOf(r.Sender), Subject: r.Subject, UAMessageID: r.UAMessageID,
		Submitted: r.Submitted, Digest: r.Digest, Size: r.Size,
	}
	shown := func(n int) bool { return len(o.Only) == 0 || slices.Contains(o.Only, n) }
	for i, f := range v.Filed {
		if f.Recipient != 0 && !shown(f.Recipient) {
			continue
		}
		e := evidenceOf(f)
		e.Late = late(v.Filed[:i], f)
		e.Judgement = o.Judgements.of(f)
		m.Evidence = append(m.Evidence, e)
	}
	slices.SortStableFunc(m.Evidence, func(a, b Evidence) int { return a.Time.Compare(b.Time) })
	for i := range r.Recipients {
		if shown(i + 1) {
			m.Recipients = append(m.Recipients, m.recipient(r, v.Standing(i+1)))
		}
	}
	m.Summary = summarise(m)
	return m
}

func partyOf(p message.Party) Party {
	if p.Address.IsZero() {
		return Party{p.Raw, p.Name}
	}
	return Party{p.Address.String(), p.Name}
}

func evidenceOf(f message.Filed) Evidence {
	e := Evidence{
		ID: f.ID, Kind: f.Kind, Outcome: f.Outcome, Code: f.Kind.Code(f.Outcome), Name: Name(f.Claim()),
		Recipient: f.Recipient, Issuer: f.Issuer, Time: f.Time.UTC(), Digest: f.Digest,
		NoInformation: f.NoInformation, Conflict: f.Conflict,
	}
	for _, code := range f.Reasons {
		e.Reasons = append(e.Reasons, Reason{code, evidence.ReasonText(code)})
	}
	return e
}

// late reports whether the evidence tells what an earlier one said that nobody
// had told in time.
func late(before []message.Filed, f message.Filed) bool {
	if f.NoInformation || f.Conflict {
		return false
	}
	return slices.ContainsFunc(before, func(b message.Filed) bool {
		return b.NoInformation && (b.Recipient == f.Recipient || b.Recipient == 0 || f.Recipient == 0) && f.Kind != message.SubmissionAcceptanceRejection
	})
}

// Find returns recipient n, or nil when he is not shown.
func (m *Message) Find(n int) *Recipient {
	for i := range m.Recipients {
		if m.Recipients[i].Number == n {
			return &m.Recipients[i]
		}
	}
	return nil
}

// Verdict is the worst verdict of all evidence, and false when there is none
// that was verified.
func (m *Message) Verdict() (worst validation.Verdict, any bool) {
	worst = validation.TotalPassed
	for _, e := range m.Evidence {
		if e.Judgement == nil {
			return validation.Indeterminate, false
		}
		if weight(e.Judgement.Verdict) > weight(worst) {
			worst = e.Judgement.Verdict
		}
	}
	return worst, len(m.Evidence) > 0
}

func weight(v validation.Verdict) int {
	switch v {
	case validation.TotalPassed:
		return 0
	case validation.TotalFailed:
		return 2
	}
	return 1
}
