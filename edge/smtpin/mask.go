package smtpin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"syscall"
)

// maskKey turns network addresses into pseudonyms for logs. It lives as long as
// the process: lines of one run belong together, and nobody can go back from a
// pseudonym to an address by trying all of them.
type maskKey [16]byte

func newMaskKey() (k maskKey) {
	_, _ = rand.Read(k[:]) // never fails
	return k
}

func (k maskKey) of(a netip.Addr) string {
	mac := hmac.New(sha256.New, k[:])
	mac.Write(a.AsSlice())
	return "net-" + hex.EncodeToString(mac.Sum(nil)[:6])
}

// isTransient reports an accept error that passes: no descriptors, no memory,
// or a client that went away while it waited.
func isTransient(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
