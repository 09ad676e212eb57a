package smime_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
)

const unsigned = "From: ali@hs90.kep.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=UTF-8\r\nTo: bora@hs91.kep.test\r\n" +
	"Subject: =?utf-8?q?=C4=B0?=\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili,\r\n\r\n--=_im değil.\r\n"

func everything(t testing.TB, src mime.Source) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 8551 3.5.3: what is completed after signing elsewhere verifies, with each
// byte of the original where it was.
func TestAMessageIsSignedInTwoSteps(t *testing.T) {
	_, id, _ := signer(t)
	u, err := smime.Prepare(mime.Memory(unsigned), "imza")
	if err != nil {
		t.Fatal(err)
	}
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := u.Digest(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Sign(t.Context(), digest, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	src, err := u.Complete(crypto.SHA256, der)
	if err != nil {
		t.Fatal(err)
	}
	raw := everything(t, src)
	got, err := verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Content-Type: text/plain;\r\n charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili,\r\n\r\n--=_im değil.\r\n"; covered(t, raw, got) != want {
		t.Errorf("signed is %q", covered(t, raw, got))
	}
	if !bytes.HasPrefix(raw, []byte("From: ali@hs90.kep.test\r\nTo: bora@hs91.kep.test\r\nSubject: =?utf-8?q?=C4=B0?=\r\nMIME-Version: 1.0\r\n")) {
		t.Errorf("the header is %.200q", raw)
	}
	// In pieces of any size, from anywhere, it is the same.
	for _, size := range []int{1, 7, 100} {
		for off := int64(0); off < src.Size(); off += int64(size) {
			p := make([]byte, size)
			n, err := src.ReadAt(p, off)
			if n < size && !errors.Is(err, io.EOF) || !bytes.Equal(p[:n], raw[off:off+int64(n)]) {
				t.Fatalf("%d bytes at %d: %d, %v", size, off, n, err)
			}
		}
	}
	one, err := smime.Sign(t.Context(), []byte("From: ali@hs90.kep.test\r\nTo: bora@hs91.kep.test\r\nSubject: =?utf-8?q?=C4=B0?=\r\n"), []byte(covered(t, raw, got)), "imza", fixed{der}, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, raw) {
		t.Error("signing in one step makes another message")
	}
}

// fixed is a signer that has its answer.
type fixed struct{ der []byte }

func (fixed) Hash() crypto.Hash { return crypto.SHA256 }

func TestWhatCannotBeSignedAsItStandsIsRefused(t *testing.T) {
	s, _, _ := signer(t)
	for name, c := range map[string]struct{ message, boundary string }{
		"lone LF in the body":         {"From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nx\ny\r\n", "imza"},
		"lone CR in the body":         {"From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nx\ry\r\n", "imza"},
		"CR at the end":               {"From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nx\r", "imza"},
		"lone LF in the header":       {"From: a@b\nMIME-Version: 1.0\r\n\r\nx\r\n", "imza"},
		"signed already":              {string(sign(t, s)), "imza"},
		"the boundary occurs":         {unsigned, ""},
		"the boundary stands in it":   {"From: a@b\r\n\r\n--imza\r\n", "imza"},
		"an odd boundary":             {unsigned, "imza\r\nX: y"},
		"fields of MIME without MIME": {"From: a@b\r\nContent-Type: text/html\r\n\r\nx\r\n", "imza"},
	} {
		if _, err := smime.Prepare(mime.Memory(c.message), c.boundary); !errors.Is(err, smime.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A boundary that lies over the edge of two reads is found too.
	long := "From: a@b\r\n\r\n" + strings.Repeat("x", 32<<10-len("Content-Type: text/plain; charset=us-ascii\r\n\r\n")-3) + "--imza\r\n"
	if _, err := smime.Prepare(mime.Memory(long), "imza"); !errors.Is(err, smime.ErrForm) {
		t.Errorf("a boundary over an edge: %v", err)
	}
	if _, err := smime.Prepare(mime.Memory("From: a@b\r\n\r\nx\r\n"), "imza"); err != nil {
		t.Errorf("a plain message without fields of MIME: %v", err)
	}
}

func FuzzPrepare(f *testing.F) {
	f.Add([]byte(unsigned))
	f.Add([]byte("From: a@b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := smime.Prepare(mime.Memory(b), "imza0123456789")
		if err != nil {
			return
		}
		src, err := u.Complete(crypto.SHA256, []byte{0x30, 0})
		if err != nil {
			t.Fatal(err)
		}
		raw := everything(t, src)
		m, err := mime.Parse(mime.Memory(raw), mime.Options{})
		if err != nil {
			return // a limit that the whole exceeds
		}
		if len(m.Part.Parts) != 2 {
			t.Fatalf("%d parts of %q", len(m.Part.Parts), raw)
		}
		sum := crypto.SHA256.New()
		if err := m.Part.Parts[0].Whole.Copy(sum, mime.Memory(raw)); err != nil {
			t.Fatal(err)
		}
		want, err := u.Digest(crypto.SHA256)
		if err != nil || !bytes.Equal(sum.Sum(nil), want) {
			t.Errorf("what is signed is not what is read: %q", raw)
		}
	})
}

func (f fixed) Sign(context.Context, []byte, time.Time) ([]byte, error) { return f.der, nil }
