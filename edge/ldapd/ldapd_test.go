package ldapd

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/directorytest"
)

// A client that says what it wants, octet by octet.
type client struct {
	net.Conn
	t  testing.TB
	id int
}

func (w *world) dial(t testing.TB, secure bool) *client {
	t.Helper()
	var c net.Conn
	var err error
	if secure {
		c, err = tls.Dial("tcp", w.direct, w.tls)
	} else {
		c, err = net.Dial("tcp", w.start)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{Conn: c, t: t}
}

// send sends a request and gives the tag and the code of its answer; code -1 says
// that the connection ended.
func (c *client) send(op byte, body []byte, more ...byte) (byte, code, string) {
	c.t.Helper()
	c.id++
	request := number(nil, tagInteger, c.id)
	request = append(element(request, op, body), more...)
	return c.raw(element(nil, tagSequence, request))
}

func (c *client) raw(b []byte) (byte, code, string) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		return 0, -1, ""
	}
	return c.read()
}

func (c *client) read() (byte, code, string) {
	c.t.Helper()
	b, err := readMessage(c, 1<<20)
	if err != nil {
		return 0, -1, ""
	}
	r := &reader{b: b}
	r.int(tagInteger)
	op, body := r.any()
	in := &reader{b: body}
	result := code(in.int(tagEnum))
	in.take(tagString)
	text := in.text(tagString)
	if in.err != nil {
		c.t.Fatalf("an answer that cannot be read: %x", b)
	}
	return op, result, text
}

func bindBody(version int, name, password string) []byte {
	return element(octets(number(nil, tagInteger, version), name), 0x80, []byte(password))
}

func searchBody(base string, scope int, filter []byte) []byte {
	b := octets(nil, base)
	b = number(number(b, tagEnum, scope), tagEnum, 0)
	b = number(number(b, tagInteger, 0), tagInteger, 0)
	b = append(element(b, tagBoolean, []byte{0}), filter...)
	return element(b, tagSequence, nil)
}

func equal(attribute, value string) []byte {
	return element(nil, filterEqual, octets(octets(nil, attribute), value))
}

func login(c *client) code {
	c.t.Helper()
	_, got, _ := c.send(opBind, bindBody(3, "firma2@hs90.kep.test", password))
	return got
}

func TestWhoLogsInAndHow(t *testing.T) {
	w := serve(t, Limits{Tries: 100, FailurePause: time.Millisecond})
	c := w.dial(t, true)
	expect := func(name string, want code, body []byte) {
		t.Helper()
		if op, got, _ := c.send(opBind, body); op != opBindAnswer || got != want {
			t.Errorf("%s: %#x, code %d, want %d", name, op, got, want)
		}
	}
	expect("anonymous", success, bindBody(3, "", ""))
	expect("version 2", protocolError, bindBody(2, "", ""))
	expect("SASL", authMethodNotSupported, element(octets(number(nil, tagInteger, 3), ""), 0xA3, octets(nil, "EXTERNAL")))
	expect("the entry's name", success, bindBody(3, "MAIL = firma2@hs90.kep.test , OU=Rehber,dc=hs90, dc=kep,DC=test", password))
	expect("a wrong one", invalidCredentials, bindBody(3, "firma2@hs90.kep.test", password+"x"))
	if _, got, _ := c.send(opSearch, searchBody(suffix, scopeSub, equal("mail", "firma3@hs90.kep.test"))); got != insufficientAccess {
		t.Errorf("after a failed log-in the one before still holds: %d", got)
	}
	for _, name := range []string{"mail=firma2@hs90.kep.test,ou=rehber,dc=hs91,dc=kep,dc=test", "mail=firma2@hs90.kep.test,x=y," + suffix, "cn=firma2@hs90.kep.test," + suffix, "mail=fırma2@hs90.kep.test," + suffix} {
		expect(name, invalidCredentials, bindBody(3, name, password))
	}
}

// AT-33: a guesser is answered ever later, and others are not held up for it.
func TestGuessersAreHeldUp(t *testing.T) {
	w := serve(t, Limits{Tries: 3, FailurePause: time.Millisecond, FailuresPerAccount: 5, FailuresPerAddress: 8})
	codes := map[code]int{}
	for i := range 12 {
		c := w.dial(t, true)
		name := "firma2@hs90.kep.test"
		if i >= 6 {
			name = fmt.Sprintf("firma%d@hs90.kep.test", 100+i)
		}
		_, got, _ := c.send(opBind, bindBody(3, name, "guess"))
		codes[got]++
	}
	if codes[invalidCredentials] != 7 || codes[busy] != 5 {
		t.Errorf("%v", codes) // five for the account, then one that the account's limit took from the address, and two
	}
	w.mu.Lock()
	asked := w.logins
	w.mu.Unlock()
	if asked != 7 {
		t.Errorf("the backend was asked %d times", asked)
	}
	c := serve(t, Limits{FailurePause: time.Millisecond}).dial(t, true)
	for range 3 {
		if _, got, _ := c.send(opBind, bindBody(3, "firma2@hs90.kep.test", "x")); got != invalidCredentials {
			t.Errorf("code %d", got)
		}
	}
	c.send(opBind, bindBody(3, "firma2@hs90.kep.test", "x"))
	if _, got, _ := c.send(opBind, bindBody(3, "", "")); got != -1 {
		t.Errorf("the connection goes on: %d", got)
	}
}

