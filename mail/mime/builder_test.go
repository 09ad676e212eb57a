package mime

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestBuilderLines(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(*Builder)
		want  string
	}{
		{"plain text", func(b *Builder) { b.Text("Subject", "Merhaba") }, "Subject: Merhaba\r\n"},
		{"empty text", func(b *Builder) { b.Text("Subject", "") }, "Subject: \r\n"},
		{"Turkish text", func(b *Builder) { b.Text("Subject", "Şirket sözleşmesi") },
			"Subject: =?utf-8?b?xZ5pcmtldCBzw7Z6bGXFn21lc2k=?=\r\n"},
		{"folded text", func(b *Builder) { b.Text("Subject", strings.Repeat("word ", 16)+"end") },
			"Subject: word word word word word word word word word word word word word word\r\n word word end\r\n"},
		{"what looks encoded", func(b *Builder) { b.Text("Subject", "=?utf-8?q?x?=") }, "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"},
		{"a mailbox", func(b *Builder) { b.Mailboxes("From", Mailbox{Name: "On behalf of: a@b", Address: "s@p"}) },
			"From: \"On behalf of: a@b\" <s@p>\r\n"},
		{"a Turkish name", func(b *Builder) { b.Mailboxes("From", Mailbox{Name: "Işık", Address: "i@p"}) },
			"From: =?utf-8?b?ScWfxLFr?=\r\n <i@p>\r\n"},
		{"quotes in a name", func(b *Builder) { b.Mailboxes("To", Mailbox{Name: `a "b" \c`, Address: "a@b"}) },
			"To: \"a \\\"b\\\" \\\\c\" <a@b>\r\n"},
		{"no mailbox", func(b *Builder) { b.Mailboxes("Cc") }, ""},
		{"identifiers", func(b *Builder) { b.IDs("References", "a@b", "c@d") }, "References: <a@b>\r\n <c@d>\r\n"},
		{"a date", func(b *Builder) { b.Date("Date", time.Date(2026, 11, 23, 12, 0, 5, 0, time.FixedZone("", 3*3600))) },
			"Date: Mon, 23 Nov 2026 09:00:05 +0000\r\n"},
		{"a media type", func(b *Builder) { b.Media("Content-Type", "multipart/mixed", Param{"boundary", "=_a"}) },
			"Content-Type: multipart/mixed;\r\n boundary=\"=_a\"\r\n"},
		{"a Turkish file name", func(b *Builder) { b.Media("Content-Disposition", "attachment", Param{"filename", "Dilekçe.pdf"}) },
			"Content-Disposition: attachment;\r\n filename*=utf-8''Dilek%C3%A7e.pdf\r\n"},
		{"boundaries", func(b *Builder) { b.Delimiter("=_a"); b.Close("=_a") }, "\r\n--=_a\r\n\r\n--=_a--\r\n"},
		{"base64", func(b *Builder) { b.Base64([]byte(strings.Repeat("a", 58))) }, strings.Repeat("YWFh", 19) + "\r\nYQ=="},
		{"quoted-printable", func(b *Builder) { b.QuotedPrintable("Şu = bu \n.nokta\r\n--=_a\nFrom x") },
			"=C5=9Eu =3D bu=20\r\n=2Enokta\r\n=2D-=3D_a\r\n=46rom x"},
		{"a long quoted-printable line", func(b *Builder) { b.QuotedPrintable(strings.Repeat("x", 80)) },
			strings.Repeat("x", 75) + "=\r\nxxxxx"},
	} {
		var b Builder
		c.write(&b)
		got, err := b.Bytes()
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %q, %v\nwant %q", c.name, got, err, c.want)
		}
	}
}

// hostile are values that try to leave their field.
var hostile = []string{
	"a\r\nX-Evil: b", "a\nX-Evil: b", "a\rX-Evil: b", "a\r\n\r\nbody", "a\r\n X-Evil: b", "a\x00b", "a\u2028X-Evil: b", "a\u2029b", "a\u0085b",
	"=?utf-8?q?a=0D=0AX-Evil:_b?=", "=?utf-8?b?DQpYLUV2aWw6IGI=?=", "\"\r\nX-Evil: b", "a\"; x=\"y", "a\\", "<a@b>, <c@d>", "(a", "a;b*=c", "\xff\xfe\r\n",
	strings.Repeat("x", 3000), strings.Repeat("ş", 3000), strings.Repeat(" ", 2000), " a", "a ", "a  b", "\ta", ":", "",
}

