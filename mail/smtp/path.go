package smtp

import (
	"log/slog"
	"strings"

	"rem"
)

// The bounds of RFC 5321 4.5.3.1 on a mailbox, in octets.
const (
	maxLocalPart = 64
	maxDomain    = 255
	maxPath      = 256
)

// A Path is a mailbox as SMTP carries it, without its brackets and without a
// source route. The empty Path is the null reverse-path (RFC 5321 4.5.5).
//
// A Path is what somebody wrote; [Path.Address] is what it means to us.
type Path string

// IsNull reports whether p is the null reverse-path.
func (p Path) IsNull() bool { return p == "" }

// Address reads the path as an address of registered mail.
func (p Path) Address() (rem.Address, error) { return rem.ParseAddress(string(p)) }

// LogValue keeps the mailbox out of logs: a registered address shows its
// pseudonym and any other path only that it is one.
func (p Path) LogValue() slog.Value {
	if p.IsNull() {
		return slog.StringValue("null")
	}
	a, err := p.Address()
	if err != nil {
		return slog.StringValue("other")
	}
	return a.LogValue()
}

// cutPath reads "<mailbox>" from the beginning of s (RFC 5321 4.1.2).
func cutPath(s string) (p Path, rest string, ok bool) {
	if s == "" || s[0] != '<' {
		return "", s, false
	}
	s = s[1:]
	if strings.HasPrefix(s, ">") {
		return "", s[1:], true
	}
	if s != "" && s[0] == '@' {
		// A source route is accepted and ignored (RFC 5321 4.1.2, A-d-l).
		route, mailbox, found := strings.Cut(s, ":")
		if !found || !isRoute(route) {
			return "", s, false
		}
		s = mailbox
	}
	n := mailboxLen(s)
	if n == 0 || n > maxPath || n >= len(s) || s[n] != '>' {
		return "", s, false
	}
	return Path(s[:n]), s[n+1:], true
}

func isRoute(s string) bool {
	for hop := range strings.SplitSeq(s, ",") {
		domain, ok := strings.CutPrefix(hop, "@")
		if !ok || !isDomain(domain) {
			return false
		}
	}
	return true
}

// mailboxLen returns the length of the mailbox at the beginning of s, or 0.
// "postmaster" alone is a mailbox too (RFC 5321 4.5.1).
func mailboxLen(s string) int {
	at := localLen(s)
	if at == 0 || at > maxLocalPart {
		return 0
	}
	if at == len(s) || s[at] != '@' {
		if rem.FoldASCII(s[:at]) == "postmaster" {
			return at
		}
		return 0
	}
	end := strings.IndexByte(s[at+1:], '>')
	if end < 0 {
		end = len(s) - at - 1
	}
	if domain := s[at+1 : at+1+end]; !isDomain(domain) && !isLiteral(domain) {
		return 0
	}
	return at + 1 + end
}

// localLen returns the length of the dot-string or quoted string that s begins with.
func localLen(s string) int {
	if s != "" && s[0] == '"' {
		for i := 1; i < len(s); i++ {
			switch c := s[i]; {
			case c == '"':
				return i + 1
			case c == '\\':
				i++
				if i == len(s) || s[i] < ' ' || s[i] > '~' {
					return 0
				}
			case c < ' ' || c > '~':
				return 0
			}
		}
		return 0
	}
	n := 0
	for n < len(s) && (isAtext(s[n]) || s[n] == '.') {
		n++
	}
	if n == 0 || s[0] == '.' || s[n-1] == '.' || strings.Contains(s[:n], "..") {
		return 0
	}
	return n
}

func isAtext(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isDomain accepts the names of RFC 5321 4.1.2, and the underscore that hosts
// of inner networks carry.
func isDomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlnum(label[i]) && label[i] != '-' && label[i] != '_' {
				return false
			}
		}
	}
	return true
}

// isLiteral accepts an address literal by its outer form (RFC 5321 4.1.3).
func isLiteral(s string) bool {
	if len(s) < 3 || len(s) > maxDomain || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if !isAlnum(s[i]) && s[i] != '.' && s[i] != ':' && s[i] != '-' {
			return false
		}
	}
	return true
}

// isHello accepts what HELO and EHLO may name: a domain or an address literal.
func isHello(s string) bool { return isDomain(s) || isLiteral(s) }