// AT-02: what stands behind StartTLS in the clear is never read as if it had come
// over TLS.
func TestNothingIsTakenFromBeforeTLS(t *testing.T) {
	w := serve(t, Limits{})
	c := w.dial(t, false)
	start := element(nil, tagSequence, element(number(nil, tagInteger, 1), opExtended, element(nil, 0x80, []byte(oidStartTLS))))
	injected := element(nil, tagSequence, element(number(nil, tagInteger, 2), opBind, bindBody(3, "firma2@hs90.kep.test", password)))
	if _, got, _ := c.raw(append(start, injected...)); got != -1 {
		t.Errorf("answered with %d", got)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logins != 0 {
		t.Error("what was injected was read")
	}
}

// A second StartTLS is refused by its code, and the session goes on.
func TestTLSStandsOnce(t *testing.T) {
	w := serve(t, Limits{})
	c := w.dial(t, true)
	if op, got, _ := c.send(opExtended, element(nil, 0x80, []byte(oidStartTLS))); op != opExtendedDone || got != 1 {
		t.Errorf("%#x, %d", op, got)
	}
	if got := login(c); got != success {
		t.Errorf("then %d", got)
	}
}

func TestWhatCannotBeReadEndsTheSession(t *testing.T) {
	w := serve(t, Limits{Unknown: 512, Whole: time.Second})
	for name, b := range map[string][]byte{
		"no sequence":           []byte("GET / HTTP/1.1\r\n\r\n"),
		"an indefinite length":  {0x30, 0x80, 0, 0},
		"too long a length":     {0x30, 0x85, 0, 0, 0, 0, 1},
		"too long a message":    {0x30, 0x82, 2, 1},
		"a huge message":        {0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF},
		"a negative number":     {0x30, 5, 2, 1, 0xFF, opUnbind, 0},
		"number zero":           element(nil, tagSequence, element(number(nil, tagInteger, 0), opBind, bindBody(3, "", ""))),
		"an unknown operation":  element(nil, tagSequence, element(number(nil, tagInteger, 1), 0x7E, nil)),
		"something behind":      element(nil, tagSequence, append(element(number(nil, tagInteger, 1), opBind, bindBody(3, "", "")), 5, 0)),
		"a tag of several":      {0x30, 6, 2, 1, 1, 0x7F, 1, 0},
		"a cut bind":            element(nil, tagSequence, element(number(nil, tagInteger, 1), opBind, []byte{2, 1})),
		"a truth that is three": element(nil, tagSequence, element(number(nil, tagInteger, 1), opSearch, []byte{4, 0, 10, 1, 0, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 3, filterPresent, 1, 'a', 0x30, 0})),
		"a filter too deep":     element(nil, tagSequence, element(number(nil, tagInteger, 1), opSearch, searchBody("", 0, deep(20)))),
	} {
		c := w.dial(t, true)
		_, got, text := c.raw(b)
		if got != protocolError {
			t.Errorf("%s: %d %s", name, got, text)
		}
		if _, again, _ := c.send(opBind, bindBody(3, "", "")); again != -1 {
			t.Errorf("%s: the session goes on with %d", name, again)
		}
	}
	// Half a message is not waited for long.
	c := w.dial(t, true)
	if _, got, _ := c.raw([]byte{0x30, 20, 2}); got != -1 {
		t.Errorf("half a message: %d", got)
	}
}

func deep(n int) []byte {
	f := equal("cn", "x")
	for range n {
		f = element(nil, filterNot, f)
	}
	return f
}

func TestConnectionsAndRequestsAreBounded(t *testing.T) {
	w := serve(t, Limits{PerAddress: 2, Requests: 3, Unknown: 600})
	a, b := w.dial(t, false), w.dial(t, false)
	for _, c := range []*client{a, b} {
		if _, got, _ := c.send(opBind, bindBody(3, "", "")); got != success {
			t.Fatal(got)
		}
	}
	if _, got, _ := w.dial(t, false).send(opBind, bindBody(3, "", "")); got != -1 {
		t.Errorf("a third connection: %d", got)
	}
	for i, want := range []code{success, success, -1} {
		if _, got, _ := a.send(opBind, bindBody(3, "", "")); got != want {
			t.Errorf("request %d: %d, want %d", i+2, got, want)
		}
	}
	// Somebody who has not logged in sends less than somebody who has.
	if _, got, _ := b.send(opBind, bindBody(3, "", strings.Repeat("x", 700))); got != protocolError {
		t.Errorf("a long request of nobody: %d", got)
	}
}

// A log-in does not hold for ever.
func TestALogInEnds(t *testing.T) {
	w := serve(t, Limits{Session: 50 * time.Millisecond})
	c := w.dial(t, true)
	if got := login(c); got != success {
		t.Fatal(got)
	}
	found := searchBody(suffix, scopeSub, equal("mail", "nobody@hs90.kep.test"))
	until := time.Now().Add(10 * time.Second)
	for time.Now().Before(until) {
		if _, got, _ := c.send(opSearch, found); got == insufficientAccess {
			return
		}
	}
	t.Error("it still holds")
}

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 255, 256, 32767, 32768, 1 << 23, 1<<24 - 1, 1 << 24, 1<<31 - 1} {
		r := &reader{b: number(nil, tagInteger, n)}
		if got := r.int(tagInteger); got != n || r.done() != nil {
			t.Errorf("%d was read as %d, %v", n, got, r.err)
		}
	}
	for _, n := range []int{0, 127, 128, 255, 256, 65535, 65536, 100_000} {
		b := element(nil, tagString, make([]byte, n))
		got, err := readMessage(bytes.NewReader(append([]byte{tagSequence}, b[1:]...)), 1<<20)
		if err != nil || len(got) != n {
			t.Errorf("%d octets were read as %d, %v", n, len(got), err)
		}
		r := &reader{b: b}
		if got := r.take(tagString); len(got) != n || r.done() != nil {
			t.Errorf("%d octets were read as %d, %v", n, len(got), r.err)
		}
	}
	for _, bad := range [][]byte{{2, 0}, {2, 1, 0x80}, {2, 2, 0, 1}, {2, 5, 0, 0x80, 0, 0, 0}, {2, 6, 0, 0, 0, 0, 0, 1}} {
		r := &reader{b: bad}
		if n := r.int(tagInteger); r.err == nil {
			t.Errorf("%x was read as %d", bad, n)
		}
	}
	if _, err := readMessage(bytes.NewReader([]byte{0x30, 5, 1}), 100); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut message: %v", err)
	}
	if _, err := readMessage(bytes.NewReader(nil), 100); err != io.EOF {
		t.Errorf("no message: %v", err)
	}
}

