package message

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rem"
	"rem/provider"
)

// A line is a queue in memory that counts what is asked of it.
type line struct {
	mu    sync.Mutex
	tasks map[string]Task // guarded by mu
	asked int             // guarded by mu
	fail  error           // guarded by mu: what Due and Hint return
	bell  chan struct{}
}

func newLine(tasks ...Task) *line {
	l := &line{tasks: map[string]Task{}, bell: make(chan struct{}, 1)}
	l.put(tasks...)
	return l
}

func (l *line) put(tasks ...Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range tasks {
		l.tasks[string(t.Message)+" "+t.Target] = t
	}
	select {
	case l.bell <- struct{}{}:
	default:
	}
}

func (l *line) done(t Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tasks, string(t.Message)+" "+t.Target)
}

func (l *line) set(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

func (l *line) len() (waiting, asked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tasks), l.asked
}

func (l *line) Due(_ context.Context, stage Stage, now time.Time, limit int) (due []Task, next time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.fail != nil {
		return nil, time.Time{}, l.fail
	}
	all := make([]Task, 0, len(l.tasks))
	for _, t := range l.tasks {
		if t.Stage == stage {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b Task) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Target, b.Target))
	})
	for _, t := range all {
		if len(due) == limit || t.Due.After(now) {
			return due, t.Due, nil
		}
		due = append(due, t)
	}
	return due, time.Time{}, nil
}

func (l *line) Wake(Stage) <-chan struct{} { return l.bell }

func (l *line) Hint(_ context.Context, s Step) error {
	l.mu.Lock()
	if l.fail != nil {
		defer l.mu.Unlock()
		return l.fail
	}
	l.mu.Unlock()
	for _, t := range s.Again {
		t.Attempts++
		l.put(t)
	}
	return nil
}

// bubble is the clock of a synctest bubble.
type bubble struct{}

func (bubble) Now() time.Time { return time.Now().UTC() }

func (bubble) Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func runner(l *line, do func(context.Context, []Task) error) *Runner {
	return &Runner{
		Stage: DeliveryStage, Queue: l, Do: do, Parallel: 4,
		Pause:   func(n int) time.Duration { return time.Second << min(n-1, 10) },
		Longest: 40 * 24 * time.Hour, Clock: bubble{}, Log: slog.New(slog.DiscardHandler),
	}
}

// begin runs it and gives what stops it.
func begin(t *testing.T, r *Runner) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the end was not clean: %v", err)
		}
	}
}

func work(message, target int) Task {
	return Task{Stage: DeliveryStage, Message: rem.MessageID(fmt.Sprintf("m%03d@hs90.kep.test", message)), Target: strconv.Itoa(target), Due: time.Now()}
}

func TestEveryTaskIsCarriedOutOnceAndAtMostParallelAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		var mu sync.Mutex
		times, at, most := map[string]int{}, map[rem.MessageID]bool{}, 0
		stop := begin(t, runner(l, func(_ context.Context, tasks []Task) error {
			mu.Lock()
			if at[tasks[0].Message] {
				t.Errorf("%s is worked on twice at once", tasks[0].Message)
			}
			at[tasks[0].Message] = true
			most = max(most, len(at))
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			for _, task := range tasks {
				if task.Message != tasks[0].Message {
					t.Errorf("tasks of %s and %s came together", task.Message, tasks[0].Message)
				}
				l.done(task)
			}
			mu.Lock()
			defer mu.Unlock()
			delete(at, tasks[0].Message)
			for _, task := range tasks {
				times[string(task.Message)+task.Target]++
			}
			return nil
		}))
		for m := range 100 {
			for n := range 1 + m%7 {
				l.put(work(m, n))
			}
			if m%10 == 0 {
				time.Sleep(3 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		stop()
		if waiting, asked := l.len(); waiting > 0 || asked > 1000 {
			t.Errorf("%d tasks are left, and the queue was read %d times", waiting, asked)
		}
		for what, n := range times {
			if n != 1 {
				t.Errorf("%s was carried out %d times", what, n)
			}
		}
		if most != 4 {
			t.Errorf("%d messages at once, want 4", most)
		}
	})
}

func TestALargeMessageKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		for n := range 1000 {
			l.put(work(0, n)) // many times what is read ahead
		}
		begun := map[rem.MessageID]time.Duration{}
		var mu sync.Mutex
		from := time.Now()
		stop := begin(t, runner(l, func(_ context.Context, tasks []Task) error {
			mu.Lock()
			if _, ok := begun[tasks[0].Message]; !ok {
				begun[tasks[0].Message] = time.Since(from)
			}
			mu.Unlock()
			if len(tasks) > 1 {
				time.Sleep(time.Hour)
			}
			for _, task := range tasks {
				l.done(task)
			}
			return nil
		}))
		time.Sleep(time.Second)
		l.put(work(1, 1), work(2, 1))
		time.Sleep(time.Second)
		mu.Lock()
		for _, m := range []int{1, 2} {
			if at, ok := begun[work(m, 1).Message]; !ok || at > 2*time.Second {
				t.Errorf("message %d has begun: %t, after %v", m, ok, at)
			}
		}
		mu.Unlock()
		// While the large one is at work the queue is not read for nothing.
		_, before := l.len()
		time.Sleep(30 * time.Minute)
		if _, after := l.len(); after-before > 3 {
			t.Errorf("the queue was read %d times in half an hour without news", after-before)
		}
		time.Sleep(40 * time.Hour)
		stop()
		if waiting, _ := l.len(); waiting > 0 {
			t.Errorf("%d tasks are left", waiting)
		}
	})
}

func TestAFaultComesBackAfterItsPauseAndHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(work(1, 1), work(1, 2), work(1, 3), work(2, 1))
		var mu sync.Mutex
		tried := map[string][]time.Duration{}
		from := time.Now()
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error {
			mu.Lock()
			defer mu.Unlock()
			key := string(task.Message[:4]) + "/" + task.Target
			tried[key] = append(tried[key], time.Since(from))
			if key == "m001/2" && len(tried[key]) < 4 {
				return errors.New("not now")
			}
			l.done(task)
			return nil
		})))
		time.Sleep(time.Minute)
		stop()
		want := map[string][]time.Duration{
			"m001/1": {0}, "m001/2": {0, time.Second, 3 * time.Second, 7 * time.Second}, "m001/3": {0}, "m002/1": {0},
		}
		if fmt.Sprint(tried) != fmt.Sprint(want) {
			t.Errorf("tried at %v, want %v", tried, want)
		}
	})
}

func TestABrokenLedgerIsAskedAgainAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(work(1, 1))
		l.set(errors.New("disk full"))
		var log bytes.Buffer
		r := runner(l, EachTask(func(_ context.Context, task Task) error { l.done(task); return nil }))
		r.Log = slog.New(slog.NewJSONHandler(&log, nil))
		stop := begin(t, r)
		time.Sleep(time.Minute)
		if _, asked := l.len(); asked < 30 || asked > 70 {
			t.Errorf("asked %d times in a minute, with a pause of a second", asked)
		}
		l.set(nil)
		time.Sleep(2 * time.Second)
		stop()
		if waiting, _ := l.len(); waiting > 0 {
			t.Error("the work is not done when the ledger is well again")
		}
		if !bytes.Contains(log.Bytes(), []byte("disk full")) {
			t.Error("the log does not say why")
		}
	})
}

// When a task fails and cannot be put back either, it is still due at once.
func TestATaskThatCannotBePutBackIsNotTriedInAHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(work(1, 1))
		tries := 0 // owned by the one worker that has the message
		hints := failingHints{l}
		r := runner(l, func(context.Context, []Task) error { tries++; return errors.New("not now") })
		r.Queue = hints
		stop := begin(t, r)
		time.Sleep(time.Minute)
		stop()
		if _, asked := l.len(); tries < 30 || tries > 70 || asked > 200 {
			t.Errorf("%d tries and %d readings in a minute, with a pause of a second", tries, asked)
		}
	})
}

type failingHints struct{ *line }

func (failingHints) Hint(context.Context, Step) error { return errors.New("disk full") }

