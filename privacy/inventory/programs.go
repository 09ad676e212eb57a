package inventory

import (
	"slices"

	"rem/privacy"
)

// What is known about programs that act for people (person/token, edge/apistore).
const (
	programToken privacy.DatumID = "program-token"
	programUse   privacy.DatumID = "program-use"
)

func programs() []privacy.Datum {
	who := []privacy.SubjectID{privacy.Holders, privacy.Operators}
	safe := []privacy.PurposeID{privacy.Security, privacy.AccountUse}
	return []privacy.Datum{
		datum(programToken, text("Programların belirteçleri (özetleri, kapsamları, kişinin verdiği ad)", "Tokens of programs (their digests, scopes and the name the person gave)"), privacy.SecurityLog, who, safe, privacy.ByPerson, privacy.NotSpecial, privacy.Confidential, ""),
		datum(programUse, text("Belirtecin ne zaman verildiği, kullanıldığı ve iptal edildiği", "When a token was made, used and revoked"), privacy.SecurityLog, who, safe, privacy.ByProgram, privacy.NotSpecial, privacy.Internal, ""),
	}
}

// programRecords are the fields of what person/token has a store keep, and the
// columns of edge/apistore, in which they lie one by one.
func programRecords() []privacy.Holding {
	own, no := []privacy.RecipientID{privacy.OwnPeople}, []privacy.RecipientID{privacy.Nobody}
	var list []privacy.Holding
	both := func(form privacy.FormID, keep privacy.RetentionID, to []privacy.RecipientID, field, column string, data ...privacy.DatumID) {
		m := manner{privacy.Field, form, privacy.DataFolder, keep, to}
		if field != "" {
			list = append(list, m.holds("token."+field, data...))
		}
		if m.kind = privacy.Column; form == privacy.Sealed {
			list = append(list, technical(privacy.Column, byParts, column)...)
		} else {
			list = append(list, m.holds(column, data...))
		}
	}
	const (
		sealed, hashed, plain, pseudonym = privacy.Sealed, privacy.Hashed, privacy.Plain, privacy.Pseudonym
		secret, work                     = privacy.KeepSecret, privacy.KeepWork
	)
	both(plain, secret, own, "Key.Kind", "token_key.kind", programToken)
	both(plain, secret, own, "Key.Account", "token_key.account", accountID)
	both(pseudonym, secret, no, "Key.Person", "token_key.person", loginPerson)
	both(sealed, secret, own, "Key.Label", "token_key.label", programToken)
	both(hashed, secret, no, "Key.Secret", "token_key.secret", programToken)
	both(plain, secret, own, "Key.Scopes", "token_key.scopes", programToken)
	both(plain, secret, own, "Key.Made", "token_key.made", programUse)
	both(plain, secret, own, "Key.Until", "token_key.until", programUse)
	both(plain, secret, own, "Key.Used", "token_key.used", programUse)
	both(plain, secret, own, "Key.Revoked", "token_key.revoked", programUse)
	both(pseudonym, secret, own, "Key.By", "token_key.by", loginPerson)
	both(hashed, work, no, "Access.Secret", "token_access.secret", programToken)
	both(plain, work, no, "Access.Key", "token_access.key", programToken)
	both(plain, work, no, "Access.Scopes", "token_access.scopes", programToken)
	both(plain, work, no, "Access.Made", "token_access.made", programUse)
	both(plain, work, no, "Access.Until", "token_access.until", programUse)
	both(hashed, work, no, "", "answer.key", programUse)
	both(hashed, work, no, "", "answer.request", programUse)
	both(plain, work, no, "", "answer.at", programUse)
	both(plain, work, own, "", "answer.body", messageID)
	return append(list, slices.Concat(
		technical(privacy.Field, random, "token.Key.ID"),
		technical(privacy.Column, random, "token_key.id"),
		technical(privacy.Column, ofCode, "answer.status"),
		technical(privacy.File, ofSystem, "programs.sqlite", "programs.sqlite-wal", "programs.sqlite-shm"),
	)...)
}
