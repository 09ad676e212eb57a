package mailbox

// PlainLines is plainLines for tests.
var PlainLines = plainLines
