package smtpin

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"rem/mail/smtp"
)

// AT-38: beyond each limit the client is turned away before anything was taken.
func TestOverloadRefusesBeforeAcceptance(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Implicit, c.Limits.Connections = false, 3 })
		for range 3 {
			w.dial().expect("220")
		}
		for range 30 { // ten times as many
			c := w.dial()
			c.expect("421 4.3.2")
			c.expectEnd()
		}
		if got := w.server.Stats().TurnedAway.Load(); got != 30 {
			t.Errorf("%d turned away", got)
		}
	})
	t.Run("address", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Implicit, c.Limits.PerAddress = false, 2 })
		first := w.dial()
		first.expect("220")
		w.dial().expect("220")
		w.dial().expect("421")
		first.ask("QUIT", "221")
		first.expectEnd()
		eventually(t, func() bool { return w.server.Stats().Open.Load() == 1 })
		w.dial().expect("220")
	})
	t.Run("account", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.PerAccount = 2 })
		w.ready()
		w.ready()
		c := w.dial()
		c.secure(w.tls)
		c.expect("220")
		c.ask("EHLO client.test", "250")
		c.ask("AUTH PLAIN "+plain("", "ali@hs90.kep.test", password), "421 4.7.0")
		c.expectEnd()
	})
	t.Run("transactions", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.Transactions = 2 })
		a, b, c := w.ready(), w.ready(), w.ready()
		a.envelope()
		b.envelope()
		for range 20 {
			c.send("MAIL FROM:<ali@hs90.kep.test>\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\n")
			c.expect("250")
			c.expect("250")
			c.expect("451 4.3.2")
		}
		a.send("x\r\n.\r\n")
		a.expect("250 2.0.0")
		c.envelope()
		b.send("x\r\n.\r\n")
		b.expect("250 2.0.0")
		c.send("x\r\n.\r\n")
		c.expect("250 2.0.0")
		if len(w.messages()) != 3 || w.server.Stats().Deferred.Load() != 20 {
			t.Errorf("%d taken, %d deferred", len(w.messages()), w.server.Stats().Deferred.Load())
		}
	})
	t.Run("recipients", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.Recipients = 2 })
		c := w.ready()
		c.ask("MAIL FROM:<ali@hs90.kep.test>", "250")
		c.ask("RCPT TO:<a@hs91.kep.test>", "250")
		c.ask("RCPT TO:<b@hs91.kep.test>", "250")
		for range 50 {
			c.ask("RCPT TO:<c@hs91.kep.test>", "452 4.5.3")
		}
		c.ask("DATA", "354")
		c.send("x\r\n.\r\n")
		c.expect("250")
		if got := w.messages(); len(got) != 1 || len(got[0].tx.Recipients) != 2 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("mistakes", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.Mistakes = 3 })
		c := w.ready()
		c.ask("X1", "500")
		c.ask("X2", "500")
		c.ask("X3", "500")
		c.expect("421 4.7.0")
		c.expectEnd()
	})
	t.Run("commands and messages", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.Commands, c.Limits.PerConnection = 10, 2 })
		c := w.ready()
		for range 2 {
			c.envelope()
			c.send("x\r\n.\r\n")
			c.expect("250")
		}
		c.ask("MAIL FROM:<ali@hs90.kep.test>", "421")
		c = w.ready()
		for range 8 {
			c.ask("NOOP", "250")
		}
		c.ask("NOOP", "421 4.7.0")
	})
	t.Run("idle", func(t *testing.T) {
		w := begin(t, func(c *Config) { c.Limits.Idle, c.Limits.Block = 100*time.Millisecond, 50*time.Millisecond })
		w.ready().expect("421 4.4.2")
		c := w.ready()
		c.envelope()
		c.send("half")
		c.expect("421 4.4.2")
		c.expectEnd()
	})
}

// discard takes messages and keeps nothing.
type discard struct{ memory }

func (d *discard) Data(context.Context, *Session, smtp.Transaction) (Sink, error) {
	return discardSink{}, nil
}
func (d *discard) Mail(context.Context, *Session, *smtp.Transaction) error { return nil }
func (d *discard) Rcpt(context.Context, *Session, *smtp.Transaction, smtp.Recipient) error {
	return nil
}

type discardSink struct{}

func (discardSink) Write(p []byte) (int, error)            { return len(p), nil }
func (discardSink) Commit(context.Context) (string, error) { return "", nil }
func (discardSink) Abort()                                 {}

// Goal G13: 16 submissions of 25 MB at once grow the memory by at most 24 MB.
// Both sides run in this process.
func TestMemoryStaysFlatUnderLargeMessages(t *testing.T) {
	w := begin(t, func(c *Config) {
		c.Backend = &discard{memory{accounts: map[string]string{"ali@hs90.kep.test": password}}}
	})
	clients := make([]*client, 16)
	for i := range clients {
		clients[i] = w.ready()
		clients[i].envelope()
	}
	block := strings.Repeat(strings.Repeat("x", 74)+"\r\n", 16<<10/76)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	runtime.GC()
	before, most := heap(), uint64(0)
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for range 25 << 20 / len(block) {
				if _, err := c.Write([]byte(block)); err != nil {
					t.Error(err)
					return
				}
			}
			if _, err := c.Write([]byte(".\r\n")); err != nil {
				t.Error(err)
			}
			if got, err := c.read(); !strings.HasPrefix(got, "250 2.0.0") {
				t.Errorf("got %q %v", got, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(5 * time.Millisecond):
			most = max(most, heap())
		}
	}
	grown := (int64(most) - int64(before)) >> 20
	t.Logf("grown by %d MB", grown)
	if grown > 24 {
		t.Errorf("memory grew by %d MB, the goal is 24", grown)
	}
}
