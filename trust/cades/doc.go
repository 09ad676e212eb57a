// Package cades signs and verifies what people sign: detached CMS signatures as
// S/MIME carries them in application/pkcs7-signature, at the baseline levels
// B-B and B-T of CAdES (EN 319 122-1, on top of RFC 5652 and RFC 5035).
//
// Both directions work on the digest of the content, so a message of any size
// streams past once. A [Verified] says what the signature says and carries;
// whether its certificate was trusted is judged by trust/validation.
//
// Invariants (AT-20): the content is elsewhere and of type data; there is one
// signer; content-type, message-digest, signing-time and signing-certificate-v2
// are signed; the certificate that signing-certificate-v2 names is the signer;
// a signature-time-stamp is over this signature's value or the whole is
// refused. Foreign programs that send BER pass through cms.ToDER first.
//
// Next: trust/cms for the structure, mail/mime for the bytes that are signed.
package cades
