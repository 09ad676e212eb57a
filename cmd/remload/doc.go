// Command remload puts load on a provider and says what it carries, beside what
// the machine allows and what Debian's Postfix carries on it: limits, postfix,
// submit, exchange, verify, tsa, memory and growth.
//
// Everything runs on this machine, on loopback, with certificates of a
// throw-away world, and is taken away afterwards. Sides that are compared take
// turns in one run, the median of the rounds counts, and a round in which other
// programs kept a quarter of a core busy is said to be disturbed. A message
// that is not accepted ends the run: a rate of refusals is no rate.
//
//	session.go    one SMTP client        mail.go      the messages it sends
//	load.go       many of them, timed    rounds.go    sides that take turns
//	postfix.go    Debian's Postfix       provider.go  ours
//	raw.go        signatures, digests    disk.go      durable writes
//	histogram.go, meter.go, report.go    counting and telling
//
// docs/performance.md has the goals and what was reached.
package main
