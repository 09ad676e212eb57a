package reading

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"rem/mail/archive"
	"rem/mail/mime"
)

func mixed(parts ...string) string {
	return head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Join(parts, "\n--b\n") + "\n--b--\n"
}

func attachedZip(t testing.TB, name string, files ...string) string {
	return "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=" + name + "\nContent-Transfer-Encoding: base64\n\n" + b64(zipped(t, files...))
}

// AT-09: the limits are for all containers of a message together, and a scanner reads
// everything but those that it is kept out of, once and in order.
func TestAScannerReadsEverythingButBombs(t *testing.T) {
	bomb := attachedZip(t, "bomba.zip", "a", strings.Repeat("\x00", 4<<20))
	good := attachedZip(t, "iyi.zip", "a.txt", "içerik")
	text := "Content-Type: text/plain\n\nMerhaba"
	inner := "Content-Type: message/rfc822\n\n" + strings.ReplaceAll(mixed(text, bomb), "--b", "--c")
	inner = strings.Replace(inner, "boundary=b", "boundary=c", 1)
	for _, c := range []struct {
		name   string
		mail   string
		names  []string
		beyond int
	}{
		{"texts alone", mixed(text, text), nil, 0},
		{"a good one", mixed(text, good), []string{"iyi.zip"}, 0},
		{"bombs among others", mixed(bomb, text, good, bomb, inner, text), []string{"bomba.zip", "iyi.zip", "bomba.zip", "bomba.zip"}, 3},
	} {
		src := mime.Memory(crlf(c.mail))
		list, err := Containers(t.Context(), src, archive.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want := []byte(src)
		beyond := 0
		var names []string
		for i := range list {
			names = append(names, list[i].Name)
			if list[i].Beyond() != nil {
				beyond++
				body, err := list[i].Body.Bytes(src, len(src))
				if err != nil {
					t.Fatal(err)
				}
				want = bytes.Replace(want, body, nil, 1)
			}
		}
		if strings.Join(names, " ") != strings.Join(c.names, " ") || beyond != c.beyond {
			t.Errorf("%s: %v are containers, %d beyond the limits", c.name, names, beyond)
		}
		r, size := Scannable(src, list)
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) || size != int64(len(want)) {
			t.Errorf("%s: a scanner reads %d octets, said to be %d, of %d: %v", c.name, len(got), size, len(want), err)
		}
	}
}

func TestLimitsAreForAllContainersTogether(t *testing.T) {
	one := attachedZip(t, "a.zip", "a", strings.Repeat("abcdefgh", 512), "b", "x")
	src := mime.Memory(crlf(mixed(one, one, one)))
	for _, c := range []struct {
		l    archive.Limits
		kind archive.Kind
	}{{archive.Limits{Total: 10_000}, archive.TooMuch}, {archive.Limits{Entries: 5}, archive.TooMany}} {
		list, err := Containers(t.Context(), src, c.l)
		if err != nil || len(list) != 3 {
			t.Fatal(len(list), err)
		}
		for i, want := range []bool{false, false, true} {
			if f := list[i].Beyond(); (f != nil && f.Kind == c.kind) != want {
				t.Errorf("%+v: container %d has %v", c.l, i, f)
			}
		}
	}
}

func TestLookingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	src := mime.Memory(crlf(mixed(attachedZip(t, "a.zip", "a", "x"))))
	if _, err := Containers(ctx, src, archive.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A message without attachments costs its parsing.
func BenchmarkContainers(b *testing.B) {
	for name, s := range map[string]string{
		"text":   mixed("Content-Type: text/plain\n\n" + strings.Repeat("Merhaba\n", 100)),
		"signed": mixed("Content-Type: text/plain\n\n"+strings.Repeat("Merhaba\n", 100), "Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n"+b64(bytes.Repeat([]byte("0\x82"), 3000))),
		"zip":    mixed(attachedZip(b, "a.zip", "a", strings.Repeat("içerik ", 10_000))),
	} {
		src := mime.Memory(crlf(s))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Containers(b.Context(), src, archive.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
