package imapd_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/message/mailbox"
)

// run runs a mail program that nobody here wrote.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mails are the messages that a program left under a folder, without line ends'
// differences.
func mails(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(filepath.Dir(path)) != "cur" && filepath.Base(filepath.Dir(path)) != "new" {
			return err
		}
		b, err := os.ReadFile(path)
		list = append(list, strings.ReplaceAll(string(b), "\r\n", "\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMbsyncCopiesAMailboxAndItsNews(t *testing.T) {
	program := testkit.Tool(t, "mbsync", "isync")
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"))
	dir := t.TempDir()
	host, port, _ := net.SplitHostPort(w.addr)
	write(t, filepath.Join(dir, "cert.pem"), w.certificate())
	write(t, filepath.Join(dir, "rc"), fmt.Sprintf(`IMAPAccount kep
Host %s
Port %s
User %s
Pass %s
SSLType IMAPS
CertificateFile %s

IMAPStore far
Account kep

MaildirStore near
Path %s/mail/
Inbox %s/mail/INBOX
SubFolders Verbatim

Channel kep
Far :far:
Near :near:
Patterns INBOX "Taslaklar"
Create Both
Expunge None
Sync All
SyncState *
`, host, port, address, password, filepath.Join(dir, "cert.pem"), dir, dir))
	if err := os.MkdirAll(filepath.Join(dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	sync := func() { t.Log(run(t, dir, program, "-c", filepath.Join(dir, "rc"), "-a")) }
	sync()
	if got := mails(t, filepath.Join(dir, "mail", "INBOX")); len(got) != 2 || !strings.Contains(strings.Join(got, ""), "gizli metin 2") {
		t.Fatalf("%d messages: %q", len(got), got)
	}
	w.arrive(mailbox.Received, letter(3, "üç"))
	write(t, filepath.Join(dir, "mail", "Taslaklar", "cur", "1.M1.host:2,S"), strings.ReplaceAll(letter(9, "taslak"), "\r\n", "\n"))
	sync()
	if got := mails(t, filepath.Join(dir, "mail", "INBOX")); len(got) != 3 {
		t.Errorf("%d messages after one more came", len(got))
	}
	r := w.rawLogin()
	has(t, r.do("STATUS Taslaklar (MESSAGES)"), "MESSAGES 1")
	if n := w.ledger.openings(); n != 3 {
		t.Errorf("%d openings were recorded for 3 messages", n)
	}
}

func TestOfflineimapCopiesAMailbox(t *testing.T) {
	program := testkit.Tool(t, "offlineimap", "offlineimap3")
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"))
	dir := t.TempDir()
	_, port, _ := net.SplitHostPort(w.addr)
	write(t, filepath.Join(dir, "cert.pem"), w.certificate())
	write(t, filepath.Join(dir, "rc"), fmt.Sprintf(`[general]
accounts = kep
ui = basic
[Account kep]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = %s/mail
[Repository far]
type = IMAP
remotehost = %s
remoteport = %s
remoteuser = %s
remotepass = %s
ssl = yes
sslcacertfile = %s/cert.pem
readonly = True
`, dir, "localhost", port, address, password, dir))
	run(t, dir, program, "-o", "-1", "-c", filepath.Join(dir, "rc"))
	if got := mails(t, filepath.Join(dir, "mail", "INBOX")); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
	if _, err := os.Stat(filepath.Join(dir, "mail", "Deliller")); err != nil {
		t.Error(err)
	}
}

func TestCurlListsAndFetches(t *testing.T) {
	program := testkit.Tool(t, "curl", "curl")
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"))
	curl := func(args ...string) string {
		return run(t, t.TempDir(), program, append([]string{"-sS", "--insecure", "--user", address + ":" + password}, args...)...)
	}
	has(t, curl("imaps://"+w.addr), "INBOX", "Deliller")
	has(t, curl("imaps://"+w.addr+"/INBOX;MAILINDEX=1;SECTION=HEADER"), "Subject: bir")
	if w.ledger.openings() != 0 {
		t.Error("the header opened the message")
	}
	has(t, curl("imaps://"+w.addr+"/INBOX;MAILINDEX=1"), "gizli metin 1")
	if w.ledger.openings() != 1 {
		t.Error("the body did not open the message")
	}
}

func TestNeomuttReadsAMessage(t *testing.T) {
	program := testkit.Tool(t, "neomutt", "neomutt")
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cert.pem"), w.certificate())
	write(t, filepath.Join(dir, "rc"), fmt.Sprintf("set imap_user=%s\nset imap_pass=%s\nset ssl_verify_host=no\nset certificate_file=%s/cert.pem\nset ssl_force_tls=yes\nset folder=imaps://%s/\nset spoolfile=+INBOX\nset timeout=5\nset copy=no\n"+
		"set wait_key=no\nset pipe_decode=no\npush \"<tag-pattern>~A<enter><tag-prefix><copy-message>%s/copy<enter>y<exit>\"\n", address, password, dir, w.addr, dir))
	// It wants a terminal; script(1) is one.
	_ = run(t, dir, "timeout", "20", "script", "-qec", fmt.Sprintf("%s -n -F %s/rc", program, dir), "/dev/null")
	b, err := os.ReadFile(filepath.Join(dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(b), "gizli metin 1", "gizli metin 2")
}

func TestPythonsImaplibDoesADaysWork(t *testing.T) {
	program := testkit.Tool(t, "python3", "python3")
	w := newWorld(t, nil)
	w.arrive(mailbox.Received, letter(1, "bir"), letter(2, "iki"))
	host, port, _ := net.SplitHostPort(w.addr)
	out := run(t, t.TempDir(), program, "-c", fmt.Sprintf(`
import imaplib, ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
m = imaplib.IMAP4_SSL(%q, %s, ssl_context=c)
m.login(%q, %q)
m.capabilities = tuple(m.capability()[1][0].decode().split())
m.enable("UTF8=ACCEPT")
assert m.create('"Mü Klasör"')[0] == "OK"
assert m.select("INBOX")[1] == [b"2"]
assert m.search(None, "UNSEEN")[1] == [b"1 2"]
typ, data = m.fetch("1:2", "(UID ENVELOPE BODYSTRUCTURE)")
assert len(data) == 2, data
typ, data = m.uid("FETCH", "1", "(BODY[1])")
assert b"gizli metin 1" in data[0][1], data
assert m.uid("MOVE", "1", '"Mü Klasör"')[0] == "OK"
assert m.noop()[0] == "OK"
assert m.status('"Mü Klasör"', "(MESSAGES)")[1][0].endswith(b"(MESSAGES 1)")
assert m.copy("1", "INBOX")[0] == "NO"
m.utf8_enabled = False # it puts UTF8 (...) inside of the literal
typ, data = m.append("Taslaklar", "\\Draft", None, b"From: a@hs01.kep.test\r\nTo: b@hs02.kep.test\r\nSubject: x\r\n\r\nmetin\r\n")
assert typ == "OK" and b"APPENDUID" in data[0], data
m.logout()
print("done")
`, host, port, address, password))
	has(t, out, "done")
}

func TestOpensslSpeaksToIt(t *testing.T) {
	program := testkit.Tool(t, "openssl", "openssl")
	w := newWorld(t, nil)
	out := run(t, t.TempDir(), "sh", "-c", fmt.Sprintf(`(printf 'a LOGIN %s %s\nb SELECT INBOX\nc LOGOUT\n'; sleep 1) | %s s_client -quiet -crlf -connect %s 2>/dev/null`, address, password, program, w.addr))
	has(t, out, "a OK", "b OK", "* BYE", "c OK")
	if out, err := exec.Command(program, "s_client", "-tls1_1", "-connect", w.addr).CombinedOutput(); err == nil { // no more than 1.2
		t.Errorf("TLS 1.1 is spoken: %s", out)
	}
}