// Whatever comes is read within its bounds, or refused; and no filter means more than
// one question.
func FuzzRequest(f *testing.F) {
	for _, b := range [][]byte{
		element(number(nil, tagInteger, 1), opBind, bindBody(3, "a@hs90.kep.test", "x")),
		element(number(nil, tagInteger, 2), opSearch, searchBody(suffix, scopeSub, equal("mail", "firma3@hs90.kep.test"))),
		element(number(nil, tagInteger, 2), opSearch, searchBody("", scopeBase, element(nil, filterOr, append(equal("cn", "Bir Ad"), element(nil, filterSub, element(octets(nil, "sn"), tagSequence, element(nil, 0x81, []byte("Bir Ad"))))...)))),
		element(number(nil, tagInteger, 3), opCompare, element(octets(nil, suffix), tagSequence, octets(octets(nil, "cn"), "x"))),
		element(number(nil, tagInteger, 4), opExtended, element(nil, 0x80, []byte(oidStartTLS))),
		append(element(number(nil, tagInteger, 5), opUnbind, nil), element(nil, 0xA0, element(nil, tagSequence, octets(nil, "1.2")))...),
		element(number(nil, tagInteger, 6), opSearch, searchBody("", 0, deep(5))),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readRequest(b)
		if err != nil {
			if !errors.Is(err, errBER) {
				t.Fatal(err)
			}
			return
		}
		if m.id < 0 || m.id > 1<<31-1 {
			t.Fatalf("number %d", m.id)
		}
		_, _ = readBind(m.body)
		_, _ = readCompare(m.body)
		_, _ = readExtended(m.body)
		q, err := readSearch(m.body)
		if err != nil {
			return
		}
		if len(q.attributes) > maxAttributes || q.size < 0 || q.seconds < 0 {
			t.Fatalf("%+v", q)
		}
		meaning, question := q.filter.mean()
		if (meaning == oneQuestion) == question.IsZero() {
			t.Fatalf("meaning %d with %v", meaning, question)
		}
	})
}

// The attributes of the inventory are those that an entry can have.
func TestAttributesAreNamed(t *testing.T) {
	w := serve(t, Limits{})
	named := "objectClass " + strings.Join(Attributes(), " ")
	for n := range 6 {
		r, ok, err := w.PublicView(t.Context(), directorytest.Account(n))
		if err != nil || !ok {
			continue
		}
		e := (&Server{suffix: suffix}).entryOf(&r)
		for _, a := range e.attributes {
			if !strings.Contains(named, a.name) {
				t.Errorf("%s is not named", a.name)
			}
		}
	}
}
