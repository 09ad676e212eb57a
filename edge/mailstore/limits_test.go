package mailstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// The last word of a provider counts, whatever the order in which words are kept.
func TestTheLastWordOfAProviderIsKept(t *testing.T) {
	s := newPlace(t, testkit.NewClock(mailboxtest.At)).open(t)
	ctx, at := t.Context(), mailboxtest.At
	for _, l := range []mailbox.StatedLimit{
		{Domain: "b.kep.test", Octets: 10, At: at}, {Domain: "a.kep.test", Octets: 20, At: at.Add(time.Hour)}, {Domain: "b.kep.test", Octets: 0, At: at.Add(time.Minute)}, {Domain: "b.kep.test", Octets: 30, At: at},
	} {
		must(t, s.KeepStatedLimit(ctx, l))
		must(t, s.KeepStatedLimit(ctx, l))
	}
	got, err := s.StatedLimits(ctx)
	must(t, err)
	if diff := cmp.Diff([]mailbox.StatedLimit{{Domain: "a.kep.test", Octets: 20, At: at.Add(time.Hour)}, {Domain: "b.kep.test", Octets: 0, At: at.Add(time.Minute)}}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []mailbox.StatedLimit{{Octets: 1, At: at}, {Domain: "a", Octets: -1, At: at}, {Domain: "a"}} {
		if s.KeepStatedLimit(ctx, bad) == nil {
			t.Errorf("%+v was kept", bad)
		}
	}
}
