// Package node puts a provider together: the stages, the ledger they write to
// and the doors of package edge, as a configuration says. It decides nothing
// about a message.
//
//	node.go       open, run, close
//	trust.go      keys, anchors, the trust list, time-stamp authorities
//	records.go    what is kept about people: keys, vault, access log, notices, consents
//	people.go     staff, log-in, what people are told, the pages
//	outside.go    services that are asked about people
//	enrolment.go  the way from an application to an account; adapters.go its remote methods
//	directory.go  the directory, its doors and the central one
//	submission.go the door for mail programs
//	peers.go      the door for other providers, and the way to them
//	control.go    what remctl asks for
//	health.go     metrics and readiness
//
// Order of starting: ledger, records about people, unfinished intentions, stages, doors. Order of
// stopping: doors, stages, ledger; what was answered is durable at any time, so
// a stop loses nothing.
package node
