package cades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
)

// recorder is a device that remembers what it was asked and what it said.
type recorder struct {
	crypto.Signer
	digest, value []byte
}

func (r *recorder) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	value, err := r.Signer.Sign(random, digest, o)
	r.digest, r.value = bytes.Clone(digest), bytes.Clone(value)
	return value, err
}

// Signing in two steps gives, to the byte, what signing in one gives. RFC 5652 5.4.
func TestTwoStepsMakeTheSameSignatureAsOne(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		hash       crypto.Hash
		pss        bool
	}{
		{"P-256", derkit.P256, crypto.SHA256, false}, {"P-384", derkit.P384, crypto.SHA384, false},
		{"RSA", derkit.RSA2048, crypto.SHA256, false}, {"RSA-PSS", derkit.RSA2048, crypto.SHA256, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			person, _ := holder(t, c.kind)
			device := &recorder{Signer: person.Key}
			want := sign(t, cades.Options{Key: device, Chain: person.Chain, Hash: c.hash, PSS: c.pss})
			remote, err := cades.NewRemote(cades.RemoteOptions{Chain: person.Chain, Hash: c.hash, PSS: c.pss})
			if err != nil {
				t.Fatal(err)
			}
			// A clock with fractions and a zone of its own: what is signed has neither.
			at := testkit.Epoch.Add(300 * time.Millisecond).In(time.FixedZone("UTC+3", 3*3600))
			pending, err := remote.Begin(digest(c.hash), at)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(pending.Digest, device.digest) {
				t.Fatal("the device would be given another digest")
			}
			got, err := remote.Complete(context.Background(), pending, device.value)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("the signature differs")
			}
		})
	}
}

// Tokens give r and s one after the other; CMS wants DER (RFC 5753 7.2).
func TestValuesOfTokensAreRewritten(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	remote, err := cades.NewRemote(cades.RemoteOptions{Chain: person.Chain})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := remote.Begin(digest(crypto.SHA256), testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	// Many, so that r and s with leading zeros and high bits are among them.
	for range 300 {
		r, s, err := ecdsa.Sign(rand.Reader, person.Key.(*ecdsa.PrivateKey), pending.Digest)
		if err != nil {
			t.Fatal(err)
		}
		raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		got, err := remote.Complete(context.Background(), pending, raw)
		if err != nil {
			t.Fatal(err)
		}
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(got, der) {
			t.Fatalf("r %x s %x: written otherwise", r, s)
		}
		if _, err := cades.Verify(got, digest, cades.VerifyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAValueOfSomethingElseCompletesNothing(t *testing.T) {
	person, _ := holder(t, derkit.P256)
	other, _ := holder(t, derkit.P256)
	remote, err := cades.NewRemote(cades.RemoteOptions{Chain: person.Chain})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := remote.Begin(digest(crypto.SHA256), testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	method := remote.Algorithm()
	good, err := method.Sign(person.Key, pending.Digest)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := method.Sign(other.Key, pending.Digest)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		p     cades.Pending
		value []byte
	}{
		"another key":     {pending, foreign},
		"nothing":         {pending, nil},
		"another content": {cades.Pending{Content: bytes.Repeat([]byte{7}, 32), Time: pending.Time}, good},
		"another time":    {cades.Pending{Content: pending.Content, Time: pending.Time.Add(time.Second)}, good},
		"zeros":           {pending, make([]byte, 64)},
	} {
		if _, err := remote.Complete(context.Background(), c.p, c.value); !errors.Is(err, cms.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is carried along as attributes is not what counts: content and time are.
	tampered := pending
	tampered.Attributes, tampered.Digest = []byte("anything"), bytes.Repeat([]byte{1}, 32)
	if _, err := remote.Complete(context.Background(), tampered, good); err != nil {
		t.Errorf("the attributes of a caller were used: %v", err)
	}
	if _, err := remote.Begin(digest(crypto.SHA256)[:5], testkit.Epoch); err == nil {
		t.Error("something that is no digest was begun with")
	}
}

func TestOpenSSLReadsWhatWasSignedElsewhere(t *testing.T) {
	person, root := holder(t, derkit.RSA2048)
	stamper, _ := authority(t)
	remote, err := cades.NewRemote(cades.RemoteOptions{Chain: person.Chain, Authority: stamper})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := remote.Begin(digest(crypto.SHA256), testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	method, err := algorithm.For(person.Key.Public(), crypto.SHA256, false)
	if err != nil {
		t.Fatal(err)
	}
	value, err := method.Sign(person.Key, pending.Digest)
	if err != nil {
		t.Fatal(err)
	}
	der, err := remote.Complete(context.Background(), pending, value)
	if err != nil {
		t.Fatal(err)
	}
	v, err := cades.Verify(der, digest, cades.VerifyOptions{})
	if err != nil || v.Level != "B-T" {
		t.Fatalf("%+v, %v", v, err)
	}
	dir := t.TempDir()
	anchors, _ := root.WritePEM(t, dir, "root")
	openssl(t, "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", write(t, "smime.p7s", der), "-content", write(t, "data", []byte(original)),
		"-CAfile", anchors, "-purpose", "smimesign", "-out", filepath.Join(dir, "out"))
}
