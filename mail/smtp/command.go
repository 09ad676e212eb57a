package smtp

import (
	"bytes"
	"encoding/base64"
	"strings"

	"rem"
)

// MaxCommandLine bounds a command line in octets, CRLF included. RFC 5321
// 4.5.3.1.4 asks for 512, SIZE adds 26, DSN some 500 to MAIL and to RCPT, AUTH=
// another 500; the rest is room for an AUTH response with long credentials.
const MaxCommandLine = 4096

// maxMechanism is the longest SASL mechanism name (RFC 4422 3.1).
const maxMechanism = 20

// A Verb is a command that we know.
type Verb uint8

// The verbs.
const (
	Unknown Verb = iota
	HELO
	EHLO
	MAIL
	RCPT
	DATA
	RSET
	NOOP
	QUIT
	VRFY
	STARTTLS
	AUTH
)

var verbs = [...]string{"unknown", "HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "STARTTLS", "AUTH"}

// String returns the verb in capitals.
func (v Verb) String() string {
	if int(v) < len(verbs) {
		return verbs[v]
	}
	return verbs[Unknown]
}

// A Command is one line of a client, understood.
type Command struct {
	Verb Verb
	// Name is the host of HELO and EHLO, the string of VRFY.
	Name string
	// Mail is what MAIL opens; it has no recipients yet.
	Mail Transaction
	// Rcpt is what RCPT adds.
	Rcpt Recipient
	// Mechanism is that of AUTH, in capitals. HasInitial tells whether an
	// initial response came, and Initial is that response, decoded.
	Mechanism  string
	HasInitial bool
	Initial    []byte
}

// The answers to lines that are no command.
var (
	ErrLineTooLong  = &Reply{500, "5.5.2", "Line too long"}
	ErrLineEnd      = &Reply{500, "5.5.2", "Lines end with CRLF, and neither CR, LF nor NUL stands within"}
	ErrUnknown      = &Reply{500, "5.5.1", "Command not recognized"}
	ErrNotOffered   = &Reply{502, "5.5.1", "Command not implemented"}
	ErrNotASCII     = &Reply{500, "5.5.2", "Commands are ASCII; SMTPUTF8 is not offered"}
	ErrSyntax       = &Reply{501, "5.5.4", "Syntax error in parameters or arguments"}
	ErrParameter    = &Reply{555, "5.5.4", "Parameter not recognized or not offered"}
	ErrSenderPath   = &Reply{501, "5.1.7", "The sender is not a mailbox between < and >"}
	ErrRecipientArg = &Reply{501, "5.1.3", "The recipient is not a mailbox between < and >"}
	ErrBase64       = &Reply{501, "5.5.2", "The response is not base64"}
)

// ParseCommand reads one line, CRLF included. The error, when there is one, is
// the answer to give. The line is not kept.
func ParseCommand(line []byte) (Command, *Reply) {
	var c Command
	if len(line) > MaxCommandLine {
		return c, ErrLineTooLong
	}
	text, reply := cutLine(line)
	if reply != nil {
		return c, reply
	}
	word, arg, spaced := strings.Cut(text, " ")
	switch verb := verbOf(word); verb {
	case HELO, EHLO:
		c.Name = strings.TrimRight(arg, " ")
		if !isHello(c.Name) {
			return c, ErrSyntax
		}
		c.Verb = verb
	case MAIL:
		return parseMail(arg)
	case RCPT:
		return parseRcpt(arg)
	case AUTH:
		return parseAuth(arg)
	case VRFY:
		c.Name = arg
		c.Verb = verb
	case NOOP:
		c.Verb = verb // an argument is allowed and ignored (RFC 5321 4.1.1.9)
	case DATA, RSET, QUIT, STARTTLS:
		if spaced && strings.Trim(arg, " ") != "" {
			return c, ErrSyntax
		}
		c.Verb = verb
	default:
		switch rem.FoldASCII(word) {
		case "expn", "help", "bdat", "turn", "etrn", "send", "soml", "saml":
			return c, ErrNotOffered
		}
		return c, ErrUnknown
	}
	return c, nil
}

// cutLine takes the CRLF off and refuses the bytes that no command has. The
// text is a copy.
func cutLine(line []byte) (string, *Reply) {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return "", ErrLineEnd
	}
	for _, b := range text {
		switch {
		case b == '\r' || b == '\n' || b == 0:
			return "", ErrLineEnd
		case b >= 0x80:
			return "", ErrNotASCII
		case b < ' ' || b == 0x7f:
			return "", ErrSyntax
		}
	}
	return string(text), nil
}

func verbOf(word string) Verb {
	if len(word) < 4 || len(word) > 8 {
		return Unknown
	}
	for v := HELO; v <= AUTH; v++ {
		if name := verbs[v]; len(name) == len(word) && equalFold(word, name) {
			return v
		}
	}
	return Unknown
}

// equalFold compares s with a word in capitals. It allocates nothing, as
// FoldASCII would for every command in capitals.
func equalFold(s, capitals string) bool {
	if len(s) != len(capitals) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != capitals[i] {
			return false
		}
	}
	return true
}

// parseAuth reads "MECHANISM [initial-response]" (RFC 4954 4). A lone "=" is an
// initial response of no octets.
func parseAuth(arg string) (Command, *Reply) {
	c := Command{Verb: AUTH}
	mechanism, initial, ok := strings.Cut(strings.TrimRight(arg, " "), " ")
	if mechanism == "" || len(mechanism) > maxMechanism {
		return Command{}, ErrSyntax
	}
	for i := range len(mechanism) {
		if !isAlnum(mechanism[i]) && mechanism[i] != '-' && mechanism[i] != '_' {
			return Command{}, ErrSyntax
		}
	}
	c.Mechanism = capitals(mechanism)
	if !ok {
		return c, nil
	}
	c.HasInitial = true
	if initial == "=" {
		return c, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(initial)
	if err != nil || initial == "" {
		return Command{}, ErrBase64
	}
	c.Initial = b
	return c, nil
}

func capitals(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - ('a' - 'A')
		}
	}
	return string(b)
}

// ParseAuthResponse reads a line of an authentication exchange. cancelled
// reports the lone "*" by which a client gives up (RFC 4954 4).
func ParseAuthResponse(line []byte) (response []byte, cancelled bool, reply *Reply) {
	if len(line) > MaxCommandLine {
		return nil, false, ErrLineTooLong
	}
	text, reply := cutLine(line)
	if reply != nil {
		return nil, false, reply
	}
	if text == "*" {
		return nil, true, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, false, ErrBase64
	}
	return b, false, nil
}
