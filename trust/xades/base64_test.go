package xades

import (
	"bytes"
	"encoding/base64"
	"testing"

	"rem/internal/testkit"
)

// What is decoded is what encoding/base64 decodes strictly, and only the text that
// it writes for those bytes.
func checkBase64(t *testing.T, text []byte) {
	t.Helper()
	before := []byte("before")
	got, err := appendDecoded(before[:len(before):len(before)], text)
	want, wantErr := base64.StdEncoding.Strict().DecodeString(string(text))
	good := wantErr == nil && len(text) > 0 && base64.StdEncoding.EncodeToString(want) == string(text)
	if good != (err == nil) {
		t.Fatalf("%q: error %v, want good %t", text, err, good)
	}
	if want = append([]byte("before"), want...); !good {
		want = []byte("before")
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%q: %x, want %x", text, got, want)
	}
}

func TestBase64IsDecodedAsTheStandardLibraryDoesStrictly(t *testing.T) {
	const others = "AZaz09+/=-_\r\n \x00\xff"
	random := testkit.Rand(t, 1)
	for range 20_000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		text := []byte(base64.StdEncoding.EncodeToString(b))
		checkBase64(t, text)
		if len(text) == 0 {
			continue
		}
		for range 4 {
			changed := bytes.Clone(text)
			changed[random.IntN(len(changed))] = others[random.IntN(len(others))]
			checkBase64(t, changed)
		}
		checkBase64(t, text[:random.IntN(len(text))])
	}
	for _, text := range []string{"", "=", "==", "===", "====", "A===", "AA==", "AB==", "AA=A", "=AAA", "AAA=", "AAB=", "AAAA====", "AA==AAAA", "AA=\n", "AAA=\n"} {
		checkBase64(t, []byte(text))
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("QUJD"))
	f.Add([]byte("QUI="))
	f.Fuzz(func(t *testing.T, text []byte) { checkBase64(t, text) })
}
