package smtp

import (
	"fmt"
	"strconv"
	"strings"
)

// AppendMail writes the MAIL command of tx for a server that offers the named
// extensions. A parameter that the server does not offer stays away, but for
// 8BITMIME, which is then an error: an eight-bit message is not for that server
// (RFC 6152 3). The error also tells of a path that is no mailbox, so that no
// value can end its line (AT-04).
func (tx *Transaction) AppendMail(dst []byte, offered Extensions) ([]byte, error) {
	if !tx.Sender.IsNull() && mailboxLen(string(tx.Sender)) != len(tx.Sender) {
		return dst, fmt.Errorf("writing MAIL: the sender is not a mailbox")
	}
	dst = append(dst, "MAIL FROM:<"...)
	dst = append(dst, tx.Sender...)
	dst = append(dst, '>')
	if offered.Size && tx.Size > 0 {
		dst = append(dst, " SIZE="...)
		dst = strconv.AppendInt(dst, tx.Size, 10)
	}
	if tx.EightBit {
		if !offered.EightBit {
			return dst, &Reply{554, "5.6.3", "The receiving server does not offer 8BITMIME"}
		}
		dst = append(dst, " BODY=8BITMIME"...)
	}
	if offered.DSN {
		switch tx.Return {
		case ReturnFull:
			dst = append(dst, " RET=FULL"...)
		case ReturnHeaders:
			dst = append(dst, " RET=HDRS"...)
		}
		if tx.EnvelopeID != "" {
			from := len(dst)
			dst = append(dst, " ENVID="...)
			dst = appendXtext(dst, tx.EnvelopeID)
			if len(dst)-from > maxEnvelopeID+len(" ENVID=") {
				return dst, fmt.Errorf("writing MAIL: ENVID is longer than %d octets", maxEnvelopeID)
			}
		}
	}
	return append(dst, '\r', '\n'), nil
}

// Append writes the RCPT command, as [Transaction.AppendMail] does MAIL.
func (r *Recipient) Append(dst []byte, offered Extensions) ([]byte, error) {
	if r.Path.IsNull() || mailboxLen(string(r.Path)) != len(r.Path) {
		return dst, fmt.Errorf("writing RCPT: the recipient is not a mailbox")
	}
	dst = append(dst, "RCPT TO:<"...)
	dst = append(dst, r.Path...)
	dst = append(dst, '>')
	if offered.DSN {
		separator := " NOTIFY="
		for _, member := range notifyWords {
			if r.Notify&member.bit != 0 {
				dst = append(dst, separator...)
				dst = append(dst, member.word...)
				separator = ","
			}
		}
		if r.Original != "" {
			kind, address, ok := strings.Cut(r.Original, ";")
			if !ok || !isAtom(kind) {
				return dst, fmt.Errorf("writing RCPT: ORCPT has no address type")
			}
			from := len(dst)
			dst = append(dst, " ORCPT="...)
			dst = append(dst, kind...)
			dst = append(dst, ';')
			dst = appendXtext(dst, address)
			if len(dst)-from > maxOriginal+len(" ORCPT=") {
				return dst, fmt.Errorf("writing RCPT: ORCPT is longer than %d octets", maxOriginal)
			}
		}
	}
	return append(dst, '\r', '\n'), nil
}

var notifyWords = [...]struct {
	bit  Notify
	word string
}{{NotifyNever, "NEVER"}, {NotifySuccess, "SUCCESS"}, {NotifyFailure, "FAILURE"}, {NotifyDelay, "DELAY"}}

// Extensions are those offers of a server that we make use of.
type Extensions struct {
	StartTLS, Pipelining, EightBit, DSN, Size bool
	// MaxSize is the number behind SIZE; 0 when the server names no bound.
	MaxSize int64
}

// ParseExtensions reads the answer to EHLO (RFC 5321 4.1.1.1). Words that we
// have no use for are passed over.
func ParseExtensions(r *Reply) Extensions {
	var e Extensions
	_, rest, more := strings.Cut(r.Text, "\n") // the first line greets
	for more {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		word, argument, _ := strings.Cut(line, " ")
		switch {
		case equalFold(word, "STARTTLS"):
			e.StartTLS = true
		case equalFold(word, "PIPELINING"):
			e.Pipelining = true
		case equalFold(word, "8BITMIME"):
			e.EightBit = true
		case equalFold(word, "DSN"):
			e.DSN = true
		case equalFold(word, "SIZE"):
			e.Size = true
			if n, err := strconv.ParseInt(argument, 10, 64); err == nil && n > 0 {
				e.MaxSize = n
			}
		}
	}
	return e
}
