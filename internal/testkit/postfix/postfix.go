package postfix

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What keeps Start from starting.
var (
	ErrMissing = errors.New("no Postfix here: install it with: apt-get install --no-install-recommends postfix (its own instance need not run)")
	ErrNotRoot = errors.New("only root can start Postfix")
)

// nobody owns the maildirs: Postfix does not deliver as root.
const nobody = 65534

// patience is how long an instance may take to greet, and to stop.
const patience = 15 * time.Second

// Options say what an instance is.
type Options struct {
	Dir string // is made; everything of the instance lies in it
	// Relay is the host and port to which everything is handed on. Empty:
	// everything goes into the maildir.
	Relay string
	// Settings are lines of main.cf behind the usual ones, which they replace.
	Settings []string
}

// An Instance is one that runs.
type Instance struct {
	Address string // of its listener
	Maildir string // what arrived; empty for one that relays. It is made with the first message
	dir     string
	process *exec.Cmd
	output  *output
	ended   chan error
}

// An output is what the instance writes, its log among it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// Start starts an instance and returns when it greets. Stop it in the end.
func Start(ctx context.Context, o Options) (*Instance, error) {
	program, err := exec.LookPath("postfix")
	if err != nil {
		if program = "/usr/sbin/postfix"; !executable(program) { // not on everybody's path
			return nil, ErrMissing
		}
	}
	if os.Geteuid() != 0 {
		return nil, ErrNotRoot
	}
	p := &Instance{dir: o.Dir, output: new(output), ended: make(chan error, 1)}
	if p.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	if o.Relay == "" {
		p.Maildir = filepath.Join(o.Dir, "mail", "box", "new")
	}
	if err := p.layOut(o); err != nil {
		return nil, fmt.Errorf("laying out Postfix: %w", err)
	}
	p.process = exec.Command(program, "-c", p.configuration(), "start-fg")
	p.process.Stdout, p.process.Stderr = p.output, p.output
	// Its own group: an interrupt of ours must not end it before it is asked to.
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("starting Postfix: %w", err)
	}
	go func() { p.ended <- p.process.Wait() }()
	for deadline := time.Now().Add(patience); !p.greets(); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-p.ended:
			return nil, fmt.Errorf("running Postfix: it ended: %w: %s", err, p.output)
		default:
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			p.Stop()
			return nil, fmt.Errorf("no answer from Postfix on %s: %s", p.Address, p.output)
		}
	}
	return p, nil
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (p *Instance) configuration() string { return filepath.Join(p.dir, "etc") }

func (p *Instance) layOut(o Options) error {
	settings := []string{
		"compatibility_level = 3.6",
		"queue_directory = " + filepath.Join(o.Dir, "spool"), "data_directory = " + filepath.Join(o.Dir, "data"),
		"myhostname = mail.test", "mydestination =", "mynetworks = 127.0.0.0/8", "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
		"local_recipient_maps =", "alias_maps =", "alias_database =", "smtp_dns_support_level = disabled", "smtp_host_lookup = native",
		"smtputf8_enable = no", "message_size_limit = 80000000", "mailbox_size_limit = 0", "virtual_mailbox_limit = 0",
		"smtpd_client_connection_count_limit = 0", "in_flow_delay = 0", // no pauses of a second while delivery lags
		"smtpd_recipient_restrictions = permit_mynetworks, reject", "smtpd_tls_security_level = none",
	}
	if o.Relay == "" {
		settings = append(settings, "virtual_mailbox_domains = static:all", "virtual_mailbox_base = "+filepath.Join(o.Dir, "mail"),
			"virtual_mailbox_maps = static:box/", fmt.Sprintf("virtual_uid_maps = static:%d", nobody), fmt.Sprintf("virtual_gid_maps = static:%d", nobody),
			"smtpd_relay_restrictions = permit")
	} else {
		host, port, err := net.SplitHostPort(o.Relay)
		if err != nil {
			return err
		}
		settings = append(settings, "relayhost = ["+host+"]:"+port, "default_transport = smtp", "smtp_tls_security_level = none")
	}
	settings = append(settings, o.Settings...)
	var services strings.Builder
	fmt.Fprintf(&services, "%s inet n - n - - smtpd\n", p.Address)
	for _, s := range []string{"cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "flush unix n - n 1000? 0 flush",
		"proxymap unix - - n - - proxymap", "tlsmgr unix - - n 1000? 1 tlsmgr", "smtp unix - - n - - smtp", "relay unix - - n - - smtp",
		"error unix - - n - - error", "retry unix - - n - - error", "virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil",
		"scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd"} {
		services.WriteString(s + "\n")
	}
	for _, d := range []string{p.configuration(), filepath.Join(o.Dir, "spool"), filepath.Join(o.Dir, "data"), filepath.Join(o.Dir, "mail")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Chown(filepath.Join(o.Dir, "mail"), nobody, nobody),
		os.WriteFile(filepath.Join(p.configuration(), "main.cf"), []byte(strings.Join(settings, "\n")+"\n"), 0o644),
		os.WriteFile(filepath.Join(p.configuration(), "master.cf"), []byte(services.String()), 0o644),
		chownTo(filepath.Join(o.Dir, "data"), "postfix"),
	)
}

func chownTo(path, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// greets reports whether somebody says 220 on the listener.
func (p *Instance) greets() bool {
	c, err := net.DialTimeout("tcp", p.Address, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if c.SetDeadline(time.Now().Add(5*time.Second)) != nil {
		return false
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return false
	}
	_, _ = c.Write([]byte("QUIT\r\n")) // out of politeness
	return strings.HasPrefix(line, "220 ")
}

// Output is what the instance wrote so far: its log, when the settings say
// maillog_file = /dev/stdout.
func (p *Instance) Output() string { return p.output.String() }

// Waiting counts the messages in the queue, those that are being brought on
// among them.
func (p *Instance) Waiting() (n int, err error) {
	for _, queue := range []string{"maildrop", "incoming", "active", "deferred"} {
		err := filepath.WalkDir(filepath.Join(p.dir, "spool", queue), func(_ string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it was brought on between
			}
			if err == nil && e.Type().IsRegular() {
				n++
			}
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("reading the queue: %w", err)
		}
	}
	return n, nil
}

// Stop ends the instance and waits for it. What it stored stays. The process
// that we started is a script; its master ends when Postfix itself is told to.
func (p *Instance) Stop() {
	_ = exec.Command(p.process.Path, "-c", p.configuration(), "stop").Run() // the wait below tells whether it worked
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}
