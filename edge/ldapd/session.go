package ldapd

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/provider/directory"
)

// A session is one connection. Only its own goroutine uses it.
type session struct {
	*Server
	conn    net.Conn
	in      *bufio.Reader
	from    netip.AddrPort
	secure  bool // TLS stands
	tried   int
	asker   directory.Asker // the zero Asker has not logged in
	address rem.Address
	since   time.Time // of the log-in
}

func (s *Server) session(ctx context.Context, c net.Conn, from netip.AddrPort) {
	x := &session{Server: s, conn: c, from: from, in: bufio.NewReaderSize(c, 4<<10)}
	if s.Implicit && !x.startTLS(ctx) {
		return
	}
	for range s.Limits.Requests {
		b, err := x.read()
		if err == nil {
			var m message
			if m, err = readRequest(b); err == nil {
				if x.handle(ctx, m) {
					continue
				}
				return
			}
		}
		if errors.Is(err, errBER) {
			// RFC 4511 4.1.1: what cannot be read ends the session, with a notice.
			x.write(answer(0, opExtendedDone, protocolError, "", "not an LDAP message", element(nil, 0x8A, []byte(oidNotice))))
		}
		return
	}
}

// read waits for a request, and then not long for the rest of it.
func (x *session) read() ([]byte, error) {
	if err := x.conn.SetReadDeadline(deadline(x.Limits.Idle)); err != nil {
		return nil, err
	}
	if _, err := x.in.Peek(1); err != nil {
		return nil, err
	}
	if err := x.conn.SetReadDeadline(deadline(x.Limits.Whole)); err != nil {
		return nil, err
	}
	most := x.Limits.Unknown
	if x.known() {
		most = x.Limits.Known
	}
	return readMessage(x.in, most)
}

// deadline is of the machine's clock, which connections go by.
func deadline(d time.Duration) time.Time { return time.Now().Add(d) }

func (x *session) write(b []byte) bool {
	if err := x.conn.SetWriteDeadline(deadline(x.Limits.Write)); err != nil {
		return false
	}
	_, err := x.conn.Write(b)
	return err == nil
}

// known reports whether somebody has logged in, and the log-in still holds.
func (x *session) known() bool {
	return x.asker.Actor.Person != "" && x.Clock.Now().Sub(x.since) < x.Limits.Session
}

func (x *session) startTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, x.Limits.Handshake)
	defer cancel()
	c := tls.Server(x.conn, x.TLS)
	if err := c.HandshakeContext(ctx); err != nil {
		return false
	}
	x.conn, x.secure = c, true
	x.in.Reset(c)
	return true
}

// handle answers one request, and says whether the session goes on.
func (x *session) handle(ctx context.Context, m message) bool {
	ctx, cancel := context.WithTimeout(ctx, x.Limits.Answer)
	defer cancel()
	if m.critical {
		if done := doneOf(m.op); done != 0 {
			return x.write(answer(m.id, done, unavailableCritical, "", "no control is supported"))
		}
	}
	switch m.op {
	case opUnbind:
		return false
	case opAbandon:
		return true // a request is answered before the next one is read
	case opBind:
		return x.bind(ctx, m)
	case opSearch:
		return x.search(ctx, m)
	case opCompare:
		return x.compare(ctx, m)
	case opExtended:
		return x.extended(ctx, m)
	}
	if done, ok := changes[m.op]; ok {
		return x.write(answer(m.id, done, unwilling, "", "the directory is read only"))
	}
	x.write(answer(0, opExtendedDone, protocolError, "", "an unknown operation", element(nil, 0x8A, []byte(oidNotice))))
	return false
}

// doneOf is the answer that ends an operation.
func doneOf(op byte) byte {
	switch op {
	case opBind:
		return opBindAnswer
	case opSearch:
		return opSearchDone
	case opCompare:
		return 0x6F
	case opExtended:
		return opExtendedDone
	}
	return changes[op]
}

// garbage ends a session whose request of a known operation cannot be read.
func (x *session) garbage(m message) bool {
	x.write(answer(m.id, doneOf(m.op), protocolError, "", "the request cannot be read"))
	return false
}

