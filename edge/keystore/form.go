package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"rem/privacy"
)

// A header is what a key file says before it is opened: how its key comes from
// the passphrase (argon2id, RFC 9106), and whether it is a demonstration's. All
// of it is covered by the encryption.
type header struct {
	demo      bool
	memoryKiB uint32
	passes    uint32
	lanes     uint8
	salt      [16]byte
	nonce     [12]byte
}

// The cost of opening a file, once a start: RFC 9106 4, the second choice, which
// takes 64 MiB.
var standardCost = header{memoryKiB: 64 << 10, passes: 3, lanes: 4}

// demoCost is that of a demonstration, whose passphrase nobody has to guess: it
// lies beside the file.
var demoCost = header{memoryKiB: minMemoryKiB, passes: 1, lanes: 1, demo: true}

// Bounds on what a file may ask for, so that a file from somewhere else cannot
// take all memory or hours.
const (
	minMemoryKiB = 8 // argon2's own least for one lane
	maxMemoryKiB = 1 << 20
	maxPasses    = 16
	maxLanes     = 16
	maxKeys      = 1024
	maxFile      = headerOctets + 8 + maxKeys*keyEntry + 64
)

// Octets of the form.
const (
	headerOctets = 8 + 1 + 1 + 4 + 4 + 1 + 16 + 12
	keyEntry     = 4 + 8 + 32
	magic        = "REMKEYS\x00"
	formVersion  = 1
	flagDemo     = 1
)

// Errors of key files.
var (
	// ErrForm: the bytes are no key file.
	ErrForm = errors.New("not a key file")
	// ErrPassphrase: the passphrase is another one, or the file was changed.
	ErrPassphrase = errors.New("the key file does not open with this passphrase")
	// ErrDemo: the keys are those of a demonstration, and the provider is in
	// production.
	ErrDemo = errors.New("the keys are those of a demonstration")
)

// contents are the keys in a file.
type contents struct {
	wraps  []wrapping
	secret [32]byte // from which index keys are derived
}

type wrapping struct {
	number privacy.KeyNumber
	made   int64 // seconds since 1970
	key    [32]byte
}

func (h *header) append(b []byte) []byte {
	b = append(b, magic...)
	flags := byte(0)
	if h.demo {
		flags = flagDemo
	}
	b = append(b, formVersion, flags)
	b = binary.BigEndian.AppendUint32(b, h.memoryKiB)
	b = binary.BigEndian.AppendUint32(b, h.passes)
	b = append(b, h.lanes)
	b = append(b, h.salt[:]...)
	return append(b, h.nonce[:]...)
}

// parseHeader reads a header and returns what follows it.
func parseHeader(b []byte) (h header, rest []byte, err error) {
	if len(b) < headerOctets || len(b) > maxFile || string(b[:8]) != magic {
		return header{}, nil, ErrForm
	}
	if b[8] != formVersion || b[9]&^flagDemo != 0 {
		return header{}, nil, fmt.Errorf("%w: of another version", ErrForm)
	}
	h = header{
		demo: b[9]&flagDemo != 0, memoryKiB: binary.BigEndian.Uint32(b[10:]), passes: binary.BigEndian.Uint32(b[14:]), lanes: b[18],
		salt: [16]byte(b[19:35]), nonce: [12]byte(b[35:47]),
	}
	if h.lanes < 1 || h.lanes > maxLanes || h.passes < 1 || h.passes > maxPasses || h.memoryKiB < minMemoryKiB*uint32(h.lanes) || h.memoryKiB > maxMemoryKiB {
		return header{}, nil, fmt.Errorf("%w: its parameters are out of bounds", ErrForm)
	}
	return h, b[headerOctets:], nil
}

// cipher makes the file's key. It takes the memory that the header says.
func (h *header) cipher(passphrase []byte) (cipher.AEAD, error) {
	key := argon2.IDKey(passphrase, h.salt[:], h.passes, h.memoryKiB, h.lanes, 32)
	defer clear(key)
	return newGCM(key)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing a key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing a key: %w", err)
	}
	return aead, nil
}

func (c *contents) append(b []byte) []byte {
	b = append(b, c.secret[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.wraps)))
	for i := range c.wraps {
		w := &c.wraps[i]
		b = binary.BigEndian.AppendUint32(b, uint32(w.number))
		b = binary.BigEndian.AppendUint64(b, uint64(w.made))
		b = append(b, w.key[:]...)
	}
	return b
}

// parseContents reads what the encryption covered: numbers grow, and there is at
// least one key.
func parseContents(b []byte) (*contents, error) {
	c := &contents{}
	if len(b) < 36 {
		return nil, fmt.Errorf("%w: it is cut", ErrForm)
	}
	copy(c.secret[:], b)
	n := int(binary.BigEndian.Uint32(b[32:]))
	b = b[36:]
	if n < 1 || n > maxKeys || len(b) != n*keyEntry {
		return nil, fmt.Errorf("%w: it holds another number of keys than it says", ErrForm)
	}
	last := privacy.KeyNumber(0)
	for range n {
		w := wrapping{number: privacy.KeyNumber(binary.BigEndian.Uint32(b)), made: int64(binary.BigEndian.Uint64(b[4:])), key: [32]byte(b[12:keyEntry])}
		if w.number <= last {
			return nil, fmt.Errorf("%w: the numbers of its keys do not grow", ErrForm)
		}
		last = w.number
		c.wraps = append(c.wraps, w)
		b = b[keyEntry:]
	}
	return c, nil
}

// seal writes a file: a fresh nonce, and the header as associated data. The file
// key stays that of h's salt.
func seal(h header, aead cipher.AEAD, c *contents) []byte {
	rand.Read(h.nonce[:])
	b := h.append(nil)
	clearText := c.append(nil)
	defer clear(clearText)
	return aead.Seal(b, h.nonce[:], clearText, b)
}

// unseal opens a file's bytes.
func unseal(b, passphrase []byte) (header, cipher.AEAD, *contents, error) {
	h, rest, err := parseHeader(b)
	if err != nil {
		return h, nil, nil, err
	}
	aead, err := h.cipher(passphrase)
	if err != nil {
		return h, nil, nil, err
	}
	clearText, err := aead.Open(nil, h.nonce[:], rest, b[:headerOctets])
	if err != nil {
		return h, nil, nil, ErrPassphrase
	}
	defer clear(clearText)
	c, err := parseContents(clearText)
	return h, aead, c, err
}
