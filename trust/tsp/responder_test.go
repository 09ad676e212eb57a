package tsp_test

import (
	"context"
	"crypto"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

// anyClock shows the epoch for ever.
type anyClock struct{}

func (anyClock) Now() time.Time                            { return testkit.Epoch }
func (anyClock) Wait(context.Context, time.Duration) error { return nil }

// AT-25: a step of either clock beyond the bound stops stamping, and so does
// any step back; when the clocks agree again, stamping goes on.
func TestNoTimeIsStampedByAClockThatStepped(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, step := range []time.Duration{
		time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour, year, 20 * year,
	} {
		for _, sign := range []time.Duration{1, -1} {
			clock, second := testkit.NewClock(time.Time{}), testkit.NewClock(time.Time{})
			root := derkit.Root(t, derkit.P256, "Root of time")
			holder := derkit.Issue(t, root, derkit.P256, "Authority of time", derkit.Stamping)
			r := responder(t, holder, func(o *tsp.ResponderOptions) {
				o.Clock, o.Second, o.Bound = clock, second, 100*time.Millisecond
			})
			stamp(t, r, "before")
			clock.Advance(sign * step)
			token, err := r.Stamp(t.Context(), crypto.SHA256, imprint("after"))
			if allowed := sign > 0 && step <= 100*time.Millisecond; allowed != (err == nil) {
				t.Errorf("step of %v: %v, %v", sign*step, token, err)
			} else if err != nil && !errors.Is(err, tsp.ErrClock) {
				t.Errorf("step of %v: %v", sign*step, err)
			}
			clock.Set(testkit.Epoch.Add(time.Second))
			second.Set(testkit.Epoch.Add(time.Second))
			stamp(t, r, "when it is right again")

			// A clock that stands still while the other one goes on.
			second.Advance(time.Second)
			if _, err := r.Stamp(t.Context(), crypto.SHA256, imprint("frozen")); !errors.Is(err, tsp.ErrClock) {
				t.Errorf("frozen: %v", err)
			}
			request, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: imprint("frozen")}).DER()
			if err != nil {
				t.Fatal(err)
			}
			answer, err := r.Respond(t.Context(), request)
			if !errors.Is(err, tsp.ErrClock) {
				t.Errorf("frozen: %v", err)
			}
			wantFailure(t, answer, tsp.TimeNotAvailable)
		}
	}
}

// AT-25: a machine that was put back to an older image knows from the log that
// its clock is wrong.
func TestNoTimeIsStampedBeforeTheLogsLatest(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	r, _ := authority(t, derkit.P256, func(o *tsp.ResponderOptions) {
		o.Clock, o.After = clock, testkit.Epoch.Add(time.Hour)
	})
	if _, err := r.Stamp(t.Context(), crypto.SHA256, imprint("early")); !errors.Is(err, tsp.ErrClock) {
		t.Errorf("got %v", err)
	}
	clock.Advance(time.Hour)
	stamp(t, r, "in time")
}

// No time is stamped outside the life of the certificate.
func TestNoTimeIsStampedByAnExpiredCertificate(t *testing.T) {
	for _, now := range []time.Time{derkit.From.Add(-time.Second), derkit.Until.Add(time.Second)} {
		r, _ := authority(t, derkit.P256, func(o *tsp.ResponderOptions) { o.Clock = testkit.NewClock(now) })
		if _, err := r.Stamp(t.Context(), crypto.SHA256, imprint("hello")); !errors.Is(err, tsp.ErrAuthority) {
			t.Errorf("at %v: %v", now, err)
		}
	}
}

