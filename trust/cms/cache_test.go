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
	if len(c.links.young) != 1 || len(c.links.old) != 0 {
		t.Errorf("%d and %d links are remembered, want the right one", len(c.links.young), len(c.links.old))
	}
}

func TestCacheIsBounded(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root")
	c := NewCache(4)
	c.links.half = 2
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
	if n, d, l := c.parsed.size(), c.digests.size(), c.links.size(); n > 4 || d > 4 || l > 4 {
		t.Errorf("%d certificates, %d digests and %d links, want 4 at most", n, d, l)
	}
	large := bytes.Repeat([]byte{0x30}, maxKept+1)
	if _, err := c.parse(large); err == nil {
		t.Error("what is no certificate is parsed")
	} else if _, kept := c.parsed.get(string(large)); kept {
		t.Errorf("a certificate beyond the bound: %v", err)
	}
}

func (g *generations[K, V]) size() int { return len(g.young) + len(g.old) }

// Those who send once push out each other, and not the authority of all of them
// nor what was found out about it.
func TestWhatIsUsedStaysInTheCache(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root")
	issuer := derkit.Issue(t, root, derkit.P256, "Issuer", derkit.Authority)
	c := NewCache(4)
	c.links.half = 2
	first, err := c.parse(issuer.Leaf().Raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.checkLink(first, root.Leaf()); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		leaf, err := c.parse(derkit.Issue(t, issuer, derkit.P256, fmt.Sprint("Leaf ", i), derkit.Mailing).Leaf().Raw)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.parse(issuer.Leaf().Raw)
		if err != nil || again != first {
			t.Fatalf("the issuer was parsed again behind %d holders: %v", i+1, err)
		}
		if _, kept := c.links.get(link{c.digest(first), c.digest(root.Leaf())}); !kept {
			t.Fatalf("the issuer's own link is forgotten behind %d holders", i+1)
		}
		for child, by := range map[*x509.Certificate]*x509.Certificate{leaf: first, first: root.Leaf()} {
			if err := c.checkLink(child, by); err != nil {
				t.Fatal(err)
			}
		}
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
