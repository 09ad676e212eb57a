package sqlstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rem/edge/sqlstore"
	"rem/internal/testkit/ledgertest"
	"rem/message"
)

// writers runs b.N operations from so many goroutines; op gets the number of
// the operation.
func writers(b *testing.B, n int, op func(i int) error) {
	var wg sync.WaitGroup
	var next atomic.Int64
	work := make(chan struct{}, n)
	for range n {
		wg.Go(func() {
			for range work {
				if err := op(int(next.Add(1))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
}

// A submission is an intention with 5 KB of content and the step with 7 KB of
// evidence: what stands between a message and its 250, signing left out.
func BenchmarkCommit(b *testing.B) {
	b.Run("raw-append-fdatasync-8k", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		p := make([]byte, 8<<10)
		for b.Loop() {
			if _, err := f.Write(p); err != nil {
				b.Fatal(err)
			}
			if err := syscall.Fdatasync(int(f.Fd())); err != nil {
				b.Fatal(err)
			}
		}
	})
	content := message.InMemory(bytes.Repeat([]byte("x"), 5000))
	xml := bytes.Repeat([]byte("y"), 7000)
	for _, c := range []struct {
		writers int
		window  time.Duration
	}{{1, 0}, {8, 0}, {64, 0}, {64, 2 * time.Millisecond}} {
		b.Run(fmt.Sprintf("submission/writers=%d/window=%s", c.writers, c.window), func(b *testing.B) {
			s := open(b, sqlstore.Options{MinFree: -1, Window: c.window})
			writers(b, c.writers, func(i int) error {
				key := fmt.Sprint("submission/", i)
				kept, err := s.Intend(b.Context(), message.Intention{Key: key, Stage: message.SubmissionStage, At: ledgertest.At, Body: xml[:400], Content: content})
				if err != nil {
					return err
				}
				step := ledgertest.Submission(i, 1)
				step.Resolves, step.New.Original = key, kept.Content
				step.Filed[0].XML = xml
				return s.Commit(b.Context(), step)
			})
			report(b, s)
		})
	}
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprintf("step/writers=%d", n), func(b *testing.B) {
			s := open(b, sqlstore.Options{MinFree: -1})
			if err := s.Commit(b.Context(), ledgertest.Submission(1, 1)); err != nil {
				b.Fatal(err)
			}
			id := ledgertest.Record(1, 1, "").ID
			writers(b, n, func(i int) error {
				return s.Commit(b.Context(), message.Step{Message: id, At: ledgertest.At, Queue: []message.Task{{Stage: message.RelayStage, Message: id, Target: "x", Due: ledgertest.At}}})
			})
			report(b, s)
		})
	}
	b.Run("hint/writers=1", func(b *testing.B) {
		s := open(b, sqlstore.Options{MinFree: -1})
		id := ledgertest.Record(1, 1, "").ID
		writers(b, 1, func(i int) error {
			return s.Hint(b.Context(), message.Step{Message: id, At: ledgertest.At, Queue: []message.Task{{Stage: message.RelayStage, Message: id, Target: "x", Due: ledgertest.At}}})
		})
		report(b, s)
	})
}

func report(b *testing.B, s *sqlstore.Store) {
	st := s.Stats()
	b.ReportMetric(float64(st.Syncs)/float64(b.N), "fsyncs/op")
	b.ReportMetric(float64(st.Applied)/float64(max(st.Groups, 1)), "records/transaction")
}

// BenchmarkLone measures one caller alone, in quantiles, since others on the
// machine lengthen the mean more than the median.
func BenchmarkLone(b *testing.B) {
	quantiles := func(b *testing.B, took []time.Duration) {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/10].Microseconds()), "p10-µs")
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	}
	b.Run("raw", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		var took []time.Duration
		p := make([]byte, 8<<10)
		for b.Loop() {
			start := time.Now()
			f.Write(p)
			syscall.Fdatasync(int(f.Fd()))
			took = append(took, time.Since(start))
		}
		quantiles(b, took)
	})
	for _, what := range []string{"intend", "commit", "hint", "submission"} {
		b.Run(what, func(b *testing.B) {
			s := open(b, sqlstore.Options{MinFree: -1})
			content := message.InMemory(make([]byte, 5000))
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				step := ledgertest.Submission(i, 1)
				step.Filed[0].XML = make([]byte, 7000)
				in := message.Intention{Key: string(step.Message), Stage: message.SubmissionStage, At: ledgertest.At, Content: content}
				var err error
				start := time.Now()
				switch what {
				case "intend":
					_, err = s.Intend(b.Context(), in)
				case "commit":
					err = s.Commit(b.Context(), step)
				case "hint":
					err = s.Hint(b.Context(), message.Step{Message: step.Message, Queue: step.Queue})
				default:
					var kept message.Kept
					kept, err = s.Intend(b.Context(), in)
					step.Resolves, step.New.Original = kept.Key, kept.Content
					err = errors.Join(err, s.Commit(b.Context(), step))
				}
				took = append(took, time.Since(start))
				if err != nil {
					b.Fatal(err)
				}
			}
			quantiles(b, took)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	s := open(b, sqlstore.Options{MinFree: -1})
	for i := range 1000 {
		if err := s.Commit(b.Context(), ledgertest.Submission(i, 1)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("message", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Message(b.Context(), ledgertest.Record(i%1000, 1, "").ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("evidence-of", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.EvidenceOf(b.Context(), ledgertest.Record(i%1000, 1, "").ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("due", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := s.Due(b.Context(), message.RelayStage, ledgertest.At, 8); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkGrowth takes messages until there are so many, and measures the last
// tenth of them and the lookup of any of them (G15).
func BenchmarkGrowth(b *testing.B) {
	s := open(b, sqlstore.Options{MinFree: -1})
	have := 0
	xml := bytes.Repeat([]byte("y"), 1000) // the index is what grows; contents are only appended
	fill := func(b *testing.B, n int) time.Duration {
		start, first := time.Now(), have
		var wg sync.WaitGroup
		for w := range 64 {
			wg.Go(func() {
				for i := first + w; i < n; i += 64 {
					step := ledgertest.Submission(i, 1)
					step.Filed[0].XML = xml
					if err := s.Commit(b.Context(), step); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		have = n
		return time.Since(start)
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("messages=", n), func(b *testing.B) {
			if have < n*9/10 {
				fill(b, n*9/10)
			}
			rate := 0.0
			if count := n - have; count > 0 {
				rate = float64(count) / fill(b, n).Seconds()
			}
			for i := 0; b.Loop(); i++ {
				id := ledgertest.Record(i*7919%n, 1, "").ID
				if _, err := s.EvidenceOf(b.Context(), id); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rate, "msgs/s")
		})
	}
}
