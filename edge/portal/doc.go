// Package portal has the pages of an account: what it is, who may act on it, the
// data that we hold about the person who looks, who else looked, what he was
// told and what he chose, the password for mail programs, renewing and closing
// (REQ-32 to REQ-41, P-05, P-21, S43, S44).
//
// Every page is judged by the account as it is at the request: by its state, and
// by what the person can do on it now. What an account's people may change is
// decided by account.Keeper; what is opened of somebody is opened by the vault,
// for him, with its entry in the access log, which he sees on the page beside.
//
// Next: part.go for the routes, account.go, operators.go, data.go, choices.go.
package portal
