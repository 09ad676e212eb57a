package envelope

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/mail/mime"
	"rem/message"
	"rem/trust/cades"
	"rem/trust/cms"
)

// size is that of a letter, and of an evidence with its token.
const (
	letterSize   = 5 << 10
	evidenceSize = 7 << 10
)

// sized signs with bytes that are as many as those of a real signature, so that
// all work but the signing is measured.
type sized struct{}

func (sized) Hash() crypto.Hash { return crypto.SHA256 }
func (sized) Sign(context.Context, []byte, time.Time) ([]byte, error) {
	return bytes.Repeat([]byte{0x30, 7, 99}, 700), nil
}

// full gives an evidence the size that it has in service.
func full(f message.Filed) message.Filed {
	f.XML = bytes.Repeat([]byte("<a>ğ</a>\n"), evidenceSize/10)
	f.Digest = rem.DigestOf(f.XML)
	return f
}

// evidences are what one recipient's REM-MD sends at once: n of them.
func evidences(n int) []message.Filed {
	return []message.Filed{
		full(filed(message.RelayREMMDAcceptanceRejection, message.Positive, 1)),
		full(filed(message.DeliveryNonDeliveryToRecipient, message.Positive, 1)),
	}[:n]
}

// BenchmarkDispatch makes a dispatch; the original lies where a store has it.
func BenchmarkDispatch(b *testing.B) {
	signed, _ := world(b, simulator.P256)
	for _, size := range []int{letterSize, 1 << 20} {
		original := letter(size)
		r, submission := record(original), full(submitted())
		for _, c := range []struct {
			name    string
			maker   *Maker
			content message.Content
		}{
			{"memory", &Maker{hs9, sized{}}, message.InMemory(original)},
			{"stored", &Maker{hs9, sized{}}, stored{bytes.NewReader(original), r.Digest}},
			{"signed", signed, stored{bytes.NewReader(original), r.Digest}},
		} {
			b.Run(fmt.Sprintf("%dk/%s", size>>10, c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.maker.Dispatch(b.Context(), r, c.content, submission, at); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkMessage makes a REM-MD message.
func BenchmarkMessage(b *testing.B) {
	signed, _ := world(b, simulator.P256)
	to := rem.MustAddress("kep@hs91.kep.test")
	for n := 1; n <= 2; n++ {
		for name, m := range map[string]*Maker{"unsigned": {hs9, sized{}}, "signed": signed} {
			r, list := record(letter(letterSize)), evidences(n)
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := m.Message(b.Context(), r, list, to, at); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// examples are envelopes as they travel.
func examples(b *testing.B) map[string][]byte {
	m, _ := world(b, simulator.P256)
	out := map[string][]byte{}
	for name, size := range map[string]int{"dispatch-5k": letterSize, "dispatch-1024k": 1 << 20} {
		original := letter(size)
		e, err := m.Dispatch(b.Context(), record(original), message.InMemory(original), full(submitted()), at)
		if err != nil {
			b.Fatal(err)
		}
		out[name] = bytes.Join([][]byte{e.Head, original, e.Tail}, nil)
	}
	for n := 1; n <= 2; n++ {
		e, err := m.Message(b.Context(), record(letter(letterSize)), evidences(n), rem.MustAddress("kep@hs91.kep.test"), at)
		if err != nil {
			b.Fatal(err)
		}
		out[fmt.Sprintf("message-%d", n)] = e
	}
	return out
}

// BenchmarkRead reads an envelope from memory, from where a store has it, and
// verifies it too, with a cache as a provider has.
func BenchmarkRead(b *testing.B) {
	for name, in := range examples(b) {
		read := func(b *testing.B, src mime.Source) *Envelope {
			e, err := Read(src)
			if err != nil {
				b.Fatal(err)
			}
			return e
		}
		for kind, src := range map[string]mime.Source{"memory": mime.Memory(in), "stored": bytes.NewReader(in)} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					read(b, src)
				}
			})
		}
		known := cades.VerifyOptions{Cache: cms.NewCache(8)}
		b.Run(name+"/verify", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := read(b, bytes.NewReader(in))
				if _, err := e.Verify(known); err != nil {
					b.Fatal(err)
				}
				if _, err := e.OriginalDigest(crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParse reads the tree of an envelope alone.
func BenchmarkParse(b *testing.B) {
	for name, in := range examples(b) {
		for kind, src := range map[string]mime.Source{"memory": mime.Memory(in), "stored": bytes.NewReader(in)} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := mime.Parse(src, mime.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
