// Package revocation asks authorities about certificates over HTTP: OCSP by
// POST (RFC 6960 appendix A.1), and CRLs by GET (RFC 5280 4.2.1.13). It is the
// source behind trust/validation, which checks every answer.
//
// Invariants: only addresses that a certificate names are asked, and
// validation asks about certificates that lead to one of our anchors alone, so
// a stranger's document cannot send us to a place of its choice; redirections
// are not followed; every answer is bounded in size and time.
package revocation
