package smtp

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// MaxReplyLine bounds one line of a reply in octets, CRLF included
// (RFC 5321 4.5.3.1.5).
const MaxReplyLine = 512

// A Reply is one answer of a server: its code, its enhanced status code ("" for
// none) and its text, whose lines are parted by "\n". A Reply is an error, so
// that what ends a step can be answered as it is.
type Reply struct {
	Code     int
	Enhanced string
	Text     string
}

// Error gives the reply on one line.
func (r *Reply) Error() string {
	text := strings.ReplaceAll(r.Text, "\n", " / ")
	if r.Enhanced == "" {
		return fmt.Sprintf("%d %s", r.Code, text)
	}
	return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, text)
}

// Positive, Transient and Permanent tell the classes of RFC 5321 4.2.1.
func (r *Reply) Positive() bool  { return r.Code >= 200 && r.Code < 300 }
func (r *Reply) Transient() bool { return r.Code >= 400 && r.Code < 500 }
func (r *Reply) Permanent() bool { return r.Code >= 500 && r.Code < 600 }

// Append writes the reply as it goes on the wire, each line with the code and
// the enhanced code (RFC 2034 4). Bytes that are not printable ASCII become
// "?", and lines are cut at [MaxReplyLine]: no text can start a line of its own.
func (r *Reply) Append(dst []byte) []byte {
	rest := r.Text
	for {
		line, more, multi := strings.Cut(rest, "\n")
		start := len(dst)
		dst = strconv.AppendInt(dst, int64(r.Code), 10)
		if multi {
			dst = append(dst, '-')
		} else {
			dst = append(dst, ' ')
		}
		if r.Enhanced != "" {
			dst = append(dst, r.Enhanced...)
			dst = append(dst, ' ')
		}
		for i := 0; i < len(line) && len(dst)-start < MaxReplyLine-2; i++ {
			c := line[i]
			if c < ' ' || c > '~' {
				c = '?'
			}
			dst = append(dst, c)
		}
		dst = append(dst, '\r', '\n')
		if !multi {
			return dst
		}
		rest = more
	}
}

// MaxReplyLines bounds the lines of a reply that we read; an EHLO answer has
// some twenty.
const MaxReplyLines = 64

// A ReplyParser puts a reply together from its lines. The zero value is ready,
// and is ready again after a reply is whole.
type ReplyParser struct {
	reply Reply
	lines int
}

// Line takes the next line, which must end in CRLF, and returns the reply when
// it is whole and nil while more lines follow. An error means that the bytes are
// no reply of RFC 5321 4.2, and that nothing more can be believed of them.
func (p *ReplyParser) Line(line []byte) (*Reply, error) {
	if len(line) > 4*MaxReplyLine {
		return nil, fmt.Errorf("a reply line of %d octets", len(line))
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.ContainsAny(text, "\r\n\x00") {
		return nil, fmt.Errorf("a reply line that does not end in CRLF")
	}
	if len(text) < 3 || text[0] < '2' || text[0] > '5' || text[1] < '0' || text[1] > '9' || text[2] < '0' || text[2] > '9' {
		return nil, fmt.Errorf("a reply line without a code")
	}
	code := int(text[0]-'0')*100 + int(text[1]-'0')*10 + int(text[2]-'0')
	last := len(text) == 3 || text[3] == ' '
	if !last && text[3] != '-' {
		return nil, fmt.Errorf("a reply code that is not followed by a space or a hyphen")
	}
	rest := ""
	if len(text) > 4 {
		rest = string(text[4:])
	}
	enhanced, rest := cutEnhanced(code, rest)
	p.lines++
	switch {
	case p.lines > MaxReplyLines:
		return nil, fmt.Errorf("a reply of more than %d lines", MaxReplyLines)
	case p.lines == 1:
		p.reply = Reply{Code: code, Enhanced: enhanced, Text: rest}
	case code != p.reply.Code:
		return nil, fmt.Errorf("a reply that changes its code from %d to %d", p.reply.Code, code)
	default:
		p.reply.Text += "\n" + rest
	}
	if !last {
		return nil, nil
	}
	whole := p.reply
	*p = ReplyParser{}
	return &whole, nil
}

// cutEnhanced parts "5.7.1 text". The class must be the reply's own; anything
// else is text (RFC 2034 4).
func cutEnhanced(code int, s string) (enhanced, text string) {
	first, rest, _ := strings.Cut(s, " ")
	parts := strings.SplitN(first, ".", 4)
	if len(parts) != 3 || parts[0] != strconv.Itoa(code/100) {
		return "", s
	}
	for _, part := range parts[1:] {
		if len(part) < 1 || len(part) > 3 || strings.Trim(part, "0123456789") != "" {
			return "", s
		}
	}
	return first, rest
}
