// Package smime reads and closes multipart/signed: mail whose first part is
// covered by a detached CAdES signature in the second (RFC 1847 2.1, RFC 8551
// 3.5.3). Envelopes of REM-MDs and original messages of people are both made
// so.
//
// What is signed is everything between the CRLF that ends the first boundary
// line and the CRLF before the next one. It is hashed as it lies there, in
// pieces, and never written again.
//
// Next: package trust/cades for the signature, trust/validation for whether to
// believe it.
package smime