// Serial numbers are unique, recorded before the token is signed, and their
// times never fall; with ordering, times rise. AT-25.
func TestSerialNumbersAndTimesRiseUnderLoad(t *testing.T) {
	for _, ordering := range []bool{false, true} {
		var log []tsp.Issue // appended to by one goroutine at a time
		r, _ := authority(t, derkit.P256, func(o *tsp.ResponderOptions) {
			o.Ordering = ordering
			o.Record = func(_ context.Context, i tsp.Issue) error { log = append(log, i); return nil }
		})
		var wg sync.WaitGroup
		var mu sync.Mutex
		var given []*big.Int // guarded by mu
		for range 8 {
			wg.Go(func() {
				for range 50 {
					token, err := r.Stamp(t.Context(), crypto.SHA256, imprint("hello"))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					given = append(given, token.Serial)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(log) != 400 || len(given) != 400 {
			t.Fatalf("%d recorded, %d given", len(log), len(given))
		}
		for i := 1; i < len(log); i++ {
			if log[i].Serial.Cmp(log[i-1].Serial) <= 0 || log[i].Time.Before(log[i-1].Time) || ordering && !log[i].Time.After(log[i-1].Time) {
				t.Errorf("record %d: %v at %v after %v at %v", i, log[i].Serial, log[i].Time, log[i-1].Serial, log[i-1].Time)
			}
		}
		slices.SortFunc(given, (*big.Int).Cmp)
		for i, serial := range given {
			if serial.Cmp(log[i].Serial) != 0 {
				t.Errorf("token %v is not recorded", serial)
			}
		}
	}
}

func TestTokenIsNotGivenWhenItCannotBeRecorded(t *testing.T) {
	full := errors.New("disk is full")
	r, _ := authority(t, derkit.P256, func(o *tsp.ResponderOptions) {
		o.Record = func(context.Context, tsp.Issue) error { return full }
	})
	if token, err := r.Stamp(t.Context(), crypto.SHA256, imprint("hello")); !errors.Is(err, full) {
		t.Errorf("got %v, %v", token, err)
	}
}

// Two responders with one key, as after a restart, give different numbers.
func TestSerialNumbersStayUniqueAfterARestart(t *testing.T) {
	_, holder := authority(t, derkit.P256, nil)
	seen := map[string]bool{}
	for range 20 {
		serial := stamp(t, responder(t, holder, nil), "hello").Serial
		if seen[serial.String()] || serial.Sign() <= 0 || serial.BitLen() > 160 {
			t.Errorf("serial number %v", serial)
		}
		seen[serial.String()] = true
	}
}

// RFC 3161 2.4.2: what is wrong with a request is said in its failure.
func TestWrongRequestsAreRejected(t *testing.T) {
	r, _ := authority(t, derkit.P256, nil)
	good, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Policy: policy, Nonce: nonce(), Certificates: true}).DER()
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(*derkit.Node)) []byte {
		tree := derkit.Parse(t, good)
		change(tree)
		return tree.Bytes()
	}
	for _, c := range []struct {
		name    string
		request []byte
		want    tsp.Failure
	}{
		{"nothing", nil, tsp.BadDataFormat},
		{"text", []byte("GET / HTTP/1.1"), tsp.BadDataFormat},
		{"too long", make([]byte, tsp.MaxRequest+1), tsp.BadDataFormat},
		{"cut short", good[:len(good)-1], tsp.BadDataFormat},
		{"something behind", append(slices.Clone(good), 0), tsp.BadDataFormat},
		{"BER", derkit.Parse(t, good).Indefinite(), tsp.BadDataFormat},
		{"version 2", edit(func(n *derkit.Node) { n.At(0).Content[0] = 2 }), tsp.BadRequest},
		{"SHA-1", edit(func(n *derkit.Node) {
			n.At(1, 0, 0).Content = []byte("\x2b\x0e\x03\x02\x1a")
			n.At(1, 1).Content = make([]byte, 20)
		}), tsp.BadAlgorithm},
		{"SHA-1 of 32 bytes", edit(func(n *derkit.Node) { n.At(1, 0, 0).Content = []byte("\x2b\x0e\x03\x02\x1a") }), tsp.BadAlgorithm},
		{"imprint of 31 bytes", edit(func(n *derkit.Node) { n.At(1, 1).Content = make([]byte, 31) }), tsp.BadDataFormat},
		{"another policy", edit(func(n *derkit.Node) { n.At(2).Content[1]++ }), tsp.UnacceptedPolicy},
		{"nonce of 40 bytes", edit(func(n *derkit.Node) { n.At(3).Content = append([]byte{1}, make([]byte, 39)...) }), tsp.BadDataFormat},
		{"padded nonce", edit(func(n *derkit.Node) { n.At(3).Content = []byte{0, 1} }), tsp.BadDataFormat},
		{"certReq false in words", edit(func(n *derkit.Node) { n.At(4).Content[0] = 0 }), tsp.BadDataFormat},
		{"certReq 1", edit(func(n *derkit.Node) { n.At(4).Content[0] = 1 }), tsp.BadDataFormat},
		{"extension", edit(func(n *derkit.Node) { n.Insert(5, &derkit.Node{Tag: 0xa0}) }), tsp.UnacceptedExtension},
		{"unknown field", edit(func(n *derkit.Node) { n.Insert(5, node(0x82, "x")) }), tsp.BadDataFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := r.Respond(t.Context(), c.request)
			rejected, ok := errors.AsType[*tsp.Rejection](err)
			if !ok || rejected.Failure != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
			wantFailure(t, answer, c.want)
		})
	}
}

// wantFailure reads an answer as the one who asked does, and as OpenSSL does.
func wantFailure(t *testing.T, answer []byte, want tsp.Failure) {
	t.Helper()
	_, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello")}).Check(answer, tsp.Expectation{})
	rejected, ok := errors.AsType[*tsp.Rejection](err)
	if !ok || rejected.Failure != want || rejected.Status != 2 || rejected.Text == "" {
		t.Errorf("the answer says %v, want %v", err, want)
	}
}

func TestRejectionsAreReadByOpenSSL(t *testing.T) {
	r, _ := authority(t, derkit.P256, nil)
	for request, want := range map[string]string{"x": "the data submitted has the wrong format", "": "the data submitted has the wrong format"} {
		answer, err := r.Respond(t.Context(), []byte(request))
		if err == nil {
			t.Fatal("not rejected")
		}
		out := openssl(t, "ts", "-reply", "-in", write(t, "answer", answer), "-text")
		contains(t, out, "Status: Rejected.")
		contains(t, out, want)
	}
}

// A responder in process ends with its caller.
func TestStampEndsWithItsContext(t *testing.T) {
	r, _ := authority(t, derkit.P256, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Stamp(ctx, crypto.SHA256, imprint("hello")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Stamp(t.Context(), crypto.SHA1, make([]byte, 20)); err == nil {
		t.Error("stamped SHA-1")
	}
}
