package mailstore_test

import (
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
	"rem/privacy"
)

// P-21: a draft that is saved and looked at while it is written is a few entries of the
// access log for each hour, and not two for each saving; another person has his own.
func TestWritingADraftIsOneSitting(t *testing.T) {
	clock := testkit.NewClock(mailboxtest.At)
	p := newPlace(t, clock)
	s := p.open(t)
	ctx, me := t.Context(), mailboxtest.Holder
	must(t, s.Keep(ctx, me, mailbox.Keepsake{ID: "k", Kind: mailbox.Contact, Name: "Ada"}))
	d := mailbox.Draft{ID: "d", Saved: mailboxtest.At, Text: "t"}
	types := func() {
		t.Helper()
		for range 30 {
			_, err := s.DraftHeads(ctx, me, []mailbox.DraftID{d.ID})
			must(t, err)
			if d.Version > 0 {
				d, err = s.Draft(ctx, me, d.ID)
				must(t, err)
			}
			_, err = s.Keepsakes(ctx, me, mailbox.Contact)
			must(t, err)
			d.Text += "x"
			d.Version, err = s.SaveDraft(ctx, me, d)
			must(t, err)
			clock.Advance(time.Minute)
			p.vault.Clock.Advance(time.Minute)
		}
	}
	types()
	first := len(p.vault.Log.Entries())
	if first == 0 || first > 4 {
		t.Errorf("%d entries for thirty savings in half an hour", first)
	}
	types()
	types()
	if n := len(p.vault.Log.Entries()); n <= first || n > 3*first {
		t.Errorf("%d entries after an hour and a half, %d after half an hour", n, first)
	}
	before := len(p.vault.Log.Entries())
	if _, err := s.Draft(ctx, mailboxtest.Operator, d.ID); err != nil {
		t.Fatal(err)
	}
	entries := p.vault.Log.Entries()
	if len(entries) != before+1 || entries[before].Actor != mailboxtest.Operator.Person || entries[before].Role != privacy.AsOperator {
		t.Errorf("the operator's look is %+v", entries[before:])
	}
}
