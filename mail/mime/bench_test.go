package mime

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// letter is a message with an attachment of n bytes.
func letter(n int) []byte {
	var b Builder
	b.Mailboxes("From", Mailbox{Name: "Ayşe Yılmaz", Address: "ayse.yilmaz@hs90.kep.test"})
	b.Mailboxes("To", Mailbox{Address: "bora@hs91.kep.test"})
	b.Text("Subject", "Sözleşme taslağı")
	b.IDs("Message-ID", "1@hs90.kep.test")
	b.Media("Content-Type", "multipart/mixed", Param{"boundary", "=_x"})
	b.End()
	b.Delimiter("=_x")
	b.Media("Content-Type", "text/plain", Param{"charset", "utf-8"})
	b.Word("Content-Transfer-Encoding", "quoted-printable")
	b.End()
	b.QuotedPrintable(strings.Repeat("Ekteki taslağı görüşlerinize sunarım.\r\n", 10))
	b.Delimiter("=_x")
	b.Media("Content-Type", "application/pdf", Param{"name", "Sözleşme.pdf"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.End()
	b.Base64(bytes.Repeat([]byte{1, 2, 3}, n/3))
	b.Close("=_x")
	out, err := b.Bytes()
	if err != nil {
		panic(err)
	}
	return out
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{5 << 10, 1 << 20, 25 << 20} {
		in := letter(n * 3 / 4)
		for name, src := range map[string]Source{"memory": Memory(in), "pieces": bytes.NewReader(in)} {
			b.Run(fmt.Sprintf("%s-%dk", name, n>>10), func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Parse(src, Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{5 << 10, 1 << 20} {
		in := letter(n * 3 / 4)
		b.Run(fmt.Sprintf("%dk", n>>10), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if c, err := Compare(bytes.NewReader(in), Options{}); err != nil || c.Ambiguous() {
					b.Fatal(err, c.Difference())
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	in := letter(1 << 20)
	m, err := Parse(Memory(in), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(m.Parts[1].Body.Len())
	for b.Loop() {
		if _, err := io.Copy(io.Discard, m.Parts[1].Decode(m.Source)); err != nil {
			b.Fatal(err)
		}
	}
}
