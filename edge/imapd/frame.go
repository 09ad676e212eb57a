package imapd

import "rem"

// Bounds of one command, counted before the library reads it. Its own decoder counts
// no literals, and goes as deep as a client likes in NOT and OR, before it asks
// whether anybody logged in.
const (
	// strangerLine is the longest line before the log-in, with its literals: an
	// address and a password have 766 octets, four times as much in base64 and
	// escapes.
	strangerLine = 4 << 10
	// maxLiteral is one that stands in a command, and is the most that a client sends
	// unasked (RFC 7888 5); maxLiterals are all of a command but a message's.
	maxLiteral  = 4 << 10
	maxLiterals = 32 << 10
	// maxDepth bounds lists in lists, maxNegations NOT and OR of a search.
	maxDepth     = 32
	maxNegations = 100
	maxTag       = 64
)

// A frame follows what a client sends, line by line and literal by literal, so that
// it knows at each octet what the library will make of it. It is used by the
// goroutine that reads the connection.
type frame struct {
	line   int   // the longest that may be
	append int64 // the largest message
	known  bool  // somebody logged in

	left    int64 // octets of a literal that are still to come
	pending int64 // a literal that waits for our word; -1: none
	raw     bool  // the next line is an answer, and no command
	asking  bool  // an AUTHENTICATE goes on

	n                int // octets of the command's lines
	literals         int64
	within           bool // the line goes on with a command after a literal
	quoted, escaped  bool
	depth, negations int
	words            int
	word             [maxTag]byte
	wordLen          int
	tag              string
	command          string
	last             byte // that can be seen
	brace            braces
}

// braces read "{123+}" at the end of a line.
type braces struct {
	state   uint8 // 0 none, 1 in the number, 2 after the plus, 3 closed
	digits  uint8
	size    int64
	nonSync bool
}

func newFrame(l Limits) frame { return frame{line: l.Line, append: l.Append, pending: -1} }

// scan takes what came, and says why the client is let go; "" is: go on.
func (f *frame) scan(p []byte) (refused string) {
	for len(p) > 0 {
		switch {
		case f.left > 0:
			n := min(f.left, int64(len(p)))
			f.left -= n
			p = p[n:]
			continue
		case f.pending >= 0:
			return "Wait for the continuation before a literal"
		}
		b := p[0]
		p = p[1:]
		if f.n++; f.n > f.limit() {
			return "The line is too long"
		}
		if b == '\n' {
			if refused := f.end(); refused != "" {
				return refused
			}
			continue
		}
		if !f.raw {
			if refused := f.octet(b); refused != "" {
				return refused
			}
		}
		if b > ' ' {
			f.last = b
		}
	}
	return ""
}

func (f *frame) limit() int {
	if f.known {
		return f.line
	}
	return strangerLine
}

func (f *frame) octet(b byte) (refused string) {
	switch {
	case b == 0:
		return "NUL is no part of a command"
	case f.quoted:
		switch {
		case f.escaped:
			f.escaped = false
		case b == '\\':
			f.escaped = true
		case b == '"':
			f.quoted = false
		}
		return ""
	case b == '"':
		f.quoted = true
	case b == '(':
		if f.depth++; f.depth > maxDepth {
			return "Lists are too deep"
		}
	case b == ')':
		f.depth = max(f.depth-1, 0)
	}
	if b == ' ' || b == '(' || b == ')' || b == '\r' || b == '"' {
		if refused := f.wordEnds(); refused != "" {
			return refused
		}
	} else if f.wordLen < len(f.word) {
		f.word[f.wordLen] = b
		f.wordLen++
	} else if f.words == 0 {
		return "The tag is too long"
	}
	f.brace.octet(b)
	return ""
}

func (b *braces) octet(c byte) {
	switch {
	case c == '{':
		*b = braces{state: 1}
	case b.state == 1 && c >= '0' && c <= '9' && b.digits < 12:
		b.size, b.digits = b.size*10+int64(c-'0'), b.digits+1
	case b.state == 1 && c == '+' && b.digits > 0:
		b.state, b.nonSync = 2, true
	case (b.state == 1 && b.digits > 0 || b.state == 2) && c == '}':
		b.state = 3
	case b.state == 3 && (c == '\r' || c == ' '):
		// The library takes a space there.
	default:
		b.state = 0
	}
}

// wordEnds looks at the words that matter: the tag, the command, and what makes a
// search deep.
func (f *frame) wordEnds() (refused string) {
	if f.wordLen == 0 {
		return ""
	}
	w := f.word[:f.wordLen]
	f.wordLen = 0
	f.words++
	switch {
	case f.within:
	case f.words == 1:
		f.tag = string(w)
		return ""
	case f.words == 2 || f.words == 3 && f.command == "uid":
		f.command = rem.FoldASCII(string(w))
		if !f.known && !strangers[f.command] {
			return "Log in first"
		}
		return ""
	}
	if folded := rem.FoldASCII(string(w)); folded == "not" || folded == "or" {
		if f.negations++; f.negations > maxNegations {
			return "The search is too deep"
		}
	}
	return ""
}

// strangers are the commands of who has not logged in. The library answers the
// others too, but only after it has read them.
var strangers = map[string]bool{"capability": true, "noop": true, "logout": true, "login": true, "authenticate": true, "starttls": true, "id": true}

// end is the end of a line: of a command, or of its part before a literal.
func (f *frame) end() (refused string) {
	if f.raw {
		f.raw, f.n = false, 0
		return ""
	}
	if refused := f.wordEnds(); refused != "" {
		return refused
	}
	if f.quoted {
		return "A quoted string has to end in its line"
	}
	if f.brace.state != 3 {
		f.reset()
		return ""
	}
	size, nonSync := f.brace.size, f.brace.nonSync
	message := f.command == "append" && !nonSync && size > maxLiteral
	switch {
	case message && size > f.append:
		// The library says so, and the client does not send it.
	case !message && size > maxLiteral:
		// The library would wait for more of the command before it says no.
		return "The literal is too large"
	case !message:
		if f.literals += size; f.literals > maxLiterals || !f.known && f.literals > strangerLine/2 {
			return "The literals are too large"
		}
	}
	f.brace, f.within = braces{}, true
	if nonSync {
		f.left = size
	} else {
		f.pending = size
	}
	return ""
}

func (f *frame) reset() {
	f.raw = f.command == "idle" && f.words == 2 && f.last|0x20 == 'e' // DONE, or a mistake that ends it too
	f.asking = f.command == "authenticate" && !f.known
	f.n, f.literals, f.within, f.depth, f.negations, f.words, f.wordLen = 0, 0, false, 0, 0, 0, 0
	f.brace, f.command, f.last = braces{}, "", 0
}

// wrote takes the beginning of what the library answers: whether a literal may come,
// whether the next line is part of a log-in, or whether the command is over.
func (f *frame) wrote(p []byte) {
	switch {
	case len(p) > 1 && p[0] == '+' && p[1] == ' ':
		if f.pending >= 0 {
			f.left, f.pending = f.pending, -1
		} else if f.asking {
			f.raw = true
		}
	case f.pending >= 0 && len(p) > len(f.tag) && string(p[:len(f.tag)]) == f.tag && p[len(f.tag)] == ' ':
		f.pending = -1
		f.reset()
	}
}
