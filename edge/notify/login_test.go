package notify

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rem/person/login"
	"rem/person/news"
)

// REQ-42: a log-in's code goes by text message, and its news once.
func TestALogInTellsByTheBook(t *testing.T) {
	w := newWorld(t)
	m, s := w.open(nil)
	b, err := NewBook(s.Contacts(), m)
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewForLogin(b, 3*time.Minute, "https://hs90.kep.test/security")
	if err != nil {
		t.Fatal(err)
	}
	who := login.Who{Kind: login.Holder, Person: "p-1"}
	notice := login.Notice{ID: login.EventID{1, 2, 0x20}, Who: who, What: login.NewDevice, At: w.clock.Now()}
	if err := f.Code(t.Context(), who, canaryCode); !errors.Is(err, ErrNoContact) {
		t.Error("a code to nobody's number:", err)
	}
	if err := f.Tell(t.Context(), notice); err != nil {
		t.Error("who has no channel is told on his pages:", err)
	}
	if err := b.Set(t.Context(), "p-1", news.Contact{Mobile: byPhone(t, "x").Mobile}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // two codes, and one notice that is told twice
		if err := f.Code(t.Context(), who, canaryCode); err != nil {
			t.Fatal(err)
		}
		if err := f.Tell(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
	}
	notice.ID[0], notice.What = 9, login.PasswordChanged
	if err := b.Set(t.Context(), "p-1", news.Contact{Mobile: byPhone(t, "x").Mobile, Mail: byMail(t, "x").Mail}); err != nil {
		t.Fatal(err)
	}
	if err := f.Tell(t.Context(), notice); err != nil {
		t.Fatal(err)
	}
	if _, err := m.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	codes, devices := 0, 0
	for _, x := range w.services.Texts() {
		if strings.Contains(x.Body, canaryCode) && strings.Contains(x.Body, " 3 dakika ") {
			codes++
		}
		if strings.Contains(x.Body, "yeni bir cihazdan") {
			devices++
		}
	}
	if mails := w.boxes.Mails(); codes != 2 || devices != 1 || len(mails) != 1 || !strings.Contains(mails[0].Body, "https://hs90.kep.test/security") {
		t.Errorf("%d codes, %d devices, %+v", codes, devices, mails)
	}
}
