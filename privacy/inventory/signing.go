package inventory

import (
	"slices"

	"rem/privacy"
)

// signingHoldings are what signing in a browser and by the holder's own program adds.
// Requests to sign are kept in memory; a fault of theirs names no person.
func signingHoldings() []privacy.Holding {
	return slices.Concat(
		technical(privacy.PageAddress, order, "{n}"),
		technical(privacy.PageAddress, random, "{token}", "{job}"),
		technical(privacy.PageAddress, ofCode, "?still"),
		technical(privacy.LogKey, ofFault, "signing:err"),
		askedOfTelephones(),
	)
}

// askedOfTelephones is what leaves when somebody signs with his telephone, over TLS:
// his number, and the digest that he signs. The text has a code of that digest, and
// neither names nor a subject.
func askedOfTelephones() []privacy.Holding {
	to := manner{privacy.Outgoing, privacy.Encrypted, privacy.Links, privacy.KeepHandover, []privacy.RecipientID{privacy.PhoneOperator}}
	return slices.Concat([]privacy.Holding{
		to.holds("mobile.certificateQuestion.number", phone),
		to.holds("mobile.signatureQuestion.number", phone),
		to.holds("mobile.signatureQuestion.digest", digest),
		to.holds("mobile.signatureQuestion.text", digest),
	},
		technical(privacy.Outgoing, random, "mobile.signatureQuestion.id", "mobile.handleQuestion.id"),
		technical(privacy.Outgoing, ofCode, "mobile.signatureQuestion.hash", "mobile.signatureQuestion.until"),
	)
}
