// Package postfix starts private instances of Debian's Postfix: a mail server
// that nobody here wrote, for comparing speed (cmd/remload) and for agreeing
// with on where a message ends (AT-01, conformance).
//
// An instance has configuration, queue and maildir in one folder and one listener
// on loopback; the machine's own Postfix, if there is one, is left alone. Only
// root can start one. Durability is as Debian ships it: the queue file is synced
// before the 250, and the maildir file too.
//
// Read [Start].
package postfix
