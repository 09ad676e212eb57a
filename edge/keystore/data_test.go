package keystore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/keystore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

func openData(t *testing.T, dir string, list blobstore.FS, alarm func(error)) *keystore.Data {
	t.Helper()
	d, err := keystore.OpenData(t.Context(), filepath.Join(dir, "datakeys.sqlite"), list, keystore.DataOptions{MinFree: -1, Alarm: alarm})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDataKeepsThePromises(t *testing.T) {
	vaulttest.RunDataKeys(t, func(t *testing.T) privacy.DataKeys {
		return openData(t, t.TempDir(), broken.NewFS(), func(err error) { t.Error(err) })
	})
}

func name(person string, serial uint64) privacy.KeyName {
	return privacy.KeyName{Person: rem.PersonID(person), Class: privacy.AccountClass, Serial: serial}
}

// canary is a wrapped key that a scan of bytes recognises.
func canary(n int) privacy.WrappedKey {
	return privacy.WrappedKey{Number: 1, Bytes: fmt.Appendf(nil, "kanarya-%06d-sarılmış-anahtar", n)}
}

func add(t *testing.T, d *keystore.Data, n privacy.KeyName, w privacy.WrappedKey) {
	t.Helper()
	if _, err := d.Add(t.Context(), n, w); err != nil {
		t.Fatal(err)
	}
}

var when = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// P-12: a destroyed key is in no file of the store.
func TestADestroyedKeyIsInNoFile(t *testing.T) {
	dir := t.TempDir()
	listDir := filepath.Join(dir, "destroyed")
	list, err := blobstore.Disk(listDir)
	if err != nil {
		t.Fatal(err)
	}
	d := openData(t, dir, list, func(err error) { t.Error(err) })
	const people = 200
	for i := range people {
		add(t, d, name(fmt.Sprint("p-", i), 1), canary(i))
	}
	if err := d.Replace(t.Context(), name("p-7", 1), canary(7), canary(1007)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < people; i += 2 {
		if err := d.Destroy(t.Context(), rem.PersonID(fmt.Sprint("p-", i)), privacy.AccountClass, when, "staff-1", "r"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Destroy(t.Context(), "p-7", privacy.AccountClass, when, "staff-1", "r"); err != nil {
		t.Fatal(err)
	}
	scanned, found := 0, map[int]bool{}
	err = filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		scanned++
		for _, n := range append([]int{1007}, numbers(people)...) {
			if bytes.Contains(b, canary(n).Bytes) {
				found[n] = true
			}
		}
		return nil
	})
	if err != nil || scanned < 3 {
		t.Fatalf("%d files, %v", scanned, err)
	}
	for n := range found {
		if n%2 == 0 || n == 7 || n == 1007 {
			t.Errorf("the destroyed key %d is in a file", n)
		}
	}
	if len(found) != people/2-1 {
		t.Errorf("%d keys were found of %d that live; does the scan see them?", len(found), people/2-1)
	}
}

func numbers(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// P-12: an old copy of the store that is put back loses again what was destroyed
// since, with an alarm, and keeps the rest.
func TestARestoredCopyLosesWhatWasDestroyedSince(t *testing.T) {
	dir, list := t.TempDir(), broken.NewFS()
	d := openData(t, dir, list, func(err error) { t.Error(err) })
	add(t, d, name("p-1", 1), canary(1))
	add(t, d, name("p-2", 1), canary(2))
	destroy := func(d *keystore.Data, person rem.PersonID) {
		t.Helper()
		if err := d.Destroy(t.Context(), person, privacy.AccountClass, when, "staff-1", "r-"+string(person)); err != nil {
			t.Fatal(err)
		}
	}
	add(t, d, name("p-0", 1), canary(0))
	destroy(d, "p-0")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(filepath.Join(dir, "datakeys.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	list = list.Killed()
	d = openData(t, dir, list, func(err error) { t.Error(err) })
	destroy(d, "p-1")
	add(t, d, name("p-3", 1), canary(3))
	destroy(d, "p-3") // the copy has never known it
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	list = list.Killed()
	restored := t.TempDir()
	if err := os.WriteFile(filepath.Join(restored, "datakeys.sqlite"), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	var alarms []error
	d = openData(t, restored, list, func(err error) { alarms = append(alarms, err) })
	if len(alarms) != 1 || !errors.Is(alarms[0], keystore.ErrCameBack) {
		t.Errorf("alarms %v", alarms)
	}
	for _, person := range []string{"p-0", "p-1", "p-3"} {
		if _, err := d.Get(t.Context(), name(person, 1)); !errors.Is(err, privacy.ErrDestroyed) {
			t.Errorf("%s: %v", person, err)
		}
		if r, err := d.Destroyed(t.Context(), rem.PersonID(person)); err != nil || len(r) != 1 || r[0].Reason != "r-"+person || !r[0].At.Equal(when) {
			t.Errorf("%s: the record is %v, %v", person, r, err)
		}
	}
	if _, err := d.Get(t.Context(), name("p-2", 1)); err != nil {
		t.Errorf("p-2: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(restored, "datakeys.sqlite")); err != nil || bytes.Contains(b, canary(1).Bytes) {
		t.Error("the key that came back is still in the file")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// The list of another day does not do.
	_, err = keystore.OpenData(t.Context(), filepath.Join(restored, "datakeys.sqlite"), broken.NewFS(), keystore.DataOptions{MinFree: -1})
	if !errors.Is(err, keystore.ErrList) {
		t.Errorf("with an empty list: %v", err)
	}
}

// What was begun is finished: the list fails at every place and in every way,
// and a key that was said to be destroyed stays so.
func TestADestructionThatWasAnsweredStays(t *testing.T) {
	type world struct {
		dir      string
		answered []string
		asked    []string
	}
	worlds := map[*broken.FS]*world{}
	runs := broken.Each(t, func(t *testing.T, f *broken.FS) {
		w := &world{dir: t.TempDir()}
		worlds[f] = w
		d, err := keystore.OpenData(t.Context(), filepath.Join(w.dir, "datakeys.sqlite"), f, keystore.DataOptions{MinFree: -1})
		if err != nil {
			return
		}
		for i := range 3 {
			add(t, d, name(fmt.Sprint("p-", i), 1), canary(i))
		}
		for i := range 2 {
			p := fmt.Sprint("p-", i)
			w.asked = append(w.asked, p)
			if d.Destroy(t.Context(), rem.PersonID(p), privacy.AccountClass, when, "staff-1", "r") == nil {
				w.answered = append(w.answered, p)
			}
		}
		d.Close()
	}, func(t *testing.T, f *broken.FS, p broken.Plan) {
		if (p.At+int(p.Way))%3 != 0 && !testkit.Long() {
			return // each has a disk to wait for
		}
		w := worlds[f]
		for _, g := range []*broken.FS{f.Killed(), f.PowerLost(rand.New(rand.NewPCG(1, uint64(p.At))))} {
			dir := t.TempDir() // each end of the list has a store of its own
			if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
				t.Fatal(err)
			}
			d, err := keystore.OpenData(t.Context(), filepath.Join(dir, "datakeys.sqlite"), g, keystore.DataOptions{MinFree: -1})
			if err != nil {
				t.Errorf("opening after the failure: %v", err)
				continue
			}
			for _, person := range w.answered {
				if _, err := d.Get(t.Context(), name(person, 1)); !errors.Is(err, privacy.ErrDestroyed) {
					t.Errorf("%s: %v", person, err)
				}
			}
			if len(w.asked) > 0 {
				if _, err := d.Get(t.Context(), name("p-2", 1)); err != nil {
					t.Errorf("nobody asked to destroy p-2: %v", err)
				}
			}
			for _, person := range w.asked { // asking again does
				err := d.Destroy(t.Context(), rem.PersonID(person), privacy.AccountClass, when, "staff-1", "r")
				if err != nil && !errors.Is(err, privacy.ErrDestroyed) {
					t.Errorf("%s, again: %v", person, err)
				}
			}
			d.Close()
		}
	})
	t.Logf("%d failures", runs)
}

// Everything together, on a disk: seal, erase, rotate, retire, restart.
func TestAVaultOnADisk(t *testing.T) {
	dir := t.TempDir()
	register := &privacy.Register{Purposes: privacy.Purposes(),
		Data:     []privacy.Datum{{ID: "identity", Purposes: []privacy.PurposeID{privacy.Identification}}},
		Holdings: []privacy.Holding{{Kind: privacy.Field, Name: "f", Data: []privacy.DatumID{"identity"}, Form: privacy.Sealed, Retention: privacy.KeepAccount}}}
	disk := func(sub string) blobstore.FS {
		d, err := blobstore.Disk(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	k := make1(t, disk("keys"))
	var d *keystore.Data
	vault := func() *privacy.Vault {
		d = openData(t, dir, disk("destroyed"), func(err error) { t.Error(err) })
		v, err := privacy.NewVault(privacy.VaultConfig{Register: register, Keys: k, Data: d, Log: &vaulttest.Log{}, Clock: testkit.NewClock(time.Time{})})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := vault()
	a := privacy.Access{Actor: rem.Actor{Person: "staff-1"}, Role: privacy.AsOfficer, Purpose: privacy.Identification, Case: "c"}
	kept := map[rem.PersonID][]byte{}
	for i := range 300 {
		p := rem.PersonID(fmt.Sprint("p-", i))
		s, err := v.Seal(t.Context(), p, "f", privacy.NewValue(string(p), privacy.ByDeclaration(when)))
		if err != nil {
			t.Fatal(err)
		}
		kept[p] = s.Bytes()
	}
	if err := v.Erase(t.Context(), a, "p-3", privacy.AccountClass, "r"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rotate(); err != nil {
		t.Fatal(err)
	}
	if n, err := v.Rewrap(t.Context()); n != 299 || err != nil {
		t.Errorf("%d keys were wrapped anew, %v", n, err)
	}
	if err := k.Retire(1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Close(), k.Close()); err != nil {
		t.Fatal(err)
	}
	k, err := keystore.Open(disk("keys"), passphrase, options)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	v = vault()
	for p, b := range kept {
		s, err := privacy.ParseSealed(b)
		if err != nil {
			t.Fatal(err)
		}
		value, err := v.Open(t.Context(), a, p, "f", s)
		if p == "p-3" {
			if !errors.Is(err, privacy.ErrDestroyed) {
				t.Errorf("the erased value: %v", err)
			}
		} else if err != nil || value.Text() != string(p) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// Readers and the writer do not stand in each other's way.
func TestManyWorkAtOnce(t *testing.T) {
	d := openData(t, t.TempDir(), broken.NewFS(), func(err error) { t.Error(err) })
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			ctx := context.Background()
			for i := range 20 {
				n := name(fmt.Sprintf("p-%d-%d", g, i), 1)
				_, err := d.Add(ctx, n, canary(i))
				if err == nil {
					_, err = d.Get(ctx, n)
				}
				if err == nil && i%3 == 0 {
					err = d.Destroy(ctx, n.Person, n.Class, when, "staff-1", "r")
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
