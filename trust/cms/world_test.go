package cms_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// A subject is a kind of signed data with its reader: what the families of
// attacks are tried on.
type subject struct {
	name     string
	der      []byte
	victim   *derkit.Holder
	attacker *derkit.Holder // of the same authority, for the same use
	verify   func(der []byte) (*x509.Certificate, error)
}

// subjects makes a detached signature and a time-stamp token, each with the
// signer's certificate and its root: for a reader that remembers nothing, and
// for one that remembers the certificates of the right ones.
func subjects(t testing.TB, kind string) []subject {
	t.Helper()
	return append(subjectsFor(t, kind, cms.VerifyOptions{}, ""),
		subjectsFor(t, kind, cms.VerifyOptions{Cache: cms.NewCache(8)}, " remembered")...)
}

func subjectsFor(t testing.TB, kind string, o cms.VerifyOptions, suffix string) []subject {
	t.Helper()
	content := sha256.Sum256([]byte("original message"))
	root := derkit.Root(t, derkit.P256, "Root")

	signature := subject{
		name:     "signature" + suffix,
		victim:   derkit.Issue(t, root, kind, "Ayşe", derkit.Mailing),
		attacker: derkit.Issue(t, root, kind, "Mallory", derkit.Mailing),
		verify: func(der []byte) (*x509.Certificate, error) {
			v, err := cades.Verify(der, func(h crypto.Hash) []byte {
				d := h.New()
				d.Write([]byte("original message"))
				return d.Sum(nil)
			}, o)
			if err != nil {
				return nil, err
			}
			return v.Certificate, nil
		},
	}
	signer, err := cades.NewSigner(cades.Options{Key: signature.victim.Key, Chain: signature.victim.Chain})
	if err != nil {
		t.Fatal(err)
	}
	if signature.der, err = signer.Sign(context.Background(), content[:], testkit.Epoch); err != nil {
		t.Fatal(err)
	}

	token := subject{
		name:     "token" + suffix,
		victim:   derkit.Issue(t, root, kind, "Authority of time", derkit.Stamping),
		attacker: derkit.Issue(t, root, kind, "Mallory's time", derkit.Stamping),
		verify: func(der []byte) (*x509.Certificate, error) {
			token, err := tsp.ParseKnown(der, o)
			if err != nil {
				return nil, err
			}
			return token.Verify(crypto.SHA256, content[:], o)
		},
	}
	r, err := tsp.NewResponder(tsp.ResponderOptions{
		Key: token.victim.Key, Chain: token.victim.Chain, Hash: crypto.SHA256,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Clock: testkit.NewClock(testkit.Epoch),
	})
	if err != nil {
		t.Fatal(err)
	}
	stamped, err := r.Stamp(context.Background(), crypto.SHA256, content[:])
	if err != nil {
		t.Fatal(err)
	}
	token.der = stamped.DER

	for _, s := range []subject{signature, token} {
		if c, err := s.verify(s.der); err != nil || !c.Equal(s.victim.Leaf()) {
			t.Fatalf("%s before any attack: %v", s.name, err)
		}
	}
	return []subject{signature, token}
}

// A forgery is signed data taken apart, with a hand on each of its parts.
type forgery struct {
	testing.TB
	subject
	root *derkit.Node
}

func (f *forgery) body() *derkit.Node       { return f.root.At(1, 0) }
func (f *forgery) encap() *derkit.Node      { return f.body().At(2) }
func (f *forgery) bag() *derkit.Node        { return f.body().At(3) }
func (f *forgery) infos() *derkit.Node      { return f.body().At(4) }
func (f *forgery) info() *derkit.Node       { return f.infos().At(0) }
func (f *forgery) attributes() *derkit.Node { return f.info().At(3) }
func (f *forgery) value() *derkit.Node      { return f.info().At(5) }
func (f *forgery) contentType() *derkit.Node {
	return f.attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03")
}
func (f *forgery) digest() *derkit.Node { return f.attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04") }
func (f *forgery) protection() *derkit.Node {
	return f.attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34")
}
func (f *forgery) certificates() *derkit.Node {
	return f.attribute("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f")
}

// certID is the ESSCertIDv2 of the signer.
func (f *forgery) certID() *derkit.Node { return f.certificates().At(1, 0, 0, 0) }

func (f *forgery) attribute(oid string) *derkit.Node {
	for _, a := range f.attributes().Children {
		if string(a.Children[0].Content) == oid {
			return a
		}
	}
	f.Fatalf("no attribute %x", oid)
	return nil
}

// without takes an attribute out.
func (f *forgery) without(a *derkit.Node) {
	set := f.attributes()
	for i, c := range set.Children {
		if c == a {
			set.Remove(i)
			return
		}
	}
	f.Fatal("no such attribute")
}

// sign signs the attributes anew with a key, sorted or as they stand.
func (f *forgery) sign(h *derkit.Holder, sorted bool) {
	if sorted {
		f.attributes().Sort()
	}
	set := &derkit.Node{Tag: 0x31, Children: f.attributes().Children}
	f.value().Content = f.over(h, set.Bytes())
}

func (f *forgery) over(h *derkit.Holder, data []byte) []byte {
	sum := sha256.Sum256(data)
	value, err := h.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		f.Fatal(err)
	}
	return value
}

// put replaces an element by another one.
func put(n, by *derkit.Node) { *n = *by.Clone() }

func set(content ...*derkit.Node) *derkit.Node { return &derkit.Node{Tag: 0x31, Children: content} }
func sequence(content ...*derkit.Node) *derkit.Node {
	return &derkit.Node{Tag: 0x30, Children: content}
}
func context0(content ...*derkit.Node) *derkit.Node {
	return &derkit.Node{Tag: 0xa0, Children: content}
}
func oid(content string) *derkit.Node    { return primitive(0x06, content) }
func octets(content []byte) *derkit.Node { return &derkit.Node{Tag: 0x04, Content: content} }
func primitive(tag byte, content string) *derkit.Node {
	return &derkit.Node{Tag: tag, Content: []byte(content)}
}
func raw(der []byte) *derkit.Node { return &derkit.Node{Raw: bytes.Clone(der)} }

const (
	oidSHA1  = "\x2b\x0e\x03\x02\x1a"
	oidMD5   = "\x2a\x86\x48\x86\xf7\x0d\x02\x05"
	oidSHA5  = "\x60\x86\x48\x01\x65\x03\x04\x02\x03" // SHA-512
	oidOther = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" // enveloped data
	oidData  = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidTime  = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
)

func (f *forgery) over256(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// serial is the serial number of a holder's certificate.
func serial(h *derkit.Holder) *derkit.Node {
	n := h.Leaf().SerialNumber.Bytes()
	if n[0] >= 0x80 {
		n = append([]byte{0}, n...)
	}
	return &derkit.Node{Tag: 2, Content: n}
}
