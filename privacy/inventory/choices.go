package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about what people were told and what they chose
// (privacy/notice, privacy/consent).
const (
	told        privacy.DatumID = "notice-delivery"
	choice      privacy.DatumID = "consent-choice"
	visitorName privacy.DatumID = "visitor-identifier"
)

func choices() []privacy.Datum {
	var (
		who   = []privacy.SubjectID{privacy.Applicants, privacy.Holders, privacy.Operators}
		proof = []privacy.PurposeID{privacy.LegalRecord}
	)
	return []privacy.Datum{
		datum(told, text("Aydınlatma bildiriminin kişiye verildiği", "That the privacy notice was given to the person"), privacy.Legal, append([]privacy.SubjectID{privacy.Visitors}, who...),
			proof, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(choice, text("Açık rıza seçimi ve gösterilen metin", "Choice about consent, and the text that was shown"), privacy.Legal, who,
			proof, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(visitorName, text("Ziyaretçiye verilen rastgele ad", "Random name given to a visitor"), privacy.Customer, []privacy.SubjectID{privacy.Visitors},
			proof, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// choiceRecords are the fields of the entries of three chains: publications and
// deliveries of the notice (docs/formats/notice.md) and consents
// (docs/formats/consent.md). They point at people by identifiers alone.
func choiceRecords() []privacy.Holding {
	record := manner{privacy.Field, privacy.Plain, privacy.DataFolder, privacy.KeepRecord, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	staff := record
	staff.to = []privacy.RecipientID{privacy.OwnStaff}
	return slices.Concat(
		[]privacy.Holding{
			staff.holds("notice.Publication.By", personID, staffAct),
			staff.holds("publication.Publication.By", personID, staffAct),
			record.holds("notice.Delivery.Person", personID, told),
			staff.holds("notice.Delivery.Visitor", visitorName, told),
			record.holds("notice.Delivery.Version", told),
			record.holds("notice.Delivery.Digest", told),
			record.holds("notice.Delivery.Language", told),
			record.holds("notice.Delivery.Channel", told),
			record.holds("notice.Delivery.Act", told),
			record.holds("notice.Delivery.By", personID, staffAct),
			record.holds("chain.Link.Time", told, choice),
			record.holds("consent.Circumstances.Person", personID, choice),
			record.holds("consent.Circumstances.Capacity", choice),
			record.holds("consent.Circumstances.Authority", choice),
			record.holds("consent.Circumstances.Channel", choice),
			record.holds("consent.Entry.Purpose", choice),
			record.holds("consent.Entry.Action", choice),
			record.holds("consent.Entry.NoticeVersion", told, choice),
			record.holds("consent.Entry.Notice", told, choice),
			record.holds("consent.Entry.Language", choice),
			record.holds("consent.Entry.Text", choice),
			record.holds("consent.Entry.Withdraws", choice),
		},
		technical(privacy.Field, byParts, "notice.Publication.Link", "publication.Publication.Link", "notice.Delivery.Link", "consent.Entry.Link", "consent.Entry.Circumstances", "consent.Circumstances.Actor"),
		technical(privacy.Field, order, "chain.Link.Number", "chain.Link.Previous"),
		technical(privacy.Field, ofPeer, "publication.Publication.Effective", "publication.Publication.Digest", "publication.Publication.Token", "publication.Publication.Source",
			"notice.Publication.Effective", "notice.Publication.Digest", "notice.Publication.Source"),
	)
}
