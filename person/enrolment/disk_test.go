package enrolment_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"rem/edge/blobstore"
	"rem/edge/paperstore"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/enrolmenttest"
	"rem/person"
	"rem/person/identity"
)

// onDisk puts the world's ledger, store and papers into files, as a provider has them.
func onDisk(t *testing.T, w *enrolmenttest.World, dir string, effect func(string) error) (end func()) {
	t.Helper()
	s, err := personstore.Open(context.Background(), filepath.Join(dir, "persons.sqlite"), personstore.Options{Effect: effect})
	must(t, err)
	disk, err := blobstore.Disk(filepath.Join(dir, "papers"))
	must(t, err)
	papers, err := paperstore.Open(disk)
	must(t, err)
	w.Ledger, w.Store, w.Papers = s, s.Enrolment(), papers
	return func() {
		must(t, s.Close())
		must(t, papers.Close())
	}
}

func TestEveryKindOfApplicantArrivesOnDisk(t *testing.T) {
	for _, way := range ways() {
		if way.method != identity.Signature && way.method != identity.Office && !testkit.Long() {
			continue
		}
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			w := enrolmenttest.NewWorld(t)
			end := onDisk(t, w, t.TempDir(), nil)
			p := newTraveller(t, w, way.kind, way.represented, way.method)
			if errs := p.travel(); len(errs) > 0 {
				t.Fatal(errs)
			}
			p.arrived()
			end()
		})
	}
}

// Each durable step of a journey on disk fails, once before and once after it is
// made; then the process ends and another opens the same files.
func TestAJourneyOnDiskSurvivesEveryEndOfItsProcess(t *testing.T) {
	effects := 0
	w := enrolmenttest.NewWorld(t)
	end := onDisk(t, w, t.TempDir(), func(string) error { effects++; return nil })
	newTraveller(t, w, person.Natural, false, identity.Office).travel()
	end()
	if effects < 60 {
		t.Fatalf("only %d effects", effects)
	}
	step := 7
	if testkit.Long() {
		step = 1
	}
	for at := 1; at <= effects; at += step {
		w, n, dir := enrolmenttest.NewWorld(t), 0, t.TempDir()
		effect := func(string) error {
			if n++; n == at {
				return errBroken
			}
			return nil
		}
		end := onDisk(t, w, dir, effect)
		p := newTraveller(t, w, person.Natural, false, identity.Office)
		p.reopen = func() {
			end()
			end = onDisk(t, w, dir, effect)
		}
		p.travel()
		p.arrived()
		end()
		if t.Failed() {
			t.Fatalf("effect %d of %d", at, effects)
		}
	}
}