func TestWorkThatIsQueuedAtAnyMomentIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error {
			time.Sleep(time.Duration(len(task.Target)) * time.Millisecond)
			l.done(task)
			return nil
		})))
		for m := range 1000 {
			l.put(work(m, m))
			if m%3 == 0 {
				time.Sleep(time.Duration(m%5) * time.Millisecond)
			}
		}
		time.Sleep(time.Hour)
		stop()
		if waiting, _ := l.len(); waiting > 0 {
			t.Errorf("%d tasks were never noticed", waiting)
		}
	})
}

// A message that ends brings no news: what waits was read before.
func TestMessagesThatEndDoNotCauseReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		const messages = 20 // less than is read ahead
		for m := range messages {
			l.put(work(m, 1))
		}
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error {
			time.Sleep(time.Second)
			l.done(task)
			return nil
		})))
		time.Sleep(time.Hour)
		stop()
		if waiting, asked := l.len(); waiting > 0 || asked > 3 {
			t.Errorf("%d tasks are left, and the queue was read %d times for %d messages", waiting, asked, messages)
		}
	})
}

// What is queued for a message that is at work is carried out after it, without
// another ring of the bell.
func TestWorkForAMessageAtWorkFollowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(work(1, 1))
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error {
			time.Sleep(time.Minute)
			l.done(task)
			return nil
		})))
		time.Sleep(time.Second)
		l.put(work(1, 2))
		time.Sleep(3 * time.Minute)
		stop()
		if waiting, _ := l.len(); waiting > 0 {
			t.Errorf("%d tasks are left", waiting)
		}
	})
}

func TestATaskOfLaterWaitsForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := work(1, 1)
		later.Due = later.Due.AddDate(0, 1, 0)
		l := newLine(later)
		var at time.Time
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error { at = time.Now(); l.done(task); return nil })))
		time.Sleep(100 * 24 * time.Hour)
		stop()
		if !at.Equal(later.Due) {
			t.Errorf("carried out at %v, due at %v", at, later.Due)
		}
		if _, asked := l.len(); asked > 5 {
			t.Errorf("the queue was read %d times for one task", asked)
		}
	})
}

// A stepped is a clock of a bubble that shows a wrong time.
type stepped struct {
	bubble
	mu sync.Mutex
	by time.Duration // guarded by mu
}

func (c *stepped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.by)
}

func (c *stepped) step(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

// AT-25: what fails while the clock is wrong is tried again when it is right, and
// what waits for another reason is asked for too early at most once.
func TestWorkThatAWrongClockPutOffIsCarriedOutByTheRightOne(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
	}{
		{"two minutes ahead", 2 * time.Minute},
		{"a day ahead", 24 * time.Hour},
		{"a year ahead", 365 * 24 * time.Hour},
		{"twenty years ahead", 20 * 365 * 24 * time.Hour},
		{"an hour behind", -time.Hour},
		{"twelve years behind", -12 * 365 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := &stepped{}
				later := work(9, 1) // waits for a period to end
				later.Due = later.Due.Add(10 * 24 * time.Hour)
				l := newLine(later)
				var mu sync.Mutex
				at, asked := map[rem.MessageID]time.Time{}, 0
				from := time.Now()
				r := runner(l, EachTask(func(_ context.Context, task Task) error {
					now := clock.Now()
					if apart := time.Until(now).Abs(); apart > maxSkew {
						return errors.New("the clock or the authority is wrong")
					}
					mu.Lock()
					defer mu.Unlock()
					if task.Message == later.Message {
						if asked++; now.Before(later.Due) {
							task.Due = later.Due
							return l.Hint(t.Context(), Step{Again: []Task{task}})
						}
					}
					at[task.Message] = time.Now()
					l.done(task)
					return nil
				}))
				r.Clock = clock
				stop := begin(t, r)
				clock.step(c.by)
				for m := range 3 {
					task := work(m, 1)
					task.Due = clock.Now()
					l.put(task)
				}
				time.Sleep(time.Hour) // they fail again and again
				clock.step(0)
				right := time.Now()
				time.Sleep(30 * 24 * time.Hour)
				stop()
				for m := range 3 {
					// The last failure may have been just before.
					if got, ok := at[work(m, 1).Message]; !ok || got.Sub(right) > glance+r.Pause(100) {
						t.Errorf("task %d was carried out: %t, %v after the clock was right", m, ok, got.Sub(right))
					}
				}
				if got := at[later.Message]; got.Before(later.Due) || got.Sub(later.Due) > glance {
					t.Errorf("what was to wait was carried out after %v", got.Sub(from))
				}
				if asked > 2 {
					t.Errorf("what was to wait was asked for %d times, want once early and once in time", asked)
				}
			})
		})
	}
}