// bind logs in: simple, over TLS alone (RFC 4513 5.1.3, 6.3.1). An empty name and
// password is anonymous and may ask for the server's description; a name without a
// password is nobody's (RFC 4513 5.1.2).
func (x *session) bind(ctx context.Context, m message) bool {
	q, err := readBind(m.body)
	if err != nil {
		return x.garbage(m)
	}
	x.asker, x.address = directory.Asker{}, rem.Address{} // RFC 4513 4: whatever comes of it
	reply := func(c code, text string) bool { return x.write(answer(m.id, opBindAnswer, c, "", text)) }
	switch {
	case q.version != 3:
		return reply(protocolError, "version 3 alone")
	case !q.simple:
		return reply(authMethodNotSupported, "simple authentication alone")
	case q.name == "" && q.password == "":
		return reply(success, "")
	case !x.secure:
		return reply(confidentialityRequired, "StartTLS first")
	case q.password == "":
		return reply(unwilling, "a password is needed")
	}
	begun := x.Clock.Now()
	if x.tried++; x.tried > x.Limits.Tries {
		reply(invalidCredentials, "")
		return false
	}
	address, known := x.named(q.name)
	// An account's failures count by where they come from, so that nobody locks somebody
	// else out (docs/decisions/0015).
	from := "from " + key(x.from)
	of := address.Pseudonym() + " " + from
	if !x.Server.tries.Take(begun, from, x.Limits.FailuresPerAddress) || !x.Server.tries.Take(begun, of, x.Limits.FailuresPerAccount) {
		return reply(busy, "too many failed log-ins; try again later")
	}
	who, err := x.Backend.Login(ctx, x.from, address, q.password)
	if err == nil && !known {
		err = ErrCredentials
	}
	if err != nil && !errors.Is(err, ErrCredentials) {
		x.succeeded(from, of)
		x.Log.LogAttrs(ctx, slog.LevelError, "an address book cannot log in", slog.String("err", err.Error()))
		return reply(unavailable, "")
	}
	if err != nil {
		// One answer, in one time, for every wrong log-in (AT-33).
		if rest := x.Limits.FailurePause - x.Clock.Now().Sub(begun); rest > 0 && x.Clock.Wait(ctx, rest) != nil {
			return false
		}
		return reply(invalidCredentials, "")
	}
	x.succeeded(from, of)
	who.Door = directory.ByLDAP
	x.asker, x.address, x.since, x.tried = who, address, x.Clock.Now(), 0
	return reply(success, "")
}

// succeeded takes back what was counted before it was known how it ends.
func (x *session) succeeded(keys ...string) {
	for _, k := range keys {
		x.Server.tries.GiveBack(k)
	}
}

// named gives the address of a log-in: an entry's name, or the address alone, as
// people type it into an address book.
func (x *session) named(name string) (rem.Address, bool) {
	if a, ok := x.entryAddress(name); ok {
		return a, true
	}
	a, err := rem.ParseAddress(name)
	return a, err == nil
}

// normal writes a name in small letters, without spaces around its commas and signs.
func normal(dn string) string {
	var b strings.Builder
	for i, part := range strings.Split(rem.FoldASCII(dn), ",") {
		if i > 0 {
			b.WriteByte(',')
		}
		k, v, _ := strings.Cut(part, "=")
		b.WriteString(strings.Trim(k, " "))
		b.WriteByte('=')
		b.WriteString(strings.Trim(v, " "))
	}
	return b.String()
}

// entryAddress reads the name of an entry.
func (x *session) entryAddress(dn string) (rem.Address, bool) {
	first, ok := strings.CutSuffix(normal(dn), ","+x.suffix)
	address, mail := strings.CutPrefix(first, "mail=")
	if !ok || !mail {
		return rem.Address{}, false
	}
	a, err := rem.ParseAddress(address)
	return a, err == nil
}

func (x *session) search(ctx context.Context, m message) bool {
	q, err := readSearch(m.body)
	if err != nil {
		return x.garbage(m)
	}
	done := func(c code, text string) bool { return x.write(answer(m.id, opSearchDone, c, "", text)) }
	give := func(e entry) bool { c := e.chosen(q.attributes, q.typesOnly); return x.write(c.write(m.id)) }
	if q.base == "" && q.scope == scopeBase {
		if slices.Contains(q.attributes, "+") {
			q.attributes = nil
		}
		return give(x.self()) && done(success, "")
	}
	if c, text := x.allowed(); c != success {
		return done(c, text)
	}
	base := normal(q.base)
	meaning, question := q.filter.mean()
	address, one := x.entryAddress(q.base)
	switch {
	case one && q.scope == scopeOne:
		return done(success, "") // nothing stands under an entry
	case one && meaning == everything:
		meaning, question = oneQuestion, directory.ByAddress(address, directory.ToSend)
	case one:
		return done(unwilling, "an entry is read by its name alone")
	case base == x.suffix && q.scope == scopeBase:
		return give(entry{dn: x.suffix, attributes: []attribute{{classAttribute, []string{"top", "organizationalUnit"}}, {"ou", []string{"rehber"}}}}) && done(success, "")
	case q.base != "" && base != x.suffix && !strings.HasSuffix(x.suffix, ","+base):
		return done(noSuchObject, "")
	}
	switch meaning {
	case nobody:
		return done(success, "")
	case everything:
		return done(insufficientAccess, "the directory is not listed; ask for an address, a number, a whole name or words of a title")
	case refusedFilter:
		return done(unwilling, "one address, one number, one whole name or words of a title")
	}
	a, c, text := x.ask(ctx, question, q.seconds)
	if c != success {
		return done(c, text)
	}
	for i := range a.Results {
		if q.size > 0 && i == q.size {
			return done(sizeLimitExceeded, "")
		}
		if !give(x.entryOf(&a.Results[i])) {
			return false
		}
	}
	switch a.Outcome {
	case directory.TooMany:
		return done(adminLimitExceeded, a.Text.String())
	case directory.Ambiguous:
		return done(unwilling, a.Text.String())
	}
	return done(success, "")
}

