package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about events, hooks and bulk sending (message/happening,
// message/bulk, edge/apistore).
const (
	hookSetting privacy.DatumID = "hook"
	bulkState   privacy.DatumID = "bulk-state"
	bulkAddress privacy.DatumID = "bulk-address"
)

func happeningData() []privacy.Datum {
	own := []privacy.SubjectID{privacy.Holders, privacy.Operators}
	all := []privacy.SubjectID{privacy.Holders, privacy.Operators, privacy.Correspondents}
	return []privacy.Datum{
		datum(hookSetting, text("Olayların bildirileceği adres ve bildirim anahtarı", "The address to which events are sent, and its secret"), privacy.Customer, own, []privacy.PurposeID{privacy.AccountUse}, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(bulkState, text("Toplu gönderimin kim tarafından başlatıldığı ve satırlarının durumu", "Who began a bulk sending, and where its rows stand"), privacy.Customer, own, []privacy.PurposeID{privacy.AccountUse, privacy.Carriage}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(bulkAddress, text("Toplu gönderim listesindeki alıcı adresleri", "Addresses of recipients in the list of a bulk sending"), privacy.ContactData, all, []privacy.PurposeID{privacy.AccountUse, privacy.Carriage}, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
	}
}

// happeningRecords are the columns of what programs are told and send in bulk.
func happeningRecords() []privacy.Holding {
	own, no := []privacy.RecipientID{privacy.OwnPeople}, []privacy.RecipientID{privacy.Nobody}
	kept := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepAccount, own}
	var list []privacy.Holding
	each := func(m manner, d privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(name, d))
		}
	}
	each(kept, accountID, "event.account", "event_newest.account")
	each(kept, messageID, "event.message")
	each(kept, traffic, "event.at", "event.kind", "event.recipient", "event.evidence", "event.of", "event.outcome")
	each(kept, accountID, "hook.account", "bulk_job.account")
	each(kept.as(privacy.Pseudonym), personID, "hook.person", "bulk_job.holder", "bulk_job.person")
	each(kept, hookSetting, "hook.url", "hook.kinds", "hook.made", "hook.state")
	each(manner{privacy.Column, privacy.ProgramSealed, privacy.DataFolder, privacy.KeepAccount, no}, hookSetting, "hook.secret")
	each(kept, bulkState, "bulk_job.method", "bulk_job.proved", "bulk_job.proof", "bulk_job.kind", "bulk_job.made", "bulk_job.state", "bulk_item.draft", "bulk_item.step", "bulk_item.at")
	each(kept, digest, "bulk_item.digest")
	each(kept, messageID, "bulk_item.message")
	m := manner{privacy.Field, privacy.Sealed, privacy.DataFolder, privacy.KeepAccount, own}
	list = append(list, m.holds("bulk.sealedFields.Address", bulkAddress))
	return append(list, slices.Concat(
		technical(privacy.Column, byParts, "bulk_item.address"),
		technical(privacy.PageAddress, random, "{hook}"),
		technical(privacy.Column, order, "event.number", "event_newest.number", "hook.cursor", "hook.upto", "hook_delivery.upto", "hook_delivery.after", "hook_delivery.events", "bulk_job.cursor", "bulk_item.row"),
		technical(privacy.Column, position, "event_position.one", "event_position.position"),
		technical(privacy.Column, ofSystem, "hook.failing", "hook.attempts", "hook.due", "hook.confirmed", "hook_delivery.tries", "hook_delivery.at"),
		technical(privacy.Column, ofCode, "hook.fault", "hook_delivery.fault"),
		technical(privacy.Column, ofSentence, "bulk_item.tr", "bulk_item.en"),
		technical(privacy.Column, random, "hook.id", "hook_delivery.hook", "bulk_job.id", "bulk_item.job"),
	)...)
}
