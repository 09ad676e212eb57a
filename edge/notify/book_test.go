package notify

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rem/person/news"
)

// REQ-42: a code goes to the number that is kept, and the number lies nowhere in
// the clear.
func TestAPersonIsToldWhereHeSaid(t *testing.T) {
	w := newWorld(t)
	m, s := w.open(nil)
	b, err := NewBook(s.Contacts(), m)
	if err != nil {
		t.Fatal(err)
	}
	code := news.Message{ID: "code-1", Person: "p-1", Kind: news.Code, Code: canaryCode}
	if err := b.Tell(t.Context(), news.SMS, code); !errors.Is(err, ErrNoContact) {
		t.Error("nobody's number:", err)
	}
	c := news.Contact{Mobile: byPhone(t, "x").Mobile, Language: news.English}
	for range 2 {
		if err := b.Set(t.Context(), "p-1", c); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Tell(t.Context(), news.Mail, code); !errors.Is(err, ErrNoContact) {
		t.Error("no mail:", err)
	}
	if err := b.Tell(t.Context(), news.SMS, code); err != nil {
		t.Fatal(err)
	}
	if _, err := m.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	texts := w.services.Texts()
	if len(texts) != 1 || texts[0].To != canaryPhone || !bytes.HasPrefix([]byte(texts[0].Body), []byte("Provider: your one-time code")) {
		t.Errorf("%+v", texts)
	}
	if list, err := b.Channels(t.Context(), "p-1"); err != nil || !slices.Equal(list, []news.Channel{news.SMS}) {
		t.Error(list, err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.file), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil || bytes.Contains(raw, []byte(canaryPhone[3:])) {
			t.Errorf("%s: the number lies in the clear, or %v", filepath.Base(f), err)
		}
	}
	// One person's bytes are of no use in another's row.
	sealed, err := s.Contacts().Contact(t.Context(), "p-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Contacts().SetContact(t.Context(), "p-2", sealed, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.Tell(t.Context(), news.SMS, news.Message{ID: "code-2", Person: "p-2", Kind: news.Code, Code: canaryCode}); !errors.Is(err, errUnreadable) {
		t.Error("another's number:", err)
	}
	if err := b.Set(t.Context(), "p-1", news.Contact{}); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Channels(t.Context(), "p-1"); err != nil || list != nil {
		t.Error("forgotten:", list, err)
	}
}
