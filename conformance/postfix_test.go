package conformance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/smtpin"
	"rem/edge/smtpout"
	"rem/internal/testkit"
	"rem/internal/testkit/postfix"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

// liberal makes Postfix read as mail servers did before smuggling was known: LF
// alone ends a line, and stray CR and LF are brought on. Whatever could be
// smuggled past somebody is then smuggled past it. The rest keeps it from
// changing what it brings on.
var liberal = []string{
	"smtpd_forbid_bare_newline = no", "smtpd_forbid_unauth_pipelining = no", "cleanup_replace_stray_cr_lf = no",
	"smtpd_error_sleep_time = 0", "smtpd_soft_error_limit = 1000", "smtpd_hard_error_limit = 1000", "smtpd_junk_command_limit = 1000",
	"local_header_rewrite_clients =", "message_drop_headers =", "disable_mime_input_processing = yes",
	"enable_long_queue_ids = yes", "maillog_file = /dev/stdout", // long ones are not used again
}

// second is a whole message in the text of another. Where somebody sees the end
// of the first before it, this is one more.
const second = "MAIL FROM:<>\r\nRCPT TO:<bora@hs91.kep.test>\r\nDATA\r\nSubject: smuggled\r\n\r\ny\r\n.\r\n"

// sequences were each read as the end of a message by some server.
var sequences = []string{
	"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\r\n", "\r\r\n.\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n",
}

// bodies are strings of CR, LF, dot, NUL and x in the middle of a message, with
// a whole transaction behind each: what is clean, which we send, up to 5 octets
// (7 with REM_LONG=1), the known sequences, and of all else a sample.
func bodies() (clean, unclean []string) {
	longest, every := 5, 800
	if testkit.Long() {
		longest, every = 7, 100
	}
	all := 0
	var walk func(s string)
	walk = func(s string) {
		switch {
		case s == "":
		case !strings.ContainsAny(strings.ReplaceAll(s, "\r\n", ""), "\r\n\x00"):
			if len(s) <= longest {
				clean = append(clean, s)
			}
		default:
			if all++; all%every == 0 {
				unclean = append(unclean, s)
			}
		}
		if len(s) < 7 {
			for _, c := range []string{"\r", "\n", ".", "\x00", "x"} {
				walk(s + c)
			}
		}
	}
	walk("")
	for _, s := range sequences {
		unclean = append(unclean, s, "x"+s+"x")
	}
	return clean, unclean
}

// whole is a message with the string in it, whose lines all end in CRLF if the
// string's do.
func whole(number int, s string) string {
	return fmt.Sprintf("Subject: %d\r\n\r\na\r\n%s%s", number, s, second)
}

// newPostfix starts one, or says what is missing.
func newPostfix(t *testing.T, relay string, settings ...string) *postfix.Instance {
	t.Helper()
	// Not t.TempDir: its processes run as others and have to get there.
	dir, err := os.MkdirTemp("", "rem-postfix")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := postfix.Start(t.Context(), postfix.Options{Dir: dir, Relay: relay, Settings: append(append([]string{}, liberal...), settings...)})
	if err != nil {
		t.Fatalf("this test needs a Postfix of its own: %v", err)
	}
	t.Cleanup(p.Stop)
	return p
}

// emptied waits until everything that Postfix took is brought on.
func emptied(t *testing.T, p *postfix.Instance) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		n, err := p.Waiting()
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages stay in Postfix's queue:\n%s", n, p.Output())
		}
	}
}

