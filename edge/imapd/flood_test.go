package imapd_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"rem/edge/imapd"
	"rem/internal/testkit/tlskit"
	"rem/message/mailbox"
)

// AT-08: what a stranger sends is counted before anything is kept of it.
func TestFloodsEndTheConnection(t *testing.T) {
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"))
	for _, c := range []struct{ name, sends, hears string }{
		{"a line", "x LOGIN " + strings.Repeat("a", 10_000), "* BYE The line is too long"},
		{"a tag", strings.Repeat("t", 500) + " NOOP\r\n", "* BYE The tag is too long"},
		{"a literal", "x LOGIN {100000000+}\r\n", "* BYE The literal is too large"},
		{"literals", "x LOGIN {4000+}\r\n" + strings.Repeat("a", 4000) + " {4000+}\r\n", "* BYE The literals are too large"},
		{"a search", "x SEARCH " + strings.Repeat("NOT ", 900) + "ALL\r\n", "* BYE Log in first"},
		{"a nested list", "x LIST ((((((((", "* BYE Log in first"},
		{"a message", "x APPEND INBOX {10}\r\n", "* BYE Log in first"},
		{"NUL", "x NOOP\x00\r\n", "* BYE NUL"},
		{"another protocol", "GET / HTTP/1.1\r\n", "* BYE Log in first"},
		{"a quoted line end", "x LOGIN \"a\r\n", "* BYE A quoted"},
	} {
		t.Run("stranger "+c.name, func(t *testing.T) {
			r := w.raw()
			_, _ = r.Write([]byte(c.sends)) // it may be cut off while it sends
			got := r.until("never")
			has(t, got, c.hears, "(closed)")
		})
	}
	for _, c := range []struct{ name, sends, hears string }{
		{"a line", "x UID FETCH " + strings.Repeat("1,3,", 20_000), "* BYE The line is too long"},
		{"a literal", "x CREATE {5000+}\r\n", "* BYE The literal is too large"},
		{"a literal that asks", "x CREATE {5000}\r\n", "* BYE The literal is too large"},
		{"literals", "x SEARCH" + strings.Repeat(" TEXT {4000+}\r\n"+strings.Repeat("a", 4000), 9) + "\r\n", "* BYE The literals are too large"},
		{"a search", "x SEARCH " + strings.Repeat("NOT ", 900) + "ALL\r\n", "* BYE The search is too deep"},
		{"alternatives", "x SEARCH " + strings.Repeat("OR ALL ", 900) + "ALL\r\n", "* BYE The search is too deep"},
		{"a nested list", "x SEARCH " + strings.Repeat("(", 100), "* BYE Lists are too deep"},
		{"a literal unasked", "x LOGIN {5}\r\nhello", "* BYE Wait"},
		{"a line behind IDLE", "x IDLE (\r\ny SEARCH TEXT {5000+}\r\n", "* BYE The literal is too large"},
	} {
		t.Run("known "+c.name, func(t *testing.T) {
			r := w.rawLogin()
			r.do("SELECT INBOX")
			_, _ = r.Write([]byte(c.sends))
			got := r.until("never")
			has(t, got, c.hears, "(closed)")
		})
	}
	// What is refused and not ended: the client does not send it.
	r := w.rawLogin()
	r.send("x APPEND Taslaklar {200000000}\r\n")
	has(t, r.until("x "), "x NO [TOOBIG]")
	has(t, r.do("NOOP"), "x OK")
	// A pattern of many stars takes no time.
	has(t, r.do(`LIST "" "`+strings.Repeat("%*", 1000)+`q"`), "x OK")
	// Many numbers are a set, not a list.
	r.do("SELECT INBOX")
	has(t, r.do("FETCH "+strings.Repeat("1:*,", 5000)+"1:4294967295 UID"), "* 1 FETCH (UID 1)", "x OK")
	if w.srv.Stats().Floods.Load() < 15 {
		t.Error("floods are not counted")
	}
}

// dial connects without a socket, so that there may be many.
func pipe(w *world) (*tls.Conn, error) {
	a, b := net.Pipe()
	w.srv.Admit(b)
	c := tls.Client(a, insecure())
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c, c.Handshake()
}

