package smtpin

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"rem/mail/smtp"
)

// AT-33: nobody acts as somebody else, and the answer to every failure is one.
func TestOneRefusalForEveryWrongLogin(t *testing.T) {
	w := begin(t, func(c *Config) { c.Limits.FailuresPerAddress, c.Limits.FailuresPerAccount = 1000, 1000 })
	const user = "ali@hs90.kep.test"
	raw := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct{ name, response string }{
		{"wrong password", plain("", user, "other")},
		{"unknown user", plain("", "veli@hs90.kep.test", password)},
		{"acting as another", plain("veli@hs90.kep.test", user, password)},
		{"acting as oneself in capitals", plain("ALI@hs90.kep.test", user, password)},
		{"acting as root", plain("root", user, password)},
		{"no user", plain("", "", password)},
		{"no password", plain("", user, "")},
		{"a NUL more", raw("\x00" + user + "\x00" + password + "\x00")},
		{"a NUL less", raw(user + "\x00" + password)},
		{"CRLF in the user", plain("", user+"\r\n", password)},
		{"no UTF-8", plain("", user, "\xff")},
		{"a long password", plain("", user, strings.Repeat("x", maxPassword+1))},
		{"a long user", plain("", strings.Repeat("x", maxUser+1), password)},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := w.dial()
			n.secure(w.tls)
			n.expect("220")
			n.ask("EHLO client.test", "250")
			if got := n.ask("AUTH PLAIN "+c.response, "535"); got != "535 5.7.8 The user or the password is wrong\r\n" {
				t.Errorf("got %q", got)
			}
			n.ask("MAIL FROM:<ali@hs90.kep.test>", "530")
			n.ask("AUTH PLAIN "+plain(user, user, password), "235") // as oneself
			n.Close()
		})
	}
}

func TestAuthenticationIsNotEndlessOnOneConnection(t *testing.T) {
	w := begin(t, nil)
	c := w.dial()
	c.secure(w.tls)
	c.expect("220")
	c.ask("EHLO client.test", "250")
	for range 3 {
		c.ask("AUTH PLAIN "+plain("", "ali@hs90.kep.test", "x"), "535")
	}
	c.ask("AUTH PLAIN "+plain("", "ali@hs90.kep.test", password), "421")
	c.expectEnd()
}

func TestAuthExchangeCanBeGivenUpAndRefused(t *testing.T) {
	w := begin(t, nil)
	c := w.dial()
	c.secure(w.tls)
	c.expect("220")
	c.ask("AUTH LOGIN", "503 5.5.1 Say EHLO first")
	c.ask("EHLO client.test", "250")
	c.ask("AUTH LOGIN", "334")
	c.ask("*", "501 5.7.0")
	c.ask("AUTH CRAM-MD5", "504")
	c.ask("AUTH PLAIN", "334 ")
	c.ask("not base64!", "501 5.5.2")
	if got := c.ask("AUTH PLAIN "+plain("", "blocked@hs90.kep.test", "x"), "535"); !strings.HasSuffix(got, "535 5.7.1 The account is closed\r\n") {
		t.Errorf("got %q", got)
	}
	c.ask("AUTH PLAIN "+plain("", "fault@hs90.kep.test", "x"), "454 4.7.0")
	c.ask("AUTH LOGIN "+base64.StdEncoding.EncodeToString([]byte("ali@hs90.kep.test")), "334 UGFzc3dvcmQ6")
	c.send("YWxp\n")
	c.expect("500 5.5.2")
	c.expectEnd()
}

func TestFailuresAreLimitedByAddressAndByAccount(t *testing.T) {
	try := func(w *world, user, want string) {
		t.Helper()
		c := w.dial()
		c.secure(w.tls)
		c.expect("220")
		c.ask("EHLO client.test", "250")
		c.ask("AUTH PLAIN "+plain("", user, "x"), want)
		c.Close()
	}
	t.Run("account", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.FailuresPerAccount = 3 })
		for _, user := range []string{"ali@hs90.kep.test", "ALI@hs90.kep.test", "Ali@HS90.kep.test"} {
			try(w, user, "535")
		}
		asked := w.calls()
		try(w, "ali@hs90.kep.test", "454")
		if strings.Count(w.calls(), "authenticate") != strings.Count(asked, "authenticate") {
			t.Error("the backend was asked beyond the limit")
		}
		try(w, "veli@hs90.kep.test", "535")
	})
	t.Run("address", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.FailuresPerAddress = 3 })
		for i := range 3 {
			try(w, fmt.Sprintf("a%d@hs90.kep.test", i), "535")
		}
		try(w, "b@hs90.kep.test", "454")
	})
	t.Run("successes are free", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.FailuresPerAddress, c.Limits.FailuresPerAccount = 1, 1 })
		for range 3 {
			w.ready()
		}
	})
}

func TestFailuresTakeTheirTime(t *testing.T) {
	w := begin(t, func(c *Config) { c.Limits.FailurePause = 150 * time.Millisecond })
	for _, response := range []string{plain("", "ali@hs90.kep.test", "x"), plain("", "veli@hs90.kep.test", "x"), "AAAA"} {
		c := w.dial()
		c.secure(w.tls)
		c.expect("220")
		c.ask("EHLO client.test", "250")
		began := time.Now()
		c.ask("AUTH PLAIN "+response, "535")
		if took := time.Since(began); took < 150*time.Millisecond {
			t.Errorf("answered after %v", took)
		}
	}
}

// AT-29: the session ends at whichever of its commands the backend says so, and
// nothing that came in it is taken.
func TestASessionEndsWithItsLogin(t *testing.T) {
	away := fmt.Errorf("asking: %w", ErrLoggedOut)
	const want = "421 4.7.0 Your login holds no longer, log in again\r\n"
	for name, run := range map[string]func(*world, *client) string{
		"MAIL": func(w *world, c *client) string {
			w.mail = func(*smtp.Transaction) error { return away }
			return c.ask("MAIL FROM:<ali@hs90.kep.test>", "")
		},
		"DATA": func(w *world, c *client) string {
			w.data = func() error { return away }
			c.ask("MAIL FROM:<ali@hs90.kep.test>", "250")
			c.ask("RCPT TO:<bora@hs91.kep.test>", "250")
			return c.ask("DATA", "")
		},
		"the end of data": func(w *world, c *client) string {
			w.commit = func() error { return away }
			c.envelope()
			return c.ask("x\r\n.", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, nil)
			c := w.ready()
			if got := run(w, c); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			c.expectEnd()
			if len(w.messages()) != 0 {
				t.Error("a message was taken")
			}
		})
	}
}

// What PLAIN carries never grants another identity, whatever the octets (AT-33).
func FuzzPlain(f *testing.F) {
	f.Add([]byte("\x00a\x00b"))
	f.Add([]byte("a\x00a\x00b"))
	f.Add([]byte("b\x00a\x00b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		user, secret, err := splitPlain(b)
		if err != nil {
			return
		}
		if s := string(b); s != "\x00"+user+"\x00"+secret && s != user+"\x00"+user+"\x00"+secret {
			t.Fatalf("%q was read as user %q", b, user)
		}
	})
}
