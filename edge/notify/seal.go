package notify

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"rem/person/news"
	"rem/privacy"
)

// errUnreadable: the sealed bytes are not those of this message.
var errUnreadable = errors.New("the sealed message does not open")

const (
	sealVersion = 1
	keyOctets   = 32
	nonceOctets = 12
	sealContext = "rem outbox\x00"
	// maxPart bounds a part of what is sealed; a mail has some two thousand octets.
	maxPart = 16 << 10
)

// bound is what key and bytes are bound to: they open for this message alone.
func bound(d *news.Delivery) []byte {
	b := []byte(sealContext)
	for _, s := range []string{string(d.ID), string(d.Person), string(d.Channel), string(d.Kind)} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// seal encrypts destination and text under a fresh key, which the key store wraps.
func seal(ctx context.Context, keys privacy.KeyStore, d *news.Delivery, parts ...string) ([]byte, error) {
	key := make([]byte, keyOctets)
	rand.Read(key)
	defer clear(key)
	name := bound(d)
	wrapped, err := keys.Wrap(ctx, key, name)
	if err != nil {
		return nil, fmt.Errorf("wrapping its key: %w", err)
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for _, p := range parts {
		if len(p) > maxPart {
			return nil, errors.New("it is too long")
		}
		plain = append(binary.AppendUvarint(plain, uint64(len(p))), p...)
	}
	defer clear(plain)
	b := []byte{sealVersion}
	b = binary.BigEndian.AppendUint32(b, uint32(wrapped.Number))
	b = append(binary.AppendUvarint(b, uint64(len(wrapped.Bytes))), wrapped.Bytes...)
	nonce := make([]byte, nonceOctets)
	rand.Read(nonce)
	return aead.Seal(append(b, nonce...), nonce, plain, name), nil
}

// open gives the parts back. The error is of the key store, to be tried again, or
// errUnreadable.
func open(ctx context.Context, keys privacy.KeyStore, d *news.Delivery, b []byte, parts ...*string) error {
	if len(b) < 5 || b[0] != sealVersion {
		return errUnreadable
	}
	number := privacy.KeyNumber(binary.BigEndian.Uint32(b[1:]))
	wrapped, rest, ok := part(b[5:])
	if !ok || len(rest) < nonceOctets {
		return errUnreadable
	}
	name := bound(d)
	key, err := keys.Unwrap(ctx, privacy.WrappedKey{Number: number, Bytes: wrapped}, name)
	if errors.Is(err, privacy.ErrWrapped) {
		return errUnreadable
	}
	if err != nil {
		return fmt.Errorf("unwrapping its key: %w", err)
	}
	defer clear(key)
	aead, err := gcm(key)
	if err != nil {
		return errUnreadable
	}
	plain, err := aead.Open(nil, rest[:nonceOctets], rest[nonceOctets:], name)
	if err != nil {
		return errUnreadable
	}
	defer clear(plain)
	left := plain
	for _, p := range parts {
		var one []byte
		if one, left, ok = part(left); !ok {
			return errUnreadable
		}
		*p = string(one)
	}
	if len(left) != 0 {
		return errUnreadable
	}
	return nil
}

func part(b []byte) (one, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > maxPart || uint64(len(b)-size) < n {
		return nil, nil, false
	}
	return b[size : size+int(n)], b[size+int(n):], true
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing its key: %w", err)
	}
	return cipher.NewGCM(block)
}
