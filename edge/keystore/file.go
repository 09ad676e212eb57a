package keystore

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"rem"
	"rem/edge/blobstore"
	"rem/privacy"
)

var _ privacy.KeyStore = (*File)(nil)

// Names in the folder of a key file.
const (
	fileName       = "keys"
	newName        = "keys.new"
	demoPassphrase = "passphrase.demo"
)

// MinPassphrase is the least length of a passphrase, in octets: seven words of a
// list, or 26 characters that a program drew.
const MinPassphrase = 20

// A File is a key store in a file under a passphrase. It may be used from many
// goroutines. One process has it at a time: the folder is locked.
type File struct {
	folder blobstore.FS
	clock  rem.Clock

	mu     sync.RWMutex
	header header                            // guarded by mu
	aead   cipher.AEAD                       // the file's own; never changed
	keys   *contents                         // guarded by mu; replaced, never changed
	wraps  map[privacy.KeyNumber]cipher.AEAD // guarded by mu; replaced, never changed
}

// Options of a key file.
type Options struct {
	Clock rem.Clock
	// Production refuses the keys of a demonstration.
	Production bool
}

// Create makes a key file with one wrapping key in an empty folder, durably, and
// opens it. It takes the folder over. One that is there already is an error that
// wraps fs.ErrExist.
func Create(folder blobstore.FS, passphrase string, o Options) (*File, error) {
	return create(folder, passphrase, standardCost, o)
}

func create(folder blobstore.FS, passphrase string, h header, o Options) (*File, error) {
	f := &File{folder: folder, clock: o.Clock, header: h}
	err := f.begin(passphrase, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a key file: %w", err), folder.Close())
	}
	return f, nil
}

func (f *File) begin(passphrase string, o Options) error {
	if len(passphrase) < MinPassphrase {
		return fmt.Errorf("the passphrase has fewer than %d octets", MinPassphrase)
	}
	if o.Production && f.header.demo {
		return ErrDemo
	}
	names, err := f.folder.List(".")
	if err != nil {
		return err
	}
	if slices.Contains(names, fileName) {
		return fmt.Errorf("the folder has one: %w", fs.ErrExist)
	}
	rand.Read(f.header.salt[:])
	if f.aead, err = f.header.cipher([]byte(passphrase)); err != nil {
		return err
	}
	c := &contents{wraps: []wrapping{f.draw(1)}}
	rand.Read(c.secret[:])
	return f.keep(c)
}

func (f *File) draw(n privacy.KeyNumber) wrapping {
	w := wrapping{number: n, made: f.clock.Now().Unix()}
	rand.Read(w.key[:])
	return w
}

// CreateDemo makes the key file of a demonstration, with a passphrase that it
// draws and leaves beside it, in a file that says what it is. Only a program
// that is not in production opens it, by [OpenDemo].
func CreateDemo(folder blobstore.FS, o Options) (*File, error) {
	return createDemo(folder, demoCost, o)
}

// demoNotice is what the passphrase file of a demonstration begins with.
const demoNotice = "# DEMO - NOT FOR PRODUCTION: the key of this demonstration's personal data lies beside it.\n"

func createDemo(folder blobstore.FS, h header, o Options) (*File, error) {
	if o.Production {
		return nil, errors.Join(fmt.Errorf("making a key file: %w", ErrDemo), folder.Close())
	}
	var drawn [16]byte
	rand.Read(drawn[:])
	passphrase := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(drawn[:])
	if err := replace(folder, demoPassphrase, []byte(demoNotice+passphrase+"\n")); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the passphrase of a demonstration: %w", err), folder.Close())
	}
	return create(folder, passphrase, h, o)
}

// OpenDemo opens what CreateDemo made.
func OpenDemo(folder blobstore.FS, o Options) (*File, error) {
	b, err := read(folder, demoPassphrase, 1024)
	text, ok := strings.CutPrefix(string(b), demoNotice)
	if err == nil && !ok {
		err = errors.New("the passphrase file is not that of a demonstration")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the key file of a demonstration: %w", err), folder.Close())
	}
	return Open(folder, strings.TrimSuffix(text, "\n"), o)
}

// Open opens a key file; it takes the folder over. The error wraps
// [ErrPassphrase], [ErrForm], [ErrDemo] or fs.ErrNotExist.
func Open(folder blobstore.FS, passphrase string, o Options) (*File, error) {
	f := &File{folder: folder, clock: o.Clock}
	b, err := read(folder, fileName, maxFile)
	var c *contents
	if err == nil && o.Production {
		// Before the passphrase is tried: what a demonstration left is no
		// production's, whoever has the passphrase.
		var h header
		if h, _, err = parseHeader(b); err == nil && h.demo {
			err = ErrDemo
		}
	}
	if err == nil {
		f.header, f.aead, c, err = unseal(b, []byte(passphrase))
	}
	if err == nil {
		err = f.use(c)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the key file: %w", err), folder.Close())
	}
	return f, nil
}

// use prepares the wrapping keys. The caller holds mu, or is alone.
func (f *File) use(c *contents) error {
	wraps := map[privacy.KeyNumber]cipher.AEAD{}
	for i := range c.wraps {
		aead, err := newGCM(c.wraps[i].key[:])
		if err != nil {
			return err
		}
		wraps[c.wraps[i].number] = aead
	}
	f.keys, f.wraps = c, wraps
	return nil
}

