// Package thunderbird gives tests Mozilla Thunderbird as people use it: Debian's
// program without a screen, on a profile of its own, told what to do through its
// Marionette port. What a script in it does goes through the same code as a click.
//
// Debian's packages thunderbird and libnss3-tools bring what is run here; without
// them a test fails.
//
// Invariants: the profile ends with the test; the program speaks to the servers of
// the test and to nobody else (updates, telemetry and the search for settings are
// off, and every other name leads to a proxy that is not there).
//
// Next: thunderbird.js, what a script finds in the program.
package thunderbird
