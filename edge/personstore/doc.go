// Package personstore keeps the person's journey in one SQLite file: applications
// and the addresses they reserve, log-ins and sessions, staff, the directory.
// Each subject is a file of its own, with its migration and its statements; the
// interfaces are those of package person and its stages, and of provider.
//
// Values about people are sealed before they come here (package privacy); what
// must be found exactly is a token of a blind index. Times are microseconds of
// Unix time, in UTC.
//
// Invariants: one call of a method that writes is one atomic step, durable when
// it returns nil; a step made again changes nothing.
//
// Next: store.go; applications.go and what stands beside it.
package personstore
