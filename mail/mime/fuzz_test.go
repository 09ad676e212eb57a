package mime

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func FuzzHeader(f *testing.F) {
	for _, s := range []string{
		"From: \"Ay\" <a@b.c>, d@e\r\nSubject: =?utf-8?q?=C4=B0?=\r\n =?iso-8859-9?b?3Q==?=\r\n\r\n",
		"Content-Type: a/b; name*0*=utf-8''%C4; name*1*=%B0; x=\"y\\\"\";\r\n",
		"To: us: a@b, c@d;\r\nCc: (x (y)) a@b\r\nReferences: <a@b> <c@d>\r\n",
		"A:\r\n \r\n\tb\r\n", "A: b\x00\r\n", "A : b\r\n", "\xff: b\r\n", "Subject: \xdd\xfe\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := ParseHeader(in, DefaultLimits)
		if err != nil {
			return
		}
		var joined strings.Builder
		for _, field := range h.Fields {
			joined.WriteString(field.Raw)
			text := field.Text()
			if strings.ContainsFunc(text, dangerous) {
				t.Fatalf("%q reads as %q", field.Raw, text)
			}
			// parse∘encode∘parse is parse.
			var b Builder
			b.Text("X", text)
			written, err := b.Bytes()
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			again, err := ParseHeader(written, DefaultLimits)
			if err != nil || len(again.Fields) != 1 || again.Fields[0].Text() != text {
				t.Fatalf("%q written as %q", text, written)
			}
			if list, err := ParseMailboxes(field.Value(), DefaultLimits); err == nil {
				b = Builder{}
				b.Mailboxes("X", list...)
				written, err := b.Bytes()
				if err != nil {
					t.Fatalf("%+v: %v", list, err)
				}
				again, err := ParseHeader(written, DefaultLimits)
				if err != nil {
					t.Fatalf("%+v written as %q: %v", list, written, err)
				}
				back, err := ParseMailboxes(again.Get("X"), DefaultLimits)
				if err != nil || len(back) != len(list) {
					t.Fatalf("%+v written as %q: %+v, %v", list, written, back, err)
				}
				for i := range list {
					if back[i].Address != list[i].Address {
						t.Fatalf("%+v came back as %+v", list, back)
					}
				}
			}
			_, _ = ParseMedia(field.Value(), DefaultLimits)
			ParseIDs(field.Value())
		}
		if rest := strings.TrimPrefix(string(in), joined.String()); rest != "" && rest != "\r\n" {
			t.Fatalf("fields leave %q", rest)
		}
	})
}

func FuzzMessage(f *testing.F) {
	for _, c := range trees {
		f.Add([]byte(crlf(c.in)))
	}
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ=\n=\r--b--\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Parse(Memory(in), Options{Messages: true})
		if err != nil {
			return
		}
		checkSpans(t, "fuzzed", m.Part, Span{0, int64(len(in))})
		for p := range m.All() {
			p.FileName()
			n, err := io.Copy(io.Discard, p.Decode(m.Source))
			if err != nil || n > p.Body.Len()+2 {
				t.Fatalf("%d bytes decoded from %d: %v", n, p.Body.Len(), err)
			}
		}
		pieces, err := Parse(bytes.NewReader(in), Options{Messages: true})
		if err != nil || outline(m.Source, m.Part) != outline(pieces.Source, pieces.Part) {
			t.Fatalf("by pieces: %v", err)
		}
		if _, err := Compare(Memory(in), Options{}); err != nil {
			t.Fatal(err)
		}
	})
}
