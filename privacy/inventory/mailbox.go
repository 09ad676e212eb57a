package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known for mailboxes (message/mailbox, edge/mailstore).
const (
	folderLabel    privacy.DatumID = "mailbox-folder-name"
	mailboxMarks   privacy.DatumID = "mailbox-marks"
	mailboxWords   privacy.DatumID = "mailbox-words"
	draftText      privacy.DatumID = "mailbox-draft"
	draftState     privacy.DatumID = "mailbox-draft-state"
	keptForWriting privacy.DatumID = "mailbox-keepsake"
	mailboxChoices privacy.DatumID = "mailbox-preferences"
)

func mailboxData() []privacy.Datum {
	own := []privacy.SubjectID{privacy.Holders, privacy.Operators}
	all := []privacy.SubjectID{privacy.Holders, privacy.Operators, privacy.Correspondents, privacy.Mentioned}
	use := []privacy.PurposeID{privacy.AccountUse}
	return []privacy.Datum{
		datum(folderLabel, text("Hesaptakilerin klasörlere verdiği adlar", "What the people of an account call their folders"), privacy.Letters, all, use, privacy.ByPerson, privacy.Unseen, privacy.Confidential, ""),
		datum(mailboxMarks, text("İletilerin klasörü ve işaretleri", "Folders and marks of messages"), privacy.Customer, own, use, privacy.ByPerson, privacy.NotSpecial, privacy.Internal, ""),
		datum(mailboxWords, text("İletilerde arama için sözcüklerin anahtarlı özetleri", "Keyed digests of words, to search messages"), privacy.Letters, all, use, privacy.ByProgram, privacy.Unseen, privacy.Confidential, ""),
		datum(draftText, text("Taslağın alıcıları, konusu, metni ve ekleri", "Recipients, subject, text and attachments of a draft"), privacy.Letters, all, []privacy.PurposeID{privacy.AccountUse, privacy.Carriage}, privacy.ByPerson, privacy.Unseen, privacy.Secret, ""),
		datum(draftState, text("Taslağı kimin, ne zaman hazırladığı ve imzalayacağı", "Who prepares a draft and signs it, and when"), privacy.Customer, own, []privacy.PurposeID{privacy.AccountUse, privacy.Carriage}, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
		datum(keptForWriting, text("Kişi rehberi, gruplar, şablonlar ve imza metinleri", "Contacts, groups, templates and signature texts"), privacy.ContactData, all, use, privacy.ByPerson, privacy.Unseen, privacy.Confidential, ""),
		datum(mailboxChoices, text("Posta kutusu tercihleri", "Preferences of the mailbox"), privacy.Customer, own, use, privacy.ByPerson, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// mailboxHoldings are the columns of edge/mailstore and what is sealed in them.
func mailboxHoldings() []privacy.Holding {
	people := []privacy.RecipientID{privacy.OwnPeople}
	account := manner{privacy.Column, privacy.Plain, privacy.DataFolder, privacy.KeepAccount, people}
	sealed := manner{privacy.Field, privacy.Sealed, privacy.DataFolder, privacy.KeepAccount, people}
	index := manner{privacy.Column, privacy.Hashed, privacy.DataFolder, privacy.KeepAccount, []privacy.RecipientID{privacy.Nobody}}
	var list []privacy.Holding
	each := func(m manner, of string, data []privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(of+name, data...))
		}
	}
	of := func(d ...privacy.DatumID) []privacy.DatumID { return d }

	each(account, "box_account.", of(accountID), "id")
	each(account, "box_folder.", of(personID), "holder")
	each(account, "box_folder.", of(mailboxMarks), "items", "unopened", "unseen", "bytes")
	each(index, "box_folder.", of(folderLabel), "token")
	each(account, "box_item.", of(messageID), "message")
	each(account, "box_item.", of(traffic), "kind", "recipient", "evidence", "at", "progress")
	each(account, "box_item.", of(mailboxMarks), "folder", "flags", "trashed")
	each(account, "box_item.", of(digest), "size", "attachments")
	each(account, "box_item.", of(opening), "opened")
	each(account, "box_item.", of(personID), "person")
	each(account, "box_item.", of(draftState), "draft")
	each(index, "box_word.", of(mailboxWords), "text")
	each(index, "box_word_data.", of(mailboxWords), "block")
	each(index, "box_word_idx.", of(mailboxWords), "term")
	each(account, "box_draft.", of(personID), "holder", "author", "signer")
	each(account, "box_draft.", of(draftState), "id", "version", "step", "saved", "send_at")
	each(account, "box_draft.", of(messageID), "answers")
	each(account, "box_draft.", of(digest), "original")
	each(account, "box_file.", of(draftState), "draft", "made")
	each(account, "box_file.", of(digest), "size", "digest")
	each(account, "box_file.", of(personID), "holder")
	each(account, "box_keepsake.", of(personID), "person", "holder")
	each(account, "box_preference.", of(personID), "person")
	each(account, "box_preference.", of(mailboxChoices), "ask_first", "mail", "sms", "digest", "quiet_from", "quiet_until")

	each(sealed, "mailstore.sealedFields.", of(folderLabel), "FolderName")
	each(sealed, "mailstore.sealedFields.", of(draftText), "DraftHead", "DraftBody", "FileSecret")
	each(sealed, "mailstore.sealedFields.", of(keptForWriting), "Keepsake")

	return slices.Concat(list,
		technical(privacy.Column, position, "box_followed.one", "box_followed.position"),
		technical(privacy.Column, order, "box_account.n", "box_account.items", "box_account.validity", "box_folder.n", "box_folder.account", "box_folder.next", "box_folder.validity", "box_folder.changed",
			"box_item.n", "box_item.account", "box_item.id", "box_item.uid", "box_item.indexed", "box_draft.account", "box_file.account", "box_keepsake.account", "box_preference.account",
			"box_word_data.id", "box_word_idx.segid", "box_word_idx.pgno", "box_word_docsize.id", "box_word_docsize.sz", "box_word_docsize.origin", "box_word_config.k", "box_word_config.v"),
		technical(privacy.Column, random, "box_folder.id", "box_file.id", "box_file.place", "box_keepsake.id"),
		technical(privacy.Column, ofCode, "box_keepsake.kind"),
		technical(privacy.Column, ofPeer, "peer_limit.domain", "peer_limit.octets", "peer_limit.at"),
		technical(privacy.File, ofSystem, "mailbox.db", "mailbox.db-wal", "mailbox.db-shm", "drafts/lock"),
		technical(privacy.File, byParts, "drafts/files/*"), // sealed under mailstore.sealedFields.FileSecret
		// Sealed, as mailstore.sealedFields.
		technical(privacy.Column, byParts, "box_folder.name", "box_draft.head", "box_draft.body", "box_file.secret", "box_keepsake.content"),
	)
}