// allowed says whether the session may ask.
func (x *session) allowed() (code, string) {
	switch {
	case !x.secure:
		return confidentialityRequired, "StartTLS first"
	case !x.known():
		return insufficientAccess, "log in first"
	}
	return success, ""
}

// ask asks the directory.
func (x *session) ask(ctx context.Context, q directory.Question, seconds int) (directory.Answer, code, string) {
	if limit := time.Duration(seconds) * time.Second; seconds > 0 && limit < x.Limits.Answer {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	a, err := x.Backend.Query(ctx, x.asker, q)
	if err == nil {
		return a, success, ""
	}
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, directory.ErrQuota) && refused:
		return a, adminLimitExceeded, refusal.Detail.String()
	case refused:
		return a, unwilling, refusal.Detail.String()
	case errors.Is(err, ErrLoggedOut):
		x.asker = directory.Asker{}
		return a, insufficientAccess, "log in first"
	case ctx.Err() != nil:
		return a, timeLimitExceeded, ""
	}
	x.Log.LogAttrs(ctx, slog.LevelError, "the directory did not answer an address book", slog.String("err", err.Error()))
	return a, unavailable, ""
}

// compare asks for one entry, and whether it has a value of an attribute that anybody
// may read. Names fold as the directory folds them; everything else as ASCII.
func (x *session) compare(ctx context.Context, m message) bool {
	q, err := readCompare(m.body)
	if err != nil {
		return x.garbage(m)
	}
	done := func(c code, text string) bool { return x.write(answer(m.id, 0x6F, c, "", text)) }
	if c, text := x.allowed(); c != success {
		return done(c, text)
	}
	address, ok := x.entryAddress(q.entry)
	if !ok {
		return done(noSuchObject, "")
	}
	a, c, text := x.ask(ctx, directory.ByAddress(address, directory.ToSend), 0)
	if c != success {
		return done(c, text)
	}
	if len(a.Results) == 0 {
		return done(noSuchObject, "")
	}
	e := x.entryOf(&a.Results[0])
	e = e.chosen([]string{q.attribute}, false)
	if len(e.attributes) == 0 {
		return done(noSuchAttribute, "")
	}
	for _, v := range e.attributes[0].values {
		if v == q.value || rem.FoldASCII(v) == rem.FoldASCII(q.value) || rem.FoldName(v) == rem.FoldName(q.value) && strings.IndexByte(v, '@') < 0 {
			return done(compareTrue, "")
		}
	}
	return done(compareFalse, "")
}

func (x *session) extended(ctx context.Context, m message) bool {
	name, err := readExtended(m.body)
	if err != nil {
		return x.garbage(m)
	}
	switch name {
	case oidStartTLS:
		named := element(nil, 0x8A, []byte(oidStartTLS))
		if x.secure {
			return x.write(answer(m.id, opExtendedDone, 1, "", "TLS stands already", named)) // operationsError, RFC 4511 4.14.1
		}
		// What came behind the request, unencrypted, is somebody else's (AT-02).
		if x.in.Buffered() > 0 {
			return false
		}
		return x.write(answer(m.id, opExtendedDone, success, "", "", named)) && x.startTLS(ctx)
	case oidWhoAmI: // RFC 4532
		if c, text := x.allowed(); c != success {
			return x.write(answer(m.id, opExtendedDone, c, "", text))
		}
		return x.write(answer(m.id, opExtendedDone, success, "", "", element(nil, 0x8B, []byte("u:"+x.address.String()))))
	}
	return x.write(answer(m.id, opExtendedDone, protocolError, "", "an extended operation that is not known"))
}

// self is what the server says of itself (RFC 4512 5.1), to everybody.
func (x *session) self() entry {
	return entry{attributes: []attribute{
		{classAttribute, []string{"top"}}, {"namingContexts", []string{x.suffix}}, {"supportedLDAPVersion", []string{"3"}}, {"supportedExtension", []string{oidStartTLS, oidWhoAmI}},
	}}
}