// AT-25: a clock that was behind rings for nobody when it is put right.
func TestAClockThatIsPutRightIsNoticedWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &stepped{by: -24 * time.Hour}
		l := newLine(work(1, 1)) // due now, by the right clock
		r := runner(l, EachTask(func(_ context.Context, task Task) error { l.done(task); return nil }))
		r.Clock = clock
		stop := begin(t, r)
		time.Sleep(time.Hour)
		if waiting, _ := l.len(); waiting != 1 {
			t.Fatal("it was carried out a day early")
		}
		clock.step(0)
		time.Sleep(time.Minute)
		synctest.Wait()
		if waiting, _ := l.len(); waiting > 0 {
			t.Error("it is not carried out")
		}
		stop()
	})
}

// AT-25: the process that met the wrong clock is gone, and with it what it saw.
func TestWorkThatWasPutOffBeforeTheStartIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, ordinary := work(1, 1), work(2, 1)
		far.Due, far.Attempts = far.Due.AddDate(20, 0, 0), 1
		ordinary.Due = ordinary.Due.Add(39 * 24 * time.Hour)
		l := newLine(far, ordinary)
		for m := range 2 * first { // more than a look reads at first
			task := work(10+m, 1)
			task.Due = ordinary.Due
			l.put(task)
		}
		var mu sync.Mutex
		at := map[rem.MessageID]time.Duration{}
		from := time.Now()
		stop := begin(t, runner(l, EachTask(func(_ context.Context, task Task) error {
			mu.Lock()
			defer mu.Unlock()
			at[task.Message] = time.Since(from)
			l.done(task)
			return nil
		})))
		time.Sleep(time.Minute)
		mu.Lock()
		if got, ok := at[far.Message]; !ok || got > time.Second || len(at) != 1 {
			t.Errorf("after a minute %d are carried out; what was put off: %t", len(at), ok)
		}
		mu.Unlock()
		time.Sleep(40 * 24 * time.Hour)
		stop()
		if waiting, _ := l.len(); waiting > 0 || at[ordinary.Message] != 39*24*time.Hour {
			t.Errorf("%d are left; what was in order was carried out after %v", waiting, at[ordinary.Message])
		}
	})
}

// What is under way when the clock is put right may yet be put off by the wrong
// one: the look waits for its end.
func TestWhatIsUnderWayWhenTheClockIsPutRightIsLookedAtAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &stepped{by: 365 * 24 * time.Hour}
		task := work(1, 1)
		l := newLine(task)
		tries := 0 // owned by the one worker that has the message
		r := runner(l, func(_ context.Context, tasks []Task) error {
			if tries++; tries > 1 {
				l.done(tasks[0])
				return nil
			}
			again := tasks[0]
			again.Due = clock.Now().Add(time.Minute)
			time.Sleep(time.Hour)
			return l.Hint(t.Context(), Step{Again: []Task{again}})
		})
		r.Clock = clock
		stop := begin(t, r)
		time.Sleep(time.Minute)
		clock.step(0)
		l.put(work(1, 2)) // the runner wakes while the other is under way
		time.Sleep(2 * time.Hour)
		stop()
		if waiting, _ := l.len(); waiting > 0 || tries < 2 {
			t.Errorf("%d are left after %d tries", waiting, tries)
		}
	})
}

