package cms_test

import (
	"bytes"
	"crypto/x509"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
)

// AT-20: no change of one byte of a signature or a token is accepted, of those
// that carry the signer's certificate alone and of those that carry its root as
// well. There is one exception that bytes cannot tell: a root whose issuer's
// name was changed looks like an authority below somebody who was not carried.
// No path to an anchor leads through it. An ordinary run tries the eight single
// bits of every byte, a long one every other value.
func TestNoByteOfSignedDataCanChange(t *testing.T) {
	for _, kind := range []string{derkit.P256, derkit.RSA2048} {
		for _, s := range subjects(t, kind) {
			t.Run(kind+"/"+s.name, func(t *testing.T) { change(t, s) })
			f := &forgery{t, s, derkit.Parse(t, s.der)}
			f.bag().Children = []*derkit.Node{f.leaf()}
			s.der = f.root.Bytes()
			if _, err := s.verify(s.der); err != nil {
				t.Fatal(err)
			}
			t.Run(kind+"/"+s.name+" without root", func(t *testing.T) { change(t, s) })
		}
	}
}

func change(t *testing.T, s subject) {
	root := s.victim.Chain[1]
	at := bytes.Index(s.der, root.Raw)
	var tried, elsewhere int
	for i := range s.der {
		for change := 1; change < 256; change++ {
			if !testkit.Long() && change&(change-1) != 0 {
				continue
			}
			mutated := bytes.Clone(s.der)
			mutated[i] ^= byte(change)
			tried++
			if _, err := s.verify(mutated); err != nil {
				continue
			}
			if at >= 0 && at <= i && i < at+len(root.Raw) {
				c, err := x509.ParseCertificate(mutated[at : at+len(root.Raw)])
				if err == nil && !bytes.Equal(c.RawIssuer, root.RawIssuer) {
					elsewhere++
					continue
				}
			}
			t.Errorf("byte %d changed from %#x to %#x is accepted", i, s.der[i], mutated[i])
		}
	}
	t.Logf("%d changes, of which %d of the root's issuer", tried, elsewhere)
}

// AT-20: neither does a byte less or a byte more.
func TestNoByteOfSignedDataCanComeOrGo(t *testing.T) {
	for _, s := range subjects(t, derkit.P256) {
		for i := range s.der {
			less := append(bytes.Clone(s.der[:i]), s.der[i+1:]...)
			if _, err := s.verify(less); err == nil {
				t.Errorf("%s: accepted without byte %d", s.name, i)
			}
			more := append(append(bytes.Clone(s.der[:i]), s.der[i]), s.der[i:]...)
			if _, err := s.verify(more); err == nil {
				t.Errorf("%s: accepted with byte %d twice", s.name, i)
			}
		}
	}
}
