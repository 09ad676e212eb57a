package smtp

// A Transaction is the envelope pair of SMTP (RFC 5321 3.3): who sends and who
// receives, with what was asked for beside. It says nothing about the message's
// own header. (The REM-MD envelope is another thing: package message/envelope.)
type Transaction struct {
	Sender     Path
	Recipients []Recipient
	// Size is the length in octets that the client declared; 0 when it did
	// not (RFC 1870 6).
	Size int64
	// EightBit is BODY=8BITMIME (RFC 6152 2).
	EightBit bool
	// Return is RET: what a failure notice returns (RFC 3461 4.3).
	Return Return
	// EnvelopeID is ENVID, decoded (RFC 3461 4.4).
	EnvelopeID string
	// AuthenticatedAs is AUTH= of MAIL, decoded: a claim of the client that
	// nothing here believes (RFC 4954 5). "<>" when it is unknown.
	AuthenticatedAs string
}

// A Recipient is one RCPT (RFC 5321 4.1.1.3).
type Recipient struct {
	Path Path
	// Notify is NOTIFY; 0 when nothing was asked (RFC 3461 4.1).
	Notify Notify
	// Original is ORCPT as "type;address", the address decoded (RFC 3461 4.2).
	Original string
}

// Return is RET of RFC 3461 4.3; the zero value leaves it to the server.
type Return uint8

// The values of RET.
const (
	ReturnFull Return = iota + 1
	ReturnHeaders
)

// Notify is the set of NOTIFY of RFC 3461 4.1.
type Notify uint8

// The members of NOTIFY; NotifyNever stands alone.
const (
	NotifyNever Notify = 1 << iota
	NotifySuccess
	NotifyFailure
	NotifyDelay
)
