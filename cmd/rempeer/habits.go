package main

import (
	"crypto"
	"time"
)

// A dialect is how it writes: every choice is one that TS 102 640 or
// EN 319 532-3 leaves open.
type dialect struct {
	Config  string `required:"" type:"path" help:"A configuration of remd: who it is." placeholder:"FILE"`
	Fields  string `help:"Header fields: ${enum}." enum:"x-rem,rem" default:"x-rem"`
	Coding  string `help:"Transfer encoding of evidence: ${enum}." enum:"base64,qp" default:"qp"`
	Digest  string `help:"Digest of its signatures: ${enum}." enum:"sha256,sha384,sha512" default:"sha512"`
	Oddness bool   `help:"Write as some do: a semicolon at the end of Content-Type, no Content-Disposition, application/x-pkcs7-signature, lower and upper case mixed." default:"true" negatable:""`
}

func (d *dialect) hash() crypto.Hash {
	return map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}[d.Digest]
}

// habits are how it behaves towards a dispatch.
type habits struct {
	Known []string `help:"Its accounts. Default: every address in its domain." placeholder:"ADDRESS"`

	Rcpt  string        `help:"Answer to RCPT: ${enum}." enum:"250,450,550" default:"250"`
	End   string        `help:"Answer to the end of a dispatch: ${enum}. drop takes it and closes the connection without a word, lose closes it without taking." enum:"250,451,554,drop,lose" default:"250"`
	Times int           `help:"How many dispatches meet --rcpt and --end before it behaves; 0 for all." default:"0"`
	Delay time.Duration `help:"How long the answer to the end of a dispatch takes."`

	Reject   string        `help:"Reason of a rejection of every dispatch, such as PolicyViolation; empty takes it over." placeholder:"REASON"`
	Deliver  string        `help:"What becomes of the mailbox: ${enum}." enum:"yes,no,never" default:"yes"`
	Retrieve string        `help:"What becomes of the message in the mailbox: ${enum}." enum:"open,expire,never" default:"never"`
	Order    string        `help:"How evidence goes back: ${enum}. late leaves out the acceptance." enum:"joined,apart,reversed,late" default:"joined"`
	Repeat   int           `help:"How many times each answer goes back." default:"1"`
	After    time.Duration `help:"How long answers take."`
	Every    int           `help:"Answer only the n-th time that a message is offered." default:"1" placeholder:"N"`
}

// misbehaves reports whether the n-th dispatch, from 1, meets --rcpt and --end.
func (h *habits) misbehaves(n int) bool { return h.Times == 0 || n <= h.Times }
