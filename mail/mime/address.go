package mime

import (
	"fmt"
	"slices"
	"strings"
)

// A Mailbox is one address with its display name. RFC 5322 3.4.
type Mailbox struct {
	Name    string // decoded, one line; "" when there is none
	Address string // user@domain as written, not folded
	Doubts  []Doubt
}

// Addresses are the address fields of a message. RFC 5322 3.6.2 and 3.6.3.
type Addresses struct {
	From    Mailbox
	Sender  *Mailbox // nil when absent
	ReplyTo []Mailbox
	To, Cc  []Mailbox
	Bcc     bool // the field stands, whatever it holds
}

// Addresses reads the address fields strictly: exactly one From with exactly
// one address, no field twice, no group, no route, no empty element, no quoted
// user part. What the displayed sender could be disguised with is noted in the
// mailboxes' doubts (AT-05).
func (h *Header) Addresses(l Limits) (Addresses, error) {
	var a Addresses
	from, err := h.mailboxes("From", l)
	if err != nil {
		return Addresses{}, err
	}
	if len(from) != 1 {
		return Addresses{}, malformed("From must name exactly one address, not %d", len(from))
	}
	a.From = from[0]
	sender, err := h.mailboxes("Sender", l)
	if err != nil {
		return Addresses{}, err
	}
	if len(sender) > 1 {
		return Addresses{}, malformed("Sender must name one address, not %d", len(sender))
	}
	if len(sender) == 1 {
		a.Sender = &sender[0]
	}
	for _, f := range []struct {
		name string
		list *[]Mailbox
	}{{"Reply-To", &a.ReplyTo}, {"To", &a.To}, {"Cc", &a.Cc}} {
		if *f.list, err = h.mailboxes(f.name, l); err != nil {
			return Addresses{}, err
		}
	}
	a.Bcc = h.Count("Bcc") > 0
	return a, nil
}

func (h *Header) mailboxes(name string, l Limits) ([]Mailbox, error) {
	value, err := h.One(name)
	if err != nil || h.Count(name) == 0 {
		return nil, err
	}
	list, err := ParseMailboxes(value, l)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return list, nil
}

// ParseMailboxes reads an unfolded list of mailboxes; it is not empty.
func ParseMailboxes(value string, l Limits) ([]Mailbox, error) {
	var list []Mailbox
	for rest := value; ; {
		if len(list) >= l.Addresses {
			return nil, over("addresses", l.Addresses)
		}
		m, tail, err := mailbox(rest)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
		if tail == "" {
			return list, nil
		}
		rest = tail[1:] // after the comma
	}
}

// mailbox takes one mailbox; tail is "" or begins with the comma after it.
func mailbox(s string) (m Mailbox, tail string, err error) {
	var words []string
	var bare string // the only run so far, which may turn out to be an address
	disguise := false
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' {
			if len(words) != 1 || bare == "" {
				return Mailbox{}, "", malformed("an element of the list is not an address")
			}
			m.Address, tail = bare, s
			break
		}
		switch s[0] {
		case '(':
			m.doubt(AddressComment)
			s = afterComment(s)
			continue
		case '"':
			word, rest, ok := quoted(s)
			if !ok {
				return Mailbox{}, "", malformed("a quoted name is not closed")
			}
			if strings.HasPrefix(rest, "@") {
				return Mailbox{}, "", malformed("a quoted user part is not taken")
			}
			words, bare, s = append(words, word), "", rest
			continue
		case '<':
			inside, rest, ok := strings.Cut(s[1:], ">")
			if !ok {
				return Mailbox{}, "", malformed("an address is not closed")
			}
			for {
				rest = strings.TrimLeft(rest, " \t")
				if rest == "" || rest[0] != '(' {
					break
				}
				m.doubt(AddressComment)
				rest = afterComment(rest)
			}
			if rest != "" && rest[0] != ',' {
				return Mailbox{}, "", malformed("something follows an address")
			}
			name, odd := DecodeText(strings.Join(words, " "))
			if odd {
				m.doubt(OddText)
			}
			// A name with an @ or a < is shown by some readers in the
			// address's place. Full-width and small forms look alike.
			if disguise || strings.ContainsAny(name, "@<＠﹫＜") {
				m.doubt(AddressInDisplayName)
			}
			m.Name, m.Address, tail = name, inside, rest
			return m, tail, checkAddress(inside)
		case ':', ';':
			return Mailbox{}, "", malformed("a group of addresses is not taken")
		case ')', '>', '\\', '\r', '\n', 0:
			return Mailbox{}, "", malformed("a character that cannot stand in an address field")
		}
		i := strings.IndexAny(s, " \t\r\n\x00()<>,;:\"\\")
		if i < 0 {
			i = len(s)
		}
		run := s[:i]
		if bare = ""; len(words) == 0 {
			bare = run
		}
		disguise = disguise || strings.Contains(run, "@")
		words, s = append(words, run), s[i:]
	}
	return m, tail, checkAddress(m.Address)
}

func (m *Mailbox) doubt(d Doubt) {
	if !slices.Contains(m.Doubts, d) {
		m.Doubts = append(m.Doubts, d)
	}
}

// maxAddress is RFC 5321 4.5.3.1.3 without the brackets.
const maxAddress = 254

// checkAddress accepts dot-atom "@" dot-atom in ASCII, as RFC 5322 3.4.1 has it
// without its quoted, obsolete and literal forms. An encoded word in it would
// fit the grammar and show a second address to who decodes it.
func checkAddress(s string) error {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxAddress || strings.Contains(s, "=?") || !isDotAtom(local, atext) || !isDotAtom(domain, "-") {
		return malformed("not an address in its plain form")
	}
	return nil
}

const atext = "!#$%&'*+-/=?^_`{|}~"

func isDotAtom(s, punctuation string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if ('0' > c || c > '9') && ('A' > c || c > 'Z') && ('a' > c || c > 'z') && strings.IndexByte(punctuation, c) < 0 {
				return false
			}
		}
	}
	return true
}

// maxID bounds one message identifier: a line's length. RFC 5322 2.1.1.
const maxID = 998

// ParseIDs reads the message identifiers of Message-ID, In-Reply-To or
// References, without their brackets. What stands between them is passed over,
// as RFC 5322 4.5.4 asks of readers.
func ParseIDs(value string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			return ids
		}
		id, after, ok := strings.Cut(rest, ">")
		if !ok {
			return ids
		}
		if isID(id) {
			ids = append(ids, id)
		}
		value = after
	}
}

func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return false
		}
	}
	return s != "" && len(s) <= maxID
}