// Of the messages that nobody has opened, those alone are looked at that failed.
func TestWhatWaitsForAReaderIsNotLookedAtEarly(t *testing.T) {
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	waits := Task{Stage: RetrievalStage, Message: "m1", Target: "1", Due: now.Add(time.Hour)}
	failed := Task{Stage: RetrievalStage, Message: "m2", Target: "1", Due: now.Add(24 * time.Hour), Attempts: 1}
	l := newLine(waits, failed)
	h := Hindsight{Queue: l, Stage: RetrievalStage, Longest: 30 * 24 * time.Hour}
	if !h.Seen(now.Add(24 * time.Hour)) {
		t.Error("at the beginning no look is owed")
	}
	if found, err := h.PutOff(t.Context(), now.Add(24*time.Hour)); err != nil || len(found) > 0 {
		t.Errorf("at the beginning: %v, %v", found, err)
	}
	if h.Seen(now.Add(24*time.Hour - maxSkew)) {
		t.Error("a look is owed after an ordinary correction of the clock")
	}
	l.set(errors.New("disk full"))
	if _, err := h.PutOff(t.Context(), now); err == nil || !h.Seen(now) {
		t.Error("after a fault no look is owed")
	}
	l.set(nil)
	if found, err := h.PutOff(t.Context(), now); err != nil || len(found) != 1 || found[0].Message != "m2" {
		t.Errorf("found %v, %v", found, err)
	}
	if h.Seen(now) {
		t.Error("a look is owed twice")
	}
}

func TestNoPeriodAndNoPauseIsLongerThanTheLongest(t *testing.T) {
	p := provider.DefaultPractice()
	for stage, want := range map[Stage]time.Duration{
		RelayStage: 24 * time.Hour, DeliveryStage: 30 * time.Minute, RetrievalStage: 30 * 24 * time.Hour, ReturnStage: 30 * time.Minute,
	} {
		if got := Longest(&p, stage); got != want {
			t.Errorf("%s: %v, want %v", stage, got, want)
		}
	}
}

func TestAStopWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		for m := range 20 {
			l.put(work(m, 1))
		}
		var mu sync.Mutex
		begun, ended := 0, 0
		stop := begin(t, runner(l, func(ctx context.Context, _ []Task) error {
			mu.Lock()
			begun++
			mu.Unlock()
			<-ctx.Done()
			time.Sleep(time.Second) // what cannot be broken off, such as a commit
			mu.Lock()
			defer mu.Unlock()
			ended++
			return ctx.Err()
		}))
		time.Sleep(time.Minute)
		stop()
		if begun != 4 || ended != begun {
			t.Errorf("%d were begun and %d had ended when Run returned", begun, ended)
		}
		if waiting, _ := l.len(); waiting != 20 {
			t.Errorf("%d tasks are left for the next run, want 20 with their attempts", waiting)
		}
		for _, task := range l.tasks {
			if task.Attempts != 0 {
				t.Errorf("a stop counts as a fault of %s", task.Message)
			}
		}
	})
}

func TestOriginalInReadsOnlyThePart(t *testing.T) {
	whole := InMemory([]byte("head|original|tail"))
	inner := []byte("original")
	r := &Record{From: 5, Length: int64(len(inner)), Digest: rem.DigestOf(inner)}
	c := OriginalIn(whole, r)
	got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil || !bytes.Equal(got, inner) || c.Digest() != r.Digest || c.Size() != int64(len(inner)) {
		t.Errorf("got %q, %v", got, err)
	}
	if n, err := c.ReadAt(make([]byte, 20), 0); n != len(inner) || err != io.EOF {
		t.Errorf("reading past the part gave %d octets, %v", n, err)
	}
	own := &Record{Length: whole.Size(), Digest: whole.Digest()}
	if OriginalIn(whole, own) != Content(whole) {
		t.Error("our own original is the whole content")
	}
}

func TestMemoryReadsLikeAFile(t *testing.T) {
	m := InMemory([]byte("abc"))
	for _, c := range []struct {
		name    string
		length  int
		off     int64
		want    string
		wantEOF bool
	}{
		{"whole", 3, 0, "abc", false}, {"inside", 1, 1, "b", false}, {"over the end", 5, 1, "bc", true}, {"at the end", 1, 3, "", true}, {"behind", 1, 9, "", true},
	} {
		p := make([]byte, c.length)
		n, err := m.ReadAt(p, c.off)
		if string(p[:n]) != c.want || (err == io.EOF) != c.wantEOF {
			t.Errorf("%s: got %q, %v", c.name, p[:n], err)
		}
	}
	if _, err := m.ReadAt(make([]byte, 1), -1); err == nil || err == io.EOF {
		t.Errorf("before the beginning: %v", err)
	}
}
