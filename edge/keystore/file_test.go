package keystore_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/edge/blobstore"
	"rem/edge/keystore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

const passphrase = "yedi kelimelik bir parola cümlesi"

var options = keystore.Options{Clock: testkit.NewClock(time.Time{})}

func make1(t *testing.T, f blobstore.FS) *keystore.File {
	t.Helper()
	k, err := keystore.CreateCheap(f, passphrase, options)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFileKeepsThePromises(t *testing.T) {
	vaulttest.RunKeyStore(t, func(t *testing.T) (privacy.KeyStore, func()) {
		k := make1(t, broken.NewFS())
		return k, func() {
			if _, err := k.Rotate(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Keys stay through restarts and rotations, on a real disk; retired ones are
// gone, and their copies with them.
func TestKeysStayThroughRestarts(t *testing.T) {
	dir := t.TempDir()
	open := func() *keystore.File {
		t.Helper()
		d, err := blobstore.Disk(dir)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keystore.Open(d, passphrase, options)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	d, err := blobstore.Disk(dir)
	if err != nil {
		t.Fatal(err)
	}
	k := make1(t, d)
	key, name := bytes.Repeat([]byte{3}, 32), []byte("n")
	var wrapped []privacy.WrappedKey
	index, err := k.IndexKey(t.Context(), "u", 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		w, err := k.Wrap(t.Context(), key, name)
		if err != nil {
			t.Fatal(err)
		}
		wrapped = append(wrapped, w)
		if _, err := k.Rotate(); err != nil {
			t.Fatal(err)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		k = open()
	}
	for _, w := range wrapped {
		if got, err := k.Unwrap(t.Context(), w, name); err != nil || !bytes.Equal(got, key) {
			t.Errorf("number %d: %v", w.Number, err)
		}
	}
	if again, err := k.IndexKey(t.Context(), "u", 1); err != nil || !bytes.Equal(again, index) {
		t.Error("the key of an index is another one")
	}
	if err := k.Retire(k.Newest()); err == nil {
		t.Error("the newest was retired")
	}
	if err := k.Retire(99); !errors.Is(err, privacy.ErrNoKey) {
		t.Errorf("retiring what is not there: %v", err)
	}
	if err := k.Retire(2); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	k = open()
	defer k.Close()
	for _, w := range wrapped {
		_, err := k.Unwrap(t.Context(), w, name)
		if (w.Number == 2) != errors.Is(err, privacy.ErrNoKey) || w.Number != 2 && err != nil {
			t.Errorf("after retiring 2, number %d: %v", w.Number, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "keys"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
}

func TestOpeningAKeyFileIsRefused(t *testing.T) {
	f := broken.NewFS()
	make1(t, f)
	whole := f.Bytes("keys")
	for name, c := range map[string]struct {
		passphrase string
		change     func([]byte) []byte
		want       error
	}{
		"another passphrase":   {passphrase + ".", nil, keystore.ErrPassphrase},
		"no passphrase":        {"", nil, keystore.ErrPassphrase},
		"cut":                  {passphrase, func(b []byte) []byte { return b[:len(b)-1] }, keystore.ErrPassphrase},
		"cut in its head":      {passphrase, func(b []byte) []byte { return b[:20] }, keystore.ErrForm},
		"empty":                {passphrase, func(b []byte) []byte { return nil }, keystore.ErrForm},
		"longer":               {passphrase, func(b []byte) []byte { return append(b, 0) }, keystore.ErrPassphrase},
		"much longer":          {passphrase, func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) }, keystore.ErrForm},
		"of a later version":   {passphrase, func(b []byte) []byte { b[8] = 2; return b }, keystore.ErrForm},
		"with another flag":    {passphrase, func(b []byte) []byte { b[9] = 2; return b }, keystore.ErrForm},
		"said to be a demo":    {passphrase, func(b []byte) []byte { b[9] = 1; return b }, keystore.ErrPassphrase},
		"asks for all memory":  {passphrase, func(b []byte) []byte { binary.BigEndian.PutUint32(b[10:], 1<<31); return b }, keystore.ErrForm},
		"asks for all day":     {passphrase, func(b []byte) []byte { binary.BigEndian.PutUint32(b[14:], 1<<20); return b }, keystore.ErrForm},
		"asks for no memory":   {passphrase, func(b []byte) []byte { binary.BigEndian.PutUint32(b[10:], 1); return b }, keystore.ErrForm},
		"asks for no lane":     {passphrase, func(b []byte) []byte { b[18] = 0; return b }, keystore.ErrForm},
		"with another cost":    {passphrase, func(b []byte) []byte { b[17]++; return b }, keystore.ErrPassphrase},
		"with another salt":    {passphrase, func(b []byte) []byte { b[20] ^= 1; return b }, keystore.ErrPassphrase},
		"with another nonce":   {passphrase, func(b []byte) []byte { b[40] ^= 1; return b }, keystore.ErrPassphrase},
		"with another key":     {passphrase, func(b []byte) []byte { b[60] ^= 1; return b }, keystore.ErrPassphrase},
		"with another tag":     {passphrase, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, keystore.ErrPassphrase},
		"not there at all":     {passphrase, func([]byte) []byte { return []byte("-") }, fs.ErrNotExist},
		"something else there": {passphrase, func([]byte) []byte { return bytes.Repeat([]byte("x"), 200) }, keystore.ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(whole)
			if c.change != nil {
				b = c.change(b)
			}
			g := broken.NewFS()
			if len(b) != 1 {
				write(t, g, "keys", b)
			}
			if _, err := keystore.Open(g, c.passphrase, options); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if _, err := keystore.CreateCheap(broken.NewFS(), "kısa", options); err == nil {
		t.Error("a short passphrase was taken")
	}
	if _, err := keystore.CreateCheap(f, passphrase, options); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one in the folder: %v", err)
	}
	if !bytes.Equal(f.Bytes("keys"), whole) {
		t.Error("the first one was written over")
	}
}

func write(t *testing.T, f blobstore.FS, name string, b []byte) {
	t.Helper()
	file, err := f.Create(name)
	if err == nil {
		_, err = file.WriteAt(b, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A demonstration's keys say so and are refused in production, whatever is done
// to the file or the passphrase.
func TestProductionRefusesADemonstrationsKeys(t *testing.T) {
	f := broken.NewFS()
	k, err := keystore.CreateDemoCheap(f, options)
	if err != nil || !k.Demo() {
		t.Fatalf("%v", err)
	}
	production := options
	production.Production = true
	text := string(f.Bytes("passphrase.demo"))
	lines := strings.Split(text, "\n")
	if !strings.Contains(lines[0], "NOT FOR PRODUCTION") || len(lines[1]) < keystore.MinPassphrase {
		t.Errorf("the passphrase file says %q", lines[0])
	}
	k, err = keystore.OpenDemo(f, options)
	if err != nil || !k.Demo() {
		t.Errorf("opening it as a demonstration: %v", err)
	}
	for name, open := range map[string]func() (*keystore.File, error){
		"as a demonstration":  func() (*keystore.File, error) { return keystore.OpenDemo(f, production) },
		"by its passphrase":   func() (*keystore.File, error) { return keystore.Open(f, lines[1], production) },
		"by another one":      func() (*keystore.File, error) { return keystore.Open(f, passphrase, production) },
		"made in production":  func() (*keystore.File, error) { return keystore.CreateDemoCheap(broken.NewFS(), production) },
		"made by CreateDemo":  func() (*keystore.File, error) { return keystore.CreateDemo(broken.NewFS(), production) },
		"opened after Rotate": func() (*keystore.File, error) { k.Rotate(); return keystore.Open(f, lines[1], production) },
	} {
		if _, err := open(); !errors.Is(err, keystore.ErrDemo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A real one is no demonstration, and its passphrase is nowhere.
	g := broken.NewFS()
	real, err := keystore.CreateCheap(g, passphrase, production)
	if err != nil || real.Demo() {
		t.Errorf("%v", err)
	}
	if _, err := keystore.OpenDemo(g, options); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened as a demonstration: %v", err)
	}
}

// The file is replaced whole or not at all: whatever fails, it opens afterwards
// with the keys of before or of after, and every key that was answered is there.
func TestTheKeyFileIsReplacedWhole(t *testing.T) {
	answered := map[*broken.FS][]privacy.WrappedKey{}
	key := bytes.Repeat([]byte{5}, 32)
	runs := broken.Each(t, func(t *testing.T, f *broken.FS) {
		clear(answered)
		k, err := keystore.CreateCheap(f, passphrase, options)
		if err != nil {
			return
		}
		for range 3 {
			w, err := k.Wrap(t.Context(), key, nil)
			if err != nil {
				t.Fatal(err)
			}
			answered[f] = append(answered[f], w)
			if _, err := k.Rotate(); err == nil {
				if err := k.Retire(k.Newest() - 1); err == nil {
					answered[f] = answered[f][:0] // retired
				} else {
					answered[f] = answered[f][:max(0, len(answered[f])-1)] // perhaps
				}
			}
		}
	}, func(t *testing.T, f *broken.FS, p broken.Plan) {
		check := func(g *broken.FS) {
			k, err := keystore.Open(g, passphrase, options)
			if err != nil {
				if len(answered[f]) > 0 {
					t.Errorf("%v", err)
				}
				return
			}
			for _, w := range answered[f] {
				if got, err := k.Unwrap(t.Context(), w, nil); err != nil || !bytes.Equal(got, key) {
					t.Errorf("number %d: %v", w.Number, err)
				}
			}
			if _, err := k.Rotate(); err != nil {
				t.Errorf("going on: %v", err)
			}
		}
		check(f.Killed())
		for seed := range uint64(4) {
			check(f.PowerLost(rand.New(rand.NewPCG(seed, uint64(p.At)))))
		}
	})
	t.Logf("%d failures", runs)
}

// docs/formats/key-store.md: the frozen sample of version 1 opens at its full
// cost, and what was wrapped then unwraps.
func TestFrozenKeyFileOpens(t *testing.T) {
	b, wrapped := sample(t, "keys.hex"), sample(t, "wrapped.hex")
	f := broken.NewFS()
	write(t, f, "keys", b)
	k, err := keystore.Open(f, "on üç köprü, beş deniz, bir kedi", options)
	if err != nil {
		t.Fatal(err)
	}
	if k.Newest() != 2 || k.Demo() {
		t.Errorf("newest %d, demo %t", k.Newest(), k.Demo())
	}
	got, err := k.Unwrap(t.Context(), privacy.WrappedKey{Number: 1, Bytes: wrapped}, []byte("sample"))
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{9}, 32)) {
		t.Errorf("%x, %v", got, err)
	}
	index, err := k.IndexKey(t.Context(), "index sample", 1)
	if err != nil || !bytes.Equal(index, sample(t, "index.hex")) {
		t.Errorf("index key %x, %v", index, err)
	}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "v1", name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzKeyFile(f *testing.F) {
	f.Add(sample(f, "keys.hex"))
	f.Add([]byte("REMKEYS\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, err := keystore.ReadForm(b); err == nil && !bytes.Equal(again, b) {
			t.Error("a file has two spellings")
		}
		if again, err := keystore.ReadContents(b); err == nil && !bytes.Equal(again, b) {
			t.Error("contents have two spellings")
		}
	})
}

func FuzzDestroyedRecord(f *testing.F) {
	f.Add([]byte("\x01\x03p-1\x07account\x01\x02\x07staff-1\x01r"))
	f.Add([]byte{1, 0x81, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, err := keystore.ReadRecord(b); err == nil && !bytes.Equal(again, b) {
			t.Error("a record has two spellings")
		}
	})
}
