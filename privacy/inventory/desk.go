package inventory

import (
	"slices"

	"rem/privacy"
)

// deskAddresses are the variables of the addresses of the desk's and the
// institutions' pages, and the names behind their question marks. Cases, orders,
// accounts and staff stand there by identifiers of ours; nobody is looked up by an
// address (edge/console).
func deskAddresses() []privacy.Holding {
	kept := manner{privacy.PageAddress, privacy.Pseudonym, privacy.Browser, privacy.KeepWork, []privacy.RecipientID{privacy.OwnStaff, privacy.Contracted}}
	return slices.Concat(
		[]privacy.Holding{
			kept.holds("{id}", progress, accountID, memberID),
			kept.holds("?number", progress),
			kept.holds("?behind", progress),
			kept.holds("?after", progress),
		},
		technical(privacy.PageAddress, ofCode, "{event}", "?kind", "?method", "?mine", "?did"),
	)
}
