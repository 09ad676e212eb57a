package inventory

import (
	"slices"

	"rem/privacy"
)

// accountFields are those of an account's record (docs/formats/account.md). Names
// are sealed, each under its own name, and a certificate's number is there as the
// token of a blind index alone.
func accountFields() []privacy.Holding {
	account := manner{privacy.Field, privacy.Plain, privacy.DataFolder, privacy.KeepAccount, []privacy.RecipientID{privacy.OwnPeople, privacy.OwnStaff}}
	var list []privacy.Holding
	each := func(m manner, of string, datum privacy.DatumID, names ...string) {
		for _, name := range names {
			list = append(list, m.holds(of+"."+name, datum))
		}
	}
	each(account, "account.Account", accountID, "ID")
	each(account, "account.Account", accountAddress, "Address")
	each(account, "account.Account", accountState, "State", "Created", "Quota", "ReceiveOnly", "FourEyes", "Until", "Reminded")
	each(account, "account.Standing", accountState, "Since", "Reason", "Export")
	each(account, "account.Standing", personID, "By")
	each(account, "account.Notice", accountState, "Kind", "At", "Due")
	each(account, "account.Notice", personID, "Person")
	each(account, "account.Holder", personID, "Person")
	each(account.as(privacy.Sealed), "account.Holder", holderName, "Name")
	each(account, "account.Holder", holderKind, "Legal")
	each(account, "account.Operator", personID, "Person", "By")
	each(account.as(privacy.Sealed), "account.Operator", operatorName, "Name")
	each(account.as(privacy.Hashed), "account.Operator", operatorIdentity, "Identity")
	each(account, "account.Operator", operatorPowers, "May", "From", "Until")
	each(account, "account.Proof", operatorPowers, "Kind")
	each(account.as(privacy.Hashed), "account.Proof", operatorPowers, "Digest")
	// Records of the first version, which are read and not written.
	each(account, "account.Unsealed", holderName, "Holder")
	each(account, "account.UnsealedOperator", operatorName, "Name")
	each(account, "account.UnsealedOperator", operatorIdentity, "Identity")
	return slices.Concat(list,
		technical(privacy.Field, order, "account.Account.Version"),
		technical(privacy.Field, byParts, "account.Account.Holder", "account.Account.Operators", "account.Account.Standing", "account.Account.Notices",
			"account.Account.Before", "account.Operator.Proof", "account.Unsealed.Operators"),
	)
}
