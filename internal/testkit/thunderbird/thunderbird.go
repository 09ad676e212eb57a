package thunderbird

import (
	"bufio"
	"context"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
)

// patience is how long one script may take before the test fails: far longer than
// anything takes on a machine that does other work too.
const patience = 2 * time.Minute

// helpers stand before every script.
//
//go:embed thunderbird.js
var helpers string

// A Program is one Thunderbird. It is used by one goroutine.
type Program struct {
	t       testing.TB
	profile string
	conn    net.Conn
	in      *bufio.Reader
	n       int
}

// A Server is where an account's mail is read or handed in: TLS from the first octet.
type Server struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// At reads host and port of an address such as 127.0.0.1:993.
func At(t testing.TB, addr string) Server {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Server{host, n}
}

// preferences are those of a program that was started before, and asks nobody else.
var preferences = map[string]any{
	"marionette.port": 0, // one that is free, written into the profile

	"mail.provider.suppress_dialog_on_startup": true, "mail.spotlight.firstRunDone": true, "mail.rights.version": 1,
	"mail.shell.checkDefaultClient": false, "mailnews.start_page.enabled": false, "mail.winsearch.firstRunDone": true,
	"app.update.disabledForTesting": true, "app.donation.eoy.version.viewed": 999, "datareporting.policy.dataSubmissionEnabled": false,
	"toolkit.telemetry.enabled": false, "extensions.update.enabled": false, "browser.safebrowsing.downloads.remote.enabled": false,
	"network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
	"security.OCSP.enabled": 0, "services.settings.server": "data:,",
	"network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,

	"mail.biff.show_alert": false, "mail.biff.play_sound": false,
}

// OnDemand has it get bodies when somebody reads them, and not by itself for reading
// offline.
var OnDemand = map[string]any{"mail.server.default.autosync_offline_stores": false, "mail.server.default.offline_download": false}

// Start starts a Thunderbird that trusts the authorities for servers and for signatures,
// with further preferences, and ends it with the test.
func Start(t testing.TB, more map[string]any, authorities ...*x509.Certificate) *Program {
	t.Helper()
	path := testkit.Tool(t, "thunderbird", "thunderbird")
	p := &Program{t: t, profile: t.TempDir()}
	var b strings.Builder
	for _, list := range []map[string]any{preferences, more} {
		for name, value := range list {
			line, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "user_pref(%q, %s);\n", name, line)
		}
	}
	p.write("user.js", []byte(b.String()))
	p.nss("certutil", "-N", "--empty-password")
	for i, c := range authorities {
		p.write("authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		p.nss("certutil", "-A", "-n", fmt.Sprint("authority ", i), "-t", "CT,C,", "-i", filepath.Join(p.profile, "authority.pem"))
	}

	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, path, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", p.profile)
	c.Env = append(os.Environ(), "HOME="+p.profile, "LC_ALL=C.UTF-8", "MOZ_CRASHREPORTER_DISABLE=1")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.conn != nil {
			_, _ = p.command("Marionette:Quit", map[string]any{"flags": []string{"eForceQuit"}})
			p.conn.Close()
		}
		time.AfterFunc(20*time.Second, cancel)
		_ = c.Wait()
		cancel()
		log.Close()
		if b, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("Thunderbird said:\n%s", said(b))
		}
	})
	p.connect()
	return p
}

func (p *Program) write(name string, b []byte) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.profile, name), b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// nss runs a tool on the profile's certificates.
func (p *Program) nss(tool string, args ...string) {
	p.t.Helper()
	out, err := exec.Command(testkit.Tool(p.t, tool, "libnss3-tools"), append(args, "-d", "sql:"+p.profile)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", tool, err, out)
	}
}

// connect waits for the port, and begins a session that may run scripts in the program
// itself, as its own windows do.
func (p *Program) connect() {
	p.t.Helper()
	var port string
	for deadline := time.Now().Add(patience); port == ""; {
		if b, err := os.ReadFile(filepath.Join(p.profile, "MarionetteActivePort")); err == nil {
			port = strings.TrimSpace(string(b))
		}
		if time.Now().After(deadline) {
			p.t.Fatal("Thunderbird opens no Marionette port")
		}
		time.Sleep(50 * time.Millisecond)
	}
	var err error
	if p.conn, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", port)); err != nil {
		p.t.Fatal(err)
	}
	p.in = bufio.NewReader(p.conn)
	if _, err = p.read(); err != nil { // it says who it is
		p.t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args map[string]any
	}{
		{"WebDriver:NewSession", map[string]any{}},
		{"Marionette:SetContext", map[string]any{"value": "chrome"}},
		{"WebDriver:SetTimeouts", map[string]any{"script": patience.Milliseconds()}},
	} {
		if _, err := p.command(c.name, c.args); err != nil {
			p.t.Fatal(err)
		}
	}
}

// read reads one message: its length, a colon, JSON.
func (p *Program) read() ([]byte, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(2 * patience))
	length, err := p.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 || n > 64<<20 {
		return nil, fmt.Errorf("a message of %q octets", length)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(p.in, b)
	return b, err
}

// command sends [0, number, name, arguments] and reads [1, number, error, result].
func (p *Program) command(name string, args any) (json.RawMessage, error) {
	p.n++
	b, err := json.Marshal([]any{0, p.n, name, args})
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(p.conn, "%d:%s", len(b), b); err != nil {
		return nil, err
	}
	if b, err = p.read(); err != nil {
		return nil, err
	}
	var kind, number int
	var fault *struct{ Error, Message, Stacktrace string }
	var result json.RawMessage
	if err := json.Unmarshal(b, &[]any{&kind, &number, &fault, &result}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if fault != nil {
		return nil, fmt.Errorf("%s: %s: %s\n%s", name, fault.Error, fault.Message, fault.Stacktrace)
	}
	return result, nil
}

// Do runs a script in the program and gives what it returns. It may await; arguments
// are args[0] and on; what thunderbird.js has stands before it.
func Do[T any](p *Program, script string, args ...any) T {
	p.t.Helper()
	if args == nil {
		args = []any{}
	}
	result, err := p.command("WebDriver:ExecuteScript", map[string]any{
		"script": "return (async (...args) => {" + helpers + script + "})(...arguments)", "args": args, "sandbox": "system", "newSandbox": false,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var out struct{ Value T }
	if err := json.Unmarshal(result, &out); err != nil {
		p.t.Fatalf("%s: %v", result, err)
	}
	return out.Value
}

// said leaves out what the toolkit complains of when it has no screen.
func said(log []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(log)) {
		if !strings.Contains(line, "Gtk-CRITICAL") && !strings.Contains(line, "glib warning") && strings.TrimSpace(line) != "" {
			b.WriteString(line)
		}
	}
	out := b.String()
	return out[max(0, len(out)-8<<10):]
}
