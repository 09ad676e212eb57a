// Package cms reads, checks and writes the signed structure that time-stamp
// tokens and S/MIME signatures share: SignedData of RFC 5652 5, with one
// signer and signed attributes, in DER from the first byte to the last.
//
// [Parse] takes structures apart, [SignedData.Verify] shows that one named
// certificate signed a digest, [Signer] writes, and [ToDER] rewrites the BER of
// foreign mail programs so that Parse can look at it. A [Cache] remembers what was
// found out about carried certificates, for those who verify many signatures.
//
// Invariants (AT-20): signed attributes are mandatory and hold content-type,
// message-digest and signing-certificate-v2 exactly once; the certificate that
// signing-certificate-v2 names is the signer, wherever it stands in the bag;
// there is one SignerInfo; indefinite lengths, padded integers, unsorted sets,
// trailing bytes and attribute certificates are refused; what a carried
// certificate claims of another one is checked. Sizes and counts have bounds.
// The trust in a certificate is not judged here: see trust/validation.
//
// Next: trust/tsp and trust/cades, which say what the content means.
package cms
