package envelope

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/message"
	"rem/trust/cades"
)

func TestGoldenDispatch(t *testing.T) {
	golden(t, "golden/dispatch.eml", dispatch(t, &Maker{hs9, constant{}}, letter(300)))
}

func TestGoldenMessage(t *testing.T) {
	m := &Maker{hs9, constant{}}
	b, err := m.Message(t.Context(), record(letter(300)), []message.Filed{
		filed(message.RelayREMMDAcceptanceRejection, message.Positive, 1),
		filed(message.DeliveryNonDeliveryToRecipient, message.Negative, 1, rem.UnknownRecipient),
		filed(message.DeliveryNonDeliveryToRecipient, message.Positive, 2),
	}, rem.MustAddress("kep@hs91.kep.test"), at)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "golden/message.eml", b)
	e := readBytes(t, b)
	if e.Kind != Message || len(e.Evidence) != 3 || e.Evidence[2].Name != "DeliveryNonDeliveryToRecipient-2.xml" {
		t.Errorf("read %s with %d evidences", e.Kind, len(e.Evidence))
	}
}

// nasty are originals that invite a writer to change them, or to lose the
// place where they end.
func nasty() map[string][]byte {
	const head = "From: ayse@hs90.kep.test\r\n"
	own := dispatchOf(letter(500))
	return map[string][]byte{
		"a letter":               letter(5 << 10),
		"no body":                []byte(head),
		"8-bit":                  []byte(head + "\r\n\xdd\xfe \xff\r\n"),
		"a long line":            []byte(head + "\r\n" + strings.Repeat("x", 70_000) + "\r\n"),
		"dots":                   []byte(head + "\r\n.\r\n..\r\n.x\r\n"),
		"a mailbox line":         []byte(head + "\r\nFrom somebody\r\n"),
		"blank lines at the end": []byte(head + "\r\nx\r\n\r\n\r\n"),
		"white space at the end": []byte(head + "\r\nx \t \r\n  \r\n"),
		"a similar boundary":     []byte(head + "Content-Type: multipart/mixed; boundary=\"=_m-\"\r\n\r\n--=_m-\r\n\r\nx\r\n--=_m---\r\n"),
		"an open multipart":      []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n"),
		"an envelope":            own,
		"what ends an envelope":  []byte(head + "\r\n--\r\n----\r\n--=_s\r\n--=_s--\r\n"),
		"over a chunk":           letter(3*chunk + 5),
		"up to a chunk":          append(bytes.Repeat([]byte("A: b\r\n"), chunk/6), "C: dd\r\n"...),
	}
}

func dispatchOf(original []byte) []byte {
	r := record(original)
	r.ID = "01kaz3w5x0zzzzzzzzzzzzzzzz@hs90.kep.test" // another message, with other boundaries
	e, err := (&Maker{hs9, constant{}}).Dispatch(context.Background(), r, message.InMemory(original), submitted(), at)
	if err != nil {
		panic(err)
	}
	return bytes.Join([][]byte{e.Head, original, e.Tail}, nil)
}

// stored is a message.Content that is not in memory.
type stored struct {
	*bytes.Reader
	digest rem.Digest
}

func (c stored) Digest() rem.Digest { return c.digest }

