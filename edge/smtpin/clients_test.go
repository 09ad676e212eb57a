package smtpin

import (
	"bytes"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool finds a program that the tests cannot do without.
func tool(t *testing.T, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install %s", name, install)
	}
	return path
}

func anchor(t *testing.T, w *world) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "anchor.pem")
	der := w.server.tls.Certificates[0].Certificate[0]
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const original = "From: ali@hs90.kep.test\r\nTo: bora@hs91.kep.test\r\nSubject: deneme\r\n\r\n.dots\r\n..\r\nşğı\r\n"

// Swaks submits over STARTTLS and over TLS, with both mechanisms.
func TestSwaksSubmits(t *testing.T) {
	swaks := tool(t, "swaks", "swaks")
	for _, c := range []struct {
		name     string
		implicit bool
		args     []string
	}{
		{"STARTTLS and LOGIN", false, []string{"-tls", "-a", "LOGIN"}},
		{"STARTTLS and PLAIN, pipelined", false, []string{"-tls", "-a", "PLAIN", "-pipeline"}},
		{"TLS and PLAIN", true, []string{"-tlsc", "-a", "PLAIN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t, func(config *Config) { config.Implicit = c.implicit })
			file := filepath.Join(t.TempDir(), "original.eml")
			// Swaks writes the line ends itself.
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(original, "\r\n", "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			host, port, _ := net.SplitHostPort(w.addr)
			args := append([]string{"-s", host, "-p", port, "-f", "ali@hs90.kep.test", "-t", "bora@hs91.kep.test", "-au", "ali@hs90.kep.test", "-ap", password,
				"--tls-verify", "--tls-ca-path", anchor(t, w), "--data", "@" + file}, c.args...)
			out, err := exec.Command(swaks, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := w.messages()
			if len(got) != 1 || strings.TrimRight(got[0].content, "\r\n") != strings.TrimRight(original, "\r\n") {
				t.Fatalf("got %+v\n%s", got, out)
			}
		})
	}
}

const submitter = `
import smtplib, ssl, sys
host, port, implicit, anchor, password = sys.argv[1:6]
body = sys.stdin.buffer.read()
context = ssl.create_default_context(cafile=anchor)
if implicit == "yes":
    s = smtplib.SMTP_SSL(host, int(port), context=context)
else:
    s = smtplib.SMTP(host, int(port))
    s.starttls(context=context)
try:
    s.login("ali@hs90.kep.test", "wrong")
    sys.exit("a wrong password was taken")
except smtplib.SMTPAuthenticationError as e:
    assert e.smtp_code == 535, e
import base64 # login() writes ASCII alone
plain = base64.b64encode(b"\0ali@hs90.kep.test\0" + password.encode("utf-8")).decode("ascii")
code, text = s.docmd("AUTH", "PLAIN " + plain)
assert code == 235, (code, text)
refused = s.sendmail("ali@hs90.kep.test", ["bora@hs91.kep.test", "yok@hs91.kep.test"], body, ["BODY=8BITMIME", "RET=HDRS", "ENVID=a+2Bb"], ["NOTIFY=FAILURE"])
assert list(refused) == ["yok@hs91.kep.test"] and refused["yok@hs91.kep.test"][0] == 550, refused
s.quit()
`

// Python's client submits, and hears which password and which recipient was refused.
func TestPythonSubmits(t *testing.T) {
	python := tool(t, "python3", "python3")
	for _, implicit := range []string{"yes", "no"} {
		t.Run("implicit="+implicit, func(t *testing.T) {
			w := begin(t, func(c *Config) { c.Implicit = implicit == "yes" })
			w.rcpt = refuseYok
			host, port, _ := net.SplitHostPort(w.addr)
			cmd := exec.Command(python, "-c", submitter, host, port, implicit, anchor(t, w), password)
			cmd.Stdin = bytes.NewReader([]byte(original))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := w.messages()
			if len(got) != 1 || got[0].content != original || got[0].tx.EnvelopeID != "a+b" || len(got[0].tx.Recipients) != 1 {
				t.Fatalf("got %+v", got)
			}
		})
	}
}
