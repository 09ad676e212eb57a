package ldapd

import "fmt"

// The operations and their answers (RFC 4511 4.2 to 4.12), as tags.
const (
	opBind         = 0x60
	opBindAnswer   = 0x61
	opUnbind       = 0x42
	opSearch       = 0x63
	opEntry        = 0x64
	opSearchDone   = 0x65
	opModify       = 0x66
	opAdd          = 0x68
	opDelete       = 0x4A
	opRename       = 0x6C
	opCompare      = 0x6E
	opAbandon      = 0x50
	opExtended     = 0x77
	opExtendedDone = 0x78
)

// changes are the operations that change something, with their answers.
var changes = map[byte]byte{opModify: 0x67, opAdd: 0x69, opDelete: 0x6B, opRename: 0x6D}

// A code is a result code (RFC 4511 appendix A).
type code int

// The codes that are given.
const (
	success                 code = 0
	protocolError           code = 2
	timeLimitExceeded       code = 3
	sizeLimitExceeded       code = 4
	compareFalse            code = 5
	compareTrue             code = 6
	authMethodNotSupported  code = 7
	adminLimitExceeded      code = 11
	unavailableCritical     code = 12
	confidentialityRequired code = 13
	noSuchAttribute         code = 16
	noSuchObject            code = 32
	invalidDNSyntax         code = 34
	invalidCredentials      code = 49
	insufficientAccess      code = 50
	busy                    code = 51
	unavailable             code = 52
	unwilling               code = 53
)

// Names of extended operations.
const (
	oidStartTLS = "1.3.6.1.4.1.1466.20037" // RFC 4511 4.14
	oidWhoAmI   = "1.3.6.1.4.1.4203.1.11.3"
	oidNotice   = "1.3.6.1.4.1.1466.20036" // notice of disconnection, RFC 4511 4.4.1
)

// Bounds on what a message holds.
const (
	maxDepth      = 8  // of a filter; address books need three
	maxTerms      = 64 // of a filter; the longest that was seen has some twenty
	maxAttributes = 64 // that are asked for
	maxControls   = 8
)

// A message is a request.
type message struct {
	id       int
	op       byte
	body     []byte
	critical bool // it has a critical control, and there is none that we know
}

// readRequest reads the inside of a message.
func readRequest(b []byte) (m message, err error) {
	r := &reader{b: b}
	m.id = r.int(tagInteger)
	m.op, m.body = r.any()
	if r.peek() == 0xA0 {
		list := r.in(0xA0)
		for n := 0; list.more(); n++ {
			if n == maxControls {
				list.fail("too many controls")
			}
			c := list.in(tagSequence)
			c.text(tagString)
			if c.peek() == tagBoolean {
				m.critical = c.bool() || m.critical
			}
			if c.more() {
				c.take(tagString)
			}
			if err := c.done(); err != nil {
				return message{}, err
			}
		}
		if err := list.done(); err != nil {
			return message{}, err
		}
	}
	if err := r.done(); err != nil {
		return message{}, err
	}
	if m.id == 0 && m.op != opUnbind && m.op != opAbandon {
		return message{}, fmt.Errorf("%w: a request without a number", errBER)
	}
	return m, nil
}

// A bind is who logs in, and how.
type bind struct {
	version        int
	name, password string
	simple         bool
}

func readBind(b []byte) (q bind, err error) {
	r := &reader{b: b}
	q.version = r.int(tagInteger)
	q.name = r.text(tagString)
	switch q.simple = r.peek() == 0x80; {
	case q.simple:
		q.password = r.text(0x80)
	default:
		r.any() // SASL, or something of later
	}
	return q, r.done()
}

// The scopes of a search.
const (
	scopeBase = iota
	scopeOne
	scopeSub
)

// A search is what a client looks for.
type search struct {
	base       string
	scope      int
	size       int // at most so many; 0: as many as there are
	seconds    int // at most so long; 0: as long as it takes
	typesOnly  bool
	filter     filter
	attributes []string
}

