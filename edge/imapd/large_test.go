package imapd_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/message/mailbox"
)

// A folder of 100,000 messages is selected and listed; what comes new is found by its
// UID, and no more than that is read.
func TestALargeFolderIsListed(t *testing.T) {
	count := 5000
	if testkit.Long() {
		count = 100_000
	}
	w := newWorld(t, nil)
	bodies := make([]string, count)
	for i := range bodies {
		bodies[i] = fmt.Sprintf("From: z@hs02.kep.test\r\nTo: %s\r\nSubject: %d\r\nMessage-ID: <%d@hs02.kep.test>\r\n\r\nx\r\n", address, i, i)
	}
	w.arrive(mailbox.Received, bodies...)
	r := w.rawLogin()
	_ = r.SetDeadline(time.Now().Add(5 * time.Minute))
	took := func(what, command string) string {
		began := time.Now()
		got := r.do(command)
		t.Logf("%d messages, %s: %v", count, what, time.Since(began))
		return got
	}
	has(t, took("select", "SELECT INBOX"), fmt.Sprintf("* %d EXISTS", count))
	if got := took("flags", "FETCH 1:* (UID FLAGS)"); strings.Count(got, "FETCH (UID") != count {
		t.Errorf("%d lines came", strings.Count(got, "FETCH (UID"))
	}
	has(t, took("search by number", fmt.Sprintf("UID SEARCH RETURN (COUNT) UID %d:* UNSEEN", count/2+1)), fmt.Sprintf("COUNT %d", count-count/2))
	before := w.ledger.peeked.Load()
	w.arrive(mailbox.Received, letter(1, "yeni"))
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(took("news", "NOOP"), "EXISTS"); {
		if time.Now().After(deadline) {
			t.Fatal("nothing new is seen")
		}
	}
	has(t, took("the new one", fmt.Sprintf("UID FETCH %d:* (UID BODY.PEEK[])", count+1)), "gizli metin 1")
	if n := w.ledger.peeked.Load() - before; n != 1 {
		t.Errorf("%d messages were read for one", n)
	}
}