// AT-08: at most 64 KiB are held for a connection before the log-in, whatever it
// sends; 10,000 of them are 640 MB at most.
func TestConnectionsStayWithinTheirBudget(t *testing.T) {
	const many, budget = 400, 64 << 10
	w := newWorld(t, func(c *imapd.Config) { c.Limits.PerAddress, c.Limits.Strangers = many, many })
	client := clientsShare(t, many)
	held := func(part string) {
		t.Helper()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc + m.StackInuse
		conns := make([]*tls.Conn, 0, many)
		for range many {
			c, err := pipe(w)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 16)); err != nil { // the greeting
				t.Fatal(err)
			}
			if part != "" {
				if _, err := c.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			conns = append(conns, c)
		}
		runtime.GC()
		runtime.ReadMemStats(&m)
		each := (int64(m.HeapAlloc+m.StackInuse)-int64(before))/many - client
		t.Logf("%d octets a connection", each)
		if each > budget {
			t.Errorf("a connection holds %d octets, more than %d", each, budget)
		}
		for _, c := range conns {
			_ = c.NetConn().Close()
		}
		for w.srv.Stats().Open.Load() > 0 {
			runtime.Gosched()
		}
	}
	held("")
	held("x LOGIN {2000+}\r\n" + strings.Repeat("a", 1999))
	held("x LOGIN \"" + strings.Repeat("a", 3000))
}

// clientsShare is what the client's end of a connection holds in this process: half of
// two ends of TLS that do nothing.
func clientsShare(t *testing.T, many int) int64 {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{tlskit.Identity(t, "localhost")}}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc + m.StackInuse
	ends := make([]*tls.Conn, 0, 2*many)
	for range many {
		a, b := net.Pipe()
		client, server := tls.Client(a, insecure()), tls.Server(b, config)
		done := make(chan error, 1)
		go func() { done <- server.Handshake() }()
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, client, server)
	}
	runtime.GC()
	runtime.ReadMemStats(&m)
	each := (int64(m.HeapAlloc+m.StackInuse) - int64(before)) / int64(2*many)
	for _, c := range ends {
		_ = c.NetConn().Close()
	}
	return each
}

// More than the limits are turned away, and those who are in stay.
func TestTooManyConnectionsAreTurnedAway(t *testing.T) {
	w := newWorld(t, func(c *imapd.Config) { c.Limits.PerAddress, c.Limits.PerAccount = 3, 2 })
	a := w.rawLogin()
	w.rawLogin()
	c := w.raw()
	has(t, c.do("LOGIN "+address+" "+password), "x NO [LIMIT]")
	has(t, c.until("never"), "(closed)")
	w.raw()
	if d, err := tls.Dial("tcp", w.addr, insecure()); err == nil {
		_ = d.Close()
		t.Error("a fourth connection of an address is let in")
	}
	has(t, a.do("NOOP"), "x OK")
}

// A stranger who says little is let go after his time.
func TestStrangersDoNotStay(t *testing.T) {
	w := newWorld(t, func(c *imapd.Config) { c.Limits.Stranger = 50 * time.Millisecond })
	r := w.raw()
	r.send("x ")
	has(t, r.until("never"), "(closed)")
}

// FuzzFrame: whatever comes in whatever pieces is counted the same, and the frame
// never asks for more than its bounds.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{"a LOGIN {3+}\r\nabc {3+}\r\ndef\r\n", "a IDLE\r\nDONE\r\n", "a AUTHENTICATE PLAIN\r\nAAA=\r\n", "a APPEND x {9}\r\n", "a SEARCH (OR NOT ALL \"x\\\"\" ALL)\r\n"} {
		f.Add([]byte(s), uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, sent []byte, step uint8, known bool) {
		whole, pieces := imapd.NewFrame(known), imapd.NewFrame(known)
		a, b := whole.Scan(bytes.Clone(sent)), ""
		for rest := sent; len(rest) > 0 && b == ""; {
			n := min(len(rest), int(step)+1)
			b = pieces.Scan(bytes.Clone(rest[:n]))
			rest = rest[n:]
		}
		if a != b {
			t.Fatalf("%q whole, %q in pieces", a, b)
		}
		if n := whole.Held(); n > 48<<10+64<<10 {
			t.Fatal(fmt.Sprint(n, " octets of a command"))
		}
	})
}
