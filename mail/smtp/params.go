package smtp

import (
	"strconv"
	"strings"

	"rem"
)

// The bounds of RFC 3461 4 on its values, in octets before decoding.
const (
	maxEnvelopeID = 100
	maxOriginal   = 500
)

// parseMail reads "FROM:<path> parameters" (RFC 5321 4.1.1.2).
func parseMail(arg string) (Command, *Reply) {
	rest, ok := cutWord(arg, "FROM:")
	if !ok {
		return Command{}, ErrSyntax
	}
	path, rest, ok := cutPath(rest)
	if !ok {
		return Command{}, ErrSenderPath
	}
	c := Command{Verb: MAIL, Mail: Transaction{Sender: path}}
	seen := 0
	reply := eachParameter(rest, func(name, value string) *Reply {
		bit := 0
		switch {
		case equalFold(name, "SIZE"):
			bit = 1
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || len(value) > 20 || value[0] == '-' || value[0] == '+' {
				return ErrSyntax
			}
			c.Mail.Size = n
		case equalFold(name, "BODY"):
			bit = 2
			switch {
			case equalFold(value, "8BITMIME"):
				c.Mail.EightBit = true
			case equalFold(value, "7BIT"):
			default:
				return ErrParameter
			}
		case equalFold(name, "RET"):
			bit = 4
			switch {
			case equalFold(value, "FULL"):
				c.Mail.Return = ReturnFull
			case equalFold(value, "HDRS"):
				c.Mail.Return = ReturnHeaders
			default:
				return ErrSyntax
			}
		case equalFold(name, "ENVID"):
			bit = 8
			id, ok := decodeXtext(value)
			if !ok || len(value) > maxEnvelopeID {
				return ErrSyntax
			}
			c.Mail.EnvelopeID = id
		case equalFold(name, "AUTH"):
			bit = 16
			who, ok := decodeXtext(value)
			if !ok || len(value) > maxOriginal {
				return ErrSyntax
			}
			c.Mail.AuthenticatedAs = who
		default:
			return ErrParameter
		}
		if seen&bit != 0 {
			return ErrSyntax // RFC 5321 4.1.1.11 has each once
		}
		seen |= bit
		return nil
	})
	if reply != nil {
		return Command{}, reply
	}
	return c, nil
}

// parseRcpt reads "TO:<path> parameters" (RFC 5321 4.1.1.3).
func parseRcpt(arg string) (Command, *Reply) {
	rest, ok := cutWord(arg, "TO:")
	if !ok {
		return Command{}, ErrSyntax
	}
	path, rest, ok := cutPath(rest)
	if !ok || path.IsNull() {
		return Command{}, ErrRecipientArg
	}
	c := Command{Verb: RCPT, Rcpt: Recipient{Path: path}}
	reply := eachParameter(rest, func(name, value string) *Reply {
		switch {
		case equalFold(name, "NOTIFY"):
			n, ok := parseNotify(value)
			if !ok || c.Rcpt.Notify != 0 {
				return ErrSyntax
			}
			c.Rcpt.Notify = n
		case equalFold(name, "ORCPT"):
			kind, address, ok := strings.Cut(value, ";")
			if !ok || !isAtom(kind) || c.Rcpt.Original != "" || len(value) > maxOriginal {
				return ErrSyntax
			}
			decoded, ok := decodeXtext(address)
			if !ok {
				return ErrSyntax
			}
			c.Rcpt.Original = rem.FoldASCII(kind) + ";" + decoded
		default:
			return ErrParameter
		}
		return nil
	})
	if reply != nil {
		return Command{}, reply
	}
	return c, nil
}

func cutWord(s, capitals string) (rest string, ok bool) {
	if len(s) < len(capitals) || !equalFold(s[:len(capitals)], capitals) {
		return s, false
	}
	return s[len(capitals):], true
}

// eachParameter walks " NAME=value NAME=value" (RFC 5321 4.1.2, esmtp-param).
// Every parameter that we offer has a value.
func eachParameter(s string, do func(name, value string) *Reply) *Reply {
	s = strings.TrimRight(s, " ")
	if s == "" {
		return nil
	}
	if s[0] != ' ' {
		return ErrSyntax
	}
	for parameter := range strings.SplitSeq(s[1:], " ") {
		name, value, ok := strings.Cut(parameter, "=")
		switch {
		case !isAtom(name):
			return ErrSyntax
		case !ok || value == "":
			return ErrParameter
		}
		if reply := do(name, value); reply != nil {
			return reply
		}
	}
	return nil
}

func isAtom(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-'
}

func parseNotify(s string) (Notify, bool) {
	var n Notify
	for word := range strings.SplitSeq(s, ",") {
		var member Notify
		switch {
		case equalFold(word, "NEVER"):
			member = NotifyNever
		case equalFold(word, "SUCCESS"):
			member = NotifySuccess
		case equalFold(word, "FAILURE"):
			member = NotifyFailure
		case equalFold(word, "DELAY"):
			member = NotifyDelay
		}
		if member == 0 || n&member != 0 {
			return 0, false
		}
		n |= member
	}
	return n, n == NotifyNever || n&NotifyNever == 0
}

// decodeXtext reads the xtext of RFC 3461 4. What it decodes to must be
// printable ASCII, so that nothing hidden reaches a log, a header or a command.
func decodeXtext(s string) (string, bool) {
	plain := true
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || c == '=' {
			return "", false
		}
		plain = plain && c != '+'
	}
	if plain {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			if i+2 >= len(s) {
				return "", false
			}
			high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		if c < ' ' || c > '~' {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// hexDigit knows the capitals alone, as RFC 3461 4 writes them.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func appendXtext(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || c == '+' || c == '=' {
			const digits = "0123456789ABCDEF"
			dst = append(dst, '+', digits[c>>4], digits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
