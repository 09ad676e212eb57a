package privacy_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"rem"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

// noLog takes entries and forgets them: BenchmarkSealed measures apart from the
// log's write.
type noLog struct{}

func (noLog) Record(context.Context, ...privacy.AccessEntry) error { return nil }

// BenchmarkSealed seals and opens values of the length of an identity number for
// a thousand persons, on as many goroutines as there are processors; opened one
// by one, and as a form of ten fields at a time.
func BenchmarkSealed(b *testing.B) {
	w := vaulttest.New(b, register())
	vault, err := privacy.NewVault(privacy.VaultConfig{Register: register(), Keys: w.Keys, Data: w.Data, Log: noLog{}, Clock: w.Clock})
	if err != nil {
		b.Fatal(err)
	}
	const people = 1000
	items := make([]privacy.Item, people)
	value := privacy.NewValue("10000000146", privacy.ByDeclaration(at))
	for i := range items {
		items[i] = privacy.Item{Person: rem.PersonID(fmt.Sprintf("p-%024d", i)), Field: identityField}
		if items[i].Sealed, err = vault.Seal(b.Context(), items[i].Person, identityField, value); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, each int, do func(i int) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var start atomic.Int64
			b.RunParallel(func(p *testing.PB) {
				i := int(start.Add(7919))
				for p.Next() {
					if err := do(i % people); err != nil {
						b.Error(err)
						return
					}
					i++
				}
			})
			b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), "values/s")
		})
	}
	run("seal", 1, func(i int) error {
		_, err := vault.Seal(b.Context(), items[i].Person, identityField, value)
		return err
	})
	a := officer()
	run("open", 1, func(i int) error {
		_, err := vault.Open(b.Context(), a, items[i].Person, identityField, items[i].Sealed)
		return err
	})
	forms := make([][]privacy.Item, people)
	for i := range forms {
		for range 10 {
			forms[i] = append(forms[i], items[i])
		}
	}
	run("open-10", 10, func(i int) error {
		_, err := vault.OpenAll(b.Context(), a, forms[i])
		return err
	})
	x, err := privacy.NewBlindIndexer(b.Context(), w.Keys, privacy.BlindIndex{Name: "bench", Version: 1})
	if err != nil {
		b.Fatal(err)
	}
	run("token", 1, func(int) error { x.Token("10000000146"); return nil })
}
