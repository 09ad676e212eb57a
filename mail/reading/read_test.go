package reading

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rem"
	"rem/mail/mime"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const head = "From: Ayşe Yılmaz <ayse@hs90.kep.test>\nTo: bora@hs91.kep.test\nSubject: =?utf-8?q?Fatura_=C5=9Fubat?=\nDate: Thu, 08 Oct 2026 09:00:00 +0300\nMessage-ID: <1@hs90.kep.test>\nMIME-Version: 1.0\n"

func b64(b []byte) string {
	s := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	for len(s) > 76 {
		out.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	out.WriteString(s)
	return out.String()
}

func zipped(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func document(t testing.TB, s string, o Options) *Document {
	t.Helper()
	d, err := Read(mime.Memory(crlf(s)), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func kinds(list []Finding) (s []string) {
	for _, f := range list {
		s = append(s, f.Kind)
	}
	return s
}

func has(list []Finding, kind string) bool {
	for _, f := range list {
		if f.Kind == kind {
			return f.Text.Turkish != "" && f.Text.English != ""
		}
	}
	return false
}

func TestALetterIsReadWithItsForms(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n"
	d := document(t, head+`Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/related; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=iso-8859-9
Content-Transfer-Encoding: quoted-printable

Say=FDn Bora, faturan=FDz ektedir. Te=FEekk=FCrler.
--c
Content-Type: text/html; charset=utf-8

<p>Sayın <b>Bora</b>, faturanız ektedir. Teşekkürler.</p><img src="cid:amblem@x" alt="Amblem">
--c--
--b
Content-Type: image/png; name=amblem.png
Content-ID: <amblem@x>
Content-Transfer-Encoding: base64

`+b64([]byte(png))+`
--b--
--a
Content-Type: application/pdf; name=fatura.pdf
Content-Disposition: attachment; filename=fatura.pdf
Content-Transfer-Encoding: base64

`+b64([]byte("%PDF-1.7 fatura"))+`
--a--
`, Options{Picture: func(part string) string { return "/tr/parca/" + part }})
	if d.Head.Subject != "Fatura şubat" || d.Head.From == nil || d.Head.From.Address != "ayse@hs90.kep.test" || len(d.Head.To) != 1 || d.Head.Date.Hour() != 6 || d.Head.MessageID != "1@hs90.kep.test" {
		t.Errorf("head %+v", d.Head)
	}
	if len(d.Sections) != 1 {
		t.Fatalf("%d sections", len(d.Sections))
	}
	s := d.Sections[0]
	if s.Plain != "Sayın Bora, faturanız ektedir. Teşekkürler." || s.Made || s.HTML == nil || !strings.Contains(s.HTML.Body, `src="/tr/parca/1.2"`) {
		t.Errorf("section %+v %+v", s, s.HTML)
	}
	if len(d.Attachments) != 2 || !d.Attachments[0].Inline || d.Attachments[1].Inline {
		t.Fatalf("attachments %+v", d.Attachments)
	}
	a := d.Attachments[1]
	if a.Name != "fatura.pdf" || a.Type != "application/pdf" || a.Label.Turkish != "PDF belgesi" || a.Size != 15 || a.Digest != rem.DigestOf([]byte("%PDF-1.7 fatura")) || a.Risky() {
		t.Errorf("attachment %+v", a)
	}
	r, err := d.Open(a.Path)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "%PDF-1.7 fatura" {
		t.Errorf("%q %v", b, err)
	}
	if _, err := d.Open("9.9"); !errors.Is(err, ErrNoPart) {
		t.Errorf("a part that is not there: %v", err)
	}
	if len(d.Findings) != 1 || d.Findings[0].Kind != "form/doubt" { // the name in the header is not encoded
		t.Errorf("found %+v", d.Findings)
	}
}

// attached is a message with one attachment.
func attached(name, kind string, content []byte) string {
	return head + "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n\nEkte.\n--a\nContent-Type: " + kind + "\nContent-Disposition: attachment; filename=\"" + name +
		"\"\nContent-Transfer-Encoding: base64\n\n" + b64(content) + "\n--a--\n"
}

func TestAttachmentsAreWhatTheyHold(t *testing.T) {
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 5000)
	docx := func(more ...string) []byte {
		return zipped(t, append([]string{"[Content_Types].xml", "x", "word/document.xml", "x"}, more...)...)
	}
	encrypted := zipped(t, "a.txt", "x")
	for _, sign := range []struct {
		s  string
		at int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		encrypted[bytes.Index(encrypted, []byte(sign.s))+sign.at] |= 1
	}
	for _, c := range []struct {
		name, file, kind string
		content          []byte
		wantType, found  string // "" for nothing
	}{
		{"a document", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""},
		{"as any bytes", "a.docx", "application/octet-stream", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""},
		{"with macros", "a.docx", "application/octet-stream", docx("word/vbaProject.bin", "x"), "", "archive/macro"},
		{"an old document", "a.doc", "application/msword", []byte(ole + "W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00"), "application/msword", ""},
		{"an old one with macros", "a.doc", "application/msword", []byte(ole + "_\x00V\x00B\x00A\x00_\x00P\x00R\x00O\x00J\x00E\x00C\x00T\x00"), "", "content/macro"},
		{"a program", "fatura.exe", "application/octet-stream", []byte("MZ\x90\x00" + strings.Repeat("\x00", 100)), "application/x-msdownload", "content/program"},
		{"a program by name", "fatura.js", "text/plain", []byte("var a"), "", "content/program"},
		{"a program for a document", "fatura.pdf", "application/pdf", []byte("MZ\x90\x00" + strings.Repeat("\x00", 100)), "application/x-msdownload", "content/differs"},
		{"a page for a document", "fatura.pdf", "application/pdf", []byte("<html><body>x"), "text/html", "content/differs"},
		{"text for a document", "fatura.pdf", "application/pdf", []byte("merhaba"), "", "content/differs"},
		{"two endings", "fatura.pdf.exe", "application/octet-stream", []byte("x"), "", "name/double-ending"},
		{"a long gap", "fatura.pdf" + strings.Repeat(" ", 60) + ".exe", "application/octet-stream", []byte("x"), "", "name/gap"},
		{"a path", "../../a.txt", "text/plain", []byte("x"), "", "name/path"},
		{"an encrypted archive", "a.zip", "application/zip", encrypted, "application/zip", "archive/encrypted"},
		{"a program in an archive", "a.zip", "application/zip", zipped(t, "b/fatura.scr", "x"), "application/zip", "archive/executable"},
		{"a bomb", "a.zip", "application/zip", zipped(t, "a", strings.Repeat("\x00", 20<<20)), "application/zip", "archive/too-dense"},
		{"a script in a PDF", "a.pdf", "application/pdf", []byte("%PDF-1.7 " + strings.Repeat("x", 50000) + "/OpenAction << /S /JavaScript >>"), "application/pdf", "content/pdf-script"},
		{"an encrypted PDF", "a.pdf", "application/pdf", []byte("%PDF-1.7 /Encrypt 3 0 R"), "application/pdf", "content/encrypted"},
		{"a drawing with a script", "a.svg", "image/svg+xml", []byte("<svg xmlns='x'><script>x</script></svg>"), "image/svg+xml", "content/svg-script"},
		{"a package that is none", "a.eyp", "application/eyazisma", zipped(t, "a", "x"), "application/zip", "content/bad-package"},
		{"an invitation", "a.ics", "text/calendar", []byte("BEGIN:VCALENDAR\r\n"), "text/calendar", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := document(t, attached(c.file, c.kind, c.content), Options{})
			if len(d.Attachments) != 1 {
				t.Fatalf("%d attachments", len(d.Attachments))
			}
			a := d.Attachments[0]
			if c.wantType != "" && a.Type != c.wantType || a.Digest != rem.Digest(sha256.Sum256(c.content)) {
				t.Errorf("it is %s", a.Type)
			}
			if c.found == "" && len(a.Findings) > 0 || c.found != "" && !has(a.Findings, c.found) {
				t.Errorf("found %v", kinds(a.Findings))
			}
			if strings.ContainsAny(a.Name, "/\\\x00") || a.Name == "" {
				t.Errorf("the name is %q", a.Name)
			}
		})
	}
}

// AT-06: what two readers see differently is said.
func TestAnAmbiguousMessageIsSaidToBe(t *testing.T) {
	d := document(t, head+"Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\nContent-Type: text/plain\n\nbir\n--a--\n--b\nContent-Type: text/plain\n\niki\n--b--\n", Options{})
	if d.Difference == "" || !has(d.Findings, "form/ambiguous") {
		t.Errorf("difference %q, found %v", d.Difference, kinds(d.Findings))
	}
}

func TestFormsThatDifferAreSaidTo(t *testing.T) {
	d := document(t, head+"Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nToplantı salı günü yapılacaktır, bilginize sunarız.\n--a\nContent-Type: text/html\n\n<p>Hesabınıza yeni para yatırmanız gerekiyor</p>\n--a--\n", Options{})
	if !has(d.Findings, "form/alternatives") {
		t.Errorf("found %v", kinds(d.Findings))
	}
}

func TestFindingsOfAPageAreTheMessages(t *testing.T) {
	d := document(t, head+"Content-Type: text/html\n\n<p style='display:none'>gizli</p><a href='https://kotu.example/'>banka.com.tr</a>\n", Options{})
	if !has(d.Findings, "html/hidden-text") || !has(d.Findings, "html/deceptive-link") || !d.Sections[0].Made {
		t.Errorf("found %v", kinds(d.Findings))
	}
}

// Of a signed message only the signed part is shown.
func TestOnlyTheSignedPartIsShown(t *testing.T) {
	in := head + `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=a

--a
Content-Type: text/plain

imzalı
--a
Content-Type: application/pkcs7-signature; name=smime.p7s
Content-Transfer-Encoding: base64

MAA=
--a
Content-Type: text/plain

imzasız
--a--
`
	d := document(t, in, Options{})
	if d.Signature != SignatureUnchecked || len(d.Sections) != 1 || strings.TrimSpace(d.Sections[0].Plain) != "imzalı" || len(d.Attachments) != 0 || !has(d.Findings, "signature/beside") {
		t.Errorf("%+v", d)
	}
	if _, err := d.Open("3"); !errors.Is(err, ErrNoPart) {
		t.Error("the unsigned part is opened")
	}
	m, err := mime.Parse(mime.Memory(crlf(in)), mime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := document(t, in, Options{Verified: m.Parts[0]}); d.Signature != SignatureVerified || len(d.Sections) != 1 {
		t.Errorf("%+v", d)
	}
	other := &mime.Part{Whole: mime.Span{Start: 1, End: 2}}
	if _, err := Read(mime.Memory(crlf(in)), Options{Verified: other}); !errors.Is(err, ErrNoPart) {
		t.Errorf("the part of another message: %v", err)
	}
}

func TestAnAttachedMessageIsAnAttachment(t *testing.T) {
	d := document(t, head+"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n\nEkte.\n--a\nContent-Type: message/rfc822\n\nFrom: c@d.example\nSubject: eski\n\nmetin\n--a--\n", Options{})
	if len(d.Sections) != 1 || len(d.Attachments) != 1 || d.Attachments[0].Message == nil || d.Attachments[0].Message.Subject != "eski" || d.Attachments[0].Name != "eski.eml" {
		t.Errorf("%+v", d.Attachments)
	}
}

func TestSenders(t *testing.T) {
	for field, want := range map[string]string{
		"From: \"destek@banka.com.tr\" <x@kotu.example>\n":        "head/name-is-address",
		"From: a@b.example\nReply-To: c@d.example\n":              "head/reply-to",
		"From: a@xn--bnka-53d.example\n":                          "head/from-host",
		"From: a@b.example, c@d.example\n":                        "head/from",
		"From: a@b.example\nDisposition-Notification-To: c@d.e\n": "head/receipt",
	} {
		d := document(t, field+"\nx\n", Options{})
		if !has(d.Findings, want) {
			t.Errorf("%q: found %v", field, kinds(d.Findings))
		}
	}
}

// AT-11.
func TestNamesAreFitToBeSaved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a./\\: \u202e\u200b\x00CONexepdf….")))).Draw(t, "name")
		name, _ := fileName(in, "ek-1")
		if name == "" || len([]rune(name)) > maxName+1 || strings.ContainsAny(name, "/\\:*?\"<>|\x00\r\n") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
			t.Fatalf("%q is %q", in, name)
		}
		if again, _ := fileName(name, "ek-1"); again != name {
			t.Fatalf("%q is %q, and that is %q", in, name, again)
		}
	})
}

