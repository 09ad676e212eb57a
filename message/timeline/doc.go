// Package timeline tells what became of a message, recipient by recipient, for
// everybody who shows it: pages, the API, the report for a judge, remctl, an
// export.
//
// A message to several people has several fates, so it has no single flag: each
// [Recipient] has its own steps, in order: submitted, taken over by the other
// provider, in the mailbox, read. A [Step] is done, failed, awaited (with the
// end of its period, where it has one), not reached, or unknown, and names the
// evidence that says so. [Summary] counts recipients and never rounds them to
// one word (REQ-50). Lists by days, of messages and of evidence, are CSV (REQ-61).
//
// Invariants: what an evidence says that contradicts another is shown and
// decides nothing; an evidence that only says that no information came makes a
// step unknown, never failed; a later step that is shown by evidence makes the
// earlier ones done, and says that their own evidence is missing; a verdict is
// one of EN 319 102-1 with a sentence, and no verdict is no verdict.
//
// Times are UTC; whoever shows them adds Türkiye's ([Türkiye]).
//
// Next: step.go for how steps come from evidence and state, judge.go for the
// verdicts, rows.go and csv.go for the lists.
package timeline
