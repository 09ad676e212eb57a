package smtpin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

func TestMessageArrivesByteForByte(t *testing.T) {
	w := begin(t, nil)
	c := w.dial()
	c.secure(w.tls)
	c.expect("220 mail.hs90.kep.test")
	offers := c.ask("EHLO client.test", "250")
	for _, offer := range []string{"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SIZE 36700160", "AUTH PLAIN LOGIN"} {
		if !strings.Contains(offers, offer+"\r\n") {
			t.Errorf("%s is not offered: %q", offer, offers)
		}
	}
	for _, absent := range []string{"STARTTLS", "SMTPUTF8", "CHUNKING"} {
		if strings.Contains(offers, absent) {
			t.Errorf("%s is offered", absent)
		}
	}
	c.ask("MAIL FROM:<ali@hs90.kep.test>", "530 5.7.0")
	c.ask("AUTH LOGIN", "334 VXNlcm5hbWU6")
	c.ask("YWxpQGhzOTAua2VwLnRlc3Q=", "334 UGFzc3dvcmQ6")
	c.ask("w6dvayBnaXpsaSAx", "235 2.7.0")
	c.ask("AUTH LOGIN", "503")
	c.ask("VRFY ali", "252")
	c.ask("RCPT TO:<a@b>", "503")
	c.ask("DATA", "503")
	c.ask("MAIL FROM:<ali@hs90.kep.test> SIZE=100 BODY=8BITMIME ENVID=x RET=HDRS", "250 2.1.0")
	c.ask("MAIL FROM:<ali@hs90.kep.test>", "503")
	c.ask("DATA", "503 5.5.1 No recipient")
	c.ask("RCPT TO:<bora@hs91.kep.test> NOTIFY=NEVER", "250 2.1.5")
	c.ask("RCPT TO:<can@hs91.kep.test>", "250 2.1.5")
	c.ask("DATA", "354")
	body := "Subject: ğ\r\n\r\n.dot\r\n..\r\n" + strings.Repeat("ş", 5000) + "\r\n"
	c.send(strings.ReplaceAll(body, "\r\n.", "\r\n..") + ".\r\n")
	c.expect("250 2.0.0 m-1")
	c.ask("QUIT", "221")
	c.expectEnd()
	want := []message{{smtp.Transaction{Sender: "ali@hs90.kep.test", Size: 100, EightBit: true, EnvelopeID: "x", Return: smtp.ReturnHeaders,
		Recipients: []smtp.Recipient{{Path: "bora@hs91.kep.test", Notify: smtp.NotifyNever}, {Path: "can@hs91.kep.test"}}}, body}}
	if diff := cmp.Diff(want, w.messages(), cmp.AllowUnexported(message{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if w.server.Stats().Accepted.Load() != 1 {
		t.Errorf("%d accepted", w.server.Stats().Accepted.Load())
	}
}

// RFC 2920 3.2: replies to a group leave together.
func TestPipelinedRepliesLeaveInOneSegment(t *testing.T) {
	w := begin(t, func(c *Config) { c.Implicit = false })
	c := w.dial()
	c.expect("220")
	c.send(strings.Repeat("NOOP\r\n", 50))
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if want := strings.Repeat("250 2.0.0 OK\r\n", 50); err != nil || string(b[:n]) != want {
		t.Errorf("the first segment holds %d of %d octets", n, len(want))
	}
	c.ask("QUIT", "221")
}

// AT-03: over clear text there is nothing but the way to TLS.
func TestNothingIsAskedOverClearText(t *testing.T) {
	w := begin(t, func(c *Config) { c.Implicit = false })
	c := w.dial()
	c.expect("220")
	if offers := c.ask("EHLO client.test", "250"); strings.Contains(offers, "AUTH") || !strings.Contains(offers, "STARTTLS") {
		t.Errorf("offered: %q", offers)
	}
	for _, line := range []string{"AUTH PLAIN " + plain("", "ali@hs90.kep.test", password), "AUTH LOGIN", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "VRFY a"} {
		c.ask(line, "530 5.7.0 Issue STARTTLS first")
	}
	if w.calls() != "" {
		t.Errorf("the backend was asked: %s", w.calls())
	}
	c.ask("STARTTLS", "220 2.0.0")
	c.secure(w.tls)
	// What was said before TLS is forgotten (RFC 3207 4.2).
	c.ask("MAIL FROM:<ali@hs90.kep.test>", "503 5.5.1 Say EHLO first")
	if offers := c.ask("EHLO client.test", "250"); strings.Contains(offers, "STARTTLS") || !strings.Contains(offers, "AUTH PLAIN") {
		t.Errorf("offered: %q", offers)
	}
	c.ask("STARTTLS", "503")
	c.ask("AUTH PLAIN "+plain("", "ali@hs90.kep.test", password), "235")
	c.envelope()
	c.send("x\r\n.\r\n")
	c.expect("250 2.0.0")
}

// AT-02: octets behind STARTTLS, in its segment, end the connection; behind the
// reply they are no handshake and end it too.
func TestOctetsBehindSTARTTLSEndTheConnection(t *testing.T) {
	for _, injected := range []string{"EHLO evil.test\r\n", "R", "\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"} {
		w := begin(t, func(c *Config) { c.Implicit, c.Limits.Handshake = false, 100*time.Millisecond })
		c := w.dial()
		c.expect("220")
		c.ask("EHLO client.test", "250")
		c.send("STARTTLS\r\n" + injected)
		c.expectEnd()
		if w.server.Stats().Injections.Load() != 1 || w.calls() != "" {
			t.Errorf("%q: %d injections seen, asked: %s", injected, w.server.Stats().Injections.Load(), w.calls())
		}
		c = w.dial()
		c.expect("220")
		c.ask("STARTTLS", "220")
		c.send(injected + "x\r\n")
		if got, _ := c.read(); strings.HasPrefix(got, "2") || strings.HasPrefix(got, "5") {
			t.Errorf("%q was answered behind STARTTLS: %q", injected, got)
		}
	}
}

// AT-02: text before the go-ahead would be commands if DATA were refused.
func TestOctetsBeforeTheGoAheadEndTheConnection(t *testing.T) {
	w := begin(t, nil)
	c := w.ready()
	c.send("MAIL FROM:<ali@hs90.kep.test>\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n")
	c.expect("250")
	c.expect("250")
	c.expect("503 5.5.0")
	c.expectEnd()
	if len(w.messages()) != 0 {
		t.Error("a message was taken")
	}
}

// AT-01 over a socket: strings of CR, LF, dot, NUL and x, cut at random; after
// each the session goes on and only what has clean lines is kept.
func TestSmugglingOverTheWire(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	w := begin(t, func(c *Config) { c.Limits.PerConnection = 1 << 20 })
	c := w.ready()
	// The ten of package mail/smtp first, which made two messages of one elsewhere.
	bodies := []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\r\n", "\r\r\n.\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n"}
	count := 400
	if os.Getenv("REM_LONG") != "" {
		count = 20_000
	}
	for range count {
		b := make([]byte, 1+random.IntN(7))
		for i := range b {
			b[i] = "\r\n.\x00x"[random.IntN(5)]
		}
		bodies = append(bodies, string(b))
	}
	var kept []string
	for _, body := range bodies {
		if strings.Contains("\r\n"+body, "\r\n.\r\n") {
			continue // that is an end, and what follows are commands
		}
		stream := body + "MAIL FROM:<eve@hs90.kep.test>\r\n.\r\n"
		c.envelope()
		for len(stream) > 0 {
			n := 1 + random.IntN(len(stream))
			c.send(stream[:n])
			stream = stream[n:]
		}
		if strings.ContainsAny(strings.ReplaceAll(body, "\r\n", ""), "\r\n\x00") {
			c.expect("550 5.6.11")
		} else {
			c.expect("250 2.0.0")
			content := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n")[2:]
			kept = append(kept, content+"MAIL FROM:<eve@hs90.kep.test>\r\n")
		}
		c.ask("NOOP", "250 2.0.0 OK")
	}
	var got []string
	for _, m := range w.messages() {
		got = append(got, m.content)
	}
	if diff := cmp.Diff(kept, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	t.Logf("%d bodies, %d kept", len(bodies), len(kept))
}

// AT-04: no value of a command begins another.
func TestCommandsCannotBeInjected(t *testing.T) {
	for _, line := range []string{
		"MAIL FROM:<ali@hs90.kep.test\nRCPT TO:<c@d>>\r\n", "MAIL FROM:<a\rb@hs90.kep.test>\r\n", "NOOP x\x00y\r\n", "EHLO a\n\r\n",
		strings.Repeat("x", smtp.MaxCommandLine+10) + "\r\n",
	} {
		w := begin(t, nil)
		c := w.ready()
		before := w.calls()
		c.send(line)
		c.expect("500 5.5.2")
		c.expectEnd()
		if w.calls() != before {
			t.Errorf("%q asked the backend: %s", line, w.calls())
		}
	}
}

func TestOversizeIsReadToItsEndAndRefused(t *testing.T) {
	w := begin(t, func(c *Config) { c.Limits.MessageSize = 1000 })
	c := w.ready()
	c.ask("MAIL FROM:<ali@hs90.kep.test> SIZE=1001", "552 5.3.4")
	c.envelope()
	c.send(strings.Repeat("0123456789abcd\r\n", 100) + ".\r\n")
	c.expect("552 5.3.4")
	c.envelope()
	c.send("small\r\n.\r\n")
	c.expect("250 2.0.0")
	// A flood is not waited for.
	c.envelope()
	c.send(strings.Repeat("0123456789abcd\r\n", 250))
	c.expect("552 5.3.4")
	c.expectEnd()
	if len(w.messages()) != 1 || w.aborted != 2 {
		t.Errorf("%d taken, %d aborted", len(w.messages()), w.aborted)
	}
}

func TestErrorsAreAnsweredInOneWay(t *testing.T) {
	refusal := rem.Refuse(rem.MalwareFound, "İletide zararlı yazılım var", "The message holds malware")
	const refused = "550-5.7.1 Iletide zararli yazilim var\r\n550 5.7.1 The message holds malware\r\n"
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"refusal", fmt.Errorf("scanning: %w", refusal), refused},
		{"fault", errors.New("disk /dev/vda1 is full of ali@hs90.kep.test"), "451 4.3.0 Try again later\r\n"},
		{"busy", fmt.Errorf("queue: %w", ErrBusy), "451 4.3.2 Too busy at present, try again later\r\n"},
		{"reply", &smtp.Reply{Code: 550, Enhanced: "5.1.1", Text: "No such mailbox"}, "550 5.1.1 No such mailbox\r\n"},
		{"no success by error", &smtp.Reply{Code: 250, Enhanced: "2.0.0", Text: "OK"}, "451 4.3.0 Try again later\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t, nil)
			w.commit = func() error { return c.err }
			n := w.ready()
			n.envelope()
			n.send("x\r\n.\r\n")
			if got := n.expect(""); got != c.want {
				t.Errorf("Commit: got %q, want %q", got, c.want)
			}
			w.data = func() error { return c.err }
			n.send("MAIL FROM:<ali@hs90.kep.test>\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\n")
			n.expect("250")
			n.expect("250")
			if got := n.expect(""); got != c.want {
				t.Errorf("Data: got %q, want %q", got, c.want)
			}
			w.rcpt = func(smtp.Recipient) error { return c.err }
			n.ask("MAIL FROM:<ali@hs90.kep.test>", "250")
			n.send("RCPT TO:<bora@hs91.kep.test>\r\n")
			if got := n.expect(""); got != c.want {
				t.Errorf("Rcpt: got %q, want %q", got, c.want)
			}
			n.ask("RSET", "250")
			w.mail = func(*smtp.Transaction) error { return c.err }
			n.send("MAIL FROM:<ali@hs90.kep.test>\r\n")
			if got := n.expect(""); got != c.want {
				t.Errorf("Mail: got %q, want %q", got, c.want)
			}
			if len(w.messages()) != 0 {
				t.Error("a message was taken")
			}
			w.log = &lockedBuffer{} // the fault's text is in it, as it should be
		})
	}
}

// RFC 5321 6.1: the answer waits for the commit.
func TestNoAnswerBeforeCommit(t *testing.T) {
	w := begin(t, nil)
	entered, release := make(chan struct{}), make(chan struct{})
	w.commit = func() error { close(entered); <-release; return nil }
	c := w.ready()
	c.envelope()
	c.send("x\r\n.\r\n")
	<-entered
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if got, err := c.r.ReadByte(); err == nil {
		t.Fatalf("answered %q before the commit", got)
	}
	close(release)
}

// A 4yz would say that the message was not taken (RFC 5321 4.2.1).
func TestUncertainCommitEndsTheConnectionWithoutAnAnswer(t *testing.T) {
	w := begin(t, nil)
	w.commit = func() error { return fmt.Errorf("disk: %w", ErrUnanswered) }
	c := w.ready()
	c.envelope()
	c.send("x\r\n.\r\n")
	if got, err := io.ReadAll(c.r); len(got) > 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client reads %q, %v; want the end of the connection", got, err)
	}
	if len(w.messages()) != 0 {
		t.Error("a message was taken")
	}
	w.log = &lockedBuffer{} // the fault's text is in it, as it should be
}

