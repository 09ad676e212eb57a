package c14n_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// evidenceLike is a document of the size and shape of a signed evidence: some
// ninety elements, long names, five namespaces, three kilobytes of base64.
func evidenceLike(canonical bool) []byte {
	const base64 = "MIIFxzCCA6+gAwIBAgIUc2FtcGxlIGNlcnRpZmljYXRlIG9mIGEgUkVNLU1EIGZvciB0ZXN0cw"
	var b strings.Builder
	b.WriteString(`<rem:DeliveryNonDeliveryToRecipient xmlns:rem="http://uri.etsi.org/02640/v2#" Id="e" version="2">`)
	indent := "\n  "
	if canonical {
		indent = ""
	}
	for i := range 12 {
		fmt.Fprintf(&b, `%[1]s<rem:RecipientDetails>%[1]s<rem:AttributedElectronicAddress displayName="Bora Ünal" scheme="mailto">bora%[2]d@hs91.kep.test</rem:AttributedElectronicAddress>%[1]s<rem:NamesPostalAddresses><rem:NamePostalAddress><rem:EntityName><rem:Name>Bora Ünal</rem:Name></rem:EntityName></rem:NamePostalAddress></rem:NamesPostalAddresses>%[1]s</rem:RecipientDetails>`, indent, i)
	}
	b.WriteString(`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>`)
	for i := range 2 {
		fmt.Fprintf(&b, `<ds:Reference Id="r%d" URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=</ds:DigestValue></ds:Reference>`, i)
	}
	b.WriteString(`</ds:SignedInfo><ds:KeyInfo><ds:X509Data>`)
	for range 2 {
		b.WriteString("<ds:X509Certificate>" + strings.Repeat(base64, 10) + "</ds:X509Certificate>")
	}
	b.WriteString(`</ds:X509Data></ds:KeyInfo></ds:Signature></rem:DeliveryNonDeliveryToRecipient>`)
	if canonical {
		return []byte(b.String())
	}
	// What a foreign writer does otherwise: empty-element tags, quotes,
	// attributes and declarations in another order, lines in base64.
	s := strings.ReplaceAll(b.String(), "></ds:DigestMethod>", "/>")
	s = strings.ReplaceAll(s, "></ds:Transform>", "/>")
	s = strings.ReplaceAll(s, `Id="e" version="2"`, `version='2' Id='e' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`)
	return []byte(strings.ReplaceAll(s, base64, base64+"\n"))
}

var shapes = []struct {
	name string
	src  []byte
}{{"own", evidenceLike(true)}, {"foreign", evidenceLike(false)}}

func BenchmarkParse(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			b.SetBytes(int64(len(shape.src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := strictxml.Parse(shape.src, strictxml.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(shape.name+"/etree", func(b *testing.B) {
			b.SetBytes(int64(len(shape.src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := etree.NewDocument().ReadFromBytes(shape.src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCanonicalise(b *testing.B) {
	for _, shape := range shapes {
		d := parse(b, string(shape.src))
		theirs := etree.NewDocument()
		if err := theirs.ReadFromBytes(shape.src); err != nil {
			b.Fatal(err)
		}
		for _, m := range []struct {
			name   string
			method c14n.Method
		}{{"exclusive", c14n.Exclusive}, {"inclusive", c14n.Inclusive}} {
			b.Run(shape.name+"/"+m.name, func(b *testing.B) {
				b.SetBytes(int64(len(shape.src)))
				b.ReportAllocs()
				var buf []byte
				for b.Loop() {
					var err error
					if buf, err = c14n.Append(buf[:0], d.Root, m.method, c14n.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(shape.name+"/compare", func(b *testing.B) {
			b.SetBytes(int64(len(shape.src)))
			b.ReportAllocs()
			for b.Loop() {
				if got := c14n.IsCanonical(d, d.Root, c14n.Exclusive, c14n.Options{}); got != (shape.name == "own") {
					b.Fatal(got)
				}
			}
		})
		b.Run(shape.name+"/goxmldsig", func(b *testing.B) {
			b.SetBytes(int64(len(shape.src)))
			b.ReportAllocs()
			method := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
			for b.Loop() {
				// Its canonicaliser changes the tree, so it is given a copy.
				ctx, err := etreeutils.NSBuildParentContext(theirs.Root())
				if err != nil {
					b.Fatal(err)
				}
				e, err := etreeutils.NSDetatch(ctx, theirs.Root())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := method.Canonicalize(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify is the measure of the goals: one signature, nothing else. A
// signed evidence with its token has two.
func BenchmarkVerify(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("p256", func(b *testing.B) {
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
				b.Fatal("not verified")
			}
		}
	})
}

// The goal of reading foreign evidence (G7) leaves some 50 µs for everything
// that is not a signature, on the machine that it was set on.
func BenchmarkParseAndCanonicalise(b *testing.B) {
	src := shapes[1].src
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		d, err := strictxml.Parse(src, strictxml.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if buf, err = c14n.Append(buf[:0], d.Root, c14n.Exclusive, c14n.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
