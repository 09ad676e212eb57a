package conformance

import (
	"context"
	"crypto/tls"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"rem/internal/testkit"
	"rem/message"
)

// readers is how many mail programs read at once.
const readers = 3

// The recipient's provider is killed while mail programs get everything in the
// mailbox, and begun again. Whatever body a program got whole has the evidence of its
// retrieval, once; in the end all are there, and all have it (REQ-68).
func TestKilledUnderMailProgramsLosesNoEvidence(t *testing.T) {
	kills, seed := 3, uint64(time.Now().UnixNano())
	if testkit.Long() {
		kills = 40
	}
	random := testkit.Rand(t, seed)
	b := newBattle(t, 1)
	b.use(0)
	got := map[string]int{} // bodies that came whole, by Message-ID
	var mu sync.Mutex
	for range kills {
		b.load(func(enough func(int)) { enough(15) })
		b.arrived()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range readers {
			all.Go(func() {
				for ctx.Err() == nil {
					b.read(func(id string) {
						mu.Lock()
						got[id]++
						mu.Unlock()
					})
				}
			})
		}
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
		b.kill(1, random.Rand)
		cancel()
		all.Wait()
	}
	want := b.arrived()
	last := map[string]bool{}
	for deadline := time.Now().Add(60 * time.Second); len(last) < want; time.Sleep(200 * time.Millisecond) {
		b.read(func(id string) { last[id] = true })
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages are in the mailbox", len(last), want)
		}
	}
	for id := range got {
		if !last[id] {
			t.Errorf("%s was read once and is lost", id)
		}
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		sent, err := b.ask(0).Sent(t.Context(), b.pair.from, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, m := range sent {
			n := 0
			for _, l := range m.Lines {
				if l.Conflict {
					t.Fatalf("%s: %s contradicts another", m.Message, l.Evidence)
				}
				if l.Kind == message.RetrievalNonRetrievalByRecipient.String() {
					n++
				}
			}
			switch {
			case n > 1:
				t.Fatalf("%s has %d evidences of retrieval", m.Message, n)
			case n == 0:
				open++
			}
		}
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages that were read have no evidence of it", open, len(sent))
		}
	}
	t.Logf("%d kills, %d messages, %d bodies came before the last round", kills, want, len(got))
}

// arrived waits until everything that was sent is in the mailbox, read or not, and says
// how much it is.
func (b *battle) arrived() int {
	b.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		sent, err := b.ask(0).Sent(b.t.Context(), b.pair.from, 100_000)
		if err != nil {
			b.t.Fatal(err)
		}
		open := 0
		for _, m := range sent {
			if s := m.Recipients[0].State; s != message.Delivered.String() && s != message.Retrieved.String() {
				open++
			}
		}
		if open == 0 {
			return len(sent)
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d of %d messages do not arrive", open, len(sent))
		}
	}
}

// read gets every body over IMAP, until the connection ends, and tells those that came
// whole.
func (b *battle) read(whole func(id string)) {
	c, err := imapclient.DialTLS(b.world.Providers[1].Config.Listen.IMAP, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: b.world.Root(), ServerName: "127.0.0.1"}})
	if err != nil {
		time.Sleep(10 * time.Millisecond) // it is not there at this moment
		return
	}
	defer c.Close()
	if c.Login(b.pair.to, b.pair.toPassword).Wait() != nil {
		return
	}
	data, err := c.Select("INBOX", nil).Wait()
	if err != nil || data.NumMessages == 0 {
		return
	}
	section := &imap.FetchItemBodySection{Peek: true}
	fetch := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Envelope: true, BodySection: []*imap.FetchItemBodySection{section}})
	defer fetch.Close()
	for m := fetch.Next(); m != nil; m = fetch.Next() {
		id, complete := "", false
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataEnvelope:
				id = item.Envelope.MessageID
			case imapclient.FetchItemDataBodySection:
				n, err := io.Copy(io.Discard, item.Literal)
				complete = err == nil && n == item.Literal.Size()
			}
		}
		if complete && id != "" {
			whole(id)
		}
	}
}