func TestVanishedClientLeavesNoMessage(t *testing.T) {
	w := begin(t, nil)
	c := w.ready()
	c.envelope()
	c.send("Subject: x\r\n\r\nhalf\r\n.")
	c.Conn.Close()
	eventually(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.aborted == 1 })
	if len(w.messages()) != 0 {
		t.Error("half a message was taken")
	}
}

func eventually(t *testing.T, true func() bool) {
	t.Helper()
	for range 500 {
		if true() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come about")
}

func TestPeersShowTheirCertificate(t *testing.T) {
	known, other := tlskit.Identity(t, "a.test"), tlskit.Identity(t, "b.test")
	for _, implicit := range []bool{true, false} {
		t.Run(fmt.Sprintf("implicit=%v", implicit), func(t *testing.T) {
			w := begin(t, func(c *Config) { c.Face, c.Implicit, c.TLS.ClientAuth = Peer, implicit, tls.RequireAnyClientCert })
			w.begin = func(s *Session) error {
				if rem.DigestOf(s.TLS.PeerCertificates[0].Raw) != tlskit.Pin(known) {
					return rem.Refuse(rem.PeerNotIdentified, "Tanınmayan sağlayıcı", "Unknown provider")
				}
				return nil
			}
			hello := func(id *tls.Certificate) (*client, string) {
				c := w.dial()
				if !implicit {
					c.expect("220")
					c.ask("STARTTLS", "220")
				}
				config := w.tls.Clone()
				if id != nil {
					config.Certificates = []tls.Certificate{*id}
				}
				c.secure(config)
				if !implicit {
					c.send("EHLO a.test\r\n")
				}
				got, _ := c.read()
				return c, got
			}
			c, got := hello(&known)
			if !strings.HasPrefix(got, "2") {
				t.Fatalf("the known peer got %q", got)
			}
			if implicit {
				c.ask("EHLO a.test", "250")
			}
			if strings.Contains(got, "AUTH") {
				t.Error("AUTH is offered to a peer")
			}
			c.ask("AUTH PLAIN AGEAYg==", "502")
			c.envelope()
			c.send("x\r\n.\r\n")
			c.expect("250 2.0.0")
			if _, got := hello(&other); !strings.HasPrefix(got, "554") {
				t.Errorf("the unknown peer got %q", got)
			}
			if _, got := hello(nil); got != "" {
				t.Errorf("a peer without certificate got %q", got)
			}
		})
	}
	if _, err := New(Config{Face: Peer, Name: "x", Backend: &memory{}, TLS: &tls.Config{Certificates: []tls.Certificate{known}}}); err == nil {
		t.Error("a server for peers was made that asks for no certificate")
	}
}

func TestShutdownFinishesRunningTransactions(t *testing.T) {
	w := begin(t, nil)
	idle, busy := w.ready(), w.ready()
	busy.envelope()
	busy.send("first half\r\n")
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(context.Background()) }()
	idle.expect("421 4.3.2")
	idle.expectEnd()
	if c, err := net.Dial("tcp", w.addr); err == nil {
		c.Close()
		t.Error("a connection was accepted after Shutdown")
	}
	busy.send("second half\r\n.\r\n")
	busy.expect("250 2.0.0")
	busy.expect("421 4.3.2")
	busy.expectEnd()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := w.messages(); len(got) != 1 || got[0].content != "first half\r\nsecond half\r\n" {
		t.Errorf("got %+v", got)
	}
}

func TestShutdownLosesPatience(t *testing.T) {
	w := begin(t, nil)
	c := w.ready()
	c.envelope()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := w.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if len(w.messages()) != 0 || w.aborted != 1 {
		t.Errorf("%d taken, %d aborted", len(w.messages()), w.aborted)
	}
}
