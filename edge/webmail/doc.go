// Package webmail is the mailbox in a browser: lists and search, reading, what
// became of a sent message and its evidence, writing, quota, export and preferences. It
// asks mailbox.Box and shows what it says; docs/journeys/mailbox.md tells the
// steps.
//
// Invariants:
//   - listing and searching open nothing; a message that nobody opened is opened
//     by a form alone, after a page that says what this means (REQ-68). A GET
//     changes nothing;
//   - what somebody searches for stands in no address and no log: it is kept in
//     memory under a random name, for him alone, and ends by itself;
//   - what a stranger wrote is shown in a sandbox of no origin, without scripts
//     and without a request to anywhere (AT-10); files leave as attachments;
//   - a message to several people has a standing for each of them, and never one
//     for all (REQ-50);
//   - another account's item and one that is not there are the same answer
//     (AT-28); everything works without scripts;
//   - what is written is sent by its signature alone: before it a page says to whom
//     it goes, what the directory knows of each, and that it cannot be recalled (REQ-53).
//
// Next: part.go for the routes, list.go, reading.go, compose.go; edge/web is the frame.
package webmail
