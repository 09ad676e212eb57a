package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/world"
	"rem/message"
)

// Receipts of messages that came at the same moment were mixed up elsewhere.
// Sixty-four sessions at once, each to recipients of its own; then every stage
// works on sixty-four messages at once. Each evidence names its own message,
// recipient and digest: the reader compares them all.
func TestConcurrentSessionsGetTheirOwnEvidence(t *testing.T) {
	const sessions, each = 64, 2
	k := world.NewKit(t)
	w := k.New(t, world.Options{Codes: world.Codes[:3]})
	letters := make([][]byte, sessions*each)
	to := make([][]string, len(letters))
	for i := range letters {
		for j := range 1 + i%4 {
			to[i] = append(to[i], world.Address(world.Users[(i+j*3)%len(world.Users)], world.Codes[(i+j)%3]))
		}
		letters[i] = letter(t, k, fmt.Sprint("Eşzamanlı ", i), to[i]...)
	}
	var wg sync.WaitGroup
	failed := make(chan error, len(letters))
	for s := range sessions {
		wg.Go(func() {
			for i := s * each; i < (s+1)*each; i++ {
				if _, err := w.SubmitOnce("ayse", "hs90", letters[i], to[i]...); err != nil {
					failed <- err
				}
				// The same again at the same time, from another session.
				if _, err := w.SubmitOnce("ayse", "hs90", letters[(i+each)%len(letters)], to[(i+each)%len(letters)]...); err != nil {
					failed <- err
				}
			}
		})
	}
	wg.Wait()
	// The stages, as Runners with as many workers do it: a message is worked on
	// by one of them at a time.
	for range 6 {
		for _, p := range w.Providers {
			for stage, do := range map[message.Stage]func(context.Context, []message.Task) error{
				message.RelayStage: message.EachTask(p.Relay.Out), message.DeliveryStage: message.EachTask(p.Deliverer.Do), message.ReturnStage: p.Relay.Back,
			} {
				tasks, _, err := p.Store.Due(t.Context(), stage, w.Clock.Now(), 1<<16)
				if err != nil {
					t.Fatal(err)
				}
				byMessage := map[rem.MessageID][]message.Task{}
				for _, task := range tasks {
					byMessage[task.Message] = append(byMessage[task.Message], task)
				}
				for _, mine := range byMessage {
					wg.Go(func() {
						if err := do(t.Context(), mine); err != nil {
							failed <- err
						}
					})
				}
				wg.Wait()
			}
		}
		w.Clock.Advance(time.Second)
	}
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	w.Rest()
	w.MustHold()
	if len(w.Promises) != 2*len(letters) {
		t.Errorf("%d answers for %d letters that were given twice", len(w.Promises), len(letters))
	}
}

// Mammoth: the disk is full from some byte on. What was accepted is finished
// with its evidence, which has room of its own; new messages are put off with a
// temporary error before anything was promised; when there is room again
// everything goes on (AT-36).
func TestFullDiskBreaksNoPromise(t *testing.T) {
	k := world.NewKit(t)
	places := 12
	if testkit.Long() {
		places = 400
	}
	for i := range places {
		free := int64(i) * (8 << 20) / int64(places)
		t.Run(fmt.Sprint(free), func(t *testing.T) {
			w := k.New(t, world.Options{Seed: uint64(i)})
			for _, p := range w.Providers {
				p.Disk().SetFree(free)
			}
			full := 0
			for n := range 4 {
				original := letter(t, k, fmt.Sprint("Dolu ", n), bora, world.Address("cem", "hs90"))
				switch _, err := w.SubmitOnce("ayse", "hs90", original, bora, world.Address("cem", "hs90")); {
				case errors.Is(err, message.ErrFull):
					full++
				case err != nil:
					t.Fatalf("submitting: %v, want %v", err, message.ErrFull)
				}
				w.Now()
			}
			if i == 0 && full != 4 {
				t.Errorf("%d of 4 were put off on a disk without a byte", full)
			}
			w.Run(30 * time.Minute)
			if i%3 == 0 { // and the process begins again while it is full
				for _, p := range w.Providers {
					if err := p.Restart(world.Crash); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.Run(30 * time.Minute)
			for _, p := range w.Providers {
				p.Disk().SetFree(1 << 30)
			}
			w.Rest()
			w.MustHold()
			for i, promise := range w.Promises {
				v, err := promise.At.Store.Message(t.Context(), promise.Receipt.Message)
				if err != nil || v.Standing(2).State != message.NotRetrieved {
					t.Errorf("message %d stands at %v, %v", i, v, err)
				}
			}
		})
	}
}

// A disk that turns read-only under a running provider: nothing is promised any
// more, what was is still read, and a start on a disk that can be written goes on.
func TestReadOnlyDiskPromisesNothing(t *testing.T) {
	k := world.NewKit(t)
	places := []int{1, 2, 3, 5, 8, 13, 21, 34}
	if testkit.Long() {
		places = nil
		for i := 1; i <= 80; i++ {
			places = append(places, i)
		}
	}
	for _, at := range places {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			w := k.New(t, world.Options{Seed: uint64(at)})
			r := send(t, w, k, "Önceki", bora)
			w.Now()
			for _, p := range w.Providers {
				p.Disk().Break(broken.Plan{At: at, After: true, Err: syscall.EROFS})
			}
			original := letter(t, k, "Salt okunur", bora)
			_, first := w.SubmitOnce("ayse", "hs90", original, bora)
			for _, p := range w.Providers { // what stops stays as it is
				for _, stage := range []message.Stage{message.RelayStage, message.DeliveryStage, message.ReturnStage} {
					tasks, _, err := p.Store.Due(t.Context(), stage, w.Clock.Now(), 100)
					if err != nil {
						t.Fatal(err)
					}
					for _, task := range tasks {
						switch stage {
						case message.RelayStage:
							_ = p.Relay.Out(t.Context(), task) // fails somewhere
						case message.DeliveryStage:
							_ = p.Deliverer.Do(t.Context(), task) // or here
						default:
							_ = p.Relay.Back(t.Context(), []message.Task{task}) // or here
						}
					}
				}
			}
			if first != nil {
				if _, err := w.SubmitOnce("ayse", "hs90", letter(t, k, "Sonraki", bora), bora); err == nil {
					t.Error("a disk that cannot be written took a message")
				}
			}
			if _, err := w.Promises[0].At.Store.EvidenceOf(t.Context(), r.Message); err != nil {
				t.Errorf("reading what was there: %v", err)
			}
			for _, p := range w.Providers {
				if err := p.Restart(world.PowerCut); err != nil {
					t.Fatal(err)
				}
				p.Disk().Break(broken.Plan{})
			}
			w.Submit("ayse", "hs90", original, bora)
			w.Rest()
			w.MustHold()
		})
	}
}
