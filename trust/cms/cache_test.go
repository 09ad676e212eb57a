package cms

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"sync"
	"testing"

	"rem/internal/testkit/derkit"
)

// A link that was checked says nothing of another certificate, not even of one
// that differs in its signature alone, and one that was refused is refused again.
func TestLinksAreRememberedOfTheVeryBytes(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root")
	other := derkit.Root(t, derkit.P256, "Root")
	leaf := derkit.Issue(t, root, derkit.P256, "Leaf", derkit.Mailing).Leaf()
	der := bytes.Clone(leaf.Raw)
	der[len(der)-1] ^= 1
	changed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c := NewCache(8)
	for round := range 2 {
		for _, test := range []struct {
			name          string
			child, issuer *x509.Certificate
			want          bool
		}{
			{"changed before", changed, root.Leaf(), false},
			{"right", leaf, root.Leaf(), true},
			{"changed after", changed, root.Leaf(), false},
			{"an issuer of the same name", leaf, other.Leaf(), false},
			{"the other way round", root.Leaf(), leaf, false},
		} {
			if err := c.checkLink(test.child, test.issuer); (err == nil) != test.want {
				t.Errorf("round %d, %s: %v", round, test.name, err)
			}
		}
	}
	if len(c.links) != 1 {
		t.Errorf("%d links are remembered, want the right one", len(c.links))
	}
}

func TestCacheIsBounded(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root")
	c := NewCache(3)
	var group sync.WaitGroup
	for i := range 10 {
		leaf := derkit.Issue(t, root, derkit.P256, fmt.Sprint("Leaf ", i), derkit.Mailing).Leaf()
		group.Go(func() {
			for range 3 {
				got, err := c.parse(leaf.Raw)
				if err != nil || !got.Equal(leaf) {
					t.Errorf("parsed %v, %v", got, err)
				}
				if err := c.checkLink(leaf, root.Leaf()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if len(c.parsed) > 3 || len(c.links) > 3 {
		t.Errorf("%d certificates and %d links, want 3 at most", len(c.parsed), len(c.links))
	}
	large := bytes.Repeat([]byte{0x30}, maxKept+1)
	if _, err := c.parse(large); err == nil || c.parsed[string(large)] != nil {
		t.Errorf("a certificate beyond the bound: %v", err)
	}
}

// The bytes that a certificate was read from may be used again.
func TestCacheKeepsNothingOfWhatItReads(t *testing.T) {
	leaf := derkit.Root(t, derkit.P256, "Root").Leaf()
	der := bytes.Clone(leaf.Raw)
	c := NewCache(1)
	got, err := c.parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	if !bytes.Equal(got.Raw, leaf.Raw) {
		t.Error("the certificate changed with the bytes that it was read from")
	}
}