// keep writes the file, durably, and then uses its keys. The caller holds mu, or
// is alone.
func (f *File) keep(c *contents) error {
	if err := replace(f.folder, fileName, seal(f.header, f.aead, c)); err != nil {
		return err
	}
	return f.use(c)
}

// Rotate begins a further wrapping key, which wraps from now on; it is durable
// when Rotate returns. privacy.Vault.Rewrap then wraps the data keys anew.
func (f *File) Rotate() (privacy.KeyNumber, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.newest() + 1
	if len(f.keys.wraps) >= maxKeys {
		return 0, fmt.Errorf("beginning a wrapping key: there are %d; retire old ones", maxKeys)
	}
	c := &contents{wraps: append(slices.Clone(f.keys.wraps), f.draw(next)), secret: f.keys.secret}
	if err := f.keep(c); err != nil {
		return 0, fmt.Errorf("beginning a wrapping key: %w", err)
	}
	return next, nil
}

// Retire destroys a wrapping key under which nothing is wrapped any more, as
// privacy.Vault.Rewrap sees to. It also ends what is wrapped under it in old
// copies of the data keys: that is how destroyed data keys end in backups too,
// if the copies of this file with the key are destroyed. The newest stays.
func (f *File) Retire(number privacy.KeyNumber) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.keys.wraps, func(w wrapping) bool { return w.number == number })
	switch {
	case i < 0:
		return fmt.Errorf("retiring wrapping key %d: %w", number, privacy.ErrNoKey)
	case number == f.newest():
		return fmt.Errorf("retiring wrapping key %d: it is the newest", number)
	}
	c := &contents{wraps: slices.Delete(slices.Clone(f.keys.wraps), i, i+1), secret: f.keys.secret}
	if err := f.keep(c); err != nil {
		return fmt.Errorf("retiring wrapping key %d: %w", number, err)
	}
	return nil
}

// newest returns the newest number. The caller holds mu.
func (f *File) newest() privacy.KeyNumber { return f.keys.wraps[len(f.keys.wraps)-1].number }

// Newest implements privacy.KeyStore.
func (f *File) Newest() privacy.KeyNumber {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.newest()
}

// Demo implements privacy.KeyStore.
func (f *File) Demo() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.header.demo
}

const wrapContext = "rem wrapped key\x00"

// bound is what a wrapping is bound to: its number, and the name.
func bound(n privacy.KeyNumber, name []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(wrapContext), uint32(n))
	return append(b, name...)
}

// Wrap implements privacy.KeyStore: a nonce of 12 random octets, ciphertext and
// tag of AES-256-GCM. A wrapping key serves for two thousand million wrappings
// before random nonces come near their bound (NIST SP 800-38D 8.3).
func (f *File) Wrap(_ context.Context, key, name []byte) (privacy.WrappedKey, error) {
	f.mu.RLock()
	n, aead := f.newest(), f.wraps[f.newest()]
	f.mu.RUnlock()
	b := make([]byte, aead.NonceSize(), aead.NonceSize()+len(key)+aead.Overhead())
	rand.Read(b)
	return privacy.WrappedKey{Number: n, Bytes: aead.Seal(b, b, key, bound(n, name))}, nil
}

// Unwrap implements privacy.KeyStore.
func (f *File) Unwrap(_ context.Context, w privacy.WrappedKey, name []byte) ([]byte, error) {
	f.mu.RLock()
	aead := f.wraps[w.Number]
	f.mu.RUnlock()
	if aead == nil {
		return nil, fmt.Errorf("unwrapping under number %d: %w", w.Number, privacy.ErrNoKey)
	}
	if len(w.Bytes) < aead.NonceSize() {
		return nil, privacy.ErrWrapped
	}
	key, err := aead.Open(nil, w.Bytes[:aead.NonceSize()], w.Bytes[aead.NonceSize():], bound(w.Number, name))
	if err != nil {
		return nil, privacy.ErrWrapped
	}
	return key, nil
}

const indexContext = "rem index key\x00"

// IndexKey implements privacy.KeyStore, by HKDF-Expand of RFC 5869 with SHA-256.
func (f *File) IndexKey(_ context.Context, use string, version uint32) ([]byte, error) {
	f.mu.RLock()
	secret := f.keys.secret
	f.mu.RUnlock()
	info := string(binary.BigEndian.AppendUint32([]byte(indexContext), version)) + use
	key, err := hkdf.Expand(sha256.New, secret[:], info, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving an index key: %w", err)
	}
	return key, nil
}

// Close gives the folder back.
func (f *File) Close() error { return f.folder.Close() }

// replace writes a small file whole: beside it, synced, and then renamed over it.
func replace(folder blobstore.FS, name string, b []byte) error {
	if err := folder.Remove(newName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing what a crash left: %w", err)
	}
	file, err := folder.Create(newName)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_, err = file.WriteAt(b, 0)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = folder.Rename(newName, name)
	}
	if err == nil {
		err = folder.SyncDir(".")
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func read(folder blobstore.FS, name string, most int64) (_ []byte, err error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if size > most {
		return nil, fmt.Errorf("reading %s: %w: longer than %d octets", name, ErrForm, most)
	}
	b := make([]byte, size)
	if n, err := file.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}
