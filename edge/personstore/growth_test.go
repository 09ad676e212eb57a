package personstore_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/directorytest"
	"rem/privacy"
	"rem/privacy/inventory"
	"rem/provider/directory"
)

// BenchmarkWhole compares what somebody waits for beside a thousand accounts and
// beside many, with REM_LONG=1 beside a million: both files are open, and take turns,
// so that others who use the machine slow both. It gives the medians of the rounds, in
// time that passed and of the processor, and what the larger one costs for each 1 of
// the smaller one.
func BenchmarkWhole(b *testing.B) {
	sizes := [2]int{1000, 100_000}
	if testkit.Long() {
		sizes[1] = 1_000_000
	}
	var stores [2]*personstore.Store
	var worlds [2]*directorytest.World
	for k, n := range sizes {
		stores[k] = open(b, b.TempDir(), personstore.Options{})
		if err := stores[k].FillDirectory(b.Context(), n, listed); err != nil {
			b.Fatal(err)
		}
		worlds[k] = directorytest.New(b, stores[k].Directory(), func(c *directory.Config) { c.Central = nil })
		for i := 0; i < n; i += 2 {
			worlds[k].Consents.Give(listed(i).Holder, privacy.DirectoryEntry)
		}
	}
	at := [2]int{}
	compare := func(name string, each int, do func(k, i int) error) {
		b.Run(fmt.Sprintf("%s/n=%d", name, sizes[1]), func(b *testing.B) {
			var passed, used [2][]float64
			for b.Loop() {
				for k := range sizes {
					began, spent := time.Now(), processor()
					for range each {
						at[k] = (at[k] + 7919) % sizes[k]
						if err := do(k, at[k]); err != nil {
							b.Fatal(err)
						}
					}
					passed[k] = append(passed[k], float64(time.Since(began))/float64(each))
					used[k] = append(used[k], float64(processor()-spent)/float64(each))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(passed[0])/1e3, "µs-small")
			b.ReportMetric(median(passed[1])/1e3, "µs-large")
			b.ReportMetric(median(passed[1])/median(passed[0]), "ratio")
			b.ReportMetric(median(used[1])/median(used[0]), "cpu-ratio")
		})
	}
	compare("directory-query", 50, func(k, i int) error {
		a, err := worlds[k].Query(b.Context(), directorytest.Asker(1), directory.ByAddress(listed(i).Address, directory.ToSend))
		if err == nil && len(a.Results) == 0 {
			err = fmt.Errorf("nobody was found: %s", a.Outcome)
		}
		return err
	})
	compare("look-up-alone", 500, func(k, i int) error {
		_, err := stores[k].Directory().ByAddress(b.Context(), listed(i).Address)
		return err
	})
	compare("inventory-check", 5, func(k, _ int) error {
		columns, err := stores[k].Columns(b.Context())
		if err == nil {
			err = inventory.Check(columns)
		}
		return err
	})
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// processor is what this process has used of the processors.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it takes no argument that could be wrong
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
