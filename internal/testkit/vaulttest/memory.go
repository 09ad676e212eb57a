package vaulttest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/privacy"
)

var (
	_ privacy.KeyStore  = (*Keys)(nil)
	_ privacy.DataKeys  = (*Data)(nil)
	_ privacy.AccessLog = (*Log)(nil)
)

// A World is a vault with everything in memory.
type World struct {
	*privacy.Vault
	Keys  *Keys
	Data  *Data
	Log   *Log
	Clock *testkit.Clock
}

// New returns a vault over the sealed fields of a register.
func New(t testing.TB, r *privacy.Register) *World {
	t.Helper()
	w := &World{Keys: NewKeys(), Data: NewData(), Log: &Log{}, Clock: testkit.NewClock(time.Time{})}
	var err error
	w.Vault, err = privacy.NewVault(privacy.VaultConfig{Register: r, Keys: w.Keys, Data: w.Data, Log: w.Log, Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Keys is a key store in memory. It may be used from many goroutines.
type Keys struct {
	mu     sync.Mutex
	wraps  []cipher.AEAD // guarded by mu; number n is at n-1
	secret []byte
}

// NewKeys returns a key store with one wrapping key.
func NewKeys() *Keys {
	k := &Keys{secret: make([]byte, 32)}
	rand.Read(k.secret)
	k.Rotate()
	return k
}

// Rotate begins a further wrapping key.
func (k *Keys) Rotate() {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wraps = append(k.wraps, aead)
}

// Newest implements privacy.KeyStore.
func (k *Keys) Newest() privacy.KeyNumber {
	k.mu.Lock()
	defer k.mu.Unlock()
	return privacy.KeyNumber(len(k.wraps))
}

// Wrap implements privacy.KeyStore.
func (k *Keys) Wrap(_ context.Context, key, name []byte) (privacy.WrappedKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.wraps)
	return privacy.WrappedKey{Number: privacy.KeyNumber(n), Bytes: k.wraps[n-1].Seal(nil, nil, key, name)}, nil
}

// Unwrap implements privacy.KeyStore.
func (k *Keys) Unwrap(_ context.Context, w privacy.WrappedKey, name []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if w.Number == 0 || int(w.Number) > len(k.wraps) {
		return nil, privacy.ErrNoKey
	}
	key, err := k.wraps[w.Number-1].Open(nil, nil, w.Bytes, name)
	if err != nil {
		return nil, privacy.ErrWrapped
	}
	return key, nil
}

// IndexKey implements privacy.KeyStore.
func (k *Keys) IndexKey(_ context.Context, use string, version uint32) ([]byte, error) {
	m := hmac.New(sha256.New, k.secret)
	m.Write(binary.BigEndian.AppendUint32(nil, version))
	m.Write([]byte(use))
	return m.Sum(nil), nil
}

// Demo implements privacy.KeyStore: keys in memory are never those of a provider.
func (k *Keys) Demo() bool { return true }

// Data keeps wrapped data keys in memory. It may be used from many goroutines.
type Data struct {
	mu      sync.Mutex
	keys    map[privacy.KeyName]privacy.WrappedKey // guarded by mu
	last    map[of]uint64                          // guarded by mu: the newest serial, destroyed or not
	records []privacy.Destruction                  // guarded by mu
}

type of struct {
	person rem.PersonID
	class  privacy.PurposeClass
}

// NewData returns an empty store.
func NewData() *Data {
	return &Data{keys: map[privacy.KeyName]privacy.WrappedKey{}, last: map[of]uint64{}}
}

// Newest implements privacy.DataKeys.
func (d *Data) Newest(_ context.Context, person rem.PersonID, class privacy.PurposeClass) (privacy.KeyName, privacy.WrappedKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := privacy.KeyName{Person: person, Class: class, Serial: d.last[of{person, class}]}
	if name.Serial == 0 {
		return privacy.KeyName{}, privacy.WrappedKey{}, privacy.ErrNoKey
	}
	w, err := d.get(name)
	return name, w, err
}

// Get implements privacy.DataKeys.
func (d *Data) Get(_ context.Context, name privacy.KeyName) (privacy.WrappedKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.get(name)
}

func (d *Data) get(name privacy.KeyName) (privacy.WrappedKey, error) {
	if w, ok := d.keys[name]; ok {
		return w, nil
	}
	if name.Serial >= 1 && name.Serial <= d.last[of{name.Person, name.Class}] {
		return privacy.WrappedKey{}, privacy.ErrDestroyed
	}
	return privacy.WrappedKey{}, privacy.ErrNoKey
}

// Add implements privacy.DataKeys.
func (d *Data) Add(_ context.Context, name privacy.KeyName, w privacy.WrappedKey) (privacy.WrappedKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, err := d.get(name)
	if !errors.Is(err, privacy.ErrNoKey) {
		return kept, err
	}
	last := of{name.Person, name.Class}
	if _, alive := d.keys[privacy.KeyName{Person: name.Person, Class: name.Class, Serial: d.last[last]}]; alive || name.Serial != d.last[last]+1 {
		return privacy.WrappedKey{}, fmt.Errorf("key %d does not follow key %d", name.Serial, d.last[last])
	}
	d.keys[name], d.last[last] = w, name.Serial
	return w, nil
}

// Replace implements privacy.DataKeys.
func (d *Data) Replace(_ context.Context, name privacy.KeyName, before, now privacy.WrappedKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w, ok := d.keys[name]; ok && w.Number == before.Number && bytes.Equal(w.Bytes, before.Bytes) {
		d.keys[name] = now
	}
	return nil
}

// Destroy implements privacy.DataKeys.
func (d *Data) Destroy(_ context.Context, person rem.PersonID, class privacy.PurposeClass, at time.Time, by rem.PersonID, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := privacy.KeyName{Person: person, Class: class, Serial: d.last[of{person, class}]}
	if _, err := d.get(name); err != nil {
		return err
	}
	delete(d.keys, name)
	d.records = append(d.records, privacy.Destruction{Key: name, At: at, By: by, Reason: reason})
	return nil
}

// Destroyed implements privacy.DataKeys.
func (d *Data) Destroyed(_ context.Context, person rem.PersonID) (list []privacy.Destruction, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.records {
		if r.Key.Person == person {
			list = append(list, r)
		}
	}
	return list, nil
}

// Behind implements privacy.DataKeys.
func (d *Data) Behind(_ context.Context, newest privacy.KeyNumber, limit int) (names []privacy.KeyName, wrapped []privacy.WrappedKey, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, w := range d.keys {
		if w.Number != newest && len(names) < limit {
			names, wrapped = append(names, name), append(wrapped, w)
		}
	}
	return names, wrapped, nil
}

// Log is an access log in memory. It may be used from many goroutines.
type Log struct {
	Clock rem.Clock // nil: entries have no time

	mu      sync.Mutex
	entries []privacy.AccessEntry // guarded by mu
	fails   error                 // guarded by mu
}

// Record implements privacy.AccessLog.
func (l *Log) Record(_ context.Context, entries ...privacy.AccessEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails != nil {
		return l.fails
	}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return err
		}
	}
	for _, e := range entries {
		e.Number, e.Fields = uint64(len(l.entries)+1), slices.Clone(e.Fields)
		if l.Clock != nil {
			e.Time = l.Clock.Now().UTC()
		}
		l.entries = append(l.entries, e)
	}
	return nil
}

// Concerning returns the entries about a person, newest first.
func (l *Log) Concerning(_ context.Context, person rem.PersonID, before uint64, limit int) (list []privacy.AccessEntry, _ error) {
	for _, e := range slices.Backward(l.Entries()) {
		if e.Person == person && (before == 0 || e.Number < before) && len(list) < limit {
			list = append(list, e)
		}
	}
	return list, nil
}

// Entries returns what was recorded.
func (l *Log) Entries() []privacy.AccessEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Fail makes every Record fail with err from here on; nil ends that.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fails = err
}

// Put keeps a data key that a test chose, for frozen samples.
func (d *Data) Put(t testing.TB, keys *Keys, name privacy.KeyName, key []byte) {
	t.Helper()
	bound := append([]byte("rem data key\x00"), binary.AppendUvarint(nil, uint64(len(name.Person)))...)
	bound = append(bound, name.Person...)
	bound = append(binary.AppendUvarint(bound, uint64(len(name.Class))), name.Class...)
	w, err := keys.Wrap(t.Context(), key, binary.AppendUvarint(bound, name.Serial))
	if err == nil {
		_, err = d.Add(t.Context(), name, w)
	}
	if err != nil {
		t.Fatal(err)
	}
}