func readSearch(b []byte) (q search, err error) {
	r := &reader{b: b}
	q.base = r.text(tagString)
	q.scope = r.int(tagEnum)
	if aliases := r.int(tagEnum); r.err == nil && (q.scope > 3 || aliases > 3) {
		r.fail("a scope or a treatment of aliases that is none")
	}
	q.size, q.seconds = r.int(tagInteger), r.int(tagInteger)
	q.typesOnly = r.bool()
	if r.err == nil {
		terms := 0
		q.filter, err = readFilter(r, 0, &terms)
		if err != nil {
			return search{}, err
		}
	}
	list := r.in(tagSequence)
	for list.more() {
		if len(q.attributes) == maxAttributes {
			list.fail("too many attributes are asked for")
		}
		q.attributes = append(q.attributes, list.text(tagString))
	}
	if err := list.done(); err != nil {
		return search{}, err
	}
	return q, r.done()
}

// A comparison asks whether an entry has a value.
type comparison struct{ entry, attribute, value string }

func readCompare(b []byte) (q comparison, err error) {
	r := &reader{b: b}
	q.entry = r.text(tagString)
	ava := r.in(tagSequence)
	q.attribute, q.value = ava.text(tagString), ava.text(tagString)
	if err := ava.done(); err != nil {
		return comparison{}, err
	}
	return q, r.done()
}

func readExtended(b []byte) (name string, err error) {
	r := &reader{b: b}
	name = r.text(0x80)
	if r.more() {
		r.take(0x81)
	}
	return name, r.done()
}

// A filter is a search filter (RFC 4511 4.5.1.7).
type filter struct {
	kind  byte // the tag
	parts []filter
	// attribute and value of everything that has them. Of substrings the value is
	// their pieces with spaces between.
	attribute, value string
}

// The filters.
const (
	filterAnd     = 0xA0
	filterOr      = 0xA1
	filterNot     = 0xA2
	filterEqual   = 0xA3
	filterSub     = 0xA4
	filterGreater = 0xA5
	filterLess    = 0xA6
	filterPresent = 0x87
	filterApprox  = 0xA8
	filterOther   = 0xA9
)

func readFilter(r *reader, depth int, terms *int) (f filter, err error) {
	if *terms++; depth > maxDepth || *terms > maxTerms {
		return filter{}, fmt.Errorf("%w: a filter of too many parts", errBER)
	}
	var b []byte
	f.kind, b = r.any()
	in := &reader{b, r.err}
	switch f.kind {
	case filterAnd, filterOr:
		for in.more() {
			part, err := readFilter(in, depth+1, terms)
			if err != nil {
				return filter{}, err
			}
			f.parts = append(f.parts, part)
		}
	case filterNot:
		part, err := readFilter(in, depth+1, terms)
		if err != nil {
			return filter{}, err
		}
		f.parts = []filter{part}
	case filterEqual, filterGreater, filterLess, filterApprox:
		f.attribute, f.value = in.text(tagString), in.text(tagString)
	case filterSub:
		f.attribute = in.text(tagString)
		pieces := in.in(tagSequence)
		for n := 0; pieces.more(); n++ {
			tag, piece := pieces.any()
			if tag < 0x80 || tag > 0x82 || n == maxTerms {
				pieces.fail("pieces of a text that are none, or too many")
			}
			if n > 0 {
				f.value += " "
			}
			f.value += string(piece)
		}
		if err := pieces.done(); err != nil {
			return filter{}, err
		}
	case filterPresent:
		f.attribute, in.b = string(b), nil
	case filterOther:
		in.b = nil // refused later, whatever it holds
	default:
		in.fail("a filter of an unknown kind")
	}
	return f, in.done()
}

// answer writes a message with a result.
func answer(id int, op byte, c code, matched, text string, more ...[]byte) []byte {
	body := number(nil, tagEnum, int(c))
	body = octets(octets(body, matched), text)
	for _, b := range more {
		body = append(body, b...)
	}
	return envelope(id, op, body)
}

func envelope(id int, op byte, body []byte) []byte {
	return element(nil, tagSequence, element(number(nil, tagInteger, id), op, body))
}
