package inventory

import (
	"slices"

	"rem/privacy"
)

// imapHoldings are what the door for mail programs that read adds: who came, from
// which network by a pseudonym, and no text of what was sent.
func imapHoldings() []privacy.Holding {
	log := manner{privacy.LogKey, privacy.Pseudonym, privacy.LogSink, privacy.KeepLog, []privacy.RecipientID{privacy.OwnStaff}}
	return slices.Concat(
		[]privacy.Holding{log.holds("imapd:actor", accountID, personID), log.holds("imapd:from", network)},
		technical(privacy.Setting, ofSystem, "listen.imap"),
		technical(privacy.LogKey, random, "imapd:session"),
		technical(privacy.LogKey, ofCode, "imapd:while"),
		technical(privacy.LogKey, ofFault, "imapd:err", "imapd:stack"),
	)
}
