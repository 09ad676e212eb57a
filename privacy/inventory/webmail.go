package inventory

import (
	"slices"

	"rem/privacy"
)

// mailAddresses are the variables of the addresses of the mailbox's pages. What is
// searched for, and whom, stands in none: a search has a random name.
func mailAddresses() []privacy.Holding {
	evidence := manner{privacy.PageAddress, privacy.Pseudonym, privacy.Browser, privacy.KeepWork, []privacy.RecipientID{privacy.OwnPeople}}
	return slices.Concat(
		technical(privacy.PageAddress, order, "{item}", "{section}", "{part}", "?n", "?item"),
		technical(privacy.PageAddress, random, "{folder}", "{search}", "{draft}", "{file}", "?from", "?until"),
		technical(privacy.PageAddress, ofCode, "{form}", "{list}", "?done", "?view", "?how"),
		// The digest of an evidence, since an identifier of another provider may be
		// anything.
		[]privacy.Holding{evidence.holds("{evidence}", messageID)},
	)
}
