// Package clamd asks a ClamAV daemon whether a message holds malware, over a
// Unix socket or TCP, with its command INSTREAM (clamd(8)).
//
// Invariants:
//
//   - A message is clean only when the scanner said so about all of it. A
//     scanner that is away, slow, confused or at a limit of its own is an error,
//     and the message waits; the zero [Result] is no verdict.
//   - Nothing of a message is kept, and its size costs no memory here.
//
// The daemon has to be set up for it: StreamMaxLength, MaxScanSize and
// MaxFileSize above the largest message, and AlertExceedsMax on, as it otherwise
// calls clean what it did not look at.
//
// Begin with [Scanner.Scan], or with [Scanner.Begin] to scan what is just coming in.
package clamd
