package mailbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
)

func whole(t testing.TB, c message.Content) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	must(t, err)
	if closer, ok := c.(io.Closer); ok {
		must(t, closer.Close())
	}
	return b
}

// python reads a message with another parser than ours.
const python = `
import email, email.policy, sys, json
m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
text = m.get_body(('plain',)).get_content()
html = m.get_body(('html',))
print(json.dumps({'subject': m['subject'], 'from': m['from'].addresses[0].addr_spec, 'to': [a.addr_spec for a in m['to'].addresses],
  'cc': [a.display_name for a in m['cc'].addresses], 'text': text, 'html': html.get_content() if html else None, 'defects': [str(d) for p in m.walk() for d in p.defects],
  'files': [[a.get_filename(), a.get_content_type(), a.get_payload(decode=True).hex()] for a in m.iter_attachments()]}))
`

func TestADraftIsComposedAsOthersReadIt(t *testing.T) {
	w, here, _ := setUp(t)
	here.box.Spool = func() mailbox.Spool { return here.p.Store.Spool() }
	me, ctx := here.visitor(world.Users[0]), t.Context()
	random := testkit.Rand(t, 3)
	file := make([]byte, 200_001)
	for i := range file {
		file[i] = byte(random.Uint32())
	}
	d := mailbox.Draft{
		ID: "draft-0001", To: []string{"Ayşe Öz <ayse@b.kep.test>", "x@b.kep.test"}, Cc: []string{"\"Çınar, Ğ\" <c@b.kep.test>"}, Subject: strings.Repeat("Işık faturası ", 20),
		Text: "Dilekçe\n.\n-- \nFrom here\n" + strings.Repeat("ğ", 200) + "\n", HTML: "<p>Dilekçe</p>\n",
	}
	for n, size := range []int{0, 57, 200_001} {
		id := string(rune('a' + n))
		got, digest, err := here.box.Attach(ctx, me, d.ID, id, bytes.NewReader(file[:size]), 1<<20)
		must(t, err)
		d.Files = append(d.Files, mailbox.File{ID: id, Name: "çek " + id + ".pdf", Type: "application/pdf", Size: got, Digest: digest})
	}
	_, err := here.box.Save(ctx, me, d)
	must(t, err)
	compose := func() []byte {
		c, err := here.box.Compose(ctx, me, d.ID)
		must(t, err)
		return whole(t, c)
	}
	b := compose()
	w.Clock.Advance(1 << 40)
	if !bytes.Equal(b, compose()) {
		t.Error("the same draft gives other bytes")
	}
	if _, err := mime.Parse(mime.Memory(b), mime.Options{Limits: mime.DefaultLimits}); err != nil {
		t.Error(err)
	}
	if bytes.Contains(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n")) {
		t.Error("a line ends without CR")
	}
	command := exec.Command("python3", "-c", python)
	command.Stdin, command.Stderr = bytes.NewReader(b), os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal("python3: ", err)
	}
	var read struct {
		Subject, From, Text, HTML string
		To, Cc, Defects           []string
		Files                     [][]string
	}
	must(t, json.Unmarshal(out, &read))
	if strings.TrimSpace(read.Subject) != strings.TrimSpace(d.Subject) || read.From != world.Address(world.Users[0], world.Codes[0]) || strings.Join(read.To, " ") != "ayse@b.kep.test x@b.kep.test" || strings.Join(read.Cc, "") != "Çınar, Ğ" ||
		strings.TrimSpace(read.HTML) != strings.TrimSpace(d.HTML) || strings.TrimSpace(read.Text) != strings.TrimSpace(d.Text) || len(read.Defects) > 0 || len(read.Files) != 3 {
		t.Errorf("another reader gets %+v", read)
	}
	for n, f := range read.Files {
		size := []int{0, 57, 200_001}[n]
		if f[0] != d.Files[n].Name || f[1] != "application/pdf" || len(f[2]) != 2*size {
			t.Errorf("file %d is %.80v", n, f)
		}
	}
	signs(t, b)
	// Everybody's draft of the account, and nobody else's.
	if _, err := here.box.Compose(ctx, here.visitor(world.Users[1]), d.ID); err == nil {
		t.Error("another account composes it")
	}
}

// signs shows that openssl signs what was composed, and finds it unchanged.
func signs(t *testing.T, b []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(at("m.eml"), b, 0o600))
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout", at("k.pem"), "-out", at("c.pem"), "-days", "2"},
		{"cms", "-sign", "-in", at("m.eml"), "-signer", at("c.pem"), "-inkey", at("k.pem"), "-out", at("s.eml"), "-crlfeol"},
		{"cms", "-verify", "-in", at("s.eml"), "-CAfile", at("c.pem"), "-purpose", "any", "-out", at("v.eml")},
	} {
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0]+" "+args[1], err, out)
		}
	}
	v, err := os.ReadFile(at("v.eml"))
	must(t, err)
	if got, want := bytes.ReplaceAll(v, []byte("\r\n"), []byte("\n")), bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")); !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
		t.Error("what openssl verified is not what was composed")
	}
}
