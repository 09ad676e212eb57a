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
		technical(privacy.LogKey, ofFault, "signing:err"),
	)
}
