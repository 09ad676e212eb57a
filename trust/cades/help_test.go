package cades_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
)

// base64Lines encodes in lines of 64 characters.
func base64Lines(der []byte) []byte {
	text := base64.StdEncoding.EncodeToString(der)
	var b bytes.Buffer
	for len(text) > 64 {
		b.WriteString(text[:64] + "\r\n")
		text = text[64:]
	}
	b.WriteString(text)
	return b.Bytes()
}

// attribute writes an attribute with one value.
func attribute(oid string, value []byte) []byte {
	return derkit.Element(0x30, append(derkit.Element(0x06, []byte(oid)), derkit.Element(0x31, value)...))
}

// withoutRoot takes all but the holder's own certificate out of signed data.
func withoutRoot(t testing.TB, der []byte, h *derkit.Holder) []byte {
	t.Helper()
	tree := derkit.Parse(t, der)
	tree.At(1, 0, 3).Children = []*derkit.Node{{Raw: h.Leaf().Raw}}
	return tree.Bytes()
}

// revocationList makes a list without entries.
func revocationList(t testing.TB, issuer *derkit.Holder) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: testkit.Epoch, NextUpdate: testkit.Epoch.Add(24 * time.Hour),
	}, issuer.Leaf(), issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