// AT-04: every writer, every way out of a field. Either the value is refused,
// or the block holds the same fields as with a harmless value, in lines that
// SMTP can carry, and means one line of text.
func TestNoValueLeavesItsField(t *testing.T) {
	writers := map[string]func(b *Builder, v string){
		"text":            func(b *Builder, v string) { b.Text("X-A", v) },
		"word":            func(b *Builder, v string) { b.Word("X-A", v) },
		"identifier":      func(b *Builder, v string) { b.IDs("X-A", v) },
		"display name":    func(b *Builder, v string) { b.Mailboxes("X-A", Mailbox{v, "a@b", nil}) },
		"second name":     func(b *Builder, v string) { b.Mailboxes("X-A", Mailbox{"x", "a@b", nil}, Mailbox{v, "a@b", nil}) },
		"address":         func(b *Builder, v string) { b.Mailboxes("X-A", Mailbox{"x", v, nil}) },
		"field name":      func(b *Builder, v string) { b.Text(v, "x") },
		"media type":      func(b *Builder, v string) { b.Media("X-A", v) },
		"parameter":       func(b *Builder, v string) { b.Media("X-A", "a/b", Param{"c", v}, Param{"d", "e"}) },
		"parameter name":  func(b *Builder, v string) { b.Media("X-A", "a/b", Param{v, "c"}) },
		"boundary":        func(b *Builder, v string) { b.Delimiter(v) },
		"name and a name": func(b *Builder, v string) { b.Text("X-A", v+"="+v) },
	}
	for writer, write := range writers {
		for _, v := range hostile {
			var b Builder
			b.Word("X-First", "1")
			write(&b, v)
			b.Word("X-Last", "2")
			b.End()
			got, err := b.Bytes()
			if err != nil {
				continue
			}
			if writer == "boundary" { // two lines in their place, and nothing else
				if want := "X-First: 1\r\n\r\n--" + v + "\r\nX-Last: 2\r\n\r\n"; string(got) != want || strings.ContainsAny(v, " \r\n\x00") {
					t.Errorf("boundary %q: %q", v, got)
				}
				continue
			}
			h, err := ParseHeader(got, DefaultLimits)
			if err != nil {
				t.Errorf("%s %.40q: %v\n%q", writer, v, err, got)
				continue
			}
			if len(h.Fields) != 3 || h.Get("X-First") != "1" || h.Get("X-Last") != "2" {
				t.Errorf("%s %.40q: %d fields\n%q", writer, v, len(h.Fields), got)
			}
			if len(h.Doubts()) > 0 {
				t.Errorf("%s %.40q: %v", writer, v, h.Doubts())
			}
			for line := range strings.SplitSeq(string(got), "\r\n") {
				if len(line) > maxLine || strings.ContainsFunc(line, dangerous) {
					t.Errorf("%s %.40q: a line of %d, %.60q", writer, v, len(line), line)
				}
			}
			if text := h.Fields[1].Text(); strings.ContainsFunc(text, dangerous) {
				t.Errorf("%s %.40q: reads as %q", writer, v, text)
			}
		}
	}
}

// What is written comes back as it was.
func TestTextAndNamesComeBack(t *testing.T) {
	for _, s := range []string{
		"", "x", "Merhaba dünya", "İstanbul'da bir gün", strings.Repeat("ğüşiöç İĞÜŞÖÇ ", 40), "a=b", "=?x", strings.Repeat("abc ", 100) + "d",
		"tek  çift boşluk", " baş", "son ", `tırnak " ters \ eğik`, strings.Repeat("uzun", 500), "👍🏽 emoji", "a,b;c:d<e>f@g",
	} {
		var b Builder
		b.Text("Subject", s)
		got, err := b.Bytes()
		if err != nil {
			t.Errorf("%.40q: %v", s, err)
			continue
		}
		h, err := ParseHeader(got, DefaultLimits)
		if err != nil {
			t.Errorf("%.40q: %v", s, err)
			continue
		}
		if text := h.Fields[0].Text(); text != s {
			t.Errorf("text: got %q, want %q", text, s)
		}
		if len(s) > maxName || strings.TrimSpace(s) != s {
			continue
		}
		b = Builder{}
		b.Mailboxes("To", Mailbox{Name: s, Address: "a@b"}, Mailbox{Name: s, Address: "c@d"})
		if got, err = b.Bytes(); err != nil {
			t.Errorf("%.40q: %v", s, err)
			continue
		}
		h, err = ParseHeader(got, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		list, err := ParseMailboxes(h.Get("To"), DefaultLimits)
		if err != nil || len(list) != 2 || list[0].Name != s || list[1].Name != s || list[1].Address != "c@d" {
			t.Errorf("mailbox %.40q: got %+v, %v from %q", s, list, err, got)
		}
	}
}

func TestParametersComeBack(t *testing.T) {
	for _, s := range []string{"a.pdf", "Dilekçe (son).pdf", `a"b\c`, strings.Repeat("ş", 300) + ".pdf", strings.Repeat("x", 2000), "%41*'"} {
		var b Builder
		b.Media("Content-Type", "application/pdf", Param{"name", s}, Param{"x", "y"})
		got, err := b.Bytes()
		if err != nil {
			t.Errorf("%.40q: %v", s, err)
			continue
		}
		h, err := ParseHeader(got, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseMedia(h.Get("Content-Type"), DefaultLimits)
		if v, _ := m.Param("name"); err != nil || v != s || len(m.Doubts) > 0 {
			t.Errorf("%.40q: got %.40q, %v, %v", s, v, m.Doubts, err)
		}
	}
}

func TestQuotedPrintableComesBack(t *testing.T) {
	for _, s := range []string{"", "x", "İşte = bu \r\n  \r\n.\r\nFrom\r\n\r\n", strings.Repeat("ş", 200), strings.Repeat("a b", 100) + " ", "\t\r\n", "a\rb", "-- \r\nimza\r\n"} {
		var b Builder
		b.QuotedPrintable(s)
		got, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(got), "\r\n") {
			if len(line) > 76 {
				t.Errorf("%.40q: a line of %d", s, len(line))
			}
		}
		p := &Part{Encoding: "quoted-printable", Body: Span{0, int64(len(got))}}
		d := p.Decode(Memory(got))
		back, err := io.ReadAll(d)
		if err != nil || string(back) != s || d.Odd() {
			t.Errorf("got %q, odd %v, %v; want %q", back, d.Odd(), err, s)
		}
	}
}