// Base64 in lines is read from any place, as if it were decoded whole.
func TestContentIsReadFromAnyPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := []byte(rapid.StringN(0, 3000, 3000).Draw(t, "content"))
		in := crlf(attached("a.bin", "application/octet-stream", content))
		m, err := mime.Parse(mime.Memory(in), mime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		at, err := contentAt(mime.Memory(in), m.Parts[1], int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		if _, regular := at.(*lines); !regular && len(content) > 0 {
			t.Fatalf("not seen as regular: %d bytes", len(content))
		}
		off := rapid.Int64Range(0, int64(len(content))).Draw(t, "offset")
		p := make([]byte, rapid.IntRange(0, 1500).Draw(t, "length"))
		n, err := at.ReadAt(p, off)
		want := bytes.NewReader(content)
		q := make([]byte, len(p))
		k, _ := want.ReadAt(q, off)
		if n != k || !bytes.Equal(p[:n], q[:k]) || n < len(p) && err != io.EOF {
			t.Fatalf("at %d of %d: %d bytes and %v, want %d", off, len(content), n, err, k)
		}
	})
}

// A message of 25 MB is not held in memory.
func TestALargeMessageIsReadInPieces(t *testing.T) {
	big := bytes.Repeat([]byte{0x25, 0x13, 0xa7}, 6<<20)
	in := []byte(crlf(attached("a.bin", "application/octet-stream", big)))
	src := bytes.NewReader(in)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d, err := Read(src, Options{})
	runtime.ReadMemStats(&after)
	if err != nil || d.Attachments[0].Size != int64(len(big)) {
		t.Fatal(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d bytes were allocated for a message of %d", used, len(in))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(crlf(attached("a.zip", "application/zip", zipped(f, "a", "b")))))
	f.Add([]byte(crlf(head + "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nx\n--a\nContent-Type: text/html\n\n<p>x\n--a--\n")))
	f.Add([]byte(crlf(head + "Content-Type: multipart/signed; boundary=a\n\n--a\n\nx\n--a\nContent-Type: message/rfc822\n\nFrom: a@b\n\nx\n--a--\n")))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := Read(mime.Memory(in), Options{Picture: func(p string) string { return "/p/" + p }})
		if err != nil {
			return
		}
		for _, a := range d.Attachments {
			r, err := d.Open(a.Path)
			if err != nil {
				t.Fatalf("%s: %v", a.Path, err)
			}
			h := sha256.New()
			n, err := io.Copy(h, r)
			if err != nil || n != a.Size || fmt.Sprintf("%x", h.Sum(nil)) != a.Digest.String() {
				t.Fatalf("%s: %d bytes, stated %d; %v", a.Path, n, a.Size, err)
			}
			if a.Name == "" || strings.ContainsAny(a.Name, "/\\\r\n\x00") {
				t.Fatalf("the name is %q", a.Name)
			}
		}
		for _, s := range d.Sections {
			if strings.ContainsAny(s.Plain, "\r\x00\u202e") {
				t.Fatalf("text %q", s.Plain)
			}
		}
	})
}