// keyFiles writes an identity for a program.
func keyFiles(t *testing.T, id tls.Certificate) (certificate, key string) {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(id.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "crt.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: id.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// received are the lines that Postfix puts in front of a message.
var received = regexp.MustCompile(`\A(?:(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*)+`)

// AT-01, outgoing: the most liberal Postfix takes exactly one message for each
// that we say was taken, with our bytes, and none for what we keep back.
func TestPostfixTakesEachOfOurMessagesOnce(t *testing.T) {
	identity := tlskit.Identity(t, "mail.test")
	certificate, key := keyFiles(t, identity)
	p := newPostfix(t, "", "smtpd_tls_security_level = encrypt", "smtpd_tls_cert_file = "+certificate, "smtpd_tls_key_file = "+key)
	s, err := smtpout.New(smtpout.Config{Name: "hs90.kep.test", Certificate: tlskit.Identity(t, "hs90.kep.test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	peer := smtpout.Peer{Name: "mail.test", Address: p.Address, Pins: []rem.Digest{tlskit.Pin(identity)}}
	want, sent := map[string]int{}, 0
	send := func(content string) smtpout.Result {
		tx := smtp.Transaction{Sender: "isil@hs90.kep.test", EightBit: true, Recipients: []smtp.Recipient{{Path: "bora@hs91.kep.test"}}}
		r := s.Send(t.Context(), peer, tx, strings.NewReader(content))
		if r.Outcome == smtpout.Taken {
			want[content]++
			sent++
		}
		return r
	}
	clean, unclean := bodies()
	number := 0
	for _, body := range clean {
		number++
		if r := send(whole(number, body)); r.Outcome != smtpout.Taken {
			t.Fatalf("%q was not taken: %v %v", body, r.Outcome, r.Err)
		}
	}
	for _, body := range unclean {
		number++
		if r := send(whole(number, body)); r.Outcome != smtpout.Definite {
			t.Fatalf("%q was not kept back: %v %v", body, r.Outcome, r.Err)
		}
	}
	for _, file := range corpus(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if r := send(string(b)); r.Outcome != smtpout.Taken {
			t.Fatalf("%s was not taken: %v %v", file, r.Outcome, r.Err)
		}
	}
	emptied(t, p)
	files, err := filepath.Glob(filepath.Join(p.Maildir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		added := received.Find(b) // a maildir's lines end in LF
		got[strings.ReplaceAll(string(b[len(added):]), "\n", "\r\n")]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Postfix does not have what we sent (-sent +found):\n%s", diff)
	}
	t.Logf("%d sent, %d kept back, %d found", sent, number-len(clean), len(files))
}

// corpus are the messages and envelopes in the repository's test data.
func corpus(t *testing.T) (files []string) {
	t.Helper()
	root, err := testkit.Root()
	if err == nil {
		err = filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && strings.HasSuffix(file, ".eml") {
				files = append(files, file)
			}
			return err
		})
	}
	if err != nil || len(files) < 3 {
		t.Fatalf("the corpus is %v, %v", files, err)
	}
	return files
}

// AT-01, incoming: whatever Postfix was given, and however many messages it saw
// in it, our door takes or refuses exactly those which it brings on, and both
// sides say the same of each.
func TestPostfixAndOurDoorCountTheSameMessages(t *testing.T) {
	d, address := newDoor(t)
	certificate, key := keyFiles(t, tlskit.Identity(t, "hs90.kep.test"))
	p := newPostfix(t, address, "smtp_tls_security_level = encrypt", "smtp_tls_wrappermode = yes", "smtp_tls_cert_file = "+certificate, "smtp_tls_key_file = "+key)
	clean, unclean := bodies()
	number, queued, want := 0, map[string]bool{}, map[string]int{}
	give := func(content string) int {
		ids := giveRaw(t, p.Address, content)
		for _, id := range ids {
			queued[id] = true
		}
		return len(ids)
	}
	for _, body := range clean {
		number++
		content := whole(number, body)
		// The dots are the client's to stuff.
		stuffed := strings.ReplaceAll(content, "\r\n.", "\r\n..")
		if n := give(stuffed); n != 1 {
			t.Fatalf("Postfix sees %d messages in %q", n, body)
		}
		want[content]++
	}
	split := 0
	for _, body := range unclean {
		number++
		if give(whole(number, body)) > 1 {
			split++
		}
	}
	emptied(t, p)

	log := p.Output()
	taken, refused, dispatched := 0, 0, map[string]bool{}
	for _, m := range regexp.MustCompile(`: ([0-9A-Za-z]+): to=<[^>]*>.* status=(\w+) \((.*)\)`).FindAllStringSubmatch(log, -1) {
		id, status, reply := m[1], m[2], m[3]
		if !queued[id] || dispatched[id] {
			t.Errorf("Postfix brought %s on, which it was not given, or twice", id)
		}
		dispatched[id] = true
		switch {
		case status == "sent" && strings.HasPrefix(reply, "250 2.0.0 kept "):
			taken++
		case status == "bounced" && strings.Contains(reply, "550 5.6.11"):
			refused++
		default:
			t.Errorf("%s is %s: %s", id, status, reply)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(dispatched) != len(queued) || taken != len(d.kept) || refused != d.aborted {
		t.Errorf("Postfix has %d messages, of which it says that %d were taken and %d refused; we took %d and refused %d",
			len(queued), taken, refused, len(d.kept), d.aborted)
	}
	got := map[string]int{}
	for _, content := range d.kept {
		lines := received.ReplaceAllString(strings.ReplaceAll(content, "\r\n", "\n"), "")
		got[strings.ReplaceAll(lines, "\n", "\r\n")]++
	}
	for content, n := range want {
		if got[content] != n {
			t.Errorf("%q came %d times", content, got[content])
		}
	}
	if split == 0 || refused == 0 {
		t.Errorf("Postfix split %d and we refused %d: it is not the liberal one", split, refused)
	}
	t.Logf("%d streams, %d of them split by Postfix, %d messages: %d taken, %d refused", number, split, len(queued), taken, refused)
}

// giveRaw gives Postfix a stream after its go-ahead and returns the queue
// identifiers of what it took.
func giveRaw(t *testing.T, address, content string) (ids []string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	reply := func(want string) {
		t.Helper()
		for {
			line, err := r.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, want) {
				t.Fatalf("Postfix says %q, %v", line, err)
			}
			if line[3] == ' ' {
				return
			}
		}
	}
	reply("220")
	for _, step := range []struct{ command, want string }{
		{"EHLO client.test", "250"}, {"MAIL FROM:<>", "250"}, {"RCPT TO:<bora@hs91.kep.test>", "250"}, {"DATA", "354"},
	} {
		if _, err := io.WriteString(c, step.command+"\r\n"); err != nil {
			t.Fatal(err)
		}
		reply(step.want)
	}
	if _, err := io.WriteString(c, content+".\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%q: %v after %q", content, err, rest)
	}
	for _, m := range regexp.MustCompile(`(?m)^250 2\.0\.0 Ok: queued as (\w+)`).FindAllSubmatch(rest, -1) {
		ids = append(ids, string(m[1]))
	}
	return ids
}

// A door is our own for other providers, and keeps what it takes.
type door struct {
	mu      sync.Mutex
	kept    []string // guarded by mu
	aborted int      // guarded by mu
}

func newDoor(t *testing.T) (*door, string) {
	t.Helper()
	d := &door{}
	server, err := smtpin.New(smtpin.Config{
		Face: smtpin.Peer, Name: "hs91.kep.test", Implicit: true, Backend: d,
		TLS:    &tls.Config{Certificates: []tls.Certificate{tlskit.Identity(t, "hs91.kep.test")}, ClientAuth: tls.RequireAnyClientCert},
		Limits: smtpin.Limits{PerAddress: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // Postfix may keep a connection open
		<-served
	})
	return d, l.Addr().String()
}

func (d *door) Begin(context.Context, *smtpin.Session) error { return nil }
func (d *door) Authenticate(context.Context, *smtpin.Session, string, string) (smtpin.Principal, error) {
	return smtpin.Principal{}, smtpin.ErrCredentials
}
func (d *door) Mail(context.Context, *smtpin.Session, *smtp.Transaction) error { return nil }
func (d *door) Rcpt(context.Context, *smtpin.Session, *smtp.Transaction, smtp.Recipient) error {
	return nil
}
func (d *door) Data(context.Context, *smtpin.Session, smtp.Transaction) (smtpin.Sink, error) {
	return &doorSink{door: d}, nil
}

type doorSink struct {
	door *door
	bytes.Buffer
}

func (s *doorSink) Commit(context.Context) (string, error) {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	s.door.kept = append(s.door.kept, s.String())
	return fmt.Sprintf("kept %d", len(s.door.kept)), nil
}

func (s *doorSink) Abort() {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	s.door.aborted++
}
