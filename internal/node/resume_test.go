package node

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"rem/edge/clock"
	"rem/edge/sqlstore"
	"rem/message"
	"rem/provider"
)

func TestWhatTheStartLeftIsTriedUntilItIsDone(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	kept, err := store.Intend(t.Context(), message.Intention{Key: "delivery/x/1", Stage: message.DeliveryStage, At: time.Unix(1, 0), Body: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Store: store, Log: slog.New(slog.DiscardHandler), clock: clock.System{}, Practice: provider.DefaultPractice()}
	n.Practice.FirstRetry, n.Practice.LastRetry = time.Millisecond, 2*time.Millisecond
	tries := 0
	n.left = []*leftover{{stage: message.DeliveryStage, left: []message.Kept{kept}, finish: func(context.Context, message.Kept) error {
		if tries++; tries < 3 {
			return errors.New("no token")
		}
		return nil
	}}}
	n.resumeLater(t.Context())
	if tries != 3 || len(n.left) != 0 {
		t.Errorf("%d tries, %d left; want 3 and 0", tries, len(n.left))
	}
}
