package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A scheme is a way to sign that operation certificates may have.
type scheme struct {
	name   string
	key    crypto.Signer
	digest [32]byte
	value  []byte
}

// schemes makes a key of each kind.
func schemes() ([]*scheme, error) {
	var out []*scheme
	for _, k := range []struct {
		name string
		make func() (crypto.Signer, error)
	}{
		{"P-256", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
		{"P-384", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) }},
		{"RSA-2048", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }},
		{"RSA-3072", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) }},
	} {
		key, err := k.make()
		if err != nil {
			return nil, fmt.Errorf("making a key %s: %w", k.name, err)
		}
		s := &scheme{name: k.name, key: key, digest: sha256.Sum256([]byte(k.name))}
		if s.value, err = s.sign(); err != nil {
			return nil, fmt.Errorf("signing with %s: %w", k.name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// schemeOf finds the scheme of a kind of key, as the simulator names kinds.
func schemeOf(made []*scheme, kind string) *scheme {
	return made[map[string]int{"p256": 0, "p384": 1, "rsa2048": 2, "rsa3072": 3}[kind]]
}

func (s *scheme) sign() ([]byte, error) {
	return s.key.Sign(rand.Reader, s.digest[:], crypto.SHA256)
}

func (s *scheme) verify() error {
	switch public := s.key.Public().(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(public, s.digest[:], s.value) {
			return fmt.Errorf("a signature of %s does not verify", s.name)
		}
		return nil
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, s.digest[:], s.value)
	}
	return fmt.Errorf("no way to verify %s", s.name)
}

// rate runs an operation that needs processors alone again and again on some
// workers, and gives operations a second of all of them together, as if each
// worker had had a core for itself: what neighbours took is left out by counting
// processor time.
func rate(workers int, d time.Duration, op func() error) (float64, error) {
	before, err := ownTime()
	if err != nil {
		return 0, err
	}
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	start := time.Now()
	for range workers {
		group.Go(func() {
			n := int64(0)
			for ; time.Since(start) < d && failed.Load() == nil; n++ {
				if err := op(); err != nil {
					failed.Store(&err)
				}
			}
			done.Add(n)
		})
	}
	group.Wait()
	after, err := ownTime()
	if err != nil {
		return 0, err
	}
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) * float64(workers) / (after - before).Seconds(), nil
}

// ownTime is the processor time of this process.
func ownTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// The work of cryptography that one message through two providers owes, when
// every evidence is stamped, made and verified and retrieval is told:
// evidence A, B, D and F with their tokens, three envelopes; and as many
// verifications where they arrive (docs/performance.md).
const (
	signsOfExchange    = 11
	verifiesOfExchange = 11
)

// ceiling gives the messages a second that all cores could exchange if they did
// nothing but sign and verify.
func ceiling(signs, verifies float64) float64 {
	return 1 / (signsOfExchange/signs + verifiesOfExchange/verifies)
}

// limitsCmd measures the machine.
type limitsCmd struct {
	Dir  string        `help:"Folder on the disk to measure. Default: the folder for temporary files." type:"path" placeholder:"DIR"`
	Time time.Duration `help:"How long each figure is measured." default:"1s"`
}

func (c *limitsCmd) Run(r *report) error {
	if err := c.crypto(r); err != nil {
		return err
	}
	return c.disk(r)
}

func (c *limitsCmd) crypto(r *report) error {
	all := runtime.GOMAXPROCS(0)
	made, err := schemes()
	if err != nil {
		return err
	}
	signing := r.table("signatures", "op/s", "sign, a core", "verify, a core", "sign, all cores", "verify, all cores", "exchange ceiling")
	for _, s := range made {
		var figures []float64
		for _, workers := range []int{1, all} {
			for _, op := range []func() error{func() error { _, err := s.sign(); return err }, s.verify} {
				n, err := rate(workers, c.Time, op)
				if err != nil {
					return err
				}
				figures = append(figures, n)
			}
		}
		signing.add(s.name, append(figures, ceiling(figures[2], figures[3]))...)
	}
	hashing := r.table("digests", "MB/s", "a core", "all cores")
	block := make([]byte, 1<<20)
	var figures []float64
	for _, workers := range []int{1, all} {
		n, err := rate(workers, c.Time, func() error { sha256.Sum256(block); return nil })
		if err != nil {
			return err
		}
		figures = append(figures, n*float64(len(block))/1e6)
	}
	hashing.add("SHA-256", figures...)
	return nil
}
