// Package entrance has the pages by which people get in, and by which they look
// after how they do: log-in of holders, of staff and of the people of contracted
// institutions, the first credentials, showing again who one is, and security:
// password, codes, passkeys, sessions, devices, history (REQ-42 to REQ-45).
//
// What is allowed decides package person/login; the pages only ask it. The secret
// of a log-in under way is in a hidden field of its form, never in an address.
//
// Invariants: who is not let in reads one sentence, whatever the reason; a change
// to how somebody gets in asks for a log-in that is not long ago; everything works
// without scripts but passkeys, which no browser does without one.
//
// Next: part.go for the routes, enter.go, first.go, security.go.
package entrance
