package smime_test

import (
	"bytes"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
	"rem/trust/cms"
)

// long is the signed part of a letter of 5 KB.
var long = []byte("Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
	strings.Repeat("Sayın Bora Çelik, ekteki sözleşme taslağını görüşlerinize sunarım.\r\n", 68))

// BenchmarkVerify reads a signed letter and checks its signature, as a provider
// does: from where a store has it, with a cache.
func BenchmarkVerify(b *testing.B) {
	s, _, _ := signer(b)
	raw, err := smime.Sign(b.Context(), []byte(header), long, boundary, s, testkit.Epoch)
	if err != nil {
		b.Fatal(err)
	}
	for name, src := range map[string]mime.Source{"memory": mime.Memory(raw), "stored": bytes.NewReader(raw)} {
		known := cades.VerifyOptions{Cache: cms.NewCache(8)}
		b.Run("5k/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := mime.Parse(src, mime.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := smime.Verify(src, m.Part, known); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSign makes a signed letter.
func BenchmarkSign(b *testing.B) {
	s, _, _ := signer(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := smime.Sign(b.Context(), []byte(header), long, boundary, s, testkit.Epoch); err != nil {
			b.Fatal(err)
		}
	}
}
