package clock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestNowIsUTCInMilliseconds(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	now := System{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 || now.Before(before) || now.After(time.Now()) {
		t.Errorf("got %v", now)
	}
}

func TestAWaitEndsWithItsTimeOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := (System{}).Wait(t.Context(), 20*365*24*time.Hour); err != nil || time.Since(begun) != 20*365*24*time.Hour {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		for _, d := range []time.Duration{0, -time.Hour} {
			begun := time.Now()
			if err := (System{}).Wait(t.Context(), d); err != nil || time.Since(begun) != 0 {
				t.Errorf("%v: got %v after %v", d, err, time.Since(begun))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun = time.Now()
		if err := (System{}).Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		if err := (System{}).Wait(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after its context a wait of nothing gives %v", err)
		}
	})
}
