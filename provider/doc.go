// Package provider says who we are: the REM-MD's identity, its practice
// statement (KEPUE) and the periods, sizes and choices that the law leaves to
// it. What is not settled by a source that was read is a [Practice] setting
// with the safest default, and is shown with its source ([Practice.Settings]).
//
// Next: provider/peer for the other REM-MDs, message for what the periods rule.
package provider
