package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"rem"
	"rem/privacy"
)

// REQ-34.
func TestEveryStateAllowsWhatItsRowSays(t *testing.T) {
	rows := map[State]map[Act]bool{
		Open:        {Receive: true, Read: true, Send: true},
		SendBlocked: {Receive: true, Read: true},
		Suspended:   {Receive: true},
		Closed:      {},
		"":          {},
	}
	for state, row := range rows {
		for _, act := range []Act{Receive, Read, Send} {
			if got, want := state.Allows(act), row[act]; got != want {
				t.Errorf("state %q, act %d: got %t, want %t", state, act, got, want)
			}
		}
	}
}

// REQ-37, REQ-48.
func TestOnlyAnActiveOperatorWithThePermissionSends(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := Account{State: Open, Operators: []Operator{
		{Person: "may", May: Sending},
		{Person: "reads", May: Reading},
		{Person: "was", May: Sending, Until: now},
		{Person: "will", May: Sending, From: now.Add(time.Second)},
	}}
	for person, want := range map[string]bool{"may": true, "reads": false, "was": false, "will": false, "nobody": false} {
		o := a.Operator("may")
		if o == nil {
			t.Fatal("the operator is not found")
		}
		if got := a.MaySend(rem.PersonID(person), now) == nil; got != want {
			t.Errorf("%s: got %t, want %t", person, got, want)
		}
	}
	if a.Signatory(privacy.IndexToken{}) != nil {
		t.Error("a certificate without a serialNumber found an operator who has none")
	}
}

func TestAPasswordIsKnownAgainAndNoOther(t *testing.T) {
	h, ctx := NewHasher(2), context.Background()
	hash, err := h.Hash(ctx, "doğru parola 12")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Check(ctx, hash, "doğru parola 12"); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ hash, password string }{
		"another password": {hash, "doğru parola 13"},
		"nobody":           {"", "doğru parola 12"},
		"nobody's own":     {"", ""},
	} {
		if err := h.Check(ctx, c.hash, c.password); !errors.Is(err, ErrPassword) {
			t.Errorf("%s: got %v, want ErrPassword", name, err)
		}
	}
	if _, err := h.Hash(ctx, "kısa"); err == nil {
		t.Error("a short password was taken")
	}
}
