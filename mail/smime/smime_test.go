package smime_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/pki"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
	"rem/trust/cms"
)

const (
	header   = "From: ali@hs90.kep.test\r\nTo: bora@hs91.kep.test\r\nSubject: =?utf-8?q?=C4=B0?=\r\n"
	entity   = "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili,\r\n\r\n--=_im değil.\r\n"
	boundary = "=_imza"
)

// signer makes a person's signer, and where his certificate and key are.
func signer(t testing.TB) (*cades.Signer, *simulator.Identity, *pki.World) {
	t.Helper()
	w := pki.New(t, simulator.Options{})
	id := w.Signatory(0, "ali@hs90.kep.test")
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		t.Fatal(err)
	}
	return s, id, w
}

func sign(t testing.TB, s smime.Signer) []byte {
	t.Helper()
	raw, err := smime.Sign(context.Background(), []byte(header), []byte(entity), boundary, s, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func verify(raw []byte) (*smime.Signed, error) {
	m, err := mime.Parse(mime.Memory(raw), mime.Options{})
	if err != nil {
		return nil, err
	}
	return smime.Verify(mime.Memory(raw), m.Part, cades.VerifyOptions{})
}

// covered is what a signature was verified over.
func covered(t testing.TB, raw []byte, s *smime.Signed) string {
	t.Helper()
	b, err := io.ReadAll(s.Content.Whole.Reader(mime.Memory(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatWasSignedVerifiesByteForByte(t *testing.T) {
	s, id, _ := signer(t)
	raw := sign(t, s)
	if !bytes.HasPrefix(raw, []byte(header+"MIME-Version: 1.0\r\n")) {
		t.Errorf("the header was written anew:\n%.300s", raw)
	}
	got, err := verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	if covered(t, raw, got) != entity {
		t.Errorf("the signature covers %q", covered(t, raw, got))
	}
	if !got.Signature.Certificate.Equal(id.Certificate) || !got.Signature.SigningTime.Equal(testkit.Epoch) {
		t.Errorf("signed by %s at %s", got.Signature.Certificate.Subject, got.Signature.SigningTime)
	}
}

func TestABoundaryThatOccursInTheEntityIsRefused(t *testing.T) {
	s, _, _ := signer(t)
	for _, within := range []string{"--" + boundary, "x\r\n--" + boundary + "--", "--" + boundary + "2"} {
		if _, err := smime.Sign(t.Context(), []byte(header), []byte(entity+within), boundary, s, testkit.Epoch); err == nil {
			t.Errorf("%q was signed", within)
		}
	}
}

// weak signs with a digest that no name is known for.
type weak struct{ smime.Signer }

func (weak) Hash() crypto.Hash { return crypto.SHA1 }

type unable struct{ smime.Signer }

func (unable) Sign(context.Context, []byte, time.Time) ([]byte, error) {
	return nil, errors.New("no card")
}

func TestASignatureThatCannotBeMadeIsAnError(t *testing.T) {
	s, _, _ := signer(t)
	for name, by := range map[string]smime.Signer{"a digest without a name": weak{s}, "a key that fails": unable{s}} {
		if raw, err := smime.Sign(t.Context(), []byte(header), []byte(entity), boundary, by, testkit.Epoch); err == nil {
			t.Errorf("%s gave %q", name, raw)
		}
	}
	for h, want := range map[crypto.Hash]string{crypto.SHA256: "sha-256", crypto.SHA384: "sha-384", crypto.SHA512: "sha-512", crypto.SHA1: "", crypto.MD5: ""} {
		if got := smime.Micalg(h); got != want {
			t.Errorf("%v: got %q, want %q", h, got, want)
		}
	}
}

func openssl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %v (Debian package openssl): %v\n%s", args, err, out)
	}
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOthersVerifyWhatWeSignAndWeVerifyWhatOthersSign(t *testing.T) {
	s, id, w := signer(t)
	dir := t.TempDir()
	certificate, key, err := id.Write(dir, "person")
	if err != nil {
		t.Fatal(err)
	}
	var anchors []byte
	for _, c := range w.Anchors() {
		anchors = append(anchors, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	root := write(t, "anchors.pem", anchors)

	out := filepath.Join(dir, "out")
	openssl(t, "cms", "-verify", "-cades", "-in", write(t, "mail", sign(t, s)), "-CAfile", root, "-purpose", "any", "-no_check_time", "-out", out)
	if got, err := os.ReadFile(out); err != nil || string(got) != entity {
		t.Errorf("openssl reads %q, %v", got, err)
	}

	plain := write(t, "entity", []byte(entity))
	for name, args := range map[string][]string{
		"as usual": nil, "in BER, as it is written": {"-stream"}, "with SHA-512": {"-md", "sha512"}, "without the chain": {"-nocerts", "-certfile", certificate},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "signed")
			openssl(t, append([]string{"cms", "-sign", "-cades", "-md", "sha256", "-signer", certificate, "-inkey", key, "-in", plain, "-crlfeol", "-out", file}, args...)...)
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := verify(raw)
			if err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
			if c := covered(t, raw, got); c != entity && c != entity+"\r\n" { // openssl may end the part with a line of its own
				t.Errorf("the signature covers %q", c)
			}
			if !got.Signature.Certificate.Equal(id.Certificate) {
				t.Errorf("signed by %s", got.Signature.Certificate.Subject)
			}
		})
	}
}

// signature takes the signature's part out of a message.
func signature(t testing.TB, raw []byte) (before, der, after []byte) {
	t.Helper()
	start := bytes.LastIndex(raw, []byte("\r\n\r\n")) + 4
	end := bytes.LastIndex(raw, []byte("\r\n--"+boundary+"--"))
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(raw[start:end]), "\r\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw[:start], der, raw[end:]
}

// replaced puts another signature into a message.
func replaced(t testing.TB, raw, der []byte) []byte {
	before, _, after := signature(t, raw)
	text := base64.StdEncoding.EncodeToString(der)
	var b bytes.Buffer
	b.Write(before)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text)
	b.Write(after)
	return b.Bytes()
}

// RFC 5652 allows BER around what is signed; what was verified is its DER form.
func TestIndefiniteLengthsAreReadAsTheirDER(t *testing.T) {
	s, _, _ := signer(t)
	raw := sign(t, s)
	_, der, _ := signature(t, raw)
	head := 2 // tag and length
	if der[1]&0x80 != 0 {
		head += int(der[1] & 0x7f)
	}
	ber := append(append([]byte{0x30, 0x80}, der[head:]...), 0, 0)
	got, err := verify(replaced(t, raw, ber))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.DER, der) {
		t.Error("the form that was verified is not that of the signer")
	}
	for name, bad := range map[string][]byte{
		"without its end": ber[:len(ber)-2], "with octets behind": append(bytes.Clone(ber), 0), "nothing": {}, "half": der[:len(der)/2],
		"another structure": {0x30, 0x03, 0x02, 0x01, 0x01}, "not ASN.1": []byte("signature"),
	} {
		if _, err := verify(replaced(t, raw, bad)); err == nil {
			t.Errorf("a signature %s was taken", name)
		}
	}
	if _, err := cms.ToDER(ber[:len(ber)-2]); err == nil {
		t.Error("an unended structure is DER")
	}
}

func TestWhatIsNotSignedIsToldApartFromWhatIsBroken(t *testing.T) {
	s, _, _ := signer(t)
	raw := string(sign(t, s))
	change := func(old, by string) string {
		if !strings.Contains(raw, old) {
			t.Fatalf("the message holds no %q", old)
		}
		return strings.Replace(raw, old, by, 1)
	}
	_, second, _ := strings.Cut(raw, entity)
	for _, c := range []struct {
		name, message string
		want          error
	}{
		{"plain mail", header + "\r\nMerhaba.\r\n", smime.ErrUnsigned},
		{"a mixed multipart", change("multipart/signed", "multipart/mixed"), smime.ErrUnsigned},
		{"another protocol", change(`protocol="application/pkcs7-signature"`, `protocol="application/pgp-signature"`), smime.ErrUnsigned},
		{"no protocol", change(`protocol="application/pkcs7-signature"`, `x="y"`), smime.ErrUnsigned},
		{"no part", header + "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n--b--\r\n", smime.ErrForm},
		{"one part", strings.Replace(raw, second, "\r\n--"+boundary+"--\r\n", 1), smime.ErrForm},
		{"three parts", change("\r\n--"+boundary+"--", "\r\n--"+boundary+"\r\n\r\nmore\r\n--"+boundary+"--"), smime.ErrForm},
		{"a signature of another type", strings.Replace(raw, "Content-Type: application/pkcs7-signature", "Content-Type: application/octet-stream", 1), smime.ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := verify([]byte(c.message)); !errors.Is(err, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
	if _, err := verify([]byte(strings.ReplaceAll(raw, "pkcs7-signature", "x-pkcs7-signature"))); err != nil {
		t.Errorf("the old name of the type: %v", err)
	}
}

// AT-20: a signature of one message under another, and every changed byte.
func TestNoChangedByteIsTakenForWhatWasSigned(t *testing.T) {
	s, _, _ := signer(t)
	raw := sign(t, s)
	other, err := smime.Sign(t.Context(), []byte(header), []byte(strings.Replace(entity, "ilgili", "bilgili", 1)), boundary, s, testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	_, der, _ := signature(t, other)
	if _, err := verify(replaced(t, raw, der)); err == nil {
		t.Error("the signature of another message was taken")
	}
	taken := 0
	for i := range raw {
		for _, mask := range []byte{1, 0x20, 0x80} {
			edited := bytes.Clone(raw)
			edited[i] ^= mask
			got, err := verify(edited)
			if err != nil {
				continue
			}
			taken++ // the outer header, or how the signature is written
			if covered(t, edited, got) != entity {
				t.Fatalf("byte %d, mask %#x: verified over %q", i, mask, covered(t, edited, got))
			}
			if start := bytes.Index(raw, []byte(entity)); i >= start && i < start+len(entity) {
				t.Fatalf("byte %d of the entity, mask %#x: taken", i, mask)
			}
		}
	}
	t.Logf("%d of %d changes are outside of what is signed", taken, 3*len(raw))
}

// broken fails where the entity lies, but only when it is hashed.
type broken struct {
	mime.Source
	fail *bool
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if *b.fail {
		return 0, errors.New("disk")
	}
	return b.Source.ReadAt(p, off)
}

func TestAFaultOfReadingSaysNothingOfTheSignature(t *testing.T) {
	s, _, _ := signer(t)
	raw := sign(t, s)
	fail := false
	src := broken{mime.Memory(raw), &fail}
	m, err := mime.Parse(src, mime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fail = true
	if _, err := smime.Verify(src, m.Part, cades.VerifyOptions{}); !errors.Is(err, smime.ErrSource) {
		t.Errorf("got %v, want ErrSource", err)
	}
}

// FuzzVerify begins with a message that TestWhatWasSignedVerifiesByteForByte
// could have made; keys that are made anew would leave little time for it.
func FuzzVerify(f *testing.F) {
	raw, err := os.ReadFile("testdata/signed.eml")
	if err != nil {
		f.Fatal(err)
	}
	if _, err := verify(raw); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(bytes.ReplaceAll(raw, []byte("pkcs7-signature"), []byte("x-pkcs7-signature")))
	f.Add(replaced(f, raw, []byte{0x30, 0x80, 0x06, 0x01, 0x01, 0, 0}))
	f.Add([]byte(header + "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMAA=\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: multipart/signed\r\n\r\n"))
	want := rem.DigestOf([]byte(entity))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := verify(raw)
		if err != nil {
			return
		}
		// Nobody else's key is among the seeds, so only what was signed verifies.
		if rem.DigestOf([]byte(covered(t, raw, got))) != want {
			t.Fatalf("verified over %q", covered(t, raw, got))
		}
	})
}