func TestOriginalComesOutByteForByte(t *testing.T) {
	m, _ := world(t, simulator.P256)
	for name, original := range nasty() {
		r := record(original)
		var all [2][]byte
		for i, c := range []message.Content{message.InMemory(original), stored{bytes.NewReader(original), r.Digest}} {
			e, err := m.Dispatch(t.Context(), r, c, submitted(), at)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all[i] = bytes.Join([][]byte{e.Head, original, e.Tail}, nil)
			for _, src := range []mime.Source{mime.Memory(all[i]), bytes.NewReader(all[i])} {
				read, err := Read(src)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got, err := io.ReadAll(read.OriginalReader())
				if err != nil || !bytes.Equal(got, original) {
					t.Errorf("%s: %d bytes came out of %d: %v", name, len(got), len(original), err)
				}
				if d, err := read.OriginalDigest(m.Signer.Hash()); err != nil || !bytes.Equal(d, r.Digest[:]) {
					t.Errorf("%s: digest %x, %v", name, d, err)
				}
				if read.Kind != Dispatch || !read.Protected || len(read.Evidence) != 1 || !bytes.Equal(read.Evidence[0].Content, submitted().XML) {
					t.Errorf("%s: read as %s, protected %v, with %d evidences", name, read.Kind, read.Protected, len(read.Evidence))
				}
				if v, err := read.Verify(cades.VerifyOptions{}); err != nil || v.Level != "B-B" {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

func TestDispatchIsTheSameEachTime(t *testing.T) {
	a, b := dispatch(t, &Maker{hs9, constant{}}, letter(2000)), dispatch(t, &Maker{hs9, constant{}}, letter(2000))
	if !bytes.Equal(a, b) {
		t.Error("two dispatches of one message differ")
	}
}

// The boundaries of a message are drawn from its identifier; an original that
// holds them gets others.
func TestBoundaryInTheOriginalIsAvoided(t *testing.T) {
	m := &Maker{hs9, constant{}}
	d := m.draft(record(nil), nil, at, 0, new(desk))
	original := []byte("From: a@b\r\n\r\n--" + d.boundary("m") + "\r\n\r\n--" + d.boundary("s") + "--\r\n")
	e := readBytes(t, dispatch(t, m, original))
	if got, err := io.ReadAll(e.OriginalReader()); err != nil || !bytes.Equal(got, original) {
		t.Errorf("got %q, %v", got, err)
	}
	// Across the edge of a chunk too.
	long := append(bytes.Repeat([]byte("A: b\r\n"), chunk/6), original...)
	for shift := range 40 {
		in := append(bytes.Repeat([]byte("x"), shift), long...)
		r := record(in)
		env, err := m.Dispatch(t.Context(), r, stored{bytes.NewReader(in), r.Digest}, submitted(), at)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(env.Head, []byte(d.token)) {
			t.Fatalf("shift %d: the boundary was not seen", shift)
		}
	}
}

func TestWhatCannotBeConveyedIsRefused(t *testing.T) {
	m := &Maker{hs9, constant{}}
	whole := letter(400)
	bare := bytes.TrimSuffix(whole, []byte("\r\n"))
	for _, c := range []struct {
		name     string
		original []byte
		change   func(*message.Record)
		want     error
	}{
		{"no CRLF at the end", bare, nil, ErrOriginal},
		{"another digest", whole, func(r *message.Record) { r.Digest[0]++ }, ErrOriginal},
		{"another size", whole, func(r *message.Record) { r.Size++ }, ErrOriginal},
		{"no digest", whole, func(r *message.Record) { r.Digest = rem.Digest{} }, ErrOriginal},
		{"no sender", whole, func(r *message.Record) { r.Sender.Address = rem.Address{} }, ErrUnwritable},
		{"an identifier with a line end", whole, func(r *message.Record) { r.ID = "a@b\r\nX: y" }, ErrUnwritable},
	} {
		r := record(c.original)
		if c.change != nil {
			c.change(r)
		}
		if _, err := m.Dispatch(t.Context(), r, message.InMemory(c.original), submitted(), at); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := m.Message(t.Context(), record(whole), nil, hs9.Service, at); !errors.Is(err, ErrUnwritable) {
		t.Errorf("a message without evidence: %v", err)
	}
	none := filed(message.RelayREMMDFailure, message.Negative, 1)
	none.Outcome = message.Positive
	if _, err := m.Message(t.Context(), record(whole), []message.Filed{none}, hs9.Service, at); !errors.Is(err, ErrUnwritable) {
		t.Errorf("an outcome that the kind does not know: %v", err)
	}
}

// AT-04: nothing that a sender or another REM-MD chose leaves its place.
func TestHostileNamesStayInTheirFields(t *testing.T) {
	m := &Maker{hs9, constant{}}
	plain := readBytes(t, dispatch(t, m, letter(300)))
	for _, evil := range []string{"a\r\nBcc: x@y", "a\nb", "\x00", "\u2028X: y", "=?utf-8?q?=0D=0AX:?=", strings.Repeat("ş", 5000), "<script>alert(1)</script>", "--=_s-", "\u202etxt.exe"} {
		original := letter(300)
		r := record(original)
		r.Subject, r.Sender.Name, r.Recipients[0].Name, r.UAMessageID = evil, evil, evil, evil
		e, err := m.Dispatch(t.Context(), r, message.InMemory(original), submitted(), at)
		if err != nil {
			t.Fatalf("%.30q: %v", evil, err)
		}
		all := bytes.Join([][]byte{e.Head, original, e.Tail}, nil)
		read := readBytes(t, all)
		for _, f := range plain.Header.Fields {
			if n := read.Header.Count(f.Name); n != 1 && f.Name != fieldUAID522 {
				t.Errorf("%.30q: %s stands %d times", evil, f.Name, n)
			}
		}
		var w introduction
		w.write(hs9, r, []message.Filed{submitted()}, true)
		if len(read.Header.Fields) > len(plain.Header.Fields) || bytes.Contains(w.page, []byte("<script")) {
			t.Errorf("%.30q: it got out", evil)
		}
	}
}

// With tools that nobody here wrote.
func TestOpenSSLVerifiesEnvelopes(t *testing.T) {
	openssl := testkit.Tool(t, "openssl", "openssl")
	for _, key := range []simulator.KeyKind{simulator.P256, simulator.RSA2048} {
		m, w := world(t, key)
		dir := t.TempDir()
		root := filepath.Join(dir, "root.pem")
		write(t, root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Root().Certificate.Raw}))
		envelopes := nasty()
		for name, original := range envelopes {
			envelopes[name] = dispatch(t, m, original)
		}
		b, err := m.Message(t.Context(), record(letter(300)), []message.Filed{filed(message.DeliveryNonDeliveryToRecipient, message.Positive, 1)}, hs9.Service, at)
		if err != nil {
			t.Fatal(err)
		}
		envelopes["a message"] = b
		for name, b := range envelopes {
			file := filepath.Join(dir, "envelope.eml")
			write(t, file, b)
			out := filepath.Join(dir, "out")
			cmd := exec.Command(openssl, "cms", "-verify", "-cades", "-purpose", "any", "-attime", fmt.Sprint(at.Unix()), "-CAfile", root, "-in", file, "-out", out)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v\n%s", key, name, err, text)
				continue
			}
			e := readBytes(t, b)
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if want := b[e.Signed.Start:e.Signed.End]; !bytes.Equal(got, want) {
				t.Errorf("%s, %s: openssl saw %d signed bytes, not %d", key, name, len(got), len(want))
			}
		}
	}
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

const walk = `
import email, email.policy, hashlib, json, sys
data = sys.stdin.buffer.read()
m = email.message_from_bytes(data, policy=email.policy.default.clone(linesep="\r\n"))
parts = []
for p in m.walk():
    if p.is_multipart() and p.get_content_type() != "message/rfc822":
        parts.append([p.get_content_type(), "", ""]); continue
    if p.get_content_type() == "message/rfc822":
        parts.append([p.get_content_type(), p.get_filename() or "", ""]); continue
    parts.append([p.get_content_type(), p.get_filename() or "", hashlib.sha256(p.get_payload(decode=True)).hexdigest()])
print(json.dumps({"subject": m["Subject"], "from": m["From"], "parts": parts, "defects": [str(d) for p in m.walk() for d in p.defects]}))
`

// Python's mail library finds the same parts with the same content.
func TestPythonReadsTheSameParts(t *testing.T) {
	python := testkit.Tool(t, "python3", "python3")
	m, _ := world(t, simulator.P256)
	b := dispatch(t, m, letter(5<<10))
	cmd := exec.Command(python, "-c", walk)
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Subject, From string
		Parts         [][3]string
		Defects       []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Subject != "REM Dispatch: "+record(nil).Subject || got.From != `"On behalf of: ayse@hs90.kep.test" <kep@hs90.kep.test>` || len(got.Defects) > 0 {
		t.Errorf("got %+v", got)
	}
	tree, err := mime.Parse(mime.Memory(b), mime.Options{Messages: true})
	if err != nil {
		t.Fatal(err)
	}
	var want [][3]string
	for p := range tree.All() {
		w := [3]string{p.Type.Type, p.FileName(), ""}
		if len(p.Parts) == 0 {
			body, err := io.ReadAll(p.Decode(tree.Source))
			if err != nil {
				t.Fatal(err)
			}
			w[2] = rem.DigestOf(body).String()
		}
		want = append(want, w)
	}
	if diff := cmp.Diff(want, got.Parts); diff != "" {
		t.Errorf("(-ours +python):\n%s", diff)
	}
}

// Every kind has its words in both languages, and the introduction names what
// a person looks for.
func TestIntroductionTellsEveryKind(t *testing.T) {
	r := record(letter(300))
	for k := message.SubmissionAcceptanceRejection; k.Valid(); k++ {
		for _, o := range []message.Outcome{message.Positive, message.Negative} {
			if !k.Allows(o) {
				continue
			}
			f := filed(k, o, 1, rem.MailboxFull)
			var w introduction
			w.write(hs9, r, []message.Filed{f}, false)
			words := tales[happening{k, o}]
			for _, text := range []string{string(w.plain), html.UnescapeString(string(w.page))} {
				for _, want := range []string{words.name.Turkish, words.what.Turkish, "Bora Çelik", "Alıcının kutusu dolu", "23.11.2026 12:30:00 (UTC+3)", "2026-11-23T09:30:00Z",
					"remverify", "openssl", "xmlsec1", "Evidence", string(r.ID), r.Digest.String(), string(f.ID)} {
					if !strings.Contains(text, want) {
						t.Errorf("%s %s: nothing about %q", k, o, want)
					}
				}
				if at := strings.Index(text, words.name.English); at < 0 || at < strings.Index(text, words.name.Turkish) {
					t.Errorf("%s %s: English stands at %d", k, o, at)
				}
			}
			if words.event == "" {
				t.Errorf("%s %s: no event", k, o)
			}
		}
	}
}

// How to check an envelope is quoted beforehand; it reads as if all were quoted
// at once.
func TestIntroductionIsQuotedAsAWhole(t *testing.T) {
	for _, dispatch := range []bool{false, true} {
		var w introduction
		w.write(hs9, record(letter(300)), []message.Filed{submitted()}, dispatch)
		var pieces, whole mime.Builder
		w.quoted(&pieces, dispatch)
		whole.QuotedPrintableBytes(w.plain)
		got, _ := pieces.Bytes()
		want, _ := whole.Bytes()
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("dispatch %v (-want +got):\n%s", dispatch, diff)
		}
	}
}

// Envelopes are written where the one before was; what was made stays, also
// when many are made at once.
func TestEnvelopesDoNotShareBytes(t *testing.T) {
	m := &Maker{hs9, constant{}}
	make30 := func() error {
		var made, kept [][]byte
		for i := range 30 {
			original := letter(500 * i)
			r := record(original)
			r.Subject = strings.Repeat("Konu ", i)
			e, err := m.Dispatch(t.Context(), r, stored{bytes.NewReader(original), r.Digest}, submitted(), at)
			if err != nil {
				return err
			}
			b, err := m.Message(t.Context(), r, []message.Filed{submitted()}, hs9.Service, at)
			if err != nil {
				return err
			}
			read, err := Read(bytes.NewReader(b))
			if err != nil {
				return err
			}
			for _, b := range [][]byte{e.Head, e.Tail, b, read.Signature, read.Evidence[0].Content} {
				made, kept = append(made, b), append(kept, bytes.Clone(b))
			}
		}
		for i := range made {
			if !bytes.Equal(made[i], kept[i]) {
				return fmt.Errorf("piece %d has changed", i)
			}
		}
		return nil
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := make30(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
