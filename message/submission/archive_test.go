package submission_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"rem"
	"rem/internal/testkit/world"
	"rem/message/submission"
)

// counts is a scanner that finds nothing and remembers that it was asked.
type counts struct{ asked *int }

func (c counts) Scan(_ context.Context, r io.Reader, size int64) (string, error) {
	*c.asked++
	n, err := io.Copy(io.Discard, r)
	if err == nil && n != size {
		err = fmt.Errorf("%d octets of %d", n, size)
	}
	return "", err
}

func zipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("belge.bin")
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	_, err := g.Write(content)
	if err == nil {
		err = g.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attached is an entity of a text and a part of this type that holds b.
func attached(kind string, b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	var lines strings.Builder
	for len(text) > 76 {
		lines.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return "Content-Type: multipart/mixed; boundary=\"=_parca\"\r\n\r\n--=_parca\r\nContent-Type: text/plain\r\n\r\nEktedir.\r\n--=_parca\r\nContent-Type: " + kind +
		"\r\nContent-Disposition: attachment; filename=belge\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() + text + "\r\n--=_parca--\r\n"
}

// AT-09: what a scanner could not look through within the limits is refused with
// evidence before the scanner sees it, wherever it lies and whatever it says it is.
func TestWhatCannotBeScannedIsRefused(t *testing.T) {
	k := world.NewKit(t)
	bomb := zipped(t, make([]byte, 8<<20))
	var many bytes.Buffer
	z := zip.NewWriter(&many)
	for i := range 10_001 {
		if _, err := z.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	deep := []byte("içerik")
	for range 7 {
		deep = zipped(t, deep)
	}
	locked := zipped(t, []byte("x"))
	for _, at := range []int{6, bytes.Index(locked, []byte("PK\x01\x02")) + 8} {
		locked[at] |= 1
	}
	for _, c := range []struct {
		name   string
		entity string
		taken  bool
	}{
		{"a bomb", attached("application/zip", bomb), false},
		{"a bomb that says it is a text", attached("text/plain", bomb), false},
		{"a bomb that says it is a picture", attached("image/png", bomb), false},
		{"a bomb in gzip", attached("application/gzip", gzipped(t, make([]byte, 8<<20))), false},
		{"a bomb in a zip", attached("application/zip", zipped(t, bomb)), false},
		{"a bomb in a message", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + attached("application/zip", bomb), false},
		{"too many entries", attached("application/zip", many.Bytes()), false},
		{"too deep", attached("application/zip", deep), false},
		{"an ordinary one", attached("application/zip", zipped(t, []byte("içerik"))), true},
		{"an encrypted one", attached("application/zip", locked), true},
		{"a damaged one", attached("application/zip", bomb[:len(bomb)/2]), true},
		{"a form that is not opened here", attached("application/x-7z-compressed", []byte("7z\xbc\xaf\x27\x1c\x00\x04 and so on")), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			w := k.New(t, world.Options{Scanners: map[string]submission.Scanner{"hs90": counts{&asked}}})
			original := k.Sign(t, world.Letter{From: ayse, To: []string{bora}, Subject: "Arşiv", Entity: []byte(c.entity)}, 0)
			r := w.Submit("ayse", "hs90", original, bora)
			if c.taken {
				if r.Refusal != nil || asked == 0 {
					t.Errorf("refused with %v, the scanner was asked %d times", r.Refusal, asked)
				}
				return
			}
			if r.Refusal == nil || r.Refusal.Reason != rem.AttachmentNotAccepted || asked != 0 {
				t.Fatalf("refused with %v, the scanner was asked %d times", r.Refusal, asked)
			}
			if d := r.Refusal.Detail; !strings.Contains(d.Turkish, "taranamadı. ") || !strings.Contains(d.English, "cannot be scanned for malware. ") {
				t.Errorf("the text is %q", d)
			}
			f, err := w.Providers[world.Domain("hs90")].Store.Evidence(t.Context(), r.Evidence)
			if err != nil || len(f.Reasons) != 1 || f.Reasons[0] != rem.AttachmentNotAccepted {
				t.Errorf("the evidence says %v, %v", f.Reasons, err)
			}
			w.Rest()
			w.MustHold()
		})
	}
}
