package xades_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
	"rem/trust/xades"
)

// The raw operations stand among the benchmarks, so that a ratio comes from
// one run: G5 is 2·raw/xades-t, G6 and G7 are 2·raw/own and 2·raw/foreign.

func BenchmarkSign(b *testing.B) {
	for _, kind := range []string{derkit.P256, derkit.P384, derkit.RSA2048, derkit.RSA3072} {
		h := holder(b, kind)
		s := signing{kind, kind, crypto.SHA256, false}
		root := evidence(b)
		b.Run("raw/"+kind, func(b *testing.B) {
			digest := sha256.Sum256(root)
			for b.Loop() {
				if _, err := h.Key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
		for name, s := range map[string]*xades.Signer{"xades-b/": signer(b, s, nil), "xades-t/": stamped(b, s)} {
			b.Run(name+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Sign(context.Background(), root, signingTime); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("token/p256", func(b *testing.B) {
		a := authority(b)
		digest := sha256.Sum256(nil)
		for b.Loop() {
			if _, err := a.Stamp(context.Background(), crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("goxmldsig/p256", func(b *testing.B) {
		root, p := evidence(b), peer(b)
		for b.Loop() {
			if _, err := signWithPeer(p, root); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// verifyBoth verifies a signature and its token, as bulk verification does.
func verifyBoth(src []byte, o xades.VerifyOptions, known []*x509.Certificate) error {
	v, err := xades.Verify(src, o)
	if err != nil {
		return err
	}
	t := v.Tokens[0]
	_, err = t.Verify(t.Hash, t.Imprint, tsp.VerifyOptions{Known: known})
	return err
}

func BenchmarkVerify(b *testing.B) {
	h := holder(b, derkit.P256)
	own := sign(b, stamped(b, signings[0]), evidence(b))
	o := xades.VerifyOptions{Cache: xades.NewCache(64)}
	digest := sha256.Sum256(own)
	value, err := h.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	public := h.Leaf().PublicKey.(*ecdsa.PublicKey)
	b.Run("raw/p256", func(b *testing.B) {
		for b.Loop() {
			if !ecdsa.VerifyASN1(public, digest[:], value) {
				b.Fatal("not verified")
			}
		}
	})
	documents := []struct {
		name string
		src  []byte
		o    xades.VerifyOptions
	}{
		{"own/", own, o},
		{"own-uncached/", own, xades.VerifyOptions{}},
		{"foreign/", writer{augment: (*written).stampValue}.sign(b, evidence(b)), o},
	}
	for _, d := range documents {
		b.Run(d.name+"p256", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verifyBoth(d.src, d.o, world.stamper.Chain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("raw-parallel/p256", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if !ecdsa.VerifyASN1(public, digest[:], value) {
					b.Error("not verified")
				}
			}
		})
	})
	for _, d := range documents {
		b.Run(strings.TrimSuffix(d.name, "/")+"-parallel/p256", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := verifyBoth(d.src, d.o, world.stamper.Chain); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	b.Run("goxmldsig/p256", func(b *testing.B) {
		src, err := signWithPeer(peer(b), evidence(b))
		if err != nil {
			b.Fatal(err)
		}
		validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: h.Chain[:1]})
		for b.Loop() {
			d := etree.NewDocument()
			if err := d.ReadFromBytes(src); err != nil {
				b.Fatal(err)
			}
			if _, err := validation.Validate(d.Root()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// peer signs with goxmldsig: one reference, no token.
func peer(b *testing.B) *dsig.SigningContext {
	h := holder(b, derkit.P256)
	s, err := dsig.NewSigningContext(h.Key, [][]byte{h.Leaf().Raw})
	if err != nil {
		b.Fatal(err)
	}
	s.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := s.SetSignatureMethod(dsig.ECDSASHA256SignatureMethod); err != nil {
		b.Fatal(err)
	}
	return s
}

func signWithPeer(s *dsig.SigningContext, root []byte) ([]byte, error) {
	d := etree.NewDocument()
	if err := d.ReadFromBytes(root); err != nil {
		return nil, err
	}
	signed, err := s.SignEnveloped(d.Root())
	if err != nil {
		return nil, err
	}
	d.SetRoot(signed)
	return d.WriteToBytes()
}
