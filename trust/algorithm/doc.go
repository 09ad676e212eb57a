// Package algorithm knows the digests and signature algorithms that rem reads
// and writes, by each of their names: the URI of XML signatures (RFC 6931),
// the object identifier of CMS (RFC 5754, RFC 4055, RFC 5758) and the values
// of Go's standard library.
//
// The list is short on purpose: SHA-256, SHA-384 and SHA-512 with RSA of 2048
// to 4096 bits (PKCS #1 v1.5 and PSS) and with ECDSA over P-256 and P-384.
// What is not on it has no name here, so that no document can ask for it
// (AT-23). SHA-1 and MD5 are on no list.
//
// An algorithm ages. [Policy] holds the dates between which each one is
// acceptable; [Default] is the policy of a provider that set none. A signature
// is made and computed with [Signature.Sign] and [Signature.Verify], which do
// not look at dates: validation asks the policy for the time of proof.
//
// Next: package cms for the binary form, package xades for XML.
package algorithm
