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
		Pause: func(n int) time.Duration { return time.Second << min(n-1, 10) },
		Clock: bubble{}, Log: slog.New(slog.DiscardHandler),
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
