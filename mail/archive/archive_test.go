package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

type file struct{ name, content string }

func zipped(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.content)
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

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	g := gzip.NewWriter(&out)
	if _, err := g.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarred(t testing.TB, headers ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sharing is a zip whose entries all stand for the same bytes.
func sharing(n int) []byte {
	content := strings.Repeat("a", 1000)
	var b bytes.Buffer
	le := binary.LittleEndian
	local := make([]byte, lenLocal)
	le.PutUint32(local, sigLocal)
	le.PutUint32(local[14:], crc32.ChecksumIEEE([]byte(content)))
	le.PutUint32(local[18:], 1000)
	le.PutUint32(local[22:], 1000)
	le.PutUint16(local[26:], 1)
	b.Write(local)
	b.WriteString("a" + content)
	at := b.Len()
	for range n {
		c := make([]byte, lenCentral)
		le.PutUint32(c, sigCentral)
		le.PutUint32(c[16:], crc32.ChecksumIEEE([]byte(content)))
		le.PutUint32(c[20:], 1000)
		le.PutUint32(c[24:], 1000)
		le.PutUint16(c[28:], 1)
		b.Write(c)
		b.WriteString("a")
	}
	end := make([]byte, lenEnd)
	le.PutUint32(end, sigEnd)
	le.PutUint16(end[8:], uint16(n))
	le.PutUint16(end[10:], uint16(n))
	le.PutUint32(end[12:], uint32(b.Len()-at))
	le.PutUint32(end[16:], uint32(at))
	b.Write(end)
	return b.Bytes()
}

func patched(b []byte, sign uint32, at int, value ...byte) []byte {
	b = bytes.Clone(b)
	i := bytes.Index(b, binary.LittleEndian.AppendUint32(nil, sign))
	copy(b[i+at:], value)
	return b
}

// AT-09: what would harm a reader is found, and the report says that not all was
// looked at.
func TestHarmIsFound(t *testing.T) {
	plain := zipped(t, file{"a.txt", "merhaba"}, file{"b.txt", "dünya"})
	bomb := zipped(t, file{"a", strings.Repeat("\x00", 20<<20)})
	deep := zipped(t, file{"a.txt", "x"})
	for i := range 8 {
		deep = zipped(t, file{fmt.Sprintf("%d.zip", i), string(deep)})
	}
	many := make([]file, 200)
	for i := range many {
		many[i].name = fmt.Sprint(i)
	}
	for _, c := range []struct {
		name     string
		in       []byte
		want     Kind // "" for nothing
		complete bool
	}{
		{"nothing", plain, "", true},
		{"no container", []byte("merhaba"), "", true},
		{"an empty zip", zipped(t), "", true},
		{"a bomb", bomb, TooDense, false},
		{"a bomb in gzip", gzipped(t, make([]byte, 20<<20)), TooDense, false},
		{"a bomb in a zip in gzip", gzipped(t, bomb), TooDense, false},
		{"many levels", deep, TooDeep, false},
		{"many entries", zipped(t, many...), TooMany, false},
		{"much", zipped(t, file{"a", strings.Repeat("Sayın Bora, ekte. ", 3000)}, file{"b", strings.Repeat("Sayın Bora, ekte. ", 3000)}), TooMuch, false},
		{"entries that share bytes", sharing(50), Overlap, false},
		{"bytes before", append([]byte("#!/bin/sh\n"), plain...), TwoReadings, false},
		{"bytes behind", append(bytes.Clone(plain), "x"...), TwoReadings, false},
		{"another name in the header", patched(plain, sigLocal, lenLocal, 'c'), TwoReadings, false},
		{"another method in the header", patched(plain, sigLocal, 8, 0), TwoReadings, false},
		{"fewer entries stated", patched(plain, sigEnd, 8, 1, 0, 1, 0), TwoReadings, false},
		{"more entries stated", patched(plain, sigEnd, 8, 3, 0, 3, 0), TwoReadings, false},
		{"encrypted", patched(patched(plain, sigLocal, 6, 9), sigCentral, 8, 9), Encrypted, false},
		{"packed otherwise", patched(patched(plain, sigLocal, 8, 14), sigCentral, 10, 14), UnknownMethod, false},
		{"another sum", patched(plain, sigCentral, 16, 1, 2, 3, 4), WrongSum, true},
		{"a name twice", zipped(t, file{"a.txt", "x"}, file{"A.TXT", "y"}), NameTwice, true},
		{"a name that leads out", zipped(t, file{"../../etc/passwd", "x"}), NameOutside, true},
		{"one for Windows", zipped(t, file{`C:\a`, "x"}), NameOutside, true},
		{"a program", zipped(t, file{"fatura.pdf.exe", "MZ"}), Executable, true},
		{"a program by content", zipped(t, file{"fatura.pdf", "\x7fELF\x02\x01\x01"}), Executable, true},
		{"macros", zipped(t, file{"word/vbaProject.bin", "x"}), Macro, true},
		{"another form", []byte("7z\xbc\xaf\x27\x1c\x00\x04........"), Unread, false},
		{"a link in a tar", tarred(t, &tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), Link, true},
		{"a tar that leads out", tarred(t, &tar.Header{Name: "/etc/x", Size: 3, Typeflag: tar.TypeReg, Mode: 0o600}), NameOutside, true},
		{"a cut gzip", gzipped(t, []byte(strings.Repeat("abc", 1000)))[:30], WrongSum, true},
		{"a tar in gzip", gzipped(t, tarred(t, &tar.Header{Name: "a.exe", Size: 3, Typeflag: tar.TypeReg, Mode: 0o600})), Executable, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Inspect(bytes.NewReader(c.in), int64(len(c.in)), Limits{Entries: 150, Total: 100 << 10, Depth: 5})
			if c.want == TooDense {
				r, err = Inspect(bytes.NewReader(c.in), int64(len(c.in)), Limits{})
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(r.Findings) > 0 || c.want != "" && !r.Has(c.want) || r.Complete() != c.complete {
				t.Errorf("found %v, complete %v", r.Findings, r.Complete())
			}
			for _, f := range r.Findings {
				if x := f.Text(); x.Turkish == "" || x.English == "" {
					t.Errorf("%s has no text", f.Kind)
				}
			}
		})
	}
}

// A bomb costs what the limits say, however large it is: a counter, not a clock.
func TestABombIsLeftAtTheLimit(t *testing.T) {
	in := zipped(t, file{"a", strings.Repeat("\x00", 64<<20)})
	r, err := Inspect(bytes.NewReader(in), int64(len(in)), Limits{Total: 1 << 20, Ratio: 1 << 40})
	if err != nil || !r.Has(TooMuch) || r.Total > 1<<20+HeadBytes+32<<10 {
		t.Fatalf("%d bytes came out: %v %v", r.Total, r.Findings, err)
	}
}

func TestASourceThatFailsIsAnError(t *testing.T) {
	in := zipped(t, file{"a.txt", strings.Repeat("abc", 5000)}, file{"b.txt", "y"})
	failure := errors.New("disk")
	for at := range int64(len(in)) {
		if _, err := Inspect(failing{bytes.NewReader(in), at, failure}, int64(len(in)), Limits{}); !errors.Is(err, failure) {
			t.Fatalf("byte %d cannot be read, and the error is %v", at, err)
		}
	}
}

type failing struct {
	io.ReaderAt
	at  int64
	err error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off <= f.at && f.at < off+int64(len(p)) {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

func TestTypesByContent(t *testing.T) {
	for in, want := range map[string]string{
		"%PDF-1.7": "application/pdf", "PK\x03\x04": "application/zip", "MZ\x90\x00" + strings.Repeat("\x00", 64): "application/x-msdownload", "MZ Sayın": "text/plain",
		"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30": "application/pkcs7-signature", "  <HTML><p>": "text/html", "<?xml version='1.0'?><svg/>": "image/svg+xml",
		"<?xml version='1.0'?><a/>": "text/xml", "Sayın Bora": "text/plain", "\x00\x01": "application/octet-stream", "": "text/plain", "#!/bin/sh": "text/x-script",
	} {
		if got := Sniff([]byte(in)); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(zipped(f, file{"a.txt", "merhaba"}, file{"b.zip", string(zipped(f, file{"c", "d"}))}))
	f.Add(gzipped(f, tarred(f, &tar.Header{Name: "a", Size: 3, Typeflag: tar.TypeReg, Mode: 0o600})))
	f.Add(sharing(3))
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l := Limits{Total: 1 << 20, Entries: 100, Depth: 3, Nested: 1 << 16}
		r, err := Inspect(bytes.NewReader(in), int64(len(in)), l)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Entries) > l.Entries || r.Total > 4*l.Total || len(r.Findings) > 2*maxFindings {
			t.Fatalf("%d entries, %d bytes, %d findings", len(r.Entries), r.Total, len(r.Findings))
		}
		// What this reader takes whole, the standard library's sees alike.
		if !r.Complete() || r.Format != "zip" || r.Has(WrongSum) {
			return
		}
		std, err := zip.NewReader(bytes.NewReader(in), int64(len(in)))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			t.Fatalf("the standard library does not read it: %v", err)
		}
		own, err := Zip(bytes.NewReader(in), int64(len(in)), l.Entries)
		if err != nil || len(own.Entries) != len(std.File) {
			t.Fatalf("%d entries and %d: %v", len(own.Entries), len(std.File), err)
		}
		for i, e := range own.Entries {
			if s := std.File[i]; int64(s.UncompressedSize64) != e.Size || int64(s.CompressedSize64) != e.Packed {
				t.Fatalf("entry %d differs", i)
			}
		}
	})
}
