package inventory

import (
	"slices"

	"rem/privacy"
)

// cookies are all that a browser is asked to keep (S31). Both hold a random secret
// and nothing else (S33); what they are about is in the records of the log-in.
func cookies() []privacy.Holding {
	kept := manner{privacy.Cookie, privacy.Pseudonym, privacy.Browser, privacy.KeepWork, []privacy.RecipientID{privacy.Nobody}}
	return []privacy.Holding{
		kept.holds("__Host-session", loginPerson),
		kept.keep(privacy.KeepLogins).holds("__Host-device", knownDevice),
	}
}

// pageLog are the keys of log lines about pages: no address, no name, nothing that
// was typed, and the route in place of the address that was asked for (AT-34).
func pageLog() []privacy.Holding {
	return slices.Concat(
		technical(privacy.LogKey, random, "web:request"),
		technical(privacy.LogKey, ofCode, "web:route", "web:panic", "web:stack"),
		technical(privacy.LogKey, ofFault, "web:err", "doorway:err"),
	)
}

// pageAddresses are the variables of the addresses of pages, as {name}, and the
// names behind a question mark, as ?name. Addresses stand in the history of
// browsers and in what people pass on, so nothing personal is in them.
func pageAddresses() []privacy.Holding {
	return slices.Concat(
		technical(privacy.PageAddress, ofSystem, "{version}", "{digest}", "{kind}", "?next"),
		technical(privacy.PageAddress, random, "?before"),
		// Of an application: where on its form, which paper, where and when an
		// appointment could be; what a link by mail and the gate carry back.
		technical(privacy.PageAddress, ofCode, "{step}", "{paper}", "?office", "?day"),
		technical(privacy.PageAddress, random, "?s", "?state", "?code"),
		// Of an account: who acts on it, what is chosen, which receipt.
		[]privacy.Holding{manner{privacy.PageAddress, privacy.Pseudonym, privacy.Browser, privacy.KeepWork, []privacy.RecipientID{privacy.OwnPeople}}.holds("{person}", personID)},
		technical(privacy.PageAddress, ofCode, "{purpose}"),
		technical(privacy.PageAddress, order, "{number}"),
	)
}
