package evidence

import "rem/message"

// About returns a draft that holds what is the same in every evidence about a
// message: the parties, the submission and the message's details. The caller
// adds what happened. Later evidence copies the digest of the first one and
// does not compute it again.
func About(r *message.Record) Draft {
	d := Draft{
		SubmissionTime:       r.Submitted,
		Sender:               PartyOf(r.Sender),
		SenderAuthentication: Authentication(r.SenderAuthentication),
		Recipients:           make([]Party, len(r.Recipients)),
		Message: MessageDetails{
			Subject:     r.Subject,
			UAMessageID: r.UAMessageID,
			ID:          r.ID,
			Digest:      r.Digest,
			Size:        r.Size,
		},
	}
	for i := range r.Recipients {
		d.Recipients[i] = PartyOf(r.Recipients[i].Party)
	}
	return d
}

// PartyOf names a sender or recipient of a record.
func PartyOf(p message.Party) Party {
	return Party{Name: p.Name, Address: p.Address, Foreign: p.Raw}
}

// FiledAs returns the evidence as the ledger keeps it. noInformation is that of
// the transition which owed it.
func (s Signed) FiledAs(noInformation bool) message.Filed {
	f := message.Filed{
		ID: s.ID, Kind: s.Kind, Outcome: s.Outcome, Recipient: s.Draft.RefersTo,
		Issuer: s.Draft.Issuer.Address.Domain(), Time: s.Time, NoInformation: noInformation,
		XML: s.XML, Digest: s.Digest(),
	}
	for _, r := range s.Draft.Reasons {
		f.Reasons = append(f.Reasons, r.Code)
	}
	return f
}

// AnswerTo finds which evidence the next one about recipient n answers: the
// newest that is about him, or about all. What conflicts is not answered.
func AnswerTo(filed []message.Filed, n int) Answer {
	for i := len(filed) - 1; i >= 0; i-- {
		f := filed[i]
		if (f.Recipient == n || f.Recipient == 0) && !f.Conflict {
			return Answer{f.ID, f.Digest}
		}
	}
	return Answer{}
}
